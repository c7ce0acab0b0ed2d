r"""Encoded data given away in pieces over several texts of a session.

    "Line 1: 1f8b080000000000" … "Line 2: 000373710b76f1" …

`pieces` puts halves of a value together, in the writings that are registered. What must be decoded first (compressed
data, an encoding of an encoding) needs all of its characters in their order. So the runs of released texts that may be
such data are kept as they are, and those of a new text are put behind them and before them, those of hexadecimal digits
apart from others, to be decoded as one. Pure: whoever calls keeps the `EncodedRuns`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from msgspec import Struct

from egress_proxy.model import Finding
from egress_proxy.scan.pieces import Token, ends_of, left_of, tokens_of
from egress_proxy.scan.randomness import signs

KEPT: Final = 64  # runs of a session
MOST: Final = 8_192  # characters of them, and of a row
OF_A_TEXT: Final = 48  # runs: the first half and the last
_LAST: Final = (0, 1, 2, 4, 12)  # so many are put before new ones, too: what came before them is no part of it
# For each character but the first: of ten characters of base64 that have no word of it, one in 200; of names in code,
# one in 40.
_SIGNS: Final = 0.25
_SHORTEST, _PADDING = 8, 2
_RUN: Final = re.compile(r"[A-Za-z0-9+/_-]{8,4096}+={0,2}")
# A digit, or a capital behind the first letter: a word has neither.
_SIGN: Final = re.compile(r"[0-9]|[A-Za-z][A-Z]")
# gzip, zlib, bzip2 and xz in base64 and in hexadecimal digits. So many of these, the newest, are put before each run.
_PACKED: Final = re.compile(r"H4sI|e[AFJN]|Qlpo|[/_]Td6|(?i:1f8b|78(?:01|5e|9c|da)|425a68|fd377a)")
_HEADS, _MOST_PAIRS = 4, 32
_HEX: Final = re.compile(r"[0-9a-fA-F]+")


class EncodedRuns(Struct, frozen=True):
    """The runs of the texts of a session that were judged, the oldest first."""

    kept: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"EncodedRuns({len(self.kept)})"

    def with_new(self, new: tuple[str, ...]) -> EncodedRuns:
        """These and those of a text; one said again counts once, where it was said last."""
        said = dict.fromkeys(new)
        row = [run for run in self.kept if run not in said]
        return EncodedRuns(_newest((*row, *said)[-KEPT:]))

    def without(self, old: Iterable[str]) -> EncodedRuns:
        """These without some."""
        gone = set(old)
        return EncodedRuns(tuple(run for run in self.kept if run not in gone))

    def joins(self, new: tuple[str, ...]) -> tuple[str, ...]:
        """All that must be decoded before a text with the runs `new` is released."""
        found, said = list[str](), set(new)
        for is_hex in (True, False):
            kept = [run for run in self.kept if run not in said and _is_hex(run) is is_hex]
            own = [run for run in new if _is_hex(run) is is_hex]
            if own and len(kept) + len(own) > 1:
                found += _rows(kept, own)
        return tuple(dict.fromkeys(found))


def encoded_runs_of(text: str, findings: Iterable[Finding]) -> tuple[str, ...]:
    """The runs of a text that may be encoded data, in order. `findings` (all of this text) do not leave, so nothing in
    them is a run."""
    left = left_of(text, findings)
    return runs_in(left, tokens_of(left))


def runs_in(text: str, tokens: Sequence[Token]) -> tuple[str, ...]:
    """Likewise, of `tokens_of` a text of which all leaves: what could be no piece of a secret is no data either."""
    return ends_of(tokens, lambda token: _runs(text, token), OF_A_TEXT)


def _runs(text: str, token: Token) -> Iterator[str]:
    start, end, _ = token
    if end - start >= _SHORTEST:
        yield from (
            run for run in _RUN.findall(text, start, end + _PADDING) if _SIGN.search(run) and _could_be_data(run)
        )


def _could_be_data(run: str) -> bool:
    return _is_hex(run) or signs(run) >= _SIGNS * (len(run) - 1)


def _is_hex(run: str) -> bool:
    return _HEX.fullmatch(run) is not None


def _rows(kept: Sequence[str], new: Sequence[str]) -> list[str]:
    row = (*kept, *new)
    last = [row[-(count + len(new)) :] for count in _LAST if count < len(kept)]
    return [_joined(one) for one in (*last, row, row[::-1], *islice(_packed(kept, new), _MOST_PAIRS))]


def _packed(kept: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What begins like compressed data, and each other run: whatever was said between them is none of it."""
    for head in islice(filter(_PACKED.match, reversed((*kept, *new))), _HEADS):
        yield from ((head, one) for one in reversed((*kept, *new)) if one != head and (one in new or head in new))


def _joined(row: Sequence[str]) -> str:
    """The end of a run of base64 is no end of what goes on in the next."""
    return "".join([*(run.rstrip("=") for run in row[:-1]), *row[-1:]])[-MOST:]


def _newest(runs: Sequence[str]) -> tuple[str, ...]:
    """As many of the newest as there is room for."""
    left, kept = MOST, list[str]()
    for run in reversed(runs):
        left -= len(run)
        if left < 0:
            break
        kept.append(run)
    return tuple(reversed(kept))
