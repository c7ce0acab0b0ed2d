"""The operator's HTTP API: who may call it, what it takes, and what it says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from egress_proxy.server import operator_gates as module
from egress_proxy.server.operator import operator_app
from egress_proxy.server.operator_auth import LOCAL_FILE, Operators
from egress_proxy.server.operator_gates import GateApi
from egress_proxy.tokens import CLIENTS, OPERATORS, Tokens
from tests.server.waits import OURS, Stand, stand

FAILURES: Final = 5
ERROR: Final = {"error", "message"}


class Api:
    """The API over a real socket, and the queue behind it."""

    def __init__(self, proxy: Stand, client: TestClient[Any, Any], state: Path) -> None:
        self.proxy = proxy
        self.client = client
        self.state = state
        self.token = (state / LOCAL_FILE).read_text("utf-8").strip()

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> ClientResponse:
        """With the box's token, unless `Authorization` is given."""
        given = {"Authorization": f"Bearer {self.token}"} | headers
        return await self.client.request(method, path, json=body, headers=given)

    async def told(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        response = await self.call(method, path, body)
        return response.status, await response.json()

    async def parked(self) -> Any:
        """An ask that waits, as the API shows it."""
        self.proxy.agent.ask(1)
        await self.proxy.look()
        _, listed = await self.told("GET", "/gates")
        return listed["asks"][0]


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    async with stand(tmp_path) as proxy:
        gates = GateApi(proxy.queue, Operators(state), proxy.metrics, FAILURES)
        app = operator_app(proxy.metrics, "127.0.0.1", gated=True, gates=gates)
        async with TestClient(TestServer(app)) as client:
            yield Api(proxy, client, state)
            proxy.queue.stop()


async def test_it_lists_shows_and_approves(api: Api) -> None:
    ask = await api.parked()
    assert (ask["id"], ask["command"], ask["session"], ask["gate"]) == ("per_1", "git push", OURS, "human")
    status, shown = await api.told("GET", "/gates/per_1")
    assert (status, set(shown), shown["ask"]) == (200, {"now", "ask", "context"}, ask)
    assert shown["context"] == [{"role": "user", "text": "Push it."}]
    status, told = await api.told("POST", "/gates/per_1/approve", {"digest": ask["digest"]})
    assert (status, told["decision"]["outcome"], told["decision"]["by"]) == (200, "approved", "local")
    status, listed = await api.told("GET", "/gates")
    assert (listed["asks"], listed["decided"]) == ([], [told["decision"]])
    for path in ("/gates/per_1", "/gates/per_1/approve", "/gates/per_1/reject"):
        method = "GET" if path == "/gates/per_1" else "POST"
        status, told = await api.told(method, path, {"digest": ask["digest"]} if method == "POST" else None)
        assert (status, told["error"], set(told)) == (404, "ask_unknown", ERROR)


async def test_it_rejects_with_a_note(api: Api) -> None:
    ask = await api.parked()
    status, told = await api.told("POST", "/gates/per_1/reject", {"digest": ask["digest"], "note": "no"})
    assert (status, told["decision"]["outcome"], told["decision"]["note"]) == (200, "rejected", "no")
    assert api.proxy.agent.answers == [("per_1", {"reply": "reject", "message": "no"})]


async def test_what_changed_is_a_conflict(api: Api) -> None:
    ask = await api.parked()
    api.proxy.agent.ask(1, command="git push -f")
    for word in ("approve", "reject"):
        status, told = await api.told("POST", f"/gates/per_1/{word}", {"digest": ask["digest"]})
        assert (status, told["error"], set(told)) == (409, "ask_changed", ERROR)
    assert api.proxy.agent.answers == []


async def test_what_upstream_does_not_do_is_a_bad_gateway(api: Api) -> None:
    ask = await api.parked()
    api.proxy.agent.broken = {"GET /permission"}
    status, told = await api.told("POST", "/gates/per_1/approve", {"digest": ask["digest"]})
    assert (status, told["error"]) == (502, "upstream_error")


async def test_what_cannot_be_recorded_is_unavailable(api: Api) -> None:
    ask = await api.parked()
    api.proxy.ledger.failing = True
    status, told = await api.told("POST", "/gates/per_1/approve", {"digest": ask["digest"]})
    assert (status, told["error"]) == (503, "audit_unavailable")
    assert api.proxy.agent.answers == []


STRANGERS: Final = {
    "none": None,
    "another": "Bearer ego_" + "x" * 43,
    "empty": "Bearer ",
    "long": "Bearer " + "x" * 5000,
    "without a scheme": "ego_" + "x" * 43,
}


@pytest.mark.parametrize("case", STRANGERS)
@pytest.mark.parametrize("path", ["/gates", "/gates/per_1", "/gates/watch", "/gates/nothing/at/all"])
async def test_a_stranger_gets_nothing(api: Api, case: str, path: str) -> None:
    given = STRANGERS[case]
    response = await api.client.get(path, headers={"Authorization": given} if given else {})
    assert (response.status, set(await response.json())) == (401, ERROR)


async def test_a_browsers_kept_password_is_none(api: Api) -> None:
    """Basic would go along with requests of any page."""
    import base64  # noqa: PLC0415 - of this attack alone

    basic = base64.b64encode(f"x:{api.token}".encode()).decode()
    assert (await api.call("GET", "/gates", Authorization=f"Basic {basic}")).status == 401


async def test_tokens_of_clients_and_operators_are_not_each_others(api: Api) -> None:
    client = Tokens(api.state, CLIENTS).create("ann").reveal()
    operator = Tokens(api.state, OPERATORS).create("ann").reveal()
    assert (await api.call("GET", "/gates", Authorization=f"Bearer {client}")).status == 401
    assert (await api.call("GET", "/gates", Authorization=f"Bearer {operator}")).status == 200
    assert Tokens(api.state, CLIENTS).authenticate(operator) is None
    Tokens(api.state, OPERATORS).revoke("ann")
    assert (await api.call("GET", "/gates", Authorization=f"Bearer {operator}")).status == 401


async def test_the_boxs_token_is_another_at_each_start(api: Api) -> None:
    file = api.state / LOCAL_FILE
    assert file.stat().st_mode & 0o777 == 0o600
    again = Operators(api.state)
    token = file.read_text("utf-8").strip()
    assert token != api.token
    assert (again.authenticate(api.token), again.authenticate(token)) == (None, "local")
    assert again.authenticate("é\ud800") is None


async def test_who_decided_is_on_record(api: Api) -> None:
    token = Tokens(api.state, OPERATORS).create("alice").reveal()
    ask = await api.parked()
    response = await api.call(
        "POST", "/gates/per_1/approve", {"digest": ask["digest"]}, Authorization=f"Bearer {token}"
    )
    assert response.status == 200
    assert api.proxy.records() == [("approved", "per_1", "git-push", "alice")]


async def test_guessing_is_limited_and_a_valid_token_is_not(api: Api) -> None:
    statuses = [(await api.call("GET", "/gates", Authorization="Bearer x")).status for _ in range(FAILURES + 2)]
    assert statuses == [401] * FAILURES + [429] * 2
    assert (await api.call("GET", "/gates")).status == 200
    assert b"egress_login_failures_total 7.0" in api.proxy.metrics.render()


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        (b"{}", "application/json", (400, "body_invalid")),
        (b"[]", "application/json", (400, "body_invalid")),
        (b'{"digest":1}', "application/json", (400, "body_invalid")),
        (b'{"digest":"a","x":1}', "application/json", (400, "body_invalid")),
        (b'{"digest":"a"', "application/json", (400, "body_invalid")),
        (b'{"digest":"\xff"}', "application/json", (400, "body_invalid")),
        (b"", "application/json", (400, "body_invalid")),
        (b'{"digest":"a","note":"%b"}' % (b"n" * 2001), "application/json", (400, "body_invalid")),
        (b'{"digest":"a","note":"%b"}' % (b"n" * 20_000), "application/json", (413, "body_too_large")),
        (b"digest=a", "application/x-www-form-urlencoded", (415, "body_type")),
        (b'{"digest":"a"}', "text/plain", (415, "body_type")),
    ],
)
async def test_bad_bodies_are_told_without_an_echo(api: Api, body: bytes, kind: str, told: tuple[int, str]) -> None:
    await api.parked()
    headers = {"Authorization": f"Bearer {api.token}", "Content-Type": kind}
    response = await api.client.post("/gates/per_1/approve", data=body, headers=headers)
    answered = await response.json()
    assert (response.status, answered["error"], set(answered)) == (*told, ERROR)
    assert api.proxy.agent.answers == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/gates", 405),
        ("GET", "/gates/per_1/approve", 405),
        ("GET", "/gates/a/b/c", 404),
        ("GET", "/gates/", 404),
    ],
)
async def test_what_there_is_not_is_told_in_json(api: Api, method: str, path: str, status: int) -> None:
    assert (await api.told(method, path)) == (
        status,
        {"error": "operation_unknown", "message": "See the list of operations in docs/gates.md."},
    )


async def test_no_other_host_and_no_other_origin(api: Api) -> None:
    assert (await api.call("GET", "/gates", Host="evil.example")).status == 403
    response = await api.call("GET", "/gates", Origin="http://evil.example")
    assert not [name for name in response.headers if name.lower().startswith("access-control-")]
    assert response.headers["Cache-Control"] == "no-store"
    preflight = await api.client.options("/gates/per_1/approve", headers={"Origin": "http://evil.example"})
    assert preflight.status == 401


async def test_metrics_and_health_need_no_token(api: Api) -> None:
    assert [(await api.client.get(path)).status for path in ("/metrics", "/health")] == [200, 200]


async def test_changes_are_watched(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEARTBEAT", 0.01)
    async with asyncio.timeout(90):
        watching = await api.call("GET", "/gates/watch")
        assert watching.content_type == "text/event-stream"
        heard = await watching.content.readuntil(b": heartbeat\n\n")
        ask = await api.parked()
        await api.told("POST", "/gates/per_1/reject", {"digest": ask["digest"]})
        while b"event: decided" not in heard or not heard.endswith(b"\n\n"):
            heard += await watching.content.readany()
        api.proxy.queue.stop()
        await watching.content.read()
    frames = [frame for frame in heard.decode().split("\n\n") if frame.startswith("event:")]
    told = [(frame.split("\n")[0], json.loads(frame.split("\n")[1].removeprefix("data: "))) for frame in frames]
    assert (told[0][0], told[0][1]) == ("event: asked", ask)
    assert (told[1][0], told[1][1]["outcome"]) == ("event: decided", "rejected")


@pytest.mark.parametrize("heartbeat", [True, False])
async def test_what_is_watched_ends_with_its_token(
    api: Api, monkeypatch: pytest.MonkeyPatch, *, heartbeat: bool
) -> None:
    """Before anything more is told: neither what happens then, nor that nothing does."""
    if heartbeat:
        monkeypatch.setattr(module, "HEARTBEAT", 0.01)
    tokens = Tokens(api.state, OPERATORS)
    given = {"Authorization": f"Bearer {tokens.create('ann').reveal()}"}
    ask = await api.parked()
    async with asyncio.timeout(90):
        watching = await api.call("GET", "/gates/watch", **given)
        await watching.content.readuntil(b": watching\n\n")
        tokens.revoke("ann")
        assert (await api.call("GET", "/gates", **given)).status == 401
        if not heartbeat:
            await api.told("POST", "/gates/per_1/reject", {"digest": ask["digest"], "note": "not for her"})
        rest = await watching.content.read()
    assert rest.replace(b": heartbeat\n\n", b"") == b""


async def test_watchers_are_bounded(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_WATCHERS", 1)
    first = await api.call("GET", "/gates/watch")
    second = await api.call("GET", "/gates/watch")
    assert (first.status, second.status) == (200, 503)
    first.close()
