"""What a start is told of the server that it finds, where that is slow or gone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from egress_proxy.errors import UpstreamError
from egress_proxy.server import survey as module
from egress_proxy.server.survey import survey
from egress_proxy.server.upstream import Upstream
from tests.server.rig import FakeUpstream, answer

HEALTH = answer(json.dumps({"healthy": True, "version": "1.18.33"}).encode())
DOCUMENT = answer(json.dumps({"openapi": "3.1.0", "paths": {"/new": {"get": {}}}}).encode())


@pytest.fixture
def opencode() -> FakeUpstream:
    return FakeUpstream(answers={"GET /global/health": HEALTH, "GET /doc": DOCUMENT})


@pytest.fixture
async def upstream(opencode: FakeUpstream) -> AsyncIterator[Upstream]:
    server = await asyncio.start_server(opencode.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Upstream(f"http://127.0.0.1:{port}", None, 1_000_000, 1_000_000) as calling:
        yield calling


async def test_what_the_catalogue_does_not_know_is_told(upstream: Upstream) -> None:
    found = await survey(upstream, 1.0)
    assert (found.version, found.unknown) == ("1.18.33", ("GET /new",))


async def test_a_document_that_does_not_come_is_told_to_the_operator(
    opencode: FakeUpstream, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not in the sentences for clients, which speak of turns."""
    monkeypatch.setattr(module, "_SECONDS", 0.2)
    opencode.answers["GET /doc"] = b"HTTP/1.1 200 OK\r\n"
    opencode.held.add("GET /doc")
    with pytest.raises(UpstreamError, match=r"its document cannot be read\. opencode does not answer") as told:
        await survey(upstream, 1.0)
    assert "turn" not in str(told.value)
