"""One text that is being written: what of it was heard, what has crossed, and what was found in that.

How much of the beginning may leave is `GrowingText`'s to say. Here are the scanner of the moment, and which findings
are on record: each is recorded and counted once for the part, not again for each longer beginning.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from msgspec import Struct

from egress_proxy.model import Finding, Judgement, Projected, Scan, Scanner, Verdict
from egress_proxy.scan.growing import APART, MOST_HELD, GrowingText, Judged
from egress_proxy.server.examination import Examined, Judge, examine
from egress_proxy.server.prefixes import examiner
from egress_proxy.wire import PartName, Piece, piece_event

_A_LOOK: Final = 64  # characters of a line or a sentence
_CLEAN: Final = Judgement((), Verdict.CLEAN)
_Key = tuple[str, str, bytes, int]


class Fate(StrEnum):
    """What became of a growing text. Closed, for metrics."""

    WHOLE = "whole"  # pieces have told all of it
    TOO_LONG = "too-long"  # they have told its beginning as it was written, and the rest at its end; likewise:
    TOO_SLOW = "too-slow"
    STOPPED = "stopped"  # by what was found: it is withheld from there on, or only the whole can tell
    FAILED = "failed"  # a scan failed, or what was found could not be recorded
    DIVERGED = "diverged"  # what they have told is not its beginning: the event of its end replaces it
    LOST = "lost"  # a piece may be missing
    GONE = "gone"  # it has no end


class Looked(Struct, frozen=True):
    """What a look gave: characters that may leave, as an event, once the judgement is on record. `event` is empty if
    there are none. `texts` is the beginning that was looked at, and no other; `size` is what was scanned."""

    event: dict[str, object]
    judgement: Judgement = _CLEAN
    texts: tuple[str, ...] = ()
    size: int = 0

    def __repr__(self) -> str:
        return f"Looked({self.judgement.verdict})"


class Ended(Struct, frozen=True):
    """What the event of a part's end gave. `event` tells what pieces have not told before; empty if nothing is left, or
    what they have told is not its beginning. `uncounted` are the findings that were not counted before."""

    examined: Examined
    event: dict[str, object]
    uncounted: tuple[Finding, ...]

    @property
    def size(self) -> int:
        return self.examined.size

    def __repr__(self) -> str:
        return f"Ended({self.examined})"


class GrowingPart:
    """A text part between its beginning and its end. Used by one task at a time; `look` and `end` in any thread."""

    def __init__(self, name: PartName, now: float) -> None:
        """`now` is in seconds, on any clock."""
        self.name: Final = name
        self.since = now
        """When the characters that are held began to be held, or the last safe point after that."""
        self.fate = Fate.WHOLE
        self._growing = GrowingText(self._examine)
        self._event_id = ""
        self._chars = self._fresh = 0
        self._counted: set[_Key] = set()
        # Of the look under way:
        self._scanner: Scanner | None = None
        self._found: set[Finding] = set()
        self._text = ""
        self._examined = 0  # characters

    def __repr__(self) -> str:
        return f"GrowingPart({self.name}, {self.held} held)"

    @property
    def held(self) -> int:
        """Characters that were heard and have not left."""
        return self._growing.held

    @property
    def due(self) -> bool:
        """Whether a look may give something."""
        return self._growing.due()

    @property
    def size(self) -> int:
        """About as many characters as a look scans: all of them at each place where it looks; or as many as the last
        one took as long as, where that is more."""
        return max(self._chars, self._growing.worked) * min(1 + self._fresh // _A_LOOK, APART)

    def add(self, piece: Piece, now: float) -> None:
        """Take the next characters."""
        if not self.held:
            self.since = now
        self._event_id = piece.event_id or self._event_id
        self._growing.add(piece.text)
        self._chars += len(piece.text)
        self._fresh += len(piece.text)
        if self._growing.over and self.fate is Fate.WHOLE:
            self.fate = Fate.TOO_LONG

    def left(self, now: float) -> float:
        """Something of it has left: for how long it was held."""
        held, self.since = now - self.since, now
        return held

    def give_up(self, why: Fate) -> None:
        """Let nothing more of it leave before its end."""
        self._growing.give_up()
        self.fate = why

    def look(self, scanner: Scanner, judge: Judge) -> Looked:
        """Scan what there is, and take what may leave of it. Blocks; raises what the scanner raises."""
        self._scanner, self._found, self._text, self._examined, self._fresh = scanner, set(), "", 0, 0
        text = self._growing.look()
        if self._growing.over and self.fate is Fate.WHOLE:
            self.fate = self._why()
        size, beginning = self._examined, self._text
        event = self._event(text) if text and self._plain(scanner, judge) else {}
        news = self._news(judge) if event else _CLEAN
        self._scanner, self._found, self._text = None, set(), ""
        return Looked(event, news, (beginning,), size)

    def _why(self) -> Fate:
        """Why nothing more of it leaves before its end."""
        if self._growing.spent:
            return Fate.TOO_SLOW
        return Fate.TOO_LONG if self.held > MOST_HELD else Fate.STOPPED

    def end(self, projected: Projected, text: str, scanner: Scanner, judge: Judge) -> Ended:
        """Examine the event that tells the whole, `text` before it was looked at. Blocks; raises what the scanner
        raises."""
        examined = examine(projected, scanner, judge)
        number = examined.texts.index(text)
        rest = self._growing.finish(examined.judgement.texts[number])
        own = [found for found in examined.judgement.findings if found.text == number]
        others = [found for found in examined.judgement.findings if found.text != number]
        if rest is None:
            self.fate = Fate.DIVERGED
        event = self._event(rest) if rest and self._plain(scanner, judge) else {}
        return Ended(examined, event, (*self.uncounted(own), *others))

    def uncounted(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """Those of findings of this text that were not counted before. They count as counted from now on."""
        new = {_key(found): found for found in findings if _key(found) not in self._counted}
        self._counted.update(new)
        return tuple(new.values())

    def _plain(self, scanner: Scanner, judge: Judge) -> bool:
        """Whether all else that an event of this part says is clean: every string that crosses is scanned (I3)."""
        clean = examine(Projected(self._event("")), scanner, judge).judgement.verdict is Verdict.CLEAN
        if not clean:
            self.give_up(Fate.FAILED)
        return clean

    def _news(self, judge: Judge) -> Judgement:
        """What was found in what has left, and is not on record."""
        new = self.uncounted(sorted(found for found in self._found if found.end <= self._growing.released))
        return judge((self._text,), Scan(new)) if new else _CLEAN

    def _examine(self, beginning: str) -> Judged:
        if self._scanner is None:
            raise RuntimeError("examined without a scanner")
        judged = examiner(self._scanner, part=self.name.part_id)(beginning)
        self._found.update(judged.findings)
        self._text = beginning
        self._examined += len(beginning)
        return judged

    def _event(self, text: str) -> dict[str, object]:
        return piece_event(self.name, text, self._event_id)


def _key(found: Finding) -> _Key:
    return found.detector, found.name, found.value, found.start
