"""The section `console`: who logs in through a reverse proxy that has signed them on, and how it proves that it is it.

A header alone proves nothing: every process of this machine reaches the operator's socket, the local agent's commands
too. So the reverse proxy shows a secret with each request, and the section is whole or it is an error.
"""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from egress_proxy.errors import ConfigError
from egress_proxy.model import Secret

LEAST_SECRET: Final = 32


class Console(Struct, frozen=True, kw_only=True):
    """Single sign-on at the console. Without `sso_origin` there is none, and tokens are the only way in."""

    sso_origin: Annotated[
        str | None,
        Meta(
            description="Where people reach the console through a reverse proxy that signs them on, such as "
            "`https://console.example`. See [console.md](console.md#single-sign-on)."
        ),
    ] = None
    sso_header: Annotated[
        str, Meta(description="Header in which the reverse proxy names who signed on; it must replace a client's own.")
    ] = "X-Forwarded-User"
    sso_secret_header: Annotated[str, Meta(description="Header in which the reverse proxy shows its secret.")] = (
        "X-Egress-Sso-Secret"  # noqa: S105 - the name of a header
    )
    sso_secret_file: Annotated[
        str | None,
        Meta(
            description="File with that secret, a line of 32 characters or more, readable by its owner only. "
            "Read at start."
        ),
    ] = None
    sso_approvers: Annotated[
        tuple[str, ...], Meta(description="Names, as the reverse proxy gives them, that may look and decide.")
    ] = ()
    sso_viewers: Annotated[tuple[str, ...], Meta(description="Names that may look, and decide nothing.")] = ()


def wrong_with(console: Console, operator_host: str) -> str | None:
    """What is wrong with the section as a whole, or None."""
    names = console.sso_approvers + console.sso_viewers
    if console.sso_origin is None:
        given = (console.sso_secret_file, *names)
        return "sso_origin: is missing, and without it nobody is signed on" if any(given) else None
    return _wrong_with_names(console, operator_host, names)


def _wrong_with_names(console: Console, operator_host: str, names: tuple[str, ...]) -> str | None:
    if console.sso_secret_file is None:
        return "sso_secret_file: is missing: without a secret any process of this machine could name anybody"
    if not names:
        return "sso_approvers: is missing, and so is sso_viewers: name who may log in"
    if len(set(names)) != len(names):
        return "sso_viewers: one of them is an approver already"
    if console.sso_header.lower() == console.sso_secret_header.lower():
        return "sso_secret_header: must not be the header of the name"
    if urlsplit(console.sso_origin or "").hostname in {operator_host, "localhost", "127.0.0.1", "::1"}:
        return "sso_origin: must be another name than the operator's socket has"
    return None


def checked_secret(line: str, file: str) -> Secret:
    """The secret that a file holds. Raise `ConfigError`, which does not quote it."""
    if len(line) < LEAST_SECRET or not line.isascii() or not line.isprintable() or line != line.strip():
        raise ConfigError(
            f"console.sso_secret_file: {file}: must hold one line of at least {LEAST_SECRET} printable ASCII characters"
        )
    return Secret(line)
