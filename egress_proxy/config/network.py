"""Bounds and names of the sockets, before anything of a request is believed."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

KIB: Final = 1024


class Network(Struct, frozen=True, kw_only=True):
    """Whom the cloud-facing socket believes about names and addresses, and how long it waits for whom."""

    hosts: Annotated[
        tuple[str, ...],
        Meta(
            description="Names under which clients reach the cloud-facing socket. Addresses, `localhost` and the names "
            "of the certificate are accepted without; any other `Host` is refused."
        ),
    ] = ()
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses or networks of reverse proxies whose `X-Forwarded-For` is believed. They are not "
            "bounded by `max_connections_per_address`."
        ),
    ] = ()
    max_connections_per_address: Annotated[
        int,
        Meta(ge=1, le=65_536, description="Open connections from one address, or one /64 of IPv6."),
    ] = 128
    streams_per_client: Annotated[int, Meta(ge=1, le=4096, description="Event streams that a client has open.")] = 32
    head_bytes: Annotated[
        int, Meta(ge=4 * KIB, le=256 * KIB, description="A request's line and headers, in bytes.")
    ] = 32 * KIB
    head_seconds: Annotated[
        int,
        Meta(ge=1, le=300, description="For the handshake of TLS, and for a request's head to come, in seconds each."),
    ] = 15
    body_seconds: Annotated[int, Meta(ge=1, le=3600, description="For a request's body to come, in seconds.")] = 30
    idle_seconds: Annotated[
        int, Meta(ge=1, le=3600, description="Between two requests on a connection, in seconds.")
    ] = 75
