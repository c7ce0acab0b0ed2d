"""Exceptions whose text a person sees, and the exit codes of the commands.

Expected outcomes of an exchange are values (`model.Refused`), not exceptions. These are for starting up and for
commands. Their text never holds input of a client, upstream bytes, or a value from a secret source.
"""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of `egress-proxy`."""

    OK = 0
    FAILED = 1  # the command ran and the answer is no
    USAGE = 2  # wrong arguments, or a configuration that is not valid
    NOT_STARTED = 3  # cannot start: address in use, state not writable, self-test failed, unsupported upstream
    UPSTREAM = 4  # opencode cannot be reached or refused the password
    FOR_HUMAN = 5  # `gates explain`: a human decides the ask
    NEVER = 6  # `gates explain`: nobody may approve it
    UNREACHABLE = 7  # `gates list` and its like: no proxy answers, it is too old, or it does not take the token


class EgressError(Exception):
    """An error with a message for people and an exit code."""

    exit = Exit.FAILED


class ConfigError(EgressError):
    """A configuration, token or policy file that is not valid. Names file, line and key, never the value."""

    exit = Exit.USAGE


class StartError(EgressError):
    """The proxy cannot start safely."""

    exit = Exit.NOT_STARTED


class UpstreamError(EgressError):
    """opencode cannot be reached, or answers something that it should not."""

    exit = Exit.UPSTREAM


class AuditError(EgressError):
    """The audit log cannot be written."""
