"""Whether an ask is one that the calling agent said beforehand that it expects.

An expectation names one thing exactly, as `permission:what`: `read:.env` (a path, absolute or relative to the session's
directory), `bash:git status` (a command as it will be called), `webfetch:https://docs.example.org/` (a pattern as the
ask shows it). An ask about several things needs an expectation for each, and uses them up.
"""

from __future__ import annotations

from collections.abc import Sequence

from egress_proxy.gates import paths
from egress_proxy.gates.subjects import BASH, OF_PATHS, Own, Subject, subjects_of
from egress_proxy.model import Ask


def used_by(ask: Ask, expectations: Sequence[str]) -> tuple[int, ...] | None:
    """Give the places of the expectations that an ask uses up, or None if one that it needs is not there."""
    left = dict(enumerate(expectations))
    used: list[int] = []
    for subject in subjects_of(ask, Own()):
        found = next((index for index, one in left.items() if _is(subject, ask, one)), None)
        if found is None:
            return None
        del left[found]
        used.append(found)
    return tuple(used)


def _is(subject: Subject, ask: Ask, expectation: str) -> bool:
    permission, _, what = expectation.partition(":")
    if permission != ask.permission:
        return False
    if permission == BASH:
        return subject.command is not None and " ".join(subject.command.words) == " ".join(what.split())
    if permission in OF_PATHS:
        return subject.path is not None and paths.readable(what) and paths.absolute(what, ask.directory) == subject.path
    return subject.text == what
