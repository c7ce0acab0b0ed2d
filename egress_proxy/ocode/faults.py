"""What ends a command early: a word for programs, a sentence for people, an exit code.

Messages are constant text of ours or, in a `Refusal`, the proxy's. They never hold an argument, a token or a reply.
"""

from __future__ import annotations

from enum import StrEnum

from egress_proxy.ocode.exits import Exit


class Local(StrEnum):
    """Reasons of `ocode` itself. None of them is a word of the proxy's closed vocabulary (`egress_proxy.reasons`)."""

    USAGE = "ocode_usage"
    TOKEN = "ocode_token"  # noqa: S105 - a reason, not a token
    UNREACHABLE = "ocode_unreachable"
    NOT_THE_PROXY = "ocode_not_the_proxy"
    NOT_FOUND = "ocode_not_found"
    ALWAYS = "ocode_always"
    UNSUPPORTED = "ocode_unsupported"
    TIMEOUT = "ocode_timeout"
    INTERRUPTED = "ocode_interrupted"
    INTERNAL = "ocode_internal"


class Fault(Exception):
    """A command that cannot go on. `status` is of HTTP, if there was one; `audit_id` is the proxy's record of it."""

    def __init__(
        self, exit_code: Exit, reason: str, message: str, *, status: int | None = None, audit_id: str | None = None
    ) -> None:
        super().__init__(message)
        self.exit = exit_code
        self.reason = reason
        self.message = message
        self.status = status
        self.audit_id = audit_id


class Refusal(Fault):
    """The proxy's own refusal, as it said it."""

    def __init__(self, status: int, reason: str, message: str, audit_id: str | None) -> None:
        super().__init__(exit_of(status, reason), reason, message, status=status, audit_id=audit_id)


_BY_REASON = {
    "unauthenticated": Exit.UNAUTHENTICATED,
    "session_unknown": Exit.NOT_FOUND,
    "ask_unknown": Exit.NOT_FOUND,
    "ask_for_human": Exit.HUMAN,
    "upstream_not_found": Exit.NOT_FOUND,
    "diff_unavailable": Exit.NO_DIFF,
    "upstream_timeout": Exit.TIMEOUT,
}
_UNAUTHORIZED = 401
_TRY_LATER = 429
_SERVER_ERRORS = 500


def exit_of(status: int, reason: str) -> Exit:
    """Give the exit code for a refusal. A reason not named above goes by its status, so new reasons need no change."""
    if reason in _BY_REASON:
        return _BY_REASON[reason]
    if status == _UNAUTHORIZED:
        return Exit.UNAUTHENTICATED
    if status == _TRY_LATER or status >= _SERVER_ERRORS:
        return Exit.UNAVAILABLE
    return Exit.REFUSED


def usage(message: str) -> Fault:
    """Wrong arguments or environment."""
    return Fault(Exit.USAGE, Local.USAGE, message)


def not_found(message: str) -> Fault:
    """No such thing of this client's, as far as a list tells."""
    return Fault(Exit.NOT_FOUND, Local.NOT_FOUND, message)


def no_token(message: str) -> Fault:
    """No token that could be sent."""
    return Fault(Exit.UNAUTHENTICATED, Local.TOKEN, message)


def not_the_proxy(message: str, status: int | None = None) -> Fault:
    """Something answered that is not the proxy, or not one that this client understands."""
    return Fault(Exit.UNREACHABLE, Local.NOT_THE_PROXY, message, status=status)


def unreachable(message: str) -> Fault:
    """No connection, or it broke."""
    return Fault(Exit.UNREACHABLE, Local.UNREACHABLE, message)


def timed_out(message: str) -> Fault:
    """No answer in time."""
    return Fault(Exit.TIMEOUT, Local.TIMEOUT, message)
