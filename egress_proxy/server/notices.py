"""What a human is told of an ask, and when. Pure: the time is an argument.

A notice leaves the box, by a command or to a webhook, so it holds nothing that a model or a client wrote: no command,
no pattern, no title, no text (I6). What it does hold is checked to be a word of its kind, or left out.

Told is what starts to wait for a human: what the policy leaves to one, and what the agent may not approve because it
did not say so beforehand. And what of that expires. Of one client so many asks a minute are told one by one; then it is
told once that there are more, until a minute has had fewer.
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from egress_proxy.model import VERIFIER
from egress_proxy.server.queued import Decision, Waiting

MINUTE: Final = 60.0
_MOST_MET: Final = 20_000
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_WORD: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PERMISSION: Final = re.compile(r"[a-z][a-z_]{0,31}")


class Event(StrEnum):
    """Why a human is told."""

    WAITING = "waiting"
    EXPIRED = "expired"
    FLOOD = "flood"


class Notice(Struct, frozen=True, kw_only=True):
    """What a hook gets. Fields are added, never changed. Of a flood, those of an ask are null.

    `id` is the notice's own, the same at each try. `permission` is null of a question and where it is no plain word,
    `directory` where it is none of the configuration's. `asks` is how many asks of the client came in the last minute.
    `look` is the command that shows the ask, `link` its page. Times are seconds since the epoch.
    """

    id: str
    event: Event
    at: float
    client: str
    ask: str | None = None
    kind: str | None = None
    gate: str | None = None
    permission: str | None = None
    rule: str | None = None
    session: str | None = None
    directory: str | None = None
    expires_at: float | None = None
    asks: int
    look: str
    link: str | None = None


class Noticing:
    """Turns changes of the queue into notices. `page` is where the operator's pages are, without a slash."""

    def __init__(self, directories: Sequence[str], page: str | None, asks_per_minute: int) -> None:
        self._directories = frozenset(directories)
        self._page = page
        self._most = asks_per_minute
        self._met: OrderedDict[str, Waiting | None] = OrderedDict()  # None: lost in a flood
        self._recent: dict[str, deque[float]] = {}
        self._flooded: dict[str, float] = {}

    def waits(self, ask_id: str | None) -> bool:
        """Whether an ask still waits, as far as is known."""
        return ask_id in self._met

    def met(self) -> frozenset[str]:
        """The asks that wait for a human, as far as is known."""
        return frozenset(self._met)

    def asked(self, waiting: Waiting, new_id: str, now: float) -> Notice | None:
        """An ask waits. None if no human is to be told."""
        if waiting.id in self._met or not _for_human(waiting):
            return None
        count = self._counted(waiting.client, now)
        self._met[waiting.id] = waiting if count <= self._most else None
        if len(self._met) > _MOST_MET:
            self._met.popitem(last=False)
        if count <= self._most:
            return self._of(waiting, Event.WAITING, new_id, now)
        if now - self._flooded.get(waiting.client, -MINUTE) < MINUTE:
            return None
        self._flooded[waiting.client] = now
        return Notice(
            id=new_id,
            event=Event.FLOOD,
            at=now,
            client=_matching(_WORD, waiting.client) or "",
            asks=count,
            look="egress-proxy gates list",
            link=f"{self._page}/console/" if self._page else None,
        )

    def decided(self, decision: Decision, new_id: str, now: float) -> Notice | None:
        """An ask was decided. Told if it expired, and if it was told that it waits."""
        waiting = self._met.pop(decision.id, None)
        if waiting is None or decision.outcome != "expired":
            return None
        return self._of(waiting, Event.EXPIRED, new_id, now)

    def _counted(self, client: str, now: float) -> int:
        """Count an ask of a client: how many it is in the last minute."""
        recent = self._recent.setdefault(client, deque(maxlen=10 * self._most))
        recent.append(now)
        while recent and recent[0] <= now - MINUTE:
            recent.popleft()
        return len(recent)

    def _of(self, waiting: Waiting, event: Event, new_id: str, now: float) -> Notice:
        ask_id = _matching(_ID, waiting.id)
        return Notice(
            id=new_id,
            event=event,
            at=now,
            client=_matching(_WORD, waiting.client) or "",
            ask=ask_id,
            kind=waiting.kind,
            gate=waiting.gate,
            permission=_matching(_PERMISSION, waiting.permission),
            rule=_matching(_WORD, waiting.rule),
            session=_matching(_ID, waiting.session),
            directory=waiting.directory if waiting.directory in self._directories else None,
            expires_at=waiting.expires_at,
            asks=len(self._recent.get(waiting.client, ())),
            look=f"egress-proxy gates show {ask_id}" if ask_id else "egress-proxy gates list",
            link=f"{self._page}/console/asks/{ask_id}" if self._page and ask_id else None,
        )


def _for_human(waiting: Waiting) -> bool:
    if waiting.client == VERIFIER:
        return False  # made to be rejected a moment later; the queue shows it
    if waiting.gate == "self":
        return waiting.kind == "permission" and not waiting.expected
    return waiting.gate == "human"


def _matching(form: re.Pattern[str], text: str) -> str | None:
    return text if form.fullmatch(text) else None
