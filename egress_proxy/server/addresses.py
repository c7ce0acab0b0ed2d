"""Where a request comes from, and under which name it calls the proxy.

`X-Forwarded-For` is believed from the reverse proxies that the operator named, and from them only as far as they wrote
it: from its end to the first address that is none of theirs. What is before that, the sender may have made up.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

UNIX: Final = "unix"
"""In the place of an address: who comes through a Unix socket."""
_IPv6_NET: Final = 64  # what one customer has is at least a /64
_MOST_HOPS: Final = 32

Networks = frozenset[ipaddress.IPv4Network | ipaddress.IPv6Network | str]


def networks(texts: Iterable[str]) -> Networks:
    """Read what `trusted_proxies` holds, which has been checked."""
    return frozenset(text if text == UNIX else ipaddress.ip_network(text) for text in texts)


@lru_cache(maxsize=1024)
def trusted(address: str, proxies: Networks) -> bool:
    """Whether it is one of the operator's reverse proxies."""
    if not address:
        return UNIX in proxies
    found = _parsed(address)
    return found is not None and any(not isinstance(one, str) and found in one for one in proxies)


def client_address(peer: str, forwarded: Sequence[str], proxies: Networks) -> str:
    """The address of who sent a request that came from `peer`, whose `X-Forwarded-For` headers these are."""
    if not trusted(peer, proxies):
        return peer
    hops = [hop.strip() for line in forwarded for hop in line.split(",")][-_MOST_HOPS:]
    told = peer
    for hop in reversed(hops):
        found = _parsed(hop)
        if found is None:
            return told  # not an address: nothing before it means anything
        told = str(found)
        if not trusted(told, proxies):
            return told
    return told


def counted_as(address: str) -> str:
    """What connections are counted by: an address, of IPv6 its /64."""
    found = _parsed(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, _IPv6_NET), strict=False))
    return address if found is None else str(found)


@lru_cache(maxsize=1024)
def host_of(header: str) -> str:
    """The name in a `Host` header, in lower case, without port, brackets and a dot at its end."""
    text = header.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.rpartition(":")[0].rstrip(".") if ":" in text else text.rstrip(".")


@lru_cache(maxsize=1024)
def is_address(host: str) -> bool:
    """Whether a name is an address: no name server can be made to lead it somewhere else."""
    return _parsed(host) is not None


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found
