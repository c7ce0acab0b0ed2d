"""When a session has come to rest: done, in error, or waiting for an answer, with its whole tree of sub-agents.

Events only say that it is time to look; what is so is what the proxy's state endpoint answers. So a lost event costs
time and nothing else, and a session that looks idle while a sub-agent asks is not taken for done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from egress_proxy.ocode.answers import State
from egress_proxy.ocode.heard import DECIDED, NOTICE, Event
from egress_proxy.ocode.listening import RESUMED

LEAST_SECONDS: Final = 0.2
"""Between two looks, however many events come."""
STARTING_SECONDS: Final = 1.5
"""Until the next look at a session that was prompted and does not work yet: no event may come of it."""
MOST_SECONDS: Final = 20.0
"""Until the next look though nothing was heard."""
_TELLING: Final = frozenset(
    {
        "session.idle",
        "session.error",
        "session.deleted",
        "permission.asked",
        "permission.replied",
        "question.asked",
        "question.replied",
        "question.rejected",
        DECIDED,
        NOTICE,
        RESUMED,
    }
)


class Heard(Protocol):
    """Where events come from."""

    def next(self, seconds: float) -> Event | None: ...


class Waiting:
    """One wait. `look` asks for the state; `hear` is shown every event; `now` and `deadline` are in seconds."""

    def __init__(
        self,
        look: Callable[[], State],
        heard: Heard,
        now: Callable[[], float],
        deadline: float,
        hear: Callable[[Event], None] = lambda _: None,
    ) -> None:
        self._look = look
        self._heard = heard
        self._now = now
        self._deadline = deadline
        self._hear = hear

    def until_rest(self, *, through_human: bool = False) -> State | None:
        """Wait and give the state at rest, or None at the deadline. Raise `Fault`.

        `through_human` goes on waiting while a human, and nobody else, is asked.
        """
        while True:
            looked = self._now()
            state = self._look()
            if is_rest(state, through_human=through_human):
                self._drain()
                return state
            self._until_news(looked, MOST_SECONDS if state.working or state.state != "busy" else STARTING_SECONDS)
            if self._now() >= self._deadline:
                return None

    def _until_news(self, since: float, longest: float) -> None:
        until = min(since + longest, self._deadline)
        while (left := until - self._now()) > 0:
            event = self._heard.next(left)
            if event is None:
                return
            self._hear(event)
            if is_telling(event):
                until = min(until, since + LEAST_SECONDS)

    def _drain(self) -> None:
        while (event := self._heard.next(0)) is not None:
            self._hear(event)


def is_rest(state: State, *, through_human: bool = False) -> bool:
    """Whether nothing more happens by itself."""
    if state.state == "blocked":
        return not (state.for_nobody or (through_human and state.for_human))
    return state.state in {"idle", "error"}


def is_telling(event: Event) -> bool:
    """Whether the state may be another after this event, whosesoever it is: a sub-agent's id may not be known."""
    if event.type == "session.status":
        return event.text("status", "type") != "busy"
    return event.type in _TELLING
