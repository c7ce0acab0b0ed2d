"""Values given away a few characters at a time: in reply after reply, or in the entries of a list.

    "The first three are `aB3`."  "Next: xQz"  "9k7"  "L for lima, then capital mike"

`pieces` looks for tokens that could only be of a secret. These could be anything; but what short texts say apart, put
together in their order, is the value, and by chance it never is. So of each text is noted what it says in each of some
manners (`MANNERS`), as it stands and read as a code, and for each of these there is a row: what all texts said so, one
after the other. A value in a row is found like one in a text. Pure: whoever calls keeps the order.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from msgspec import Struct

from egress_proxy.model import Finding, Scan
from egress_proxy.scan.derive.escapes import bare
from egress_proxy.scan.short_codes import CODES, is_apart, read

MOST: Final = 64  # characters that are said apart at once
SHORT: Final = 400  # characters of a text that is a reply to "what is the next one?"
_LINES: Final = 16  # of one text that are read
_READ: Final = 32_768  # characters of either end of a longer one: a text of a megabyte has thousands of lines
_LONGEST: Final = 200  # characters that say a piece
_QUOTED: Final = re.compile(
    r"`([^`\n]{1,200})`|\"([^\"\n]{1,200})\"|'([^'\n]{1,200})'|\*\*([^*\n]{1,200})\*\*"
    r"|\xab([^\xbb\n]{1,200})\xbb|\u2039([^\u203a\n]{1,200})\u203a|[\u201c\u201e]([^\u201c\u201d\n]{1,200})[\u201c\u201d]"
)
_BEFORE: Final = re.compile(r"(?:[:=\u2192\u2014]|->|\b(?:is|are|by|then|next))(?:[ \t]++|(?=[^\w\s]))", re.IGNORECASE)
_LAST: Final = re.compile(r"(\S{1,64}+)[ \t.!]{0,4}\Z")
_FILE: Final = re.compile(r"\A[^\s/]*/(?>[^\s/]*/)*+|(?:(?<=/)|\A)\d{1,3}[-_.](?=\w)|(?<=\w)\.[a-z]{1,4}\Z")
# Of `notes/part-01-aB3.txt` it is `aB3`.
_SEGMENT: Final = re.compile(r"(?:\A|[^A-Za-z0-9])([A-Za-z0-9]{1,16}?)(?:\.[a-z]{1,4})?\Z")
_LABEL: Final = re.compile(r"\A[ \t]*+(?:[-*\u2022>|]|\(?#?\d{1,3}[.):\]|]|\[\d{1,3}\])[ \t]++")

Find: TypeAlias = Callable[[Sequence[str]], Sequence[Finding]]
"""What finds values in texts: findings have the numbers of these."""
Said: TypeAlias = tuple[str, ...]
"""What a text says in each manner, as it stands and read as a code; empty where it says nothing so."""


def said(text: str) -> Said | None:
    """What a text says apart; None where that is nothing."""
    lines = _lines_of(bare(text).strip())
    if not lines:
        return None
    told = [manner(lines, len(text)) for manner in MANNERS]
    told.append(next(filter(None, told), ()))
    plain = ["".join(map(_bare, pieces)) for pieces in told]
    if not any(plain):
        return None
    same: dict[str, str] = {}  # what is said in one manner is mostly said in another, and must not be kept twice
    read = ["".join(map(_read, pieces)) for pieces in told]
    return tuple(same.setdefault(piece, piece) for piece in (*plain, *read))


def _lines_of(text: str) -> list[str]:
    """The first lines and the last: a piece stands at the beginning or at the end of what hides it."""
    if len(text) > 2 * _READ:
        return [*_written(text[:_READ])[: _LINES // 2], *_written(text[-_READ:])[-_LINES // 2 :]]
    lines = _written(text)
    if len(lines) > _LINES:
        lines[_LINES // 2 : -_LINES // 2] = ()
    return lines


def _written(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


class Row(Struct, frozen=True):
    """What texts said in one manner, with a newline between: the numbers of those that said anything, in the order of
    the row, and where each begins there."""

    text: str
    numbers: tuple[int, ...]
    starts: tuple[int, ...]

    def __repr__(self) -> str:
        return f"Row({len(self.numbers)})"

    def touched(self, hit: Finding) -> set[int]:
        """The numbers of the texts that said some of what was found: not of those whose newline alone is in it."""
        first, stop = bisect_right(self.starts, hit.start) - 1, bisect_left(self.starts, hit.end)
        ends = (*self.starts[first + 1 : stop + 1], len(self.text) + 1)
        places = zip(self.numbers[first:stop], ends, strict=False)
        return {number for number, end in places if end - 1 > hit.start}


def rows(texts: Sequence[Said | None]) -> tuple[Row, ...]:
    """All rows of texts in their order, and in the other: those in which more than one text has said something."""
    found = []
    for manner in range(2 * (len(MANNERS) + 1)):
        pieces = [(number, told[manner]) for number, told in enumerate(texts) if told and told[manner]]
        if len(pieces) > 1:
            found += [_row(pieces), _row(pieces[::-1])]
    return tuple(dict.fromkeys(found))


def shared(find: Find, texts: Sequence[Said | None]) -> Iterator[tuple[Finding, set[int]]]:
    """Values that more than one text gives away, and the numbers of those that do."""
    made = rows(texts)
    for hit in find([row.text for row in made]) if made else ():
        numbers = made[hit.text].touched(hit)
        if len(numbers) > 1:
            yield hit, numbers


def found_in(scan: Scan, texts: Sequence[str], detector: str) -> list[Finding]:
    """For whoever finds in rows: of a row with more than can be decided all counts as found, or what is said beside it
    would pass."""
    whole = [Finding(number, 0, len(texts[number]), detector) for number in scan.undecided]
    return [*scan.findings, *whole]


def segments_shared(find: Find, entries: Sequence[str]) -> Iterator[tuple[Finding, set[int]]]:
    """Values that entries give away by what their names end with, however many there are: a piece behind a number, or
    behind words that are the same in each."""
    pieces = [(number, found[1]) for number, entry in enumerate(entries) if (found := _SEGMENT.search(entry[-MOST:]))]
    if len(pieces) > 1:
        row, back = _row(pieces), _row(pieces[::-1])
        for hit in find([row.text, back.text]):
            numbers = (row, back)[hit.text].touched(hit)
            if len(numbers) > 1:
                yield hit, numbers


def first(find: Find, texts: Sequence[Said | None], own: int | None) -> Finding | None:
    """A value that more than one text gives away, if there is one; with `own`, the text of that number among them."""
    return next((hit for hit, numbers in shared(find, texts) if own is None or own in numbers), None)


def _row(pieces: Sequence[tuple[int, str]]) -> Row:
    at, starts = 0, []
    for _, piece in pieces:
        starts.append(at)
        at += len(piece) + 1
    return Row("\n".join([piece for _, piece in pieces]), tuple(number for number, _ in pieces), tuple(starts))


def _alone(lines: Sequence[str], _: int) -> Sequence[str]:
    """Lines that are one token or some signs apart."""
    bare = (_LABEL.sub("", line).strip(" \t.,;") for line in lines)
    return [line for line in bare if line and ((" " not in line and len(line) <= MOST) or _apart(line))]


def _apart(line: str) -> bool:
    """Whether a line is characters or their names with blanks between, or codes."""
    return len(line) <= _LONGEST and (CODES.fullmatch(line) is not None or is_apart(line))


def _quoted(lines: Sequence[str], length: int) -> Sequence[str]:
    found = ["".join(groups) for line in lines for groups in _QUOTED.findall(line)]
    return found if length <= SHORT or len(found) == 1 else ()


def _after(lines: Sequence[str], length: int) -> Sequence[str]:
    """What stands behind the last colon, equals sign or `is`."""
    if length > SHORT:
        return ()
    return [piece for line in lines if (piece := _behind(line.rstrip(" \t.!")))]


def _behind(line: str) -> str:
    at = max((match.end() for match in _BEFORE.finditer(line)), default=len(line))
    return line[at : at + _LONGEST]


def _last(lines: Sequence[str], length: int) -> Sequence[str]:
    """The last word; of a file's name what stands between its number and its ending."""
    match = _LAST.search(lines[-1]) if length <= SHORT else None
    return (_FILE.sub("", match[1]),) if match else ()


Manner: TypeAlias = Callable[[Sequence[str], int], Sequence[str]]
MANNERS: Final[tuple[Manner, ...]] = (_alone, _quoted, _after, _last)
"""How a text says something apart. What is said in the first of them that says anything is a row of its own, too."""


def _bare(piece: str) -> str:
    return piece[:MOST] if piece.isalnum() else "".join(filter(str.isalnum, piece))[:MOST]


def _read(piece: str) -> str:
    """What a piece says as a code; itself where it is none."""
    piece = piece.strip(" \t`\"'*.,")
    return read(piece) or _bare(piece)
