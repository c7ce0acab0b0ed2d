"""Every loose spelling of a request that reaches bare opencode is refused by the proxy, without an echo.

The requests go over raw sockets: no library would send them.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import pytest

from tests.conftest import Bare, Proxied
from tests.e2e.answers import Refusal, exchange, refusal, spelt
from tests.e2e.test_bare_controls import MISS_CONFIG, REACH_CONFIG
from tests.kit.client import Answer, Client, basic, bearer, raw
from tests.kit.each import each
from tests.kit.opencode import USER

pytestmark = pytest.mark.e2e

MARK: Final = "s3ntinel-of-the-test"
"""Stands in requests that are refused; no answer may repeat it."""
UNKNOWN: Final = ("/CONFIG",)
"""Spelt canonically, and of no operation."""

WEBSOCKET: Final = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": base64.b64encode(b"0123456789abcdef").decode(),
}
H2C: Final = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAAP__"}


@dataclass(frozen=True)
class Side:
    """A port and a login: the same bytes are sent to both sides."""

    port: int
    login: str

    def send(self, *lines: str, body: bytes = b"", timeout: float = 15.0) -> tuple[bytes, list[Answer]]:
        """Send a request of these lines with this side's login."""
        head = "\r\n".join((lines[0], "Host: localhost", f"Authorization: {self.login}", *lines[1:], "", ""))
        return exchange(self.port, head.encode("latin-1") + body, timeout)


@pytest.fixture
def through(proxied: Proxied) -> Side:
    return Side(int(urlsplit(proxied.proxy.url).port or 0), bearer(proxied.proxy.token))


@pytest.fixture
def direct(bare: Bare) -> Side:
    return Side(bare.opencode.port, bare.opencode.authorization)


@each("target", [*REACH_CONFIG, *MISS_CONFIG])
def test_a_loose_spelling_is_refused(proxied: Proxied, through: Side, target: str) -> None:
    received, (answer,) = exchange(through.port, spelt(through.login, target))
    assert proxied.canaries.leaks(received) == []
    assert refusal(answer) == ((404, "operation_unknown") if target in UNKNOWN else (400, "target_spelling"))


@each("target", ["/config?", "/session?limit=5", "/session?%64irectory="])
def test_near_misses_of_the_target(through: Side, target: str) -> None:
    _, (answer,) = exchange(through.port, spelt(through.login, target))
    assert answer.status == (400 if "%64" in target else 200)


SPELLINGS: Final[Mapping[str, Refusal]] = {
    "//": (400, "target_spelling"),
    "/../config": (400, "target_spelling"),
    "/./config": (400, "target_spelling"),
    "/config/.": (400, "target_spelling"),
    "/config%00": (400, "target_spelling"),
    "/config%0d%0aX:1": (400, "target_spelling"),
    "/config?a=1?b": (400, "query_unknown"),
    "/config?directory=%2": (400, "query_invalid"),
    "/config?=": (400, "query_invalid"),
    "/config?&": (400, "query_invalid"),
    "/config?" + "&".join(f"a{i}=1" for i in range(40)): (400, "query_invalid"),
    "/session?limit=1&limit=2": (400, "query_duplicate"),
    "/session?limit=1&%6cimit=2": (400, "query_duplicate"),
    "/session?limit[]=1": (400, "query_unknown"),
    "/session?LIMIT=1": (400, "query_unknown"),
    "/session?limit=0": (400, "query_invalid"),
    "/session?limit=1e3": (400, "query_invalid"),
    "/session?scope=global": (400, "query_invalid"),
    "/session?workspace=w": (403, "workspace_forbidden"),
    "/session?work%73pace=w": (403, "workspace_forbidden"),
    "/config?_method=PATCH": (400, "query_unknown"),
    "/session/ses_../config": (404, "operation_unknown"),
    "/session/ses_../todo": (400, "id_invalid"),
    "/session/" + "a" * 40: (400, "id_invalid"),
    "/session/ses_" + "a" * 80: (400, "id_invalid"),
    "/" + "a" * 8000: (404, "operation_unknown"),
    "/" + "a" * 8200: (431, "head_too_large"),
    "*": (400, "target_spelling"),
    "config": (400, "target_spelling"),
    "127.0.0.1:80": (400, "target_spelling"),
}


@each("target", SPELLINGS, ids=lambda target: target[:40])
def test_a_target_that_is_not_canonical_is_refused(proxied: Proxied, through: Side, target: str) -> None:
    received, answers = exchange(through.port, spelt(through.login, target))
    assert proxied.canaries.leaks(received) == []
    (answer,) = answers
    # the HTTP library itself may refuse a target that is none
    allowed = {SPELLINGS[target]} if target.startswith("/") else {SPELLINGS[target], (400, "http_malformed")}
    assert refusal(answer) in allowed


def test_a_login_in_the_query_counts_for_nothing(bare: Bare, proxied: Proxied) -> None:
    """On bare opencode it overrides the header (`test_bare_powers.py`)."""
    upstream = base64.b64encode(f"{USER}:{bare.opencode.password}".encode()).decode()
    own = base64.b64encode(f"{USER}:{proxied.proxy.token}".encode()).decode()
    nobody = Client(proxied.proxy.url)
    for token in (upstream, own):
        assert refusal(nobody.get("/config", auth_token=token)) == (401, "unauthenticated")
        assert refusal(proxied.agent().client.get("/config", auth_token=token)) == (400, "query_unknown")


@each("headers", [WEBSOCKET, H2C])
@each("target", ["/config", "//config", "/pty/pty_1/connect", "/event"])
def test_an_upgrade_is_refused(proxied: Proxied, through: Side, headers: Mapping[str, str], target: str) -> None:
    lines = [f"{name}: {value}" for name, value in headers.items()]
    received, (answer,) = through.send(f"GET {target} HTTP/1.1", *lines, "Sec-WebSocket-Protocol: x")
    assert refusal(answer) == (400, "upgrade_refused")
    assert proxied.canaries.leaks(received) == []


@each("target", ["/config", "//config"])
def test_without_the_proxy_upgrade_headers_change_nothing(bare: Bare, direct: Side, target: str) -> None:
    lines = [f"{name}: {value}" for name, value in H2C.items()]
    received, _ = direct.send(f"GET {target} HTTP/1.1", *lines, "Accept-Encoding: identity")
    assert "PROVIDER_API_KEY" in bare.canaries.leaks(received)


@each("method", ["OPTIONS", "PUT", "TRACE", "PROPFIND", "get", "QUERY"])
def test_a_method_that_no_row_has_is_refused(proxied: Proxied, through: Side, method: str) -> None:
    received, (answer,) = through.send(f"{method} /config HTTP/1.1", "Connection: close")
    assert proxied.canaries.leaks(received) == []
    assert refusal(answer) in {(405, "method_unknown"), (400, "http_malformed")}


def test_a_head_of_a_page_is_refused(through: Side) -> None:
    request = f"HEAD /config HTTP/1.1\r\nHost: localhost\r\nAuthorization: {through.login}\r\nConnection: close\r\n\r\n"
    received = raw("127.0.0.1", through.port, request.encode())
    assert received.startswith(b"HTTP/1.1 405 ")
    assert received.endswith(b"\r\n\r\n")


def test_connect_is_refused(through: Side) -> None:
    _, (answer,) = through.send("CONNECT 127.0.0.1:80 HTTP/1.1")
    assert refusal(answer)[0] == 400


@each("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_a_method_in_a_header_counts_for_nothing(through: Side, header: str) -> None:
    _, (answer,) = exchange(through.port, spelt(through.login, "/config", {header: "PATCH"}))
    assert (answer.status, answer.json) == (200, {"model": "local/small"})


@each("header", ["X-Forwarded-Host", "X-Forwarded-Prefix", "X-Original-URL", "X-Rewrite-URL", "Forwarded", "Referer"])
def test_headers_of_intermediaries_count_for_nothing(through: Side, header: str) -> None:
    _, (answer,) = exchange(through.port, spelt(through.login, "/config", {header: f"/global/config?{MARK}"}))
    assert (answer.status, answer.json) == (200, {"model": "local/small"})


MALFORMED: Final[Mapping[str, bytes]] = {
    "no HTTP at all": f"{MARK}\r\n\r\n".encode(),
    "HTTP/0.9": f"GET /{MARK}\r\n\r\n".encode(),
    "another version": f"GET /{MARK} HTTP/3.0\r\nHost: localhost\r\n\r\n".encode(),
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": bytes.fromhex("16030100") + MARK.encode(),
    "NUL in the target": f"GET /\0{MARK} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(),
    "NUL in a header": f"GET / HTTP/1.1\r\nHost: localhost\r\nX: \0{MARK}\r\n\r\n".encode(),
    "a space in the target": f"GET /a {MARK} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(),
    "a space before the colon": f"GET / HTTP/1.1\r\nHost: localhost\r\nX{MARK} : 1\r\n\r\n".encode(),
    "a header without a colon": f"GET / HTTP/1.1\r\nHost: localhost\r\n{MARK}\r\n\r\n".encode(),
    "a folded header": f"GET / HTTP/1.1\r\nHost: localhost\r\nX: 1\r\n {MARK}\r\n\r\n".encode(),
    "a huge header": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + MARK.encode() * 2000 + b"\r\n\r\n",
    "a huge target": b"GET /" + MARK.encode() * 2000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "two lengths": f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n{MARK}".encode(),
    "a signed length": f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: +3\r\n\r\n{MARK}".encode(),
    "a length in words": f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {MARK}\r\n\r\n".encode(),
    "length and chunks": (
        f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{MARK}".encode()
    ),
    "an unknown coding": f"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: {MARK}\r\n\r\n".encode(),
    "chunked twice": b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
}


@each("request_bytes", MALFORMED.values())
def test_what_is_not_http_gets_one_refusal_and_no_echo(through: Side, request_bytes: bytes) -> None:
    received, answers = exchange(through.port, request_bytes)
    assert MARK.encode() not in received
    found = [refusal(answer) for answer in answers]
    assert len(found) == 1
    assert found[0] in {(400, "http_malformed"), (431, "head_too_large"), (401, "unauthenticated")}


SMUGGLED: Final = b"GET /global/config HTTP/1.1\r\nHost: localhost\r\n\r\n"


@each("coding", ["chunked", "identity, chunked", " chunked", "xchunked", "chunked;x"])
def test_length_and_chunks_together_are_refused(proxied: Proxied, through: Side, coding: str) -> None:
    """Bare opencode refuses it too: this is about what stands between a client and the proxy."""
    lines = (f"Content-Length: {5 + len(SMUGGLED)}", f"Transfer-Encoding: {coding}")
    received, answers = through.send("POST /session HTTP/1.1", *lines, body=b"0\r\n\r\n" + SMUGGLED)
    assert [refusal(answer) for answer in answers] == [(400, "http_malformed")]
    assert proxied.canaries.leaks(received) == []


def test_bytes_after_a_body_are_a_request_of_their_own(through: Side) -> None:
    """Without a login: what follows a body does not inherit that of the request before it."""
    received, answers = through.send("POST /session HTTP/1.1", "Content-Length: 0", body=SMUGGLED)
    assert (answers[0].status, len(answers)) == (200, 2)
    assert refusal(answers[1]) == (401, "unauthenticated")
    assert received.count(b"HTTP/1.1 ") == 2


def test_pipelined_requests_get_their_own_answers_in_order(through: Side) -> None:
    login = f"Host: localhost\r\nAuthorization: {through.login}\r\n"
    pipeline = "".join(
        f"GET {target} HTTP/1.1\r\n{login}{last}\r\n"
        for target, last in (("/config", ""), ("/path", ""), ("//config", "Connection: close\r\n"))
    )
    _, (config, path, refused) = exchange(through.port, pipeline.encode())
    assert config.json == {"model": "local/small"}
    assert "worktree" in path.json
    assert refusal(refused) == (400, "target_spelling")


def test_http_1_0_is_answered_and_closed(proxied: Proxied, through: Side) -> None:
    received, (answer,) = exchange(
        through.port, f"GET /config HTTP/1.0\r\nAuthorization: {through.login}\r\n\r\n".encode()
    )
    assert (answer.status, answer.json) == (200, {"model": "local/small"})
    assert proxied.canaries.leaks(received) == []


def test_two_logins_are_none(through: Side) -> None:
    _, (answer,) = through.send("GET /config HTTP/1.1", f"Authorization: {through.login}", "Connection: close")
    assert refusal(answer) == (401, "unauthenticated")


def test_a_client_that_waits_for_100_continue_gets_an_answer(through: Side) -> None:
    """`Expect` may be answered late or not at all (RFC 9110, 10.1.1): the client then sends the body anyway."""
    body = b'{"title": "expected"}'
    lines = ("Content-Type: application/json", f"Content-Length: {len(body)}", "Expect: 100-continue")
    _, answers = through.send("POST /session HTTP/1.1", *lines, "Connection: close", body=body)
    assert (answers[-1].status, answers[-1].json["title"]) == (200, "expected")


def _post(side: Side, body: bytes, *lines: str, content_type: str = "application/json") -> Answer:
    kind = (f"Content-Type: {content_type}",) if content_type else ()
    length = f"Content-Length: {len(body)}"
    _, answers = side.send("POST /session HTTP/1.1", *kind, length, *lines, "Connection: close", body=body)
    return answers[-1]


DEEP: Final = b'{"title":' + b"[" * 40 + b"]" * 40 + b"}"
BODIES: Final[Mapping[str, tuple[bytes, Refusal]]] = {
    "duplicate keys": (b'{"title":"a","title":"b"}', (400, "body_duplicate_key")),
    "duplicate keys in escapes": (b'{"title":"a","titl\\u0065":"b"}', (400, "body_duplicate_key")),
    "a lone surrogate": (b'{"title":"\\ud800"}', (400, "body_malformed")),
    "bad UTF-8": (b'{"title":"\xff\xfe"}', (400, "body_malformed")),
    "overlong UTF-8": (b'{"title":"\xc0\xaf"}', (400, "body_malformed")),
    "a byte order mark": (b'\xef\xbb\xbf{"title":"a"}', (400, "body_malformed")),
    "UTF-16": ('{"title":"a"}'.encode("utf-16"), (400, "body_malformed")),
    "NaN": (b'{"title":NaN}', (400, "body_malformed")),
    "a second value": (b'{"title":"a"}{}', (400, "body_malformed")),
    "cut off": (b'{"title":"a', (400, "body_malformed")),
    "a list": (b"[]", (400, "body_malformed")),
    "nested deeply": (DEEP, (400, "body_too_deep")),
    "a wrong type": (b'{"title":1}', (400, "body_invalid")),
    "a control character": (b'{"title":"a\\u0000b"}', (400, "body_invalid")),
    "an unknown field": (b'{"titel":"a"}', (400, "field_unknown")),
    "a prototype": (b'{"__proto__":{"permission":[]}}', (400, "field_unknown")),
    "not JSON": (b"title=a", (400, "body_malformed")),
}
ACCEPTED_BARE: Final = ("duplicate keys", "a lone surrogate", "bad UTF-8")
"""What two readers could read differently; the rest bare opencode refuses, or ignores in part."""


@each("case", BODIES)
def test_a_body_that_is_not_strict_json_of_the_form_is_refused(through: Side, case: str) -> None:
    body, expected = BODIES[case]
    assert refusal(_post(through, body)) == expected


@each("case", ACCEPTED_BARE)
def test_without_the_proxy_a_loose_body_is_accepted(direct: Side, case: str) -> None:
    answer = _post(direct, BODIES[case][0])
    assert answer.status == 200
    assert case != "duplicate keys" or answer.json["title"] == "b"


@each(
    ("content_type", "lines"),
    [
        ("text/plain", ()),
        ("application/x-www-form-urlencoded", ()),
        ("application/json; charset=utf-16", ()),
        ("", ()),
        ("application/json", ("Content-Encoding: gzip",)),
        ("application/json", ("Content-Encoding: br",)),
    ],
)
def test_a_body_that_is_not_plain_json_is_refused(through: Side, content_type: str, lines: tuple[str, ...]) -> None:
    body = b'{"title":"a"}'
    packed = gzip.compress(body) if "Content-Encoding: gzip" in lines else body
    assert refusal(_post(through, packed, *lines, content_type=content_type)) == (415, "body_type")


def test_a_deciding_header_twice_is_refused(through: Side) -> None:
    """By the HTTP library for a Content-Type; `test_directories.py` has the header of the directory."""
    answer = _post(through, b"{}", "Content-Type: application/json")
    assert refusal(answer) in {(400, "header_duplicate"), (400, "http_malformed")}


def test_a_body_over_the_limit_is_refused(through: Side) -> None:
    over = 1024 * 1024 + 1
    _, (answer,) = through.send("POST /session HTTP/1.1", "Content-Type: application/json", f"Content-Length: {over}")
    assert refusal(answer) == (413, "body_too_large")


def test_a_body_over_the_limit_in_chunks_is_refused(through: Side) -> None:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    lines = ("Content-Type: application/json", "Transfer-Encoding: chunked")
    _, answers = through.send("POST /session HTTP/1.1", *lines, body=chunk * 17 + b"0\r\n\r\n")
    assert [refusal(answer) for answer in answers] == [(413, "body_too_large")]


def test_a_body_in_chunks_is_read(through: Side) -> None:
    """The near miss."""
    lines = ("Content-Type: application/json", "Transfer-Encoding: chunked", "Connection: close")
    _, (answer,) = through.send("POST /session HTTP/1.1", *lines, body=b'd\r\n{"title":"c"}\r\n0\r\n\r\n')
    assert (answer.status, answer.json["title"]) == (200, "c")


def test_a_body_where_none_is_taken_is_refused(through: Side, proxied: Proxied) -> None:
    session = proxied.agent().session()
    body = json.dumps({"directory": str(proxied.world.forbidden)}).encode()
    lines = ("Content-Type: application/json", f"Content-Length: {len(body)}", "Connection: close")
    _, (answer,) = through.send(f"POST /session/{session}/abort HTTP/1.1", *lines, body=body)
    assert refusal(answer) == (400, "body_unexpected")


def test_a_request_that_never_ends_says_nothing(through: Side) -> None:
    """Half a head: no answer, and the next client is served."""
    assert raw("127.0.0.1", through.port, b"GET /config HTTP/1.1\r\nHost: localhost\r\n", timeout=0.5) == b""
    _, (answer,) = exchange(through.port, spelt(through.login, "/config"))
    assert answer.status == 200


def test_basic_with_the_token_as_password_is_a_login(proxied: Proxied) -> None:
    client = Client(proxied.proxy.url, basic("anybody", proxied.proxy.token))
    assert client.get("/config").json == {"model": "local/small"}
