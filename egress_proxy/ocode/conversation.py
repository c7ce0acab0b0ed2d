"""`prompt` and `read`: what is said to the local agent and what it replied."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from msgspec.structs import replace

from egress_proxy.ocode.answers import Message
from egress_proxy.ocode.api import check_session_id
from egress_proxy.ocode.console import Console, one_line, visible
from egress_proxy.ocode.context import Context
from egress_proxy.ocode.documents import MessageDocument, MessagesDocument, ReplyDocument, message_document
from egress_proxy.ocode.exits import Exit
from egress_proxy.ocode.faults import Fault

_WAITING = "sent; waiting for the reply (Ctrl-C stops the waiting, not the turn)"


def prompt(context: Context) -> Exit:
    """Send a prompt, wait, show the reply."""
    session, console = context.arguments.session, context.console
    check_session_id(session)
    text = context.prompt_text(context.arguments.text)
    api = context.api
    console.progress(_WAITING)
    try:
        reply = message_document(api.prompt(session, text))
    except (Fault, KeyboardInterrupt) as error:
        if isinstance(error, KeyboardInterrupt) or error.exit is Exit.TIMEOUT:
            console.note(f"the turn may still be running: `ocode read {session}` shows its reply later")
        raise
    if console.json:
        console.document(ReplyDocument(session, reply))
    return _show_reply(console, reply)


def read(context: Context) -> Exit:
    """Show the reply to the last prompt, or the last messages."""
    arguments, console = context.arguments, context.console
    history = context.api.history(arguments.session)
    if arguments.all or arguments.last is not None:
        found = _settled(tuple(message_document(message) for message in islice(history, arguments.last)))[::-1]
        return _show_messages(console, arguments.session, found)
    reply = _last_reply(history)
    if console.json:
        console.document(MessagesDocument(arguments.session, () if reply is None else (reply,)))
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


def _show_reply(console: Console, reply: MessageDocument) -> Exit:
    """Show a reply's text, unless it was shown as JSON, and what there is to say about it; say whether it failed."""
    if not console.json and reply.text:
        console.say(reply.text)
    _note_placeholders(console, [reply])
    if reply.error is not None:
        console.note(one_line(f"the turn ended with an error: {reply.error.name} {reply.error.message}").rstrip())
    elif reply.running:
        console.note("the turn is still running: read it again later")
    elif not reply.text:
        console.note("the reply has no text")
    return Exit.TURN_FAILED if reply.error is not None or reply.wholly_withheld else Exit.OK


def _show_messages(console: Console, session: str, messages: tuple[MessageDocument, ...]) -> Exit:
    if console.json:
        console.document(MessagesDocument(session, messages))
    else:
        for message in messages:
            console.say(_headed(message))
    _note_placeholders(console, messages)
    return Exit.OK


def _headed(message: MessageDocument) -> str:
    """A heading and the text below it, indented: only a heading starts a line, so no text can pass for one."""
    error = f" error: {message.error.name}" if message.error else ""
    running = " running" if message.running else ""
    heading = one_line(f"{message.role} {message.id}{running}{error}")
    lines = visible(message.text).split("\n") if message.text else []
    return "\n".join([heading, *(f"  {line}" for line in lines)])


def _note_placeholders(console: Console, messages: Iterable[MessageDocument]) -> None:
    messages = tuple(messages)
    redacted, withheld = sum(m.redacted for m in messages), sum(m.withheld for m in messages)
    if redacted:
        console.note(f"redacted places: {redacted}. Work with their names; the values stay on the machine.")
    if withheld:
        console.note(f"withheld places: {withheld}. Ask for the task to be done without repeating values in any form.")
