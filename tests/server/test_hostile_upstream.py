"""Whatever upstream answers, the client gets projected fields or a reason, never upstream's own bytes."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from egress_proxy.model import BodyRule, Resource, RouteClass, Row, Scope
from egress_proxy.reasons import Reason
from egress_proxy.routes.catalogue import ROWS
from tests.server.rig import MAX_ANSWER, SESSION, Rig, answer, rig
from tests.wire import sweep
from tests.wire.oracle import wrong

CANARY: Final = "cnry" + "00001x"
MESSAGE: Final = "msg_00000000000000000000000001"
PERMISSION: Final = "per_00000000000000000000000001"
QUESTION: Final = "que_00000000000000000000000001"
MOST: Final = 24  # answers of one operation, spread over all that the generator makes
STREAMS: Final = (Scope.STREAM, Scope.GLOBAL_STREAM)
CROSSING: Final = [row for row in ROWS if row.route_class is not RouteClass.DENY and row.scope not in STREAMS]
DENIED: Final = [row for row in ROWS if row.route_class is RouteClass.DENY]
BODIES: Final[dict[BodyRule, Any]] = {
    BodyRule.NONE: None,
    BodyRule.SESSION_CREATE: {},
    BodyRule.SESSION_UPDATE: {"title": "t"},
    BodyRule.FORK: {},
    BodyRule.PROMPT: {"parts": [{"type": "text", "text": "hello"}]},
    BodyRule.SUMMARIZE: {"providerID": "local", "modelID": "small"},
    BodyRule.PERMISSION_REPLY: {"reply": "reject"},
    BodyRule.PERMISSION_RESPONSE: {"response": "reject"},
    BodyRule.QUESTION_REPLY: {"answers": [["yes"]]},
}


@pytest.fixture
async def hostile(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path) as started:
        asks = {"/permission": (PERMISSION, {"permission": "bash", "patterns": ["ls"], "metadata": {}, "always": []})}
        asks["/question"] = (QUESTION, {"questions": []})
        for path, (ask, rest) in asks.items():
            started.upstream.answers[f"GET {path}"] = answer(
                json.dumps([{"id": ask, "sessionID": SESSION, **rest}]).encode()
            )
        paths = {"worktree": started.directory, "directory": started.directory, "home": "", "state": "", "config": ""}
        started.upstream.answers["GET /path"] = answer(json.dumps(paths).encode())
        yield started


def path_of(row: Row) -> str:
    ids = {"{sessionID}": SESSION, "{messageID}": MESSAGE, "{permissionID}": PERMISSION}
    ids["{requestID}"] = QUESTION if "/question/" in row.template else PERMISSION
    path = row.template
    for name, value in ids.items():
        path = path.replace(name, value)
    needed = {"/find/file": "?query=a", "/file": "?path=."}
    return path + needed.get(row.template, "")


async def ask(hostile: Rig, row: Row) -> tuple[int, bytes]:
    status, body, headers = await hostile.ask(row.method, path_of(row), BODIES[row.body])
    assert sweep.canaries_in("\n".join([*headers, *headers.values()]).encode()) == []
    return status, body


@pytest.mark.parametrize("version", sweep.VERSIONS)
@pytest.mark.parametrize("row", CROSSING, ids=lambda row: row.name)
async def test_the_canary_sweep_through_the_whole_proxy(hostile: Rig, row: Row, version: str) -> None:
    if version not in row.versions:
        return  # nothing to ask: this version has no such operation
    placed = sweep.Placed(SESSION, hostile.directory)
    answers = list(sweep.generate(version, row.name, placed))
    upstream_path = f"{row.method} {path_of(row).partition('?')[0]}"
    crossed = 0
    for label, body in answers[:: max(1, len(answers) // MOST)]:
        hostile.upstream.answers[upstream_path] = answer(body)
        status, released = await ask(hostile, row)
        if status == 200:
            assert wrong(row.response, json.loads(released), frozenset({hostile.directory})) == [], label
            crossed += 1
        elif status != 204:
            assert sweep.canaries_in(released) == [], label
            assert json.loads(released)["data"]["reason"] in set(Reason), label
        if row.method == "DELETE" and row.response is Resource.BOOLEAN:
            break  # the session is gone
    assert crossed or row.response is Resource.NOTHING or not answers


@pytest.mark.parametrize("row", DENIED, ids=lambda row: row.name)
async def test_a_denied_operation_never_reaches_upstream(hostile: Rig, row: Row) -> None:
    hostile.upstream.default = answer(json.dumps({"secret": CANARY}).encode())
    path = "/".join("a" if "{" in part or "*" in part else part for part in row.template.split("/"))
    status, released, _ = await hostile.ask(row.method, path)
    assert status == 403
    assert json.loads(released)["data"]["reason"] == "operation_denied"
    assert hostile.upstream.asked == []


DEEP: Final = b"[" * 100_000 + b"]" * 100_000
HOSTILE: Final[dict[str, tuple[bytes, set[str]]]] = {
    "the web UI": (answer(b"<html>" + CANARY.encode(), Content_Type="text/html"), {"answer_type"}),
    "no type": (answer(b"[]", Content_Type=""), {"answer_type"}),
    "plain text": (answer(CANARY.encode(), Content_Type="text/plain"), {"answer_type"}),
    "compressed": (answer(gzip.compress(b"[]"), Content_Encoding="gzip"), {"answer_encoding"}),
    "an unknown encoding": (answer(b"[]", Content_Encoding=CANARY), {"answer_encoding"}),
    "not JSON": (answer(CANARY.encode()), {"answer_malformed"}),
    "empty": (answer(b""), {"answer_malformed"}),
    "another shape": (answer(json.dumps({CANARY: CANARY}).encode()), {"answer_shape"}),
    "a list of other things": (answer(json.dumps([CANARY, 1, None]).encode()), {"answer_shape"}),
    "invalid UTF-8": (answer(b'[{"id":"\xff' + CANARY.encode() + b'"}]'), {"answer_malformed", "answer_shape"}),
    "deep": (answer(DEEP), {"answer_too_deep", "answer_shape", "answer_malformed"}),
    "too large": (answer(b" " * (MAX_ANSWER + 1) + b"[]"), {"upstream_too_large"}),
    "truncated": (answer(b'[{"a":"' + CANARY.encode(), Content_Length="5000"), {"upstream_lost"}),
    "a broken chunk": (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
        + CANARY.encode(),
        {"upstream_lost", "upstream_error"},
    ),
    "not HTTP": (CANARY.encode() + b"\r\n\r\n", {"upstream_error", "upstream_lost"}),
    "nothing": (b"", {"upstream_lost"}),
    "a status text": (answer(b"", f"500 {CANARY}"), {"upstream_error"}),
    "102 and nothing": (b"HTTP/1.1 102 Processing\r\n\r\n", {"upstream_lost", "upstream_error"}),
    "101": (
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n" + CANARY.encode(),
        {"upstream_error"},
    ),
    "partial content": (answer(b"[]", "206 Partial Content"), {"upstream_error"}),
    "multiple types": (answer(b"[]", Content_Type="application/json, text/html"), {"answer_type"}),
} | {
    str(status): (answer(json.dumps({"data": CANARY}).encode(), f"{status} {CANARY}", Location=f"/{CANARY}"), {reason})
    for status, reason in {
        300: "upstream_redirect",
        301: "upstream_redirect",
        302: "upstream_redirect",
        307: "upstream_redirect",
        400: "upstream_rejected",
        401: "upstream_auth",
        403: "upstream_auth",
        404: "upstream_not_found",
        409: "upstream_rejected",
        418: "upstream_rejected",
        500: "upstream_error",
        503: "upstream_error",
    }.items()
}


@pytest.mark.parametrize("case", HOSTILE)
async def test_a_hostile_answer_is_a_reason(hostile: Rig, case: str) -> None:
    given, reasons = HOSTILE[case]
    hostile.upstream.answers[f"GET /session/{SESSION}/message"] = given
    status, body, headers = await hostile.ask("GET", f"/session/{SESSION}/message")
    assert status >= 400
    assert json.loads(body)["data"]["reason"] in reasons
    everything = body + "\n".join([*headers, *headers.values()]).encode()
    assert sweep.canaries_in(everything) == []
    assert CANARY not in str(hostile.records()) + hostile.metrics.render().decode()


HEADERS: Final = {
    "Link": f"<http://127.0.0.1:1/{CANARY}>",
    "Set_Cookie": CANARY,
    "X_Next_Cursor": f"bad {CANARY}",
    "Server": CANARY,
    "X_Anything": CANARY,
}


async def test_no_header_of_upstream_is_relayed_but_a_cursor_of_a_cursors_form(hostile: Rig) -> None:
    where = f"GET /session/{SESSION}/message"
    hostile.upstream.answers[where] = answer(b"[]", **HEADERS)
    status, _, headers = await hostile.ask("GET", f"/session/{SESSION}/message")
    assert status == 200
    assert sweep.canaries_in("\n".join([*headers, *headers.values()]).encode()) == []
    assert "X-Next-Cursor" not in headers
    hostile.upstream.answers[where] = answer(b"[]", X_Next_Cursor="eyJpZCI6MX0")
    _, _, headers = await hostile.ask("GET", f"/session/{SESSION}/message")
    assert headers["X-Next-Cursor"] == "eyJpZCI6MX0"


async def test_an_upstream_that_is_not_there_is_a_reason(hostile: Rig) -> None:
    hostile.upstream.default = b""
    assert await hostile.reason("GET", "/agent") == "upstream_lost"
    assert await hostile.reason("GET", "/session/ses_00000000000000000000000009") == "upstream_lost"


async def test_a_session_that_is_not_the_clients_looks_like_one_that_is_not_there(hostile: Rig) -> None:
    other = "ses_00000000000000000000000002"
    facts = {"id": other, "directory": hostile.directory}
    hostile.upstream.answers[f"GET /session/{other}"] = answer(json.dumps(facts).encode())
    foreign = await hostile.ask("GET", f"/session/{other}")
    missing = await hostile.ask("GET", "/session/ses_00000000000000000000000003")
    assert foreign[0] == missing[0] == 404
    same = [json.loads(body)["data"] | {"auditID": ""} for _, body, _ in (foreign, missing)]
    assert same[0] == same[1]


async def test_parents_that_go_round_in_circles_end(hostile: Rig) -> None:
    first, second = "ses_00000000000000000000000004", "ses_00000000000000000000000005"
    for one, other in ((first, second), (second, first)):
        facts = {"id": one, "directory": hostile.directory, "parentID": other}
        hostile.upstream.answers[f"GET /session/{one}"] = answer(json.dumps(facts).encode())
    assert await hostile.reason("GET", f"/session/{first}") == "session_unknown"


async def test_an_upstream_that_names_another_session_gains_nothing(hostile: Rig) -> None:
    """A lookup of one id that is answered with the facts of another must not make the first one the client's."""
    asked = "ses_00000000000000000000000006"
    facts = {"id": SESSION, "directory": hostile.directory}
    hostile.upstream.answers[f"GET /session/{asked}"] = answer(json.dumps(facts).encode())
    assert await hostile.reason("GET", f"/session/{asked}") == "answer_shape"
    assert hostile.upstream.asked == [f"GET /session/{asked}"]
