"""A scanner that also finds what is tainted: the values that a session's tools have shown.

A tainted value verbatim is redacted, in another form it is withheld like a known value. Values made of words under a
name that does not say secret are only ever redacted where they are respelt: a sentence may hold the same words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol

from msgspec.structs import replace

from egress_proxy.model import Finding, Form, Scan
from egress_proxy.scan.decoded import DerivedTexts, mapped
from egress_proxy.scan.known import KnownValues
from egress_proxy.scan.policy import weak
from egress_proxy.scan.search import spans_by_text
from egress_proxy.scan.taint_names import NAMELESS, WORDLY
from egress_proxy.scan.taint_values import random_tokens

DETECTOR: Final = "tainted-value"
_VALUES: Final = (DETECTOR, KnownValues.DETECTOR)
_UNNAMED: Final = (NAMELESS, "value-", "unnamed")


class Looking(Protocol):
    """A scanner that also gives what it decoded."""

    def look(self, texts: Sequence[str]) -> tuple[Scan, DerivedTexts]: ...


class TaintedScanner:
    """`inner`, and tainted values. With `guess`, whatever looks as random as a tainted token is taken for one."""

    __slots__ = ("_guess", "_inner", "_values")

    def __init__(self, inner: Looking, values: Sequence[KnownValues], *, guess: bool = False) -> None:
        self._inner = inner
        self._values = tuple(known for known in values if len(known))
        self._guess = guess

    def scan(self, texts: Sequence[str]) -> Scan:
        """All findings, sorted, and the texts that could not be decided."""
        scan, derived = self._inner.look(texts)
        if not self._values and not self._guess:
            return scan
        undecided = set(scan.undecided)
        decided = ["" if index in undecided else text for index, text in enumerate(texts)] if undecided else texts
        found: set[Finding] = set()
        for known in self._values:
            for tainted, numbers in _places(known, decided, derived):
                undecided.update(numbers)
                found.update(_adjusted(finding, texts) for finding in tainted)
        if self._guess:
            found.update(_guessed(decided))
        if not found and len(undecided) == len(scan.undecided):
            return scan
        return Scan(_joined(scan.findings, found), tuple(sorted(undecided)))


def _places(
    known: KnownValues, texts: Sequence[str], derived: DerivedTexts
) -> Iterator[tuple[Iterable[Finding], Iterable[int]]]:
    """Findings in the texts and the numbers of undecided ones, then the same of what they say in another writing."""
    plain = known.find(texts)
    yield plain.findings, plain.undecided
    if derived:
        encoded = known.find([own.text for _, own in derived])
        yield mapped(encoded.findings, derived, Form.ENCODED), (derived[number][0] for number in encoded.undecided)


def _adjusted(finding: Finding, texts: Sequence[str]) -> Finding:
    respelt = finding.form is Form.ENCODED and finding.name.startswith(WORDLY)
    form = Form.PLAIN if respelt and weak(texts[finding.text][finding.start : finding.end]) else finding.form
    return replace(finding, name=_shown(finding), form=form)


def _shown(finding: Finding) -> str:
    return "" if finding.name.startswith(_UNNAMED) else finding.name


def _guessed(texts: Sequence[str]) -> Iterator[Finding]:
    for index, text in enumerate(texts):
        for token in random_tokens(text):
            at = text.find(token)
            while at >= 0:
                yield Finding(index, at, at + len(token), DETECTOR)
                at = text.find(token, at + len(token))


def _joined(known: Sequence[Finding], tainted: set[Finding]) -> tuple[Finding, ...]:
    """All of both, without encoded tainted ones inside a value that stands there verbatim: it contains its own parts.
    Inside what a rule found they stay: who encodes a value means to."""
    values = (found for found in (*known, *tainted) if found.detector in _VALUES)
    plain = spans_by_text(found for found in values if found.form is Form.PLAIN)
    kept = (
        found
        for found in tainted
        if found.form is Form.PLAIN
        or not any(start <= found.start and found.end <= end for start, end in plain.get(found.text, ()))
    )
    return tuple(sorted({*known, *kept}))
