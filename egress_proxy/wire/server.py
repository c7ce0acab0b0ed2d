"""HEALTH, CAPABILITIES, BOOLEAN and NOTHING: answers without text."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from egress_proxy.wire.fields import Wire, version_or_blank
from egress_proxy.wire.view import View


class Health(Wire, frozen=True):
    """Read and, with a plain version, sent. `/api/health` has no version."""

    healthy: bool
    version: str | UnsetType = UNSET


class Capabilities(Wire, frozen=True):
    """Read and sent alike."""

    background_subagents: bool


_HEALTH: Final = msgspec.json.Decoder(Health)
_CAPABILITIES: Final = msgspec.json.Decoder(Capabilities)
_BOOLEAN: Final = msgspec.json.Decoder(bool)


def health(body: bytes) -> Health:
    """Read the server's health; a version that is not one is blank."""
    given = _HEALTH.decode(body)
    version = version_or_blank(given.version) if isinstance(given.version, str) else UNSET
    return Health(given.healthy, version)


def project_health(body: bytes, _: View) -> Health:
    """Project the server's health."""
    return health(body)


def project_capabilities(body: bytes, _: View) -> Capabilities:
    """Project what the server can do."""
    return _CAPABILITIES.decode(body)


def project_boolean(body: bytes, _: View) -> bool:
    """Project an answer that is `true` or `false`."""
    return _BOOLEAN.decode(body)


def project_nothing(_: bytes, __: View) -> None:
    """Project an answer without a body, whatever the body is."""
