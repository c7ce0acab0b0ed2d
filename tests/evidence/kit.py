"""Keys, originals and stores for tests."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

from egress_proxy.evidence import EvidenceStore, Excerpt, Found, Original, Sealed, seal
from egress_proxy.evidence.hpke import SEED_BYTES, PrivateKey
from egress_proxy.model import Finding

LEDGER: Final = "00112233445566778899aabbccddeeff"


def private_key(word: str) -> PrivateKey:
    """The same key for the same word."""
    return PrivateKey(hashlib.shake_256(word.encode()).digest(SEED_BYTES))


ONE: Final = private_key("one")
OTHER: Final = private_key("other")


def original(number: int = 1, **fields: Any) -> Original:
    text = f"the value {number} stands here"
    given: dict[str, Any] = {
        "ledger": LEDGER,
        "record": f"egr_{number}",
        "time": f"2026-01-{number:02}T00:00:00.000+00:00",
        "client": "agent",
        "route": "GET /session/{sessionID}/message",
        "directory": "/project",
        "session": "ses_1",
        "channel": "messages",
        "verdict": "redacted",
        "reasons": ("detector",),
        "findings": (Found.of(Finding(3, 14, 19, "mark")),),
        "excerpts": (Excerpt(text=3, start=4, length=100, content=text),),
    }
    return Original(**{**given, **fields})


def sealed(number: int = 1, *keys: PrivateKey) -> Sealed:
    return seal(original(number), [key.public for key in keys or (ONE,)])


def store(path: Path) -> EvidenceStore:
    return EvidenceStore(path / "evidence.db")


def on_disk(path: Path) -> bytes:
    """All that the database's files hold."""
    return b"".join(file.read_bytes() for file in sorted(path.glob("evidence.db*")))
