"""Keyed fingerprints of windows: making them, many at once, and the sorted tables that they are kept in.

A window has a tag of 32 bits, which finds it, and an entry has a digest (BLAKE2b under a subkey, 8 bytes) of the codes
that must stand there, which decides. Both are one-way for whoever has the key too: nothing but guessing inverts a
digest, and a tag is made of each window anew, so that tags of neighbours do not solve for the characters they share.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import numpy as np
from msgspec import Struct

from egress_proxy.scan import fallback
from egress_proxy.scan.compiled import KNOWN, CBank, address

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIGEST_BYTES = 16
# Of an entry's number: WHOLE, it is a segment's; else a value's, shifted, with a bit for whether it is in some form and
# two for how many codes from the window on are digested (0: the window).
WHOLE: Final = 1 << 31
VALUE_SHIFT: Final = 3
RUNS: Final = (0, 24, 32)
FOLDED_WIDTH: Final = 6  # of the windows of the folded view
# By width of windows: the class that all their codes are of, or 0.
NUMERIC, BINARY = 1, 2
GATES: Final = {6: 0, 8: 0, 12: 0, 16: NUMERIC, 64: BINARY}
_FILTER_BITS = 12  # of the filter a window, at least; at most twice as many
_SPARSE_BITS = 128  # of it a window, at least, for one of whose words eight are looked at together
_SMALLEST_FILTER, _SMALL_FILTER = 1 << 7, 1 << 11  # words of 64 bits; a small one stays in the first cache
_BUCKET = 2  # entries a bucket, at least
_FEW_OF = 8  # entries that there are for each that is added, at least, for it to be inserted
_ALIKE = 4  # values that may share a window: what stands in more is nobody's secret


def _classes() -> NDArray[np.uint8]:
    table = np.zeros(256, dtype=np.uint8)
    for bit, members in ((NUMERIC, b"0123456789abcdefxou"), (BINARY, b"01")):
        table[list(members)] |= bit
    table.flags.writeable = False
    return table


CLASSES: Final = _classes()


class Keys(Struct, frozen=True):
    """Subkeys of the store's key: of digests, and of tags."""

    digests: bytes
    mixers: NDArray[np.uint64]  # three
    state: NDArray[np.uint64]  # of the digests of windows, after the key
    check: bytes  # tells whether two stores have the same key

    def __repr__(self) -> str:
        return "Keys(…)"

    @classmethod
    def derive(cls, key: bytes) -> Keys:
        def sub(person: bytes, size: int) -> bytes:
            return blake2b(key, digest_size=size, person=person).digest()

        digests = sub(b"known-digests", 32)
        mixers = np.frombuffer(sub(b"known-tags", 24), dtype="<u8").astype(np.uint64)
        mixers[1:] |= np.uint64(1)  # they multiply
        state = np.zeros(8, dtype=np.uint64)
        if KNOWN is not None:
            KNOWN.keyed(digests, fallback.PERSON, address(state))
        return cls(digests, mixers, state, sub(b"known-check", 8))

    def digest(self, text: bytes, purpose: bytes) -> bytes:
        """The MAC of bytes, for one purpose."""
        return blake2b(text, digest_size=DIGEST_BYTES, key=self.digests, person=purpose).digest()

    def tags(self, width: int, codes: NDArray[np.uint8], positions: NDArray[np.int64]) -> NDArray[np.uint32]:
        """The tags of the windows at these positions, all of which lie in the codes."""
        _inside(codes, positions, width)
        if KNOWN is None:
            return fallback.tags(self.mixers, width, codes, positions)
        tags = np.empty(len(positions), dtype=np.uint32)
        KNOWN.tags(address(self.mixers), width, address(codes), address(positions), len(positions), address(tags))
        return tags

    def window_digests(
        self, codes: NDArray[np.uint8], positions: NDArray[np.int64], lengths: NDArray[np.int64]
    ) -> NDArray[np.uint64]:
        """The digests of the codes at these positions, so many of each."""
        _inside(codes, positions, lengths)
        if KNOWN is None:
            return fallback.digests(self.digests, codes, positions, lengths)
        made = np.empty(len(positions), dtype=np.uint64)
        KNOWN.digests(
            address(self.state), address(codes), address(positions), address(lengths), len(made), address(made)
        )
        return made


def _inside(codes: NDArray[np.uint8], positions: NDArray[np.int64], lengths: NDArray[np.int64] | int) -> None:
    if len(positions) and (positions.min() < 0 or (positions + lengths).max() > len(codes)):
        raise IndexError


def variety(codes: NDArray[np.uint8], positions: NDArray[np.int64], width: int) -> NDArray[np.uint8]:
    """Of how many different codes each run of `width` is; 0 for a narrow one of digits alone, as in dates."""
    _inside(codes, positions, width)
    if KNOWN is None:
        return fallback.variety(codes, positions, width)
    counts = np.empty(len(positions), dtype=np.uint8)
    KNOWN.variety(address(codes), address(positions), width, len(positions), address(counts))
    return counts


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

    def with_few(self, more: Entries) -> Entries:
        """These, which are sorted, and a few others of later values, sorted too: quicker than sorting all again."""
        more = more.picked(self._places_left(more) > 0)
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
        order = np.argsort((self.tags.astype(np.uint64) << np.uint64(32)) | (self.digests >> np.uint64(32)))
        sorted_ = self.picked(order)
        same = np.zeros(len(self) + 1, dtype=np.bool_)
        same[1:-1] = (sorted_.tags[1:] == sorted_.tags[:-1]) & (
            (sorted_.digests[1:] ^ sorted_.digests[:-1]) >> np.uint64(32) == 0
        )
        ties = np.flatnonzero(same[1:] | same[:-1])
        if not len(ties):
            return sorted_
        tied = sorted_.picked(ties)
        tied = tied.picked(np.lexsort((tied.numbers, tied.digests, tied.tags)))
        sorted_.tags[ties], sorted_.digests[ties], sorted_.numbers[ties] = tied.tags, tied.digests, tied.numbers
        keep = np.ones(len(self), dtype=np.bool_)
        keep[ties] = _needed(tied)
        return sorted_.picked(keep)


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

    def __init__(self, width: int, entries: Entries, onto: Bank | None = None) -> None:
        """`entries` are in any order. `onto` holds those of earlier values."""
        few = onto is not None and len(entries) * _FEW_OF < len(onto)
        if onto is not None:
            entries = onto.entries.with_few(entries.sorted()) if few else Entries.joined([onto.entries, entries])
        entries = entries if few else entries.sorted()
        count = len(entries)
        self.width = width
        self.gate = GATES[width]
        self.entries: Entries = entries
        words = _filter_words(count)
        self.sparse = words * 64 >= count * _SPARSE_BITS
        self.word_shift = 33 - words.bit_length()
        self.filter = np.zeros(words, dtype=np.uint64)
        bits = max(4, min(31, (count // _BUCKET).bit_length() - 1))
        self.bucket_shift = 32 - bits
        self.buckets = np.zeros((1 << bits) + 1, dtype=np.uint32)
        np.cumsum(np.bincount(entries.tags >> np.uint32(self.bucket_shift), minlength=1 << bits), out=self.buckets[1:])
        if KNOWN is None:
            fallback.fill(self.filter, self.word_shift, entries.tags)
        else:
            KNOWN.fill(address(self.filter), self.word_shift, address(entries.tags), count)

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
