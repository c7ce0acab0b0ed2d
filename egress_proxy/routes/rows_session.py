"""The operations on sessions and asks that cross, each with what may be sent and what its answer is projected to."""

from __future__ import annotations

from msgspec import structs

from egress_proxy.model import BodyRule, Resource, RouteClass, Row, Scope
from egress_proxy.routes.rows_open import row

_ALLOW, _PROJECT, _SCAN = RouteClass.ALLOW, RouteClass.PROJECT, RouteClass.SCAN
_SESSION = "/session/{sessionID}"

_SESSIONS: tuple[Row, ...] = (
    structs.replace(
        row(
            "GET /session",
            _SCAN,
            Scope.DIRECTORY,
            Resource.SESSIONS,
            "The client's own sessions of one directory; `scope` and `path` would cross directories and are dropped.",
            query=("roots", "start", "search", "limit"),
        ),
        ignored=("scope", "path"),  # the TUI lists its sessions with one of them
    ),
    row(
        "POST /session",
        _SCAN,
        Scope.DIRECTORY,
        Resource.SESSION,
        "Starts the work; agent and model come from the operator's list, rules may only deny.",
        body=BodyRule.SESSION_CREATE,
    ),
    row(
        "GET /session/status",
        _PROJECT,
        Scope.SWEEP,
        Resource.STATUS,
        "States of sessions; the text of a retry repeats provider errors and stays.",
    ),
    row(f"GET {_SESSION}", _SCAN, Scope.SESSION, Resource.SESSION, "One own session; titles are scanned."),
    row(
        f"PATCH {_SESSION}",
        _SCAN,
        Scope.SESSION,
        Resource.SESSION,
        "Renames an own session; rules, times and metadata may not be changed.",
        body=BodyRule.SESSION_UPDATE,
    ),
    row(
        f"DELETE {_SESSION}",
        _ALLOW,
        Scope.SESSION,
        Resource.BOOLEAN,
        "Removes an own session, which harms nobody else; the audit keeps its record.",
    ),
    row(
        f"GET {_SESSION}/children",
        _SCAN,
        Scope.SESSION,
        Resource.SESSIONS,
        "Sub-agents' sessions, which belong to the session's owner.",
    ),
    row(f"GET {_SESSION}/todo", _SCAN, Scope.SESSION, Resource.TODOS, "The agent's plan, free text that is scanned."),
    row(
        f"GET {_SESSION}/diff",
        _SCAN,
        Scope.SESSION,
        Resource.DIFF,
        "Names and counts of changed files; patches only if the operator turns them on.",
        query=("messageID",),
    ),
    row(
        f"POST {_SESSION}/fork",
        _SCAN,
        Scope.SESSION,
        Resource.SESSION,
        "A copy of an own session in the same directory.",
        body=BodyRule.FORK,
    ),
    row(f"POST {_SESSION}/abort", _ALLOW, Scope.SESSION, Resource.BOOLEAN, "Stops an own turn; answers a boolean."),
    row(
        f"POST {_SESSION}/summarize",
        _ALLOW,
        Scope.SESSION,
        Resource.BOOLEAN,
        "Compacts an own session with a permitted model; answers a boolean.",
        body=BodyRule.SUMMARIZE,
    ),
    row(
        f"GET {_SESSION}/message",
        _SCAN,
        Scope.SESSION,
        Resource.MESSAGES,
        "The conversation; tool, file, reasoning and synthetic parts are cut, text is scanned.",
        query=("limit", "before"),
    ),
    row(
        f"POST {_SESSION}/message",
        _SCAN,
        Scope.SESSION,
        Resource.MESSAGE,
        "The task itself: text to a permitted agent and model; the reply is cut and scanned.",
        body=BodyRule.PROMPT,
    ),
    row(
        f"POST {_SESSION}/prompt_async",
        _ALLOW,
        Scope.SESSION,
        Resource.NOTHING,
        "As a message, but answers 204 with nothing in it.",
        body=BodyRule.PROMPT,
    ),
    row(
        f"GET {_SESSION}/message/{{messageID}}",
        _SCAN,
        Scope.SESSION,
        Resource.MESSAGE,
        "One message of an own session, cut and scanned as in the list.",
    ),
)

_ASKS: tuple[Row, ...] = (
    row(
        "GET /permission",
        _SCAN,
        Scope.SWEEP,
        Resource.PERMISSIONS,
        "Pending asks of own sessions; patterns are scanned, metadata may hold whole commands and stays.",
    ),
    row(
        "POST /permission/{requestID}/reply",
        _ALLOW,
        Scope.ASK,
        Resource.BOOLEAN,
        "Answers one ask `once` or `reject`, within the gate policy; answers a boolean.",
        body=BodyRule.PERMISSION_REPLY,
    ),
    row(
        f"POST {_SESSION}/permissions/{{permissionID}}",
        _ALLOW,
        Scope.ASK,
        Resource.BOOLEAN,
        "The older spelling of the reply, the only one that the v1 SDK has; same rules.",
        body=BodyRule.PERMISSION_RESPONSE,
    ),
    row("GET /question", _SCAN, Scope.SWEEP, Resource.QUESTIONS, "Pending questions of own sessions, scanned."),
    row(
        "POST /question/{requestID}/reply",
        _ALLOW,
        Scope.ASK,
        Resource.BOOLEAN,
        "Strings to the local agent, as a prompt is; answers a boolean.",
        body=BodyRule.QUESTION_REPLY,
    ),
    row(
        "POST /question/{requestID}/reject",
        _ALLOW,
        Scope.ASK,
        Resource.BOOLEAN,
        "Declines an own session's question; answers a boolean.",
    ),
)

OPEN_SESSIONS: tuple[Row, ...] = _SESSIONS + _ASKS
