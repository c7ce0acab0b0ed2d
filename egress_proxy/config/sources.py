"""The entries of `known_values`: a mapping with one key that says the kind, and the options of that kind."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from egress_proxy.config import paths, values
from egress_proxy.config.nodes import AnyNode, Fields, Scalar
from egress_proxy.config.schema import COMMAND_FORMATS, FILES, OPENCODE_AUTH_FILE, KnownSource, Source

_REFRESH: Final = 60
_TIMEOUT: Final = 10
_LONGEST: Final = 86_400
_PID: Final = re.compile(r"[1-9][0-9]{0,9}")

OPTIONS: Final[dict[Source, tuple[str, ...]]] = {
    **dict.fromkeys(FILES, ("optional",)),
    Source.UPSTREAM_CONFIG: ("refresh_seconds",),
    Source.FINGERPRINT_FILE: ("optional",),
    Source.PROCESS: ("refresh_seconds",),
    Source.COMMAND: ("format", "refresh_seconds", "timeout_seconds"),
}
"""The options of the kinds that have any."""


def known_source(node: AnyNode) -> KnownSource:
    """Read one entry."""
    kind = _kind(node)
    given = values.mapping(node, (kind, *OPTIONS.get(kind, ())))
    value = given[kind]
    if kind is Source.COMMAND:
        return _command(value, given)
    if kind is Source.PROCESS:
        return KnownSource(kind, _process(value), refresh_seconds=_seconds(given, "refresh_seconds", 0, _REFRESH))
    if kind in FILES or kind is Source.FINGERPRINT_FILE:
        optional = "optional" in given and values.boolean(given["optional"])
        return KnownSource(kind, _file(kind, value, optional=optional), optional=optional)
    _switched_on(value)
    return KnownSource(kind, refresh_seconds=_seconds(given, "refresh_seconds", 0, 0))


def _kind(node: AnyNode) -> Source:
    known = tuple(Source)
    if not isinstance(node, Fields):
        raise node.problem(f"must be a mapping with one of the keys {', '.join(known)}")
    named = [key for key in node.fields if key in known]
    options = {option for options in OPTIONS.values() for option in options}
    unknown = next((value for key, value in node.fields.items() if key not in known and key not in options), None)
    if unknown is not None:
        raise unknown.problem(f"unknown key; known are {', '.join(known)}")
    if len(named) != 1:
        raise node.problem(f"must have exactly one of the keys {', '.join(known)}")
    return Source(named[0])


def _switched_on(node: AnyNode) -> None:
    if not values.boolean(node):
        raise node.problem("must be true, or the entry left out")


def _file(kind: Source, node: AnyNode, *, optional: bool) -> str:
    if kind is Source.OPENCODE_AUTH and isinstance(node, Scalar) and not node.string:
        _switched_on(node)
        text = str(Path(OPENCODE_AUTH_FILE).expanduser())
        return text if optional and not Path(text).exists() else paths.existing(text, node)
    text = paths.path(node)
    return text if optional and not Path(text).exists() else paths.existing(text, node)


def _process(node: AnyNode) -> str:
    """Read the number of a process, or the path of a file that holds it (which a restart of it writes anew)."""
    if isinstance(node, Scalar) and node.plain and _PID.fullmatch(node.text):
        return node.text
    return paths.path(node)


def _command(node: AnyNode, given: dict[str, AnyNode]) -> KnownSource:
    return KnownSource(
        Source.COMMAND,
        command=paths.command(node),
        format=_format(given["format"]) if "format" in given else COMMAND_FORMATS[0],
        refresh_seconds=_seconds(given, "refresh_seconds", 0, 0),
        timeout_seconds=_seconds(given, "timeout_seconds", 1, _TIMEOUT),
    )


def _format(node: AnyNode) -> str:
    text = values.string(node)
    if text not in COMMAND_FORMATS:
        raise node.problem(f"must be one of {', '.join(COMMAND_FORMATS)}")
    return text


def _seconds(given: dict[str, AnyNode], key: str, least: int, default: int) -> int:
    return values.integer(least, _LONGEST)(given[key]) if key in given else default
