"""The addresses of the console's pages. A session's pages lie below its place, which is the path of its cookie."""

from __future__ import annotations

from typing import Final

PREFIX: Final = "/console"


def entry(ask_id: str = "", *, over: bool = False) -> str:
    """The page to log in on; with an ask, the one that leads on to it. `over`: the browser's session has ended."""
    return f"{PREFIX}/{f'asks/{ask_id}' if ask_id else ''}{'?over=1' if over else ''}"


def static(name: str) -> str:
    return f"{PREFIX}/static/{name}"


def below(place: str, *parts: str) -> str:
    """A page of the session at a place; without parts, the queue."""
    return "/".join((PREFIX, place, *parts)) if parts else f"{PREFIX}/{place}/"
