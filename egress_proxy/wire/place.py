"""PATHS, PROJECT and VCS: where the local agent works.

Directories cross if they are the client's. A worktree above them (the client may use one directory of a repository)
is shown as the client's own; `/` is what the server says where there is no repository. `home`, `state` and `config`
are blank.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import UNSET, UnsetType, field

from egress_proxy.model import Refused
from egress_proxy.reasons import Reason
from egress_proxy.wire.fields import Time, Wire, is_branch, project_or_blank
from egress_proxy.wire.view import View

_NO_REPOSITORY: Final = "/"


class GivenPaths(Wire, frozen=True):
    worktree: str
    directory: str


class Paths(Wire, frozen=True):
    worktree: str
    directory: str
    home: str = ""
    state: str = ""
    config: str = ""


class ProjectTime(Wire, frozen=True):
    """Read and sent alike."""

    created: Time
    updated: Time
    initialized: Time | UnsetType = UNSET


class GivenProject(Wire, frozen=True):
    id: str
    worktree: str
    time: ProjectTime
    vcs: str | None = None


class Project(Wire, frozen=True):
    id: str
    worktree: str
    time: ProjectTime
    vcs: str | UnsetType = UNSET
    sandboxes: list[str] = field(default_factory=list)


class GivenVcs(Wire, frozen=True):
    branch: str | None = None
    default_branch: str | None = field(name="default_branch", default=None)


class Vcs(Wire, frozen=True):
    branch: str | UnsetType = UNSET
    default_branch: str | UnsetType = field(name="default_branch", default=UNSET)


_PATHS: Final = msgspec.json.Decoder(GivenPaths)
_PROJECT: Final = msgspec.json.Decoder(GivenProject)
_VCS: Final = msgspec.json.Decoder(GivenVcs)


def project_paths(body: bytes, view: View) -> Paths | Refused:
    """Project the server's paths to the one directory that was asked for."""
    given = _PATHS.decode(body)
    if given.directory not in view.directories:
        return Refused(Reason.DIRECTORY_FORBIDDEN)
    worktree = given.worktree if given.worktree in {_NO_REPOSITORY, *view.directories} else given.directory
    return Paths(worktree, given.directory)


def project_project(body: bytes, view: View) -> Project:
    """Project the project that a directory belongs to."""
    given = _PROJECT.decode(body)
    return Project(
        id=project_or_blank(given.id),
        worktree=_worktree(given.worktree, view),
        time=given.time,
        vcs="git" if given.vcs == "git" else UNSET,
    )


def _worktree(worktree: str, view: View) -> str:
    if worktree in view.directories:
        return worktree
    below = [directory for directory in view.directories if directory.startswith(f"{worktree}/")]
    return min(below, default=_NO_REPOSITORY)


def project_vcs(body: bytes, _: View) -> Vcs:
    """Project the repository's state to the names of its branches."""
    given = _VCS.decode(body)
    return Vcs(_branch(given.branch), _branch(given.default_branch))


def _branch(name: str | None) -> str | UnsetType:
    return name if name is not None and is_branch(name) else UNSET
