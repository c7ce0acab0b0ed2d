"""The JSON documents of `egress-proxy gates … --json`, which are the API's own. Fields are added, never changed.

Times are seconds since 1970, by the proxy's clock. Texts are original, as the operator may see them: `repr` shows ids.
What an older or newer proxy adds is read over.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct


class AskDocument(Struct, frozen=True, kw_only=True):
    """An ask that waits. `kind` is permission or question; `root` is the session at the top of the tree.

    Of a permission, `patterns` are what opencode asks for, `command` is a shell ask's whole command (null where it is
    not known) and `workdir` where it is to run (empty: in `directory`). Of a question, `patterns` are its questions,
    each followed by its options. `gate` (self, human or never), `rule` and `why` are the policy's verdict; `expected`
    says whether the client declared it. `digest` means this very ask: an approval names it.
    """

    id: str
    kind: str
    session: str
    root: str
    title: str
    client: str
    directory: str
    permission: str
    patterns: tuple[str, ...]
    command: str | None
    workdir: str
    gate: str
    rule: str
    why: str
    expected: bool
    asked_at: float
    expires_at: float
    digest: str

    def __repr__(self) -> str:
        return f"AskDocument({self.id})"


class DecisionDocument(Struct, frozen=True, kw_only=True):
    """What became of an ask. `outcome` is approved, rejected, expired, answered or gone.

    `by` is an operator's token, `local` for the one on the box, `client`, `expiry`, `policy` or `opencode`.
    """

    id: str
    kind: str
    session: str
    client: str
    outcome: str
    by: str
    note: str
    at: float

    def __repr__(self) -> str:
        return f"DecisionDocument({self.id})"


class SaidDocument(Struct, frozen=True):
    """A text of the conversation. `role` is user or assistant."""

    role: str
    text: str

    def __repr__(self) -> str:
        return f"SaidDocument({self.role})"


class ListDocument(Struct, frozen=True):
    """`list`: what waits, the oldest first, and what became of the latest others."""

    now: float
    asks: tuple[AskDocument, ...]
    decided: tuple[DecisionDocument, ...] = ()


class ShowDocument(Struct, frozen=True):
    """`show`. `context` is the end of the conversation that led to the ask."""

    now: float
    ask: AskDocument
    context: tuple[SaidDocument, ...] = ()


class DecidedDocument(Struct, frozen=True):
    """`approve` and `reject`."""

    decision: DecisionDocument


class WatchDocument(Struct, frozen=True):
    """A line of `watch`. `event` is asked (with `ask`) or decided (with `decision`)."""

    event: str
    ask: AskDocument | None = None
    decision: DecisionDocument | None = None


class ReloadedDocument(Struct, frozen=True):
    """`egress-proxy reload`: settings whose change needs a restart; all else is in force."""

    restart: tuple[str, ...]


class ErrorBody(Struct, frozen=True):
    """What went wrong: the proxy's word for it or the command's own, and a sentence."""

    reason: str
    message: str


class ErrorDocument(Struct, frozen=True):
    """Any verb that could not do its work."""

    error: ErrorBody


DOCUMENTS: Final[dict[str, type[Struct]]] = {
    "list": ListDocument,
    "show": ShowDocument,
    "approve": DecidedDocument,
    "reject": DecidedDocument,
    "watch": WatchDocument,
    "error": ErrorDocument,
}
"""The document of each verb; of `watch` that of each line; `error` is any verb's."""
