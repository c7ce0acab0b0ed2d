"""Who a reverse proxy signed on: the attacks first, each against a console that lets the honest one in."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from multidict import CIMultiDict

from egress_proxy.config import Console
from egress_proxy.console.sessions import SECONDS
from egress_proxy.metrics import Metrics
from egress_proxy.model import Secret
from egress_proxy.server.sso import Sso
from tests.console.ledger import Kept
from tests.console.rig import Clock, FakeQueue, Visitor, application, ask

SECRET: Final = "between-us-" + "and-nobody-else" * 2
ORIGIN: Final = "https://console.example"
CONSOLE: Final = Console(
    sso_origin=ORIGIN,
    sso_secret_file="/unread",
    sso_approvers=("ada", "grace@example.com"),
    sso_viewers=("bob",),
)
HOST: Final = ("Host", "console.example")
PROOF: Final = ("X-Egress-Sso-Secret", SECRET)
ADA: Final = ("X-Forwarded-User", "ada")

Headers = list[tuple[str, str]]


class Proxied:
    """What comes through a reverse proxy: its headers, and whatever the test sends along or in their place."""

    def __init__(self, client: TestClient[Any, Any]) -> None:
        self.client = client
        self.cookie = ""
        self.home = ""

    async def get(self, path: str, headers: Headers) -> aiohttp.ClientResponse:
        return await self._send("GET", path, headers, None)

    async def post(self, path: str, headers: Headers, fields: dict[str, str]) -> aiohttp.ClientResponse:
        return await self._send("POST", path, [*headers, ("Origin", ORIGIN)], fields)

    async def login(self, headers: Headers, **fields: str) -> aiohttp.ClientResponse:
        answer = await self.post("/console/", headers, fields)
        if answer.status == 303:
            self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
            self.home = re.sub(r"(/console/\w+/).*", r"\1", answer.headers["Location"])
        return answer

    async def _send(self, method: str, path: str, headers: Headers, data: Any) -> aiohttp.ClientResponse:
        sent = [*headers, *([("Cookie", self.cookie)] if self.cookie else [])]
        return await self.client.request(method, path, data=data, headers=sent, allow_redirects=False)


@pytest.fixture
def queue() -> FakeQueue:
    made = FakeQueue()
    made.add(ask())
    return made


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def client(
    tmp_path: Path, queue: FakeQueue, clock: Clock, metrics: Metrics
) -> AsyncIterator[TestClient[Any, Any]]:
    kept = Kept(tmp_path / "state")
    app = application(queue, None, clock, behind=kept.behind(Sso(CONSOLE, Secret(SECRET))), metrics=metrics)
    async with TestClient(TestServer(app), cookie_jar=aiohttp.DummyCookieJar()) as made:
        yield made
    kept.close()


@pytest.fixture
def proxied(client: TestClient[Any, Any]) -> Proxied:
    return Proxied(client)


def own(client: TestClient[Any, Any]) -> tuple[str, str]:
    """The socket's own name, as a process of the machine would say it."""
    return ("Host", f"127.0.0.1:{client.port}")


FORGED: Final[dict[str, Headers]] = {
    "no secret": [HOST, ADA],
    "an empty secret": [HOST, ADA, (PROOF[0], "")],
    "a wrong secret": [HOST, ADA, (PROOF[0], SECRET[:-1])],
    "a secret with more": [HOST, ADA, (PROOF[0], SECRET + "x")],
    "the secret in another case": [HOST, ADA, (PROOF[0], SECRET.upper())],
    "a secret beyond ASCII": [HOST, ADA, (PROOF[0], "é" * 40)],
    "the secret twice": [HOST, ADA, PROOF, PROOF],
    "a wrong secret before the right one": [HOST, ADA, (PROOF[0], "x"), PROOF],
    "two secrets in one line": [HOST, ADA, (PROOF[0], f"{SECRET}, {SECRET}")],
    "the secret where the name belongs": [HOST, (ADA[0], SECRET), PROOF],
    "nobody's name": [HOST, PROOF],
    "an empty name": [HOST, (ADA[0], ""), PROOF],
    "a name of blanks": [HOST, (ADA[0], "  "), PROOF],
    "the name twice": [HOST, ADA, ADA, PROOF],
    "two names": [HOST, (ADA[0], "mallory"), ADA, PROOF],
    "two names in one line": [HOST, (ADA[0], "mallory, ada"), PROOF],
    "a name twice in other cases": [HOST, ADA, ("x-forwarded-user", "mallory"), PROOF],
    "a name that is not on the lists": [HOST, (ADA[0], "mallory"), PROOF],
    "a name in another case": [HOST, (ADA[0], "Ada"), PROOF],
    "a name with our own mark": [HOST, (ADA[0], "sso:ada"), PROOF],
    "the box's own name": [HOST, (ADA[0], "local"), PROOF],
    "a name that looks like one": [HOST, (ADA[0], "\u0430da"), PROOF],
    "another header of names": [HOST, ("X-Forwarded-Email", "ada"), PROOF],
    "an underscore for a hyphen": [HOST, ("X_Forwarded_User", "ada"), PROOF],
    "another host": [("Host", "evil.example"), ADA, PROOF],
    "a host within another": [("Host", "console.example.evil.example"), ADA, PROOF],
    "the host with a port": [("Host", "console.example:8643"), ADA, PROOF],
    "two hosts": [HOST, ("Host", "evil.example"), ADA, PROOF],
    "the host forwarded": [("X-Forwarded-Host", "console.example"), ADA, PROOF],
}


async def test_the_honest_one_comes_in(proxied: Proxied, queue: FakeQueue) -> None:
    """The control of all that follows."""
    entry = await (await proxied.get("/console/", [HOST, ADA, PROOF])).text()
    assert "You are signed on as <strong>ada</strong>." in entry
    answer = await proxied.login([HOST, ADA, PROOF], to="asks/per_1")
    assert answer.status == 303
    assert "Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["Location"] == f"{proxied.home}asks/per_1"
    page = await (await proxied.get(answer.headers["Location"], [HOST, ADA, PROOF])).text()
    assert "sso:ada" in page
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.partition("<main")[2]))
    assert (await proxied.post(f"{proxied.home}asks/per_1/approve", [HOST, ADA, PROOF], fields)).status == 303
    assert [(one.outcome, one.by) for one in queue.decisions] == [("approved", "sso:ada")]


@pytest.mark.parametrize("headers", FORGED.values(), ids=FORGED)
async def test_a_forged_header_opens_nothing(proxied: Proxied, headers: Headers, metrics: Metrics) -> None:
    answer = await proxied.login(headers)
    assert answer.status in {400, 403}
    assert "Set-Cookie" not in answer.headers
    entry = await (await proxied.get("/console/", headers)).text()
    assert "signed on as" not in entry
    for secret in (SECRET, "mallory"):
        assert secret not in entry
        assert secret not in await answer.text()


@pytest.mark.parametrize("headers", FORGED.values(), ids=FORGED)
async def test_nor_with_the_cookie_of_somebody_who_is_logged_in(proxied: Proxied, headers: Headers) -> None:
    """Stolen with its place, it is worth nothing past the reverse proxy, nor under another name."""
    await proxied.login([HOST, ADA, PROOF])
    for path in (proxied.home, f"{proxied.home}records", f"{proxied.home}feed/changes"):
        answer = await proxied.get(path, headers)
        assert answer.status in {303, 400, 403}
        assert "git push" not in await answer.text()
    assert (await proxied.get(proxied.home, [HOST, ADA, PROOF])).status == 200


@pytest.mark.parametrize("headers", FORGED.values(), ids=FORGED)
def test_each_lock_holds_by_itself(headers: Headers) -> None:
    """The check of the host lets nothing in by mistake either, and who is named does not hang on it."""
    sso = Sso(CONSOLE, Secret(SECRET))
    request = make_mocked_request("GET", "/console/", CIMultiDict(headers))
    assert sso.operator(request) is None
    named = {name: [value for key, value in headers if key == name] for name, _ in (HOST, PROOF)}
    assert sso.admits(request) is (named == {HOST[0]: [HOST[1]], PROOF[0]: [SECRET]})


async def test_a_process_of_the_machine_cannot_name_anybody(proxied: Proxied, client: TestClient[Any, Any]) -> None:
    """The local agent's commands reach the operator's socket: without the secret they are nobody, and with it too,
    unless they also say that they are the reverse proxy."""
    for headers in ([own(client), ADA], [own(client), ADA, (PROOF[0], "guessed")], [own(client), ADA, PROOF]):
        answer = await proxied.post("/console/", headers, {})
        assert answer.status == 403
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/metrics", "/health", "/gates", "/", "/consolex", "/console/../metrics"])
async def test_through_the_reverse_proxy_there_is_only_the_console(proxied: Proxied, path: str) -> None:
    answer = await proxied.get(path, [HOST, ADA, PROOF])
    assert answer.status in {403, 404}
    assert "egress_requests" not in await answer.text()


async def test_a_name_that_is_bound_anew_to_this_address_shows_nothing(proxied: Proxied) -> None:
    """A web page under the console's own name, in a browser that was led to the socket itself: it has no secret."""
    for path in ("/console/", "/console/static/console.css", "/metrics"):
        assert (await proxied.get(path, [HOST])).status == 403


async def test_a_viewer_looks_and_decides_nothing(proxied: Proxied, queue: FakeQueue) -> None:
    bob: Headers = [HOST, ("X-Forwarded-User", "bob"), PROOF]
    await proxied.login(bob)
    page = await (await proxied.get(f"{proxied.home}asks/per_1", bob)).text()
    assert "Approvers decide." in page
    assert 'formaction="' not in page
    csrf = re.search(r'name="csrf" value="(\w+)"', page)
    assert csrf is not None
    for verb in ("approve", "reject"):
        fields = {"csrf": csrf[1], "digest": "d1" * 16}
        answer = await proxied.post(f"{proxied.home}asks/per_1/{verb}", bob, fields)
        assert answer.status == 403
        assert "You may look, and decide nothing." in await answer.text()
    assert queue.decisions == []
    assert (await proxied.get(f"{proxied.home}records", bob)).status == 200


async def test_a_session_is_of_who_opened_it(proxied: Proxied) -> None:
    grace: Headers = [HOST, ("X-Forwarded-User", "grace@example.com"), PROOF]
    await proxied.login([HOST, ADA, PROOF])
    answer = await proxied.get(proxied.home, grace)
    assert (answer.status, answer.headers["Location"]) == (303, "/console/?over=1")
    assert "grace@example.com" in await (await proxied.get("/console/?over=1", grace)).text()


async def test_a_form_of_another_page_signs_nobody_on(proxied: Proxied) -> None:
    """The reverse proxy names whoever's browser it is: so what another site sends has name and secret as well."""
    for origin in ("https://evil.example", "null", "https://console.example.evil.example", ""):
        headers = [HOST, ADA, PROOF, *([("Origin", origin)] if origin else [])]
        answer = await proxied._send("POST", "/console/", headers, {})
        assert answer.status == 403
        assert "Set-Cookie" not in answer.headers


async def test_looking_opens_no_session(proxied: Proxied) -> None:
    """Else a page elsewhere that loads ours often enough would end the sessions there are."""
    for _ in range(3):
        assert "Set-Cookie" not in (await proxied.get("/console/", [HOST, ADA, PROOF])).headers


async def test_a_session_ends_though_the_reverse_proxy_goes_on(proxied: Proxied, clock: Clock) -> None:
    await proxied.login([HOST, ADA, PROOF])
    clock.passed += SECONDS
    assert (await proxied.get(proxied.home, [HOST, ADA, PROOF])).status == 303


async def test_a_stranger_is_told_so_and_a_token_still_does(proxied: Proxied, client: TestClient[Any, Any]) -> None:
    page = await (await proxied.get("/console/", [HOST, ("X-Forwarded-User", "mallory"), PROOF])).text()
    assert "by a name that may not use this console" in page
    visitor = Visitor(client)
    assert (await visitor.login()).status == 303
    assert (await visitor.get("")).status == 200


async def test_failed_logins_are_counted_and_limited(proxied: Proxied, metrics: Metrics) -> None:
    statuses = [(await proxied.login([HOST, (ADA[0], "mallory"), PROOF])).status for _ in range(11)]
    assert statuses == [403] * 10 + [429]
    assert "egress_login_failures_total 11.0" in metrics.render().decode()
    assert (await proxied.login([HOST, ADA, PROOF])).status == 303
