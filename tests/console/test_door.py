"""Logging in and out, and everything that must not get in."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from egress_proxy.console import forms
from egress_proxy.console.application import HEADERS
from egress_proxy.console.sessions import IDLE_SECONDS
from tests.console.rig import TOKEN, Clock, FakeOperators, FakeQueue, Visitor, application, ask


@pytest.fixture
def queue() -> FakeQueue:
    made = FakeQueue()
    made.add(ask())
    return made


@pytest.fixture
def operators() -> FakeOperators:
    return FakeOperators()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def visitor(queue: FakeQueue, operators: FakeOperators, clock: Clock) -> AsyncIterator[Visitor]:
    jar = aiohttp.DummyCookieJar()
    async with TestClient(TestServer(application(queue, operators, clock)), cookie_jar=jar) as client:
        yield Visitor(client)


PAGES = ("", "decided", "asks/per_1", "changes")


async def test_a_token_opens_a_session_with_a_cookie_for_its_place_alone(visitor: Visitor) -> None:
    answer = await visitor.login()
    assert answer.status == 303
    cookie = answer.headers["Set-Cookie"]
    place = re.fullmatch(r"/console/([0-9a-f]{32})/", answer.headers["Location"])
    assert place is not None
    assert f"Path=/console/{place[1]}/;" in cookie + ";"
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Max-Age=28800" in cookie
    assert "Domain" not in cookie
    assert place[1] not in cookie.partition(";")[0]
    assert (await visitor.get("")).status == 200


async def test_an_address_of_an_ask_leads_on_to_it(visitor: Visitor) -> None:
    page = await (await visitor.get("/console/asks/per_1")).text()
    assert '<input type="hidden" name="to" value="asks/per_1">' in page
    answer = await visitor.login(to="asks/per_1")
    assert answer.headers["Location"] == f"{visitor.home}asks/per_1"


@pytest.mark.parametrize(
    "to",
    [
        "//evil.example",
        "https://evil.example",
        "../x",
        "a/b",
        "a b",
        "a\r\nX: y",
        "é",
        "asks/" + "x" * 200,
        "asks/..",
        "asks/../x",
        "out",
        "feed/changes",
        "records/../out",
        "records?a=b#c",
        "records?a=b c",
        "records?\r\nX: y",
        "feed\n",
        "records.csv",
        "sessions//evil.example",
        "\\evil.example",
        "asks/a/approve",
    ],
)
async def test_it_leads_nowhere_else(visitor: Visitor, to: str) -> None:
    answer = await visitor.login(to=to)
    assert re.fullmatch(r"/console/[0-9a-f]{32}/(asks/\.\.)?", answer.headers["Location"])


@pytest.mark.parametrize("token", ["", "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "ada", "é" * 10])
async def test_a_wrong_token_opens_nothing_and_is_not_echoed(visitor: Visitor, token: str) -> None:
    answer = await visitor.login(token)
    page = await answer.text()
    assert answer.status == 403
    assert "Set-Cookie" not in answer.headers
    assert "This is not the token of an operator." in page
    assert len(token) < 5 or token not in page


async def test_failed_logins_are_limited_and_a_valid_token_never_is(visitor: Visitor, clock: Clock) -> None:
    assert [(await visitor.login("wrong")).status for _ in range(12)] == [403] * 10 + [429] * 2
    assert (await visitor.login()).status == 303
    clock.passed += 61
    assert (await visitor.login("wrong")).status == 403


@pytest.mark.parametrize("path", PAGES)
async def test_without_a_session_nothing_is_shown(visitor: Visitor, path: str) -> None:
    await visitor.login()
    visitor.cookie, home = "", visitor.home
    for wrong in ("", "egress_console=x", "egress_console=", f"egress_console={home.split('/')[2]}"):
        visitor.cookie = wrong
        answer = await visitor.get(path)
        assert answer.status == (403 if path == "changes" else 303)
        assert "git push" not in await answer.text()
        if path != "changes":
            assert answer.headers["Location"] == f"/console/{path}?over=1"


async def test_the_cookie_of_one_place_opens_no_other(visitor: Visitor) -> None:
    await visitor.login()
    first = visitor.home
    await visitor.login()
    assert (await visitor.get("")).status == 200
    assert (await visitor.get(first)).status == 303


async def test_a_revoked_operator_is_out_at_once(visitor: Visitor, operators: FakeOperators, queue: FakeQueue) -> None:
    await visitor.login()
    form = await visitor.form("per_1")
    operators.revoked = True
    answer = await visitor.post("asks/per_1/approve", form)
    assert answer.status == 403
    assert "Nothing was done" in await answer.text()
    assert len(queue.asks) == 1
    operators.revoked = False
    assert (await visitor.get("")).status == 303


async def test_who_is_revoked_while_a_form_comes_decides_nothing(
    visitor: Visitor, operators: FakeOperators, queue: FakeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = forms.read_form

    async def revoked_meanwhile(request: web.Request) -> dict[str, str]:
        form = await read(request)
        operators.revoked = True
        return form

    await visitor.login()
    form = await visitor.form("per_1")
    monkeypatch.setattr("egress_proxy.console.desk.read_form", revoked_meanwhile)
    assert (await visitor.post("asks/per_1/approve", form)).status == 403
    assert len(queue.asks) == 1
    operators.revoked = False


async def test_a_session_that_nobody_uses_ends(visitor: Visitor, clock: Clock) -> None:
    await visitor.login()
    clock.passed = IDLE_SECONDS - 60
    assert (await visitor.get("", X_Egress_Look="1")).status == 200
    clock.passed = IDLE_SECONDS + 1
    assert (await visitor.get("")).status == 303


async def test_logging_out_ends_the_session_and_takes_the_cookie_back(visitor: Visitor) -> None:
    await visitor.login()
    assert (await visitor.post("out", {"csrf": "x"})).status == 403
    assert (await visitor.get("")).status == 200
    csrf = (await visitor.form("per_1"))["csrf"]
    answer = await visitor.post("out", {"csrf": csrf})
    assert (answer.status, answer.headers["Location"]) == (303, "/console/?over=1")
    assert f"Max-Age=0; Path={visitor.home}" in answer.headers["Set-Cookie"]
    assert (await visitor.get("")).status == 303


FOREIGN: dict[str, dict[str, str]] = {
    "another site": {"Origin": "https://evil.example"},
    "another port of this host": {"Origin": "http://127.0.0.1:1"},
    "none": {"Origin": "null"},
    "empty": {"Origin": ""},
    "this host as a path": {"Origin": "http://evil.example/{host}"},
    "this host as a part of a name": {"Origin": "http://{host}.evil.example"},
    "this host as a user": {"Origin": "http://{host}@evil.example"},
    "this host with a user": {"Origin": "http://x@{host}"},
    "another kind": {"Origin": "file://{host}"},
    "broken": {"Origin": "http://[::1"},
    "told by the browser": {"Sec_Fetch_Site": "same-site"},
}


@pytest.mark.parametrize("name", FOREIGN)
async def test_a_form_of_another_origin_does_nothing(visitor: Visitor, queue: FakeQueue, name: str) -> None:
    await visitor.login()
    form = await visitor.form("per_1")
    host = visitor.origin.removeprefix("http://")
    headers = {key: value.format(host=host) for key, value in FOREIGN[name].items()}
    for path in ("asks/per_1/approve", "asks/per_1/reject", "out", "/console/"):
        answer = await visitor.post(path, {**form, "token": TOKEN}, **headers)
        assert answer.status == 403
        assert "another origin" in await answer.text()
    assert len(queue.asks) == 1
    assert (await visitor.post("asks/per_1/approve", form)).status == 303


async def test_a_form_without_an_origin_does_nothing(visitor: Visitor, queue: FakeQueue) -> None:
    await visitor.login()
    form = await visitor.form("per_1")
    headers = {"Cookie": visitor.cookie}
    url = f"{visitor.home}asks/per_1/approve"
    answer = await visitor.client.post(url, data=form, headers=headers, allow_redirects=False)
    assert answer.status == 403
    assert len(queue.asks) == 1


@pytest.mark.parametrize("csrf", [None, "", "x", "é", "0" * 48])
async def test_a_form_without_the_token_of_its_session_does_nothing(
    visitor: Visitor, queue: FakeQueue, csrf: str | None
) -> None:
    await visitor.login()
    form = await visitor.form("per_1")
    sent = {"digest": form["digest"]} | ({} if csrf is None else {"csrf": csrf})
    answer = await visitor.post("asks/per_1/approve", sent)
    assert answer.status == 403
    assert "not made for this login" in await answer.text()
    assert len(queue.asks) == 1


async def test_the_form_of_another_session_does_nothing(visitor: Visitor, queue: FakeQueue) -> None:
    await visitor.login()
    stolen = await visitor.form("per_1")
    await visitor.login()
    assert (await visitor.post("asks/per_1/approve", stolen)).status == 403
    assert len(queue.asks) == 1


FORM = "application/x-www-form-urlencoded"
NOT_OURS: dict[str, tuple[str, str]] = {
    "a field twice": ("note=1&note=2", FORM),
    "a deciding field twice": ("digest=x", FORM),
    "no value": ("note", FORM),
    "not UTF-8": ("note=%FF", FORM),
    "not ASCII": ("note=\u00e9", FORM),
    "many fields": ("&".join(f"f{n}=1" for n in range(20)), FORM),
    "too large": ("note=" + "x" * 70_000, FORM),
    "JSON by its type": ("note=x", "application/json"),
    "text by its type": ("note=x", "text/plain"),
    "parts by its type": ("note=x", "multipart/form-data; boundary=x"),
    "no type": ("note=x", ""),
}


@pytest.mark.parametrize("name", NOT_OURS)
async def test_what_is_no_form_of_ours_is_not_read(visitor: Visitor, queue: FakeQueue, name: str) -> None:
    await visitor.login()
    form = await visitor.form("per_1")
    more, kind = NOT_OURS[name]
    whole = f"csrf={form['csrf']}&digest={form['digest']}&{more}"
    assert (await visitor.post("asks/per_1/approve", whole.encode(), Content_Type=kind)).status == 403
    assert queue.decisions == []
    ours = f"csrf={form['csrf']}&digest={form['digest']}&note=x"
    assert (await visitor.post("asks/per_1/approve", ours.encode(), Content_Type=FORM)).status == 303


async def test_a_host_of_another_name_gets_nothing(visitor: Visitor) -> None:
    assert (await visitor.get("/console/", Host="evil.example")).status == 403


@pytest.mark.parametrize(
    "path",
    ["/console/", "/console", "", "asks/per_1", "asks/none", "nothing", "/console/static/console.css", "changes"],
)
async def test_every_answer_has_the_headers(visitor: Visitor, path: str) -> None:
    await visitor.login()
    answer = await visitor.get(path)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    answer.close()


def test_the_policy_lets_pages_load_what_is_ours_and_run_nothing_in_them() -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "data:" not in policy


@pytest.mark.parametrize(
    ("path", "method"),
    [("asks/per_1/approve", "GET"), ("out", "GET"), ("", "PUT"), ("/console/static/../pages.py", "GET"),
     ("/console/static/%2e%2e%2fpages.py", "GET"), ("/console/static/none.js", "GET"), ("asks/a%2fb", "GET"),
     ("/console/0/", "GET")],
)  # fmt: skip
async def test_what_is_not_there_is_told_in_a_page(visitor: Visitor, path: str, method: str) -> None:
    await visitor.login()
    url = path if path.startswith("/") else visitor.home + path
    answer = await visitor.client.request(method, url, headers={"Cookie": visitor.cookie})
    assert answer.status in {404, 405}
    assert "def " not in await answer.text()
