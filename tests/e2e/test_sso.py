"""Single sign-on at the console, all of it real but for oauth2-proxy: chromium, nginx with the example, the proxy."""

from __future__ import annotations

import signal
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tests.conftest import SSO_ORIGIN, Proxied
from tests.deploy.fronts import HOSTS, SECRET
from tests.deploy.nginx import NGINX, configured
from tests.e2e.test_queue import Operator, asking, noted, said
from tests.kit import binaries
from tests.kit.agent import poll
from tests.kit.browser import Browser, MissingBrowser, required
from tests.kit.client import free_port
from tests.kit.pki import Pki

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed"),
    # The console is the same on each release.
    pytest.mark.parametrize("opencode_version", binaries.VERSIONS[-1:], indirect=True),
]

HOST: Final = urlsplit(SSO_ORIGIN).netloc
FORGED: Final = ("X-Forwarded-User", "X-Auth-Request-User", "X-Forwarded-Email")


class SignOn(BaseHTTPRequestHandler):
    """What oauth2-proxy does for nginx: a page to sign on, a cookie for who has, and the name of whose cookie it is."""

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/oauth2/auth":
            cookie = SimpleCookie(self.headers.get("Cookie", "")).get("_oauth2_proxy")
            name = cookie.value.removeprefix("session-of-") if cookie is not None else ""
            self._answer(202 if name else 401, "", **({"X-Auth-Request-User": name} if name else {}))
        else:
            back = quote(parse_qs(parts.query)["rd"][0])
            field = '<input name="user" id="user"><button>Sign on</button>'
            self._answer(200, f'<form method="post" action="/oauth2/start?rd={back}">{field}</form>')

    def do_POST(self) -> None:
        name = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())["user"][0]
        back = parse_qs(urlsplit(self.path).query)["rd"][0]
        cookie = f"_oauth2_proxy=session-of-{name}; Path=/; Secure; HttpOnly; SameSite=Lax"
        self._answer(302, "", **{"Location": back, "Set-Cookie": cookie})

    def _answer(self, status: int, page: str, **headers: str) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Type": "text/html", "Content-Length": str(len(page))}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(page.encode())


@contextmanager
def signing_on() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), SignOn) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


class Nginx:
    """One in front of a proxy's operator socket, with the secret that the proxy has or another one."""

    def __init__(self, root: Path, proxied: Proxied, stack: ExitStack) -> None:
        self.port = free_port()
        operator = int(proxied.proxy.operator_url.rpartition(":")[2])
        sign_on = stack.enter_context(signing_on())
        ports = {443: self.port, 8642: 9, 8643: operator, 4180: sign_on, 4096: 9}
        pki = Pki(root / "pki", HOSTS)
        command, self._ca = configured(root, ports, pki)
        self._secret = root / "egress-sso-secret.conf"
        self.tells(Path(proxied.proxy.config["console"]["sso_secret_file"]).read_text())
        self._running = subprocess.Popen(command)
        stack.callback(self._running.wait)
        stack.callback(self._running.terminate)
        poll(self._answers, 30)

    def tells(self, secret: str) -> None:
        self._secret.write_text(f'proxy_set_header X-Egress-Sso-Secret "{secret}";\n')

    def reload(self) -> None:
        self._running.send_signal(signal.SIGHUP)

    def _answers(self) -> bool:
        try:
            ssl.get_server_certificate(("127.0.0.1", self.port), ca_certs=str(self._ca), timeout=5)
        except OSError:
            return False
        return True


@pytest.fixture(scope="module")
def front(proxied: Proxied, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Browser, Nginx]]:
    try:
        required()
    except MissingBrowser as error:
        pytest.skip(str(error))
    with ExitStack() as stack:
        nginx = Nginx(tmp_path_factory.mktemp("nginx"), proxied, stack)
        names = {f"{HOST}:443": f"127.0.0.1:{nginx.port}"}
        yield stack.enter_context(Browser(tmp_path_factory.mktemp("browser"), names)), nginx


def sign_on(browser: Browser, name: str, path: str = "/console/") -> None:
    """As somebody who was not signed on when they asked for a page, and is when they see it."""
    browser.command("Network.clearBrowserCookies")
    browser.leads(lambda: browser.go(SSO_ORIGIN + path))
    assert browser.driver.current_url.startswith(f"{SSO_ORIGIN}/oauth2/sign_in?rd=")
    browser.one("#user").send_keys(name)
    browser.press("button")
    assert browser.driver.current_url == SSO_ORIGIN + path


def test_who_signed_on_sees_the_console_by_name_and_role_and_nobody_else_does(
    proxied: Proxied, front: tuple[Browser, Nginx]
) -> None:
    """One story, since a browser takes seconds to start: an approver, a viewer, a stranger, forged headers, a secret
    that is not the proxy's."""
    browser, nginx = front
    browser.command("Network.enable")
    session = asking(proxied, "sso", "touch made-by-sso")
    ask = Operator(proxied.proxy).ask(session)

    # A viewer looks; a stranger does not even do that.
    sign_on(browser, "bob", f"/console/asks/{ask['id']}")
    browser.see("You are signed on as bob.")
    browser.press("#signed-on button")
    browser.see("touch made-by-sso")
    browser.see("Approvers decide.")
    assert browser.text(".who").split() == ["viewer", "sso:bob"]
    assert browser.all("button.approve") == []

    # Whatever the browser calls itself, it is who signed on; and who did not is nobody.
    for header in FORGED:
        forged = {header: "ada", "X-Egress-Sso-Secret": SECRET}
        browser.command("Network.setExtraHTTPHeaders", headers=forged)
        browser.leads(browser.driver.refresh)
        assert browser.text(".who").split() == ["viewer", "sso:bob"]
    browser.command("Network.setExtraHTTPHeaders", headers={"X-Forwarded-User": "ada", "X-Auth-Request-User": "ada"})
    sign_on(browser, "mallory")
    browser.see("Whoever signed you on calls you by a name that may not use this console.")
    assert browser.all("#signed-on") == []
    browser.command("Network.setExtraHTTPHeaders", headers={})

    # An approver decides, on record by name; the turn goes on.
    sign_on(browser, "ada", f"/console/asks/{ask['id']}")
    browser.press("#signed-on button")
    assert browser.text(".who").split() == ["operator", "sso:ada"]
    browser.press("button.approve")
    browser.see("by sso:ada")
    agent = proxied.agent()
    agent.until_idle(session)
    assert "Done." in said(agent, session)
    assert noted(proxied, session) == [["approved", ask["id"], "", "sso:ada"]]
    assert browser.broken() == []

    # A reverse proxy that does not show the proxy's secret: nothing of the console, though its cookies are all there.
    right = Path(proxied.proxy.config["console"]["sso_secret_file"]).read_text()
    nginx.tells(right[:-1])
    nginx.reload()

    def refused() -> bool:
        browser.driver.refresh()
        return "sso:ada" not in browser.text()

    poll(refused)
    for path in ("/console/", f"/console/asks/{ask['id']}"):
        browser.go(SSO_ORIGIN + path)
        assert browser.all("#signed-on, #token, .who") == []
        assert "made-by-sso" not in browser.text()
    traces = proxied.proxy.traces()
    assert right.encode() not in traces
    assert right[:-1].encode() not in traces
