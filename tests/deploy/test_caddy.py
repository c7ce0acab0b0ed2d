"""The example for Caddy, in a real Caddy, in front of the proxy and of stand-ins for what else is behind it."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from tests.deploy.box import DEPLOY
from tests.deploy.fronts import SECRET, Behaviour, Front, running
from tests.kit.client import free_port
from tests.kit.pki import Pki

CADDY = shutil.which("caddy")
pytestmark = pytest.mark.skipif(CADDY is None, reason="caddy is not installed")


def configured(root: Path, ports: Mapping[int, int], pki: Pki) -> tuple[list[str], Path]:
    """The example with the machine's own paths and ports, and an authority of its own for its certificates."""
    text = (DEPLOY / "caddy" / "Caddyfile").read_text()
    for shipped, port in ports.items():
        assert f":{shipped}" in text or shipped == 443
        text = text.replace(f"127.0.0.1:{shipped}", f"127.0.0.1:{port}")
    (root / "egress-sso-secret.conf").write_text(f'header_up X-Egress-Sso-Secret "{SECRET}"\n')
    (root / "opencode-login.conf").write_text('header_up Authorization "Basic b3BlbmNvZGU6eA=="\n')
    text = re.sub(r"/etc/caddy/(egress-sso-secret|opencode-login)\.conf", rf"{root}/\1.conf", text)
    assert "/etc/caddy" not in re.sub(r"#.*", "", text)
    here = f"admin off\nlocal_certs\nskip_install_trust\nstorage file_system {root}/caddy\ndefault_bind 127.0.0.1\n"
    here += f"http_port {free_port()}\nhttps_port {ports[443]}\n"
    main = root / "Caddyfile"
    main.write_text(text.replace("{\n\tservers", "{\n" + here + "\tservers", 1))
    assert here in main.read_text()
    ca = root / "caddy" / "pki" / "authorities" / "local" / "root.crt"
    return [str(CADDY), "run", "--adapter", "caddyfile", "--config", str(main)], ca


@pytest.fixture
async def front(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Front]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))  # where it keeps the configuration that it runs
    async with running(tmp_path, configured) as started:
        yield started


class TestCaddy(Behaviour): ...
