"""From bytes to what may cross: one function a resource, and the one place that calls them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from egress_proxy.model import Projected, Refused, Resource
from egress_proxy.wire import ask, catalogue, diff, event, file, message, place, provider, server, session, status
from egress_proxy.wire.decoding import guarded
from egress_proxy.wire.view import View

Projector = Callable[[bytes, View], object]

PROJECTORS: Final[Mapping[Resource, Projector]] = MappingProxyType(
    {
        Resource.NOTHING: server.project_nothing,
        Resource.BOOLEAN: server.project_boolean,
        Resource.HEALTH: server.project_health,
        Resource.SESSION: session.project_session,
        Resource.SESSIONS: session.project_sessions,
        Resource.STATUS: status.project_statuses,
        Resource.TODOS: status.project_todos,
        Resource.MESSAGE: message.project_message,
        Resource.MESSAGES: message.project_messages,
        Resource.DIFF: diff.project_diff,
        Resource.PERMISSIONS: ask.project_permissions,
        Resource.QUESTIONS: ask.project_questions,
        Resource.CONFIG: provider.project_config,
        Resource.CONFIG_PROVIDERS: provider.project_config_providers,
        Resource.PROVIDERS: provider.project_providers,
        Resource.AGENTS: catalogue.project_agents,
        Resource.COMMANDS: catalogue.project_commands,
        Resource.SKILLS: catalogue.project_skills,
        Resource.MCP: catalogue.project_mcp,
        Resource.LSP: catalogue.project_lsp,
        Resource.FORMATTERS: catalogue.project_formatters,
        Resource.TOOL_IDS: catalogue.project_tool_ids,
        Resource.PATHS: place.project_paths,
        Resource.PROJECT: place.project_project,
        Resource.VCS: place.project_vcs,
        Resource.FILE_STATUS: file.project_file_status,
        Resource.FILE_NODES: file.project_file_nodes,
        Resource.FILE_NAMES: file.project_file_names,
        Resource.CAPABILITIES: server.project_capabilities,
        Resource.EVENT: event.project_frame,
        Resource.GLOBAL_EVENT: event.project_global_frame,
    }
)
"""Each gives Structs (or lists and maps of them) that hold only what may cross, or a `Refused`, or raises."""


def project(resource: Resource, body: bytes, view: View) -> Projected | Refused:
    """Project an answer: frozen Structs, or lists and maps of them. No exception leaves."""

    def run(body: bytes) -> Projected | Refused:
        made = PROJECTORS[resource](body, view)
        return made if isinstance(made, Refused) else Projected(made, size=len(body))

    return guarded(run, body)


def merge(resource: Resource, values: Sequence[object]) -> object:
    """Unite the projected values of a sweep: lists end to end, maps by key.

    Raise `ValueError` for any other resource.
    """
    match resource:
        case Resource.PERMISSIONS | Resource.QUESTIONS:
            return [item for value in values if isinstance(value, list) for item in value]
        case Resource.STATUS:
            return {key: item for value in values if isinstance(value, dict) for key, item in value.items()}
        case _:
            raise ValueError("only sweeps are merged")
