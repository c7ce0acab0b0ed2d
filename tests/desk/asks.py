"""Asks as the operator's API shows them."""

from __future__ import annotations

import time
from typing import Any

ID = "per_0a1b2c3d4e5f"
DIGEST = "d1" * 16


def ask(**changes: Any) -> dict[str, Any]:
    now = time.time()
    made = {
        "id": ID,
        "kind": "permission",
        "session": "ses_child",
        "root": "ses_root",
        "title": "Populate .env",
        "client": "cloud-agent",
        "directory": "/srv/shop",
        "permission": "bash",
        "patterns": ["git push --force *"],
        "command": "git push --force origin main",
        "workdir": "",
        "gate": "human",
        "rule": "force-push",
        "why": "it overwrites what others have pushed",
        "expected": False,
        "asked_at": now - 10,
        "expires_at": now + 600.5,
        "digest": DIGEST,
    }
    return {**made, **changes}


def question(**changes: Any) -> dict[str, Any]:
    return ask(id="que_0a1b", kind="question", permission="", command=None, patterns=["Which?", "A", "B"], **changes)


def decision(**changes: Any) -> dict[str, Any]:
    made = {
        "id": ID,
        "kind": "permission",
        "session": "ses_child",
        "client": "cloud-agent",
        "outcome": "approved",
        "by": "local",
        "note": "",
        "at": time.time(),
    }
    return {**made, **changes}


def listed(*asks: dict[str, Any], decided: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {"now": time.time(), "asks": list(asks), "decided": list(decided)}


def shown(one: dict[str, Any], *context: tuple[str, str]) -> dict[str, Any]:
    return {"now": time.time(), "ask": one, "context": [{"role": role, "text": text} for role, text in context]}
