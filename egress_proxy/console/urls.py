"""The addresses of the console's pages. A session's pages lie below its place, which is the path of its cookie.

An address without the place can be handed to somebody else: it asks for a login, or finds the one that there is, and
leads on. Where it may lead is a closed grammar, so that no address is made of anything else.
"""

from __future__ import annotations

import re
from typing import Final

PREFIX: Final = "/console"
ASK: Final = r"asks/[A-Za-z0-9_.-]{1,128}"
PAGE: Final = r"feed|records(?:/[0-9]{1,15})?|sessions(?:/[A-Za-z0-9_-]{1,128})?|charts|values|routes|decided"
_LEAD: Final = re.compile(rf"{ASK}|(?:{PAGE})(?:\?[A-Za-z0-9_.~%=&+:/*@,;!$'()-]{{0,2000}})?")


def entry(to: str = "", *, over: bool = False) -> str:
    """The page to log in on, which leads on to a page. `over`: the browser's session has ended."""
    more = f"{'&' if '?' in to else '?'}over=1" if over else ""
    return f"{PREFIX}/{to}{more}"


def lead(given: str) -> str:
    """A page that a login may lead on to, or nothing."""
    return given if _LEAD.fullmatch(given) else ""


def static(name: str) -> str:
    return f"{PREFIX}/static/{name}"


def below(place: str, *parts: str) -> str:
    """A page of the session at a place; without parts, the queue."""
    return "/".join((PREFIX, place, *parts)) if parts else f"{PREFIX}/{place}/"
