"""Texts derived from a text: what it says in another writing that cannot be expanded on the pattern side.

    text -> hints (kind, span) -> decoders (a table) -> derived texts, each with a map back -> hints ...

One look at the text, in the kernel, tells whether there is anything to decode at all; mostly there is not, and that
is all that it costs. Otherwise each decoder reads the spans that may be its own, and what it gives is looked at in the
same way, to a depth. What comes out is bounded by the length of the text, so the worst text costs some times as much
as an ordinary one; where the bound is met, the text is undecided, and must be withheld.

Not decoded: Zstandard and Brotli (not in the standard library), punycode, leetspeak, and runs of less than sixteen
characters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from msgspec import Struct

from egress_proxy.scan.derive.hints import SHORTEST, hinted, hinted_each
from egress_proxy.scan.derive.kinds import Hint, Kind
from egress_proxy.scan.derive.readable import TooMuch
from egress_proxy.scan.derive.spans import Derived, Span
from egress_proxy.scan.derive.table import DECODERS

__all__ = ["SHORTEST", "Derivation", "Derived", "derivations", "derive"]

DEPTH: Final = 4  # layers; known values themselves see through one more
_MOST_GUESSED: Final = 4_096  # characters that only may be a text, and are looked into nevertheless
_LEAST_TOLD, _MOST_OF_ONE, _BITS = 6, 0.6, frozenset("01.-_/ ,|\n")
_REVERSED: Final = "reversed"
_AS_WRITTEN: Final = frozenset({"escapes"})  # a URL or JSON: characters in other places may be written so
ROOM_TIMES, ROOM_MORE = 4, 65_536  # characters that may be derived: so many times the text, and some
# What decoding may cost, for each character of the text and at first, in characters that a rule reads (`tally`); what
# it costs to have one more text; and the characters around a span that are read with it.
COST_TIMES, COST_MORE = 12, 524_288
A_TEXT: Final = 1600
AROUND: Final = 600


class Derivation(Struct, frozen=True):
    """The texts derived from one. `undecided`: there would have been more than the bounds allow."""

    texts: tuple[Derived, ...] = ()
    undecided: bool = False
    cost: int = 0


_NOTHING: Final = Derivation()


class _Layers:
    """The derived texts so far, and those still to be looked into."""

    def __init__(self, text: str, *, rearranged: bool) -> None:
        self._rearranged = rearranged
        self.room = ROOM_TIMES * len(text) + ROOM_MORE
        self.cost = 0
        self._most = COST_TIMES * len(text) + COST_MORE
        self.texts: list[Derived] = []
        self.todo: list[tuple[Derived, int]] = []
        self.undecided = False
        self._text = text
        self._seen: set[str] = set()

    def look(self, text: str, parent: Derived | None, depth: int, found: Mapping[int, Sequence[Span]]) -> None:
        """Give the spans of one text to their decoders."""
        read = {kind: sum([end - start for start, end in spans]) for kind, spans in found.items()}
        respelled = depth > 1 or (parent is not None and parent.kind not in _AS_WRITTEN)
        for decoder in DECODERS:
            spans = found.get(decoder.kind)
            if not spans or (respelled and not decoder.again) or not (decoder.rules or self._rearranged):
                continue
            if decoder.once and parent is not None:
                continue
            if decoder.kind == Kind.BACKWARDS and parent is not None and parent.kind == _REVERSED:
                continue  # backwards once more, it is a part of what was read before
            around = min(len(text), read[decoder.kind] + AROUND * len(spans))
            self._pay(decoder.span_cost * len(spans) + decoder.cost * around)
            if depth == DEPTH:
                # Something there that can be opened once more; a chance likeness mostly cannot.
                self.undecided |= (
                    decoder.opens
                    and not _guessed(parent)
                    and any(_may_say(woven.text) for woven in decoder.decode(text, spans, self.room))
                )
                continue
            for woven in decoder.decode(text, spans, self.room):
                self._pay(A_TEXT + 2 * len(woven.text))
                if woven.text in self._seen or woven.text == self._text:
                    continue
                self.room -= len(woven.text)
                if self.room < 0:
                    raise TooMuch
                self._seen.add(woven.text)
                derived = Derived(woven.text, woven.kind, woven.pieces, parent, decoder.rules)
                self.texts.append(derived)
                if decoder.again and not (decoder.once and len(woven.text) > _MOST_GUESSED):
                    self.todo.append((derived, depth + 1))

    def _pay(self, cost: int) -> None:
        self.cost += cost
        if self.cost > self._most:
            raise TooMuch


def _may_say(text: str) -> bool:
    """Whether it may say a value, or hold one in a further layer: a row of few characters, or mostly of
    one, as tables of digits give, does not, unless they are those of bits or of Morse."""
    told = Counter(text)
    various = len(told) >= _LEAST_TOLD and max(told.values()) <= _MOST_OF_ONE * len(text)
    return various or told.keys() <= _BITS


def _guessed(derived: Derived | None) -> bool:
    """Whether nothing told that the text is there, in one of the layers."""
    return derived is not None and (not derived.rules or _guessed(derived.parent))


def derivations(
    texts: Sequence[str],
    joined: str,
    *,
    rearranged: bool = True,
    closed: AbstractSet[int] = frozenset(),
    hints: Sequence[tuple[int, Sequence[Hint]]] | None = None,
) -> Iterator[tuple[int, Derivation]]:
    """What each text says in another writing, by its number, where that may be anything. Without `rearranged`, not what
    only known values are looked for in; of those that are `closed` nothing. `hints`: those of the kernel, if somebody
    has them."""
    for number, found in hinted_each(texts, joined, hints).items():
        if number not in closed:
            yield number, _derived(texts[number], found, rearranged=rearranged)


def derive(text: str, *, rearranged: bool = True) -> Derivation:
    """All that the text says in another writing, nearest layers first. Any `str`, of any length."""
    found = hinted(text)
    return _derived(text, found, rearranged=rearranged) if found else _NOTHING


def _derived(text: str, found: Mapping[int, Sequence[Span]], *, rearranged: bool) -> Derivation:
    layers = _Layers(text, rearranged=rearranged)
    try:
        layers.look(text, None, 0, found)
        for derived, depth in layers.todo:
            if inside := hinted(derived.text):
                layers.look(derived.text, derived, depth, inside)
    except TooMuch:
        layers.undecided = True
    return Derivation(tuple(layers.texts), layers.undecided, layers.cost)
