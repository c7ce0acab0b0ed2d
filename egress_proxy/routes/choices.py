"""Model, variant and agent: only from the operator's lists, and always sent explicitly (I7).

`model` reaches every configured provider, the keyless cloud one included, and an unknown one wedges the session (FACTS
"What a caller could do"). The first of each list is the default; an empty list permits nothing.
"""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct, field

from egress_proxy.model import Policy, Refused
from egress_proxy.reasons import Reason

Variant = Literal["default", "none", "minimal", "low", "medium", "high", "xhigh", "max"]
"""How hard the model thinks: opencode's own names. Upstream takes any string, so the set is closed here."""

SHORT: Final = 128
"""Characters of a name."""


class PromptModel(Struct, frozen=True, forbid_unknown_fields=True):
    """A model as messages and summaries spell it."""

    provider_id: str = field(name="providerID")
    model_id: str = field(name="modelID")


class SessionModel(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A model as `POST /session` spells it."""

    provider_id: str = field(name="providerID")
    id: str
    variant: Variant | None = None


def model(policy: Policy, asked: tuple[str, str] | None) -> tuple[str, str] | Refused:
    """Give (provider, model): what was asked for if it is on the list, the default if nothing was."""
    if asked is None and policy.models:
        return policy.models[0]
    if asked is None or asked not in policy.models:
        return Refused(Reason.MODEL_FORBIDDEN)
    return asked


def agent(policy: Policy, asked: str | None) -> str | Refused:
    """Give the agent that was asked for if it is on the list, the default if none was."""
    if asked is None and policy.agents:
        return policy.agents[0]
    if asked is None or asked not in policy.agents:
        return Refused(Reason.AGENT_FORBIDDEN)
    return asked
