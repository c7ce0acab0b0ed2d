"""Secrets given away in pieces, in one text or over several of a session.

    "the first half is aB3xQz9k" … "and the second 7LmNp2Rt"

Each half alone is nothing. So the tokens of released texts that could be pieces are kept, the last of them, and those
of a new text are put before and behind each of them, and each other, and looked at as one; so is the row of all in
their order. The canonical view drops what stands between, so the pieces need no sign of what they are. Pure: whoever
calls keeps the `Pieces`, and knows which texts were judged before (`server.taints`).
"""

from __future__ import annotations

import ctypes
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from string import hexdigits
from typing import Final, TypeAlias

from msgspec import Struct

from egress_proxy.model import Finding
from egress_proxy.native import KERNEL
from egress_proxy.scan.codes import codes_of
from egress_proxy.scan.forms import REVEAL
from egress_proxy.scan.randomness import UNUSUAL_BITS, signs
from egress_proxy.scan.search import spans_by_text
from egress_proxy.scan.values import word_share

KEPT: Final = 128  # pieces of a session
OF_A_TEXT: Final = 48  # pieces that are looked at: the first and the last half as many
_REACH: Final = 32  # letters and digits of either end of a piece
SHORTEST: Final = 4
_FEWEST_LETTERS: Final = 2
_ROW: Final = 16  # pieces in their order that are joined as one
_WORDS: Final = 0.6
_LONG_NUMBER: Final = 8
_ROOM: Final = 64  # tokens that there is room for at first
_SIGNS_OF_LETTERS: Final = 3
_SIGNS_OF_ANY: Final = 2
_TOKEN: Final = re.compile(r"[^\s\"'`*(){}\[\]<>|,;&=…]{4,4096}+")
_ESCAPE: Final = re.compile(r"\\[nrt]")
_SEPARATORS: Final = re.compile(r"[^A-Za-z0-9]+")
_HEX: Final = frozenset(hexdigits)
_QUOTES: Final = frozenset("\"'`*=")
_IN_PRINT: Final = dict.fromkeys((0xAB, 0xBB, *range(0x2018, 0x2020), 0x2039, 0x203A), '"')  # quotation marks
_SPACE: Final = b" "
# A word without any of these is no piece: a digit, a capital after a small letter, a quotation mark.
_SIGNS: Final = (b"0", b"aA", b"q")

Token: TypeAlias = tuple[int, int, int]

if KERNEL is not None:
    KERNEL.find_piece_tokens.argtypes = (
        *(ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p),
        *(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t),
    )
    KERNEL.find_piece_tokens.restype = ctypes.c_size_t


def _kind(char: str) -> int:
    kinds = (
        (str.isdigit, "0"),
        (str.islower, "a"),
        (str.isupper, "A"),
        (str.isspace, " "),
        (_QUOTES.__contains__, "q"),
    )
    return ord(next((kind for is_one, kind in kinds if is_one(char)), "."))


_KINDS: Final = bytes(map(_kind, map(chr, range(256))))


class Row(Struct, frozen=True):
    """Pieces in a row, a line each; those from `start` to `end` are new."""

    text: str
    start: int
    end: int

    def __repr__(self) -> str:
        return f"Row({self.start}, {self.end})"

    def touched(self, found: Finding) -> bool:
        """Whether something new is in what was found: what was withheld is among the others, and together they may be a
        value."""
        return found.start < self.end and self.start < found.end


class Pieces(Struct, frozen=True):
    """The pieces of the texts of a session that were judged, the oldest first. Letters and digits only."""

    kept: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Pieces({len(self.kept)})"

    def with_new(self, new: tuple[str, ...]) -> Pieces:
        """These and the pieces of a text that was released; a piece said again counts once, where it was said last."""
        said = dict.fromkeys(new)
        row = [piece for piece in self.kept if piece not in said]
        return Pieces((*row, *said)[-KEPT:])

    def without(self, old: Iterable[str]) -> Pieces:
        """These without some."""
        gone = set(old)
        return Pieces(tuple(piece for piece in self.kept if piece not in gone))

    def joins(self, new: tuple[str, ...]) -> tuple[str, ...]:
        """What must be looked at before a text with the pieces `new` is released: each of them beside each of these and
        beside each other. A text for each, in which it stands between all that it is put before and behind."""
        rows = (
            (piece, [other for other in chain(self.kept, islice(new, at)) if other != piece])
            for at, piece in enumerate(new)
        )
        return tuple(piece.join(["", *others, ""]) for piece, others in rows if others)

    def rows(self, new: tuple[str, ...]) -> tuple[Row, ...]:
        """Likewise: all in their order, and in the other."""
        kept = self.kept[-_ROW:]
        if not new or (len(new) == 1 and not kept):
            return ()
        before, after = _lines(kept), _lines(reversed(new))
        return (
            Row(before + _lines(new), len(before), len(before) + len(after)),
            Row(after + _lines(reversed(kept)), 0, len(after)),
        )


def pieces_of(text: str, findings: Iterable[Finding], kernel: ctypes.CDLL | None = KERNEL) -> tuple[str, ...]:
    """The tokens of a text that could be pieces of a secret, in order: those that no word, name or number looks like.
    `findings` (all of this text) do not leave, so nothing in them is a piece."""
    left = left_of(text, findings)
    return pieces_in(left, tokens_of(left, kernel))


def left_of(text: str, findings: Iterable[Finding]) -> str:
    """What leaves of a text, with blanks in place of `findings` (all of this text)."""
    spans = next(iter(spans_by_text(findings).values()), [])
    if not spans:
        return text
    left, done = [], 0
    for start, end in spans:
        left += [text[done:start], " " * (end - start)]
        done = end
    return "".join([*left, text[done:]])


def pieces_in(text: str, tokens: Sequence[Token]) -> tuple[str, ...]:
    """Likewise, of `tokens_of` a text of which all leaves."""
    return ends_of(tokens, lambda token: _pieces(text, token), OF_A_TEXT)


def distinct_ends(all_: Iterable[str], most: int) -> tuple[str, ...]:
    """Each once; where that is too much, the first half of `most` and the last."""
    met = tuple(dict.fromkeys(all_))
    return met if len(met) <= most else (*met[: most // 2], *met[-(most // 2) :])


def ends_of(tokens: Sequence[Token], read: Callable[[Token], Iterable[str]], most: int) -> tuple[str, ...]:
    """What is read of tokens, each once; where that is too much, the first half of `most` and the last."""
    first = _distinct(chain.from_iterable(map(read, tokens)), most // 2, ())
    if len(first) < most // 2:
        return first
    backwards = (one for token in reversed(tokens) for one in reversed(tuple(read(token))))
    return (*first, *reversed(_distinct(backwards, most // 2, first)))


def _distinct(all_: Iterable[str], most: int, others: Sequence[str]) -> tuple[str, ...]:
    met = dict.fromkeys(others)
    for one in all_:
        met.setdefault(one)
        if len(met) == len(others) + most:
            break
    return tuple(met)[len(others) :]


def by_accident(join: str, found: Finding) -> bool:
    """Whether what was found in pieces that were joined is so few hex digits that ids have them in any order: of a text
    with fifty there are thousands of joins."""
    told = join[found.start : found.end].replace("\n", "")
    return len(told) < REVEAL and not told.strip(hexdigits)


def _pieces(text: str, token: Token) -> Iterator[str]:
    start, end, told = token
    own = text[start:end]
    if told:
        yield from (ends(own),) if own.isalnum() else _parted(own, _SEPARATORS.sub("", own))
    else:
        yield from _of_word(own)


def _of_word(word: str) -> Iterator[str]:
    word = word.translate(_IN_PRINT)
    quoted = not _QUOTES.isdisjoint(word)
    for token in _TOKEN.findall(_ESCAPE.sub(" ", word)):
        bare = token if token.isalnum() else "".join(filter(str.isalnum, token))
        if len(bare) >= SHORTEST and could_be_one(bare, token, quoted=quoted):
            yield from _parted(token, bare)


def _parted(token: str, bare: str) -> Iterator[str]:
    """A token as one piece, and what between its separators could be one: a part of an address, of a path, of a name.
    Where all the others are words, that alone: they would stand between it and the next."""
    parts = [part for part in _SEPARATORS.split(token) if part]
    telling = [part for part in parts if len(part) >= SHORTEST and _is_telling(part)]
    if len(telling) != 1 or not all(part.isalpha() or part in telling for part in parts):
        yield ends(bare)
    yield from map(ends, telling)


def _is_telling(part: str) -> bool:
    """Whether a part of a token could be a piece by itself: not of hex digits, as ids have them, nor of a time."""
    if _HEX.issuperset(part) or sum(map(str.isalpha, part)) < _FEWEST_LETTERS:
        return False
    return _is_no_word(part) if part.isalpha() else could_be_one(part, part, quoted=False)


def _is_no_word(letters: str) -> bool:
    return len(letters) >= SHORTEST and signs(letters) >= _SIGNS_OF_LETTERS and word_share(letters) < _WORDS


def tokens_of(text: str, kernel: ctypes.CDLL | None = KERNEL) -> list[Token]:
    """Where tokens begin and end that could be pieces, or words in which there may be some, and whether it is told that
    they could; in order. Without the kernel nothing is told but which words have a sign."""
    if kernel is None:
        kinds = text.translate(_IN_PRINT).encode("latin-1", "replace").translate(_KINDS)
        return [(*span, 0) for span in sorted({span for sign in _SIGNS for span in _with(kinds, sign)})]
    codes, width = codes_of(text)
    scratch = None if width == 1 else bytearray(len(text))
    where = ctypes.addressof(ctypes.c_char.from_buffer(scratch)) if scratch else None
    room = _ROOM
    out = array("I", bytes(3 * 4 * room))
    while True:
        unusual, into = UNUSUAL_BITS.buffer_info()[0], out.buffer_info()[0]
        count = kernel.find_piece_tokens(codes, width, len(text), unusual, where, into, room)
        if count <= room:
            break
        room, out = count, array("I", bytes(3 * 4 * count))
    return list(zip(out[: 3 * count : 3], out[1 : 3 * count : 3], out[2 : 3 * count : 3], strict=True))


def _with(kinds: bytes, sign: bytes) -> Iterator[tuple[int, int]]:
    """Where words with a sign begin and end."""
    at = kinds.find(sign)
    while at >= 0:
        end = kinds.find(_SPACE, at)
        end = len(kinds) if end < 0 else end
        yield kinds.rfind(_SPACE, 0, at) + 1, end
        at = kinds.find(sign, end)


def could_be_one(bare: str, token: str, *, quoted: bool) -> bool:
    """Whether the letters and digits of a token could be a piece. Shorter ones than a secret: letters that no one could
    say, capitals among small letters, digits among either."""
    if bare.isdigit():
        return len(bare) >= _LONG_NUMBER
    if bare.isalpha():
        if bare == token.strip(".:!?"):
            return signs(bare) >= (1 if quoted else _SIGNS_OF_LETTERS)
        # Not the end of one part of a path and the beginning of the next.
        return any(map(_is_no_word, _SEPARATORS.split(token)))
    return quoted or signs(bare) >= _SIGNS_OF_ANY or word_share(bare) < _WORDS


def _lines(pieces: Iterable[str]) -> str:
    return "".join([f"{piece}\n" for piece in pieces])


def ends(piece: str) -> str:
    """What of a piece is joined to others, and kept: what it begins with and what it ends with."""
    return piece if len(piece) <= 2 * _REACH else piece[:_REACH] + piece[-_REACH:]
