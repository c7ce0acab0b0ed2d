"""The scanner behind `model.Scanner`: rules named by the prefilter, and known values, on a batch of texts.

Synchronous, thread-safe and without state but for immutable tables and a pool of scratch spaces. `with_known` gives a
scanner for a new snapshot of known values that shares the compiled rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from egress_proxy.errors import StartError
from egress_proxy.model import Finding, Scan
from egress_proxy.scan.canaries import CANARIES
from egress_proxy.scan.known import KnownValues
from egress_proxy.scan.own import own_rules
from egress_proxy.scan.prefilter import Prefilter
from egress_proxy.scan.rule import Rule, Scope
from egress_proxy.scan.rules import plugin_rules
from egress_proxy.scan.search import settled

MAX_CHARS = 4_194_304  # a longer text is undecided: nothing that an agent writes is
MAX_FINDINGS = 4096  # in one text; more is no reply, and merging them would cost more than it tells


class _Found:
    """Findings of one scan so far, and the texts given up on."""

    __slots__ = ("_counts", "findings", "undecided")

    def __init__(self, undecided: set[int]) -> None:
        self.findings: set[Finding] = set()
        self.undecided = undecided
        self._counts: dict[int, int] = {}

    def add(self, finding: Finding) -> bool:
        """Keep one; False when its text has had enough."""
        count = self._counts.get(finding.text, 0) + 1
        self._counts[finding.text] = count
        if count > MAX_FINDINGS:
            self.undecided.add(finding.text)
            return False
        self.findings.add(finding)
        return True


class TextScanner:
    """Finds secrets in texts. Immutable."""

    __slots__ = ("_known", "_prefilter", "_rules")

    def __init__(self, rules: tuple[Rule, ...], prefilter: Prefilter, known: tuple[KnownValues, ...]) -> None:
        self._rules = rules
        self._prefilter = prefilter
        self._known = known

    def with_known(self, *known: KnownValues) -> TextScanner:
        """The same rules with other snapshots of known values."""
        return TextScanner(self._rules, self._prefilter, known)

    @property
    def detectors(self) -> tuple[str, ...]:
        """The closed set of detector ids, sorted; `known-value` among them."""
        return tuple(sorted({rule.detector for rule in self._rules} | {KnownValues.DETECTOR}))

    def scan(self, texts: Sequence[str]) -> Scan:
        """All findings, sorted, and the texts that could not be decided in bounds. Does not raise on any `str`."""
        long = {index for index, text in enumerate(texts) if len(text) > MAX_CHARS}
        batch = ["" if index in long else text for index, text in enumerate(texts)] if long else texts
        found = _Found(long)
        for index, (first, offset) in self._prefilter.hits(batch).items():
            _run(self._rules[index], batch, first, offset, found)
        known = [snapshot.match(batch) for snapshot in self._known]
        found.findings.update(settled(known, found.findings))
        found.undecided.update(index for matches in known for index in matches.undecided)
        return Scan(tuple(sorted(found.findings)), tuple(sorted(found.undecided)))

    def self_test(self) -> None:
        """Find a canary with every detector, alone and among other texts, whole.

        Raises `StartError` naming the detectors that failed or have no canary.
        """
        failed = {rule.detector for rule in self._rules} - {canary.detector for canary in CANARIES}
        batch = self.scan([f"naïve “quoted” text\n{canary.text}\n" for canary in CANARIES])
        shift = len("naïve “quoted” text\n")
        for index, canary in enumerate(CANARIES):
            start = len(canary.before)
            span = (canary.detector, start, start + len(canary.secret))
            alone = {(found.detector, found.start, found.end) for found in self.scan([canary.text]).findings}
            among = {
                (found.detector, found.start - shift, found.end - shift)
                for found in batch.findings
                if found.text == index
            }
            if span not in alone or span not in among:
                failed.add(canary.detector)
        if failed:
            raise StartError(f"the scanner failed its self-test: {', '.join(sorted(failed))}")


def _run(rule: Rule, texts: Sequence[str], first: int, offset: int, found: _Found) -> None:
    """Run one rule on the texts from `first` on; the first match ends at or after `offset` there."""
    for index in range(first, len(texts)):
        text = texts[index]
        if not text or index in found.undecided:
            continue
        for start, end in _spans(rule, text, offset if index == first else 0):
            if start < end and not found.add(Finding(index, start, end, rule.detector)):
                break


def _spans(rule: Rule, text: str, offset: int) -> Iterator[tuple[int, int]]:
    if rule.scope is Scope.TEXT:
        yield from rule.find(text)
        return
    base = text.rfind("\n", 0, offset) + 1
    for line in text[base:].split("\n"):
        if line:
            for start, end in rule.find(line):
                yield base + start, base + end
        base += len(line) + 1


def build_scanner(known: KnownValues, extra: Sequence[Rule] = ()) -> TextScanner:
    """Compile all rules: the plugins', our own, and `extra` (whose detectors need canaries of their own)."""
    rules = (*plugin_rules(), *own_rules(), *extra)
    return TextScanner(rules, Prefilter(rules), (known,))
