r"""Escapes among other characters: `%41`, `\u0041`, `\x41`, `\101`, `&#65;`, `&amp;`, and quoted-printable's `=41`; and
what terminals obey and do not show: colours, links, characters that are written over."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Final

from egress_proxy.scan.derive.spans import Span, Woven, replaced

_BEFORE, _AFTER = 96, 512  # what goes with the escapes of a line
_LONGEST_WORD = 4096
_MOST_APART = 2048  # characters in all, to be read by one kind of escapes at a time
# Characters beyond ASCII take several bytes, so escapes of such bytes are read together.
_PERCENT = r"(?:%[89A-Fa-f][0-9A-Fa-f])++|%[0-7][0-9A-Fa-f]"
_BACKSLASH = (
    r"'\\''|\\\r?\n[ \t>|*#+-]{0,48}+|(?:\\x[89A-Fa-f][0-9A-Fa-f])++|\\x[0-7][0-9A-Fa-f]"
    r"|(?:\\[23][0-7][0-7])++|\\0000[2-7][0-9A-Fa-f]|\\01[0-7][0-7]|\\[01]?[0-7][0-7]"
    r"|(?>\\u[dD][89A-Fa-f][0-9A-Fa-f]{2})++|\\u[0-9A-Fa-f]{4}|\\u\{[0-9A-Fa-f]{1,6}\}|\\x\{[0-9A-Fa-f]{1,6}\}"
    r"|\\U[0-9A-Fa-f]{8}|\\[nrtbf0\"'/\\`]"
)
_ENTITY = r"&#[0-9]{1,7};?|&#[xX][0-9A-Fa-f]{1,6};?|&[A-Za-z][A-Za-z0-9]{1,9};"
_ESCAPE = re.compile(f"({_PERCENT}|{_BACKSLASH}|{_ENTITY})")
_BY_SIGN: Final = {sign: re.compile(f"({one})") for sign, one in (("%", _PERCENT), ("\\", _BACKSLASH), ("&", _ENTITY))}
# Of style sheets: with a blank after the digits, or with six of them.
_STYLED = re.compile(r"(\\[0-9A-Fa-f]{1,6} ?)")
_STYLES = re.compile(
    r"(?=(?:\\[0-9A-Fa-f]{1,6} ?){0,8}?\\(?:[0-9A-Fa-f]{2,5} |[0-9A-Fa-f]{6}))(?:\\[0-9A-Fa-f]{2,6} ?){8}"
)
_QUOTED_PRINTABLE = re.compile(r"((?:=[89A-F][0-9A-F])++|=[0-7][0-9A-F]|=[ \t]{0,8}\r?\n)")
_QP = r"(?:=[0-9A-F]{2}|(?<=\S)=\r?\n(?=\S))"
QUOTED_PRINTABLE_HINT: Final = re.compile(rf"=3D|{_QP}[^=]{{0,128}}{_QP}")
TERMINAL_HINT: Final = re.compile(r"[\x1b\x08]")
# Colours and places, links and titles, other sequences; a character that a backspace takes away.
_TERMINAL = re.compile(
    r"(\x1b\[[0-?]{0,64}+[ -/]{0,8}+[@-~]|\x1b\][^\x07\x1b\n]{0,2048}+(?:\x07|\x1b\\)|\x1b[ -/]{0,8}+[0-Z\\^-~]"
    r"|[^\n\x08]\x08)"
)
_NUMBERS = re.compile(r"[0-9A-Fa-f]{2}")
_OCTALS = re.compile(r"[0-7]{2,4}")
_SIMPLE: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "0": "\0"}
_LAST = 0x10FFFF


def _bytes(numbers: Iterable[int]) -> str:
    data = bytes(numbers)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _char(code: int) -> str:
    return chr(code) if code <= _LAST else ""


def _read(escape: str) -> str:
    """What one escape, or some that belong together, stands for."""
    if escape[0] == "'":
        return "'"
    if escape[0] == "&":
        return html.unescape(escape)
    if escape[0] == "\\":
        return _backslash(escape)
    return "" if escape[1].isspace() else _bytes(int(number, 16) for number in _NUMBERS.findall(escape))


def _backslash(escape: str) -> str:
    kind = escape[1]
    if kind in "\r\n":
        return ""  # the line goes on
    if "{" in escape or kind == "U" or escape.startswith("\\0000"):  # the last as in style sheets
        return _char(int(escape[1:].strip("uUx{}"), 16))
    if kind == "u":
        return bytes.fromhex(escape.replace("\\u", "")).decode("utf-16-be", "replace")
    if kind == "x":
        return _bytes(int(number, 16) for number in _NUMBERS.findall(escape))
    if len(escape) > 2:  # noqa: PLR2004  octal has two digits and more
        return _bytes(int(number, 8) for number in _OCTALS.findall(escape))
    return _SIMPLE.get(kind, kind)


def _word_start(text: str, at: int) -> int:
    """Where the word begins that a place is in: a run of data is not cut in two."""
    least = max(at - _LONGEST_WORD, 0)
    return max(text.rfind(" ", least, at), text.rfind("\n", least, at), least - 1) + 1


def windows(text: str, spans: Iterable[Span]) -> Iterator[Span]:
    """The spans with some of their lines around them, joined where they touch."""
    low = high = -1
    for start, end in sorted(spans):
        begin = _word_start(text, max(text.rfind("\n", max(start - _BEFORE, 0), start) + 1, start - _BEFORE, 0))
        line = text.find("\n", end, end + _AFTER)
        stop = line if line >= 0 else min(end + _AFTER, len(text))
        if low >= 0 and begin > high:
            yield low, high
            low = -1
        low, high = (begin if low < 0 else low), max(stop, high)
    if low >= 0:
        yield low, high


def rewritten(
    kind: str, pattern: re.Pattern[str], read: Callable[[str], str], text: str, windows: Iterable[Span]
) -> Woven | None:
    """The windows of a text with what the pattern matches, in its one group, read otherwise. A window is a line."""
    copies, escapes, readings, first, last = list[str](), list[int](), list[str](), -1, 0
    for start, end in windows:
        parts = pattern.split(text[start:end])
        if len(parts) < 2:  # noqa: PLR2004  no match
            continue
        if first < 0:
            first = start
        else:
            readings.append("\n")
            escapes.append(start - last)
        copies += parts[::2]
        readings += map(read, parts[1::2])
        escapes += map(len, parts[1::2])
        last = end
    return replaced(kind, copies, readings, escapes, first) if copies else None


def _unescaped(pattern: re.Pattern[str], kind: str, text: str, windows: Iterable[Span]) -> Iterator[Woven]:
    if made := rewritten(kind, pattern, cache(_read), text, windows):
        yield made


def _styled(text: str, windows: Iterable[Span]) -> Iterator[Woven]:
    if made := rewritten("escapes", _STYLED, lambda escape: _char(int(escape[1:], 16)), text, windows):
        yield made


def unescaped(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """The lines of some escapes without any; and, where there are escapes of several kinds, those of each kind alone:
    what is data may look like an escape of another kind."""
    around = list(windows(text, spans))
    yield from _unescaped(_ESCAPE, "escapes", text, around)
    if styled := [window for window in around if _STYLES.search(text, *window)]:
        yield from _styled(text, styled)
    if sum(end - start for start, end in around) > _MOST_APART:
        return
    kinds = [one for sign, one in _BY_SIGN.items() if any(sign in text[start:end] for start, end in around)]
    if len(kinds) > 1:
        for one in kinds:
            yield from _unescaped(one, "escapes", text, around)


def quoted_printable(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """The lines of some of its escapes without any."""
    yield from _unescaped(_QUOTED_PRINTABLE, "quoted-printable", text, windows(text, spans))


def unpainted(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """The lines as a terminal shows them."""
    if made := rewritten("terminal", _TERMINAL, lambda _: "", text, windows(text, spans)):
        yield made


def bare(text: str) -> str:
    """A text without what terminals obey."""
    return _TERMINAL.sub("", text) if TERMINAL_HINT.search(text) else text
