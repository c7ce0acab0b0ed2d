"""What `native/derive_signs.c` does, in Python: escapes that are worth a look, step by step as there."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from string import ascii_letters, digits, hexdigits
from typing import Final

from msgspec import Struct

from egress_proxy.scan.derive.kinds import Hint, Kind
from egress_proxy.scan.derive.rearranged import random_initials

ALNUM: Final = frozenset(ascii_letters + digits)
QUOTES: Final = frozenset("\"'`")
_HEX: Final = frozenset(hexdigits)
_NEAR, _SHORTEST_85, _LONGEST_GAP = 64, 20, 48
_CLOSE, _MANY, _LONGEST, _SEVERAL, _QUOTED = 8, 8, 24, 2, 6
_LONGEST_TITLE, _LONGEST_BODY = 64, 8192
_FEWEST_OF_DATA = 12
_LAST_OF_TWO_BYTES = 0xFFFF
_DISGUISES: Final = (  # beyond ASCII, what may stand for something else
    *(range(0x370, 0x590), range(0x200B, 0x2010), range(0x2060, 0x2065), range(0xFE00, 0xFE10), range(0xFF01, 0xFF5F)),
    (0xD835, 0xD83C, 0xDB40),
)
_ORDINARY: Final = frozenset(
    (
        *("lt", "gt", "quot", "apos", "nbsp", "mdash", "ndash", "hellip", "lsquo", "rsquo", "ldquo", "rdquo", "copy"),
        *("reg", "trade", "middot", "bull", "times", "larr", "rarr", "deg", "laquo", "raquo", "shy", "euro"),
    )
)
_LINE_MARKS: Final = frozenset(" >|*#+-")
_TITLE = re.compile(r"begin [0-9]")
_NAME = re.compile(r"#?[A-Za-z0-9]+;")
_ENTITY = re.compile(r"&([A-Za-z0-9]{2,10});")
_ANY_ENTITY = re.compile(r"&[A-Za-z0-9#]{2,10};")
_PERCENT = re.compile(r"%[2-9A-Fa-f][0-9A-Fa-f]")


def char(text: str, at: int) -> str:
    """The character at a place, or one that is nothing."""
    return text[at] if 0 <= at < len(text) else "\0"


def _number(text: str, at: int, base: int, most: int) -> int:
    number = 0
    for digit in text[at : at + most]:
        if digit not in _HEX or int(digit, 16) >= base:
            break
        number = number * base + int(digit, 16)
    return number


def _plain(code: int) -> bool:
    return 32 < code < 127  # noqa: PLR2004  printable


def _disguise(code: int) -> bool:
    return any(code in some for some in _DISGUISES)


def _data_before(text: str, end: int) -> bool:
    start, changes, numbers, after = end, 0, 0, 0
    while start > 0 and end - start < _NEAR and (text[start - 1] in ALNUM or text[start - 1] in "+/"):
        start -= 1
        one = text[start]
        sort = ("A" <= one <= "Z") + 2 * ("0" <= one <= "9")
        changes += sort != after
        numbers += sort >> 1
        after = sort
    return end - start >= _FEWEST_OF_DATA and changes * (4 if numbers else 3) >= end - start


def _over(text: str, at: int, limit: int) -> int:
    """The first place from `at` on that does not mark a line."""
    while at < limit and text[at] in _LINE_MARKS:
        at += 1
    return at


def _end_of_data(text: str, at: int) -> bool:
    past = at
    while past < min(len(text), at + 8) and text[past] == "\\":
        past += 1
    if char(text, past) not in "nr":
        return False
    slashes = past - at
    past = _over(text, past + 1, min(past + _LONGEST_GAP, len(text)))
    if past + 4 > len(text):
        return False
    after, before = text[past], char(text, at - 1)
    if text.startswith("0000", past):
        return True
    if before not in ALNUM and before not in "+/":
        return False
    goes_on = after in ALNUM or after == "/"
    if slashes > 2 and goes_on and before in ALNUM:  # noqa: PLR2004  one for itself, and one of the end
        return True
    return (goes_on or after == "\\" or after in QUOTES) and _data_before(text, at)


def _continues(text: str, at: int) -> bool:
    past = at + 1 + (text[at + 1] == "\r")
    if char(text, at - 1) not in ALNUM or char(text, past) != "\n":
        return False
    limit = min(at + _LONGEST_GAP, len(text))
    past = _over(text, past + 1, limit)
    return past < limit and text[past] in ALNUM


def _backslash(text: str, at: int) -> bool:
    kind, third = char(text, at + 1), char(text, at + 2)
    if kind in "uxU01234567":
        return _of_number(text, at, kind, third)
    if kind in "\r\n":
        return _continues(text, at)
    if kind == "'":
        return third == "'" and char(text, at - 1) == "'"
    return kind != '"' and _end_of_data(text, at)


def _of_number(text: str, at: int, kind: str, third: str) -> bool:
    """An escape that numbers a character; what is none may be an end of a line."""
    if kind in "ux" and third == "{":
        return True
    if kind == "u" and third in _HEX:
        code = _number(text, at + 2, 16, 4)
        return _plain(code) or _disguise(code)
    if kind == "x" and third in _HEX:
        return _number(text, at + 2, 16, 2) > 32  # noqa: PLR2004  a space
    if kind == "U":
        return third in _HEX
    return kind in "01234567" and third in "01234567" and _plain(_number(text, at + 1, 8, 3))


def _entity(text: str, at: int) -> bool:
    if char(text, at + 1) == "#" and at + 2 < len(text):
        hexadecimal = text[at + 2] in "xX"
        code = _number(text, at + 2 + hexadecimal, 16 if hexadecimal else 10, 7)
        return (_plain(code) and chr(code) not in "\"'&<>") or _disguise(code) or code > _LAST_OF_TWO_BYTES
    match = _ENTITY.match(text, at)
    if not match:
        return False
    if match[1] == "amp":
        return bool(_NAME.match(text, match.end(), match.end() + 12))
    return match[1] not in _ORDINARY


_ESCAPES: Final = {
    "%": lambda text, at: bool(_PERCENT.match(text, at)) and not text.startswith("%20", at),
    "\\": _backslash,
    "&": _entity,
}


def _size(text: str, at: int) -> int:
    """How long an escape of any kind is, ordinary ones included, but for those of quotes; 0 where there is none."""
    kind = char(text, at + 1)
    if text[at] == "%":
        return 3 if kind in _HEX and char(text, at + 2) in _HEX else 0
    if text[at] == "\\":
        if kind in "nrt":
            return 2
        size = {"u": 6, "x": 4}.get(kind, 4 if kind in digits else 0)
        return size if size and char(text, at + 2) in _HEX and at + size <= len(text) else 0
    match = _ANY_ENTITY.match(text, at)
    return match.end() - at if match else 0


class _Separators(Struct):
    """Ordinary escapes that stand between the pieces of something."""

    start: int = 0
    end: int = 0
    count: int = 0
    piece: int = 0
    gap: int = 0
    alike: int = 0

    def take(self, text: str, at: int, size: int) -> bool:
        """Take one more: whether they separate."""
        if self.end and at == self.end:
            self.end += size
            self.count += 1
        else:
            self._far(text, at, size)
        return (
            self.count >= (_SEVERAL if text[at] == "%" else _MANY)
            or self.alike > 1
            or (self.alike > 0 and self.piece >= _CLOSE)
        )

    def _far(self, text: str, at: int, size: int) -> None:
        apart = at - self.end
        piece = _piece(text, self.end, at)
        alike = (self.end and piece == apart and piece == self.piece) or apart == self.gap
        self.alike = self.alike + 1 if alike else 0
        if not self.end or not 0 <= apart <= (_LONGEST if self.alike or text[at] == "%" else _CLOSE):
            self.count = 0
        self.gap = apart if self.end and 0 <= apart <= _LONGEST else 0
        if not self.count:
            self.start = at
        self.piece = piece
        self.count += 1
        self.end = at + size


class _Heads:
    """What lines begin with whose ends are escaped."""

    def __init__(self) -> None:
        self._initials: deque[str] = deque(maxlen=16)
        self._places: deque[int] = deque(maxlen=16)

    def random(self, text: str, at: int) -> bool:
        """Take one more: whether the last sixteen look random."""
        initial = char(text, at + 2) if at + 2 < len(text) else "-"
        after = text[at + 3] if at + 3 < len(text) else " "
        if initial not in ALNUM or (initial in digits and after in digits):
            initial = "-"
        self._initials.append(initial)
        self._places.append(at)
        return len(self._initials) == self._initials.maxlen and random_initials("".join(self._initials))

    @property
    def first(self) -> int:
        """Where the end of the line before the first of them is."""
        return self._places[0]


def _piece(text: str, start: int, end: int) -> int:
    """The length of the word that ends at `end`, as far as `start`; 0 where it is too long."""
    at = end
    while at > start and end - at <= _LONGEST and text[at - 1] > " " and text[at - 1] != '"':
        at -= 1
    return end - at if end - at <= _LONGEST else 0


def _before_quoted(text: str, at: int, size: int) -> bool:
    """Whether an escaped end of a line stands between a word and one that is quoted on the next line."""
    after = at + size
    if after + 2 >= len(text) or text[at] != "\\" or text[after] not in ">|":
        return False
    while after < min(len(text), at + 8) and text[after] in " >|":
        after += 1
    return char(text, after) in ALNUM and _piece(text, 0, at) >= _QUOTED


def _in_data(text: str, at: int) -> bool:
    """Whether an ordinary entity stands in what looks random."""
    start = end = at
    while start > 0 and at - start < _NEAR and text[start - 1] > " " and text[start - 1] != "<":
        start -= 1
    while end < len(text) and end - at < _NEAR and text[end] > " " and text[end] != "<":
        end += 1
    sorts = [0, *(("A" <= one <= "Z") + 2 * ("0" <= one <= "9") + 4 * (one not in ALNUM) for one in text[start:end])]
    changes = sum(left != right for left, right in pairwise(sorts))
    return end - start >= _SHORTEST_85 and changes * 2 >= end - start


class _Files(Struct):
    """Uuencoded data in strings. `after`: where the escape before ended. What was searched is not searched again."""

    after: int = 0
    searched: int = 0

    def end(self, text: str, at: int) -> int:
        """Where the data end that begin after the escaped end of a line at `at`; 0 where there are none."""
        if not self._title(text, self.after, at):
            quote = text.rfind('"', max(at - _LONGEST_TITLE, 0), at)
            if quote < 0 or not self._title(text, quote + 1, at):
                return 0
        if at < self.searched:
            return 0
        most = min(at + _LONGEST_BODY, len(text))
        end = text.find("\\nend", at, most)
        self.searched = end if end >= 0 else most
        return max(end, 0)

    @staticmethod
    def _title(text: str, start: int, end: int) -> bool:
        return 10 < end - start <= _LONGEST_TITLE and bool(_TITLE.match(text, start))  # noqa: PLR2004  `begin 644 x`


def escapes(text: str, lead: str) -> Iterator[Hint]:
    """The regions of escapes with one lead."""
    start = end = 0
    separators, files, heads = _Separators(), _Files(), _Heads()
    at = text.find(lead)
    while at >= 0:
        first, size = at, _size(text, at)
        data = files.end(text, at) if text.startswith("\\n", at) else 0
        files.after = at + size
        seen = bool(data) or _ESCAPES[lead](text, at) or (lead == "&" and size > 0 and _in_data(text, at))
        if not seen and size:
            random = size == 2 and text.startswith("\\n", at) and heads.random(text, at)  # noqa: PLR2004
            if separators.take(text, at, size) or random or _before_quoted(text, at, size):
                first, seen = heads.first if random else separators.start, True
        if seen:
            if end and first > end + _NEAR:
                yield Kind.ESCAPED, start, end
                end = 0
            start = start if end else first
            end = max(data, at + 2, end)
        at = text.find(lead, at + 1)
    if end:
        yield Kind.ESCAPED, start, end
