"""The cloud-facing socket: who is let in by which name, token and certificate."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from egress_proxy.config import Config
from egress_proxy.metrics import Metrics
from egress_proxy.model import Client
from egress_proxy.server.certificates import Logins
from egress_proxy.server.cloud import Cloud
from egress_proxy.server.entrance import Entrance
from egress_proxy.server.listening import Listener
from egress_proxy.server.sockets import cloud_listener, cloud_socket, cloud_unix_socket
from egress_proxy.server.tls import Certified
from egress_proxy.tokens import Tokens


def entrance(config: Config, metrics: Metrics) -> Entrance:
    """Who looks at requests before they are read. Raises `ConfigError` for certificates that cannot be used."""
    certified = Certified(config.tls, metrics) if config.tls.certificate_file else None
    return Entrance(logins(config, Tokens(Path(config.state_dir))), config.network, certified)


def logins(config: Config, tokens: Tokens) -> Logins:
    """Who says whose a request is."""
    # The place of `egress-proxy verify` is for the token that names it.
    ordinary = tuple(root for root in config.directories if root != config.verify.root)

    def by_token(presented: str) -> Client | None:
        entry = tokens.authenticate(presented)
        return entry.client(config.directories if entry.directories else ordinary) if entry else None

    return Logins(by_token, time.time, config.tls.login, config.tls.clients, ordinary)


@asynccontextmanager
async def cloud_side(config: Config, cloud: Cloud, bound: socket.socket | None = None) -> AsyncIterator[Listener]:
    """Serve the cloud side where the configuration says, or on a socket that is `bound` there, and look after its
    certificate. Raises `StartError`."""
    listen, most, certified = config.listen, config.limits.max_connections, cloud.entrance.certified
    if bound is not None:
        serving = cloud_listener(cloud, bound, most)
    elif listen.path:
        serving = cloud_unix_socket(cloud, listen.path, config.listen_group, most)
    else:
        serving = cloud_socket(cloud, listen.host, listen.port, most)
    async with serving as listener:
        watching = None if certified is None else asyncio.create_task(certified.watch())
        try:
            yield listener
        finally:
            if watching is not None:
                watching.cancel()
                with suppress(asyncio.CancelledError):
                    await watching
