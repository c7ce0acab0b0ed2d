"""From a scan to texts that may leave.

A plain finding is replaced in place by a placeholder that says what it was and nothing about its length. A known value
in any other form is no accident: its text is withheld whole. A text that was not decided is withheld too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from egress_proxy.model import Finding, Form, Judgement, Scan, Verdict
from egress_proxy.reasons import Reason
from egress_proxy.scan.search import DETECTOR
from egress_proxy.scan.tainted import DETECTOR as TAINTED

WITHHELD_ENCODED = f"[withheld:{Reason.KNOWN_VALUE_ENCODED}]"
WITHHELD_UNDECIDED = f"[withheld:{Reason.UNDECIDED}]"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]")


def placeholder(finding: Finding) -> str:
    """What stands in for a secret."""
    if finding.detector == DETECTOR:
        return f"[redacted:KNOWN:{_NOT_IN_NAMES.sub('_', finding.name)}]"
    if finding.detector == TAINTED and finding.name:
        return f"[redacted:TAINTED:{_NOT_IN_NAMES.sub('_', finding.name)}]"
    return f"[redacted:{_NOT_IN_NAMES.sub('_', finding.detector)}]"


def placeholders(detectors: Iterable[str], names: Iterable[str]) -> frozenset[str]:
    """All that `redact` and `judge` may put into texts."""
    return frozenset(
        (
            *(placeholder(Finding(0, 0, 0, detector)) for detector in detectors),
            *(placeholder(Finding(0, 0, 0, DETECTOR, name)) for name in names),
            WITHHELD_ENCODED,
            WITHHELD_UNDECIDED,
        )
    )


def redact(text: str, findings: Iterable[Finding]) -> str:
    """Replace the spans of `findings` (all of this text). Overlapping and touching spans become one placeholder: that
    of a known value if one is among them, or else of a tainted one with a name, or else that of the longest."""
    pieces = []
    position = 0
    for group in _groups(findings):
        start, end = group[0].start, max(found.end for found in group)
        best = min(group, key=lambda found: (_rank(found), found.start - found.end, found))
        pieces += [text[position:start], placeholder(best)]
        position = end
    return "".join([*pieces, text[position:]])


def _rank(finding: Finding) -> int:
    """Who tells most of a value: its name, given by the operator or by where it stood, tells more than its form."""
    if finding.detector == DETECTOR:
        return 0
    return 1 if finding.detector == TAINTED and finding.name else 2


def _groups(findings: Iterable[Finding]) -> Iterable[list[Finding]]:
    group: list[Finding] = []
    end = -1
    for found in sorted(findings, key=lambda found: (found.start, found.end)):
        if group and found.start > end:
            yield group
            group = []
            end = -1
        group.append(found)
        end = max(end, found.end)
    if group:
        yield group


def judge(texts: Sequence[str], scan: Scan) -> Judgement:
    """What of a batch may leave, and why not the rest."""
    if not scan.findings and not scan.undecided:
        return Judgement(tuple(texts), Verdict.CLEAN)
    by_text: dict[int, list[Finding]] = {}
    for found in scan.findings:
        by_text.setdefault(found.text, []).append(found)
    undecided = frozenset(scan.undecided)
    released = list(texts)
    for index, own in by_text.items():
        encoded = any(found.form is Form.ENCODED for found in own)
        released[index] = WITHHELD_ENCODED if encoded else redact(texts[index], own)
    for index in undecided:
        released[index] = WITHHELD_UNDECIDED
    reasons = {_reason(found) for found in scan.findings} | ({Reason.UNDECIDED} if undecided else set())
    withheld = undecided or Reason.KNOWN_VALUE_ENCODED in reasons
    return Judgement(
        tuple(released),
        Verdict.WITHHELD if withheld else Verdict.REDACTED,
        tuple(sorted(reasons)),
        scan.findings,
    )


def _reason(finding: Finding) -> Reason:
    if finding.form is Form.ENCODED:
        return Reason.KNOWN_VALUE_ENCODED
    if finding.detector == TAINTED:
        return Reason.TAINTED_VALUE
    return Reason.KNOWN_VALUE if finding.detector == DETECTOR else Reason.DETECTOR
