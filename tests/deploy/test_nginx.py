"""The example for nginx, in a real nginx, in front of the proxy and of stand-ins for what else is behind it."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from tests.deploy.box import DEPLOY
from tests.deploy.fronts import FROM, HOSTS, SECRET, Behaviour, Front, running
from tests.kit.pki import Pki
from tests.server.rig import until

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


def configured(root: Path, ports: Mapping[int, int], pki: Pki) -> tuple[list[str], Path]:
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
    return [str(NGINX), "-c", str(main), "-e", str(root / "error.log")], pki.ca


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[Front]:
    async with running(tmp_path, configured) as started:
        yield started


class TestNginx(Behaviour):
    async def test_its_log_says_who_and_not_what(self, front: Front) -> None:
        log = front.root / "access.log"
        async with front.get("proxy.example", "/session") as response:
            assert response.status == 401
        await until(lambda: log.exists() and log.read_text().startswith(f"{FROM} "))
        assert "session" not in log.read_text()
