"""What became of a text with secrets in it: the same three outcomes for known values and for kinds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from egress_proxy.model import Finding, Scan, Scanner


class Outcome(StrEnum):
    """How much of the secrets of one text is kept back."""

    WHOLE = "whole"  # every character of them is in a redacted span, or the text is withheld
    PART = "part"
    MISSED = "missed"


def outcome(size: int, secrets: Iterable[tuple[int, int]], findings: Iterable[Finding]) -> Outcome:
    """Compare the spans of secrets with those of findings (all of one text of so many characters, half-open)."""
    kept = _covered(size, ((found.start, found.end) for found in findings))
    counts = [(sum(kept[start:end]), end - start) for start, end in secrets]
    if all(got == length for got, length in counts):
        return Outcome.WHOLE
    return Outcome.PART if any(got for got, _ in counts) else Outcome.MISSED


def beyond(size: int, secrets: Iterable[tuple[int, int]], findings: Iterable[Finding]) -> int:
    """Count the characters of findings that are of no secret."""
    kept = _covered(size, ((found.start, found.end) for found in findings))
    secret = _covered(size, secrets)
    return sum(got and not wanted for got, wanted in zip(kept, secret, strict=True))


def _covered(size: int, spans: Iterable[tuple[int, int]]) -> bytearray:
    covered = bytearray(size)
    for start, end in spans:
        covered[start:end] = b"\1" * (end - start)
    return covered


def by_text(scan: Scan, count: int) -> list[list[Finding]]:
    """Sort the findings of a batch by text."""
    found: list[list[Finding]] = [[] for _ in range(count)]
    for finding in scan.findings:
        found[finding.text].append(finding)
    return found


def scanned(scanner: Scanner, texts: Sequence[str], size: int = 64) -> Scan:
    """Scan in batches of so many texts: what is examined does not depend on how much stands beside it."""
    findings: list[Finding] = []
    undecided: list[int] = []
    for start in range(0, len(texts), size):
        scan = scanner.scan(texts[start : start + size])
        findings += [
            Finding(start + one.text, one.start, one.end, one.detector, one.name, one.form) for one in scan.findings
        ]
        undecided += [start + index for index in scan.undecided]
    return Scan(tuple(findings), tuple(undecided))
