"""Readers of paths, and what the file system says of them.

A path is absolute, or starts with `~/`; `credential:NAME` is a file that systemd hands over. What the local agent can
write must not hold what binds it: its directories may not contain the configuration, the state or the password (I7).
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Final

from egress_proxy.config.nodes import AnyNode, Items, NodeError
from egress_proxy.config.values import string

_MAX_WORDS: Final = 64
_CREDENTIAL: Final = "credential:"
_NO_CREDENTIALS: Final = "/run/credentials/only-in-the-unit"
"""Outside of the unit, where only root could put something: commands that do not read it run there too."""
_CREDENTIAL_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}")


def path(node: AnyNode) -> str:
    """Read an absolute path; symbolic links stay."""
    text = string(node)
    if text.startswith(_CREDENTIAL):
        return _credential(text.removeprefix(_CREDENTIAL), node)
    expanded = str(Path(text).expanduser()) if text.startswith("~/") else text
    if not expanded.startswith("/"):
        raise node.problem("must be an absolute path, or start with ~/")
    return expanded


def _credential(name: str, node: AnyNode) -> str:
    """The file of one of systemd's credentials (LoadCredential=)."""
    place = os.environ.get("CREDENTIALS_DIRECTORY", "")
    if _CREDENTIAL_NAME.fullmatch(name) is None:
        raise node.problem("must have the name of a credential behind `credential:`")
    return f"{place if place.startswith('/') else _NO_CREDENTIALS}/{name}"


def directory(node: AnyNode) -> str:
    """Read the path of an existing directory, and give its real path."""
    real = _real(path(node), node)
    if not stat.S_ISDIR(real.stat().st_mode):
        raise node.problem("is not a directory")
    if real == Path("/"):
        raise node.problem("may not be the root of the file system: everything would be allowed")
    return str(real)


def existing(text: str, node: AnyNode) -> str:
    """Check that a path is a readable file, and give it. Links stay: where they lead may be changed while we run."""
    real = _real(text, node)
    if not stat.S_ISREG(real.stat().st_mode):
        raise node.problem("is not a file")
    if not os.access(real, os.R_OK):
        raise node.problem("cannot be read")
    return text


def file(node: AnyNode) -> str:
    """Read the path of a readable file."""
    return existing(path(node), node)


def program(node: AnyNode) -> str:
    """Read the path of a program that can be run."""
    text = existing(path(node), node)
    if not os.access(text, os.X_OK):
        raise node.problem("may not be run")
    return text


def command(node: AnyNode) -> tuple[str, ...]:
    """Read a program that can be run, and its arguments."""
    if not isinstance(node, Items) or not 0 < len(node.items) <= _MAX_WORDS:
        raise node.problem("must be a list: an absolute path, and its arguments")
    return (program(node.items[0]), *(string(item) for item in node.items[1:]))


def inside(place: str, roots: tuple[str, ...]) -> bool:
    """Tell whether a path, links resolved, is one of the roots or below one."""
    real = Path(os.path.realpath(place))
    return any(real.is_relative_to(root) for root in roots)


def _real(text: str, node: AnyNode) -> Path:
    try:
        return Path(text).resolve(strict=True)
    except (OSError, RuntimeError):  # RuntimeError: a loop of links
        raise _missing(node) from None


def _missing(node: AnyNode) -> NodeError:
    return node.problem("does not exist, or may not be looked at")
