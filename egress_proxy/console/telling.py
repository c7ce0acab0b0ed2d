"""What a record says in a few words, for lists; and that evidence of it is sealed."""

from __future__ import annotations

import re
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
_DIGEST: Final = re.compile(r"[0-9a-fA-F]{64}")
_ID: Final = re.compile(r"[A-Za-z0-9_]{1,64}")
_MISSING: Final = {
    "full": "There was no room for it.",
    "failed": "It could not be sealed.",
}
_SHORTLY: Final = {
    "clean": "A clean exchange",
    "redacted": "Secrets were redacted",
    "withheld": "Something was withheld",
    "refused": "A request was refused",
}


class Evidence(Struct, frozen=True):
    """That the original was to be sealed: the digest of what is, or why there is nothing; and how it is opened."""

    digest: str = ""
    missing: str = ""
    commands: tuple[str, ...] = ()


def shortly(record: Mapping[str, Any]) -> str:
    """A record in a few words, for a list."""
    return noted(record) or _SHORTLY.get(record["verdict"], "A record")


def noted(record: Mapping[str, Any]) -> str:
    """What a client was let do: the kind of it, in words of ours; empty where nothing is noted."""
    words = record["noted"]
    return _NOTED.get(words[0], "Something was noted") if words else ""


def sealed(record: Mapping[str, Any]) -> Evidence | None:
    """The evidence that there is of a record: nothing here can open it."""
    found = record.get("evidence")
    if not found:
        return None
    if not isinstance(found, str) or _DIGEST.fullmatch(found) is None:
        return Evidence(missing=_MISSING.get(str(found), "What the record says of it is of another version."))
    wanted = str(record.get("id", ""))
    if _ID.fullmatch(wanted) is None:  # who can write to the ledger's database does not write what is put into a shell
        return Evidence(found)
    fetch = f"egress-proxy evidence export {wanted} carried.jsonl"
    return Evidence(found, "", (fetch, "egress-proxy evidence open carried.jsonl --key KEY"))
