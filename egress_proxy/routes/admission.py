"""From a routed request and the place that the shell found for it to rebuilt upstream calls.

The place is checked again here, so that a mistake in the shell refuses and does not open: directories must be among the
client's, an ask must be the one that the path names. What only the shell can know is handed in or handed back: `gated`
is why `place.ask` may not be approved by this client, `Admitted.parent` is a session that the client must own.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from egress_proxy.model import Admitted, Call, Place, Policy, Refused, Routed, Scope
from egress_proxy.reasons import Reason
from egress_proxy.routes.bodies import Rebuilt, rebuild
from egress_proxy.routes.directory import is_relative
from egress_proxy.routes.forms import MAX_FILE_HITS, MAX_PAGE

_LISTED: Final = "path"  # the query key that names something below the directory
_SEARCHED: Final = {"search": MAX_PAGE, "query": MAX_FILE_HITS}  # query keys, and what upstream finds for them at most
_LIMIT: Final = "limit"
_USUAL_LIMIT: Final = 100
_UNRESERVED: Final = re.compile(r"[0-9A-Za-z_.~-]*+")  # RFC 3986, 2.3: quoting changes nothing


def admit(routed: Routed, place: Place, policy: Policy, *, gated: Reason | None) -> Admitted | Refused:
    """Give the calls of a permitted exchange: one, but for sweeps one a directory. Never raises."""
    rebuilt = rebuild(routed.row.body, routed.body, policy)
    if isinstance(rebuilt, Refused):
        return Refused(rebuilt.reason, routed.row)
    directories = _directories(routed, place)
    if isinstance(directories, Refused):
        return directories
    refused = _refuse_ask(routed, place, rebuilt, gated=gated)
    if refused is not None:
        return refused
    query = _query(routed, place)
    if isinstance(query, Refused):
        return query
    path = _path(routed)
    calls = tuple(Call(routed.row.method, path, query, directory, rebuilt.body) for directory in directories)
    return Admitted(
        routed.row,
        routed.client,
        calls,
        routed.session_id,
        rebuilt.parent,
        rebuilt.approves,
        rebuilt.asks,
        int(routed.query.get(_LIMIT, _USUAL_LIMIT)) if _searches(routed) else 0,
    )


def _directories(routed: Routed, place: Place) -> tuple[str | None, ...] | Refused:
    """Give the directory of each call; None for a call that has none."""
    if routed.row.scope in {Scope.NONE, Scope.GLOBAL_STREAM}:
        return (None,)
    count = len(place.directories)
    fits = count > 0 if routed.row.scope is Scope.SWEEP else count == 1
    if not fits or not set(routed.client.directories).issuperset(place.directories):
        return Refused(Reason.DIRECTORY_FORBIDDEN, routed.row)
    return place.directories


def _refuse_ask(routed: Routed, place: Place, rebuilt: Rebuilt, *, gated: Reason | None) -> Refused | None:
    """Refuse an answer to another ask than the path names, to one of the other kind, and what a human must approve."""
    if routed.row.scope is not Scope.ASK:
        return None
    ask = place.ask
    named = routed.params.get("requestID") or routed.params.get("permissionID")
    if ask is None or ask.id != named or (ask.directory,) != place.directories:
        return Refused(Reason.ASK_UNKNOWN, routed.row)
    if routed.session_id not in {"", ask.session_id}:
        return Refused(Reason.ASK_UNKNOWN, routed.row)
    if (ask.permission == "") != routed.row.template.startswith("/question/"):
        return Refused(Reason.ASK_UNKNOWN, routed.row)
    return Refused(gated, routed.row) if rebuilt.approves and gated is not None else None


def _query(routed: Routed, place: Place) -> tuple[tuple[str, str], ...] | Refused:
    values = {key: routed.query[key] for key in routed.row.query if key in routed.query}
    if _LISTED in values:
        listed = _listed(values[_LISTED], place)
        if listed is None:
            return Refused(Reason.DIRECTORY_FORBIDDEN, routed.row)
        values[_LISTED] = listed
    if _searches(routed):
        # All that upstream finds is asked for: what does not cross must take no place of what does.
        values[_LIMIT] = str(max(_SEARCHED.get(key, 0) for key in routed.query))
    return tuple(values.items())


def _searches(routed: Routed) -> bool:
    return not _SEARCHED.keys().isdisjoint(routed.query)


def _listed(spelling: str, place: Place) -> str | None:
    """Give the path to list, relative to the directory, or None if it leads outside.

    1.15.13 follows a symbolic link below the directory to wherever it leads, so it is the real path that counts, and
    that is sent.
    """
    if spelling in {"", "."}:
        return ""
    directory = place.directories[0].removesuffix("/")
    if place.listed == place.directories[0]:
        return ""
    if place.listed is None or not place.listed.startswith(f"{directory}/"):
        return None
    below = place.listed.removeprefix(f"{directory}/")
    return below if is_relative(below) else None


def _path(routed: Routed) -> str:
    """Give the upstream path: the template's own, ids quoted though none needs it."""
    return "/".join(
        _quoted(routed.params[segment[1:-1]]) if segment.startswith("{") else segment
        for segment in routed.row.template.split("/")
    )


def _quoted(value: str) -> str:
    return value if _UNRESERVED.fullmatch(value) else quote(value, safe="")
