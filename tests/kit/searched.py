"""What was looked through for planted secrets and found clean is not looked through again.

A leak guard comes back to the same files after each module, and they grow: most of what it reads it has read before.
Bytes are looked through in blocks. A block that reads as one that was clean is passed over, and each reaches so far
into the next that nothing is lost between two.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

from tests.kit.canaries import Canaries

BLOCK: Final = 32_768
OVERLAP: Final = 4096
"""A value may stand across the end of a block, with signs between its characters."""


class Searched:
    """Looks for the planted values, and for a word more, and remembers what was clean."""

    def __init__(self, canaries: Canaries, word: bytes = b"") -> None:
        self._canaries, self._word = canaries, word
        self._clean = set[bytes]()

    def leaks(self, parts: Iterable[bytes]) -> list[str]:
        """Give the names of the values that stand in any of these, and `the word`."""
        found = dict[str, None]()
        for part in parts:
            for start in range(0, len(part), BLOCK):
                found.update(dict.fromkeys(self._block(part[start : start + BLOCK + OVERLAP])))
        return list(found)

    def _block(self, block: bytes) -> list[str]:
        digest = blake2b(block, digest_size=16).digest()
        if digest in self._clean:
            return []
        found = self._canaries.leaks(block)
        if self._word and self._word in block:
            found.append("the word")
        if not found:
            self._clean.add(digest)
        return found
