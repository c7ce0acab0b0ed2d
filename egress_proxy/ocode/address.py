"""Where the proxy is, as `OCODE_URL` spells it.

| spelling | what it reaches |
|---|---|
| `http://127.0.0.1:8642`, `https://proxy.example/egress` | HTTP, with a path before the API's own if there is one |
| `unix:///run/egress-proxy/cloud.sock` | a Unix socket of this machine |
| `ssh://user@host:22/127.0.0.1:8642` | that loopback address of the machine `host`, through OpenSSH |
| `ssh://user@host/run/egress-proxy/cloud.sock` | that Unix socket of the machine `host` |
| `ssh://host` | 127.0.0.1:8642 of the machine `host`, or of the `Host` of that name in ~/.ssh/config |

Pure. Errors name the variable and never quote what it holds: it might be a token.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

from egress_proxy.ocode.faults import usage

DEFAULT_URL: Final = "http://127.0.0.1:8642"
DEFAULT_PORT: Final = 8642
_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(r"[A-Za-z0-9._:-]+")
_PREFIX: Final = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_FAR: Final = re.compile(r"/(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):([1-9][0-9]{0,4})")
_PATH: Final = re.compile(r"(/[A-Za-z0-9._~@+,=-]+)+")
# Neither may start with a dash: ssh would take it for an option.
_SSH_USER: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,63}")
_SSH_HOST: Final = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9._:-]{0,252}")
_MOST_PORT: Final = 65_535
MOST_PATH: Final = 100
"""Longest path of a Unix socket: the system's own limit is 107 bytes."""


class Via(NamedTuple):
    """The machine that ssh goes to. An empty user and port 0 leave it to ssh's own configuration."""

    host: str
    port: int
    user: str


class Address(NamedTuple):
    """Where the proxy listens: a host and port, or the `path` of a Unix socket. `via` is the machine that has it.

    `prefix` is a path before the API's own, without a slash at its end.
    """

    scheme: str
    host: str
    port: int
    prefix: str
    path: str = ""
    via: Via | None = None

    @property
    def origin(self) -> str:
        """The address without its prefix, for messages."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        if self.via is None:
            return f"unix://{self.path}" if self.path else f"{self.scheme}://{host}:{self.port}"
        port = f":{self.via.port}" if self.via.port else ""
        user = f"{self.via.user}@" if self.via.user else ""
        far = f"[{self.via.host}]" if ":" in self.via.host else self.via.host
        return f"ssh://{user}{far}{port}{self.path or f'/{host}:{self.port}'}"


def parse(url: str, *, plain: bool = False) -> Address:
    """Read an address. `plain` permits HTTP to another machine. Raise a usage fault."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _not_a_url() from None
    if parts.query or parts.fragment:
        raise usage("OCODE_URL must not hold a query or a fragment.")
    match parts.scheme:
        case "unix":
            return _unix(parts)
        case "ssh":
            return _ssh(parts, port)
        case "http" | "https":
            return _http(parts, port, plain=plain)
        case _:
            raise usage("OCODE_URL must start with http://, https://, unix:// or ssh://.")


def _http(parts: SplitResult, port: int | None, *, plain: bool) -> Address:
    if parts.username is not None or parts.password is not None:
        raise usage("OCODE_URL must not hold a user or password: the token goes into OCODE_TOKEN or a token file.")
    host = parts.hostname or ""
    prefix = parts.path.rstrip("/")
    if not _HOST.fullmatch(host) or not _PREFIX.fullmatch(prefix) or port == 0:
        raise _not_a_url()
    if parts.scheme == "http" and not plain and not is_loopback(host):
        raise usage(
            "OCODE_URL is plain http to another machine, which would show the token to the network. Use https or"
            " ssh://; on a network that you trust set OCODE_ALLOW_PLAIN_HTTP=1."
        )
    return Address(parts.scheme, host, port or _PORTS[parts.scheme], prefix)


def _unix(parts: SplitResult) -> Address:
    if parts.netloc:
        raise usage("OCODE_URL of a Unix socket has three slashes: unix:///run/egress-proxy/cloud.sock.")
    return Address("unix", "", 0, "", path=_socket_path(parts.path))


def _ssh(parts: SplitResult, port: int | None) -> Address:
    if parts.password is not None:
        raise usage("OCODE_URL must not hold a password: ssh asks for it, or uses a key.")
    user, host = parts.username or "", parts.hostname or ""
    if not _SSH_HOST.fullmatch(host) or (parts.username is not None and not _SSH_USER.fullmatch(user)) or port == 0:
        raise usage("OCODE_URL with ssh is like ssh://user@host:22/127.0.0.1:8642.")
    via = Via(host, port or 0, user)
    far = _FAR.fullmatch(parts.path)
    if far is None:
        if parts.path.strip("/"):
            return Address("ssh", "", 0, "", path=_socket_path(parts.path), via=via)
        return Address("ssh", "127.0.0.1", DEFAULT_PORT, "", via=via)
    far_host, far_port = far[1].strip("[]").lower(), int(far[2])
    if not is_loopback(far_host) or far_port > _MOST_PORT:
        raise usage(
            "OCODE_URL with ssh names a loopback address of the machine it goes to, such as /127.0.0.1:8642: beyond it"
            " the token would travel in plain text."
        )
    return Address("ssh", far_host, far_port, "", via=via)


def _socket_path(path: str) -> str:
    if not _PATH.fullmatch(path) or len(path) > MOST_PATH or not {".", ".."}.isdisjoint(path.split("/")):
        raise usage(f"OCODE_URL names no path of a socket: absolute, plain, at most {MOST_PATH} characters.")
    return path


def is_loopback(host: str) -> bool:
    """Whether a host is this machine's own loopback."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _not_a_url() -> Exception:
    return usage("OCODE_URL is not a URL: set it to something like http://127.0.0.1:8642.")
