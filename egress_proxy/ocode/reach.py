"""The transport for an address: the place where a new scheme joins."""

from __future__ import annotations

from collections.abc import Mapping

from egress_proxy.model import Secret
from egress_proxy.ocode.address import Address
from egress_proxy.ocode.transport import HttpTransport, Transport
from egress_proxy.ocode.tunnel import Tunnel


def reach(address: Address, token: Secret, environment: Mapping[str, str]) -> Transport:
    """Give the transport for an address."""
    carrier = None if address.via is None else Tunnel(address, address.via, environment)
    return HttpTransport(address, token, carrier)
