"""`prompt`, `send` and `read`: what is said to the local agent and what it replied."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from msgspec.structs import replace

from egress_proxy.ocode.answers import Message, State
from egress_proxy.ocode.api import Api
from egress_proxy.ocode.asks import note_asks, note_decisions
from egress_proxy.ocode.console import Console, one_line, visible
from egress_proxy.ocode.context import Context
from egress_proxy.ocode.documents import (
    MessageDocument,
    MessagesDocument,
    SentDocument,
    message_document,
    state_document,
    turn_document,
)
from egress_proxy.ocode.exits import Exit
from egress_proxy.ocode.faults import Fault, Local, Refusal, timed_out
from egress_proxy.ocode.listening import Listener
from egress_proxy.ocode.live import LiveReply
from egress_proxy.ocode.states import exit_of_state
from egress_proxy.ocode.waiting import Waiting

_WAITING: Final = "sent; waiting for the reply (Ctrl-C stops the waiting, not the turn)"
GRACE_SECONDS: Final = 30.0
"""Until a prompt without any reply is taken for one that gets none."""
_CLIPPED_LINES: Final = 12
_CLIPPED_CHARS: Final = 1200


def prompt(context: Context) -> Exit:
    """Send a prompt, wait, show the reply."""
    session, console = context.session, context.console
    text = context.prompt_text(context.arguments.text, context.arguments.file)
    api = context.api
    found = api.session(session)
    before = _newest(api, session)
    live = LiveReply(console, session)
    try:
        with Listener(lambda last: api.events(found.directory, last)) as listener:
            _send(context, api, session, text, found.agent)
            console.progress(_WAITING)
            deadline = time.monotonic() + context.wait_seconds
            patience = time.monotonic() + GRACE_SECONDS
            waiting = Waiting(
                lambda: _state(api, session, before, patience),
                listener,
                time.monotonic,
                deadline,
                live.hear if console.live else lambda _: None,
            )
            state = waiting.until_rest(through_human=context.arguments.human)
        if state is None:
            raise timed_out(f"The turn did not end within {context.wait_seconds:g} seconds.")
    except (Fault, KeyboardInterrupt) as error:
        live.end()
        if isinstance(error, KeyboardInterrupt) or error.exit is Exit.TIMEOUT:
            console.note(f"the turn may still be running: `ocode wait {session}`, then `ocode read {session}`")
        raise
    live.end()
    told = state_document(state)
    blocked = exit_of_state(told)
    reply = None if blocked else _last_reply(_since(api.history(session), before))
    if console.json:
        console.document(turn_document(told, reply))
    note_decisions(console, told)
    if blocked:
        note_asks(console, told)
        return blocked
    if reply is None:
        why = f": {told.error.name}" if told.error else ""
        console.note(one_line(f"the turn ended without a reply{why}"))
        return Exit.TURN_FAILED
    return _show_reply(console, reply, shown=live.has_shown(reply.id, reply.text))


def send(context: Context) -> Exit:
    """Send a prompt and do not wait."""
    session, console = context.session, context.console
    text = context.prompt_text(context.arguments.text, context.arguments.file)
    _send(context, context.api, session, text, context.api.session(session).agent)
    if console.json:
        console.document(SentDocument(session, sent=True))
    return Exit.OK


def _send(context: Context, api: Api, session: str, text: str, agent: str | None) -> None:
    """Declare what is expected, if anything, then send. The proxy sends its default agent where none is named."""
    if context.arguments.expect:
        try:
            api.expect(session, tuple(context.arguments.expect))
        except Refusal as refusal:
            if refusal.reason != "operation_unknown":
                raise
            raise Fault(
                Exit.REFUSED,
                Local.UNSUPPORTED,
                "This proxy is older than --expect, so nothing was sent. Leave it out; `ocode perms` then shows what"
                " the local agent asks for.",
                status=refusal.status,
                audit_id=refusal.audit_id,
            ) from None
    api.prompt(session, text, agent)


def _state(api: Api, session: str, before: str, patience: float) -> State:
    """Ask for the state. A turn without a finished message of its own has only begun, whatever is said."""
    state = api.state(session)
    if state.state in {"idle", "error"} and time.monotonic() < patience:
        newest = api.messages(session, limit=1).messages
        last = newest[-1] if newest else None
        if last is None or last.info.id == before or last.info.role != "assistant" or last.running:
            return State(session, "busy")
    return state


def _newest(api: Api, session: str) -> str:
    """The id of the newest message: what the reply must come after."""
    messages = api.messages(session, limit=1).messages
    return messages[-1].info.id if messages else ""


def _since(newest_first: Iterable[Message], before: str) -> Iterator[Message]:
    for message in newest_first:
        if message.info.id == before:
            return
        yield message


def read(context: Context) -> Exit:
    """Show the reply to the last prompt, or the last messages."""
    arguments, console = context.arguments, context.console
    session = context.session
    history = context.api.history(session)
    if arguments.full or arguments.count is not None:
        found = _settled(tuple(message_document(message) for message in islice(history, arguments.count)))[::-1]
        return _show_messages(console, session, found, clipped=not arguments.full)
    reply = _last_reply(history)
    if console.json:
        console.document(MessagesDocument(session, () if reply is None else (reply,)))
    if reply is None:
        console.note("no reply to the last prompt yet")
        return Exit.OK
    return _show_reply(console, reply)


def _last_reply(newest_first: Iterable[Message]) -> MessageDocument | None:
    """Find the newest message of the last turn that says something, never one of the turn before.

    A prompt is a user message with visible text: opencode adds others of its own, whose text does not cross.
    """
    running = None
    for message in newest_first:
        found = message_document(message)
        if found.role == "assistant" and (found.text or found.error):
            return found
        if found.role == "assistant" and running is None:
            running = found
        if found.role == "user" and found.text:
            break
    return running


def _settled(newest_first: tuple[MessageDocument, ...]) -> tuple[MessageDocument, ...]:
    """Only of the newest message can more be to come: the one that follows another is what was to come."""
    return newest_first[:1] + tuple(replace(message, running=False) for message in newest_first[1:])


def _show_reply(console: Console, reply: MessageDocument, *, shown: bool = False) -> Exit:
    """Show a reply's text, unless it was shown already, and what there is to say about it; say whether it failed."""
    if not console.json and reply.text and not shown:
        console.say(reply.text)
    _note_placeholders(console, [reply])
    if reply.error is not None:
        console.note(one_line(f"the turn ended with an error: {reply.error.name} {reply.error.message}").rstrip())
    elif reply.running:
        console.note("the turn is still running: read it again later")
    elif not reply.text:
        console.note("the reply has no text")
    return Exit.TURN_FAILED if reply.error is not None or reply.wholly_withheld else Exit.OK


def _show_messages(console: Console, session: str, messages: tuple[MessageDocument, ...], *, clipped: bool) -> Exit:
    if console.json:
        console.document(MessagesDocument(session, messages))
    else:
        for message in messages:
            console.say(_headed(message, clipped=clipped))
    _note_placeholders(console, messages)
    return Exit.OK


def _headed(message: MessageDocument, *, clipped: bool) -> str:
    """A heading and the text below it, indented: only a heading starts a line, so no text can pass for one."""
    error = f" error: {message.error.name}" if message.error else ""
    running = " running" if message.running else ""
    heading = one_line(f"{message.role} {message.id}{running}{error}")
    lines = visible(message.text).split("\n") if message.text else []
    if clipped:
        lines = _clip(lines)
    return "\n".join([heading, *(f"  {line}" for line in lines)])


def _clip(lines: list[str]) -> list[str]:
    """The first lines of a long text, and how much there is besides."""
    kept, left = [], _CLIPPED_CHARS
    for line in lines[:_CLIPPED_LINES]:
        if left <= 0:
            break
        kept.append(line[:left] + ("…" if len(line) > left else ""))
        left -= len(line)
    missing = len(lines) - len(kept)
    return kept if not missing else [*kept, f"… {missing} more lines: --full shows them"]


def _note_placeholders(console: Console, messages: Iterable[MessageDocument]) -> None:
    messages = tuple(messages)
    redacted, withheld = sum(m.redacted for m in messages), sum(m.withheld for m in messages)
    if redacted:
        console.note(f"redacted places: {redacted}. Work with their names; the values stay on the machine.")
    if withheld:
        console.note(f"withheld places: {withheld}. Ask for the task to be done without repeating values in any form.")
