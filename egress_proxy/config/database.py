"""The URL of a PostgreSQL database: strict, without a password, and never in clear to another machine."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import parse_qsl, unquote

from egress_proxy.config import values
from egress_proxy.config.nodes import AnyNode

_URL: Final = re.compile(
    r"postgresql://(?:[A-Za-z0-9._~%-]+@)?(?P<hosts>[A-Za-z0-9._~%:,\[\]-]*)/[A-Za-z0-9._~%-]+(?:\?(?P<more>[!-~]+))?"
)
_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%-]*)(?::[1-9][0-9]{0,4})?")
_SECURE: Final = frozenset({"verify-full", "verify-ca", "require"})
_MODES: Final = _SECURE | {"disable", "allow", "prefer"}
_OPTIONS: Final = frozenset(
    {
        "sslmode",
        "sslrootcert",
        "sslcert",
        "sslkey",
        "sslcrl",
        "ssl_min_protocol_version",
        "channel_binding",
        "target_session_attrs",
        "host",
    }
)
_RESERVED: Final = "all"


def url(node: AnyNode) -> str:
    """Read a URL as libpq has it; where it says nothing of TLS, another machine has to prove its name."""
    text = values.string(node)
    found = _URL.fullmatch(text)
    if found is None or "#" in text:
        raise node.problem(
            "must be postgresql://user@host:port/database?options; a password has a file, audit.database_password_file"
        )
    more = parse_qsl(found["more"] or "", keep_blank_values=True)
    options = dict(more)
    if len(options) != len(more) or not options.keys() <= _OPTIONS or not all(options.values()):
        raise node.problem(f"its options may be {', '.join(sorted(_OPTIONS))}, once each")
    hosts = (options.get("host") or unquote(found["hosts"])).split(",")
    if not all(_HOST.fullmatch(host) for host in found["hosts"].split(",")):
        raise node.problem("must have hosts with a port each, or none")
    if options.get("sslmode", "prefer") not in _MODES:
        raise node.problem(f"its sslmode may be {', '.join(sorted(_MODES))}")
    if all(map(_is_here, hosts)) or options.get("sslmode") in _SECURE:
        return text
    if "sslmode" in options:
        raise node.problem("another machine is reached by TLS: sslmode=verify-full, verify-ca or require")
    root = "" if "sslrootcert" in options else "&sslrootcert=system"
    return f"{text}{'&' if more else '?'}sslmode=verify-full{root}"


def ledger(node: AnyNode) -> str:
    """Read the name of a ledger."""
    name = values.identifier("build-box")(node)
    if name == _RESERVED:
        raise node.problem("must be another word: all ledgers are listed by it")
    return name


def _is_here(host: str) -> bool:
    """Whether a host is this machine: a socket's directory, or a loopback address."""
    if host.startswith("/"):
        return True
    name = host.rpartition(":")[0] if re.search(r":[0-9]+$", host) and (host.count(":") == 1 or "]" in host) else host
    name = name.strip("[]")
    if name in {"", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
