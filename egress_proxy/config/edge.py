"""Readers of the sections `tls` and `network`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Final

from egress_proxy.config import paths, values
from egress_proxy.config.nodes import AnyNode
from egress_proxy.config.tls import CertificateOf, Login, TlsVersion
from egress_proxy.model import VERIFIER

_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_CLIENT: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_URI: Final = re.compile(r"[a-z][a-z0-9+.-]{0,30}:[!$&-;=?-Z_a-z~%]{1,400}")
_LONGEST_NAME: Final = 64  # of a common name (X.520)


def certificate_of(directory: Callable[[AnyNode], str]) -> Callable[[AnyNode], CertificateOf]:
    """Make a reader of one line of `clients`; `directory` reads a root."""

    def read(node: AnyNode) -> CertificateOf:
        given = values.mapping(node, ("client", "uri", "common_name", "directories"), ("client",))
        if ("uri" in given) == ("common_name" in given):
            raise node.problem("must have a uri or a common_name, and not both")
        uri = _matching(given["uri"], _URI, "a URI, as it stands in the certificate") if "uri" in given else ""
        name = values.bounded(_LONGEST_NAME)(given["common_name"]) if "common_name" in given else ""
        roots = values.several(directory)(given["directories"]) if "directories" in given else None
        client = _matching(given["client"], _CLIENT, "the name of a client")
        if client == VERIFIER:  # what is found of this client alerts nobody
            raise given["client"].problem("must not be the name of `egress-proxy verify`")
        return CertificateOf(client, uri, name, roots)

    return read


def of_tls() -> dict[str, Callable[[AnyNode], object]]:
    """Readers of the section's settings."""
    return {
        "certificate_file": values.optional(paths.path),
        "key_file": values.optional(paths.path),
        "minimum_version": values.one_of(TlsVersion),
        "client_ca_file": values.optional(paths.path),
        "login": values.one_of(Login),
        "clients": values.several(certificate_of(paths.directory), least=0),
    }


def _matching(node: AnyNode, form: re.Pattern[str], what: str) -> str:
    text = values.string(node)
    if form.fullmatch(text) is None:
        raise node.problem(f"must be {what}")
    return text


def of_network() -> dict[str, Callable[[AnyNode], object]]:
    """Readers of the settings that are no numbers."""
    return {
        "hosts": values.several(host, least=0),
        "trusted_proxies": values.several(network, least=0),
    }


def host(node: AnyNode) -> str:
    """Read a name of a machine, in lower case, without a port."""
    text = values.string(node)
    if _HOST.fullmatch(text) is None:
        raise node.problem("must be the name of a machine, in lower case and without a port")
    return text


def network(node: AnyNode) -> str:
    """Read an address, a network such as 10.0.0.0/8, or `unix` for whoever comes through the Unix socket."""
    text = values.string(node)
    if text == "unix":
        return text
    try:
        found = ipaddress.ip_network(text)
    except ValueError:
        raise node.problem("must be an IP address, or a network such as 10.0.0.0/8") from None
    if found.prefixlen == 0:
        raise node.problem("may not be everybody: anybody could then say where they come from")
    return str(found)
