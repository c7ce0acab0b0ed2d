"""The closed vocabulary of reasons.

One word stands in the reply, the audit record, the metric label and `docs/reasons.md`, and never changes its meaning.
A reason is added, never reused. What each is answered with is in `explanations`.
"""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """Where in the exchange the reason arises."""

    CONNECT = "connect"
    ADMIT = "admit"
    UPSTREAM = "upstream"
    PROJECT = "project"
    SCAN = "scan"
    RECORD = "record"


class Reason(StrEnum):
    # Before anything of the request is believed
    UNAUTHENTICATED = "unauthenticated"
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    SHUTTING_DOWN = "shutting_down"
    HTTP_MALFORMED = "http_malformed"
    HEAD_TOO_LARGE = "head_too_large"
    HEAD_TOO_SLOW = "head_too_slow"
    BODY_TOO_SLOW = "body_too_slow"
    HOST_UNKNOWN = "host_unknown"
    ORIGIN_REFUSED = "origin_refused"
    UPGRADE_REFUSED = "upgrade_refused"
    HEADER_DUPLICATE = "header_duplicate"
    # The route of a request, at admission
    TARGET_SPELLING = "target_spelling"
    OPERATION_UNKNOWN = "operation_unknown"
    OPERATION_DENIED = "operation_denied"
    METHOD_UNKNOWN = "method_unknown"
    ID_INVALID = "id_invalid"
    QUERY_UNKNOWN = "query_unknown"
    QUERY_DUPLICATE = "query_duplicate"
    QUERY_INVALID = "query_invalid"
    # Its directory, session and ask
    DIRECTORY_SPELLING = "directory_spelling"
    DIRECTORY_CONFLICT = "directory_conflict"
    DIRECTORY_FORBIDDEN = "directory_forbidden"
    WORKSPACE_FORBIDDEN = "workspace_forbidden"
    SESSION_UNKNOWN = "session_unknown"
    ASK_UNKNOWN = "ask_unknown"
    ASK_FOR_HUMAN = "ask_for_human"
    ASK_NEVER = "ask_never"
    ASK_NOT_EXPECTED = "ask_not_expected"
    ASK_FLOOD = "ask_flood"
    ASK_CHANGED = "ask_changed"
    ASK_QUESTION = "ask_question"
    # The body of a request, at admission
    BODY_TOO_LARGE = "body_too_large"
    BODY_TYPE = "body_type"
    BODY_MALFORMED = "body_malformed"
    BODY_DUPLICATE_KEY = "body_duplicate_key"
    BODY_TOO_DEEP = "body_too_deep"
    BODY_UNEXPECTED = "body_unexpected"
    BODY_INVALID = "body_invalid"
    FIELD_UNKNOWN = "field_unknown"
    PARTS_LIMIT = "parts_limit"
    PART_TYPE_FORBIDDEN = "part_type_forbidden"
    FILE_PART_FORBIDDEN = "file_part_forbidden"
    FILE_URL_FORBIDDEN = "file_url_forbidden"
    SYNTHETIC_FORBIDDEN = "synthetic_forbidden"
    MODEL_FORBIDDEN = "model_forbidden"
    AGENT_FORBIDDEN = "agent_forbidden"
    SYSTEM_FORBIDDEN = "system_forbidden"
    FORMAT_FORBIDDEN = "format_forbidden"
    TOOLS_FORBIDDEN = "tools_forbidden"
    NO_REPLY_FORBIDDEN = "no_reply_forbidden"
    ASKS_FOR_VALUE = "asks_for_value"
    PERMISSION_RULE_FORBIDDEN = "permission_rule_forbidden"
    METADATA_FORBIDDEN = "metadata_forbidden"
    ALWAYS_FORBIDDEN = "always_forbidden"
    # What upstream did
    UPSTREAM_UNREACHABLE = "upstream_unreachable"
    UPSTREAM_TIMEOUT = "upstream_timeout"
    UPSTREAM_LOST = "upstream_lost"
    UPSTREAM_NOT_FOUND = "upstream_not_found"
    UPSTREAM_REJECTED = "upstream_rejected"
    ASKS_UNREADABLE = "asks_unreadable"
    UPSTREAM_AUTH = "upstream_auth"
    UPSTREAM_ERROR = "upstream_error"
    UPSTREAM_REDIRECT = "upstream_redirect"
    UPSTREAM_TOO_LARGE = "upstream_too_large"
    STOPPED_WAITING = "stopped_waiting"
    # What its answer is
    ANSWER_TYPE = "answer_type"
    ANSWER_ENCODING = "answer_encoding"
    ANSWER_MALFORMED = "answer_malformed"
    ANSWER_TOO_DEEP = "answer_too_deep"
    ANSWER_SHAPE = "answer_shape"
    DIFF_UNAVAILABLE = "diff_unavailable"
    EVENT_UNKNOWN = "event_unknown"
    # What the scan found
    DETECTOR = "detector"
    KNOWN_VALUE = "known_value"
    KNOWN_VALUE_ENCODED = "known_value_encoded"
    TAINTED_VALUE = "tainted_value"
    TAINT_FULL = "taint_full"
    UNDECIDED = "undecided"
    SCANNER_UNAVAILABLE = "scanner_unavailable"
    # Whether it could be recorded, and the rest
    AUDIT_UNAVAILABLE = "audit_unavailable"
    CLIENT_GONE = "client_gone"
    INTERNAL_ERROR = "internal_error"
