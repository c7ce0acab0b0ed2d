"""What a record says in a few words, for lists; and that evidence of it is sealed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

_NOTED: Final = {
    "asks-for-value": "A prompt that asks for a value was let through",
    "expected": "The client declared what it expects to be asked",
    "approved": "An ask was approved",
    "rejected": "An ask was rejected",
    "expired": "An ask expired to a rejection",
    "answered": "An ask was answered",
}
_SHORTLY: Final = {
    "clean": "A clean exchange",
    "redacted": "Secrets were redacted",
    "withheld": "Something was withheld",
    "refused": "A request was refused",
}


class Evidence(Struct, frozen=True):
    """That the original is sealed somewhere: the digest of what is sealed, and how it is opened, offline."""

    digest: str
    command: str


def shortly(record: Mapping[str, Any]) -> str:
    """A record in a few words, for a list."""
    return noted(record) or _SHORTLY.get(record["verdict"], "A record")


def noted(record: Mapping[str, Any]) -> str:
    """What a client was let do: the kind of it, in words of ours; empty where nothing is noted."""
    words = record["noted"]
    return _NOTED.get(words[0], "Something was noted") if words else ""


def sealed(record: Mapping[str, Any]) -> tuple[Evidence, ...]:
    """The evidence that there is of a record: nothing here can open it."""
    found = record.get("evidence")
    several = found if isinstance(found, list) else [found] if found else []
    command = f"egress-proxy evidence open {record.get('id', '')}"
    return tuple(Evidence(_digest(one), command) for one in several)


def _digest(one: object) -> str:
    if isinstance(one, Mapping):
        one = next((one[key] for key in ("sha256", "hash", "digest") if key in one), "")
    return str(one)[:200]
