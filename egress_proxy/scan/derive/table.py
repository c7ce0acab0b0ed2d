"""The decoders, in one table. Each is given all the spans of a text that may be its own, and gives texts.

`again`: what it gives may hold another layer. `once`: it reads only the text itself. `rules`: rules may be run over it.
`opens`: it takes apart an encoding, so that what is left of it at the greatest depth was not decided. `cost` and
`span_cost`: of a character and of a span, in characters that a rule reads (`tally`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from msgspec import Struct

from egress_proxy.scan.derive import (
    alike,
    alphabets,
    codes,
    dumps,
    escapes,
    inlaid,
    joints,
    labelled,
    morse,
    pieces,
    rearranged,
    runs,
    spelled,
    woven,
)
from egress_proxy.scan.derive.kinds import Kind
from egress_proxy.scan.derive.spans import Span, Woven


class Decoder(Struct, frozen=True):
    """One way of reading."""

    kind: Kind
    decode: Callable[[str, Iterable[Span], int], Iterator[Woven]]
    again: bool = True
    once: bool = False
    rules: bool = True
    opens: bool = False
    cost: int = 2
    span_cost: int = 400


DECODERS: Final = (
    *(Decoder(Kind(Kind.BASE64 + shift), runs.Run("base64", runs.base64(shift)), opens=True) for shift in range(4)),
    Decoder(Kind.HEX, runs.Run("hex", runs.hexadecimal), opens=True),
    Decoder(Kind.BASE32, runs.Run("base32", runs.base32), opens=True),
    Decoder(Kind.BASE32HEX, runs.Run("base32hex", runs.base32hex), opens=True),
    Decoder(Kind.INTEGER, runs.Run("integer", runs.integer), opens=True),
    Decoder(Kind.BASE85, runs.Run("base85", runs.base85, gaps=False), opens=True),
    Decoder(Kind.ASCII85, runs.Run("ascii85", runs.ascii85, gaps=False), opens=True),
    Decoder(Kind.BACKWARDS, runs.backwards),
    Decoder(Kind.ROTATED, runs.rotated),
    Decoder(Kind.ESCAPED, escapes.unescaped, cost=4, span_cost=60),
    Decoder(Kind.QUOTED_PRINTABLE, escapes.quoted_printable, cost=4, span_cost=60),
    Decoder(Kind.TERMINAL, escapes.unpainted, cost=4, span_cost=60),
    Decoder(Kind.LITERALS, joints.literals, span_cost=60),
    Decoder(Kind.LISTED, joints.listed, rules=False, span_cost=60),
    Decoder(Kind.INLAID, inlaid.inlaid, rules=False, span_cost=60),
    Decoder(Kind.DUMPED, dumps.dumped, opens=True, cost=4, span_cost=60),
    Decoder(Kind.UUENCODED, dumps.uuencoded, opens=True, cost=4, span_cost=60),
    Decoder(Kind.NUMBERS, codes.numbers, cost=8),
    Decoder(Kind.PIECES, codes.words, once=True, rules=False, cost=1, span_cost=20),
    Decoder(Kind.LABELLED, labelled.numbered, cost=8),
    Decoder(Kind.WOVEN, woven.separated, cost=8, span_cost=60),
    Decoder(Kind.SPELLED, spelled.spelled),
    Decoder(Kind.MORSE, morse.morse, cost=4),
    Decoder(Kind.ALIKE, alike.alike, cost=8, span_cost=60),
    Decoder(Kind.TAGS, alike.tags),
    Decoder(Kind.SELECTORS, alike.selectors),
    Decoder(Kind.BITS, alike.invisible_bits),
    Decoder(Kind.PIECES, pieces.rows, once=True, rules=False, span_cost=20),
    Decoder(Kind.LINES, rearranged.lines, again=False, rules=False),
    Decoder(Kind.WORDS, rearranged.words, again=False, rules=False),
    Decoder(Kind.COLUMNS, rearranged.columns, again=False, rules=False),
    Decoder(Kind.OPAQUE, alphabets.other_bases, cost=8),
    Decoder(Kind.OPAQUE, rearranged.strided, again=False, rules=False),
    Decoder(Kind.THINNED, rearranged.thinned, again=False, rules=False),
    Decoder(Kind.OPAQUE, rearranged.shifted, again=False, rules=False),
)
