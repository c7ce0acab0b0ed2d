"""opencode's auth.json: the keys and tokens that `opencode auth login` and its plug-ins leave there."""

from __future__ import annotations

from typing import Final

from egress_proxy.sources.entries import FormatError, Found
from egress_proxy.sources.tree import Members, decode, leaves

# `type` is one of three words; the other two say where, not with what. Whatever else comes up is a secret: a field that
# a later version adds is more likely one than not.
_HARMLESS: Final = frozenset({"type", "accountId", "enterpriseUrl"})


def parse_auth(text: str) -> Found:
    """`key`, `access`, `refresh`, `token` and what else has no harmless name, as `auth.PROVIDER.FIELD`.

    Raises `FormatError` for what is not JSON, or no object."""
    try:
        value = decode(text)
    except ValueError:
        raise FormatError("not JSON") from None
    if not isinstance(value, Members):
        raise FormatError("not opencode's auth.json")
    for provider, login in value:
        if isinstance(login, Members):
            yield from _login(provider, login)


def _login(provider: str, login: Members) -> Found:
    names_a_variable = ("type", "wellknown") in login  # its `key` is the name of an environment variable
    for field, value in login:
        if field not in _HARMLESS and not (names_a_variable and field == "key"):
            yield from leaves(value, f"auth.{provider}.{field}")
