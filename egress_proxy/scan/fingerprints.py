"""Keyed fingerprints of windows, and finding them in a view with a few vector operations a width.

A window of k codes is hashed with a keyed polynomial that can be built for all positions by doubling. Some top bits of
the hash index a bit table; the few positions that pass are confirmed by a keyed BLAKE2b of the window. The polynomial
could be inverted by whoever holds the key, so only those table bits and the digests are kept, never a hash.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BLOCK = 65_536  # positions at a time: the vectors of one block stay in the processor's cache
_MASK = (1 << 64) - 1
DIGEST_BYTES = 16


class Keys(Struct, frozen=True):
    """Subkeys of the store's key: of digests, and of the polynomial."""

    digests: bytes
    base: int
    final: int

    def __repr__(self) -> str:
        return "Keys(…)"

    @classmethod
    def derive(cls, key: bytes) -> Keys:
        def sub(person: bytes, size: int) -> bytes:
            return blake2b(key, digest_size=size, person=person).digest()

        return cls(
            sub(b"known-digests", 32),
            int.from_bytes(sub(b"known-base", 8), "little") | 1,
            int.from_bytes(sub(b"known-final", 8), "little") | 1,
        )

    def digest(self, codes: bytes, purpose: bytes) -> bytes:
        """The MAC of codes (little-endian, 32 bits each), for one purpose."""
        return blake2b(codes, digest_size=DIGEST_BYTES, key=self.digests, person=purpose).digest()


def hashes(codes: NDArray[np.uint32], width: int, keys: Keys) -> NDArray[np.uint64]:
    """The hash of the window of `width` codes at each position; empty if there is none.

    H(a+b)[i] = H(a)[i] * base^b + H(b)[i+a], so that widths are sums of powers of two.
    """
    count = len(codes) - width + 1
    if count <= 0:
        return np.empty(0, dtype=np.uint64)
    power = codes.astype(np.uint64)
    total: NDArray[np.uint64] | None = None
    done, size = 0, 1
    while True:
        if width & size:
            # The larger part goes last: H(done + size).
            part = power[done:]
            total = part if total is None else total[: len(part)] * np.uint64(_power(keys.base, size)) + part
            done += size
        if size * 2 > width:
            break
        power = power[:-size] * np.uint64(_power(keys.base, size)) + power[size:]
        size *= 2
    if total is None:  # pragma: no cover  width is at least 1
        raise ValueError("width")
    return total[:count]


def _power(base: int, exponent: int) -> int:
    return pow(base, exponent, 1 << 64)


class Bank:
    """The windows of one width. Immutable once made."""

    __slots__ = ("_bits", "_entries", "_keys", "_table", "width")

    def __init__(
        self, width: int, keys: Keys, windows: Mapping[bytes, tuple[int, ...]], onto: Bank | None = None
    ) -> None:
        """`windows`: the codes of each window -> whatever numbers belong to it. Only digests are kept.

        `onto` is a bank of the same width and keys whose windows are kept too. Its table keeps its size, for no larger
        one can be made from its bits: a bank that grows many times over lets more positions through to the digests.
        """
        self.width = width
        self._keys = keys
        bits = max(16, (len(windows) * 512).bit_length())
        table, entries = (np.zeros(1 << (bits - 3), dtype=np.uint8), {}) if onto is None else onto.copied()
        self._bits = (table.size * 8).bit_length() - 1
        self._entries: dict[bytes, tuple[int, ...]] = entries
        if windows:
            codes = np.frombuffer(b"".join(windows), dtype="<u4")
            index = self._index(hashes(codes, width, keys)[::width])
            np.bitwise_or.at(table, index >> np.uint64(3), _bit(index))
            for window, numbers in windows.items():
                digest = self._digest(window)
                self._entries[digest] = self._entries.get(digest, ()) + numbers
        table.flags.writeable = False
        self._table: NDArray[np.uint8] = table

    def copied(self) -> tuple[NDArray[np.uint8], dict[bytes, tuple[int, ...]]]:
        """Table and entries, to be added to."""
        return self._table.copy(), dict(self._entries)

    def __bool__(self) -> bool:
        return bool(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def _digest(self, window: bytes) -> bytes:
        return self._keys.digest(window, b"window-%d" % self.width)

    def _index(self, values: NDArray[np.uint64]) -> NDArray[np.uint64]:
        return (values * np.uint64(self._keys.final)) >> np.uint64(64 - self._bits)

    def hits(self, codes: NDArray[np.uint32]) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Positions of registered windows, ascending, with their numbers."""
        for block in range(0, max(len(codes) - self.width + 1, 0), _BLOCK):
            part = codes[block : block + _BLOCK + self.width - 1]
            index = self._index(hashes(part, self.width, self._keys))
            passed = np.flatnonzero(self._table[index >> np.uint64(3)] & _bit(index))
            for at in passed.tolist():
                numbers = self._entries.get(self._digest(part[at : at + self.width].astype("<u4").tobytes()))
                if numbers is not None:
                    yield block + at, numbers


def _bit(index: NDArray[np.uint64]) -> NDArray[np.uint8]:
    return np.left_shift(np.uint8(1), (index & np.uint64(7)).astype(np.uint8))
