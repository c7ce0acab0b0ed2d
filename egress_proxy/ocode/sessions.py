"""`new`, `sessions`, `rm` and `diff`: sessions, and what they changed."""

from __future__ import annotations

from time import gmtime, strftime

from egress_proxy.ocode import changes
from egress_proxy.ocode.console import one_line
from egress_proxy.ocode.context import Context
from egress_proxy.ocode.documents import (
    DeletedDocument,
    DiffDocument,
    FileDocument,
    SessionDocument,
    SessionsDocument,
    diff_document,
    session_document,
)
from egress_proxy.ocode.exits import Exit
from egress_proxy.ocode.faults import not_the_proxy


def new(context: Context) -> Exit:
    """Create a session and print its id alone."""
    created = session_document(context.api.create_session(context.arguments.title, context.arguments.agent))
    context.remember(created.directory)
    if context.console.json:
        context.console.document(created)
    else:
        context.console.say(created.id)
    return Exit.OK


def listing(context: Context) -> Exit:
    """List the sessions, the one updated last first."""
    console = context.console
    found = sorted(map(session_document, context.sessions()), key=lambda session: -session.updated)
    if console.json:
        console.document(SessionsDocument(tuple(found)))
        return Exit.OK
    for session in found:
        console.say(console.fitted(_row(session)))
    if not found:
        console.note("no sessions")
    return Exit.OK


def _row(session: SessionDocument) -> str:
    updated = strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(session.updated / 1000))
    return f"{session.id}  {updated}  {one_line(session.title)}"


def remove(context: Context) -> Exit:
    """Delete a session. Silent, as rm is."""
    session = context.session
    if not context.api.delete(session):
        raise not_the_proxy("The session was not deleted, and the answer does not say why. List the sessions.")
    if context.console.json:
        context.console.document(DeletedDocument(session, deleted=True))
    return Exit.OK


def diff(context: Context) -> Exit:
    """Show which files were changed."""
    arguments, console = context.arguments, context.console
    api, session, message = context.api, context.session, arguments.message
    found = changes.of_session(api, session) if message is None else changes.of_turn(api, session, message)
    document = diff_document(session, found)
    if message is not None and document.message is None:
        console.note("this opencode does not tell turns apart: these are the changes of the whole session")
    if console.json:
        console.document(document)
    else:
        _show_files(context, document)
    return Exit.OK


def _show_files(context: Context, document: DiffDocument) -> None:
    for file in document.files:
        context.console.say(_change(file))
    if not document.files:
        context.console.note("no changed files")


def _change(file: FileDocument) -> str:
    return f"{one_line(file.status or 'changed'):<8}  +{file.additions} -{file.deletions}  {one_line(file.file)}"
