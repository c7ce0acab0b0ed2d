"""FILE_STATUS, FILE_NODES and FILE_NAMES: names and counts, never content.

Names are relative and stay below the directory: an absolute one, or one with `..` in it, does not cross. `absolute`
is required and blank.
"""

from __future__ import annotations

from typing import Final

from egress_proxy.wire.decoding import Items
from egress_proxy.wire.diff import FILE_STATUS
from egress_proxy.wire.fields import Number, Wire, one_of
from egress_proxy.wire.view import View

_NODE_TYPES: Final = frozenset({"file", "directory"})


class GivenChange(Wire, frozen=True):
    """`/file/status` has path, added and removed; `/vcs/status` has file, additions and deletions."""

    status: str
    path: str | None = None
    added: Number = 0
    removed: Number = 0
    file: str | None = None
    additions: Number = 0
    deletions: Number = 0


class FileChange(Wire, frozen=True):
    path: str
    added: Number
    removed: Number
    status: str


class VcsChange(Wire, frozen=True):
    file: str
    additions: Number
    deletions: Number
    status: str


class GivenNode(Wire, frozen=True):
    name: str
    path: str
    type: str
    ignored: bool


class Node(Wire, frozen=True):
    name: str
    path: str
    type: str
    ignored: bool
    absolute: str = ""


_CHANGES: Final = Items(GivenChange)
_NODES: Final = Items(GivenNode)
_NAMES: Final = Items(str)


def is_below(path: str) -> bool:
    """Tell whether `path` is relative and leads nowhere up."""
    return path != "" and not path.startswith(("/", "\\", "~")) and ".." not in path.replace("\\", "/").split("/")


def _change(given: GivenChange) -> FileChange | VcsChange | None:
    status = one_of(given.status, FILE_STATUS, "modified")
    if given.path is not None and is_below(given.path):
        return FileChange(given.path, given.added, given.removed, status)
    if given.file is not None and is_below(given.file):
        return VcsChange(given.file, given.additions, given.deletions, status)
    return None


def project_file_status(body: bytes, _: View) -> list[FileChange | VcsChange]:
    """Project the changed files of a working tree."""
    return [made for made in map(_change, _CHANGES.decode(body)) if made is not None]


def project_file_nodes(body: bytes, _: View) -> list[Node]:
    """Project the entries of a directory."""
    return [
        Node(given.name, given.path, one_of(given.type, _NODE_TYPES, "file"), given.ignored)
        for given in _NODES.decode(body)
        if is_below(given.path) and is_below(given.name)
    ]


def project_file_names(body: bytes, _: View) -> list[str]:
    """Project the names that a search found."""
    return [name for name in _NAMES.decode(body) if is_below(name)]
