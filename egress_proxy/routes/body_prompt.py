"""Bodies that run the model: prompts and summaries.

`tools` with any `true` is a lasting allow rule, even without parts; `system` and `format` change what the agent is told
to do; `noReply` forges history (FACTS "What a caller could do"). `messageID` is checked and not forwarded: one that
exists already is written over, also in another client's session, and a high one wedges the session (seen on both
versions). The server gives its own.

Older clients (`opencode-ai` for Python) name the model by `providerID` and `modelID` beside the parts. The server has
forgotten that spelling and silently runs its default instead (seen on both versions). Here it is what it says: that
model if it is on the list, else a refusal.
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import UNSET, Meta, Struct, UnsetType, field

from egress_proxy.model import Policy, Refused
from egress_proxy.reasons import Reason
from egress_proxy.routes import choices, forms
from egress_proxy.routes.choices import PromptModel, Variant
from egress_proxy.routes.parts import Part, read_parts
from egress_proxy.routes.reading import Object, read_typed

MAX_TOOLS: Final = 64
ToolName = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9*][A-Za-z0-9_.*-]{0,127}\Z")]
MessageID = Annotated[str, Meta(pattern=rf"\A{forms.MESSAGE.pattern}\Z")]


class AskedPrompt(Struct, frozen=True, forbid_unknown_fields=True):
    """A message as a client sends it. `parts` are read on their own."""

    parts: list[object]
    agent: str | None = None
    model: PromptModel | None = None
    provider_id: str | None = field(default=None, name="providerID")
    model_id: str | None = field(default=None, name="modelID")
    variant: Variant | None = None
    tools: Annotated[dict[ToolName, bool], Meta(max_length=MAX_TOOLS)] | None = None
    message_id: MessageID | None = field(default=None, name="messageID")
    no_reply: bool = field(default=False, name="noReply")


class Prompt(Struct, frozen=True):
    """A message as it is sent upstream."""

    agent: str
    model: PromptModel
    parts: tuple[Part, ...]
    variant: Variant | UnsetType = UNSET
    tools: dict[str, bool] | UnsetType = UNSET
    system: str | UnsetType = UNSET  # the operator's, never a client's


class AskedSummary(Struct, frozen=True, forbid_unknown_fields=True):
    """A summary as a client asks for it. `auto` would let the agent go on by itself afterwards."""

    provider_id: str | None = field(default=None, name="providerID")
    model_id: str | None = field(default=None, name="modelID")
    auto: bool = False


class Summary(Struct, frozen=True):
    """A summary as it is asked of upstream."""

    provider_id: str = field(name="providerID")
    model_id: str = field(name="modelID")
    auto: bool = False


def read_prompt(value: Object, policy: Policy) -> Prompt | Refused:
    """Give the prompt of a message, with agent and model made explicit."""
    refused = _refuse_widening(value)
    if refused is not None:
        return refused
    parts = read_parts(value.get("parts"), policy)
    if isinstance(parts, Refused):
        return parts
    asked = read_typed(value, AskedPrompt)
    if isinstance(asked, Refused):
        return asked
    agent = choices.agent(policy, asked.agent)
    if isinstance(agent, Refused):
        return agent
    pair = _pair(asked)
    model = pair if isinstance(pair, Refused) else choices.model(policy, pair)
    if isinstance(model, Refused):
        return model
    return Prompt(
        agent, PromptModel(*model), parts, asked.variant or UNSET, asked.tools or UNSET, policy.instruction or UNSET
    )


def _pair(asked: AskedPrompt) -> tuple[str, str] | Refused | None:
    """Give the model that is asked for in either spelling. Both at once, or half of one, are not guessed at."""
    spelt = [asked.provider_id, asked.model_id]
    if asked.model is None and asked.provider_id is not None and asked.model_id is not None:
        return asked.provider_id, asked.model_id
    if spelt != [None, None]:
        return Refused(Reason.BODY_INVALID)
    return (asked.model.provider_id, asked.model.model_id) if asked.model else None


def _refuse_widening(value: Object) -> Refused | None:
    """Give the reason of its own that a widening field has, whatever else is wrong with the body."""
    tools = value.get("tools", {})
    if not isinstance(tools, dict) or any(on is not False for on in tools.values()):
        return Refused(Reason.TOOLS_FORBIDDEN)
    if "permission" in value:
        return Refused(Reason.PERMISSION_RULE_FORBIDDEN)
    if "system" in value:
        return Refused(Reason.SYSTEM_FORBIDDEN)
    if "format" in value:
        return Refused(Reason.FORMAT_FORBIDDEN)
    if value.get("noReply", False) is not False:
        return Refused(Reason.NO_REPLY_FORBIDDEN)
    return None


def read_summary(value: Object, policy: Policy) -> Summary | Refused:
    """Give the summary that is asked for, its model made explicit."""
    asked = read_typed(value, AskedSummary)
    if isinstance(asked, Refused):
        return asked
    if asked.auto or (asked.provider_id is None) != (asked.model_id is None):
        return Refused(Reason.BODY_INVALID)
    pair = None if asked.provider_id is None or asked.model_id is None else (asked.provider_id, asked.model_id)
    model = choices.model(policy, pair)
    return model if isinstance(model, Refused) else Summary(*model)
