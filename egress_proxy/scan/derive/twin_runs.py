"""What `native/derive_runs.c`, `derive_chain.c` and `derive_85.c` do, in Python: runs and random-looking tokens."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits, hexdigits
from typing import Final

from egress_proxy.scan.derive.kinds import Hint, Kind
from egress_proxy.scan.derive.runs import rot13
from egress_proxy.scan.derive.twin_85 import OF_85, SHORTEST_85, of_85
from egress_proxy.scan.derive.twin_bytes import judged, packed, texty
from egress_proxy.scan.derive.twin_signs import ALNUM, QUOTES

_SHORTEST, _SHORTEST_INTEGER, _SHORTEST_NUMBER, _SHORTEST_32 = 16, 36, 24, 20
_SHORTEST_GLUED, _SHORTEST_END = 20, 24
_SAMPLED, _WINDOW = 4096, 32
_LONGEST_GAP, _LONGEST_PADDING = 48, 6
_MOST_AGAIN = 3
_LONGEST_OPAQUE, _LONGEST_TOKEN, _MOST_OPAQUE = 128, 512, 64
_HEAD, _TAIL = 128, 384
_DIGESTS: Final = (32, 36, 40, 64, 96, 128)
_SIGNS: Final = frozenset("+/-_")
_OF_RUN: Final = ALNUM | _SIGNS
_DECORATION: Final = frozenset(" \t\r\\+>|*#,.;()&-/\n") | QUOTES
_HEX: Final = frozenset(hexdigits)
_CAPITALS_32, _ANY_32 = ascii_uppercase + "234567", ascii_letters + "234567"
_32, _32HEX = frozenset(ascii_letters + "234567"), frozenset(digits + ascii_letters[:22] + ascii_uppercase[:22])
_SEXTETS: Final = {
    one: value for value, one in enumerate(ascii_uppercase + ascii_lowercase + digits + "+/")
} | {"-": 62, "_": 63}  # fmt: skip
_OF_32: Final = {one: value for value, one in enumerate(ascii_lowercase + "234567")}
_OF_32HEX: Final = {one: value for value, one in enumerate(digits + ascii_lowercase[:22])}
_UUID = re.compile(r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}")
_PADDING = re.compile(r"=*+")
_WORD = re.compile(r"[A-Za-z0-9+/_-]++")


class Chain:
    """A run, and those that it goes on in after the ends of lines: characters that are kept, and how many there are."""

    def __init__(self, start: int) -> None:
        self.start = self.end = start
        self.length = 0
        self.kept = ""

    def keep(self, text: str, start: int, end: int) -> None:
        self.kept += text[start : min(end, start + _SAMPLED - len(self.kept))]
        self.length += end - start
        self.end = end

    def padded(self, text: str) -> Chain:
        match = _PADDING.match(text, self.end)
        self.end = match.end() if match else self.end
        return self

    def hints(self) -> list[Hint]:
        """What it may be."""
        if self.length < _SHORTEST:
            return []
        kinds = self._of_hex() if _HEX.issuperset(self.kept) else [*self._of_64(), *self._turned(), *self._of_32()]
        return [(kind, self.start, self.end) for kind in kinds]

    def _of_hex(self) -> Iterable[Kind]:
        number = self.kept.isdecimal()
        if number and self.length < _SHORTEST_NUMBER:
            return
        size = min(len(self.kept) // 2, _WINDOW)
        data = bytes.fromhex(self.kept[: 2 * size])
        if _text_of_hex(data) or packed(data[:24]):
            yield Kind.HEX
        whole = len(self.kept) == self.length
        if whole and _text_of_hex(bytes.fromhex(self.kept[::-1][: 2 * size])):
            yield Kind.BACKWARDS
        if whole and number and self.length >= _SHORTEST_INTEGER:
            yield Kind.INTEGER

    def _of_64(self) -> Iterable[Kind]:
        kept = len(self.kept)
        step = kept // 8 & ~3 if kept // 8 > _WINDOW else _WINDOW
        for shift in range(4):
            windows = [self.kept[at : at + _WINDOW] for at in range(shift, kept - _SHORTEST + 1, step)]
            if kept > _SHORTEST_GLUED + shift:  # its last characters: a word may be glued to the first
                windows.append(self.kept[shift + (kept - _SHORTEST_GLUED - shift & ~3) :])
            if any(map(_text_of_64, windows)) or (not shift and packed(_from_64(self.kept[:_WINDOW]))):
                yield Kind(Kind.BASE64 + shift)

    def _turned(self) -> Iterable[Kind]:
        if _text_of_64(rot13(self.kept[:_WINDOW])):
            yield Kind.ROTATED
        if len(self.kept) == self.length and _text_of_64(self.kept[::-1][:_WINDOW]):
            yield Kind.BACKWARDS

    def _of_32(self) -> Iterable[Kind]:
        if self.length < _SHORTEST_32:
            return
        for kind, alphabet, values in ((Kind.BASE32, _32, _OF_32), (Kind.BASE32HEX, _32HEX, _OF_32HEX)):
            if alphabet.issuperset(self.kept) and _is_of_fives(self.kept[:_SAMPLED], values):
                yield kind

    def hints_of_end(self) -> list[Hint]:
        """What one run ends with, where a word is glued before it."""
        count = len(self.kept)
        if count != self.length:
            return []
        digits = count - len(self.kept.rstrip(hexdigits)) & ~1
        if digits >= _SHORTEST_END:
            found = _text_of_hex(bytes.fromhex(self.kept[-_SHORTEST_END:]))
            return [(Kind.HEX, self.start + count - digits, self.end)] if found else []
        at = len(self.kept.rstrip(_CAPITALS_32))
        at = at if count - at >= _SHORTEST_32 else len(self.kept.rstrip(_ANY_32))
        if count - at < _SHORTEST_32 or not _is_of_fives(self.kept[at:], _OF_32):
            return []
        return [(Kind.BASE32, self.start + at, self.end)]


def _is_of_fives(run: str, values: Mapping[str, int]) -> bool:
    """Whether five bits a character are a text, or packed."""
    data = _from_32([values[one] for one in run.lower()])
    good = judged(data, _WINDOW // 12)
    return (good and texty(data)) or packed(data if good else _given_up(data))


def _given_up(data: bytes) -> bytes:
    """As many bytes as are read of what is no text: sixteen, or up to the one that tells."""
    for size in range(16, len(data)):
        if not judged(data[:size], _WINDOW // 12):
            return data[:size]
    return data


def _from_32(values: Sequence[int]) -> bytes:
    size = min(len(values) * 5 // 8, _WINDOW)
    number = 0
    for value in values[: (size * 8 + 4) // 5]:
        number = number << 5 | value
    spare = (size * 8 + 4) // 5 * 5 - size * 8
    return (number >> spare).to_bytes(size, "big")


def _from_64(run: str) -> bytes:
    size = len(run) * 6 // 8
    number = 0
    for one in run:
        number = number << 6 | _SEXTETS[one]
    return (number >> (len(run) * 6 - size * 8)).to_bytes(size, "big")


def _text_of_64(run: str) -> bool:
    """Whether a window is a text: each group of four begins as a character does, but for one."""
    data = _from_64(run)
    wrong = sum(_wrong(_SEXTETS[one]) for one in run[: len(run) & ~3 : 4])
    return judged(data, len(run) * 3 // 4 // 12) and texty(data) and wrong <= 1


def _wrong(six: int) -> bool:
    return six < 48 if six >= 32 else 3 < six < 8  # noqa: PLR2004


def _text_of_hex(data: bytes) -> bool:
    if len(data) < 12:  # noqa: PLR2004
        return all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in data)  # noqa: PLR2004
    return judged(data, len(data) // 12) and texty(data)


def _after_gap(text: str, end: int) -> int:
    """Where the run goes on after the end of a line, or after two quotes; or the length of the text."""
    at, limit, quotes, lines = end, min(end + _LONGEST_GAP, len(text)), 0, 0
    while at < limit and (text[at] in _DECORATION or (text[at] == "=" and at < end + _LONGEST_PADDING)):
        quotes += text[at] in QUOTES
        lines += text[at] == "\n"
        at += 1
    if at >= limit or not (lines or quotes > 1) or text[at] not in ALNUM:
        return len(text)
    while at > end + 1 and text[at - 1] in _SIGNS:
        at -= 1
    return at


def _ends_line(text: str, at: int) -> bool:
    limit = at + _LONGEST_GAP
    while at < len(text) and at < limit:
        if text[at] == "\n" or text[at] in QUOTES:
            return True
        if text[at] not in _DECORATION and text[at] != "=":
            return False
        at += 1
    return at == len(text)


def _extend(chain: Chain, text: str) -> int:
    """Take what a run goes on in. Gives the length of the longest of these."""
    longest = 0
    while True:
        start = _after_gap(text, chain.end)
        match = _WORD.match(text, start)
        if not match:
            break
        end = match.end()
        is_key = text[end : end + 1] in {'"', "'", "`"} and text[end + 1 : end + 2] == ":"
        if (end - start < _SHORTEST and not _ends_line(text, end)) or is_key:
            break
        chain.keep(text, start, end)
        longest = max(longest, end - start)
    chain.padded(text)
    return longest


_SORTS: Final = dict.fromkeys(digits, 2) | dict.fromkeys(ascii_uppercase, 1)


def _opaque(run: str) -> bool:
    if len(run) > _LONGEST_TOKEN or sum(one in ALNUM and not "0" <= one <= "9" for one in run) * 4 < len(run):
        return False
    if len(run) in _DIGESTS and _HEX.issuperset(run.replace("-", "")):
        return False
    sorts = [_SORTS.get(one, 0) for one in run]
    changes = sum(left != right for left, right in zip([0, *sorts], sorts, strict=False))
    numbers = sorts.count(2)
    return changes * 5 >= 2 * len(run) or (changes * 4 >= len(run) and numbers * 24 >= len(run) and numbers >= 2)  # noqa: PLR2004


class _Runs:
    """What is known of the runs so far."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.opaques = self.chain = self.chained = self.read = self.again = 0

    def run(self, start: int, end: int) -> tuple[list[Hint], int]:
        """The hints of a run, and the end of what is done with."""
        text, run = self.text, self.text[start:end]
        if _UUID.fullmatch(run) or sum(one in _SIGNS for one in run) * 2 > len(run):
            return [], end
        alone = Chain(start)
        alone.keep(text, start, end)
        if start >= self.chained or self.again < _MOST_AGAIN:
            chain = Chain(start)
            chain.keep(text, start, end)
            longest = max(_extend(chain, text), end - start)
            if chain.length > end - start and (hints := chain.hints()):
                kinds = {kind for kind, _, _ in hints}
                return [*hints, *(hint for hint in alone.padded(text).hints() if hint[0] not in kinds)], chain.end
            fresh = start >= self.chained
            self.again = 0 if fresh else self.again + 1
            if chain.length > 3 * longest and fresh:
                self.chain, self.chained = start, chain.end
        hints = alone.padded(text).hints() or alone.hints_of_end()
        if hints and end - start > _LONGEST_OPAQUE:
            self.read = end
        return hints, end

    def marked(self, start: int, end: int) -> tuple[list[Hint], int]:
        """The same of a run whose line may be one of a diff."""
        if self.text[start] in "+-" and self.text[start - 1 : start] in {"", "\n"} and end - start > _SHORTEST:
            hints, done = self.run(start + 1, end)
            if hints:
                return hints, done
        return self.run(start, end)

    def token(self, start: int, end: int) -> list[Hint]:
        """What looks random, but for data: of many lines of it only the first, of a long line both ends."""
        first = start <= self.chain < end
        if (start < self.chained and not first) or start < self.read or self.opaques >= _MOST_OPAQUE:
            return []
        ends = ((start, end),) if end - start <= _LONGEST_TOKEN else ((start, start + _HEAD), (end - _TAIL, end))
        hints: list[Hint] = [(Kind.OPAQUE, low, high) for low, high in ends if _opaque(self.text[low:high])]
        self.opaques += len(hints)
        return hints


_SOLID = re.compile(r"[!-~]{16,}+")
_TOKEN = re.compile(r"[A-Za-z0-9+/_.!$%@#^*~&=?[`{:|-]{16,}+")
_RUN = re.compile(r"[A-Za-z0-9+/_-]{16,}+")
_85: Final = {
    kind: re.compile(f"[{re.escape(''.join(sorted(members)))}]{{{SHORTEST_85},}}+") for kind, members in OF_85.items()
}


def find(text: str) -> Iterator[Hint]:
    """Runs of an encoding and tokens, in stretches without a blank."""
    runs, done = _Runs(text), 0
    for stretch in _SOLID.finditer(text):
        for token in _TOKEN.finditer(text, *stretch.span()):
            hints, done = _token_and_runs(runs, *token.span(), done)
            yield from hints
        for kind, pattern in _85.items():
            for run in pattern.finditer(text, *stretch.span()):
                yield from of_85(text, *run.span(), kind)


def _token_and_runs(runs: _Runs, start: int, end: int, done: int) -> tuple[list[Hint], int]:
    """A token, and the runs in it: one that it begins with comes first, for it may be all of the token that matters.
    What is before `done` was seen."""
    hints: list[Hint] = []
    due = True
    for match in _RUN.finditer(runs.text, start, end):
        first, last = max(match.start(), done), match.end()
        if last - first < _SHORTEST:
            continue
        before = due and first > start
        hints += runs.token(start, end) if before else []
        own, done = runs.marked(first, last)
        hints += own
        hints += runs.token(start, end) if due and not before else []
        due = False
    return [*hints, *(runs.token(start, end) if due else [])], done


def short_lines(text: str, start: int, end: int) -> list[Hint]:
    """What short lines may be together."""
    chain = Chain(start)
    for match in _WORD.finditer(text, start, end):
        if len(match[0]) > 1 or match[0] in ALNUM:
            chain.keep(text, *match.span())
    chain.end = end
    return chain.hints()
