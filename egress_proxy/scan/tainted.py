"""A scanner that also finds what is tainted: the values that a session's tools have shown.

A tainted value verbatim is redacted, in another form it is withheld like a known value. Values made of words under a
name that does not say secret are only ever redacted where they are respelt: a sentence may hold the same words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, Protocol

from msgspec.structs import replace

from egress_proxy.model import Finding, Form, Scan
from egress_proxy.scan.decoded import DerivedTexts, mapped
from egress_proxy.scan.known import KnownValues
from egress_proxy.scan.policy import weak
from egress_proxy.scan.search import inside, spans_by_text
from egress_proxy.scan.taint_names import NAMELESS, WORDLY
from egress_proxy.scan.taint_values import random_tokens
from egress_proxy.scan.verbatim import others

DETECTOR: Final = "tainted-value"
_VALUES: Final = (DETECTOR, KnownValues.DETECTOR)
_A_FINDING: Final = 2_000  # that is made, in characters that a rule reads (`tally`)
_LOOKED_THROUGH: Final = 1 << 28  # characters of one text, each token looked for from its beginning: some 0.2 s
_UNNAMED: Final = (NAMELESS, "value-", "unnamed")


class Looking(Protocol):
    """A scanner that also gives what it decoded."""

    def look(self, texts: Sequence[str], ids: AbstractSet[str]) -> tuple[Scan, DerivedTexts]: ...


class TaintedScanner:
    """`inner`, and tainted values. With `guess`, whatever looks as random as a tainted token is taken for one. Of
    `public` texts, which the reader knows, nothing is tainted where one of them stands whole."""

    __slots__ = ("_guess", "_inner", "_public", "_values")

    def __init__(
        self, inner: Looking, values: Sequence[KnownValues], *, guess: bool = False, public: Iterable[str] = ()
    ) -> None:
        self._inner = inner
        self._values = tuple(known for known in values if len(known))
        self._guess = guess
        self._public = tuple(public)

    def scan(self, texts: Sequence[str], ids: AbstractSet[str] = frozenset()) -> Scan:
        """All findings, sorted, and the texts that could not be decided."""
        return self.look(texts, ids)[0]

    def look(self, texts: Sequence[str], ids: AbstractSet[str] = frozenset()) -> tuple[Scan, DerivedTexts]:
        """`scan`, and all that was decoded from the texts, with their numbers."""
        scan, derived = self._inner.look(texts, ids)
        return (self._tainted(texts, scan, derived) if self._values or self._guess else scan), derived

    def _tainted(self, texts: Sequence[str], scan: Scan, derived: DerivedTexts) -> Scan:
        undecided = set(scan.undecided)
        decided = ["" if index in undecided else text for index, text in enumerate(texts)] if undecided else texts
        found: set[Finding] = set()
        work = scan.work
        at_once = set(scan.findings) - scan.late
        values = [one for one in scan.findings if one.detector in _VALUES]
        for known in self._values:
            for tainted, numbers in self._places(known, decided, derived, values):
                undecided.update(numbers)
                own = list(tainted)
                work += _A_FINDING * len(own)
                found.update(_adjusted(finding, texts) for finding in own)
                at_once.update(_adjusted(finding, texts) for finding in own if finding.form is Form.PLAIN)
        for number, text in enumerate(decided) if self._guess else ():
            guessed = _guessed(number, text)
            found.update(guessed or ())
            if guessed is None:
                undecided.add(number)
        if found and self._public:
            found = {finding for finding in found if not self._is_public(finding, texts[finding.text])}
        if not found and len(undecided) == len(scan.undecided):
            return replace(scan, work=work)
        findings = _joined(scan.findings, found)
        return Scan(findings, tuple(sorted(undecided)), frozenset(findings) - at_once, work)

    def _places(
        self, known: KnownValues, texts: Sequence[str], derived: DerivedTexts, values: Sequence[Finding]
    ) -> Iterator[tuple[Iterable[Finding], Iterable[int]]]:
        """Findings in the texts and the numbers of undecided ones, then the same of what they say in another writing,
        but for what are these and the other `values` that stand there as they are: all settings in a row, say. What is
        public stays there, so it counts for what says itself no more than any other text."""
        plain = known.find(texts)
        yield plain.findings, plain.undecided
        if derived:
            encoded = known.find([own.text for _, own in derived])
            own = (one for one in plain.findings if not self._is_public(one, texts[one.text]))
            spans = spans_by_text(one for one in (*values, *own) if one.form is Form.PLAIN)
            told = others(encoded.findings, derived, spans, known)
            yield mapped(told, derived, Form.ENCODED), (derived[number][0] for number in encoded.undecided)

    def _is_public(self, finding: Finding, text: str) -> bool:
        """Whether all of a finding lies in one of the public texts."""
        return any(
            text.find(path, max(0, finding.end - len(path)), finding.start + len(path)) >= 0
            for path in self._public
            if finding.end - finding.start <= len(path)
        )


def _adjusted(finding: Finding, texts: Sequence[str]) -> Finding:
    respelt = finding.form is Form.ENCODED and finding.name.startswith(WORDLY)
    form = Form.PLAIN if respelt and weak(texts[finding.text][finding.start : finding.end]) else finding.form
    return replace(finding, name=_shown(finding), form=form)


def _shown(finding: Finding) -> str:
    return "" if finding.name.startswith(_UNNAMED) else finding.name


def _guessed(number: int, text: str) -> list[Finding] | None:
    """All that looks random in a text; None where it is so much that looking for each of it would take too long."""
    found, left = list[Finding](), _LOOKED_THROUGH
    for token in random_tokens(text):
        left -= len(text)
        if left < 0:
            return None
        at = text.find(token)
        while at >= 0:
            found.append(Finding(number, at, at + len(token), DETECTOR))
            at = text.find(token, at + len(token))
    return found


def _joined(known: Sequence[Finding], tainted: set[Finding]) -> tuple[Finding, ...]:
    """All of both, without encoded tainted ones inside a value that stands there verbatim: it contains its own parts.
    Inside what a rule found they stay: who encodes a value means to."""
    values = (found for found in (*known, *tainted) if found.detector in _VALUES)
    plain = spans_by_text(found for found in values if found.form is Form.PLAIN)
    kept = (found for found in tainted if found.form is Form.PLAIN or not inside(found, plain.get(found.text, ())))
    return tuple(sorted({*known, *kept}))
