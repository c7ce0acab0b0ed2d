"""What ends a verb early: a word for programs, a sentence for people, an exit code.

Sentences are constant text of ours, or what the proxy says of itself, escaped. They never hold an ask.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from egress_proxy.errors import EgressError, Exit


class Word(StrEnum):
    """Reasons of the command itself; all others are the proxy's."""

    NOT_REACHED = "not_reached"
    NOT_THE_PROXY = "not_the_proxy"
    TOO_OLD = "too_old"
    TOKEN = "token"  # noqa: S105 - a reason, not a token
    UNKNOWN = "no_such_ask"
    AMBIGUOUS = "ambiguous_id"
    CHANGED = "ask_changed"
    QUESTION = "ask_is_a_question"
    NOT_CONFIRMED = "not_confirmed"
    UPSTREAM = "upstream"
    USAGE = "usage"


_PASSING: Final = frozenset({Exit.UNREACHABLE, Exit.UPSTREAM})


class DeskError(EgressError):
    """A verb that cannot go on. `reason` is the proxy's word or one of `Word`; `exit` is of this very error.

    `passes` is whether it may be gone by itself: who watches tries again.
    """

    def __init__(self, exit_code: Exit, reason: str, message: str, *, passes: bool | None = None) -> None:
        super().__init__(message)
        self.exit = exit_code
        self.reason = reason
        self.passes = exit_code in _PASSING if passes is None else passes


def usage(message: str) -> DeskError:
    """Wrong arguments."""
    return DeskError(Exit.USAGE, Word.USAGE, message)


def no_token(message: str) -> DeskError:
    """No token that could be sent, or one that is not taken."""
    return DeskError(Exit.UNREACHABLE, Word.TOKEN, message)


def not_the_proxy(message: str) -> DeskError:
    """Something answered that this command does not understand."""
    return DeskError(Exit.UNREACHABLE, Word.NOT_THE_PROXY, message)


def refused(reason: str, message: str, *, passes: bool = False) -> DeskError:
    """The answer is no."""
    return DeskError(Exit.FAILED, reason, message, passes=passes)
