"""A scanner that also finds what is tainted: the values that a session's tools have shown.

A tainted value verbatim is redacted, in another form it is withheld like a known value. Values made of words under a
name that does not say secret are only ever redacted where they are respelt: a sentence may hold the same words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from egress_proxy.model import Finding, Form, Scan, Scanner
from egress_proxy.scan.known import KnownValues
from egress_proxy.scan.policy import weak
from egress_proxy.scan.search import spans_by_text
from egress_proxy.scan.taint_names import NAMELESS, WORDLY
from egress_proxy.scan.taint_values import random_tokens

DETECTOR: Final = "tainted-value"
_VALUES: Final = (DETECTOR, KnownValues.DETECTOR)
_UNNAMED: Final = (NAMELESS, "value-", "unnamed")


class TaintedScanner:
    """`inner`, and tainted values. With `guess`, whatever looks as random as a tainted token is taken for one."""

    __slots__ = ("_guess", "_inner", "_values")

    def __init__(self, inner: Scanner, values: Sequence[KnownValues], *, guess: bool = False) -> None:
        self._inner = inner
        self._values = tuple(known for known in values if len(known))
        self._guess = guess

    def scan(self, texts: Sequence[str]) -> Scan:
        """All findings, sorted, and the texts that could not be decided."""
        scan = self._inner.scan(texts)
        if not self._values and not self._guess:
            return scan
        undecided = set(scan.undecided)
        decided = ["" if index in undecided else text for index, text in enumerate(texts)] if undecided else texts
        found: set[Finding] = set()
        for known in self._values:
            tainted = known.find(decided)
            found.update(_adjusted(finding, texts) for finding in tainted.findings)
            undecided.update(tainted.undecided)
        if self._guess:
            found.update(_guessed(decided))
        if not found and len(undecided) == len(scan.undecided):
            return scan
        return Scan(_joined(scan.findings, found), tuple(sorted(undecided)))


def _adjusted(finding: Finding, texts: Sequence[str]) -> Finding:
    respelt = finding.form is Form.ENCODED and finding.name.startswith(WORDLY)
    form = Form.PLAIN if respelt and weak(texts[finding.text][finding.start : finding.end]) else finding.form
    name = "" if finding.name.startswith(_UNNAMED) else finding.name
    return replace(finding, name=name, form=form)


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
