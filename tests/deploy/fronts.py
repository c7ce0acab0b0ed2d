"""Reverse proxies of `deploy/` in front of the proxy and of stand-ins for what else is behind them: what nginx and
Caddy have in common."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from egress_proxy.config import Network
from tests.kit.client import free_port
from tests.kit.pki import Pki
from tests.server.rig import SESSION, STREAM, TOKEN, Rig, answer, frame, rig, until

HOSTS = ("proxy.example", "console.example", "opencode.example")
SECRET = "sso-" + "secret-" * 6
FROM = "127.0.0.7"
"""Where the client is, which the reverse proxy sees."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Configured = Callable[[Path, Mapping[int, int], Pki], tuple[list[str], Path]]
"""Writes the example with the machine's own ports; gives the command that runs it and whose certificates it shows."""


async def told(request: web.Request) -> web.StreamResponse:
    """What stands behind: it says what it was sent."""
    return web.json_response(
        {name.lower(): value for name, value in request.headers.items()} | {"path": request.path_qs}
    )


async def signed_on(request: web.Request) -> web.StreamResponse:
    """oauth2-proxy's answer, for who has its cookie."""
    if request.path != "/oauth2/auth":
        return web.Response(text="sign in")
    known = {"ada": {"X-Auth-Request-User": "ada"}, "nameless": {}}.get(request.cookies.get("_oauth2_proxy", ""))
    return web.Response(status=401) if known is None else web.Response(status=202, headers=known)


@asynccontextmanager
async def standing(handler: Handler) -> AsyncIterator[int]:
    runner = web.ServerRunner(web.Server(handler))  # type: ignore[arg-type]  # a handler of requests of any kind
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield port
    finally:
        await runner.cleanup()


class Front:
    """A reverse proxy, and how to reach it."""

    def __init__(self, port: int, proxy: Rig, root: Path, client: aiohttp.ClientSession) -> None:
        self.port, self.proxy, self.root = port, proxy, root
        self._client = client

    def get(self, host: str, path: str, **headers: str) -> aiohttp.client._RequestContextManager:
        sent = {"Host": host} | {name.replace("_", "-"): value for name, value in headers.items()}
        url = URL(f"https://127.0.0.1:{self.port}{path}", encoded=True)  # as it is spelt here
        return self._client.get(url, headers=sent, server_hostname=host, allow_redirects=False)


@asynccontextmanager
async def running(root: Path, configured: Configured) -> AsyncIterator[Front]:
    pki = Pki(root / "pki", HOSTS)
    network = Network(hosts=("proxy.example",), trusted_proxies=("127.0.0.1",))
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(rig(root, network=network))
        ports = {
            443: free_port(),
            8642: int(proxy.url.rpartition(":")[2]),
            8643: await stack.enter_async_context(standing(told)),
            4180: await stack.enter_async_context(standing(signed_on)),
            4096: await stack.enter_async_context(standing(told)),
        }
        command, authority = configured(root, ports, pki)
        said = stack.enter_context((root / "said").open("wb"))
        started = await asyncio.create_subprocess_exec(*command, stdout=said, stderr=said)
        stack.push_async_callback(started.wait)
        stack.callback(started.terminate)
        async with asyncio.timeout(90):
            while not await _answers(ports[443], authority):
                assert started.returncode is None, (root / "said").read_text()
        trusting = ssl.create_default_context(cafile=str(authority))
        connector = aiohttp.TCPConnector(ssl=trusting, local_addr=(FROM, 0))
        client = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        yield Front(ports[443], proxy, root, client)


async def _answers(port: int, authority: Path) -> bool:
    """Whether it shows a certificate for each name: one that it makes itself may take a while."""
    try:
        trusting = ssl.create_default_context(cafile=str(authority))
        for host in HOSTS:
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname=host)
            writer.close()
            await writer.wait_closed()
    except OSError:
        await asyncio.sleep(0.02)
        return False
    return True


class Behaviour:
    """What is asked of both. The name of a class of tests begins with `Test`; `front` is its fixture."""

    async def test_events_arrive_as_they_are_sent(self, front: Front) -> None:
        proxy = front.proxy
        proxy.upstream.answers["GET /event"] = STREAM + frame("server.connected")
        proxy.upstream.held.add("GET /event")
        login = {"Authorization": f"Bearer {TOKEN}"}
        async with asyncio.timeout(90), front.get("proxy.example", "/event", **login) as response:
            assert response.status == 200
            await response.content.readuntil(b"server.connected")
            for _ in range(3):  # each is read before the next is sent: nothing waits for a buffer to fill
                await proxy.upstream.send("GET /event", frame("session.idle", sessionID=SESSION))
                await response.content.readuntil(b"session.idle")
            assert b"egress_event_streams 1.0" in proxy.metrics.render()
            response.close()
            await until(lambda: b"egress_event_streams 0.0" in proxy.metrics.render())  # it holds none for who has left

    async def test_the_address_is_the_clients_and_no_made_up_one(
        self, front: Front, caplog: pytest.LogCaptureFixture
    ) -> None:
        spoofed = {"X_Forwarded_For": "203.0.113.9", "X_Real_IP": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
        with caplog.at_level(logging.INFO, "egress_proxy"):
            async with front.get("proxy.example", "/session", **spoofed) as response:
                assert (response.status, json.loads(await response.read())["data"]["reason"]) == (
                    401,
                    "unauthenticated",
                )
        assert f"refused a stranger at {FROM}: unauthenticated" in caplog.messages
        assert "203.0.113.9" not in caplog.text

    async def test_the_proxy_serves_its_own_name_behind_it(self, front: Front) -> None:
        front.proxy.upstream.answers["GET /session/status"] = answer(b"{}")
        login = {"Authorization": f"Bearer {TOKEN}"}
        async with front.get("proxy.example", "/session/status", **login) as response:
            assert response.status == 200
        async with front.get("proxy.example", "/session/status", **login, Upgrade="websocket") as response:
            assert response.status == 400
        async with front.get("proxy.example", "/session/status", **login, Origin="https://evil.example") as response:
            assert response.status == 403
        async with front.get("proxy.example", "/metrics", **login) as response:
            assert response.status in {403, 404}

    async def test_the_console_is_told_who_signed_on_and_not_what_a_browser_says(self, front: Front) -> None:
        lies = {"X_Forwarded_User": "mallory", "X_Egress_Sso_Secret": "guessed", "X_Auth_Request_User": "mallory"}
        async with front.get("console.example", "/console/", **lies) as response:
            assert response.status == 302
            assert response.headers["Location"].endswith("/oauth2/sign_in?rd=https://console.example/console/")
        async with front.get("console.example", "/console/", Cookie="_oauth2_proxy=ada", **lies) as response:
            sent = await response.json()
        assert (sent["x-forwarded-user"], sent["x-egress-sso-secret"]) == ("ada", SECRET)
        assert (sent["host"], sent["x-forwarded-for"]) == ("console.example", FROM)
        async with front.get("console.example", "/console/", Cookie="_oauth2_proxy=nameless", **lies) as response:
            # Nobody: nginx leaves it out, and Caddy 2.6 names the place in its configuration where a name was missing.
            assert (await response.json()).get("x-forwarded-user", "")[:1] in {"", "{"}
        for path in ("/metrics", "/gates", "/health", "/console/../metrics", "//metrics", "/oauth2/auth"):
            async with front.get("console.example", path, Cookie="_oauth2_proxy=ada") as response:
                assert response.status in {404, 301, 400}, path

    async def test_whoever_is_not_signed_on_can_sign_on(self, front: Front) -> None:
        for host in ("console.example", "opencode.example"):
            async with front.get(host, "/oauth2/sign_in") as response:
                assert (response.status, await response.text()) == (200, "sign in"), host

    async def test_opencodes_own_page_is_for_who_signed_on(self, front: Front) -> None:
        async with front.get("opencode.example", "/config") as response:
            assert response.status == 302
        mine = {"Cookie": "_oauth2_proxy=ada", "Authorization": "Basic bXk6b3du"}
        async with front.get("opencode.example", "/config", **mine) as response:
            sent = await response.json()
        assert (sent["authorization"], "cookie" in sent) == ("Basic b3BlbmNvZGU6eA==", False)
        for query in ("auth_token=x", "auth%5Ftoken=x", "a=1&%61uth_token=x", "a;b&auth_token=x", "%zz&auth_token=x"):
            async with front.get("opencode.example", f"/config?{query}", **mine) as response:
                assert response.status == 400, query
        async with front.get("opencode.example", "/config?auth_tokens=x", **mine) as response:
            assert response.status == 200
