"""The example for nginx, in a real nginx, in front of the proxy and of stand-ins for what else is behind it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from egress_proxy.config import Network
from egress_proxy.doctor.checks import REFUSED_NAMES
from tests.deploy.fronts import FROM, Behaviour, Front, running
from tests.deploy.nginx import NGINX, configured
from tests.server.rig import TOKEN, until

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


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

    async def test_a_name_that_the_proxy_was_not_told(self, front: Front) -> None:
        """The answer says which setting, and `egress-proxy doctor` finds it where it looks."""
        front.proxy.cloud.entrance.network = Network(trusted_proxies=("127.0.0.1",))
        async with front.get("proxy.example", "/session", Authorization=f"Bearer {TOKEN}") as response:
            told = json.loads(await response.read())["data"]
        assert (response.status, told["reason"]) == (421, "host_unknown")
        assert "network: {hosts: [proxy.example]}" in told["message"]
        assert (found := REFUSED_NAMES.search(front.proxy.metrics.render()))
        assert found[1] == b"1.0"
