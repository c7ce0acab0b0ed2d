"""SESSION and SESSIONS.

Crosses: ids, the directory (one the client may use), the title (the model writes it: scanned), version, times, counts
of changed files, agent and model (from the operator's lists), cost and tokens, and where a revert stands. Does not:
`share.url`, `permission` rules, `summary.diffs`, `revert.diff` and `revert.snapshot`, `metadata`, `workspaceID`,
and what `path` says (it names directories above the allowed one). `slug` and `path` are there, because clients' types
require them, and blank.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from egress_proxy.model import Refused
from egress_proxy.reasons import Reason
from egress_proxy.wire.decoding import Items
from egress_proxy.wire.fields import (
    MessageID,
    Number,
    PartID,
    SessionID,
    Time,
    Wire,
    project_or_blank,
    version_or_blank,
)
from egress_proxy.wire.usage import Tokens, variant_word
from egress_proxy.wire.view import View


class SessionTime(Wire, frozen=True):
    """Read and sent alike."""

    created: Time
    updated: Time
    compacting: Time | UnsetType = UNSET
    archived: Time | UnsetType = UNSET


class SessionSummary(Wire, frozen=True):
    """How much a session changed. Read and sent alike."""

    additions: Number
    deletions: Number
    files: Number


class SessionRevert(Wire, frozen=True):
    """From which message on a session is reverted. Read and sent alike."""

    message_id: MessageID
    part_id: PartID | UnsetType = UNSET


class SessionModel(Wire, frozen=True):
    """The model a session uses. Read as any strings, sent only as a pair of the operator's list."""

    id: str
    provider_id: str
    variant: str | UnsetType = UNSET


class GivenSession(Wire, frozen=True):
    """A session as the server gives it, without what is never looked at."""

    id: SessionID
    directory: str
    title: str
    time: SessionTime
    project_id: str = ""
    version: str = ""
    parent_id: SessionID | UnsetType | None = UNSET
    agent: str | UnsetType | None = UNSET
    model: SessionModel | UnsetType | None = UNSET
    summary: SessionSummary | UnsetType | None = UNSET
    revert: SessionRevert | UnsetType | None = UNSET
    cost: Number | UnsetType = UNSET
    tokens: Tokens | UnsetType = UNSET


class Session(Wire, frozen=True):
    """A session as it crosses."""

    id: SessionID
    project_id: str
    directory: str
    title: str
    version: str
    time: SessionTime
    slug: str = ""
    path: str = ""
    parent_id: SessionID | UnsetType = UNSET
    agent: str | UnsetType = UNSET
    model: SessionModel | UnsetType = UNSET
    summary: SessionSummary | UnsetType = UNSET
    revert: SessionRevert | UnsetType = UNSET
    cost: Number | UnsetType = UNSET
    tokens: Tokens | UnsetType = UNSET


_ONE: Final = msgspec.json.Decoder(GivenSession)
_ALL: Final = Items(GivenSession)


def session(given: GivenSession, view: View) -> Session | None:
    """Project one session, or `None` if its directory is not one the client may use."""
    if given.directory not in view.directories:
        return None
    return Session(
        id=given.id,
        project_id=project_or_blank(given.project_id),
        directory=given.directory,
        title=given.title,
        version=version_or_blank(given.version),
        time=given.time,
        parent_id=given.parent_id or UNSET,
        agent=view.agent(given.agent or "") or UNSET,
        model=_model(given.model, view),
        summary=given.summary or UNSET,
        revert=given.revert or UNSET,
        cost=given.cost,
        tokens=given.tokens,
    )


def _model(given: SessionModel | UnsetType | None, view: View) -> SessionModel | UnsetType:
    if not isinstance(given, SessionModel):
        return UNSET
    provider, model = view.model(given.provider_id, given.id)
    return SessionModel(model, provider, variant_word(given.variant)) if model else UNSET


def project_session(body: bytes, view: View) -> Session | Refused:
    """Project one session; one in another directory is as unknown as one of another client."""
    given = _ONE.decode(body)
    made = session(given, view) if view.owns(given.id) else None
    return made or Refused(Reason.SESSION_UNKNOWN)


def project_sessions(body: bytes, view: View) -> list[Session]:
    """Project a list of sessions to the client's own."""
    mine = (given for given in _ALL.decode(body) if view.owns(given.id))
    return [found for found in (session(given, view) for given in mine) if found is not None]
