"""Where known values come from: files, commands, processes, and what opencode itself gives away.

Every value is taken, whatever its name: which ones can be watched for is the scanner's to say, aloud. Values leave here
only inside a `Secret`; an error names the file, and the line where there is one, and quotes nothing.
"""

from egress_proxy.sources.command import command_output
from egress_proxy.sources.entries import Entry
from egress_proxy.sources.environ import own_environment, process_environment
from egress_proxy.sources.formats import FORMATS, bare, parse, read_file, salvaged
from egress_proxy.sources.harvest import harvest_config, harvest_providers
from egress_proxy.sources.keys import keys_in
from egress_proxy.sources.reading import MAX_FILE_BYTES, TooLargeError, read_bytes, text_of

__all__ = [
    "FORMATS",
    "MAX_FILE_BYTES",
    "Entry",
    "TooLargeError",
    "bare",
    "command_output",
    "harvest_config",
    "harvest_providers",
    "keys_in",
    "own_environment",
    "parse",
    "process_environment",
    "read_bytes",
    "read_file",
    "salvaged",
    "text_of",
]
