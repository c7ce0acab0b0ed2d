"""The scanner behind `model.Scanner`: rules named by the prefilter, and known values, on a batch of texts.

Synchronous, thread-safe and without state but for immutable tables, pools of scratch spaces and the short texts that
were seen to be clean. `with_known` gives a
scanner for a new snapshot of known values that shares the compiled rules.

What is done for each text in Python is done only for texts with findings: an answer is one text and dozens of ids.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec.structs import replace

from egress_proxy.errors import StartError
from egress_proxy.model import Finding, Form, Scan
from egress_proxy.native import KERNEL
from egress_proxy.scan import derive as derivation
from egress_proxy.scan import random_tokens, said_once, verbatim
from egress_proxy.scan.canaries import CANARIES, Canary
from egress_proxy.scan.decoded import Derived, DerivedTexts, Deriver, mapped
from egress_proxy.scan.echoes import add_echoes
from egress_proxy.scan.joined import LARGE, JoinedTexts, Lines, LinesOf, shown
from egress_proxy.scan.known import KnownValues
from egress_proxy.scan.look import Asking, Looking
from egress_proxy.scan.neighbours import reaches_next
from egress_proxy.scan.own import own_rules
from egress_proxy.scan.prefilter import Prefilter
from egress_proxy.scan.projection import projection
from egress_proxy.scan.quoted import QuotedStrings
from egress_proxy.scan.redaction import placeholders
from egress_proxy.scan.rule import Rule, Scope
from egress_proxy.scan.rules import plugin_rules
from egress_proxy.scan.search import spans_by_text, without_parts
from egress_proxy.scan.tally import Allowance, Tally, masked
from egress_proxy.scan.token_search import TokenSearch

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ctypes import CDLL

    from egress_proxy.scan.look import Seen
    from egress_proxy.scan.prefilter import Place

MAX_CHARS: Final = 4_194_304  # a longer text is undecided: nothing that an agent writes is
MAX_CLEAN: Final = 4_096  # short texts that are remembered
CLEAN_CHARS: Final = 48
MAX_PASSES: Final = 4  # over a text that has findings; two are enough for anything but nonsense
_PLACEHOLDER = re.compile(r"\[(?:redacted|withheld):[A-Za-z0-9_.:-]{1,80}\]")
_NOTHING: Final = Scan()
_NAMED: Final = "secret-assignment"
_OWN = re.compile(r"\[(?:redacted|withheld):")


Hints: TypeAlias = "Sequence[tuple[int, Sequence[tuple[int, int, int]]]]"  # by number of the text


class PlaceholderError(Exception):
    """One of our own placeholders may be in a text, and must be masked first."""


class Rules:
    """Rules, compiled. Immutable but for pools of scratch spaces."""

    __slots__ = ("_decoded", "_judged", "_looking", "_prefilter", "_quoted", "_tokens", "all", "canaries")

    def __init__(self, rules: Sequence[Rule], canaries: Sequence[Canary] = (), kernel: CDLL | None = KERNEL) -> None:
        self.all = tuple(rules)
        self.canaries = tuple(canaries)
        quoted = [(number, rule.quoted) for number, rule in enumerate(rules) if rule.quoted] if kernel else []
        self._decoded = tuple(rule if rule.strong else rule.of_decoded() for rule in rules)
        self._judged = [rule for rule in rules if rule.judge] if kernel else []
        self._tokens = TokenSearch(kernel) if kernel and any(rule.judge or rule.quoted for rule in rules) else None
        asked = all(rules[number].innocent is random_tokens.innocent for number, _ in quoted)
        self._quoted = QuotedStrings(quoted, kernel, self._tokens if asked else None) if kernel and quoted else None
        self._looking = Looking(kernel, self._quoted, self._tokens if self._judged else None) if kernel else None
        left = {number for number, rule in enumerate(rules) if rule.quoted or rule.judge} if kernel else set()
        self._prefilter = Prefilter([(number, rule) for number, rule in enumerate(rules) if number not in left], kernel)

    def run(self, joined: JoinedTexts | LinesOf, tally: Tally, *, strong: bool = False) -> None:
        """Put all that they find into `tally`: all rules, or only those whose matches are secrets by their own form."""
        if not joined.text:
            return
        if self._looking is None:
            self._run_places(
                joined, self._prefilter.places(joined.text, projection(joined.text).projected), tally, strong=strong
            )
            return
        seen = self._looking.at(joined.text)
        try:
            self._run_seen(joined, seen, tally, strong=strong)
        finally:
            self._looking.done(seen)

    def first(self, joined: JoinedTexts, tally: Tally, *, rearranged: bool, unmasked: bool) -> Hints | None:
        """`run`, and the hints for `derive`, by number of the text; None if there are too many, or no kernel. Raises
        `PlaceholderError` where one of our own may be in a text, and the texts are `unmasked`."""
        if self._looking is None:
            if unmasked and _OWN.search(joined.text):
                raise PlaceholderError
            self.run(joined, tally)
            return None
        seen = self._looking.at(joined.text, Asking(joined.texts, rearranged, unmasked))
        try:
            if seen.placeholder:
                raise PlaceholderError
            self._run_seen(joined, seen, tally, strong=False)
            return seen.hints()
        finally:
            self._looking.done(seen)

    def _run_seen(self, joined: JoinedTexts | LinesOf, seen: Seen, tally: Tally, *, strong: bool) -> None:
        places = self._prefilter.places(joined.text, seen.read, seen.lines())
        if places:
            self._run_places(joined, places, tally, strong=strong)
        if strong or seen.nothing:
            return
        if seen.asks_strings:
            self._run_quoted(joined, seen, tally)
        if seen.asks_tokens:
            self._run_tokens(joined, seen, tally)

    def _run_places(
        self, joined: JoinedTexts | LinesOf, places: Iterable[Place], tally: Tally, *, strong: bool
    ) -> None:
        read: dict[tuple[int, int], int] = {}  # up to where a rule was shown more of a text than lines
        for number, start, end in places:
            rule = self._decoded[number] if strong else self.all[number]
            if rule is None:
                continue
            text, shift = joined.home(start)
            if text in tally.undecided:
                if tally.over:
                    return
                continue
            own, scope = joined.texts[text], rule.scope
            # Asked before anything else: where its block ends, each of its lines would look for anew.
            if scope in LARGE and start - shift < read.get((number, text), 0):
                continue
            first, last = shown(scope, own, start - shift, end - shift)
            if scope in LARGE:
                read[number, text] = last + 1
            least = start - shift - first if scope is Scope.BELOW else 0
            tally.examine(rule, own[first:last], text, first, least)

    def ends(self, text: str) -> dict[int, list[int]]:
        """Where the prefilter reports ends, by number of the rule: what to look at when a rule runs too often."""
        return self._prefilter.ends(projection(text).projected, sys.maxsize) or {}

    def prepare(self) -> None:
        """Make what only unusual texts need, so that none of them waits for it."""
        self._prefilter.prepare()

    def _run_quoted(self, joined: JoinedTexts | LinesOf, seen: Seen, tally: Tally) -> None:
        candidates = seen.candidates()
        if self._quoted is None or candidates == []:
            return
        lines = Lines(joined)
        candidates = self._quoted.candidates(seen.marked) if candidates is None else candidates
        for number, start, end in self._quoted.spans(joined.text, candidates):
            text, shift, line, first = lines.at(start, end)
            rule = self.all[number]
            if text in tally.undecided or not tally.spend(text, end - start):
                continue
            if rule.innocent is not None and rule.innocent(line, start - first, end - first):
                continue
            tally.add(Finding(text, start - shift, end - shift, rule.detector))

    def _run_tokens(self, joined: JoinedTexts | LinesOf, seen: Seen, tally: Tally) -> None:
        spans = seen.tokens()
        if self._tokens is None or spans == []:
            return
        lines = Lines(joined)
        for start, end in self._tokens.spans(seen.marked) if spans is None else spans:
            text, shift, line, first = lines.at(start, end)
            for rule in self._judged:
                tally.judge(rule, line, (start - first, end - first), text, first - shift)


class TextScanner:
    """Finds secrets in texts. Immutable, but for what it remembers as clean."""

    __slots__ = ("_allowance", "_clean", "_deriver", "_known", "_placeholders", "_rules")

    def __init__(
        self,
        rules: Rules,
        known: KnownValues,
        deriver: Deriver = derivation,
        same: tuple[set[str], frozenset[str]] | None = None,
    ) -> None:
        """`same`: what another scanner with these rules and values remembers, and its placeholders."""
        self._allowance: Allowance | None = None
        self._rules = rules
        self._known = known
        self._deriver = deriver
        # Short texts without a finding: an answer's names and ids come again and again.
        self._clean, self._placeholders = same or (set(), placeholders(self.detectors, known.names))

    def with_known(self, known: KnownValues) -> TextScanner:
        """The same rules with another snapshot of known values."""
        return TextScanner(self._rules, known, self._deriver)

    def within(self, work: int) -> TextScanner:
        """The same scanner, but that its scans raise `HeavyError` when they have done so much together (`Scan.work`):
        for whoever has others wait meanwhile. Serves one thread."""
        light = TextScanner(self._rules, self._known, self._deriver, (self._clean, self._placeholders))
        light.allow(work)
        return light

    def allow(self, work: int) -> None:
        """Let its scans do so much from now on, and no more (`within`)."""
        self._allowance = Allowance(work)

    @property
    def known(self) -> KnownValues:
        """The snapshot of known values."""
        return self._known

    @property
    def detectors(self) -> tuple[str, ...]:
        """The closed set of detector ids, sorted; `known-value` among them."""
        return tuple(sorted({rule.detector for rule in self._rules.all} | {KnownValues.DETECTOR}))

    def scan(self, texts: Sequence[str], ids: AbstractSet[str] = frozenset()) -> Scan:
        """All findings, sorted, and the texts that could not be decided in bounds. Does not raise on any `str`. What is
        of `ids` is not decoded (`model.Scanner`).

        Redaction changes what stands beside it: a token glued to another becomes a word of its own. So the lines of
        findings are scanned again with these masked, until nothing new turns up.
        """
        return self._look(texts, ids, rearranged=len(self._known) > 0)[0]

    def look(self, texts: Sequence[str], ids: AbstractSet[str] = frozenset()) -> tuple[Scan, DerivedTexts]:
        """`scan`, and all that was decoded from the texts, with their numbers: for who looks for values of its own."""
        return self._look(texts, ids, rearranged=True)

    def _look(self, texts: Sequence[str], ids: AbstractSet[str], *, rearranged: bool) -> tuple[Scan, DerivedTexts]:
        clean = self._clean
        # Only short ones are asked for: of a long text even the hash takes as long as a look at it.
        numbers = [number for number, text in enumerate(texts) if len(text) > CLEAN_CHARS or text not in clean]
        if not numbers:
            return _NOTHING, ()
        asked = texts if len(numbers) == len(texts) else [texts[number] for number in numbers]
        scan, derived = self._scan(asked, ids, rearranged=rearranged)
        if rearranged:  # else it was not looked at for all that a scanner with values of its own asks for
            if len(clean) > MAX_CLEAN:
                clean.clear()
            told = {found.text for found in scan.findings}.union(scan.undecided, (text for text, _ in derived))
            short = [place for place, text in enumerate(asked) if len(text) <= CLEAN_CHARS]
            clean.update(asked[place] for place in short if place not in told)
        if asked is texts or not (scan.findings or scan.undecided or derived):
            return scan, derived
        findings = tuple(replace(found, text=numbers[found.text]) for found in scan.findings)
        undecided = tuple(numbers[place] for place in scan.undecided)
        late = frozenset(replace(found, text=numbers[found.text]) for found in scan.late)
        return Scan(findings, undecided, late, scan.work), [(numbers[place], own) for place, own in derived]

    def _scan(self, texts: Sequence[str], ids: AbstractSet[str], *, rearranged: bool) -> tuple[Scan, DerivedTexts]:
        """`look` at texts that are not known to be clean."""
        texts, undecided = _without_long(texts)
        joined = JoinedTexts(texts)
        tally = Tally(texts, undecided, allowance=self._allowance)
        try:
            hints = self._rules.first(joined, tally, rearranged=rearranged, unmasked=True)
        except PlaceholderError:
            texts = [self._own_masked(text) for text in texts]
            joined = JoinedTexts(texts)
            tally = Tally(texts, undecided, allowance=self._allowance)
            hints = self._rules.first(joined, tally, rearranged=rearranged, unmasked=False)
        if len(self._known):
            self._run_known(texts, range(len(texts)), tally, joined.text)
        derived: DerivedTexts = ()
        if hints is None or hints:  # else there is nothing to decode
            closed = {number for number, text in enumerate(texts) if text in ids} if ids else set()
            derived = self._run_derived(joined, tally, closed, hints, rearranged=rearranged)
        if self._known.phrases:
            self._run_said_once(texts, tally)
        if not tally.findings and not tally.undecided:
            return (Scan(work=tally.work) if tally.work else _NOTHING), derived
        for _ in range(MAX_PASSES):
            fresh = tally.take_fresh()
            if not fresh:
                break
            add_echoes(tally, fresh)
            again = {text: tally.masked(text) for text in fresh}
            self._rules.run(LinesOf(again, fresh), tally)
            self._run_known(list(again.values()), list(again), tally)
        else:
            tally.undecided.update(tally.take_fresh())
        findings, undecided_ = tuple(sorted(tally.findings)), tuple(sorted(tally.undecided))
        scan = Scan(findings, undecided_, frozenset(tally.late), tally.work)
        return scan, derived

    def _own_masked(self, text: str) -> str:
        """The text with our own placeholders masked: `[redacted:json-web-token]: x` is no assignment to a token. Only
        exact ones of the closed set are, so that nothing can hide in one."""
        own = [match.span() for match in _PLACEHOLDER.finditer(text) if match[0] in self._placeholders]
        return masked(text, own) if own else text

    def _run_known(self, texts: Sequence[str], numbers: Sequence[int], tally: Tally, joined: str | None = None) -> None:
        """Known values in texts that have these numbers in the batch."""
        known = self._known.find(texts, joined)
        if not known.findings and not known.undecided:
            return
        tally.undecided.update(numbers[text] for text in known.undecided)
        for found in without_parts(known.findings):
            tally.add(replace(found, text=numbers[found.text]))

    def _run_said_once(self, texts: Sequence[str], tally: Tally) -> None:
        """Passphrases among what texts say only once. A value that stands there as it is has no part in that, and a
        text with one in another writing is withheld for it."""
        over = tally.undecided.union(found.text for found in tally.findings if found.form is Form.ENCODED)
        plain = spans_by_text(found for found in tally.findings if found.form is Form.PLAIN)
        numbers = [at for at, text in enumerate(texts) if len(text) >= said_once.SHORTEST and at not in over]
        if not numbers:
            return
        own = (masked(texts[at], plain[at]) if at in plain else texts[at] for at in numbers)
        readings = [said_once.reading(text) for text in own]
        known = self._known.find(readings)
        tally.undecided.update(numbers[at] for at in known.undecided)
        for found in known.findings:
            if said_once.tells(readings[found.text], found.start, found.end):
                number = numbers[found.text]
                whole = replace(found, text=number, start=0, end=len(texts[number]), form=Form.ENCODED)
                tally.add(whole, late=True)

    def _run_derived(
        self, joined: JoinedTexts, tally: Tally, closed: AbstractSet[int], hints: Hints | None, *, rearranged: bool
    ) -> DerivedTexts:
        """What was decoded from texts: known values there are encoded here, and of rules only the strong ones count.
        Of a text that is given up on it would be for nothing; `closed` ones have nothing in them."""
        derived: list[tuple[int, Derived]] = []
        if tally.undecided:
            closed = closed | tally.undecided
        for number, made in self._deriver.derivations(
            joined.texts, joined.text, rearranged=rearranged, closed=closed, hints=hints
        ):
            if not tally.spend(number, made.cost) or made.undecided:
                tally.undecided.add(number)
            else:
                derived += [(number, own) for own in made.texts]
        if derived:
            self._add_derived(derived, tally)
        return derived

    def _add_derived(self, derived: DerivedTexts, tally: Tally) -> None:
        for_rules = [(number, own) for number, own in derived if own.rules]
        inner = Tally([own.text for _, own in for_rules], set(), (tally, [number for number, _ in for_rules]))
        if for_rules:
            self._rules.run(JoinedTexts([own.text for _, own in for_rules]), inner, strong=True)
        known = self._known.find([own.text for _, own in derived])
        tally.undecided.update(for_rules[text][0] for text in inner.undecided)
        tally.undecided.update(derived[text][0] for text in known.undecided)
        ruled = [replace(found, value=self._mac_decoded(found, for_rules)) for found in inner.findings]
        for found in mapped(ruled, for_rules, Form.PLAIN):
            if found.detector != _NAMED or not reaches_next(tally.text(found.text), found.start, found.end):
                tally.add(found, late=True)
        own = (found for found in tally.findings if found.form is Form.PLAIN and found.detector == KnownValues.DETECTOR)
        plain = spans_by_text(own) if known.findings else {}
        for told in mapped(verbatim.others(known.findings, derived, plain, self._known), derived, Form.ENCODED):
            tally.add(told, late=True)

    def _mac_decoded(self, found: Finding, derived: DerivedTexts) -> bytes:
        """The MAC of what was found in a derived text: the span that it is mapped to says it in another writing."""
        return self._known.mac(derived[found.text][1].text[found.start : found.end])

    def prepare(self) -> None:
        """Make what only unusual texts need, so that none of them waits for it: for a thread beside the start."""
        self._rules.prepare()

    def self_test(self) -> None:
        """Find a canary with every detector, alone and among other texts, whole.

        Raises `StartError` naming the detectors that failed or have no canary.
        """
        canaries = self._rules.canaries
        failed = {rule.detector for rule in self._rules.all} - {canary.detector for canary in canaries}
        batch = self.scan([f"naïve “quoted” text\n{canary.text}\n" for canary in canaries])
        shift = len("naïve “quoted” text\n")
        for index, canary in enumerate(canaries):
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


def _without_long(texts: Sequence[str]) -> tuple[Sequence[str], set[int]]:
    """The texts, with an empty one in place of each that is too long, and the numbers of these."""
    if not texts or max(map(len, texts)) <= MAX_CHARS:
        return texts, set()
    long = {number for number, text in enumerate(texts) if len(text) > MAX_CHARS}
    return ["" if number in long else text for number, text in enumerate(texts)], long


def build_scanner(
    known: KnownValues,
    extra: Sequence[Rule] = (),
    *,
    canaries: Sequence[Canary] = (),
) -> TextScanner:
    """All rules, compiled: the plugins', our own, and `extra`, whose detectors need `canaries` of their own."""
    return TextScanner(_compiled(tuple(extra), tuple(canaries)) if extra or canaries else _standard(), known)


@cache
def _standard() -> Rules:
    """Those of every scanner without an operator's own: they take over a second, and are compiled once a process."""
    return _compiled((), ())


def _compiled(extra: tuple[Rule, ...], canaries: tuple[Canary, ...]) -> Rules:
    return Rules((*plugin_rules(), *own_rules(), *extra), (*CANARIES, *canaries))
