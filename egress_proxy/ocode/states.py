"""`status` and `wait`: what a session is doing, and its coming to rest."""

from __future__ import annotations

import time

from egress_proxy.ocode.asks import note_decisions, say_asks
from egress_proxy.ocode.console import one_line
from egress_proxy.ocode.context import Context
from egress_proxy.ocode.documents import StateDocument, state_document
from egress_proxy.ocode.exits import Exit
from egress_proxy.ocode.faults import timed_out
from egress_proxy.ocode.listening import Listener
from egress_proxy.ocode.waiting import Waiting


def status(context: Context) -> Exit:
    """Print one word."""
    told = state_document(context.api.state(context.session))
    if context.console.json:
        context.console.document(told)
    else:
        context.console.say(told.state)
    return Exit.OK


def wait(context: Context) -> Exit:
    """Wait until a session is at rest; list what it waits for."""
    session, console, api = context.session, context.console, context.api
    directory = api.session(session).directory
    deadline = time.monotonic() + context.wait_seconds
    with Listener(lambda last: api.events(directory, last)) as listener:
        waiting = Waiting(lambda: api.state(session), listener, time.monotonic, deadline)
        state = waiting.until_rest(through_human=context.arguments.human)
    if state is None:
        raise timed_out(f"The session was not at rest within {context.wait_seconds:g} seconds.")
    told = state_document(state)
    if console.json:
        console.document(told)
    else:
        say_asks(console, told)
    note_decisions(console, told)
    if told.state == "error":
        console.note(one_line(f"the turn ended with an error: {told.error.name if told.error else ''}").rstrip())
        return Exit.TURN_FAILED
    return exit_of_state(told)


def exit_of_state(told: StateDocument) -> Exit:
    """The exit code of a session that waits for an answer; OK of any other."""
    return {"blocked": Exit.BLOCKED, "human": Exit.HUMAN}.get(told.state, Exit.OK)
