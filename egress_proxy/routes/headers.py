"""What the headers of a request decide. None of them is forwarded, so only those that could mislead are looked at.

Method-override headers and the like do nothing, here or upstream, and are ignored.
"""

from __future__ import annotations

import re
from typing import Final

from egress_proxy.model import Refused, Request
from egress_proxy.reasons import Reason
from egress_proxy.routes.directory import from_header

_DIRECTORY: Final = "x-opencode-directory"
_WORKSPACE_PREFIX: Final = "x-opencode-workspace"
_DECIDING: Final = (_DIRECTORY, "content-type", "content-encoding")
_UPGRADES: Final = frozenset(("upgrade", "http2-settings", "sec-websocket-key", "sec-websocket-version"))
_UPGRADE_TOKENS: Final = frozenset(("upgrade", "http2-settings"))
_JSON: Final = re.compile(r"application/json(?:[ \t]*;[ \t]*charset=\"?utf-8\"?)?[ \t]*", re.IGNORECASE)


def refuse_upgrade(request: Request) -> Refused | None:
    """Refuse protocol upgrades: upstream's WebSocket routes obey the same loose spellings as its others (FACTS)."""
    for name, value in request.headers:
        if name in _UPGRADES:
            return Refused(Reason.UPGRADE_REFUSED)
        if name == "connection" and not _UPGRADE_TOKENS.isdisjoint(token.strip().lower() for token in value.split(",")):
            return Refused(Reason.UPGRADE_REFUSED)
    return None


def refuse_ambiguous(request: Request) -> Refused | None:
    """Refuse deciding headers sent twice, of which upstream takes the last, and workspaces."""
    names = [name for name, _ in request.headers]
    if any(name.startswith(_WORKSPACE_PREFIX) for name in names):
        return Refused(Reason.WORKSPACE_FORBIDDEN)
    if any(names.count(name) > 1 for name in _DECIDING):
        return Refused(Reason.HEADER_DUPLICATE)
    return None


def refuse_body_type(request: Request) -> Refused | None:
    """Refuse a body that is not said to be plain JSON. A request without a body may say what it likes."""
    if not request.body:
        return None
    if _value(request, "content-encoding").strip().lower() not in {"", "identity"}:
        return Refused(Reason.BODY_TYPE)
    if _JSON.fullmatch(_value(request, "content-type").strip()) is None:
        return Refused(Reason.BODY_TYPE)
    return None


def directory(request: Request) -> str | Refused | None:
    """Give the directory that the header names, decoded once, or None without the header."""
    for name, value in request.headers:
        if name == _DIRECTORY:
            path = from_header(value)
            return Refused(Reason.DIRECTORY_SPELLING) if path is None else path
    return None


def _value(request: Request, wanted: str) -> str:
    return next((value for name, value in request.headers if name == wanted), "")
