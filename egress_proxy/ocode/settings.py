"""Where the proxy is, with which token, in which directory: flags first, then the environment, then the defaults.

The token comes from OCODE_TOKEN or from a file, never from an argument, where every user of the machine could read it.
Errors name the variable or the file's problem and never the value.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

from egress_proxy.model import Secret
from egress_proxy.ocode.faults import no_token, usage

DEFAULT_URL: Final = "http://127.0.0.1:8642"
DEFAULT_TOKEN_FILE: Final = "~/.config/ocode/token"  # noqa: S105 - a path
_MAX_TOKEN_BYTES: Final = 4096
_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(r"[A-Za-z0-9._:-]+")
_PREFIX: Final = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class Address(NamedTuple):
    """Where the proxy listens. `prefix` is a path before the API's own, without a slash at its end."""

    scheme: str
    host: str
    port: int
    prefix: str

    @property
    def origin(self) -> str:
        """The address without its path, for messages."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def address(flag: str | None, environment: Mapping[str, str]) -> Address:
    """Find the address. Raise a usage fault for anything that is not a plain http or https address."""
    try:
        parts = urlsplit(flag or environment.get("OCODE_URL") or DEFAULT_URL)
        port = parts.port
    except ValueError:
        raise usage("OCODE_URL is not a URL: set it to something like http://127.0.0.1:8642.") from None
    found = _plain(parts, port)
    if found.scheme == "http" and not _is_loopback(found.host) and environment.get("OCODE_ALLOW_PLAIN_HTTP") != "1":
        raise usage(
            "OCODE_URL is plain http to another machine, which would show the token to the network. Use https or an"
            " ssh tunnel; on a network that you trust set OCODE_ALLOW_PLAIN_HTTP=1."
        )
    return found


def _plain(parts: SplitResult, port: int | None) -> Address:
    if parts.scheme not in _PORTS:
        raise usage("OCODE_URL must start with http:// or https://.")
    if parts.username is not None or parts.password is not None:
        raise usage("OCODE_URL must not hold a user or password: the token goes into OCODE_TOKEN or a token file.")
    if parts.query or parts.fragment:
        raise usage("OCODE_URL must not hold a query or a fragment.")
    host = parts.hostname or ""
    prefix = parts.path.rstrip("/")
    if not _HOST.fullmatch(host) or not _PREFIX.fullmatch(prefix) or port == 0:
        raise usage("OCODE_URL is not a URL: set it to something like http://127.0.0.1:8642.")
    return Address(parts.scheme, host, port or _PORTS[parts.scheme], prefix)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def token(file_flag: str | None, environment: Mapping[str, str]) -> Secret:
    """Find the token: --token-file, OCODE_TOKEN, OCODE_TOKEN_FILE, the default file. Raise an authentication fault."""
    value = environment.get("OCODE_TOKEN")
    if file_flag is None and value:
        return _checked(value, "OCODE_TOKEN")
    path = file_flag or environment.get("OCODE_TOKEN_FILE")
    if path:
        return _checked(_read_private(path, "the token file"), "the token file")
    try:
        return _checked(_read_private(DEFAULT_TOKEN_FILE, DEFAULT_TOKEN_FILE), DEFAULT_TOKEN_FILE)
    except FileNotFoundError:
        raise no_token(
            f"No token: set OCODE_TOKEN, or OCODE_TOKEN_FILE to a private file, or write it to {DEFAULT_TOKEN_FILE}"
            " (mode 600). The operator makes one with `egress-proxy token create NAME`."
        ) from None


def _checked(value: str, where: str) -> Secret:
    """Give the token. Anything but visible ASCII could forge a header, and is no token of the proxy's."""
    stripped = value.strip()
    if not _TOKEN.fullmatch(stripped):
        raise no_token(f"What {where} holds is not a token: one line of visible characters is expected.")
    return Secret(stripped)


def _read_private(path: str, name: str) -> str:
    """Read a token file that only its owner may read. Raise `FileNotFoundError` for the default file alone."""
    try:
        descriptor = os.open(Path(path).expanduser(), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        if path == DEFAULT_TOKEN_FILE:
            raise
        raise no_token(f"No token: {name} does not exist.") from None
    except (OSError, ValueError, RuntimeError):
        raise no_token(f"No token: {name} cannot be opened.") from None
    try:
        _check_private(os.fstat(descriptor), name)
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(_MAX_TOKEN_BYTES + 1)
    except OSError:
        raise no_token(f"No token: {name} cannot be read.") from None
    finally:
        os.close(descriptor)
    if len(content) > _MAX_TOKEN_BYTES:
        raise no_token(f"No token: {name} is too large to be one.")
    # Whatever is not ASCII fails the check of its characters.
    return content.decode("ascii", "replace")


def _check_private(found: os.stat_result, name: str) -> None:
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISFIFO(found.st_mode)):
        raise no_token(f"No token: {name} is not a file.")
    if found.st_mode & _OTHERS or found.st_uid not in {0, os.geteuid()}:
        raise no_token(f"The token is not used: others may read {name}. Make it your own, and `chmod 600` it.")


def directory(flag: str | None, environment: Mapping[str, str]) -> str | None:
    """Find the directory to work in, a path on the proxy's machine; None leaves it to the proxy's default."""
    found = flag if flag is not None else environment.get("OCODE_DIRECTORY") or None
    if found is None:
        return None
    if not found.startswith("/") or not found.isprintable():
        raise usage("--directory and OCODE_DIRECTORY take an absolute path on the proxy's machine.")
    return found
