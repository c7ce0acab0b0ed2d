"""The tables of known values: windows of one width, sorted, with a filter before them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct

from egress_proxy.scan import fallback
from egress_proxy.scan.compiled import KNOWN, CBank, Kernel, address
from egress_proxy.scan.fingerprints import GATES, VALUE_SHIFT, WHOLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FILTER_BITS = 12  # of the filter a window, at least; at most twice as many
_SPARSE_BITS = 128  # of it a window, at least, for one of whose words eight are looked at together
_SMALLEST_FILTER, _SMALL_FILTER = 1 << 7, 1 << 11  # words of 64 bits; a small one stays in the first cache
_BUCKET = 4  # entries a bucket, at least
_FEW_OF = 8  # entries that there are for each that is added, at least, for it to be inserted
_ALIKE = 4  # values that may share a window: what stands in more is nobody's secret
_GROUP_BITS = 4  # of tags, by which many entries are sorted group by group
_GROUPS = 1 << _GROUP_BITS
_LARGE = 1 << 18  # entries


class Entries(Struct, frozen=True):
    """Windows of one width, in no order: tag, digest of what must stand there, and whose it is."""

    tags: NDArray[np.uint32]
    digests: NDArray[np.uint64]
    numbers: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.tags)

    @classmethod
    def joined(cls, parts: list[Entries]) -> Entries:
        """All of several."""
        return cls(
            np.concatenate([np.empty(0, np.uint32), *(part.tags for part in parts)]),
            np.concatenate([np.empty(0, np.uint64), *(part.digests for part in parts)]),
            np.concatenate([np.empty(0, np.uint32), *(part.numbers for part in parts)]),
        )

    def picked(self, which: NDArray[np.intp] | NDArray[np.bool_]) -> Entries:
        return Entries(self.tags[which], self.digests[which], self.numbers[which])

    def wanted(self, more: Entries) -> Entries:
        """Of sorted entries of later values those that tell something beside these, which are sorted too."""
        return more.picked(self._places_left(more) > 0)

    def with_few(self, more: Entries) -> Entries:
        """These and a few that are `wanted`: quicker than sorting all again."""
        places = self.tags.searchsorted(more.tags, side="right")
        return Entries(
            np.insert(self.tags, places, more.tags),
            np.insert(self.digests, places, more.digests),
            np.insert(self.numbers, places, more.numbers),
        )

    def _places_left(self, more: Entries) -> NDArray[np.int64]:
        """How many more values may share each of other windows; of segments, any."""
        left = np.full(len(more), _ALIKE, dtype=np.int64)
        first, last = self.tags.searchsorted(more.tags), self.tags.searchsorted(more.tags, side="right")
        for index in np.flatnonzero((last > first) & (more.numbers < WHOLE)).tolist():
            here = slice(int(first[index]), int(last[index]))
            same = (self.digests[here] == more.digests[index]) & (self.numbers[here] < WHOLE)
            left[index] -= int(np.count_nonzero(same))
        return left

    def sorted(self) -> Entries:
        """By tag, then digest, then number, and without what tells nothing (`_needed`)."""
        if KNOWN is None:
            return self._sorted()
        made = Entries.room(len(self))
        return made.first(_sort(KNOWN, self, 0, made))

    def _sorted(self) -> Entries:
        """`sorted` without the kernel."""
        made = self.picked(np.lexsort((self.numbers, self.digests, self.tags)))
        return made.picked(_needed(made))

    @classmethod
    def merged(cls, parts: list[Entries]) -> Entries:
        """All of several, sorted. The list is emptied meanwhile: of much, there is no second copy in memory."""
        count = sum(map(len, parts))
        if KNOWN is None or count < _LARGE:
            together = cls.joined(parts)
            parts.clear()
            return together.sorted()
        groups: list[list[Entries]] = [[] for _ in range(_GROUPS)]
        while parts:
            _split(KNOWN, parts.pop(), groups)
        made = cls.room(count)
        filled = 0
        for group in groups:
            own = cls.joined(group)
            group.clear()
            filled += _sort(KNOWN, own, _GROUP_BITS, made, filled)
            del own
            KNOWN.trim()  # what the group's parts took is in small pieces, which malloc would keep
        return made.first(filled)

    @classmethod
    def room(cls, count: int) -> Entries:
        """So many, to be written over."""
        return cls(np.empty(count, np.uint32), np.empty(count, np.uint64), np.empty(count, np.uint32))

    def first(self, count: int) -> Entries:
        """So many of these, which may go on to take the room of all."""
        return Entries(self.tags[:count], self.digests[:count], self.numbers[:count])

    @property
    def addresses(self) -> tuple[int, int, int]:
        """Of tags, digests and numbers."""
        return address(self.tags), address(self.digests), address(self.numbers)


def _sort(kernel: Kernel, entries: Entries, high: int, made: Entries, at: int = 0) -> int:
    """Write entries, which have the same highest bits, sorted into others from a place on. Gives how many."""
    tags, digests, numbers = made.addresses
    count = kernel.sorted(*entries.addresses, len(entries), high, tags + 4 * at, digests + 8 * at, numbers + 4 * at)
    if count < 0:
        raise MemoryError
    return int(count)


def _split(kernel: Kernel, entries: Entries, groups: list[list[Entries]]) -> None:
    """Add entries to the groups that they belong to by the highest bits of their tags."""
    made = Entries.room(len(entries))
    ends = np.empty(_GROUPS, dtype=np.uint64)
    kernel.split(*entries.addresses, len(entries), *made.addresses, address(ends))
    start = 0
    for group, end in zip(groups, ends.tolist(), strict=True):
        group.append(
            Entries(made.tags[start:end].copy(), made.digests[start:end].copy(), made.numbers[start:end].copy())
        )
        start = end


def _needed(entries: Entries) -> NDArray[np.bool_]:
    """Which of sorted entries are needed: of a window that a value has several times one, and of one that many values
    have those of the first. Segments are all needed."""
    parts = entries.numbers < WHOLE
    group = np.zeros(len(entries), dtype=np.bool_)  # begins here
    group[:1] = True
    group[1:] = (entries.tags[1:] != entries.tags[:-1]) | (entries.digests[1:] != entries.digests[:-1])
    fresh = group.copy()
    fresh[1:] |= entries.numbers[1:] >> VALUE_SHIFT != entries.numbers[:-1] >> VALUE_SHIFT
    counted = np.cumsum(fresh)
    rank: NDArray[np.intp] = counted - np.maximum.accumulate(np.where(group, counted, 0))
    needed: NDArray[np.bool_] = ~parts | (fresh & (rank < _ALIKE))
    return needed


def _filter_words(count: int) -> int:
    """How many words a filter of so many windows has: sparse if that is small, a power of two."""
    sparse = 1 << (count * _SPARSE_BITS // 64).bit_length()
    return max(_SMALLEST_FILTER, 1 << (count * _FILTER_BITS // 64).bit_length(), min(sparse, _SMALL_FILTER))


class Bank:
    """The windows of one width, to be searched. Immutable."""

    __slots__ = ("bucket_shift", "buckets", "entries", "filter", "gate", "sparse", "width", "word_shift")

    def __init__(self, width: int, parts: list[Entries], onto: Bank | None = None) -> None:
        """`parts` are in any order, and are taken out of the list. `onto` holds those of earlier values."""
        self.width = width
        self.gate = GATES[width]
        if onto is not None and sum(map(len, parts)) * _FEW_OF < len(onto):
            more = onto.entries.wanted(Entries.merged(parts))
            self.entries: Entries = onto.entries.with_few(more)
            self._make_room()
            self._fill(more, onto)
            return
        if onto is not None:
            parts.append(onto.entries)
        self.entries = Entries.merged(parts)
        self._make_room()
        self._fill(self.entries)

    def _make_room(self) -> None:
        """For the filter and for the buckets of the entries."""
        count = len(self.entries)
        words = _filter_words(count)
        bits = max(4, min(31, (count // _BUCKET).bit_length() - 1))
        self.sparse = words * 64 >= count * _SPARSE_BITS
        self.word_shift = 33 - words.bit_length()
        self.bucket_shift = 32 - bits
        self.filter = np.zeros(words, dtype=np.uint64)
        self.buckets = np.zeros((1 << bits) + 1, dtype=np.uint32)

    def _fill(self, entries: Entries, onto: Bank | None = None) -> None:
        """Take entries into the filter and the buckets, beside those of an earlier bank that has the same."""
        if onto is not None and (onto.word_shift, onto.bucket_shift) != (self.word_shift, self.bucket_shift):
            onto, entries = None, self.entries
        if onto is not None:
            self.filter[:] = onto.filter
        if KNOWN is None:
            fallback.fill(self.filter, self.word_shift, self.buckets, self.bucket_shift, entries.tags)
        else:
            KNOWN.fill(
                address(self.filter), self.word_shift, address(self.buckets), self.bucket_shift, len(self.buckets) - 1,
                address(entries.tags), len(entries),
            )  # fmt: skip
        if onto is not None:
            self.buckets += onto.buckets

    def __len__(self) -> int:
        return len(self.entries)

    def passed(self, mixers: NDArray[np.uint64], codes: NDArray[np.uint8]) -> list[tuple[int, int]]:
        """Positions whose window has the tag of an entry, ascending, with the tag. Without the kernel."""
        return fallback.passed(self, mixers, codes)

    def compiled(self) -> CBank:
        """What the kernel needs of it. The bank must be kept as long."""
        own = self.entries
        return CBank(
            self.width, self.gate, self.word_shift, self.bucket_shift, self.sparse,
            address(self.filter), address(self.buckets), address(own.tags), address(own.digests), address(own.numbers),
        )  # fmt: skip
