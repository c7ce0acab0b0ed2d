"""What may cross, field by field: written by hand from the requirements, read by no code but the tests.

A line is a path and a kind. `[]` stands for the items of a list, `*` for the keys of a map.

    text       free text: the scanner's business
    name       a name or foreign id: no spaces, short; also scanned
    id         one of opencode's own ids
    place      a directory of the client, or `/`
    word       of a closed set
    number     finite
    bool       true or false
    blank      ""
    empty      [] or {}
    constant   the same in every answer
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from egress_proxy.model import Resource
from tests.wire.sweep import canaries_in


def _table(text: str, prefix: str = "") -> dict[str, str]:
    lines = (line.split() for line in text.strip().splitlines())
    return {prefix + path: kind for path, kind in lines}


_TOKENS = """
.input number
.output number
.reasoning number
.cache.read number
.cache.write number
"""
_FAILURE = """
.name word
.data.message constant
.data.providerID blank
.data.retries number
.data.isRetryable bool
.data empty
"""
_SESSION = {
    **_table("""
.id id
.slug blank
.path blank
.projectID name
.directory place
.parentID id
.title text
.version name
.agent name
.model.id name
.model.providerID name
.model.variant word
.cost number
.time.created number
.time.updated number
.time.compacting number
.time.archived number
.summary.additions number
.summary.deletions number
.summary.files number
.revert.messageID id
.revert.partID id
"""),
    **_table(_TOKENS, ".tokens"),
}
_INFO = {
    **_table("""
.id id
.sessionID id
.role word
.time.created number
.time.completed number
.parentID id
.providerID name
.modelID name
.model.providerID name
.model.modelID name
.model.variant word
.variant word
.mode name
.agent name
.cost number
.path.cwd blank
.path.root blank
.finish word
.summary bool
"""),
    **_table(_TOKENS, ".tokens"),
    ".tokens.total": "number",
    **_table(_FAILURE, ".error"),
}
_PART = {
    **_table("""
.type word
.id id
.sessionID id
.messageID id
.text text
.ignored bool
.time.start number
.time.end number
.time.created number
.mime constant
.url constant
.callID name
.tool name
.state.status word
.state.input empty
.state.raw blank
.state.output blank
.state.title blank
.state.error blank
.state.metadata empty
.state.time.start number
.state.time.end number
.reason word
.cost number
.snapshot blank
.hash blank
.files empty
.name name
.agent name
.prompt blank
.description blank
.attempt number
.auto bool
.overflow bool
"""),
    **_table(_TOKENS, ".tokens"),
    ".tokens.total": "number",
    # A retry's is always the model provider's.
    **_table(".name word\n.data.message constant\n.data.isRetryable bool", ".error"),
}
_STATUS = _table("""
.type word
.attempt number
.next number
.message blank
""")
_TODO = _table("""
.content text
.status word
.priority word
""")
_DIFF = _table("""
.file text
.status word
.additions number
.deletions number
""")
_PERMISSION = _table("""
.id id
.sessionID id
.permission name
.patterns[] text
.patterns empty
.always empty
.metadata empty
.tool.messageID id
.tool.callID name
""")
_QUESTION = _table("""
.id id
.sessionID id
.questions empty
.questions[].question text
.questions[].header text
.questions[].options empty
.questions[].options[].label text
.questions[].options[].description text
.questions[].multiple bool
.questions[].custom bool
.tool.messageID id
.tool.callID name
""")
_MEDIA = ("text", "audio", "image", "video", "pdf")
_PROVIDER = {
    **_table("""
.id name
.name text
.source word
.env empty
.options empty
.models.*.id name
.models.*.providerID name
.models.*.name text
.models.*.limit.context number
.models.*.limit.input number
.models.*.limit.output number
.models.*.cost.input number
.models.*.cost.output number
.models.*.cost.cache.read number
.models.*.cost.cache.write number
.models.*.status word
.models.*.release_date name
.models.*.api.id blank
.models.*.api.url blank
.models.*.api.npm blank
.models.*.options empty
.models.*.headers empty
.models.*.capabilities.temperature bool
.models.*.capabilities.reasoning bool
.models.*.capabilities.attachment bool
.models.*.capabilities.toolcall bool
.models.*.capabilities.interleaved bool
"""),
    **{f".models.*.capabilities.{way}.{kind}": "bool" for way in ("input", "output") for kind in _MEDIA},
}
_EVENT_PROPERTIES = {
    **_table("""
.sessionID id
.messageID id
.partID id
.requestID id
.time number
.reply word
.answers empty
.diff empty
.todos empty
"""),
    **{f".info{path}": kind for path, kind in _SESSION.items()},
    **{f".info{path}": kind for path, kind in _INFO.items()},
    **{f".part{path}": kind for path, kind in _PART.items()},
    **{f".status{path}": kind for path, kind in _STATUS.items()},
    **{f".todos[]{path}": kind for path, kind in _TODO.items()},
    **{f".diff[]{path}": kind for path, kind in _DIFF.items()},
    **_table(_FAILURE, ".error"),
    **_PERMISSION,
    **_QUESTION,
}
_EVENT = {
    **_table("""
.id id
.type word
.properties empty
"""),
    **{f".properties{path}": kind for path, kind in _EVENT_PROPERTIES.items()},
}


def _under(prefix: str, table: Mapping[str, str]) -> dict[str, str]:
    return {prefix + path: kind for path, kind in table.items()}


def _listed(table: Mapping[str, str]) -> dict[str, str]:
    return {"": "empty", **_under("[]", table)}


_MESSAGE = {**_under(".info", _INFO), **_under(".parts[]", _PART), ".parts": "empty"}

FIELDS: Final[Mapping[Resource, Mapping[str, str]]] = {
    Resource.NOTHING: {"": "null"},
    Resource.BOOLEAN: {"": "bool"},
    Resource.HEALTH: {".healthy": "bool", ".version": "name"},
    Resource.CAPABILITIES: {".backgroundSubagents": "bool"},
    Resource.SESSION: _SESSION,
    Resource.SESSIONS: _listed(_SESSION),
    Resource.STATUS: {"": "empty", **_under(".*", _STATUS)},
    Resource.TODOS: _listed(_TODO),
    Resource.MESSAGE: _MESSAGE,
    Resource.MESSAGES: _listed(_MESSAGE),
    Resource.DIFF: _listed(_DIFF),
    Resource.PERMISSIONS: _listed(_PERMISSION),
    Resource.QUESTIONS: _listed(_QUESTION),
    Resource.CONFIG: {".model": "constant"},
    Resource.CONFIG_PROVIDERS: {
        ".providers": "empty",
        ".default": "empty",
        ".default.*": "name",
        **_under(".providers[]", _PROVIDER),
    },
    Resource.PROVIDERS: {
        ".all": "empty",
        ".default": "empty",
        ".default.*": "name",
        ".connected": "empty",
        ".connected[]": "name",
        **_under(".all[]", _PROVIDER),
    },
    Resource.AGENTS: _listed(
        _table("""
.name name
.mode word
.description text
.native bool
.hidden bool
.model.providerID name
.model.modelID name
.permission empty
.options empty
""")
    ),
    Resource.COMMANDS: _listed({".name": "name", ".source": "word", ".template": "blank", ".hints": "empty"}),
    Resource.SKILLS: _listed({".name": "name", ".description": "text", ".location": "blank", ".content": "blank"}),
    Resource.MCP: {"": "empty", ".*.status": "word", ".*.error": "blank"},
    Resource.LSP: _listed({".id": "name", ".name": "name", ".root": "blank", ".status": "word"}),
    Resource.FORMATTERS: _listed(
        {".name": "name", ".extensions": "empty", ".extensions[]": "name", ".enabled": "bool"},
    ),
    Resource.TOOL_IDS: {"": "empty", "[]": "name"},
    Resource.PATHS: {
        ".worktree": "place",
        ".directory": "place",
        ".home": "blank",
        ".state": "blank",
        ".config": "blank",
    },
    Resource.PROJECT: _table("""
.id name
.worktree place
.vcs word
.sandboxes empty
.time.created number
.time.updated number
.time.initialized number
"""),
    Resource.VCS: {"": "empty", ".branch": "text", ".default_branch": "text"},
    Resource.FILE_STATUS: _listed(
        {
            ".path": "text",
            ".added": "number",
            ".removed": "number",
            ".file": "text",
            ".additions": "number",
            ".deletions": "number",
            ".status": "word",
        }
    ),
    Resource.FILE_NODES: _listed(
        {".name": "text", ".path": "text", ".absolute": "blank", ".type": "word", ".ignored": "bool"}
    ),
    Resource.FILE_NAMES: {"": "empty", "[]": "text"},
    Resource.EVENT: _EVENT,
    Resource.GLOBAL_EVENT: {".directory": "place", ".project": "name", **_under(".payload", _EVENT)},
}


_ID: Final = re.compile(r"(?:ses|msg|prt|per|que|evt)[A-Za-z0-9_]{1,60}")
_NAME: Final = re.compile(r"[A-Za-z0-9_.:/+-]{0,128}")
_WORD: Final = re.compile(r"[A-Za-z._-]{1,32}")
_MAPS: Final = {
    resource: frozenset(line.partition(".*")[0] for line in lines if ".*" in line) for resource, lines in FIELDS.items()
}
"""Where the maps are: their keys are the server's, and have to be names."""


def wrong(resource: Resource, value: Any, places: frozenset[str]) -> list[str]:
    """Give the paths of `value` that no line names, or whose value is not of the line's kind: paths, never values."""
    fields = FIELDS[resource]
    return [path for path, leaf in leaves(resource, value) if not _fits(fields.get(path, ""), leaf, places)]


def leaves(resource: Resource, value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Give every leaf of `value`, empty lists and maps included, with the path that a line would give it."""
    if isinstance(value, dict) and value:
        is_map = path in _MAPS[resource]
        for key, one in value.items():
            step = ("*" if _NAME.fullmatch(key) else "(not a name)") if is_map else key
            yield from leaves(resource, one, f"{path}.{step}")
    elif isinstance(value, list) and value:
        for one in value:
            yield from leaves(resource, one, f"{path}[]")
    else:
        yield path, value


def _is_text(leaf: Any, form: re.Pattern[str] = re.compile(r"(?s).*")) -> bool:
    return isinstance(leaf, str) and form.fullmatch(leaf) is not None


def _is_number(leaf: Any) -> bool:
    return isinstance(leaf, int | float) and not isinstance(leaf, bool) and math.isfinite(leaf)


_KINDS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "text": _is_text,
    "name": lambda leaf: _is_text(leaf, _NAME),
    "id": lambda leaf: _is_text(leaf, _ID),
    "word": lambda leaf: _is_text(leaf, _WORD) and not canaries_in(leaf.encode()),
    "constant": lambda leaf: _is_text(leaf) and not canaries_in(leaf.encode()),
    "number": _is_number,
    "bool": lambda leaf: isinstance(leaf, bool),
    "blank": lambda leaf: isinstance(leaf, str) and not leaf,
    "empty": lambda leaf: isinstance(leaf, list | dict) and not leaf,
    "null": lambda leaf: leaf is None,
}


def _fits(kind: str, leaf: Any, places: frozenset[str]) -> bool:
    if kind == "place":
        return leaf in places or _is_text(leaf, re.compile("/"))
    return kind in _KINDS and _KINDS[kind](leaf)
