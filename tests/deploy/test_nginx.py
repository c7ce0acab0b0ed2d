"""The example for nginx, in a real nginx, in front of the proxy and of stand-ins for what else is behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.deploy.fronts import FROM, Behaviour, Front, running
from tests.deploy.nginx import NGINX, configured
from tests.server.rig import until

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
