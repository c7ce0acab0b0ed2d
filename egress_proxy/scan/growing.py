r"""Texts that are released while they are being written.

Released is a prefix of what the whole text gives, and in the end equals it, however the text was cut (invariant 5):

    text:        ......\n.........\n....\n............
    checkpoints:        ^          ^     ^              a function of the text alone
    released:    ....[redacted:x]....                   up to where nothing is open at the newest of them

At a checkpoint what stands there is scanned like any text, and of that all is released that nothing open reaches
(`tail`). So what was released was always part of a text that would have crossed as a whole at that moment. Four things
end it for good: a text that must be withheld, a finding that not its own line decides (`Scan.late`), too much that is
held, and too much work (`MOST_WORK`), which is counted and so the same in every cut. What the whole text gives is then
found by the same walk (`settled`), so that both agree by construction.

Where checkpoints lie: `checkpoints`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from egress_proxy.model import Finding, Form, Scan
from egress_proxy.scan.checkpoints import APART, Checkpoints, sentence_ends
from egress_proxy.scan.redaction import WITHHELD_ENCODED, WITHHELD_UNDECIDED, redact
from egress_proxy.scan.tail import settled_until

__all__ = ["APART", "MOST_HELD", "MOST_LOOKED", "GrowingText", "Judged", "TooMuchError", "judged", "settled"]

# Characters behind what was released, or of one line: some hundred lines of code, several screens of prose.
MOST_HELD: Final = 8_192
# Characters beyond which nothing is released before the text is complete: a reply of some thirty pages.
MOST_LOOKED: Final = 65_536
# What all looks at one text may take beside each other, in characters that a rule reads (`scan.tally`): some 0.1 s. Of
# those that only pass by, `_PASSED` count as one. The longest text of prose takes half of it; one full of tokens that
# have to be judged, or of values, is shown up to where all that was used, and the rest at its end.
MOST_WORK: Final = APART * MOST_LOOKED // 4
_PASSED: Final = 8


class Judged(Struct, frozen=True):
    """What a text is found to be. `withheld`: what stands in its place if it may not leave; `late`: where the first
    finding begins that not its own line decides; `work`: what judging it took (`Scan.work`)."""

    findings: tuple[Finding, ...] = ()
    late: int | None = None
    withheld: str = ""
    work: int = 0

    def __repr__(self) -> str:
        return f"Judged({len(self.findings)} findings)"


Examine = Callable[[str], Judged]


def judged(text: str, scan: Scan, number: int = 0) -> Judged:
    """What a scan says of a text, which has this number in its batch. Judges as `redaction.judge` does."""
    if number in scan.undecided:
        return Judged(withheld=WITHHELD_UNDECIDED, work=scan.work)
    own = tuple(found for found in scan.findings if found.text == number)
    if any(found.form is Form.ENCODED for found in own):
        return Judged(withheld=WITHHELD_ENCODED, work=scan.work)
    late = (found.start for found in own if found in scan.late or "\n" in text[found.start : found.end])
    return Judged(own, min(late, default=None), work=scan.work)


def work_of(text: str, found: Judged) -> int:
    """What a look at a text took, for `MOST_WORK`."""
    return len(text) // _PASSED + found.work


class GrowingText:
    """One text. `add` may be called while another thread is in `look`: it appends, and `look` reads up to where it was
    when it began. All else one at a time."""

    def __init__(self, examine: Examine, *, beyond: int = 0) -> None:
        """`examine` scans and judges a text, and takes as long as that takes. No checkpoint lies up to `beyond`."""
        self._examine = examine
        self._beyond = beyond
        self._pieces: list[str] = []
        self._length = 0
        self._checkpoints = Checkpoints()
        self._due: list[int] = []
        self._looked = 0  # of those that are due
        self.given = ""  # all that was released, as it was released
        self.released = beyond  # characters of the text; who has no checkpoint up to there asks what lies beyond
        self.place = 0  # checkpoint at which the last of it was
        self._left = MOST_WORK
        self.worked = 0  # what the last look at a checkpoint took
        self.over = False  # nothing more is released before the text is complete

    def __repr__(self) -> str:
        return f"GrowingText({self.released} of {self._length})"

    @property
    def held(self) -> int:
        """Characters that were added and not released."""
        return self._length - self.released

    @property
    def spent(self) -> bool:
        """Whether it was too much work to look any further."""
        return self._left < 0

    def add(self, piece: str) -> None:
        """Take what was written."""
        before, self._length = self._length, self._length + len(piece)
        if self.over:
            return
        if before < MOST_LOOKED:
            self._pieces.append(piece)
            for end in self._checkpoints.add(piece[: MOST_LOOKED - before]):
                if end > self._beyond:
                    self._due.append(end)
        if not self.due() and (self.held > MOST_HELD or self._length > MOST_LOOKED):
            self.give_up()

    def due(self) -> bool:
        """Whether there is a checkpoint that was not looked at."""
        return self._looked < len(self._due)

    def look(self) -> str:
        """Look at the checkpoints that are due, which blocks. Gives what may be released now, redacted."""
        due = self._due[self._looked :]
        text = "".join(self._pieces)
        released = []
        try:
            for end in due:
                released.append(self.at(text[:end]))
                self._looked += 1
        except BaseException:
            self.give_up()
            raise
        return "".join(released)

    def at(self, text: str) -> str:
        """Look at a beginning of the text that ends at a checkpoint. Gives what may be released now."""
        if self.over:
            return ""
        if len(text) - self.released > MOST_HELD:
            return self._ended()
        found = self._examine(text)
        self.worked = work_of(text, found)
        self._left -= self.worked
        if found.withheld or self.spent:
            return self._ended()
        until = settled_until(text, found.findings, found.late)
        fresh = self._fresh(text, until, found.findings) if until > self.released else ""
        return fresh if found.late is None else fresh + self._ended()

    def _fresh(self, text: str, until: int, findings: tuple[Finding, ...]) -> str:
        """Release up to there."""
        told = redact(text[:until], [found for found in findings if found.end <= until])
        given = self.given
        if not told.startswith(given):  # a rule that reads on: what was found before is not what is found now
            return self._ended()
        self.released = until
        self.given = told
        self.place = len(text)
        return told[len(given) :]

    def _ended(self) -> str:
        self.give_up()
        return ""

    def give_up(self) -> None:
        """Release nothing more before the text is complete."""
        self.over = True
        self._pieces, self._due = [], []

    def finish(self, result: str) -> str | None:
        """What is to be released still, so that all is `result`: what the whole text gives, as it was judged elsewhere.
        None if something else was released, which a value can bring about that became known meanwhile."""
        self.give_up()
        given = self.given
        return result[len(given) :] if result.startswith(given) else None


class TooMuchError(Exception):
    """More characters would have to be looked at than may be."""


class Settled(Struct, frozen=True):
    """What a whole text gives. `withheld`: the reason in it, if it is withheld from some place on; `place`: the
    checkpoint at which the last before that was released, or 0."""

    text: str
    withheld: str = ""
    place: int = 0

    def __repr__(self) -> str:
        return f"Settled({self.withheld})"


def settled(text: str, found: Judged, examine: Examine) -> Settled:
    """What a whole text gives, judged so. What `examine` raises, this does.

    It is what a stream of the text may have released, and then the reason. A finding that turns up late, and reaches
    into what a stream may have released, cannot be redacted any more: the rest is undecided."""
    withheld = found.withheld
    if not withheld:
        whole = redact(text, found.findings)
        late = _late(text, found)
        if late is None or whole.startswith(_streamed(text, examine, beyond=late).given):
            return Settled(whole)
        withheld = WITHHELD_UNDECIDED
    streamed = _streamed(text, examine)
    return Settled(streamed.given + withheld, withheld, streamed.place)


def settled_at(text: str, found: Judged, examine: Examine, place: int) -> Settled:
    """The same of a text that is withheld, where the place is known."""
    growing = GrowingText(examine)
    given = growing.at(text[:place]) if place else ""
    return Settled(given + found.withheld, found.withheld, place)


def _late(text: str, found: Judged) -> int | None:
    """Where the first finding begins that turns up late, or may: it stands in a line in which a sentence ends after
    it begins."""
    ends: dict[int, int] = {}  # of the last sentence, by where the line begins
    late = [] if found.late is None else [found.late]
    for start in sorted({finding.start for finding in found.findings}):
        line = text.rfind("\n", 0, start) + 1
        if line not in ends:
            ends[line] = line + max(sentence_ends(text[line:].partition("\n")[0]), default=0)
        if start < ends[line]:
            late.append(start)
    return min(late, default=None)


def _streamed(text: str, examine: Examine, *, beyond: int = 0) -> GrowingText:
    """A stream of this text before it was complete, with no checkpoint up to `beyond`."""
    growing = GrowingText(examine, beyond=beyond)
    growing.add(text)
    growing.look()
    return growing
