"""The transport for an address: the place where a new scheme joins."""

from __future__ import annotations

from collections.abc import Mapping

from egress_proxy.model import Secret
from egress_proxy.ocode.address import Address
from egress_proxy.ocode.transport import HttpTransport, Transport
from egress_proxy.ocode.trust import named_in
from egress_proxy.ocode.tunnel import Tunnel


def reach(
    address: Address,
    token: Secret,
    environment: Mapping[str, str],
    *,
    setting: str = "OCODE_URL",
    program: str = "ocode",
) -> Transport:
    """Give the transport for an address. `setting` and `program` are as `HttpTransport` has them."""
    carrier = None if address.via is None else Tunnel(address, address.via, environment)
    trust = named_in(environment)
    return HttpTransport(address, token, carrier, setting=setting, program=program, trust=trust)
