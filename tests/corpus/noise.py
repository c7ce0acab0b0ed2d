"""False redactions: what is found in replies that have no secret."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

from msgspec import Struct

from egress_proxy.model import Finding, Form, Scanner
from tests.corpus.benign import SORTS, replies
from tests.corpus.benign.real import SORTS as REAL
from tests.corpus.benign.real import real
from tests.corpus.outcome import by_text, scanned


class Noise(Struct, frozen=True):
    """What was found in so many characters of a benign sort: spans that would be redacted (overlapping ones are one),
    texts that would be withheld, and who found how many."""

    sort: str
    characters: int
    redactions: int
    withheld: int
    detectors: tuple[tuple[str, int], ...] = ()

    @property
    def per_mb(self) -> float:
        return 1e6 * (self.redactions + self.withheld) / self.characters


def made(scanner: Scanner, seed: int, sort: str, size: int) -> Noise:
    """Measure a sort that is made by the generator."""
    return _noise(scanner, sort, replies(SORTS[sort], Random(f"{seed} {sort}"), size))


def read(scanner: Scanner, sort: str, size: int) -> Noise:
    """Measure a sort that is read from what is installed."""
    if sort not in REAL:
        raise KeyError(sort)
    return _noise(scanner, sort, real(sort, size))


def _noise(scanner: Scanner, sort: str, texts: Sequence[str]) -> Noise:
    scan = scanned(scanner, texts)
    by_index = by_text(scan, len(texts))
    withheld = set(scan.undecided) | {finding.text for finding in scan.findings if finding.form is Form.ENCODED}
    redactions = sum(_spans(found) for index, found in enumerate(by_index) if index not in withheld)
    detectors = Counter(finding.detector for finding in scan.findings)
    found = tuple(sorted(detectors.items(), key=lambda item: (-item[1], item[0])))
    return Noise(sort, sum(map(len, texts)), redactions, len(withheld), found)


def _spans(findings: Sequence[Finding]) -> int:
    """Count what `redact` would put placeholders for."""
    count, end = 0, -1
    for finding in sorted(findings, key=lambda one: (one.start, one.end)):
        count += finding.start > end
        end = max(end, finding.end)
    return count
