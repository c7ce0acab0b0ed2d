"""The pages, from templates with escaping on. Whatever others wrote goes through `shown.pieces` first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import jinja2

from egress_proxy.console import urls
from egress_proxy.console.sessions import Session
from egress_proxy.console.shown import pieces, strange
from egress_proxy.explanations import EXPLAINED
from egress_proxy.reasons import Reason
from egress_proxy.server.queued import Decision, Said, Waiting

NOTE_CHARS: Final = 2000
"""Of a note, at most."""
SHOWN_CHARS: Final = 65_536
"""Of an ask, at most: one that is longer cannot be looked through, and is not approved here. No command that makes
sense is near it; a page of so many hostile characters takes a second to make."""
LISTED: Final = 50
"""Asks in the list: of each client the oldest, then of each the second, and so on, so that many hide nobody else's."""
_HERE: Final = Path(__file__).parent
_NOT_DECIDED: Final = {
    "ask_unknown": "This ask no longer waits: it was answered, it has expired, or its session is gone.",
    "ask_changed": "The ask has changed since your page was made. Look at it as it is now.",
    "ask_never": "The policy lets nobody approve this ask.",
    "ask_question": "A question is the calling agent's to answer: it can only be rejected here.",
    "audit_unavailable": "The decision could not be put on record, so it was not made.",
}


def files() -> dict[str, bytes]:
    """The files that the pages load: the one style, the one script, the icon."""
    return {path.name: path.read_bytes() for path in sorted((_HERE / "static").iterdir()) if path.suffix in TYPES}


TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Pages:
    """Renders. `now` is in seconds since the epoch; pages of a session say how many asks wait."""

    def __init__(self) -> None:
        self._templates: Final = _templates()

    def login(self, *, to: str = "", problem: str = "", over: bool = False, signed_on: str = "") -> str:
        """The form to log in; `to` is the page to go on to, `over` makes the browser forget an earlier session,
        `signed_on` is who a reverse proxy says that it is."""
        return self.render("login.html", to=to, problem=problem, over=over, signed_on=signed_on)

    def told(self, title: str, sentence: str, session: Session | None = None) -> str:
        """A page that says one thing."""
        return self.render("told.html", title=title, sentence=sentence, session=session, count=None)

    def queue(self, session: Session, asks: Iterable[Waiting], now: float, *, done: Decision | None = None) -> str:
        waiting = in_turn(asks)
        values = {"asks": waiting[:LISTED], "count": len(waiting), "now": now, "done": done}
        return self.render("queue.html", session=session, **values)

    def ask(
        self,
        session: Session,
        ask: Waiting,
        context: tuple[Said, ...] | Reason,
        count: int,
        now: float,
        *,
        problem: str = "",
        note: str = "",
    ) -> str:
        """One ask with the form to decide it. `problem` says why a decision was not made; `note` is kept then."""
        unread = explained(context) if isinstance(context, Reason) else ""
        said = () if isinstance(context, Reason) else context
        return self.render(
            "ask.html",
            session=session,
            ask=ask,
            said=said,
            too_long=too_long(ask),
            unread=unread,
            count=count,
            now=now,
            problem=problem,
            note=note,
        )

    def gone(
        self, session: Session, ask_id: str, outcome: Decision | None, count: int, now: float, *, problem: str = ""
    ) -> str:
        """In place of an ask that does not wait."""
        values = {"ask_id": ask_id, "outcome": outcome, "count": count, "now": now, "problem": problem}
        return self.render("gone.html", session=session, **values)

    def decided(self, session: Session, decisions: Iterable[Decision], count: int, now: float) -> str:
        """What became of the latest asks, newest first."""
        return self.render("decided.html", session=session, decisions=tuple(decisions), count=count, now=now)

    def render(self, template: str, **values: Any) -> str:  # noqa: ANN401 - what templates take
        """A page of a template."""
        return self._templates.get_template(template).render(**values)


@cache
def _templates() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update(urls=urls, pieces=pieces, strange=strange, left=left, note_chars=NOTE_CHARS)
    made.filters["utc"] = utc
    return made


def in_turn(asks: Iterable[Waiting]) -> tuple[Waiting, ...]:
    """Order asks by their rank among those of their client, and then by age. `asks` are oldest first."""
    before: Counter[str] = Counter()
    ranked: list[tuple[int, Waiting]] = []
    for ask in asks:
        ranked.append((before[ask.client], ask))
        before[ask.client] += 1
    return tuple(ask for _, ask in sorted(ranked, key=lambda one: one[0]))


def too_long(ask: Waiting) -> bool:
    """Whether an ask is more than a person can look through."""
    texts = (ask.permission, *ask.patterns, ask.command or "", ask.workdir, ask.directory, ask.title)
    # A pattern of no length is a line on the page as well.
    return sum(map(len, texts)) + 64 * len(ask.patterns) > SHOWN_CHARS


def not_decided(reason: Reason) -> str:
    """Say why an ask was not decided."""
    return _NOT_DECIDED.get(reason.value) or explained(reason)


def explained(reason: Reason) -> str:
    """What a reason means: the sentence that clients are told too."""
    return f"{EXPLAINED[reason].summary} ({reason.value})"


def left(seconds: float) -> str:
    """How long something lasts yet: `4 min 05 s`. The script of the pages counts in the same words."""
    whole = max(0, int(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def utc(seconds: float) -> str:
    """A moment as `2025-01-01 13:00:00 UTC`; `?` where it is none."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return "?"
