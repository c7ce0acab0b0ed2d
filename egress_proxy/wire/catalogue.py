"""AGENTS, COMMANDS, SKILLS, MCP, LSP, FORMATTERS and TOOL_IDS: what the local agent has, by name.

Names are short (`fields.is_name`), or their item does not cross. Prompts, templates, skill contents, permission
rules, options, error texts and paths do not cross; where the schema requires them they are blank.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import UNSET, Raw, UnsetType, field

from egress_proxy.wire.decoding import UNREADABLE, Items
from egress_proxy.wire.fields import Wire, is_extension, is_name, one_of
from egress_proxy.wire.view import View

_MODES: Final = frozenset({"subagent", "primary", "all"})
_COMMAND_SOURCES: Final = frozenset({"command", "mcp", "skill"})
_MCP_STATUS: Final = frozenset({"connected", "disabled", "failed", "needs_auth", "needs_client_registration"})
_MCP_WITH_ERROR: Final = frozenset({"failed", "needs_client_registration"})
_LSP_STATUS: Final = frozenset({"connected", "error"})


class AgentModel(Wire, frozen=True):
    """Read as any strings, sent only as a pair of the operator's list."""

    provider_id: str
    model_id: str


class GivenAgent(Wire, frozen=True):
    name: str
    mode: str
    description: str | None = None
    native: bool | None = None
    hidden: bool | None = None
    model: AgentModel | None = None


class Agent(Wire, frozen=True):
    name: str
    mode: str
    description: str | UnsetType = UNSET
    native: bool | UnsetType = UNSET
    hidden: bool | UnsetType = UNSET
    model: AgentModel | UnsetType = UNSET
    permission: list[str] = field(default_factory=list)
    options: dict[str, object] = field(default_factory=dict)


class GivenCommand(Wire, frozen=True):
    name: str
    source: str | None = None


class Command(Wire, frozen=True):
    name: str
    source: str | UnsetType = UNSET
    template: str = ""
    hints: list[str] = field(default_factory=list)


class GivenSkill(Wire, frozen=True):
    name: str
    description: str | None = None


class Skill(Wire, frozen=True):
    name: str
    description: str | UnsetType = UNSET
    location: str = ""
    content: str = ""


class GivenMcp(Wire, frozen=True):
    status: str


class Mcp(Wire, frozen=True):
    status: str
    error: str | UnsetType = UNSET


class GivenLsp(Wire, frozen=True):
    name: str
    status: str


class Lsp(Wire, frozen=True):
    id: str
    name: str
    status: str
    root: str = ""


class Formatter(Wire, frozen=True):
    """Read and, with plain names and extensions, sent."""

    name: str
    extensions: list[str]
    enabled: bool


_AGENTS: Final = Items(GivenAgent)
_COMMANDS: Final = Items(GivenCommand)
_SKILLS: Final = Items(GivenSkill)
_MCPS: Final = msgspec.json.Decoder(dict[str, Raw])
_MCP: Final = msgspec.json.Decoder(GivenMcp)
_LSPS: Final = Items(GivenLsp)
_FORMATTERS: Final = Items(Formatter)
_NAMES: Final = Items(str)


def _agent(given: GivenAgent, view: View) -> Agent:
    provider, model = view.model(given.model.provider_id, given.model.model_id) if given.model else ("", "")
    return Agent(
        name=given.name,
        mode=one_of(given.mode, _MODES, "all"),
        description=UNSET if given.description is None else given.description,
        native=UNSET if given.native is None else given.native,
        hidden=UNSET if given.hidden is None else given.hidden,
        model=AgentModel(provider, model) if model else UNSET,
    )


def project_agents(body: bytes, view: View) -> list[Agent]:
    """Project the agents to the operator's list, in its order: clients take the first for the default."""
    given = {one.name: one for one in _AGENTS.decode(body)}
    return [_agent(given[name], view) for name in view.agents if name in given]


def project_commands(body: bytes, _: View) -> list[Command]:
    """Project the commands to their names; running one is denied, so a template is of no use."""
    return [
        Command(given.name, given.source if given.source in _COMMAND_SOURCES else UNSET)
        for given in _COMMANDS.decode(body)
        if is_name(given.name)
    ]


def project_skills(body: bytes, _: View) -> list[Skill]:
    """Project the skills to name and description."""
    return [
        Skill(given.name, UNSET if given.description is None else given.description)
        for given in _SKILLS.decode(body)
        if is_name(given.name)
    ]


def project_mcp(body: bytes, _: View) -> dict[str, Mcp]:
    """Project the MCP servers to whether they work; a status that cannot be read is `failed`."""
    return {name: _mcp(raw) for name, raw in _MCPS.decode(body).items() if is_name(name)}


def _mcp(raw: Raw) -> Mcp:
    try:
        word = one_of(_MCP.decode(raw).status, _MCP_STATUS, "failed")
    except UNREADABLE:
        word = "failed"
    return Mcp(word, "" if word in _MCP_WITH_ERROR else UNSET)


def project_lsp(body: bytes, _: View) -> list[Lsp]:
    """Project the language servers to whether they work. Their ids are their names."""
    return [
        Lsp(given.name, given.name, one_of(given.status, _LSP_STATUS, "error"))
        for given in _LSPS.decode(body)
        if is_name(given.name)
    ]


def project_formatters(body: bytes, _: View) -> list[Formatter]:
    """Project the formatters to the extensions they are for."""
    return [
        Formatter(given.name, list(filter(is_extension, given.extensions)), given.enabled)
        for given in _FORMATTERS.decode(body)
        if is_name(given.name)
    ]


def project_tool_ids(body: bytes, _: View) -> list[str]:
    """Project the tools to their names."""
    return [name for name in _NAMES.decode(body) if is_name(name)]
