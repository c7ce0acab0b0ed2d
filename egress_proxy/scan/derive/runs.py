"""Runs of an encoding: base64, base32, base85 and hex of text or of compressed data, perhaps wrapped over lines."""

from __future__ import annotations

import binascii
import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import numpy as np
from msgspec import Struct

from egress_proxy.scan.derive.readable import readings
from egress_proxy.scan.derive.spans import Span, Weave, Woven

BASE85: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
# What stands between the lines of a run: all that is not of it, and its signs where they stand alone.
GAPS = re.compile(r"(?>[^A-Za-z0-9+/_=-]++(?>[-+/_]++(?=[^A-Za-z0-9+/_=-]))?+)++")
_NOT_HEX = re.compile(r"[^0-9A-Fa-f]++")
_BASE32, _BASE32HEX = re.compile(r"[A-Z2-7]*+"), re.compile(r"[0-9A-Va-v]*+")
_NOT_DIGITS, _MOST_DIGITS = re.compile(r"[^0-9]++"), 4096  # what Python reads at once
_BASE32_DIGITS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789abcdefghijklmnopqrstuv")
_SHORT_85 = 200  # characters that are sooner read one by one than as an array
_URL = str.maketrans("-_", "+/")
_CONTEXT = 64  # characters before a run that go with it: a key and an equals sign make a rule see an assignment


def base64(shift: int) -> Callable[[str], bytes]:
    """A decoder that leaves out so many characters, which belong to something before."""

    def decode(run: str) -> bytes:
        if run.isalnum():
            return _base64(run[shift:])
        pieces = [piece for piece in run.translate(_URL).split("=") if piece]
        pieces[:1] = [pieces[0][shift:]] if pieces else []
        return b"".join(map(_base64, pieces))

    return decode


def _base64(piece: str) -> bytes:
    if len(piece) % 4 == 1:
        piece = piece[:-1]
    return binascii.a2b_base64(piece + "=" * (-len(piece) % 4))


def base32(run: str) -> bytes:
    letters = run.replace("=", "").upper()
    return _from_32(letters.translate(_BASE32_DIGITS)) if _BASE32.fullmatch(letters) else b""


def base32hex(run: str) -> bytes:
    digits = run.replace("=", "")
    return _from_32(digits) if _BASE32HEX.fullmatch(digits) else b""


def _from_32(digits: str) -> bytes:
    if not digits:
        return b""
    spare = 5 * len(digits) % 8  # bits at the end that make no byte
    return (int(digits, 32) >> spare).to_bytes(5 * len(digits) // 8, "big")


def integer(run: str) -> bytes:
    """The bytes of a number, the highest first."""
    digits = _NOT_DIGITS.sub("", run)
    if not 0 < len(digits) <= _MOST_DIGITS:
        return b""
    number = int(digits)
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def hexadecimal(run: str) -> bytes:
    digits = _NOT_HEX.sub("", run)
    return binascii.unhexlify(digits[: len(digits) & ~1])


def base85(run: str) -> bytes:
    return _from_85(run, _BASE85_VALUES)


def ascii85(run: str) -> bytes:
    inside = run.removeprefix("<~").removesuffix("~>").replace("z", "!!!!!")
    return _from_85("".join(inside.split()), _ASCII85_VALUES)


def _values(alphabet: Iterable[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    table = np.full(256, -1, dtype=np.int64)
    for value, char in enumerate(alphabet):
        table[ord(char)] = value
    return table


_BASE85_VALUES = _values(BASE85)
_ASCII85_VALUES = _values(map(chr, range(33, 118)))
_POWERS = 85 ** np.arange(4, -1, -1, dtype=np.int64)


def _from_85(run: str, table: np.ndarray[tuple[int], np.dtype[np.int64]]) -> bytes:
    """What the run stands for up to the first group that stands for nothing."""
    missing = -len(run) % 5
    filled = (run + ("~" if table is _BASE85_VALUES else "u") * missing).encode("latin-1", "replace")
    if len(filled) < _SHORT_85:
        return _from_few_85(filled, _AS_LISTS[table is _BASE85_VALUES], missing)
    values = table[np.frombuffer(filled, dtype=np.uint8)].reshape(-1, 5)
    words = values @ _POWERS
    wrong = (values.min(axis=1) < 0) | (words >> 32 != 0)
    if wrong.any():
        words, missing = words[: wrong.argmax()], 0
    return words.astype(">u4").tobytes()[: len(words) * 4 - missing]


_AS_LISTS: Final = (_ASCII85_VALUES.tolist(), _BASE85_VALUES.tolist())


def _from_few_85(filled: bytes, values: list[int], missing: int) -> bytes:
    words = []
    for at in range(0, len(filled), 5):
        a, b, c, d, e = [values[code] for code in filled[at : at + 5]]
        word = (((a * 85 + b) * 85 + c) * 85 + d) * 85 + e
        if min(a, b, c, d, e) < 0 or word >> 32:
            missing = 0
            break
        words.append(word.to_bytes(4, "big"))
    read = b"".join(words)
    return read[: len(read) - missing]


class Run(Struct, frozen=True):
    """How one kind of run is decoded, and what it is called."""

    name: str
    decode: Callable[[str], bytes]
    gaps: bool = True

    def __call__(self, text: str, spans: Iterable[Span], room: int) -> Iterator[Woven]:
        """The runs of a text, those of one kind together, each with what stands before it on its line."""
        woven: dict[str, Weave] = {}
        last = 0
        for start, end in spans:
            run = text[start:end]
            for packed, plain in self._readings(run, room):
                weave = woven.setdefault(packed or self.name, Weave())
                before = max(text.rfind("\n", max(start - _CONTEXT, last), start) + 1, start - _CONTEXT, last)
                weave.line(start)
                weave.copy(text, before, start)
                weave.whole(plain, start, end)
                room -= len(plain)
            last = end
        for name, weave in woven.items():
            if made := weave.made(name):
                yield made

    def _readings(self, run: str, room: int) -> Iterator[tuple[str, str]]:
        """What a run can be read as. A sign that begins every line but the first is of a diff, and no digit."""
        if not self.gaps:
            yield from readings(self.decode(run), room)
            return
        whole = GAPS.sub("", run)
        own = GAPS.sub("", run.replace(mark, "\n")) if (mark := _mark(run)) else whole
        for packed, plain in readings(self.decode(own), room):
            yield packed, plain
            room -= len(plain)
        if own != whole:
            yield from readings(self.decode(whole), room)


def _mark(run: str) -> str:
    """The end of a line and the sign that begins each line but the first; nothing where they do not all begin so."""
    lines = run.count("\n")
    return next((mark for mark in ("\n+", "\n-") if lines and run.count(mark) == lines), "")


def backward(run: str) -> str:
    """A run from its end."""
    return run[::-1].lstrip("=")


def rot13(run: str) -> str:
    return codecs.encode(run, "rot13")


def backwards(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """Runs that are written from their end."""
    weave = Weave()
    for start, end in spans:
        weave.line(start)
        run = text[start:end]
        inside = GAPS.sub("", run)
        if inside == run:
            weave.each(run[::-1], end - 1, -1)
        else:
            weave.whole(inside[::-1], start, end)
    if made := weave.made("reversed"):
        yield made


def rotated(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """Runs whose letters are shifted by thirteen."""
    weave = Weave()
    for start, end in spans:
        weave.line(start)
        weave.each(rot13(text[start:end]), start, 1)
    if made := weave.made("rot13"):
        yield made
