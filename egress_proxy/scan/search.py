"""One pass of known values over a batch of texts: from what stands in the views to findings in the texts."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from egress_proxy.model import Finding, Form, Scan
from egress_proxy.scan.canonical import batch, folded
from egress_proxy.scan.fallback import UNDECIDED
from egress_proxy.scan.fingerprints import VALUE_SHIFT, WHOLE
from egress_proxy.scan.registration import Snapshot, Watched
from egress_proxy.scan.store import MAX_HITS, MAX_VERIFIED, MOST, Record

__all__ = ["DETECTOR", "MAX_HITS", "MAX_VERIFIED", "search", "spans_by_text", "without_parts"]

DETECTOR: Final = "known-value"
_RUN_CHARS = 4096
_RUN = re.compile(r"[0-9A-Za-z+/=_%\\-]++")
_FEW_RUNS = 16  # of a text that are looked for where they are; of more, all are found at once
_LONG = 16  # letters and digits; no innocent sentence repeats that many of a value by chance
_SIGNS = 3  # of a value that is as long with them
_FAR = 1 << 62
_NOTHING: Final = Scan()
Span: TypeAlias = tuple[int, int]


def search(
    texts: Sequence[str], snapshot: Snapshot, detector: str, joined: str | None = None, most: int = MOST
) -> Scan:
    """All findings in a batch of at least one text, under the name of a detector. `joined` as for `canonical.batch`.
    Where there are more than `most`, the texts with the others are undecided."""
    together = batch(texts, joined)
    records = snapshot.store.find(together, most)
    if not records:
        return _NOTHING
    return _Search(texts, together.starts, snapshot, detector).result(records)


class _Search:
    """From records to findings."""

    __slots__ = ("_asked", "_detector", "_encoded", "_plain", "_runs", "_snapshot", "_starts", "_texts", "_undecided")

    def __init__(self, texts: Sequence[str], starts: Sequence[int], snapshot: Snapshot, detector: str) -> None:
        self._texts = texts
        self._starts = starts
        self._snapshot = snapshot
        self._detector = detector
        self._plain: set[Finding] = set()
        self._encoded: set[Finding] = set()
        self._undecided: set[int] = set()
        self._runs: dict[int, list[Span]] = {}  # by text, of those in which much is encoded
        self._asked: dict[int, int] = {}  # how often, by text

    def result(self, records: Iterable[Record]) -> Scan:
        """What the records come to."""
        for start, end, number, gap in records:
            if number == UNDECIDED:
                self._undecided.add(start)
                continue
            text = bisect_right(self._starts, start) - 1
            shift = self._starts[text]
            if number < WHOLE:
                self._part(number, text, start - shift, end - shift)
            else:
                self._segment(number - WHOLE, text, start - shift, end - shift, gap)
        found = without_parts([*self._plain, *_united(self._encoded)])
        return Scan(found, tuple(sorted(self._undecided)))

    def _part(self, number: int, text: int, start: int, end: int) -> None:
        value = self._snapshot.values[number >> VALUE_SHIFT]
        if number & 1:
            start, end = self._run_around(text, start, end)
        self._add_encoded(value, text, start, end)

    def _segment(self, number: int, text: int, start: int, end: int, gap: int) -> None:
        segments = self._snapshot.store.segments
        value = self._snapshot.values[int(segments.values[number])]
        if not segments.plain[number]:
            self._add_encoded(value, text, *self._run_around(text, start, end))
            return
        first = max(start - int(segments.leads[number]), 0)
        raw = self._texts[text][first : first + value.length]
        if value.token and not self._is_token(text, first, value.length):
            return
        if self._snapshot.keys.digest(raw.encode("utf-8", "surrogatepass"), b"value") == value.mac:
            self._plain.add(Finding(text, first, first + value.length, self._detector, value.name, value=value.mac))
        elif value.token:
            self._add_encoded(value, text, first, first + value.length)
        elif not value.weak or self._deliberate(value, raw, self._texts[text][start:end], gap):
            self._add_encoded(value, text, start, end)

    def _is_token(self, text: int, start: int, length: int) -> bool:
        raw = self._texts[text]
        around = raw[max(start - 1, 0) : start] + raw[start + length : start + length + 1]
        return not any(char.isalnum() or char == "_" for char in around)

    def _deliberate(self, value: Watched, raw: str, spelling: str, gap: int) -> bool:
        """Whether a value made of words is in other spelling on purpose, and not part of an innocent sentence: it
        differs in case or width alone, is long (with digits among its words, signs count too), or every two of its
        characters are apart."""
        if self._snapshot.keys.digest(folded(raw), b"folded") == value.folded:
            return True
        letters = sum(map(str.isalnum, spelling))
        if letters >= _LONG or (letters > 1 and gap > 1):
            return True
        return value.length >= _LONG and letters >= _LONG - _SIGNS and any(map(str.isdigit, spelling))

    def _run_around(self, text: int, start: int, end: int) -> tuple[int, int]:
        """The span extended over the run of characters of encodings."""
        raw = self._texts[text]
        self._asked[text] = asked = self._asked.get(text, 0) + 1
        if asked <= _FEW_RUNS:
            ahead = _RUN.match(raw, end, end + _RUN_CHARS)
            behind = _RUN.match(raw[max(start - _RUN_CHARS, 0) : start][::-1])
            return start - (behind.end() if behind else 0), ahead.end() if ahead else end
        runs = self._runs.get(text)
        if runs is None:
            runs = self._runs[text] = [run.span() for run in _RUN.finditer(raw)]
        before = _run_at(runs, start - 1) if start else None
        after = _run_at(runs, end)
        first = max(before[0], start - _RUN_CHARS) if before else start
        return first, min(after[1], end + _RUN_CHARS) if after else end

    def _add_encoded(self, value: Watched, text: int, start: int, end: int) -> None:
        self._encoded.add(Finding(text, start, end, self._detector, value.name, Form.ENCODED, value.mac))


def _run_at(runs: Sequence[Span], at: int) -> Span | None:
    """The run, of some in order and apart, in which a character is."""
    number = bisect_right(runs, (at, _FAR)) - 1
    return runs[number] if number >= 0 and at < runs[number][1] else None


def without_parts(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings of known values, sorted, without encoded ones inside plain ones: a value that stands there verbatim
    contains its own parts, and may share some with another value (an older one of the same name, say)."""
    known = sorted(set(findings))
    plain = spans_by_text(found for found in known if found.form is Form.PLAIN)
    return tuple(found for found in known if found.form is Form.PLAIN or not inside(found, plain.get(found.text, [])))


def spans_by_text(findings: Iterable[Finding]) -> dict[int, list[tuple[int, int]]]:
    """Spans by text, in order, overlapping and touching ones joined."""
    spans: dict[int, list[tuple[int, int]]] = {}
    for found in sorted(findings):
        own = spans.setdefault(found.text, [])
        if own and found.start <= own[-1][1]:
            own[-1] = (own[-1][0], max(own[-1][1], found.end))
        else:
            own.append((found.start, found.end))
    return spans


def inside(found: Finding, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether a finding lies in one of some spans of its text, which are in order and apart."""
    at = bisect_right(spans, (found.start, _FAR)) - 1
    return at >= 0 and found.end <= spans[at][1]


def outside(span: tuple[int, int], spans: Sequence[tuple[int, int]]) -> int:
    """How many characters of a span lie in none of some spans, which are in order and apart."""
    start, end = span
    left, at = end - start, max(bisect_right(spans, (start, _FAR)) - 1, 0)
    while at < len(spans) and spans[at][0] < end:
        left -= max(0, min(end, spans[at][1]) - max(start, spans[at][0]))
        at += 1
    return left


def _united(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Overlapping findings of the same value as one."""
    by_value: dict[tuple[str, str, bytes], list[Finding]] = {}  # several values may bear one name
    for found in findings:
        by_value.setdefault((found.detector, found.name, found.value), []).append(found)
    for (detector, name, value), own in by_value.items():
        for text, spans in spans_by_text(own).items():
            for start, end in spans:
                yield Finding(text, start, end, detector, name, Form.ENCODED, value)
