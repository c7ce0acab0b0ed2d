"""What real servers answered, by resource: the files of `tests/data/samples`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from egress_proxy.model import Resource

VERSIONS: Final = ("1.15.13", "1.18.33")
SAMPLES: Final = Path(__file__).parents[1] / "data" / "samples"
_BY_NAME: Final = {
    "agent": Resource.AGENTS,
    "command": Resource.COMMANDS,
    "config": Resource.CONFIG,
    "config_providers": Resource.CONFIG_PROVIDERS,
    "file_list": Resource.FILE_NODES,
    "file_status": Resource.FILE_STATUS,
    "find_file": Resource.FILE_NAMES,
    "formatter": Resource.FORMATTERS,
    "global_health": Resource.HEALTH,
    "lsp": Resource.LSP,
    "mcp": Resource.MCP,
    "provider": Resource.PROVIDERS,
    "skill": Resource.SKILLS,
    "todo": Resource.TODOS,
    "tool_ids": Resource.TOOL_IDS,
    "vcs": Resource.VCS,
    "vcs_without_git": Resource.VCS,
    "vcs_status": Resource.FILE_STATUS,
    "session_list": Resource.SESSIONS,
    "session_list_empty": Resource.SESSIONS,
    "session_children": Resource.SESSIONS,
    "session_create": Resource.SESSION,
    "session_patch": Resource.SESSION,
    "session_fork": Resource.SESSION,
    "session_abort": Resource.BOOLEAN,
    "session_delete": Resource.BOOLEAN,
    "session_summarize": Resource.BOOLEAN,
    "question": Resource.QUESTIONS,
    "question_empty": Resource.QUESTIONS,
}
_BY_PREFIX: Final = {
    "messages": Resource.MESSAGES,
    "message_": Resource.MESSAGE,
    "session_status": Resource.STATUS,
    "session_get": Resource.SESSION,
    "session_diff": Resource.DIFF,
    "path": Resource.PATHS,
    "project_current": Resource.PROJECT,
    "permission_": Resource.PERMISSIONS,
}


def load(version: str, name: str) -> Any:
    """Give a sample."""
    return json.loads((SAMPLES / version / f"{name}.json").read_bytes())


def resource_of(name: str) -> Resource | None:
    """Give what a sample is an answer of, `None` if of an operation that does not cross."""
    if name.endswith("_reply") and name.startswith(("permission_", "question_")):
        return Resource.BOOLEAN
    return _BY_NAME.get(name) or next((found for start, found in _BY_PREFIX.items() if name.startswith(start)), None)


def answers() -> list[tuple[str, str, Resource]]:
    """Give version, name and resource of every sample that is an answer."""
    found = (
        (version, path.stem, resource_of(path.stem))
        for version in VERSIONS
        for path in sorted((SAMPLES / version).glob("*.json"))
    )
    return [(version, name, resource) for version, name, resource in found if resource is not None]


def frames(version: str, name: str = "events") -> list[dict[str, Any]]:
    """Give the frames of a sampled stream."""
    found = load(version, name)
    return [frame for listed in (found.values() if isinstance(found, dict) else [found]) for frame in listed]
