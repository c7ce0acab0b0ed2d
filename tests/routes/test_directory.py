"""Spellings of directories, in the query and the header: one absolute path, decoded once, or a refusal."""

from __future__ import annotations

import pytest

from egress_proxy.model import Routed
from egress_proxy.reasons import Reason
from egress_proxy.routes import directory
from egress_proxy.routes.matching import match
from tests.routes.sample import reason, request

HEADER = "x-opencode-directory"
SPELLING, CONFLICT, QUERY = Reason.DIRECTORY_SPELLING, Reason.DIRECTORY_CONFLICT, Reason.QUERY_INVALID
DUPLICATE, WORKSPACE = Reason.HEADER_DUPLICATE, Reason.WORKSPACE_FORBIDDEN

IN_QUERY = [
    ("plain", "/srv/project", "/srv/project"),
    ("escaped-slashes", "%2Fsrv%2Fproject", "/srv/project"),
    ("trailing-slash", "/srv/project/", "/srv/project"),
    ("root", "/", "/"),
    ("hidden", "/srv/.hidden/..x/...", "/srv/.hidden/..x/..."),
    ("space", "/srv/a+b%20c", "/srv/a b c"),
    ("plus", "/srv/a%2Bb", "/srv/a+b"),
    ("unicode", "/srv/%C3%BC", "/srv/ü"),
    ("single-percent", "/srv/100%25", "/srv/100%"),
    ("tilde-inside", "/srv/a~", "/srv/a~"),
    ("empty", "", SPELLING),
    ("relative", "srv/project", SPELLING),
    ("dot", ".", SPELLING),
    ("up", "..", SPELLING),
    ("up-inside", "/srv/project/../other", SPELLING),
    ("up-last", "/srv/project/..", SPELLING),
    ("up-escaped", "/srv/project/%2e%2e/other", SPELLING),
    ("up-double-escaped", "/srv/project/%252e%252e/other", SPELLING),
    ("dot-inside", "/srv/./project", SPELLING),
    ("dot-last", "/srv/project/.", SPELLING),
    ("double-slash", "/srv//project", SPELLING),
    ("two-leading-slashes", "//srv/project", SPELLING),
    ("two-trailing-slashes", "/srv/project//", SPELLING),
    ("home", "~", SPELLING),
    ("home-below", "~/project", SPELLING),
    ("home-segment", "/~/project", SPELLING),
    ("home-of-user", "/~root", SPELLING),
    ("double-encoded", "%252Fetc", SPELLING),
    ("double-encoded-below", "/srv/project%252F..", SPELLING),
    ("triple-encoded", "/srv/%25252e", SPELLING),
    ("nul", "/srv/project%00", SPELLING),
    ("newline", "/srv/project%0A", SPELLING),
    ("delete", "/srv/project%7F", SPELLING),
    ("line-separator", "/srv/project%E2%80%A8", SPELLING),
    ("backslash", "/srv%5Cproject", SPELLING),
    ("windows", "C:%5Csrv", SPELLING),
    ("url", "file:///srv/project", SPELLING),
    ("leading-space", "+/srv/project", SPELLING),
    ("long", "/" + "a" * 4095, "/" + "a" * 4095),
    ("too-long", "/" + "a" * 4096, SPELLING),
    ("malformed", "/srv/100%", QUERY),
    ("bad-utf8", "/srv/%ff", QUERY),
]


@pytest.mark.parametrize(("spelling", "expected"), [row[1:] for row in IN_QUERY], ids=[row[0] for row in IN_QUERY])
def test_in_the_query(spelling: str, expected: str | Reason) -> None:
    found = match(request("GET", f"/path?directory={spelling}"))
    assert (found.directory_spelling if isinstance(found, Routed) else reason(found)) == expected


IN_HEADER = [
    ("plain", "/srv/project", "/srv/project"),
    ("encoded", "%2Fsrv%2Fproject", "/srv/project"),
    ("encoded-unicode", "/srv/%C3%BC", "/srv/ü"),
    ("space", "/srv/a b", "/srv/a b"),
    ("encoded-space", "/srv/a%20b", "/srv/a b"),
    ("plus-is-itself", "/srv/a+b", "/srv/a+b"),
    ("raw-percent", "/srv/100%", "/srv/100%"),
    ("encoded-percent", "/srv/100%25", "/srv/100%"),
    ("trailing-slash", "/srv/project/", "/srv/project"),
    ("raw-percent-and-escape", "/srv/100%/%2e%2e", SPELLING),
    ("bad-utf8-escape", "/srv/%ff", SPELLING),
    ("double-encoded", "%252Fetc", SPELLING),
    ("encoded-percent-before-hex", "/srv/a%252Fb", SPELLING),
    ("up", "/srv/project/../other", SPELLING),
    ("up-encoded", "/srv/project/%2e%2e/other", SPELLING),
    ("empty", "", SPELLING),
    ("relative", "project", SPELLING),
    ("raw-unicode", "/srv/ü", SPELLING),
    ("raw-bytes", "/srv/\udcc3\udcbc", SPELLING),
    ("tab", "/srv/\tproject", SPELLING),
    ("two-in-one", "/srv/project, /etc", "/srv/project, /etc"),
]


@pytest.mark.parametrize(("spelling", "expected"), [row[1:] for row in IN_HEADER], ids=[row[0] for row in IN_HEADER])
def test_in_the_header(spelling: str, expected: str | Reason) -> None:
    found = match(request("GET", "/path", (HEADER, spelling)))
    assert (found.directory_spelling if isinstance(found, Routed) else reason(found)) == expected


@pytest.mark.parametrize(
    ("query", "headers", "expected"),
    [
        ("", [], None),
        ("?directory=/srv/a", [(HEADER, "/srv/a")], "/srv/a"),
        ("?directory=/srv/a/", [(HEADER, "%2Fsrv%2Fa")], "/srv/a"),
        ("?directory=/srv/a", [(HEADER, "/srv/b")], CONFLICT),
        ("?directory=/srv/a", [(HEADER, "/srv/A")], CONFLICT),
        ("?directory=/srv/a", [(HEADER, "")], SPELLING),
        ("?directory=", [(HEADER, "/srv/a")], SPELLING),
        ("?directory=..", [(HEADER, "/srv/a")], SPELLING),
        ("", [(HEADER, "/srv/a"), (HEADER, "/srv/b")], DUPLICATE),
        ("", [(HEADER, "/srv/a"), (HEADER, "/srv/a")], DUPLICATE),
        ("", [("x-opencode-workspace", "wrk_1")], WORKSPACE),
        ("", [("x-opencode-workspace-id", "")], WORKSPACE),
        ("", [("x-opencode-client", "app")], None),
    ],
    ids=range(13),
)
def test_query_and_header_together(query: str, headers: list[tuple[str, str]], expected: str | Reason | None) -> None:
    found = match(request("GET", f"/path{query}", *headers))
    assert (found.directory_spelling if isinstance(found, Routed) else reason(found)) == expected


@pytest.mark.parametrize("target", ["/global/health", "/api/health", "/global/event", "/event", "/permission"])
def test_a_directory_is_taken_by_every_operation_that_crosses(target: str) -> None:
    """The SDK sends one with every GET."""
    assert isinstance(match(request("GET", f"{target}?directory=/srv/project")), Routed)
    assert reason(match(request("GET", f"{target}?directory=project"))) is SPELLING


@pytest.mark.parametrize("text", ["%", "%4", "%zz", "%%41", "%4%41", "ü", "%ff", "%ed%a0%80"])
def test_what_cannot_be_decoded_once_is_none(text: str) -> None:
    assert directory.decode_once(text) is None
