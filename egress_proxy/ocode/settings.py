"""Where the proxy is, with which token, in which directory: flags first, then the environment, then the defaults.

The token comes from OCODE_TOKEN or from a file, never from an argument, where every user of the machine could read it.
Errors name the variable or the file's problem and never the value.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from egress_proxy.model import Secret
from egress_proxy.ocode.address import DEFAULT_URL, Address, parse
from egress_proxy.ocode.faults import no_token, usage

DEFAULT_TOKEN_FILE: Final = "~/.config/ocode/token"  # noqa: S105 - a path
URL_FILE: Final = "~/.config/ocode/url"
_MAX_TOKEN_BYTES: Final = 4096
_MAX_URL: Final = 1000
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def address(flag: str | None, environment: Mapping[str, str]) -> Address:
    """Find the address: --url, OCODE_URL, what `ocode login` stored, the default. Raise a usage fault."""
    url = flag or environment.get("OCODE_URL") or stored_url() or DEFAULT_URL
    return parse(url, plain=environment.get("OCODE_ALLOW_PLAIN_HTTP") == "1")


def stored_url() -> str:
    """The address that `ocode login` stored, or nothing. Raise a usage fault when it cannot be read."""
    try:
        return Path(URL_FILE).expanduser().read_text("utf-8")[:_MAX_URL].strip()
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, RuntimeError):
        raise usage(f"{URL_FILE} cannot be read: repair it with `ocode login`, or set OCODE_URL.") from None


def token(file_flag: str | None, environment: Mapping[str, str]) -> Secret:
    """Find the token: --token-file, OCODE_TOKEN, OCODE_TOKEN_FILE, the default file. Raise an authentication fault."""
    value = environment.get("OCODE_TOKEN")
    if file_flag is None and value:
        return checked(value, "OCODE_TOKEN")
    path = file_flag or environment.get("OCODE_TOKEN_FILE")
    if path:
        return checked(_read_private(path, "the token file"), "the token file")
    try:
        return checked(_read_private(DEFAULT_TOKEN_FILE, DEFAULT_TOKEN_FILE), DEFAULT_TOKEN_FILE)
    except FileNotFoundError:
        raise no_token(
            f"No token: set OCODE_TOKEN, or OCODE_TOKEN_FILE to a private file, or write it to {DEFAULT_TOKEN_FILE}"
            " (mode 600). The operator makes one with `egress-proxy token create NAME`."
        ) from None


def checked(value: str, where: str) -> Secret:
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
        raise usage("--dir and OCODE_DIRECTORY take an absolute path on the proxy's machine.")
    return found
