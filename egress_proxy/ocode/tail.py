"""`tail`: the events of a session and its sub-agents, as they cross.

As text a line each, for people; with `--json` a document each, exact. A stream that broke is opened again where it
stopped; where the proxy says that something is missing, so does this.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from egress_proxy.ocode.api import Api
from egress_proxy.ocode.console import Console, one_line
from egress_proxy.ocode.context import Context
from egress_proxy.ocode.documents import EventDocument
from egress_proxy.ocode.exits import Exit
from egress_proxy.ocode.heard import DECIDED, NOTICE, Event
from egress_proxy.ocode.listening import LOST, RESUMED, Listener

_MOST_SESSIONS: Final = 1000
_MOST_TEXT: Final = 160
_SILENT: Final = frozenset({"message.part.delta", "session.diff"})
"""Not told as text: pieces of what comes whole, and what comes after each turn."""
_WHY: Final = {
    "upstream_lost": "the proxy lost opencode and has it again",
    "place_unknown": "the proxy no longer has all that was missed",
    "too_slow": "events came faster than they were read",
}


def tail(context: Context) -> Exit:
    """Show events until the session is deleted, the time is over, or Ctrl-C."""
    session, console, api = context.session, context.console, context.api
    directory = api.session(session).directory
    seconds: float | None = context.arguments.timeout
    deadline = None if seconds is None else time.monotonic() + seconds
    with Listener(lambda last: api.events(directory, last)) as listener:
        tree = Tree(api, session)
        while deadline is None or time.monotonic() < deadline:
            event = listener.next(1.0 if deadline is None else min(1.0, deadline - time.monotonic()))
            if event is not None and _show(console, tree, event):
                return Exit.OK
    return Exit.OK


def _show(console: Console, tree: Tree, event: Event) -> bool:
    """Show one event. Whether it was the last."""
    if event.type == LOST:
        console.note("the connection was lost; trying to get it back")
    elif event.type == RESUMED:
        console.note("connected again")
    elif event.type == NOTICE:
        why = _WHY.get(event.text("reason"), "something may be missing")
        _write(console, event)
        console.note(f"resynchronise: {why}; `ocode read` and `ocode perms` show what is so now")
    elif tree.has(event):
        _write(console, event)
    return event.type == "session.deleted" and event.session == tree.session


def _write(console: Console, event: Event) -> None:
    if console.json:
        console.document(EventDocument(event.id, event.type, event.session or None, event.properties))
        console.flush()
        return
    if event.type in _SILENT or (event.text("part", "type") == "text" and not event.text("part", "text")):
        return
    now = time.strftime("%H:%M:%SZ", time.gmtime())
    tell = _TELL.get(event.type)
    told = "" if tell is None else tell(event)
    console.say(one_line(f"{now}  {event.session or '-'}  {event.type}  {told}".rstrip()))
    console.flush()


class Tree:
    """The sessions of one tree, as far as they are known."""

    def __init__(self, api: Api, session: str) -> None:
        self.session = session
        self._members = {session}
        waiting = [session]
        while waiting and len(self._members) < _MOST_SESSIONS:
            found = [child.id for child in api.children(waiting.pop()) if child.id not in self._members]
            self._members.update(found)
            waiting += found

    def has(self, event: Event) -> bool:
        """Whether an event is of the tree; a sub-agent that begins joins it."""
        if event.text("info", "parentID") in self._members and event.type.startswith("session."):
            self._members.add(event.session)
        return event.session in self._members


def _part(event: Event) -> str:
    kind = event.text("part", "type")
    if kind == "text":
        return _cut(event.text("part", "text"))
    if kind == "tool":
        return f"{event.text('part', 'tool')} {event.text('part', 'state', 'status')}"
    return kind


def _cut(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _MOST_TEXT else text[:_MOST_TEXT] + "…"


def _permission(event: Event) -> str:
    patterns = event.properties.get("patterns")
    shown = " ".join(one for one in patterns if isinstance(one, str)) if isinstance(patterns, list) else ""
    return f"{event.text('id')} {event.text('permission')} {shown}"


_TELL: Final[dict[str, Callable[[Event], str]]] = {
    "session.status": lambda event: event.text("status", "type"),
    "session.error": lambda event: event.text("error", "name"),
    "session.created": lambda event: event.text("info", "title"),
    "session.updated": lambda event: event.text("info", "title"),
    "message.updated": lambda event: f"{event.text('info', 'role')} {event.text('info', 'finish')}",
    "message.part.updated": _part,
    "permission.asked": _permission,
    "permission.replied": lambda event: f"{event.text('requestID')} {event.text('reply')}",
    "question.asked": lambda event: event.text("id"),
    "question.replied": lambda event: event.text("requestID"),
    "question.rejected": lambda event: event.text("requestID"),
    DECIDED: lambda event: f"{event.text('askID')} {event.text('outcome')} {event.text('by')} {event.text('note')}",
    NOTICE: lambda event: event.text("reason"),
}
