"""What the operator sees of the asks that wait, and what became of others. Original text: for the operator's side only.

Nothing here is ever given to a client, so nothing is redacted: whoever approves must see what exactly. `repr` shows ids
alone, and no log or metric holds any of it (I6).
"""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

Kind = Literal["permission", "question"]
Outcome = Literal["approved", "rejected", "expired", "answered", "gone"]
GateWord = Literal["self", "human", "never"]


class Waiting(Struct, frozen=True, kw_only=True):
    """An ask that waits, as it stands upstream.

    `session` asks; `root` is the top of its tree, `client` who owns that, `title` the root's title. Of a permission,
    `patterns` are what opencode asks for; `command` is a shell ask's whole command (None where it is not known) and
    `workdir` where the call wants it to run (empty for `directory`). Of a question, `patterns` are its questions, each
    followed by its options. `gate`, `rule` and `why` are the policy's verdict; `expected` says whether the client
    declared it beforehand. Times are seconds since the epoch. `digest` is hexadecimal and means this very ask: whoever
    decides must name it.
    """

    id: str
    kind: Kind
    session: str
    root: str
    title: str
    client: str
    directory: str
    permission: str
    patterns: tuple[str, ...]
    command: str | None
    workdir: str
    gate: GateWord
    rule: str
    why: str
    expected: bool
    asked_at: float
    expires_at: float
    digest: str

    def __repr__(self) -> str:
        return f"Waiting({self.id}, {self.gate})"


class Decision(Struct, frozen=True, kw_only=True):
    """What became of an ask.

    `by` is the name of an operator's token, `local` for the one on the box, `expiry` or `policy`; `client` where the
    session's client answered, `opencode` where it was answered or dropped there. `note` is as the operator wrote it.
    `at` is in seconds since the epoch.
    """

    id: str
    kind: Kind
    session: str
    client: str
    outcome: Outcome
    by: str
    note: str
    at: float

    def __repr__(self) -> str:
        return f"Decision({self.id}, {self.outcome}, {self.by})"


GATE_EVENT: Final = "egress.gate"
"""The event of the proxy's own that tells a client of a decision."""
_WORDS: Final = frozenset({"expiry", "policy"})


def decision_told(decision: Decision) -> dict[str, object]:
    """What a client is told of a decision, once scanned: `human` in place of the operators' names."""
    return {
        "askID": decision.id,
        "sessionID": decision.session,
        "kind": decision.kind,
        "outcome": decision.outcome,
        "by": decision.by if decision.by in _WORDS else "human",
        "note": decision.note,
    }


class Said(Struct, frozen=True):
    """A text of a conversation, as it stands in opencode. `role` is `user` or `assistant`."""

    role: str
    text: str

    def __repr__(self) -> str:
        return f"Said({self.role}, {len(self.text)} characters)"
