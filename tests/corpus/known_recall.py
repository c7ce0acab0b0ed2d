"""Recall on registered values: every form of every kind of value, in contexts drawn at random."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum
from random import Random

from msgspec import Struct

from egress_proxy.model import Finding, Scan, Scanner, Secret
from egress_proxy.model import Form as Shape
from egress_proxy.scan import KnownValues, TextScanner, build_scanner, judge
from egress_proxy.server.tree import Remembering, Tree
from tests.corpus.contexts import Placed, contexts, place
from tests.corpus.forms import FORMS, Form
from tests.corpus.outcome import Outcome, by_text, outcome, scanned
from tests.corpus.parts import Parts
from tests.corpus.secrets import SORT_OF, WORDS, Value, values

RUN = 12  # characters in a row of a value, or of its writing, that nothing released may have
_BATCH = 512  # texts that are made, scanned and forgotten at a time
_OTHERS = 100  # values that are registered too and stand nowhere


class Result(StrEnum):
    """What became of one text."""

    WITHHELD = "withheld"
    REDACTED = "redacted"  # and no run of the value, nor of its writing, is left
    LEAKED = "leaked"  # something was found, and runs are left
    MISSED = "missed"
    REFUSED = "refused"  # the value could not be registered, and that was said


class Sample(Struct, frozen=True):
    """One text: which form of which kind of value, where, and what became of it."""

    form: str
    kind: str
    context: str
    result: Result


class _Case(Struct, frozen=True):
    form: Form
    value: Value
    context: str
    placed: Placed
    twin: str  # the same form of another value of the kind: what both have in common tells nothing


class _Replies:
    """Scans each batch as the first that an agent says in a session: what is given away in pieces counts."""

    def __init__(self, scanner: TextScanner) -> None:
        self._scanner = scanner

    def scan(self, texts: Sequence[str], ids: AbstractSet[str] = frozenset()) -> Scan:
        return Remembering(self._scanner, [Tree(bytes(32))]).scan_told(texts, frozenset(texts), ids)


class KnownRecall:
    """Values of some kinds, `instances` of each, registered together with others that no text has."""

    def __init__(self, seed: int, kinds: tuple[str, ...], instances: int) -> None:
        self._seed = seed
        self._values = values(seed, kinds, instances)
        self._twins = {value.kind: value for value in values(seed + 1_000_003, kinds, 1)}
        parts = Parts(Random(f"{seed} others"))
        entries = [(f"OTHER{at}", Secret(parts.base62(parts.number(16, 48)))) for at in range(_OTHERS)]
        entries += [(f"V{at}", Secret(value.text)) for at, value in enumerate(self._values)]
        known = KnownValues.build(entries, Random(seed).randbytes(32))
        refused = {rejected.name for rejected in known.rejected}
        self.refused = {value.text for at, value in enumerate(self._values) if f"V{at}" in refused}
        self.scanner: Scanner = _Replies(build_scanner(known))

    def measure(self, contexts_each: int, forms: Sequence[Form] = FORMS) -> list[Sample]:
        """Measure these forms, each in so many contexts for each value. A text does not depend on the other forms."""
        samples: list[Sample] = []
        cases: list[_Case] = []
        for form in forms:
            for at, value in enumerate(self._values):
                if form.of_words in {None, SORT_OF[value.kind] == WORDS}:
                    cases += self._cases(form, at, value, contexts_each)
            if len(cases) >= _BATCH:
                samples += self._samples(cases)
                cases = []
        return samples + self._samples(cases)

    def _cases(self, form: Form, at: int, value: Value, count: int) -> Iterable[_Case]:
        random = Random(f"{self._seed} {form.name} {value.kind} {at}")
        written, twin = (form.write(one.core if form.core else one.text) for one in (value, self._twins[value.kind]))
        possible = contexts(written)
        for context in random.sample(possible, min(count, len(possible))):
            again = Random(random.random())
            state = again.getstate()
            placed = place(again, context, written)
            again.setstate(state)
            yield _Case(form, value, context, placed, place(again, context, twin).written)

    def _samples(self, cases: Sequence[_Case]) -> list[Sample]:
        texts = [case.placed.text for case in cases]
        scan = scanned(self.scanner, texts, size=1)
        released = judge(texts, scan).texts
        found = by_text(scan, len(texts))
        undecided = set(scan.undecided)
        return [
            Sample(
                case.form.name,
                case.value.kind,
                case.context,
                self._result(case, found[index], withheld=index in undecided, released=released[index]),
            )
            for index, case in enumerate(cases)
        ]

    def _result(self, case: _Case, findings: Sequence[Finding], *, withheld: bool, released: str) -> Result:
        if case.value.text in self.refused:
            return Result.REFUSED
        if withheld or any(finding.form is Shape.ENCODED for finding in findings):
            return Result.WITHHELD
        placed = case.placed
        if case.form.group == "verbatim":
            return _verbatim(case, findings)
        if not any(finding.start < placed.end and placed.start < finding.end for finding in findings):
            return Result.MISSED
        return Result.LEAKED if leaks(released, case.value.core, placed.written, case.twin) else Result.REDACTED


def _verbatim(case: _Case, findings: Sequence[Finding]) -> Result:
    """Judge by spans: of a value that stands as it is, no character may be left."""
    start = case.placed.text.find(case.value.text, case.placed.start)
    span = (start, start + len(case.value.text)) if start >= 0 else (case.placed.start, case.placed.end)
    match outcome(len(case.placed.text), [span], findings):
        case Outcome.WHOLE:
            return Result.REDACTED
        case Outcome.PART:
            return Result.LEAKED
        case Outcome.MISSED:
            return Result.MISSED


def leaks(released: str, core: str, written: str, twin: str) -> bool:
    """Say whether a text still has a run of a value's secret part, or of its writing that its twin's has not."""
    width = min(RUN, len(core))
    telling = _runs(core, width) | (_runs(written, RUN) - _runs(twin, RUN))
    return any(run in released for run in telling)


def _runs(text: str, width: int) -> set[str]:
    return {text[at : at + width] for at in range(len(text) - width + 1)}
