"""Spellings of request targets: one canonical spelling of each operation is matched, and nothing else."""

from __future__ import annotations

import pytest

from egress_proxy.model import RouteClass, Routed, Row
from egress_proxy.reasons import Reason
from egress_proxy.routes.catalogue import ROWS
from egress_proxy.routes.matching import MAX_TARGET_CHARS, Router, match
from tests.kit.each import each
from tests.routes.sample import JSON, MSG, PER, QUE, SES, reason, request

SPELLING, UNKNOWN, DENIED = Reason.TARGET_SPELLING, Reason.OPERATION_UNKNOWN, Reason.OPERATION_DENIED
METHOD, ID = Reason.METHOD_UNKNOWN, Reason.ID_INVALID
IDS = {
    "sessionID": SES,
    "messageID": MSG,
    "permissionID": PER,
    "partID": "prt_1",
    "ptyID": "pty_1",
    "*": "etc/passwd",
}


def example(row: Row) -> str:
    """Give the target of an operation with ids of the right form."""
    request_id = QUE if row.template.startswith("/question") else PER
    names = {**IDS, "requestID": request_id}
    segments = [
        names.get(segment.strip("{}"), "x1") if segment.startswith(("{", "*")) else segment
        for segment in row.template.split("/")
    ]
    return "/".join(segments)


@each("row", ROWS, ids=lambda row: row.name)
def test_each_operation_is_matched_in_its_canonical_spelling(row: Row) -> None:
    found = match(request(row.method, example(row)))
    if row.route_class is RouteClass.DENY:
        assert reason(found) is DENIED
    else:
        assert isinstance(found, Routed)
        assert found.row is row


# FACTS "Spellings": all of these but the last five reach `/config` upstream.
TARGETS = [
    ("canonical", "/config", None),
    ("query", "/config?directory=/srv/project", None),
    ("empty-query", "/config?", None),
    ("double-slash", "//config", SPELLING),
    ("many-slashes", "///config", SPELLING),
    ("trailing-slash", "/config/", SPELLING),
    ("two-trailing-slashes", "/config//", SPELLING),
    ("inner-double-slash", "/global//config", SPELLING),
    ("escaped-letter", "/%63onfig", SPELLING),
    ("escaped-letter-upper", "/%43onfig", SPELLING),
    ("all-escaped", "/%63%6f%6e%66%69%67", SPELLING),
    ("capitals", "/CONFIG", UNKNOWN),
    ("capital", "/Config", UNKNOWN),
    ("matrix-parameter", "/config;x=1", SPELLING),
    ("bare-semicolon", "/config;", SPELLING),
    ("fragment", "/config#f", SPELLING),
    ("fragment-in-query", "/config?a=1#f", SPELLING),
    ("dots-after-semicolon", "/config;/../global/health", SPELLING),
    ("dots", "/session/../config", SPELLING),
    ("dots-first", "/../config", SPELLING),
    ("dot", "/./config", SPELLING),
    ("dot-last", "/config/.", SPELLING),
    ("dots-last", "/session/..", SPELLING),
    ("dots-as-id", f"/session/../session/{SES}", SPELLING),
    ("escaped-dots", "/session/%2e%2e/config", SPELLING),
    ("escaped-slash", "/session%2fconfig", SPELLING),
    ("escaped-slash-upper", "/global%2Fhealth", SPELLING),
    ("double-escaped", "/%2563onfig", SPELLING),
    ("double-escaped-slash", "/global%252fhealth", SPELLING),
    ("escaped-nul", "/config%00", SPELLING),
    ("overlong-utf8", "/%c0%afconfig", SPELLING),
    ("lone-percent", "/config%", SPELLING),
    ("backslash", "/session\\config", SPELLING),
    ("backslash-first", "\\config", SPELLING),
    ("backslash-dots", "/session\\..\\config", SPELLING),
    ("absolute-form", "http://127.0.0.1/config", SPELLING),
    ("absolute-form-https", "https://example.invalid/global/health", SPELLING),
    ("absolute-form-capitals", "HTTP://127.0.0.1/config", SPELLING),
    ("network-path", "//example.invalid/config", SPELLING),
    ("authority-form", "127.0.0.1:4096", SPELLING),
    ("asterisk-form", "*", SPELLING),
    ("empty", "", SPELLING),
    ("no-leading-slash", "config", SPELLING),
    ("only-query", "?directory=/srv/project", SPELLING),
    ("space", "/config x", SPELLING),
    ("trailing-space", "/config ", SPELLING),
    ("leading-space", " /config", SPELLING),
    ("tab", "/config\t", SPELLING),
    ("newline", "/config\n", SPELLING),
    ("crlf-header", "/config\r\nx: y", SPELLING),
    ("nul", "/config\x00", SPELLING),
    ("delete", "/config\x7f", SPELLING),
    ("nbsp", "/config\xa0", SPELLING),
    ("fullwidth", "/ｃonfig", SPELLING),
    ("kelvin", "/\u212a", SPELLING),
    ("dotless-i", "/confıg", SPELLING),
    ("zero-width", "/con\u200bfig", SPELLING),
    ("fraction-slash", "/global\u2044health", SPELLING),
    ("lone-surrogate", "/config\udc80", SPELLING),
    ("plus", "/con+fig", SPELLING),
    ("comma", "/config,x", SPELLING),
    ("colon", "/config:x", SPELLING),
    ("at", "/config@x", SPELLING),
    ("quote", "/config'", SPELLING),
    ("star", "/config*", SPELLING),
    ("braces", "/session/{sessionID}", SPELLING),
    ("ampersand-for-question", "/config&directory=/x", SPELLING),
    ("equals", "/config=x", SPELLING),
    ("very-long-path", "/" + "a" * MAX_TARGET_CHARS, SPELLING),
    ("very-long-query", "/config?directory=/" + "a" * MAX_TARGET_CHARS, SPELLING),
    ("many-segments", "/a" * 4000, UNKNOWN),
    ("root", "/", UNKNOWN),
    ("suffix", "/config.json", UNKNOWN),
    ("prefix", "/xconfig", UNKNOWN),
    ("below", "/config/x", UNKNOWN),
    ("document", "/doc", UNKNOWN),
    ("openapi", "/openapi.json", UNKNOWN),
    ("web-ui", "/index.html", UNKNOWN),
    ("own-endpoint", "/_egress/health", UNKNOWN),
    ("template-wildcard-alone", "/api/fs/read", UNKNOWN),
    ("wildcard", "/api/fs/read/etc/passwd", DENIED),
    ("wildcard-with-method-below", "/api/fs/read/a/b/c", DENIED),
    ("denied", "/file/content", DENIED),
    ("denied-with-bad-query", "/file/content?path=/etc/passwd&path=x&workspace=w", DENIED),
    ("denied-with-bad-id", "/project/..x/directories", DENIED),
    ("literal-wins", "/session/status", None),
    ("literal-is-not-an-id", "/session/status/message", UNKNOWN),
    ("query-space", "/config?directory=/srv/a b", SPELLING),
    ("query-unicode", "/config?directory=/srv/ü", SPELLING),
    ("query-backslash", "/config?directory=\\srv", SPELLING),
    ("query-newline", "/config?directory=/srv\n", SPELLING),
    ("query-nul", "/config?directory=/srv\x00", SPELLING),
    ("query-quote", '/config?directory="/srv"', SPELLING),
]


@pytest.mark.parametrize(("target", "expected"), [row[1:] for row in TARGETS], ids=[row[0] for row in TARGETS])
def test_targets(target: str, expected: Reason | None) -> None:
    assert reason(match(request("GET", target))) is expected


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("GET", "/global/health", None),
        ("HEAD", "/global/health", METHOD),
        ("OPTIONS", "/global/health", METHOD),
        ("TRACE", "/global/health", METHOD),
        ("CONNECT", "/global/health", METHOD),
        ("POST", "/global/health", METHOD),
        ("get", "/global/health", METHOD),
        ("Get", "/global/health", METHOD),
        ("GET ", "/global/health", METHOD),
        ("", "/global/health", METHOD),
        ("PROPFIND", "/config", METHOD),
        ("HEAD", "/file/content", METHOD),
        ("PATCH", "/config", DENIED),
        ("DELETE", "/session/status", METHOD),
        ("HEAD", "/nowhere", UNKNOWN),
        ("CONNECT", "127.0.0.1:443", SPELLING),
        ("OPTIONS", "*", SPELLING),
    ],
)
def test_methods(method: str, target: str, expected: Reason | None) -> None:
    assert reason(match(request(method, target))) is expected


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (f"/session/{SES}", None),
        ("/session/ses_1", None),
        ("/session/ses_" + "a" * 60, None),
        ("/session/ses_" + "a" * 61, ID),
        ("/session/ses_", ID),
        ("/session/ses", ID),
        ("/session/sesx", ID),
        ("/session/SES_1", ID),
        ("/session/ses_a.b", ID),
        ("/session/ses_a-b", ID),
        ("/session/ses_a_b", ID),
        ("/session/...", ID),
        (f"/session/{MSG}", ID),
        (f"/session/{SES}/message/{MSG}", None),
        (f"/session/{SES}/message/{SES}", ID),
        (f"/session/{MSG}/message/{MSG}", ID),
    ],
)
def test_ids_are_of_opencodes_form(target: str, expected: Reason | None) -> None:
    assert reason(match(request("GET", target))) is expected


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (f"/permission/{PER}/reply", None),
        (f"/permission/{QUE}/reply", ID),
        (f"/question/{QUE}/reject", None),
        (f"/question/{PER}/reject", ID),
        (f"/session/{SES}/permissions/{PER}", None),
        (f"/session/{SES}/permissions/{QUE}", ID),
    ],
)
def test_ids_of_asks_are_of_their_kind(target: str, expected: Reason | None) -> None:
    assert reason(match(request("POST", target))) is expected


def test_a_routed_request_holds_ids_query_directory_and_body() -> None:
    target = f"/session/{SES}/message?limit=5&directory=/srv/project/"
    found = match(request("GET", target, JSON, body=b"{}"))
    assert isinstance(found, Routed)
    assert found.params == {"sessionID": SES}
    assert found.session_id == SES
    assert found.query == {"limit": "5"}
    assert found.directory_spelling == "/srv/project"
    assert found.body == b"{}"


def test_a_refusal_names_the_operation_once_it_is_known() -> None:
    found = match(request("GET", "/session?scope=global"))
    assert not isinstance(found, Routed)
    assert found.row is not None
    assert found.row.name == "GET /session"
    unknown = match(request("GET", "/nowhere"))
    assert not isinstance(unknown, Routed)
    assert unknown.row is None


def test_two_rows_for_one_operation_or_two_names_for_one_parameter_are_a_mistake() -> None:
    row = next(row for row in ROWS if row.name == "GET /session/{sessionID}")
    with pytest.raises(ValueError, match="two rows"):
        Router([row, row])
    other = Row(
        method="PUT", template="/session/{id}", route_class=RouteClass.DENY, why="for the test", versions=("1.15.13",)
    )
    with pytest.raises(ValueError, match="two names"):
        Router([row, other])
