"""What the kernel does for known values (`native/known.c`), in numpy and Python, for where there is no kernel.

Every function gives exactly what its compiled twin gives: `tests/scan/test_kernel.py` compares them.
"""

from __future__ import annotations

from bisect import bisect_right
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from egress_proxy.scan.banks import Bank
    from egress_proxy.scan.canonical import Batch, View
    from egress_proxy.scan.store import Record, Store

PERSON: Final = b"known-windows\0\0\0"
UNDECIDED: Final = 0xFFFFFFFF
NO_GAP: Final = 0xFFFFFFFF
_WHOLE = 1 << 31
_RUN_BITS, _RUNS = 6, (0, 24, 32, 16)
_BLOCK = 65_536  # positions at a time: the vectors of one block stay in the processor's cache
_RECENT = 8  # findings that a new one may be the continuation of
_LANE = 8
_NARROW = 12  # codes; so many digits are no 60 bits


def _lanes(codes: NDArray[np.uint8], width: int) -> list[tuple[int, NDArray[np.uint64]]]:
    """Where in a window its lanes of eight codes begin, and the lane at each position of `codes`."""
    if width < _LANE:
        padded = np.append(codes, np.zeros(_LANE, dtype=np.uint8))
        return [(0, _words(padded)[: len(codes)] & np.uint64((1 << 8 * width) - 1))]
    words = _words(codes)
    return [(min(start, width - _LANE), words) for start in range(0, width, _LANE)]


def _words(codes: NDArray[np.uint8]) -> NDArray[np.uint64]:
    data = np.ascontiguousarray(codes)
    return np.ndarray(max(len(data) - _LANE + 1, 0), dtype="<u8", buffer=data, strides=(1,))


def _mixed(mixers: NDArray[np.uint64], lanes: list[NDArray[np.uint64]]) -> NDArray[np.uint32]:
    mixed = np.full(len(lanes[0]), mixers[0], dtype=np.uint64)
    for lane in lanes:
        mixed ^= lane
        mixed *= mixers[1]
        mixed ^= mixed >> np.uint64(32)
    mixed *= mixers[2]
    return (mixed >> np.uint64(32)).astype(np.uint32)


def tags(
    mixers: NDArray[np.uint64], width: int, codes: NDArray[np.uint8], positions: NDArray[np.int64]
) -> NDArray[np.uint32]:
    if not len(positions):
        return np.empty(0, dtype=np.uint32)
    return _mixed(mixers, [words[positions + start] for start, words in _lanes(codes, width)])


def _hasher(key: bytes) -> blake2b:
    return blake2b(digest_size=8, key=key, person=PERSON)


def _digest(keyed: blake2b, codes: bytes | memoryview) -> int:
    hasher = keyed.copy()
    hasher.update(codes)
    return int.from_bytes(hasher.digest(), "little")


def digests(
    key: bytes, codes: NDArray[np.uint8], positions: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[np.uint64]:
    keyed, data = _hasher(key), memoryview(codes.tobytes())
    made = (
        _digest(keyed, data[at : at + length]) for at, length in zip(positions.tolist(), lengths.tolist(), strict=True)
    )
    return np.fromiter(made, dtype=np.uint64, count=len(positions))


def variety(codes: NDArray[np.uint8], positions: NDArray[np.int64], width: int) -> NDArray[np.uint8]:
    windows = np.sort(codes[positions[:, None] + np.arange(width)], axis=1)
    different = (windows[:, 1:] != windows[:, :-1]).sum(axis=1) + 1
    return np.where((windows[:, -1] > ord("9")) | (width > _NARROW), different, 0).astype(np.uint8)


def _bits(tags_: NDArray[np.uint32]) -> NDArray[np.uint64]:
    one = np.uint64(1)
    first, second = tags_ & np.uint32(63), (tags_ >> np.uint32(6)) & np.uint32(63)
    return (one << first.astype(np.uint64)) | (one << second.astype(np.uint64))


def fill(
    filter_: NDArray[np.uint64],
    word_shift: int,
    buckets: NDArray[np.uint32],
    bucket_shift: int,
    tags_: NDArray[np.uint32],
) -> None:
    np.cumsum(np.bincount(tags_ >> np.uint32(bucket_shift), minlength=len(buckets) - 1), out=buckets[1:])
    np.bitwise_or.at(filter_, tags_ >> np.uint32(word_shift), _bits(tags_))


def passed(bank: Bank, mixers: NDArray[np.uint64], codes: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Positions whose window has the tag of an entry, ascending, with the tag."""
    found: list[tuple[int, int]] = []
    for block in range(0, max(len(codes) - bank.width + 1, 0), _BLOCK):
        part = codes[block : block + _BLOCK + bank.width - 1]
        count = len(part) - bank.width + 1
        made = _mixed(mixers, [words[start : start + count] for start, words in _lanes(part, bank.width)])
        bits = _bits(made)
        at = np.flatnonzero(bank.filter[made >> np.uint32(bank.word_shift)] & bits == bits)
        entries = bank.entries.tags.searchsorted(made[at])
        hit = bank.entries.tags.take(entries, mode="clip") == made[at]
        at = at[hit]
        found += zip((at + block).tolist(), made[at].tolist(), strict=True)
    return found


class _Search:
    """`struct search` and its functions."""

    def __init__(self, store: Store, joined: Batch, capacity: int) -> None:
        self.records: list[Record] = []
        self._store = store
        self._starts = joined.starts
        self._keyed = _hasher(store.keys.digests)
        self._room = capacity - len(joined.starts) + 1
        self._hits: dict[int, int] = {}
        self._verified: dict[int, int] = {}
        self._undecided: set[int] = set()

    def run(self, bank: Bank, view: View) -> None:
        places, codes, recent = view.places, view.codes.tobytes(), len(self.records)
        tags_, numbers, digests_ = bank.entries.tags, bank.entries.numbers, bank.entries.digests
        for at, tag in passed(bank, self._store.keys.mixers, view.codes):
            text = bisect_right(self._starts, int(places[at])) - 1
            first = int(tags_.searchsorted(np.uint32(tag)))
            last = int(tags_.searchsorted(np.uint32(tag), side="right"))
            for number, digest in zip(numbers[first:last].tolist(), digests_[first:last].tolist(), strict=True):
                if text in self._undecided:
                    break
                start, length = self._span(number, at, bank.width)
                if start < 0 or start + length > len(codes) or not self._may_verify(number, length, text):
                    continue
                if _digest(self._keyed, codes[start : start + length]) == digest:
                    shown = number if number >= _WHOLE else number & ~_RUN_BITS
                    self._emit(text, shown, places[start : start + length], recent)

    def _span(self, number: int, at: int, width: int) -> tuple[int, int]:
        if number < _WHOLE:
            return at, _RUNS[(number & _RUN_BITS) >> 1] or width
        segments = self._store.segments
        return at - int(segments.befores[number - _WHOLE]), int(segments.lengths[number - _WHOLE])

    def _may_verify(self, number: int, length: int, text: int) -> bool:
        if number < _WHOLE:
            return True
        self._verified[text] = self._verified.get(text, 0) + length
        if self._verified[text] > self._store.max_verified:
            self._give_up(text)
            return False
        return True

    def _emit(self, text: int, number: int, places: NDArray[np.int64], recent: int) -> None:
        first, last = int(places[0]), int(places[-1]) + 1
        gap = NO_GAP
        if number < _WHOLE:
            for index in range(len(self.records) - 1, max(recent, len(self.records) - _RECENT) - 1, -1):
                start, end, other, _ = self.records[index]
                if other == number and start <= first <= end:
                    self.records[index] = (start, max(end, last), number, gap)
                    return
        elif len(places) > 1:
            gap = int((places[1:] - places[:-1]).min())
        self._hits[text] = self._hits.get(text, 0) + 1
        if self._hits[text] > self._store.max_hits or len(self.records) >= self._room:
            self._give_up(text)
        else:
            self.records.append((first, last, number, gap))

    def _give_up(self, text: int) -> None:
        if text not in self._undecided:
            self._undecided.add(text)
            self._room += 1
            self.records.append((text, 0, UNDECIDED, 0))


def find(store: Store, joined: Batch, capacity: int) -> list[Record]:
    """The records of a batch (`known_find`), of which there is room for `capacity`."""
    search = _Search(store, joined, capacity)
    if store.banks:
        view = joined.squeezed()
        for bank in store.banks:
            search.run(bank, view)
    if store.folded_bank is not None:
        search.run(store.folded_bank, joined.folded())
    return search.records
