"""Which sessions an answer tells of, and what is remembered of them before it is released.

    messages, todos, diff       the session of the request
    a session, sessions         titles: those of sub-agents are written by an agent that has used its tools
    permissions, questions      each ask's session
    files, branches, agents     no session: the client's latest, since the local agent makes them too

All else is opencode's own, or says nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Final

from egress_proxy.model import Admitted, Call, Refused, Reply, Resource
from egress_proxy.server.taints import Page, Taints
from egress_proxy.server.tree import Tree

_OF_REQUEST: Final = frozenset({Resource.MESSAGE, Resource.MESSAGES, Resource.TODOS, Resource.DIFF})
_OF_ITEMS: Final = frozenset({Resource.PERMISSIONS, Resource.QUESTIONS})
_TITLED: Final = frozenset({Resource.SESSION, Resource.SESSIONS})
_OF_NO_SESSION: Final = frozenset(
    {
        Resource.FILE_STATUS,
        Resource.FILE_NODES,
        Resource.FILE_NAMES,
        Resource.VCS,
        Resource.AGENTS,
        Resource.COMMANDS,
        Resource.SKILLS,
    }
)
_PARALLEL: Final = 8


async def recollect(
    taints: Taints, admitted: Admitted, call: Call, reply: Reply, value: object
) -> tuple[Tree, ...] | Refused:
    """The trees that a projected answer must be compared with, once all that came to them is learnt."""
    kind = admitted.row.response
    if kind in _OF_REQUEST:
        newest = kind is Resource.MESSAGES and "before" not in dict(call.query)
        page = Page(reply.body, reply.next_cursor, _ids(value)) if newest else None
        return _one(await taints.look(admitted.session_id, page))
    if kind in _OF_ITEMS:
        return await _looked(taints, (item["sessionID"] for item in _objects(value)))
    if kind in _TITLED:
        titled = list(_objects(value if isinstance(value, list) else [value]))
        children = await _looked(taints, (item["id"] for item in titled if "parentID" in item))
        if isinstance(children, Refused):
            return children
        return (*children, *(taints.tree(str(item["id"])) for item in titled if "parentID" not in item))
    return await taints.recent(admitted.client) if kind in _OF_NO_SESSION else ()


async def _looked(taints: Taints, sessions: Iterable[object]) -> tuple[Tree, ...] | Refused:
    gate = asyncio.Semaphore(_PARALLEL)

    async def look(session: str) -> Tree | Refused:
        async with gate:
            return await taints.look(session)

    trees: list[Tree] = []
    for found in await asyncio.gather(*(look(session) for session in dict.fromkeys(map(str, sessions)))):
        if isinstance(found, Refused):
            return found
        trees.append(found)
    return tuple(trees)


def _ids(messages: object) -> tuple[str, ...]:
    infos = (message["info"] for message in _objects(messages))
    return tuple(str(info["id"]) for info in infos if isinstance(info, dict))


def _one(found: Tree | Refused) -> tuple[Tree, ...] | Refused:
    return found if isinstance(found, Refused) else (found,)


def _objects(value: object) -> Iterator[dict[str, object]]:
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))
