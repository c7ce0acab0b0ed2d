"""What each reason is answered with: an HTTP status, what happened, and what to do instead.

All of it is constant text, so no refusal can quote what was refused.
"""

from __future__ import annotations

from msgspec import Struct

from egress_proxy.reasons import Reason, Stage


class Explanation(Struct, frozen=True):
    """What people are told of a reason. `status` is the HTTP status where the whole answer is replaced by it; 200 for
    reasons that only mark parts of an answer."""

    stage: Stage
    status: int
    summary: str
    advice: str


_C, _A, _U, _P, _S, _R = Stage.CONNECT, Stage.ADMIT, Stage.UPSTREAM, Stage.PROJECT, Stage.SCAN, Stage.RECORD
_ASK_OPERATOR = "Ask the operator if the task needs it."
_LOOK_FIRST = (
    "read the session's state (`GET /_egress/session/{sessionID}/state`) and messages before you send a prompt again."
)

EXPLAINED: dict[Reason, Explanation] = {
    Reason.UNAUTHENTICATED: Explanation(
        _C,
        401,
        "No valid token.",
        "Send `Authorization: Bearer TOKEN`, or HTTP Basic with any user and the token as password.",
    ),
    Reason.RATE_LIMITED: Explanation(
        _C, 429, "Too many failed logins from this address.", "Wait a minute, then try again with a valid token."
    ),
    Reason.OVERLOADED: Explanation(
        _C, 503, "The proxy handles as many requests as it is allowed to.", "Try again in a few seconds."
    ),
    Reason.SHUTTING_DOWN: Explanation(_C, 503, "The proxy is stopping.", "Try again once it is back."),
    Reason.HTTP_MALFORMED: Explanation(
        _C, 400, "The request is not well-formed HTTP/1.1.", "Send it with a standard HTTP client."
    ),
    Reason.HEAD_TOO_LARGE: Explanation(
        _C, 431, "The request's line and headers are too large.", "Send fewer headers, and shorter ones."
    ),
    Reason.HEAD_TOO_SLOW: Explanation(
        _C, 408, "The request's line and headers took too long to come.", "Send the request again, at once."
    ),
    Reason.BODY_TOO_SLOW: Explanation(
        _C, 408, "The request's body took too long to come.", "Send it again, over a faster connection or in parts."
    ),
    Reason.HOST_UNKNOWN: Explanation(
        _C,
        421,
        "The proxy is not known by the name in `Host`.",
        "Call it by its address or by a name that it knows. Through a reverse proxy, or by a name of its own: the "
        "operator lists that name, such as `network: {hosts: [proxy.example]}`, and reloads.",
    ),
    Reason.ORIGIN_REFUSED: Explanation(
        _C, 403, "Requests of web pages do not cross.", "Send it from a program, without `Origin`."
    ),
    Reason.UPGRADE_REFUSED: Explanation(
        _C, 400, "Protocol upgrades (WebSocket, h2c) do not cross.", "Use plain HTTP requests and the event stream."
    ),
    Reason.HEADER_DUPLICATE: Explanation(
        _C, 400, "A header that decides something was sent twice.", "Send each header once."
    ),
    Reason.TARGET_SPELLING: Explanation(
        _A,
        400,
        "The request target is not in its canonical spelling.",
        "Send the path as the API documents it: single slashes, no `.` or `..`, no escapes, no `;`, no host.",
    ),
    Reason.OPERATION_UNKNOWN: Explanation(
        _A, 404, "The proxy does not know this operation.", "See `egress-proxy routes` for what may be called."
    ),
    Reason.OPERATION_DENIED: Explanation(
        _A,
        403,
        "This operation does not cross: it reveals secrets or gives the caller more power.",
        "Ask the local agent for the result in words instead. `egress-proxy routes` says why each row is denied.",
    ),
    Reason.METHOD_UNKNOWN: Explanation(
        _A, 405, "The path is known, but not with this method.", "See `egress-proxy routes` for the methods."
    ),
    Reason.ID_INVALID: Explanation(
        _A, 400, "An id in the path is not of opencode's form.", "Use ids exactly as the API returned them."
    ),
    Reason.QUERY_UNKNOWN: Explanation(
        _A,
        400,
        "A query key is not permitted on this operation.",
        "Remove it; `egress-proxy routes --json` lists the keys.",
    ),
    Reason.QUERY_DUPLICATE: Explanation(_A, 400, "A query key was sent twice.", "Send each query key once."),
    Reason.QUERY_INVALID: Explanation(
        _A, 400, "A query value is not of the permitted form.", "Send it as the API documents it."
    ),
    Reason.DIRECTORY_SPELLING: Explanation(
        _A,
        400,
        "The directory is not an absolute path in plain spelling.",
        "Send an absolute path without `.`, `..` or double encoding, or none for the default.",
    ),
    Reason.DIRECTORY_CONFLICT: Explanation(
        _A, 400, "Query and header name different directories.", "Send the directory once."
    ),
    Reason.DIRECTORY_FORBIDDEN: Explanation(
        _A,
        403,
        "The directory is not one of those this token may use.",
        "Send none for the default (`GET /path` shows it). " + _ASK_OPERATOR,
    ),
    Reason.WORKSPACE_FORBIDDEN: Explanation(
        _A, 403, "Workspaces cross directories and do not cross the proxy.", "Remove `workspace`."
    ),
    Reason.SESSION_UNKNOWN: Explanation(
        _A, 404, "No such session of this client.", "Create one with `POST /session`; `GET /session` lists yours."
    ),
    Reason.ASK_UNKNOWN: Explanation(
        _A,
        404,
        "No such pending ask in a session of this client.",
        "List the pending ones with `GET /permission` and `GET /question`; an answered ask cannot be answered again.",
    ),
    Reason.ASK_FOR_HUMAN: Explanation(
        _A,
        403,
        "This ask is for a human to approve.",
        "Reject it, or wait: the operator can answer it on the machine itself.",
    ),
    Reason.ASK_NEVER: Explanation(
        _A,
        403,
        "This ask touches what binds the local agent: nobody may approve it from here.",
        "Reject it, and have the task done without the proxy's state and opencode's logins.",
    ),
    Reason.ASK_NOT_EXPECTED: Explanation(
        _A,
        403,
        "You may approve this ask, but did not say before the prompt that you expect it.",
        'Reject it, declare it with `POST /_egress/session/{id}/expect` and `{"expect": ["read:.env"]}` (or '
        "`ocode prompt --expect read:.env`), and prompt again. Each counts once, and for that turn.",
    ),
    Reason.ASK_FLOOD: Explanation(
        _A,
        429,
        "Too many answers to the asks of one session in a minute.",
        "Wait a minute. If the agent asks the same again and again, abort the session.",
    ),
    Reason.ASK_CHANGED: Explanation(
        _A,
        409,
        "The ask is not what the operator saw. On the operator's socket alone.",
        "Look at it again, and decide on it as it is now.",
    ),
    Reason.ASK_QUESTION: Explanation(
        _A,
        409,
        "A question is not approved. On the operator's socket alone.",
        "The agent that drives the session answers it; you may reject it.",
    ),
    Reason.BODY_TOO_LARGE: Explanation(_A, 413, "The request body is over the limit.", "Send less at a time."),
    Reason.BODY_TYPE: Explanation(
        _A, 415, "The body is not uncompressed JSON.", "Send `Content-Type: application/json` and no Content-Encoding."
    ),
    Reason.BODY_MALFORMED: Explanation(_A, 400, "The body is not valid JSON in UTF-8.", "Send one JSON object."),
    Reason.BODY_DUPLICATE_KEY: Explanation(_A, 400, "An object in the body has a key twice.", "Send each key once."),
    Reason.BODY_TOO_DEEP: Explanation(_A, 400, "The body is nested too deeply.", "Send a flatter body."),
    Reason.BODY_UNEXPECTED: Explanation(_A, 400, "This operation takes no body.", "Send none, or `{}`."),
    Reason.BODY_INVALID: Explanation(
        _A, 400, "A field of the body is missing or of the wrong type.", "Send the fields as the API documents them."
    ),
    Reason.FIELD_UNKNOWN: Explanation(
        _A, 400, "The body has a field that does not cross.", "Send only the fields that docs/api.md names."
    ),
    Reason.PARTS_LIMIT: Explanation(
        _A, 413, "Too many parts, or too much text in one.", "Send fewer or shorter parts."
    ),
    Reason.PART_TYPE_FORBIDDEN: Explanation(
        _A, 403, "Only text parts may be sent.", "Put what you want to say in a part of type `text`."
    ),
    Reason.FILE_PART_FORBIDDEN: Explanation(
        _A, 403, "File parts are turned off.", "Put the content in a text part. " + _ASK_OPERATOR
    ),
    Reason.FILE_URL_FORBIDDEN: Explanation(
        _A,
        403,
        "A file part may only carry its own content.",
        "Use a `data:` URL; to have a file read, name it in the text and the local agent reads it under its own rules.",
    ),
    Reason.SYNTHETIC_FORBIDDEN: Explanation(
        _A, 403, "Parts may not pretend to be the server's own.", "Remove `synthetic`, `ignored` and `metadata`."
    ),
    Reason.MODEL_FORBIDDEN: Explanation(
        _A,
        403,
        "The model is not on the operator's list.",
        "Send none for the default; `GET /config/providers` lists them.",
    ),
    Reason.AGENT_FORBIDDEN: Explanation(
        _A, 403, "The agent is not on the operator's list.", "Send none for the default; `GET /agent` lists them."
    ),
    Reason.SYSTEM_FORBIDDEN: Explanation(
        _A, 403, "The system prompt is the operator's.", "Remove `system`; say it in a text part."
    ),
    Reason.FORMAT_FORBIDDEN: Explanation(
        _A, 403, "Structured output does not cross.", "Remove `format`; ask for the form in a text part."
    ),
    Reason.TOOLS_FORBIDDEN: Explanation(
        _A, 403, "Tools may be turned off, never on.", "Remove `tools`, or send only names with `false`."
    ),
    Reason.NO_REPLY_FORBIDDEN: Explanation(_A, 403, "Messages without a reply forge the history.", "Remove `noReply`."),
    Reason.ASKS_FOR_VALUE: Explanation(
        _A,
        403,
        "The text asks for a secret value, and none would cross.",
        "Say what is to be done with the value instead, and ask for a confirmation by name: `set DB_PASSWORD in .env "
        "and confirm by name only`. If you meant something else, say it in other words.",
    ),
    Reason.PERMISSION_RULE_FORBIDDEN: Explanation(
        _A, 403, "A permission rule may only deny.", "Send rules with `action: deny`, or none."
    ),
    Reason.METADATA_FORBIDDEN: Explanation(
        _A, 403, "Metadata, times and workspaces of a session are the server's.", "Send only title, model and agent."
    ),
    Reason.ALWAYS_FORBIDDEN: Explanation(
        _A, 403, "`always` is a lasting rule, and nobody may set one from here.", "Answer `once` or `reject`."
    ),
    Reason.UPSTREAM_UNREACHABLE: Explanation(
        _U, 502, "The local agent cannot be reached.", "Try again; tell the operator if it stays so."
    ),
    Reason.UPSTREAM_TIMEOUT: Explanation(
        _U,
        504,
        "The local agent did not answer in time.",
        "A turn goes on: ask `GET /_egress/session/{sessionID}/state`, and read the messages once it is at rest.",
    ),
    Reason.UPSTREAM_LOST: Explanation(
        _U, 502, "The connection to the local agent broke.", "What was under way may be lost: " + _LOOK_FIRST
    ),
    Reason.UPSTREAM_NOT_FOUND: Explanation(
        _U, 404, "The local agent does not know this id.", "List the session's messages for the ids that exist."
    ),
    Reason.UPSTREAM_REJECTED: Explanation(
        _U, 400, "The local agent rejected the request.", "Check the fields; its own message does not cross."
    ),
    Reason.ASKS_UNREADABLE: Explanation(
        _U,
        502,
        "The local agent cannot list the asks of this directory: one of them is of a form that it cannot write.",
        "Try again in a few seconds: such an ask of a client is rejected at once. If it stays so, the operator must "
        "answer it in opencode's own interface, or restart opencode.",
    ),
    Reason.UPSTREAM_AUTH: Explanation(
        _U, 502, "The local agent refused the proxy's password.", "Tell the operator to check `upstream.password_file`."
    ),
    Reason.UPSTREAM_ERROR: Explanation(
        _U, 502, "The local agent answered with an error.", "Try again; its own message does not cross."
    ),
    Reason.UPSTREAM_REDIRECT: Explanation(
        _U,
        502,
        "The local agent answered with a redirect.",
        "Tell the operator: something else may be listening there.",
    ),
    Reason.UPSTREAM_TOO_LARGE: Explanation(
        _U, 502, "The answer is over the limit.", "Read it in pages with `limit` and `before`."
    ),
    Reason.STOPPED_WAITING: Explanation(
        _U,
        503,
        "The proxy stops, and the local agent has not answered yet.",
        "A turn that has begun goes on without the proxy. Once it is back: " + _LOOK_FIRST,
    ),
    Reason.ANSWER_TYPE: Explanation(
        _P,
        502,
        "The answer is not JSON where JSON is expected.",
        "Tell the operator: the server may be of an unknown version.",
    ),
    Reason.ANSWER_ENCODING: Explanation(
        _P, 502, "The answer is compressed, though it was asked not to be.", "Tell the operator."
    ),
    Reason.ANSWER_MALFORMED: Explanation(
        _P, 502, "The answer is not valid JSON in UTF-8.", "Try again, or read it in smaller pages."
    ),
    Reason.ANSWER_TOO_DEEP: Explanation(_P, 502, "The answer is nested too deeply.", "Tell the operator."),
    Reason.ANSWER_SHAPE: Explanation(
        _P,
        502,
        "The answer lacks a field or has one of another type.",
        "Tell the operator: the server may be of an unknown version.",
    ),
    Reason.DIFF_UNAVAILABLE: Explanation(
        _P,
        409,
        "The directory is not a git repository, so there is no diff to show.",
        "Ask the local agent which files it changed. An empty list would look like no change.",
    ),
    Reason.EVENT_UNKNOWN: Explanation(
        _P,
        200,
        "An event of a type that the proxy does not know was dropped.",
        "Nothing to do; the operator sees the count.",
    ),
    Reason.DETECTOR: Explanation(
        _S,
        200,
        "A text has the form of a secret and was redacted.",
        "Work with the placeholder; the value stays on the machine.",
    ),
    Reason.KNOWN_VALUE: Explanation(
        _S, 200, "A known secret value was redacted.", "Work with its name; the value stays on the machine."
    ),
    Reason.KNOWN_VALUE_ENCODED: Explanation(
        _S,
        200,
        "A known secret value in an encoded or broken-up form: the text was withheld and an alert raised.",
        "Ask for the task to be done without repeating the value in any form.",
    ),
    Reason.TAINTED_VALUE: Explanation(
        _S,
        200,
        "A value that a tool of this session has shown was redacted.",
        "Work with its name, or say where it stands; the value stays on the machine.",
    ),
    Reason.TAINT_FULL: Explanation(
        _S,
        503,
        "The tools of this session have shown too many secret values to keep, so its answers are withheld.",
        "Start a new session for a smaller task.",
    ),
    Reason.UNDECIDED: Explanation(
        _S, 200, "A text could not be scanned within bounds and was withheld.", "Ask for a shorter or plainer reply."
    ),
    Reason.SCANNER_UNAVAILABLE: Explanation(
        _S,
        503,
        "The scanner is not ready or failed, so the answer was withheld.",
        "Try again; tell the operator if it stays so.",
    ),
    Reason.AUDIT_UNAVAILABLE: Explanation(
        _R,
        503,
        "The audit log cannot be written, or the sealed original not be kept, so the answer was withheld.",
        "Tell the operator: nothing crosses until it can.",
    ),
    Reason.CLIENT_GONE: Explanation(
        _R,
        499,
        "The client hung up before its answer was released. For the record: nobody is told.",
        "A turn that has begun goes on: " + _LOOK_FIRST,
    ),
    Reason.INTERNAL_ERROR: Explanation(
        _R, 500, "The proxy failed, so the answer was withheld.", "Try again; give the operator the auditID."
    ),
}


def message(reason: Reason) -> str:
    """The sentence pair shown to a client: what happened, what to do instead."""
    told = EXPLAINED[reason]
    return f"{told.summary} {told.advice}"
