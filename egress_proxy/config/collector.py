"""Reads where the log's collector listens."""

from __future__ import annotations

import re
from typing import Final, Literal, cast

from egress_proxy.config.log import CollectorAddress
from egress_proxy.config.nodes import AnyNode
from egress_proxy.config.values import string

_OWN_HOSTS: Final = ("127.0.0.1", "localhost", "[::1]")
_ADDRESS: Final = re.compile(r"(udp|tcp)://(127\.0\.0\.1|localhost|\[::1\]):([0-9]{1,5})")
_UNIX: Final = re.compile(r"unix:(/[^\s\x00]+)")
_LAST_PORT: Final = 65_535


def collector(node: AnyNode) -> CollectorAddress:
    """Read where a collector listens. Raises `NodeError`."""
    text = string(node)
    if found := _UNIX.fullmatch(text):
        return CollectorAddress("unix", path=found[1])
    found = _ADDRESS.fullmatch(text)
    if found is None or not 0 < int(found[3]) <= _LAST_PORT:
        raise node.problem(
            f"must be unix:/path, or udp:// or tcp:// with a port and one of {', '.join(_OWN_HOSTS)}: what leaves the "
            "machine is its collector's to encrypt"
        )
    return CollectorAddress(cast('Literal["udp", "tcp"]', found[1]), found[2].strip("[]"), int(found[3]))
