"""The two listening sockets, opened last and closed first."""

from __future__ import annotations

import errno
import grp
import os
import socket
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from aiohttp import web

from egress_proxy.errors import StartError
from egress_proxy.metrics import Metrics
from egress_proxy.server.cloud import Cloud
from egress_proxy.server.connections import CloudServer
from egress_proxy.server.operator import operator_app

_CLOSING_SECONDS: Final = 2.0  # for streams to end; requests had their time before


@asynccontextmanager
async def cloud_socket(cloud: Cloud, host: str, port: int, max_connections: int) -> AsyncIterator[None]:
    """Serve the cloud side while the context lasts. Raises `StartError`."""
    async with _listening(
        web.ServerRunner(CloudServer(cloud, max_connections), shutdown_timeout=_CLOSING_SECONDS), host, port
    ):
        yield


@asynccontextmanager
async def cloud_unix_socket(cloud: Cloud, path: str, group: str | None, max_connections: int) -> AsyncIterator[None]:
    """Serve the cloud side on a Unix socket, for this user or for a group too. Raises `StartError`."""
    try:
        listener = _bound(path, group)
    except (OSError, KeyError) as error:
        told = error.strerror if isinstance(error, OSError) else "no such group"
        raise StartError(f"unix:{path} cannot be listened on: {told}") from None
    runner = web.ServerRunner(CloudServer(cloud, max_connections))
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        yield
    finally:
        await runner.cleanup()
        _unbind(listener, path)


def _bound(path: str, group: str | None) -> socket.socket:
    """A socket at a path, in the place of one at which nobody listens any more. Raises `OSError`, `KeyError`."""
    _clear(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    before = os.umask(0o177)  # so that it is closed to others from the first moment
    try:
        listener.bind(path)
        if group is not None:
            os.chown(path, -1, grp.getgrnam(group).gr_gid)
            Path(path).chmod(0o660)
    except BaseException:
        listener.close()
        raise
    finally:
        os.umask(before)
    return listener


def _unbind(listener: socket.socket, path: str) -> None:
    listener.close()
    Path(path).unlink(missing_ok=True)


def _clear(path: str) -> None:
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink()
            return
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


@asynccontextmanager
async def operator_socket(
    metrics: Metrics, host: str, port: int, *, gated: bool, audit: Callable[[], str] = str
) -> AsyncIterator[None]:
    """Serve the operator while the context lasts. Raises `StartError`."""
    app = operator_app(metrics, host, gated=gated, audit=audit)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_CLOSING_SECONDS)
    async with _listening(runner, host, port):
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
