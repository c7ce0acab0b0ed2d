"""The verbs: a row each in `VERBS`, which makes the parser, the help and the dispatch, and tests docs/ocode.md."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Final, NamedTuple

from egress_proxy.ocode import (
    arguments,
    asks,
    completion,
    conversation,
    doctor,
    login,
    mcp,
    sessions,
    states,
    tail,
)
from egress_proxy.ocode.context import Context
from egress_proxy.ocode.exits import Exit


class Verb(NamedTuple):
    """A verb: `arguments` declares them; `run` does it and gives the exit code, or raises `Fault`.

    `exits` are the codes that say something particular of it. `waits`: --timeout is of the whole wait.
    """

    name: str
    summary: str
    details: str
    arguments: Callable[[ArgumentParser], None]
    run: Callable[[Context], Exit]
    examples: tuple[str, ...]
    exits: tuple[Exit, ...] = ()
    waits: bool = False


_TURN: Final = (Exit.BLOCKED, Exit.HUMAN, Exit.TURN_FAILED, Exit.TIMEOUT)

VERBS: Final = (
    Verb(
        "new",
        "create a session and print its id",
        "Create a session in the directory and print its id alone on standard output. The session keeps its directory:"
        " no other verb needs to be told.",
        arguments.new,
        sessions.new,
        ("ocode new", 'session=$(ocode new --dir /srv/projects/shop --title "Populate .env" --agent build)'),
    ),
    Verb(
        "prompt",
        "send a prompt, wait, print the reply",
        "Send a prompt, wait for the local agent's turn to end and print the reply's text; on a terminal, as it is"
        " written. If the turn stops to ask, the asks are listed on standard error: answer them, then `ocode wait` and"
        " `ocode read`. --expect says beforehand what the turn may ask for and you approve, such as read:.env; it ends"
        " with the turn. Redacted and withheld places are shown as they came, and counted on standard error. If the"
        " wait ends first (exit code 124) the turn goes on.",
        arguments.prompt,
        conversation.prompt,
        (
            'ocode prompt ses_0a1 "List the keys of .env. Names only."',
            "ocode prompt ses_0a1 --expect read:.env --file brief.md --timeout 1800",
            "ocode prompt ses_0a1 - < brief.md",
        ),
        _TURN,
        waits=True,
    ),
    Verb(
        "send",
        "send a prompt and do not wait",
        "Send a prompt and return at once. Prints nothing. `ocode wait` waits for the turn to end, `ocode read` prints"
        " the reply.",
        arguments.send,
        conversation.send,
        ('ocode send ses_0a1 "Run the tests." && ocode wait ses_0a1 && ocode read ses_0a1',),
    ),
    Verb(
        "wait",
        "wait until a session is done, or asks",
        "Wait until a session and all of its sub-agents are at rest. Prints nothing when they are done; what is asked"
        " for when they wait for an answer. --human goes on waiting while only a human can answer.",
        arguments.wait,
        states.wait,
        ("ocode wait ses_0a1", "ocode wait ses_0a1 --human --timeout 3600"),
        _TURN,
        waits=True,
    ),
    Verb(
        "status",
        "print in one word what a session does",
        "Print one word: idle, busy, retry (the model failed and is tried again), error (the last turn failed), blocked"
        " (it waits for an answer of yours) or human (it waits for a human's). Sub-agents count.",
        arguments.one_session,
        states.status,
        ("ocode status ses_0a1",),
    ),
    Verb(
        "read",
        "print the reply to the last prompt, or the last messages",
        "Print the reply to the last prompt, never one of an earlier turn. With N print the last N messages, each under"
        " a line with its role and id, and indented; long ones are cut. --full prints them whole, and all messages"
        " unless N is given.",
        arguments.read,
        conversation.read,
        ("ocode read ses_0a1", "ocode read ses_0a1 5", "ocode read ses_0a1 --full"),
        (Exit.TURN_FAILED,),
    ),
    Verb(
        "perms",
        "list what is waited for: permissions and questions",
        "List the permissions and questions that sessions and their sub-agents wait for, of one session or of all of"
        " yours: id, kind, session, and who answers where the proxy says so; below it what it is about.",
        arguments.perms,
        asks.perms,
        ("ocode perms", "ocode perms ses_0a1 --json"),
    ),
    Verb(
        "allow",
        "answer a permission",
        "Answer a permission: once, or reject, which may tell the local agent why with --message. `always` is not sent:"
        " nobody may set a lasting rule from here, and the command says why. Prints nothing.",
        arguments.allow,
        asks.allow,
        ("ocode allow per_0a1 once", 'ocode allow per_0a1 reject --message "Not this file."'),
        (Exit.HUMAN, Exit.NOT_FOUND),
    ),
    Verb(
        "answer",
        "answer a question",
        "Answer a question: a LABEL for each of its questions, in the order of `ocode perms`; several labels of one"
        " with commas. --custom sends words of your own instead, --reject declines. Prints nothing.",
        arguments.answer,
        asks.answer,
        (
            "ocode answer que_0a1 PostgreSQL",
            "ocode answer que_0a1 PostgreSQL lint,test",
            "ocode answer que_0a1 --reject",
        ),
        (Exit.NOT_FOUND,),
    ),
    Verb(
        "diff",
        "list the files that a session changed",
        "List the changed files of a session, or of one turn: status, lines added and removed, name. Without --message"
        " the counts may be sums over the turns; a file that was added and deleted again is not listed. Needs a git"
        " repository.",
        arguments.diff,
        sessions.diff,
        ("ocode diff ses_0a1", "ocode diff ses_0a1 --message msg_0a1 --json"),
        (Exit.NO_DIFF,),
    ),
    Verb(
        "sessions",
        "list your sessions",
        "List the sessions of this token, of the directory or, if none is named, of the proxy's default and of those in"
        " which `ocode new` was used: id, time of the last update (UTC) and title, the last updated first.",
        arguments.nothing,
        sessions.listing,
        ("ocode sessions", "ocode sessions --dir /srv/projects/shop --json"),
    ),
    Verb(
        "tail",
        "print the events of a session as they happen",
        "Print the events of a session and its sub-agents as they cross, a line each, or with --json a document each,"
        " until the session is deleted, the time of --timeout is over, or Ctrl-C. A connection that breaks is made"
        " again where it stopped; if something was missed, a line says so.",
        arguments.one_session,
        tail.tail,
        ("ocode tail ses_0a1", "ocode tail ses_0a1 --json --timeout 60"),
        waits=True,
    ),
    Verb(
        "rm",
        "delete a session",
        "Delete a session and its messages. Prints nothing.",
        arguments.one_session,
        sessions.remove,
        ("ocode rm ses_0a1",),
    ),
    Verb(
        "login",
        "store the proxy's address and the token",
        "Ask for the token on the terminal without showing it, or read it from standard input; try it; and store it"
        " with the address for you alone (mode 600).",
        arguments.login,
        login.login,
        ("ocode login --url https://proxy.example", "pass show egress-proxy | ocode login --url ssh://me@devbox"),
        (Exit.UNAUTHENTICATED,),
    ),
    Verb(
        "doctor",
        "find out what works and what may be done",
        "Look at the address, the token, the connection, versions, directory, agents, models and events, and say what"
        " cannot be done and what to do instead. The exit code is that of the first thing that fails.",
        arguments.nothing,
        doctor.doctor,
        ("ocode doctor", "ocode doctor --json"),
    ),
    Verb(
        "mcp",
        "serve the verbs as tools over MCP",
        "Serve the verbs as tools of an MCP server on standard input and output, with typed results, progress while"
        " waiting, and errors that say what to do. Needs the extra `mcp` of this package. Runs until its input ends.",
        arguments.nothing,
        mcp.mcp,
        ("ocode mcp", "ocode mcp --url ssh://me@devbox"),
    ),
    Verb(
        "completion",
        "print the completion script of a shell",
        "Print a script that completes verbs, flags, ids of sessions and of asks at TAB.",
        arguments.completion,
        completion.completion,
        (
            'eval "$(ocode completion bash)"  # in ~/.bashrc',
            "ocode completion fish > ~/.config/fish/completions/ocode.fish",
        ),
    ),
)
