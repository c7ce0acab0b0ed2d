"""The recipients of sealed originals: lines, or files of lines.

What a line means is not looked at here: `egress_proxy.evidence` does, before anything starts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from egress_proxy.config import paths
from egress_proxy.config.evidence import Evidence
from egress_proxy.config.nodes import AnyNode
from egress_proxy.config.values import string
from egress_proxy.errors import ConfigError

MOST_RECIPIENTS: Final = 8
_LINE: Final = "egress-evidence-"
_MOST_FILE: Final = 65_536


def recipient(node: AnyNode) -> str:
    """Read a recipient's line, or the path of a file of such lines."""
    text = string(node)
    return text if text.startswith(_LINE) else paths.file(node)


def is_file(given: str) -> bool:
    """Whether what was read for a recipient is a path."""
    return not given.startswith(_LINE)


def recipient_lines(evidence: Evidence) -> tuple[tuple[str, str], ...]:
    """Each recipient's line, and where it stands, for whoever has to be told. Raises `ConfigError`."""
    found: list[tuple[str, str]] = []
    for index, given in enumerate(evidence.recipients):
        place = f"evidence.recipients[{index}]"
        found += [(place, given)] if not is_file(given) else _of_file(place, given)
    if len(found) > MOST_RECIPIENTS:
        raise ConfigError(f"evidence.recipients: {MOST_RECIPIENTS} at most")
    return tuple(found)


def _of_file(place: str, file: str) -> list[tuple[str, str]]:
    try:
        with Path(file).open("rb") as stream:
            content = stream.read(_MOST_FILE + 1)
        lines = content.decode("ascii").splitlines()
    except OSError as error:
        raise ConfigError(f"{place}: {file}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{place}: {file}: is no file of recipients") from None
    named = [(number, line.partition("#")[0].strip()) for number, line in enumerate(lines, 1)]
    found = [(f"{place}: {file}:{number}", line) for number, line in named if line]
    if not found or len(content) > _MOST_FILE:
        raise ConfigError(f"{place}: {file}: is no file of recipients: a line `{_LINE}…` each")
    return found
