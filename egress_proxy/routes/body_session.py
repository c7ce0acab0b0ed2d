"""Bodies that make and name sessions.

A permission rule that allows lasts, and lets bash and .env reads run unasked (FACTS "What a caller could do"); a rule
that denies only takes away, and `opencode run --attach` sends one for `question`. Rules are taken at creation alone.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from egress_proxy.model import Policy, Refused
from egress_proxy.reasons import Reason
from egress_proxy.routes import choices, forms
from egress_proxy.routes.choices import SHORT, SessionModel
from egress_proxy.routes.reading import Object, read_typed

MAX_RULES: Final = 64
MAX_TITLE_CHARS: Final = 256
MAX_PATTERN_CHARS: Final = 1024
_SERVERS_OWN: Final = frozenset(("metadata", "workspaceID", "time"))

SessionID = Annotated[str, Meta(pattern=rf"\A{forms.SESSION.pattern}\Z")]
MessageID = Annotated[str, Meta(pattern=rf"\A{forms.MESSAGE.pattern}\Z")]


class DenyRule(Struct, frozen=True, forbid_unknown_fields=True):
    """The one kind of rule that a client may set."""

    permission: str
    pattern: str
    action: Literal["deny"]


class AskedSession(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /session` as a client sends it."""

    title: str | None = None
    parent_id: SessionID | None = field(default=None, name="parentID")
    agent: str | None = None
    model: SessionModel | None = None
    permission: Annotated[tuple[DenyRule, ...], Meta(max_length=MAX_RULES)] | None = None


class NewSession(Struct, frozen=True):
    """`POST /session` as it is sent upstream."""

    agent: str
    model: SessionModel
    title: str | UnsetType = UNSET
    parent_id: str | UnsetType = field(default=UNSET, name="parentID")
    permission: tuple[DenyRule, ...] | UnsetType = UNSET


class Renaming(Struct, frozen=True, forbid_unknown_fields=True):
    """`PATCH /session/{sessionID}`, both ways."""

    title: str


class Fork(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /session/{sessionID}/fork`, both ways: up to this message, or the whole session."""

    message_id: MessageID | UnsetType = field(default=UNSET, name="messageID")


def read_session(value: Object, policy: Policy) -> NewSession | Refused:
    """Give the session to create, with agent and model made explicit."""
    refused = _refuse_widening(value)
    if refused is not None:
        return refused
    asked = read_typed(value, AskedSession)
    if isinstance(asked, Refused):
        return asked
    if not _is_title(asked.title) or not all(map(_is_named, asked.permission or ())):
        return Refused(Reason.BODY_INVALID)
    agent = choices.agent(policy, asked.agent)
    if isinstance(agent, Refused):
        return agent
    model = choices.model(policy, (asked.model.provider_id, asked.model.id) if asked.model else None)
    if isinstance(model, Refused):
        return model
    return NewSession(
        agent=agent,
        model=SessionModel(*model, variant=asked.model.variant if asked.model else None),
        title=UNSET if asked.title is None else asked.title,
        parent_id=asked.parent_id or UNSET,
        permission=asked.permission or UNSET,
    )


def _refuse_widening(value: Object) -> Refused | None:
    rules = value.get("permission", [])
    if not isinstance(rules, list) or not all(map(_denies, rules)):
        return Refused(Reason.PERMISSION_RULE_FORBIDDEN)
    if not _SERVERS_OWN.isdisjoint(value):
        return Refused(Reason.METADATA_FORBIDDEN)
    return None


def _denies(rule: object) -> bool:
    return isinstance(rule, dict) and rule.get("action") == "deny"


def _is_title(title: str | None) -> bool:
    return title is None or forms.is_plain(title, MAX_TITLE_CHARS)


def _is_named(rule: DenyRule) -> bool:
    return forms.is_plain(rule.permission, SHORT) and forms.is_plain(rule.pattern, MAX_PATTERN_CHARS)


def read_renaming(value: Object, _: Policy) -> Renaming | Refused:
    """Give the new title of a session."""
    if "permission" in value:
        return Refused(Reason.PERMISSION_RULE_FORBIDDEN)
    if not _SERVERS_OWN.isdisjoint(value):
        return Refused(Reason.METADATA_FORBIDDEN)
    asked = read_typed(value, Renaming)
    if isinstance(asked, Refused):
        return asked
    return asked if _is_title(asked.title) else Refused(Reason.BODY_INVALID)


def read_fork(value: Object, _: Policy) -> Fork | Refused:
    """Give where a session is to be forked."""
    return read_typed(value, Fork)
