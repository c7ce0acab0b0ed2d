"""Where the operator's socket is and with which token: the configuration's, or `--url` and `--token-file`.

On the box, the proxy writes a fresh token to `operator.token` in its state directory at each start. That token is for
the configuration's own socket: it is not sent to an address that a flag names.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from egress_proxy.config import Config, load
from egress_proxy.desk.faults import no_token, usage
from egress_proxy.model import Secret
from egress_proxy.ocode.address import Address, parse
from egress_proxy.ocode.faults import Fault
from egress_proxy.ocode.reach import reach
from egress_proxy.ocode.transport import Transport
from egress_proxy.private import NotPrivateError, read_private

TOKEN_NAME: Final = "operator.token"  # noqa: S105 - a file's name
_MAX_BYTES: Final = 4096
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,256}")
_HERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - recognised, not bound
_URL: Final = (
    "--url must be like http://127.0.0.1:8643, https://host/path, unix:///path or ssh://user@host/127.0.0.1:8643;"
    " http:// to another machine would show the token to the network"
)

Connect = Callable[[], Transport]
"""Gives the transport anew, with the token as it is now: a restart of the proxy makes another one."""


def connection(file: Path, url: str | None, token_file: Path | None, environment: Mapping[str, str]) -> Connect:
    """Find the way to the operator's socket. Raise `ConfigError` or `DeskError`; what it gives raises `DeskError`."""
    if url is not None:
        if token_file is None:
            raise usage("--url needs --token-file: the token of this machine's own proxy is not sent elsewhere")
        address, token, setting = _given(url), token_file, "--url"
    else:
        config = load(file)
        address, setting = _configured(config), "`operator` of the configuration"
        token = token_file or Path(config.state_dir) / TOKEN_NAME
    made = token_file is None
    return lambda: reach(address, _token(token, made=made), environment, setting=setting, program="egress-proxy gates")


def _given(url: str) -> Address:
    try:
        found = parse(url)
    except Fault:  # its text is about another setting
        raise usage(_URL) from None
    if found.via is not None and url.rstrip("/").count("/") == 2:  # noqa: PLR2004 - ssh://host: the client's default port
        raise usage("--url with ssh names the socket there too: ssh://user@host/127.0.0.1:8643")
    return found


def _configured(config: Config) -> Address:
    if not config.operator.port:
        raise usage("the configuration leaves the operator's port to the system: give --url and --token-file")
    return Address("http", _HERE.get(config.operator.host, config.operator.host), config.operator.port, "")


def _token(file: Path, *, made: bool) -> Secret:
    """Read the token. `made` is whether the proxy makes the file."""
    try:
        content = read_private(Path(os.path.realpath(file.expanduser())), _MAX_BYTES)
    except FileNotFoundError:
        told = "is the proxy running, is it of this version, and is this its configuration?" if made else "make one"
        raise no_token(f"{file} does not exist: {told}") from None
    except NotPrivateError as error:
        raise no_token(f"{file}: {error}") from None
    except OSError as error:
        raise no_token(f"{file} cannot be read ({error.strerror})") from None
    text = content.decode("ascii", "replace").strip()
    if _TOKEN.fullmatch(text) is None:
        raise no_token(f"{file} holds no token: one line of visible characters is expected")
    return Secret(text)
