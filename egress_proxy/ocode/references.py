"""Ids as people write them: whole, or as much of the start as tells one from the others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from egress_proxy.ocode.api import check_session_id
from egress_proxy.ocode.faults import Fault, not_found, usage

WHOLE: Final = 30
"""Length of an id as opencode makes it: three letters, `_`, and 26 characters. A whole one is not looked up."""
_SHORT: Final = re.compile(r"(ses|per|que)_[A-Za-z0-9]{0,25}")
_MOST_SHOWN: Final = 8


def session_id(given: str, listed: Callable[[], Iterable[str]]) -> str:
    """Give a session's whole id. Raise a fault when none or several of those listed begin like it."""
    if not _SHORT.fullmatch(given) or not given.startswith("ses"):
        check_session_id(given)
        return given
    return _only(given, listed(), "session", "`ocode sessions` lists yours")


def ask_id(given: str, kinds: tuple[str, ...], listed: Callable[[], Iterable[str]]) -> str:
    """Give an ask's whole id, likewise; `kinds` are the words that it may begin with."""
    if given.partition("_")[0] not in kinds or not re.fullmatch(r"[a-z]{3}_[A-Za-z0-9_-]{0,122}", given):
        wanted = " or ".join(f"{kind}_…" for kind in kinds)
        raise usage(f"ID is not of the form {wanted}: `ocode perms` lists the pending ones.")
    if not _SHORT.fullmatch(given):
        return given
    return _only(given, listed(), "pending ask", "`ocode perms` lists them; one that was answered is none")


def _only(given: str, listed: Iterable[str], what: str, where: str) -> str:
    found = sorted({one for one in listed if one.startswith(given)})
    if given in found or len(found) == 1:
        return given if given in found else found[0]
    if not found:
        raise not_found(f"No {what} of yours has an id that begins like this: {where}.")
    raise _ambiguous(what, found)


def _ambiguous(what: str, found: list[str]) -> Fault:
    more = f" and {len(found) - _MOST_SHOWN} more" if len(found) > _MOST_SHOWN else ""
    return usage(f"More than one {what} has an id that begins like this: {', '.join(found[:_MOST_SHOWN])}{more}.")
