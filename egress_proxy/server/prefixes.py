"""Texts of messages, which are released while they are being written: what their beginnings give, and what the whole.

A stream of deltas cannot take back what it released. So a text that must be withheld, and is complete, gives what a
stream of it may have released before that was known, and then the reason: to those who heard the stream, and to all
others (`scan.growing`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from msgspec.structs import replace

from egress_proxy.model import Judgement, Scan, Scanner, Verdict
from egress_proxy.reasons import Reason
from egress_proxy.scan.checkpoints import Checkpoints
from egress_proxy.scan.growing import (
    MOST_WORK,
    Examine,
    Judged,
    Settled,
    TooMuchError,
    judged,
    settled,
    settled_at,
    work_of,
)
from egress_proxy.scan.redaction import WITHHELD_ENCODED, WITHHELD_UNDECIDED
from egress_proxy.server.tree import Remembering

# What is done again for one answer (`MOST_WORK`): as much as for a text that is walked twice.
MOST_AGAIN: Final = 2 * MOST_WORK


def examiner(scanner: Scanner, pieced: Callable[[], None] = lambda: None, *, part: str = "") -> Examine:
    """What judges the beginning of a text, as `examine` would judge it if it were all, but remembers nothing of it: of
    one that is being written, in a `part`, that it may have left. Calls `pieced` when one is withheld for pieces of
    earlier texts."""

    def examine(text: str) -> Judged:
        found = judged(text, scanner.scan((text,)))
        if found.withheld or not isinstance(scanner, Remembering):
            return found
        given_away = scanner.gives_away(text, found.findings, part)
        work = found.work + scanner.work
        if not given_away:
            return replace(found, work=work)
        pieced()
        return Judged(withheld=WITHHELD_ENCODED, work=work)

    return examine


def as_released(
    texts: Sequence[str], scan: Scan, judgement: Judgement, spoken: AbstractSet[str], scanner: Scanner
) -> Judgement:
    """A judgement of texts, with what a stream of those that are `spoken` may have released before it was known."""
    released = list(judgement.texts)
    settling = _Settling(scanner)
    undecided = False
    for number in _streamed(texts, scan, spoken):
        found = settling.settled(texts[number], judged(texts[number], scan, number))
        released[number] = found.text
        undecided |= found.withheld == WITHHELD_UNDECIDED
    if tuple(released) == judgement.texts:
        return judgement
    if not undecided:
        return replace(judgement, texts=tuple(released))
    reasons = tuple(sorted({*judgement.reasons, Reason.UNDECIDED}))
    return replace(judgement, texts=tuple(released), reasons=reasons, verdict=Verdict.WITHHELD)


def _streamed(texts: Sequence[str], scan: Scan, spoken: AbstractSet[str]) -> list[int]:
    """The numbers of texts with findings of which a stream may have released something: not of a single sentence."""
    found = {finding.text for finding in scan.findings}.union(scan.undecided)
    return [number for number in sorted(found) if texts[number] in spoken and any(Checkpoints().add(texts[number]))]


class _Settling:
    """Settles the texts of one answer, until it was too much: then what must be withheld is, whole."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._examine = examiner(scanner, self._note_pieces)
        self._pieced = False  # whether pieces of earlier texts have decided the place of the text under way
        self._left = MOST_AGAIN

    def settled(self, text: str, found: Judged) -> Settled:
        """What a text gives. If it was withheld before, it is withheld again from the same place on: what other texts
        have said since does not change that."""
        places = self._scanner if isinstance(self._scanner, Remembering) and found.withheld else None
        place = places.place(text) if places else None
        self._pieced = False
        try:
            if place is not None:
                return settled_at(text, found, self._judged, place)
            given = settled(text, found, self._examined)
        except TooMuchError:
            withheld = found.withheld or WITHHELD_UNDECIDED
            given = Settled(withheld, withheld)
            self._pieced = found.withheld == WITHHELD_ENCODED  # they might have
        if places and place is None:
            places.keep_place(text, given.place, pieces=self._pieced)
        return given

    def _note_pieces(self) -> None:
        self._pieced = True

    def _examined(self, text: str) -> Judged:
        return self._paid(text, self._examine)

    def _judged(self, text: str) -> Judged:
        return self._paid(text, lambda one: judged(one, self._scanner.scan((one,))))

    def _paid(self, text: str, examine: Examine) -> Judged:
        if self._left < 0:
            raise TooMuchError
        found = examine(text)
        self._left -= work_of(text, found)
        return found
