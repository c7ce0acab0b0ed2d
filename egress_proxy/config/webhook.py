"""Secrets between us and others, from files of their owner alone: what the webhook is sent along with (a header, and
the key of the signature), and what the reverse proxy in front of the console shows."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from msgspec import Struct

from egress_proxy.config.console import Console, checked_secret
from egress_proxy.config.schema import Notify
from egress_proxy.errors import ConfigError
from egress_proxy.model import Secret
from egress_proxy.private import NotPrivateError, read_private

MAX_BYTES: Final = 8192
LEAST_KEY: Final = 32
"""Characters: a key of fewer could be guessed by who has a notice and its signature."""
_HEADER: Final = re.compile(r"([A-Za-z][A-Za-z0-9-]{0,63}): *([\x21-\x7e](?:[\x20-\x7e]{0,4094}[\x21-\x7e])?)")
_OURS: Final = re.compile(r"host|connection|transfer-encoding|te|upgrade|content-.*|egress-.*|expect|user-agent")


class HookSecrets(Struct, frozen=True):
    """The header's name and value, and the key; None for what is not configured."""

    header: tuple[str, Secret] | None = None
    key: Secret | None = None


def read_hook_secrets(notify: Notify) -> HookSecrets:
    """Read the files that `notify` names. Raise `ConfigError`, which quotes none of them."""
    return HookSecrets(
        _header(notify.webhook_header_file) if notify.webhook_header_file else None,
        _key(notify.webhook_key_file) if notify.webhook_key_file else None,
    )


def _header(file: str) -> tuple[str, Secret]:
    found = _HEADER.fullmatch(_line(file, "notify.webhook_header_file"))
    if found is None:
        raise ConfigError(f"notify.webhook_header_file: {file}: must hold one line, `Name: value`, of printable ASCII")
    if _OURS.fullmatch(found[1].lower()):
        raise ConfigError(f"notify.webhook_header_file: {file}: this header is the proxy's own to set")
    return found[1], Secret(found[2])


def _key(file: str) -> Secret:
    line = _line(file, "notify.webhook_key_file")
    if len(line) < LEAST_KEY or not line.isascii() or not line.isprintable():
        raise ConfigError(
            f"notify.webhook_key_file: {file}: must hold one line of at least {LEAST_KEY} printable ASCII characters"
        )
    return Secret(line)


def read_sso_secret(console: Console) -> Secret | None:
    """Read the secret of the reverse proxy that signs people on, if there is one. Raise `ConfigError`."""
    file = console.sso_secret_file
    return None if file is None else checked_secret(_line(file, "console.sso_secret_file"), file)


def _line(file: str, setting: str) -> str:
    try:
        content = read_private(Path(os.path.realpath(file)), MAX_BYTES)
    except NotPrivateError as error:
        raise ConfigError(f"{setting}: {file}: {error}") from None
    except OSError as error:
        raise ConfigError(f"{setting}: {file}: cannot be read ({error.strerror})") from None
    return content.decode("ascii", "replace").removesuffix("\n").removesuffix("\r")
