"""The two listening sockets, opened last and closed first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from egress_proxy.errors import StartError
from egress_proxy.metrics import Metrics
from egress_proxy.server.cloud import Cloud
from egress_proxy.server.connections import CloudServer
from egress_proxy.server.operator import operator_app


@asynccontextmanager
async def cloud_socket(cloud: Cloud, host: str, port: int, max_connections: int) -> AsyncIterator[None]:
    """Serve the cloud side while the context lasts. Raises `StartError`."""
    async with _listening(web.ServerRunner(CloudServer(cloud, max_connections)), host, port):
        yield


@asynccontextmanager
async def operator_socket(metrics: Metrics, host: str, port: int, *, gated: bool) -> AsyncIterator[None]:
    """Serve the operator while the context lasts. Raises `StartError`."""
    async with _listening(web.AppRunner(operator_app(metrics, host, gated=gated), access_log=None), host, port):
        yield


@asynccontextmanager
async def _listening(runner: web.BaseRunner, host: str, port: int) -> AsyncIterator[None]:
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, reuse_address=True).start()
    except OSError as error:
        await runner.cleanup()
        raise StartError(f"{host}:{port} cannot be listened on: {error.strerror}") from None
    try:
        yield
    finally:
        await runner.cleanup()
