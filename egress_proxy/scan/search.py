"""One pass of known values over a batch of texts: from anchors in the views to findings in the texts."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from egress_proxy.model import Finding, Form, Scan
from egress_proxy.scan.canonical import Batch, View, folded
from egress_proxy.scan.fingerprints import Bank
from egress_proxy.scan.registration import Segment, Snapshot, Watched

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DETECTOR: Final = "known-value"
# Bounds of one text, beyond which it is undecided: anchors met, and codes verified (some 10 ms each).
MAX_HITS = 8192
MAX_VERIFIED = 4_194_304
_RUN_CHARS = 4096
_RUN = re.compile(rf"[0-9A-Za-z+/=_%\\-]{{0,{_RUN_CHARS}}}")
_LONG = 16  # letters and digits; no innocent sentence repeats that many of a value by chance
_FAR = 1 << 62


class Search:
    """Findings so far. `run` once for each bank, then `result`."""

    __slots__ = (
        "_encoded",
        "_hits",
        "_plain",
        "_seen",
        "_snapshot",
        "_starts",
        "_texts",
        "_undecided",
        "_verified",
    )

    def __init__(self, texts: Sequence[str], joined: Batch, snapshot: Snapshot) -> None:
        self._texts = texts
        self._snapshot = snapshot
        self._starts: NDArray[np.int64] = joined.starts
        self._plain: set[Finding] = set()
        self._encoded: set[Finding] = set()
        self._seen: set[tuple[int, int]] = set()
        self._hits: dict[int, int] = {}
        self._verified: dict[int, int] = {}
        self._undecided: set[int] = set()

    def run(self, bank: Bank, view: View) -> None:
        """Verify every segment whose anchor stands in the view."""
        for at, numbers in bank.hits(view.codes):
            text = int(self._starts.searchsorted(view.places[at], side="right")) - 1
            self._hits[text] = self._hits.get(text, 0) + 1
            if self._hits[text] > MAX_HITS or self._verified.get(text, 0) > MAX_VERIFIED:
                self._undecided.add(text)
                continue
            for number in numbers:
                segment = self._snapshot.segments[number]
                start = at - segment.anchor
                if start >= 0 and (number, start) not in self._seen:
                    self._seen.add((number, start))
                    self._verified[text] = self._verified.get(text, 0) + segment.length
                    self._verify(segment, view, start, text)

    def _verify(self, segment: Segment, view: View, start: int, text: int) -> None:
        codes = view.codes[start : start + segment.length]
        digest = self._snapshot.keys.digest(codes.astype("<u4").tobytes(), b"segment")
        if len(codes) < segment.length or digest != segment.mac:
            return
        places = view.places[start : start + segment.length] - self._starts[text]
        value = self._snapshot.values[segment.value]
        if not segment.plain:
            self._add_encoded(value, text, *self._run_around(text, int(places[0]), int(places[-1]) + 1))
        elif not segment.whole:
            self._add_encoded(value, text, int(places[0]), int(places[-1]) + 1)
        else:
            self._whole(value, text, places, max(int(places[0]) - segment.lead, 0))

    def _whole(self, value: Watched, text: int, places: NDArray[np.int64], start: int) -> None:
        """The value stands here, verbatim or in another spelling."""
        raw = self._texts[text][start : start + value.length]
        if value.token and not self._is_token(text, start, value.length):
            return
        if self._snapshot.mac(raw, b"value") == value.mac:
            self._plain.add(Finding(text, start, start + value.length, DETECTOR, value.name))
        elif value.token:
            self._add_encoded(value, text, start, start + value.length)
        elif not value.weak or self._deliberate(value, raw, places):
            self._add_encoded(value, text, int(places[0]), int(places[-1]) + 1)

    def _is_token(self, text: int, start: int, length: int) -> bool:
        raw = self._texts[text]
        around = raw[max(start - 1, 0) : start] + raw[start + length : start + length + 1]
        return not any(char.isalnum() or char == "_" for char in around)

    def _deliberate(self, value: Watched, raw: str, places: NDArray[np.int64]) -> bool:
        """Whether a value made of words is in other spelling on purpose, and not part of an innocent sentence: it
        differs in case or width alone, is long, or every two of its characters are apart."""
        if self._snapshot.mac(folded(raw), b"folded") == value.folded:
            return True
        return len(places) >= _LONG or (len(places) > 1 and int((places[1:] - places[:-1]).min()) > 1)

    def _run_around(self, text: int, start: int, end: int) -> tuple[int, int]:
        """The span extended over the run of characters of encodings."""
        raw = self._texts[text]
        after = _RUN.match(raw, end)
        before = _RUN.match(raw[max(start - _RUN_CHARS, 0) : start][::-1])
        return start - (before.end() if before else 0), after.end() if after else end

    def _add_encoded(self, value: Watched, text: int, start: int, end: int) -> None:
        self._encoded.add(Finding(text, start, end, DETECTOR, value.name, Form.ENCODED))

    def result(self) -> Scan:
        """What was found."""
        return Scan(without_parts([*self._plain, *_united(self._encoded)]), tuple(sorted(self._undecided)))


def without_parts(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings of known values, sorted, without encoded ones inside plain ones: a value that stands there verbatim
    contains its own parts, and may share some with another value (an older one of the same name, say)."""
    known = sorted(set(findings))
    plain = spans_by_text(found for found in known if found.form is Form.PLAIN)
    return tuple(found for found in known if found.form is Form.PLAIN or not _inside(found, plain.get(found.text, [])))


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


def _united(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Overlapping findings of the same value as one."""
    by_name: dict[str, list[Finding]] = {}
    for found in findings:
        by_name.setdefault(found.name, []).append(found)
    for name, own in by_name.items():
        for text, spans in spans_by_text(own).items():
            for start, end in spans:
                yield Finding(text, start, end, DETECTOR, name, Form.ENCODED)


def _inside(found: Finding, spans: list[tuple[int, int]]) -> bool:
    at = bisect_right(spans, (found.start, _FAR)) - 1
    return at >= 0 and spans[at][0] <= found.start and found.end <= spans[at][1]
