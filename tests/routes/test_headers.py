"""Headers that decide: upgrades, duplicates, the type of the body."""

from __future__ import annotations

import pytest

from egress_proxy.model import Routed
from egress_proxy.reasons import Reason
from egress_proxy.routes.matching import match
from tests.routes.sample import JSON, SES, reason, request

UPGRADE, DUPLICATE, TYPE = Reason.UPGRADE_REFUSED, Reason.HEADER_DUPLICATE, Reason.BODY_TYPE


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], None),
        ([("connection", "keep-alive")], None),
        ([("connection", "close, TE")], None),
        ([("connection", "Upgrade"), ("upgrade", "websocket")], UPGRADE),
        ([("connection", "Upgrade")], UPGRADE),
        ([("connection", "keep-alive, uPGRADE ")], UPGRADE),
        ([("connection", "close"), ("connection", "upgrade")], UPGRADE),
        ([("upgrade", "websocket")], UPGRADE),
        ([("upgrade", "")], UPGRADE),
        ([("upgrade", "h2c"), ("connection", "Upgrade, HTTP2-Settings"), ("http2-settings", "AAM")], UPGRADE),
        ([("http2-settings", "AAM")], UPGRADE),
        ([("connection", "HTTP2-Settings")], UPGRADE),
        ([("sec-websocket-key", "x")], UPGRADE),
        ([("connection", "not-upgrade")], None),
        ([("x-note", "upgrade")], None),
    ],
    ids=range(15),
)
@pytest.mark.parametrize("target", ["/event", "/pty/pty_1/connect", "//config", "/nowhere"])
def test_upgrades_are_refused_whatever_the_target(
    target: str, headers: list[tuple[str, str]], expected: Reason | None
) -> None:
    found = reason(match(request("GET", target, *headers)))
    assert (found is UPGRADE) is (expected is UPGRADE)
    if target == "/event":
        assert found is expected


@pytest.mark.parametrize("name", ["x-http-method-override", "x-method-override", "x-http-method", "x-original-url"])
def test_override_headers_change_nothing(name: str) -> None:
    for value in ("DELETE", "/file/content"):
        found = match(request("GET", f"/session/{SES}", (name, value)))
        assert isinstance(found, Routed)
        assert found.row.name == "GET /session/{sessionID}"


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ([], b"", None),
        ([("content-type", "text/plain")], b"", None),
        ([("content-encoding", "gzip")], b"", None),
        ([JSON], b"{}", None),
        ([("content-type", "Application/JSON")], b"{}", None),
        ([("content-type", "application/json; charset=utf-8")], b"{}", None),
        ([("content-type", 'application/json;charset="UTF-8"')], b"{}", None),
        ([JSON, ("content-encoding", "identity")], b"{}", None),
        ([], b"{}", TYPE),
        ([("content-type", "")], b"{}", TYPE),
        ([("content-type", "text/plain")], b"{}", TYPE),
        ([("content-type", "application/json; charset=utf-16")], b"{}", TYPE),
        ([("content-type", "application/json; charset=utf-7")], b"{}", TYPE),
        ([("content-type", "application/json, text/plain")], b"{}", TYPE),
        ([("content-type", "application/jsonp")], b"{}", TYPE),
        ([("content-type", "application/x-www-form-urlencoded")], b"{}", TYPE),
        ([("content-type", "multipart/form-data; boundary=x")], b"{}", TYPE),
        ([JSON, ("content-encoding", "gzip")], b"{}", TYPE),
        ([JSON, ("content-encoding", "identity, gzip")], b"{}", TYPE),
        ([JSON, ("content-encoding", "br")], b"{}", TYPE),
        ([JSON, JSON], b"{}", DUPLICATE),
        ([JSON, ("content-type", "text/plain")], b"{}", DUPLICATE),
        ([JSON, ("content-encoding", "identity"), ("content-encoding", "gzip")], b"{}", DUPLICATE),
    ],
    ids=range(23),
)
def test_a_body_is_plain_json(headers: list[tuple[str, str]], body: bytes, expected: Reason | None) -> None:
    assert reason(match(request("POST", "/session", *headers, body=body))) is expected
