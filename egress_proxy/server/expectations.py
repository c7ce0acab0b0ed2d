"""What clients said that they expect the local agent to ask, by tree of sessions. In memory only: a restart forgets it.

    declared ──► waiting ──(the next prompt)──► running ──► used, or gone with the turn

An expectation counts for asks that come after the prompt that it was declared before, so nobody declares one for an
ask that is already there. It ends with its turn: when the tree is seen at rest, is aborted or deleted, or gets another
prompt; and with a time limit, for turns whose end nobody sees.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

from egress_proxy.gates.expected import used_by
from egress_proxy.model import Ask

_MOST_TREES: Final = 10_000
MOST_ANSWERS: Final = 60
"""Answers to permissions and questions of one tree in `ANSWER_SECONDS`. Whoever reads what it answers is slower."""
ANSWER_SECONDS: Final = 60.0


class _Turn:
    """What is declared of one tree."""

    def __init__(self) -> None:
        self.waiting: tuple[str, ...] = ()
        self.running: list[str] = []
        self.until = 0.0
        self.running_until = 0.0
        self.earlier: frozenset[str] | None = None  # asks that were there before the prompt; None: not known
        self.answers: deque[float] = deque(maxlen=MOST_ANSWERS)


class Expectations:
    """`now` is in seconds of any clock that does not go back; `seconds` is how long an expectation may last."""

    def __init__(self, now: Callable[[], float], seconds: float) -> None:
        self._now = now
        self._seconds = seconds
        self._turns: OrderedDict[str, _Turn] = OrderedDict()  # by root session

    def declare(self, root: str, expected: tuple[str, ...]) -> None:
        """Say what the next prompt to a tree is expected to ask. Nothing withdraws what was said."""
        turn = self._turn(root)
        turn.waiting, turn.until = expected, self._now() + self._seconds
        if not expected:
            turn.running = []

    def waits(self, root: str) -> bool:
        """Whether something was declared for the next prompt."""
        turn = self._turns.get(root)
        return turn is not None and bool(turn.waiting)

    def prompted(self, root: str, earlier: frozenset[str] | None) -> None:
        """A prompt goes to a tree: what waited counts from now on, what was there ends. `earlier` are the asks pending
        now; where they are not known, nothing counts."""
        turn = self._turns.get(root)
        if turn is not None:
            turn.running, turn.running_until, turn.earlier = list(turn.waiting), turn.until, earlier
            turn.waiting = ()

    def ended(self, root: str) -> None:
        """A tree is at rest after its prompt."""
        turn = self._turns.get(root)
        if turn is not None:
            turn.running = []

    def forget(self, root: str) -> None:
        """A tree is gone."""
        self._turns.pop(root, None)

    def covers(self, root: str, ask: Ask) -> bool:
        """Whether an ask was expected."""
        return self._used(root, ask) is not None

    def use(self, root: str, ask: Ask) -> bool:
        """Use up what an ask needs. Whether it was there."""
        used = self._used(root, ask)
        if used is None:
            return False
        running = self._turns[root].running
        self._turns[root].running = [one for index, one in enumerate(running) if index not in used]
        return True

    def answered(self, root: str) -> bool:
        """Count an answer to an ask of a tree. Whether it is one too many."""
        answers, now = self._turn(root).answers, self._now()
        if len(answers) == MOST_ANSWERS and now - answers[0] < ANSWER_SECONDS:
            return True
        answers.append(now)
        return False

    def _used(self, root: str, ask: Ask) -> tuple[int, ...] | None:
        turn = self._turns.get(root)
        if turn is None or turn.earlier is None or ask.id in turn.earlier or self._now() >= turn.running_until:
            return None
        return used_by(ask, turn.running)

    def _turn(self, root: str) -> _Turn:
        turn = self._turns.setdefault(root, _Turn())
        self._turns.move_to_end(root)
        if len(self._turns) > _MOST_TREES:
            self._turns.popitem(last=False)
        return turn
