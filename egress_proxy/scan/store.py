"""The tables of known values as they are searched: banks of windows, segments, and one call over a batch of texts."""

from __future__ import annotations

from ctypes import Array, addressof
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from msgspec import Struct

from egress_proxy.scan import fallback
from egress_proxy.scan.banks import Bank, Entries
from egress_proxy.scan.canonical import Batch, canonical_table, folded_table
from egress_proxy.scan.codes import codes_of
from egress_proxy.scan.compiled import KNOWN, MAX_BANKS, CBank, CRecord, CStore, Kernel, address
from egress_proxy.scan.fingerprints import CLASSES, FOLDED_WIDTH, Keys

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Bounds of one text, beyond which it is undecided: findings, and codes verified (some 6 ms).
MAX_HITS: Final = 4096
MAX_VERIFIED: Final = 4_194_304
MOST: Final = 65_536  # findings of a batch; in the texts beyond that have some nothing is decided
_FEW = 48
_LARGE = 262_144  # windows, whose building took several times the memory that they keep
_NO_MEMORY = -1

Record: TypeAlias = tuple[int, int, int, int]
"""Where in the joined texts something stands, its number in the bank, and for a segment the least distance between two
of its places. With the number UNDECIDED: a text that is given up on."""


class Segments(Struct, frozen=True):
    """What is kept of forms and long windows: so many codes around a window. One row each."""

    values: NDArray[np.uint32]
    befores: NDArray[np.uint32]  # codes before the window
    lengths: NDArray[np.uint32]
    leads: NDArray[np.uint32]  # of a plain whole: code points of the value before the first of its codes
    plain: NDArray[np.bool_]  # the whole of a value as it is; else it is in some form

    def __len__(self) -> int:
        return len(self.values)

    @classmethod
    def joined(cls, parts: list[Segments]) -> Segments:
        """All of several."""

        def column(arrays: list[NDArray[Any]], kind: type[np.generic]) -> NDArray[Any]:
            return np.concatenate([np.empty(0, kind), *arrays]).astype(kind)

        return cls(
            column([part.values for part in parts], np.uint32),
            column([part.befores for part in parts], np.uint32),
            column([part.lengths for part in parts], np.uint32),
            column([part.leads for part in parts], np.uint32),
            column([part.plain for part in parts], np.bool_),
        )


class Store:
    """Banks and segments under keys. Immutable and thread-safe."""

    __slots__ = ("_compiled", "banks", "folded_bank", "keys", "max_hits", "max_verified", "segments")

    def __init__(
        self,
        keys: Keys,
        entries: dict[int, list[Entries]],
        folded: list[Entries],
        segments: Segments,
        onto: Store | None = None,
    ) -> None:
        """`entries`: by width, in any order; they are taken out of the lists. `folded`: those of the folded view.
        `onto`: a store whose entries are kept as well, and whose segments come first in `segments`."""
        older = {} if onto is None else {bank.width: bank for bank in onto.banks}
        older_folded = None if onto is None else onto.folded_bank
        self.keys: Keys = keys
        self.segments = segments
        self.max_hits, self.max_verified = MAX_HITS, MAX_VERIFIED
        banks = [
            Bank(width, entries[width], older.get(width)) if any(map(len, entries.get(width, ()))) else older[width]
            for width in sorted({*older, *(width for width, own in entries.items() if any(map(len, own)))})
        ]
        self.banks: tuple[Bank, ...] = tuple(banks)
        self.folded_bank: Bank | None = (
            Bank(FOLDED_WIDTH, folded, older_folded) if any(map(len, folded)) else older_folded
        )
        self._compiled = None if KNOWN is None else self._for_kernel()

    def _for_kernel(self) -> CStore:
        banks = [*self.banks, *([] if self.folded_bank is None else [self.folded_bank])]
        compiled = CStore()
        compiled.mixers[:] = self.keys.mixers.tolist()
        compiled.state[:] = self.keys.state.tolist()
        compiled.befores, compiled.lengths = address(self.segments.befores), address(self.segments.lengths)
        compiled.canonical, compiled.folding = address(canonical_table()), address(folded_table())
        compiled.classes = address(CLASSES)
        compiled.banks, compiled.folded = len(self.banks), int(self.folded_bank is not None)
        compiled.max_hits, compiled.max_verified = self.max_hits, self.max_verified
        compiled.bank = (CBank * MAX_BANKS)(*(bank.compiled() for bank in banks))
        return compiled

    def trim(self) -> None:
        """Give back the memory that building it took, if that was much."""
        if KNOWN is not None and sum(map(len, self.banks)) >= _LARGE:
            KNOWN.trim()

    def find(self, joined: Batch, most: int = MOST) -> list[Record]:
        """Everything that stands in a batch, and the texts given up on."""
        if KNOWN is None or self._compiled is None:
            return fallback.find(self, joined, most + len(joined.starts))
        try:
            room = _rooms.pop()
        except IndexError:
            room = _Room()
        try:
            count = _call(KNOWN, self._compiled, joined, room.address, _FEW, 0)
            if count >= 0:
                return _records(room.records, count)
        finally:
            _rooms.append(room)
        many = (CRecord * (most + len(joined.starts)))()
        return _records(many, _call(KNOWN, self._compiled, joined, addressof(many), len(many), 1))


def _records(records: Array[CRecord], count: int) -> list[Record]:
    return [(one.start, one.end, one.number, one.gap) for one in records[:count]] if count else []


class _Room:
    """Room for the records of one call: next to no text has more."""

    def __init__(self) -> None:
        self.records = (CRecord * _FEW)()
        self.address = addressof(self.records)


_rooms: Final = [_Room()]  # each serves one call at a time; a thread that finds none makes another


def _call(kernel: Kernel, store: CStore, joined: Batch, records: int, capacity: int, last_chance: int) -> int:
    starts, texts = joined.starts.buffer_info()
    codes, width = codes_of(joined.joined)
    count = kernel.find(addressof(store), codes, width, starts, texts - 1, records, capacity, last_chance)
    if count == _NO_MEMORY:
        raise MemoryError
    return int(count)
