"""Keyed fingerprints of windows: what they are, and making many at once. `banks` has the tables they are kept in.

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
from egress_proxy.scan.compiled import KNOWN, address

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIGEST_BYTES = 16
# Of an entry's number: WHOLE, it is a segment's; else a value's, shifted, with a bit for whether it is in some form and
# two for how many codes from the window on are digested (0: the window).
WHOLE: Final = 1 << 31
VALUE_SHIFT: Final = 3
RUNS: Final = (0, 24, 32, 16)
FOLDED_WIDTH: Final = 6  # of the windows of the folded view
# By width of windows: the class that all their codes are of, or 0.
NUMERIC, BINARY = 1, 2
GATES: Final = {6: 0, 8: 0, 12: 0, 16: NUMERIC, 64: BINARY}


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
        inside(codes, positions, width)
        if KNOWN is None:
            return fallback.tags(self.mixers, width, codes, positions)
        tags = np.empty(len(positions), dtype=np.uint32)
        KNOWN.tags(address(self.mixers), width, address(codes), address(positions), len(positions), address(tags))
        return tags

    def window_digests(
        self, codes: NDArray[np.uint8], positions: NDArray[np.int64], lengths: NDArray[np.int64]
    ) -> NDArray[np.uint64]:
        """The digests of the codes at these positions, so many of each."""
        inside(codes, positions, lengths)
        if KNOWN is None:
            return fallback.digests(self.digests, codes, positions, lengths)
        made = np.empty(len(positions), dtype=np.uint64)
        KNOWN.digests(
            address(self.state), address(codes), address(positions), address(lengths), len(made), address(made)
        )
        return made


def inside(codes: NDArray[np.uint8], positions: NDArray[np.int64], lengths: NDArray[np.int64] | int) -> None:
    """Raise IndexError if one of the runs does not lie in the codes."""
    if len(positions) and (positions.min() < 0 or (positions + lengths).max() > len(codes)):
        raise IndexError


def variety(codes: NDArray[np.uint8], positions: NDArray[np.int64], width: int) -> NDArray[np.uint8]:
    """Of how many different codes each run of `width` is; 0 for a narrow one of digits alone, as in dates."""
    inside(codes, positions, width)
    if KNOWN is None:
        return fallback.variety(codes, positions, width)
    counts = np.empty(len(positions), dtype=np.uint8)
    KNOWN.variety(address(codes), address(positions), width, len(positions), address(counts))
    return counts
