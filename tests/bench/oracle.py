"""detect-secrets as it is used, on a file, and our rules on the same text: two arms that say what they found."""

from __future__ import annotations

import bisect
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from detect_secrets.core.scan import scan_file
from detect_secrets.settings import default_settings

from egress_proxy.model import Scan
from egress_proxy.scan import KnownValues, build_scanner, judge

OURS, THEIRS = "egress-proxy", "detect-secrets"
_LINE_END: Final = re.compile("\n")

Found = tuple[str, int]  # the detector, and the number of the line


@dataclass(frozen=True)
class Scanner:
    """A way to look for secrets in a text. `scan` is what is timed, `lines` says what it found."""

    name: str
    scan: Callable[[str], object]
    lines: Callable[[str], set[Found]]


@contextmanager
def scanners() -> Iterator[tuple[Scanner, Scanner]]:
    """Give ours, all rules without any known value, and theirs, all plugins with the settings held open."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory, default_settings():
        yield _ours(), _theirs(Path(directory) / "reply.md")


def _ours() -> Scanner:
    scanner = build_scanner(KnownValues.none())

    def scan(text: str) -> Scan:
        found = scanner.scan((text,))
        judge((text,), found)
        return found

    def lines(text: str) -> set[Found]:
        starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
        return {
            (found.detector, line)
            for found in scan(text).findings
            for line in range(bisect.bisect(starts, found.start), bisect.bisect(starts, found.end - 1) + 1)
        }

    return Scanner(OURS, scan, lines)


def _theirs(file: Path) -> Scanner:
    """It scans files: a text that is at hand has to become one first."""

    def scan(text: str) -> list[tuple[str, int]]:
        file.write_text(text, encoding="utf-8")
        return [(found.type, found.line_number) for found in scan_file(str(file))]

    def lines(text: str) -> set[Found]:
        return {(re.sub(r"[^a-z0-9]+", "-", kind.lower()).strip("-"), line) for kind, line in scan(text)}

    return Scanner(THEIRS, scan, lines)
