"""The exit codes of `ocode`: what a script may rely on. A code is added, never reused."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of `ocode`."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    BLOCKED = 3
    HUMAN = 4
    UNAUTHENTICATED = 5
    UNREACHABLE = 6
    NOT_FOUND = 7
    TURN_FAILED = 8
    NO_DIFF = 9
    UNAVAILABLE = 10
    INTERNAL = 70
    TIMEOUT = 124
    INTERRUPTED = 130
    OUTPUT_LOST = 141


MEANING: dict[Exit, str] = {
    Exit.OK: "done; a reply may still hold redacted places (a note on stderr says so)",
    Exit.REFUSED: "the proxy refused the request; its message says what to do instead",
    Exit.USAGE: "wrong arguments or environment; nothing was sent",
    Exit.BLOCKED: "the session waits for an answer: `ocode perms` shows to what, `allow` and `answer` give it",
    Exit.HUMAN: "a human has to answer; `ocode wait SESSION --human` waits for it",
    Exit.UNAUTHENTICATED: "no usable token, or the proxy does not accept it",
    Exit.UNREACHABLE: "no connection, a broken one, or something else than the proxy answered",
    Exit.NOT_FOUND: "no such session, message or pending ask of this client",
    Exit.TURN_FAILED: "the turn ended with an error or without a reply, or its whole reply was withheld",
    Exit.NO_DIFF: "the directory is not a git repository, so there is no diff",
    Exit.UNAVAILABLE: "the proxy or the local agent failed or is busy; nothing crossed; try again",
    Exit.INTERNAL: "a defect of ocode itself",
    Exit.TIMEOUT: "no answer in time; the turn may still be running: read it later",
    Exit.INTERRUPTED: "interrupted; the turn may still be running: read it later",
    Exit.OUTPUT_LOST: "standard output was closed or could not be written",
}
