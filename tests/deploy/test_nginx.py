"""The example for nginx, in a real nginx, in front of the proxy and of stand-ins for what else is behind it."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from egress_proxy.config import Network
from tests.deploy.box import DEPLOY
from tests.kit.client import free_port
from tests.kit.pki import Pki
from tests.server.rig import SESSION, STREAM, TOKEN, Rig, answer, frame, rig, until

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")

HOSTS = ("proxy.example", "console.example", "opencode.example")
SECRET = "sso-" + "secret-" * 6
FROM = "127.0.0.7"
"""Where the client is, which nginx sees."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def told(request: web.Request) -> web.StreamResponse:
    """What stands behind: it says what it was sent."""
    return web.json_response(
        {name.lower(): value for name, value in request.headers.items()} | {"path": request.path_qs}
    )


async def signed_on(request: web.Request) -> web.StreamResponse:
    """oauth2-proxy's answer to nginx, for who has its cookie."""
    if request.path != "/oauth2/auth":
        return web.Response(text="sign in")
    if request.cookies.get("_oauth2_proxy") != "ada":
        return web.Response(status=401)
    return web.Response(status=202, headers={"X-Auth-Request-User": "ada"})


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
    """nginx, and how to reach it."""

    def __init__(self, port: int, proxy: Rig, log: Path, client: aiohttp.ClientSession) -> None:
        self.port, self.proxy, self.log = port, proxy, log
        self._client = client

    def get(self, host: str, path: str, **headers: str) -> aiohttp.client._RequestContextManager:
        sent = {"Host": host} | {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"https://127.0.0.1:{self.port}{path}"
        return self._client.get(url, headers=sent, server_hostname=host, allow_redirects=False)


def configured(root: Path, ports: dict[int, int], pki: Pki) -> Path:
    """The example with the machine's own paths and ports, and no other change."""
    text = (DEPLOY / "nginx" / "egress-proxy.conf").read_text()
    for shipped, port in ports.items():
        assert f":{shipped}" in text or shipped == 443
        text = text.replace(f"127.0.0.1:{shipped}", f"127.0.0.1:{port}")
    text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{ports[443]} ssl")
    text = text.replace("/var/log/nginx/egress-proxy.log", str(root / "access.log"))
    for host in HOSTS:
        certificate, key = pki.server(host, (host,))
        text = text.replace(f"/etc/nginx/{host}.pem", certificate).replace(f"/etc/nginx/{host}.key", key)
    (root / "egress-sso-secret.conf").write_text(f'proxy_set_header X-Egress-Sso-Secret "{SECRET}";\n')
    (root / "opencode-login.conf").write_text('proxy_set_header Authorization "Basic b3BlbmNvZGU6eA==";\n')
    text = re.sub(r"/etc/nginx/(egress-sso-secret|opencode-login)\.conf", rf"{root}/\1.conf", text)
    assert "/etc/nginx" not in text.replace("#", "")
    (root / "egress-proxy.conf").write_text(text)
    places = "".join(
        f"{kind}_temp_path {root}/temp;\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = root / "nginx.conf"
    main.write_text(
        f"daemon off; worker_processes 1; pid {root}/pid; error_log {root}/error.log;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{places}include {root}/egress-proxy.conf;\n}}\n"
    )
    return main


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[Front]:
    pki = Pki(tmp_path / "pki", HOSTS)
    network = Network(hosts=("proxy.example",), trusted_proxies=("127.0.0.1",))
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(rig(tmp_path, network=network))
        ports = {
            443: free_port(),
            8642: int(proxy.url.rpartition(":")[2]),
            8643: await stack.enter_async_context(standing(told)),
            4180: await stack.enter_async_context(standing(signed_on)),
            4096: await stack.enter_async_context(standing(told)),
        }
        main = configured(tmp_path, ports, pki)
        running = await asyncio.create_subprocess_exec(str(NGINX), "-c", str(main), "-e", str(tmp_path / "error.log"))
        stack.push_async_callback(running.wait)
        stack.callback(running.terminate)
        connector = aiohttp.TCPConnector(ssl=pki.trusting(), local_addr=(FROM, 0))
        client = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        started = Front(ports[443], proxy, tmp_path / "access.log", client)
        async with asyncio.timeout(30):
            while not await _answers(ports[443]):
                assert running.returncode is None, (tmp_path / "error.log").read_text()
        yield started


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        await asyncio.sleep(0.02)
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def test_events_arrive_as_they_are_sent(front: Front) -> None:
    proxy = front.proxy
    proxy.upstream.answers["GET /event"] = STREAM + frame("server.connected")
    proxy.upstream.held.add("GET /event")
    async with asyncio.timeout(30), front.get("proxy.example", "/event", Authorization=f"Bearer {TOKEN}") as response:
        assert response.status == 200
        await response.content.readuntil(b"server.connected")
        for _ in range(3):  # each is read before the next is sent: nothing waits for a buffer to fill
            await proxy.upstream.send("GET /event", frame("session.idle", sessionID=SESSION))
            await response.content.readuntil(b"session.idle")


async def test_the_address_is_the_clients_and_no_made_up_one(front: Front, caplog: pytest.LogCaptureFixture) -> None:
    spoofed = {"X_Forwarded_For": "203.0.113.9", "X_Real_IP": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
    with caplog.at_level(logging.INFO, "egress_proxy"):
        async with front.get("proxy.example", "/session", **spoofed) as response:
            assert (response.status, json.loads(await response.read())["data"]["reason"]) == (401, "unauthenticated")
    assert f"refused a stranger at {FROM}: unauthenticated" in caplog.messages
    assert "203.0.113.9" not in caplog.text
    await until(lambda: front.log.exists() and front.log.read_text().startswith(f"{FROM} "))
    assert "session" not in front.log.read_text()  # nor what was asked for


async def test_the_proxy_serves_its_own_name_behind_it(front: Front) -> None:
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


async def test_the_console_is_told_who_signed_on_and_not_what_a_browser_says(front: Front) -> None:
    lies = {"X_Forwarded_User": "mallory", "X_Egress_Sso_Secret": "guessed", "X_Auth_Request_User": "mallory"}
    async with front.get("console.example", "/console/", **lies) as response:
        assert response.status == 302
        assert response.headers["Location"].endswith("/oauth2/sign_in?rd=https://console.example/console/")
    async with front.get("console.example", "/console/", Cookie="_oauth2_proxy=ada", **lies) as response:
        sent = await response.json()
    assert (sent["x-forwarded-user"], sent["x-egress-sso-secret"]) == ("ada", SECRET)
    assert (sent["host"], sent["x-forwarded-for"]) == ("console.example", FROM)
    for path in ("/metrics", "/gates", "/health", "/console/../metrics", "//metrics", "/oauth2/auth"):
        async with front.get("console.example", path, Cookie="_oauth2_proxy=ada") as response:
            assert response.status in {404, 301, 400}, path


async def test_opencodes_own_page_is_for_who_signed_on(front: Front) -> None:
    async with front.get("opencode.example", "/config") as response:
        assert response.status == 302
    mine = {"Cookie": "_oauth2_proxy=ada", "Authorization": "Basic bXk6b3du"}
    async with front.get("opencode.example", "/config", **mine) as response:
        sent = await response.json()
    assert (sent["authorization"], "cookie" in sent) == ("Basic b3BlbmNvZGU6eA==", False)
    async with front.get("opencode.example", "/config?auth_token=x", **mine) as response:
        assert response.status == 400
