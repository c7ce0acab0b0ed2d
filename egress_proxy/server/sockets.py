"""The two listening sockets, opened last and closed first."""

from __future__ import annotations

import errno
import grp
import os
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from aiohttp import web

from egress_proxy.errors import StartError
from egress_proxy.server.cloud import Cloud
from egress_proxy.server.connections import CloudServer
from egress_proxy.server.listening import Listener

_CLOSING_SECONDS: Final = 2.0  # for streams to end; requests had their time before
_BACKLOG: Final = 1024


@asynccontextmanager
async def cloud_socket(cloud: Cloud, host: str, port: int, max_connections: int) -> AsyncIterator[Listener]:
    """Serve the cloud side while the context lasts. Raises `StartError`."""
    try:
        listener = _listener(host, port)
    except OSError as error:
        raise StartError(f"{host}:{port} cannot be listened on: {error.strerror}") from None
    async with cloud_listener(cloud, listener, max_connections) as listening:
        yield listening


@asynccontextmanager
async def cloud_unix_socket(
    cloud: Cloud, path: str, group: str | None, max_connections: int
) -> AsyncIterator[Listener]:
    """Serve the cloud side on a Unix socket, for this user or for a group too. Raises `StartError`."""
    try:
        listener = _bound(path, group)
    except (OSError, KeyError) as error:
        told = error.strerror if isinstance(error, OSError) else "no such group"
        raise StartError(f"unix:{path} cannot be listened on: {told}") from None
    try:
        async with cloud_listener(cloud, listener, max_connections) as listening:
            yield listening
    finally:
        _unlink(path)


@asynccontextmanager
async def cloud_listener(cloud: Cloud, listener: socket.socket, max_connections: int) -> AsyncIterator[Listener]:
    """Serve the cloud side on a socket that is bound, and close it in the end. TLS is for TCP."""
    server = CloudServer(cloud, max_connections)
    runner = web.ServerRunner(server, shutdown_timeout=_CLOSING_SECONDS)
    await runner.setup()
    listener.listen(_BACKLOG)
    tcp = listener.family != socket.AF_UNIX
    listening = Listener(listener, server, cloud.metrics, lambda: cloud.entrance.context if tcp else None)
    try:
        yield listening
    finally:
        await listening.close()
        await runner.cleanup()


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setblocking(False)  # noqa: FBT003 - the only argument it has
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
    except BaseException:
        listener.close()
        raise
    return listener


def _bound(path: str, group: str | None) -> socket.socket:
    """A socket at a path, in the place of one at which nobody listens any more. Raises `OSError`, `KeyError`."""
    _clear(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.setblocking(False)  # noqa: FBT003 - the only argument it has
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


def _unlink(path: str) -> None:
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
    app: web.Application, host: str, port: int, bound: socket.socket | None = None
) -> AsyncIterator[None]:
    """Serve the operator while the context lasts, on a socket that is `bound` or our own. Raises `StartError`."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_CLOSING_SECONDS)
    if bound is not None:
        await runner.setup()
        try:
            await web.SockSite(runner, bound).start()
            yield
        finally:
            await runner.cleanup()
        return
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
