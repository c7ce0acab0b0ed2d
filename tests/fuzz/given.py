"""Bytes read as decisions: the same bytes always mean the same input, and any bytes mean one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

T = TypeVar("T")


class Given:
    """What is left of the bytes. At their end every number is 0, so every choice the first and every list empty."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def more(self) -> bool:
        """Whether there is something left."""
        return self._at < len(self._data)

    def number(self, below: int) -> int:
        """Give a number from 0 up, of one byte, or of two if it may be large."""
        size = 1 if below <= 256 else 2
        found = int.from_bytes(self._data[self._at : self._at + size], "big")
        self._at += size
        return found % below

    def chance(self) -> bool:
        return self.number(2) == 1

    def pick(self, among: Sequence[T]) -> T:
        """Give one of several. `among` must not be empty."""
        return among[self.number(len(among))]

    def data(self, most: int) -> bytes:
        """Give some bytes, as many as the next one says."""
        size = self.number(min(most, 255) + 1)
        found = self._data[self._at : self._at + size]
        self._at += size
        return found

    def rest(self) -> bytes:
        """Give all that is left."""
        found = self._data[self._at :]
        self._at = len(self._data)
        return found

    def text(self, most: int = 12) -> str:
        """Give some text: any code point may be in it, lone surrogates too."""
        return as_text(self.data(most))

    def pieces(self, words: Sequence[str], most: int = 64) -> str:
        """Give a text of pieces: words of a table, or any text where the table's number 0 is drawn."""
        found: list[str] = []
        while self.more and len(found) < most:
            number = self.number(len(words) + 1)
            found.append(words[number - 1] if number else self.text())
        return "".join(found)

    def json(self, keys: Sequence[str], leaves: Sequence[Any], depth: int = 5) -> Any:
        """Give a value of JSON whose keys and leaves are mostly of tables."""
        kind = self.number(8) if depth else self.number(4)
        if kind < 2:
            return self.pick(leaves)
        if kind == 2:
            return self.number(65536) - 100
        if kind == 3:
            return self.text()
        if kind == 4:
            return [self.json(keys, leaves, depth - 1) for _ in range(self.number(4))]
        return {
            self.pick(keys) if self.number(8) else self.text(): self.json(keys, leaves, depth - 1)
            for _ in range(self.number(8))
        }


def as_text(data: bytes) -> str:
    """Give the text of bytes: as UTF-8, and what is none of it as a lone surrogate each."""
    return data.decode("utf-8", "surrogateescape")
