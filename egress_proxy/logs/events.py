"""The events of the log: a word, a level and a sentence each. docs/logs.md says what to do about them.

A field holds a number, a word of a closed list, the name or place of something the operator configured, or the type of
an exception: nothing that a client, a model or opencode wrote, but for the names of a server's own operations.
"""

from __future__ import annotations

import logging
import re
from enum import StrEnum
from typing import Final, NamedTuple


class Saying(StrEnum):
    """What happened. A word never changes its meaning."""

    CONFIG_RISK = "config_risk"
    STARTING = "starting"
    SERVING = "serving"
    STOPPING = "stopping"
    REQUESTS_GIVEN_UP = "requests_given_up"
    REQUESTS_UNFINISHED = "requests_unfinished"
    OPENCODE_FOUND = "opencode_found"
    OPERATION_NOT_KNOWN = "operation_not_known"
    GATE_POLICY_BROKEN = "gate_policy_broken"
    TOKENS_BROKEN = "tokens_broken"
    VALUES_KNOWN = "values_known"
    VALUE_NOT_WATCHED = "value_not_watched"
    VALUES_MALFORMED = "values_malformed"
    VALUES_UNREADABLE = "values_unreadable"
    VALUES_FILE_UNREADABLE = "values_file_unreadable"
    VALUES_FILE_TOO_LARGE = "values_file_too_large"
    VALUES_TOO_MANY = "values_too_many"
    VALUES_FAILED = "values_failed"
    SCAN_TIMEOUT = "scan_timeout"
    SCAN_FAILED = "scan_failed"
    SESSION_WARY = "session_wary"
    AUDIT_UNWRITABLE = "audit_unwritable"
    EVIDENCE_FAILED = "evidence_failed"
    EVIDENCE_BACK = "evidence_back"
    EXCHANGE_FAILED = "exchange_failed"
    REQUEST_FAILED = "request_failed"
    STREAM_FAILED = "stream_failed"
    EVENT_FAILED = "event_failed"
    FRAME_FAILED = "frame_failed"
    EVENTS_LOST = "events_lost"
    EVENTS_FAILED = "events_failed"
    CLIENT_STALLED = "client_stalled"
    STRANGER_REFUSED = "stranger_refused"
    NO_ROOM = "no_room"
    CONNECTION_FAILED = "connection_failed"
    CERTIFICATE_NEW = "certificate_new"
    CERTIFICATE_BROKEN = "certificate_broken"
    WATCHDOG_SILENT = "watchdog_silent"
    RELOADED = "reloaded"
    RELOAD_NEEDS_RESTART = "reload_needs_restart"
    RELOAD_REFUSED = "reload_refused"
    RELOAD_FAILED = "reload_failed"
    SHELL_FAILED = "shell_failed"
    TASK_FAILED = "task_failed"
    ASKS_FAILED = "asks_failed"
    NOTE_FAILED = "note_failed"
    OPERATOR_FAILED = "operator_failed"
    CONSOLE_FAILED = "console_failed"
    COMMAND_NOT_RUN = "command_not_run"
    COMMAND_TIMEOUT = "command_timeout"
    COMMAND_FAILED = "command_failed"
    WEBHOOK_FAILED = "webhook_failed"
    NOTICES_DROPPED = "notices_dropped"
    NOTICE_FAILED = "notice_failed"
    NOTICES_FAILED = "notices_failed"
    COLLECTOR_AWAY = "collector_away"
    COLLECTOR_BACK = "collector_back"


class Told(NamedTuple):
    """How an event is told: its level, and a sentence with the names of its fields."""

    level: int
    text: str

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of its fields, in the order of the sentence."""
        return tuple(_FIELD.findall(self.text))


_FIELD: Final = re.compile(r"%\((\w+)\)")
_INFO, _WARNING, _ERROR, _CRITICAL = logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL

TOLD: Final[dict[Saying, Told]] = {
    Saying.CONFIG_RISK: Told(_WARNING, "%(why)s"),
    Saying.STARTING: Told(_INFO, "starting: %(step)s"),
    Saying.SERVING: Told(_INFO, "serving on %(listen)s, operator on %(operator)s"),
    Saying.STOPPING: Told(_INFO, "stopping"),
    Saying.REQUESTS_GIVEN_UP: Told(_WARNING, "%(count)d requests are given up on"),
    Saying.REQUESTS_UNFINISHED: Told(_WARNING, "stopped with %(count)d requests unfinished"),
    Saying.OPENCODE_FOUND: Told(_INFO, "opencode %(opencode)s; the catalogue has %(catalogue)s"),
    Saying.OPERATION_NOT_KNOWN: Told(_WARNING, "an operation of the server is unknown and denied: %(operation)s"),
    Saying.GATE_POLICY_BROKEN: Told(_CRITICAL, "gates_file: %(why)s; until it is mended, every ask is for a human"),
    Saying.TOKENS_BROKEN: Told(_ERROR, "tokens: the token file is not to be believed, nobody can log in: %(why)s"),
    Saying.VALUES_KNOWN: Told(_INFO, "%(count)d known values"),
    Saying.VALUE_NOT_WATCHED: Told(_WARNING, "the value of %(name)s is not watched for (%(cause)s). %(why)s"),
    Saying.VALUES_MALFORMED: Told(
        _WARNING, "a file of known values is not of its format now; taken is what may be a value: %(path)s"
    ),
    Saying.VALUES_UNREADABLE: Told(_WARNING, "known values cannot be read again, the older ones stay: %(why)s"),
    Saying.VALUES_FILE_UNREADABLE: Told(
        _WARNING, "a file of known values cannot be read as it is now, the older ones stay: %(why)s"
    ),
    Saying.VALUES_FILE_TOO_LARGE: Told(
        _CRITICAL, "a file of known values is too large, and nothing crosses until it is not: %(why)s"
    ),
    Saying.VALUES_TOO_MANY: Told(
        _CRITICAL, "more than %(count)d values came up since the start: nothing crosses until a restart"
    ),
    Saying.VALUES_FAILED: Told(_ERROR, "reading %(source)s again failed with %(error)s"),
    Saying.SCAN_TIMEOUT: Told(_ERROR, "a scan took longer than its limit; the answer is withheld"),
    Saying.SCAN_FAILED: Told(_ERROR, "the scanner failed with %(error)s; the answer is withheld"),
    Saying.SESSION_WARY: Told(
        _WARNING,
        "%(count)d texts of a session were withheld for pieces of values: those with any piece are from now on",
    ),
    Saying.AUDIT_UNWRITABLE: Told(
        _CRITICAL, "the audit log cannot be written; answers that are not clean are withheld"
    ),
    Saying.EVIDENCE_FAILED: Told(
        _CRITICAL, "evidence cannot be sealed or kept; answers that need it are withheld: %(why)s"
    ),
    Saying.EVIDENCE_BACK: Told(_INFO, "evidence is sealed and kept again"),
    Saying.EXCHANGE_FAILED: Told(_ERROR, "exchange %(exchange)s failed with %(error)s"),
    Saying.REQUEST_FAILED: Told(_ERROR, "a request failed with %(error)s"),
    Saying.STREAM_FAILED: Told(_ERROR, "a stream failed with %(error)s"),
    Saying.EVENT_FAILED: Told(_ERROR, "an event failed with %(error)s"),
    Saying.FRAME_FAILED: Told(_ERROR, "event %(exchange)s failed with %(error)s"),
    Saying.EVENTS_LOST: Told(_WARNING, "the events of a directory were lost (%(reason)s); connecting again"),
    Saying.EVENTS_FAILED: Told(_ERROR, "the events of a directory failed with %(error)s"),
    Saying.CLIENT_STALLED: Told(_WARNING, "a client took nothing of its answer for too long and was cut off"),
    Saying.STRANGER_REFUSED: Told(_INFO, "refused a stranger at %(address)s: %(reason)s"),
    Saying.NO_ROOM: Told(_ERROR, "no connection can be taken: the system has no room (%(error)s)"),
    Saying.CONNECTION_FAILED: Told(_ERROR, "a connection failed with %(error)s"),
    Saying.CERTIFICATE_NEW: Told(_INFO, "a new certificate is in force"),
    Saying.CERTIFICATE_BROKEN: Told(_ERROR, "a new certificate cannot be used, the old one stays in force: %(why)s"),
    Saying.WATCHDOG_SILENT: Told(
        _CRITICAL, "no connections are taken any more: the watchdog is not told that all is well"
    ),
    Saying.RELOADED: Told(_INFO, "the configuration is in force"),
    Saying.RELOAD_NEEDS_RESTART: Told(_WARNING, "these have changed too, and need a restart: %(settings)s"),
    Saying.RELOAD_REFUSED: Told(_ERROR, "the configuration cannot be used, the old one stays in force: %(why)s"),
    Saying.RELOAD_FAILED: Told(_ERROR, "the reload failed with %(error)s, the old configuration stays in force"),
    Saying.SHELL_FAILED: Told(_ERROR, "the shell failed with %(error)s"),
    Saying.TASK_FAILED: Told(_ERROR, "a task failed with %(error)s"),
    Saying.ASKS_FAILED: Told(_ERROR, "looking for asks failed with %(error)s"),
    Saying.NOTE_FAILED: Told(_ERROR, "the note of a decision could not be read: %(error)s"),
    Saying.OPERATOR_FAILED: Told(_ERROR, "a request of the operator failed with %(error)s"),
    Saying.CONSOLE_FAILED: Told(_ERROR, "a page of the console failed with %(error)s"),
    Saying.COMMAND_NOT_RUN: Told(_WARNING, "notify: the command cannot be run (%(error)s)"),
    Saying.COMMAND_TIMEOUT: Told(_WARNING, "notify: the command did not end within %(seconds)g seconds"),
    Saying.COMMAND_FAILED: Told(_WARNING, "notify: the command failed (exit %(code)d)"),
    Saying.WEBHOOK_FAILED: Told(_WARNING, "notify: the webhook did not take a notice (%(cause)s)"),
    Saying.NOTICES_DROPPED: Told(_WARNING, "notify: too many notices wait for the %(hook)s; more are dropped"),
    Saying.NOTICE_FAILED: Told(_ERROR, "notify: the %(hook)s failed with %(error)s"),
    Saying.NOTICES_FAILED: Told(_ERROR, "notify: reading the queue failed with %(error)s"),
    Saying.COLLECTOR_AWAY: Told(_WARNING, "the log's collector does not take lines (%(error)s); it is tried again"),
    Saying.COLLECTOR_BACK: Told(_INFO, "the log's collector takes lines again"),
}

FIELDS: Final[dict[str, str]] = {
    "step": "what the start does next",
    "listen": "the cloud-facing socket",
    "operator": "the operator's socket",
    "address": "the address of who sent a request, or of the reverse proxy before it",
    "settings": "names of settings",
    "count": "how many",
    "opencode": "opencode's version",
    "catalogue": "the versions that the catalogue has",
    "operation": "method and path of an operation, as opencode's own document has them",
    "name": "the name of a known value, as its source has it",
    "source": "the kind of a source of known values",
    "path": "a file that the configuration names",
    "why": "a sentence of the proxy's own, which may name a file, a line, a key or a command of the configuration",
    "cause": "a word, a status or the type of an error",
    "reason": "a reason of [reasons.md](reasons.md)",
    "error": "the type of an exception; never its text",
    "exchange": "the id of the audit record",
    "seconds": "a limit, in seconds",
    "code": "an exit code",
    "hook": "`command` or `webhook`",
}
"""What the fields hold."""
