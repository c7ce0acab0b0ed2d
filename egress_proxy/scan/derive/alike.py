"""Characters that look or sound like others, and characters that nobody sees: Cyrillic and Greek letters among Latin
ones, small capitals, letters upside down, Braille, tags, variation selectors, and zero-width characters as bits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from egress_proxy.scan.derive.escapes import rewritten, windows
from egress_proxy.scan.derive.kinds import Hint, Kind
from egress_proxy.scan.derive.spans import Span, Woven, gathered

# Cyrillic, Greek, Armenian and phonetic letters by what they look like.
_LOOKS: Final = {
    "3": (0x0417,),
    "A": (0x0410, 0x0391),
    "B": (0x0412, 0x0392),
    "C": (0x0421, 0x03F9),
    "E": (0x0415, 0x0395),
    "H": (0x041D, 0x0397),
    "I": (0x0406, 0x0399),
    "J": (0x0408,),
    "K": (0x041A, 0x039A),
    "M": (0x041C, 0x039C),
    "N": (0x039D,),
    "O": (0x041E, 0x039F),
    "P": (0x0420, 0x03A1),
    "S": (0x0405,),
    "T": (0x0422, 0x03A4),
    "U": (0x0548,),
    "X": (0x0425, 0x03A7),
    "Y": (0x0423, 0x04AE, 0x03A5),
    "Z": (0x0396,),
    "a": (0x0430, 0x03B1, 0x0251),
    "b": (0x042C, 0x044C, 0x0432),
    "c": (0x0441, 0x03F2),
    "d": (0x0501,),
    "e": (0x0435, 0x03B5),
    "g": (0x0581, 0x0261),
    "h": (0x04BB, 0x043D, 0x0570),
    "i": (0x0456, 0x03B9, 0x0131),
    "j": (0x0458, 0x03F3),
    "k": (0x043A, 0x03BA),
    "l": (0x04CF,),
    "m": (0x043C,),
    "n": (0x043F, 0x03B7, 0x0578),
    "o": (0x043E, 0x03BF, 0x0585),
    "p": (0x0440, 0x03C1),
    "q": (0x051B, 0x0566),
    "r": (0x0433,),
    "s": (0x0455,),
    "t": (0x0442, 0x03C4),
    "u": (0x03C5, 0x057D),
    "v": (0x03BD,),
    "w": (0x0461, 0x051D, 0x03C9),
    "x": (0x0445, 0x03C7),
    "y": (0x0443, 0x04AF, 0x03B3),
}
# Small capitals, but for those that have none.
_SMALL_CAPITALS: Final = (
    "\u1d00\u0299\u1d04\u1d05\u1d07\ua730\u0262\u029c\u026a\u1d0a\u1d0b\u029f\u1d0d"
    "\u0274\u1d0f\u1d18\u01eb\u0280\ua731\u1d1b\u1d1c\u1d20\u1d21\u028f\u1d22"
)
_SMALL: Final = dict(zip(map(ord, _SMALL_CAPITALS), "abcdefghijklmnopqrstuvwyz", strict=True)) | {0xA7AF: "q"}
# Letters in squares, in discs, and of flags.
_FRAMED: Final = (0x1F130, 0x1F150, 0x1F170, 0x1F1E6)
_TURNED: Final = dict(zip(map(ord, "ɐɔǝɟƃɥᴉɾʞɯɹʇʌʍʎ"), "acefghijkmrtvwy", strict=True))  # upside down
_BRAILLE: Final = dict(zip(map(ord, "⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵"), "abcdefghijklmnopqrstuvwxyz", strict=True))
_CELL = re.compile("([\u2820-\u287e])")  # one for each byte: its dots are bits
_FIRST_CELL: Final = 0x2800
_CELLS = re.compile("[\u2820-\u287e]{8}")
_BRAILLE_NUMBER: Final = "\u283c"  # the letters from a to j after it are the digits from 1 to 0
# Cyrillic letters by what they sound like.
_SOUNDS: Final = dict(zip(map(ord, "абвгдежзийклмнопрстуфхцчшыэюя"), "abvgdejzijklmnoprstufhcqwyeuy", strict=True))
_TABLE: Final = (
    {code: look for look, codes in _LOOKS.items() for code in codes}
    | _TURNED
    | _BRAILLE
    | _SMALL
    | {first + at: chr(ord("a") + at) for first in _FRAMED for at in range(26)}
)
_FOREIGN = f"[{_SMALL_CAPITALS}ɐɔǝɟƃɥᴉɾʞɯɹʇʌʍʎ\u0131\u0251\u0261\u0370-\u03ff\u0400-\u052f\u0531-\u058f]"
_MIXED = re.compile(
    rf"(?:[A-Za-z0-9]{_FOREIGN}|{_FOREIGN}[A-Za-z0-9])\w*+|[{_SMALL_CAPITALS}]{{3}}\w*+|(?<!\w)[{_SMALL_CAPITALS}](?!\w)|"
    r"(?:[\U0001f130-\U0001f189\U0001f1e6-\U0001f1ff][^A-Za-z\n]{0,6}){5}|[\u2800-\u28ff]{8}"
)
_LOOKALIKE = re.compile(f"({_BRAILLE_NUMBER}[⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚]|[" + "".join(map(chr, sorted(_TABLE))) + "])")
_SOUNDING = re.compile("([" + "".join(map(chr, sorted(_SOUNDS))) + "])", re.IGNORECASE)
_TAGS = re.compile("[\U000e0020-\U000e007e]{4,}+")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{4,}+")
_BITS = re.compile("[\u200b-\u200f\u2060-\u2064\ufeff]{64,}+")
_READABLE = re.compile(r"[!-~]{6}")
_NEAR = 128


def hints(text: str) -> Iterator[Hint]:
    """Where a text beyond ASCII may hold such characters."""
    for kind, pattern in ((Kind.ALIKE, _MIXED), (Kind.TAGS, _TAGS), (Kind.SELECTORS, _SELECTORS), (Kind.BITS, _BITS)):
        first = last = -_NEAR
        for match in pattern.finditer(text):
            if kind is Kind.ALIKE and match.start() <= last + _NEAR:
                last = match.end()
                continue
            if last >= 0:
                yield kind, first, last
            first, last = match.span()
        if last >= 0:
            yield kind, first, last


def _look(written: str) -> str:
    if written[0] == _BRAILLE_NUMBER:
        return str((ord(_BRAILLE[ord(written[1])]) - ord("a") + 1) % 10)
    return _TABLE[ord(written)]


def _byte(cell: str) -> str:
    return chr(ord(cell) - _FIRST_CELL)


def _sound(char: str) -> str:
    """Of a letter in either case, and of one that only an expression that ignores case takes for it: `\u1c80`."""
    return _SOUNDS[ord(char.casefold())]


def alike(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """The text round letters of two alphabets in one word, in Latin letters."""
    around = list(windows(text, spans))
    if made := rewritten("look-alikes", _LOOKALIKE, _look, text, around):
        yield made
    if _CELLS.search(text) and (made := rewritten("cells", _CELL, _byte, text, around)):
        yield made
    if made := rewritten("sound-alikes", _SOUNDING, _sound, text, around):
        yield made


def tags(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """ASCII in tag characters."""
    for start, end in spans:
        read = "".join(chr(ord(char) - 0xE0000) for char in text[start:end])
        yield gathered("tags", read, range(start, end))


def _selector(char: str) -> int:
    code = ord(char)
    return code - 0xFE00 if code <= 0xFE0F else code - 0xE0100 + 16  # noqa: PLR2004  there are two blocks of them


def selectors(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """Bytes in variation selectors."""
    for start, end in spans:
        read = bytes(map(_selector, text[start:end])).decode("latin-1")
        yield gathered("selectors", read, range(start, end))


def invisible_bits(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """Bytes in two kinds of zero-width characters, either of which may be the one."""
    for start, end in spans:
        codes = np.frombuffer(text[start:end].encode("utf-32-le"), dtype="<u4")
        kinds, counts = np.unique(codes, return_counts=True)
        common = kinds[np.argsort(counts)][-2:]
        places = np.flatnonzero(np.isin(codes, common))
        for one in common:
            bits = codes[places[: len(places) & ~7]] == one
            read = np.packbits(bits).tobytes().decode("latin-1")
            if _READABLE.search(read):
                yield gathered("bits", read, places[::8][: len(read)] + start, 8)
