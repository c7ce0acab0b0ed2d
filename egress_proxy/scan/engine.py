"""The scanner behind `model.Scanner`: rules named by the prefilter, and known values, on a batch of texts.

Synchronous, thread-safe and without state but for immutable tables and a pool of scratch spaces. `with_known` gives a
scanner for a new snapshot of known values that shares the compiled rules.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec.structs import replace

from egress_proxy.errors import StartError
from egress_proxy.model import Finding, Scan
from egress_proxy.scan.canaries import CANARIES
from egress_proxy.scan.known import KnownValues
from egress_proxy.scan.own import own_rules
from egress_proxy.scan.prefilter import Place, Prefilter
from egress_proxy.scan.redaction import placeholders
from egress_proxy.scan.rule import Rule, Scope
from egress_proxy.scan.rules import plugin_rules
from egress_proxy.scan.search import spans_by_text, without_parts

MAX_CHARS = 4_194_304  # a longer text is undecided: nothing that an agent writes is
_PLACEHOLDER = re.compile(r"\[(?:redacted|withheld):[A-Za-z0-9_.:-]{1,80}\]")
MAX_PASSES = 4  # over a text that has findings; two are enough for anything but nonsense
MAX_FINDINGS = 4096  # in one text; more is no reply, and merging them would cost more than it tells


class _Found:
    """Findings of one scan so far, and the texts given up on."""

    __slots__ = ("_counts", "_whole", "findings", "undecided")

    def __init__(self, undecided: set[int]) -> None:
        self.findings: set[Finding] = set()
        self.undecided = undecided
        self._counts: dict[int, int] = {}
        self._whole: set[tuple[int, int]] = set()

    def first(self, place: Place) -> bool:
        """Whether this is the first place of its rule in its text."""
        fresh = (place.rule, place.text) not in self._whole
        self._whole.add((place.rule, place.text))
        return fresh

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

    __slots__ = ("_known", "_placeholders", "_prefilter", "_rules")

    def __init__(self, rules: tuple[Rule, ...], prefilter: Prefilter, known: KnownValues) -> None:
        self._rules = rules
        self._prefilter = prefilter
        self._known = known
        self._placeholders = placeholders(self.detectors, known.names)

    def with_known(self, known: KnownValues) -> TextScanner:
        """The same rules with another snapshot of known values."""
        return TextScanner(self._rules, self._prefilter, known)

    @property
    def detectors(self) -> tuple[str, ...]:
        """The closed set of detector ids, sorted; `known-value` among them."""
        return tuple(sorted({rule.detector for rule in self._rules} | {KnownValues.DETECTOR}))

    def scan(self, texts: Sequence[str]) -> Scan:
        """All findings, sorted, and the texts that could not be decided in bounds. Does not raise on any `str`.

        Redaction changes what stands beside it: a token glued to another becomes a word of its own. So a text with
        findings is scanned again with these masked, until nothing new turns up.
        """
        texts = [self._own_masked(text) for text in texts]
        found = self._pass(texts)
        changed = {finding.text for finding in found.findings}
        for _ in range(MAX_PASSES):
            again = sorted(changed - found.undecided)
            if not again:
                break
            spans = spans_by_text(found.findings)
            more = self._pass([_masked(texts[index], spans[index]) for index in again])
            found.undecided.update(again[index] for index in more.undecided)
            new = {replace(finding, text=again[finding.text]) for finding in more.findings}
            found.findings.update(new)
            changed = {finding.text for finding in new}
        else:
            found.undecided.update(changed)
        return Scan(tuple(sorted(found.findings)), tuple(sorted(found.undecided)))

    def _own_masked(self, text: str) -> str:
        """The text with our own placeholders masked: `[redacted:json-web-token]: x` is no assignment to a token. Only
        exact ones of the closed set are, so that nothing can hide in one."""
        if "[redacted:" not in text and "[withheld:" not in text:
            return text
        own = (match.span() for match in _PLACEHOLDER.finditer(text) if match[0] in self._placeholders)
        return _masked(text, list(own))

    def _pass(self, texts: Sequence[str]) -> _Found:
        long = {index for index, text in enumerate(texts) if len(text) > MAX_CHARS}
        batch = ["" if index in long else text for index, text in enumerate(texts)] if long else texts
        found = _Found(long)
        for place in self._prefilter.places(batch):
            self._run(place, batch, found)
        known = self._known.find(batch)
        found.findings.update(without_parts(known.findings))
        found.undecided.update(known.undecided)
        return found

    def _run(self, place: Place, texts: Sequence[str], found: _Found) -> None:
        """Run one rule on one line, or once on the whole of its text."""
        rule, shift, seen = self._rules[place.rule], place.start, place.line
        if place.text in found.undecided:
            return
        if rule.scope is Scope.TEXT:
            if not found.first(place):
                return
            shift, seen = 0, texts[place.text]
        for start, end in rule.find(seen):
            if rule.innocent is not None and rule.innocent(seen, start, end):
                continue
            if start < end and not found.add(Finding(place.text, shift + start, shift + end, rule.detector)):
                return

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


def _masked(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with its findings covered: as long, and in place of each what begins like a placeholder."""
    pieces, position = [], 0
    for start, end in spans:
        pieces += [text[position:start], "[", "]" * (end - start - 1)]
        position = end
    return "".join([*pieces, text[position:]])


def build_scanner(known: KnownValues, extra: Sequence[Rule] = ()) -> TextScanner:
    """Compile all rules: the plugins', our own, and `extra` (whose detectors need canaries of their own)."""
    rules = (*plugin_rules(), *own_rules(), *extra)
    return TextScanner(rules, Prefilter(rules), known)
