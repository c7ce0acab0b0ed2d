"""What a record says, in words: why something was withheld, what a client was let do, and that evidence is sealed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from egress_proxy.explanations import EXPLAINED
from egress_proxy.reasons import Reason

_NOTED: Final = {
    "asks-for-value": "A prompt that asks for a value was let through",
    "expected": "The client declared what it expects to be asked",
    "approved": "An ask was approved",
    "rejected": "An ask was rejected",
    "expired": "An ask expired to a rejection",
    "answered": "An ask was answered",
}
_VERDICTS: Final = {
    "clean": "Nothing was found in the answer, and it crossed as it was.",
    "redacted": "Secrets were found in the answer. Each was replaced by a placeholder; the rest crossed.",
    "withheld": "The answer, or a part of it, did not cross.",
    "refused": "The request was refused before it reached opencode.",
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


def told(record: Mapping[str, Any]) -> tuple[str, ...]:
    """A record in sentences, of constant text but for counts."""
    if not record:
        return ()
    sentences = [] if record["noted"] else [_VERDICTS.get(record["verdict"], "")]
    for word in record["reasons"]:
        found = EXPLAINED[Reason(word)] if word in set(Reason) else None
        sentences.append(f"{found.summary} ({word})" if found else "A reason that this version does not know.")
    if record["noted"]:
        sentences.append(f"{noted(record)}.")
    return tuple(filter(None, sentences))


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
