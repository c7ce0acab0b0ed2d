"""Scanning: which spans of the texts that are about to cross are secrets.

    texts -> one joined buffer -> prefilter (Hyperscan, may over-report, never misses) -> the rules it named -> spans
          -> canonical view -> keyed windows -> known values -> spans

`engine` puts the two together behind `model.Scanner`; `redaction` turns a `Scan` into texts that may leave. `rules` is
the only importer of detect_secrets.
"""

from egress_proxy.scan.engine import TextScanner, build_scanner
from egress_proxy.scan.harvest import harvest_config, harvest_providers
from egress_proxy.scan.known import KnownValues
from egress_proxy.scan.redaction import judge
from egress_proxy.scan.registration import TooManyValuesError
from egress_proxy.scan.sources import read_env_file, read_json_file

__all__ = [
    "KnownValues",
    "TextScanner",
    "TooManyValuesError",
    "build_scanner",
    "harvest_config",
    "harvest_providers",
    "judge",
    "read_env_file",
    "read_json_file",
]
