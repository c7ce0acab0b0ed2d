"""Which sessions an answer tells of, and what is remembered of them before it is released.

    messages, todos, diff       the session of the request
    a session, sessions         titles: those of sub-agents are written by an agent that has used its tools, and forks
                                have the title of what they were forked out of
    permissions, questions      each ask's session
    files, branches, agents     no session: the client's latest, since the local agent makes them too, and writes what
    MCP servers, models …       opencode reads when it starts

All else is opencode's own, or says nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from egress_proxy.model import Admitted, Call, Projected, Refused, Reply, Resource
from egress_proxy.server.taints import Page, Taints
from egress_proxy.server.tree import Tree
from egress_proxy.wire import Message, Permission, Question, Session

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
        Resource.MCP,
        Resource.LSP,
        Resource.FORMATTERS,
        Resource.TOOL_IDS,
        Resource.CONFIG_PROVIDERS,
        Resource.PROVIDERS,
        Resource.PROJECT,
    }
)
_PARALLEL: Final = 8


async def recollect(
    taints: Taints, admitted: Admitted, call: Call, reply: Reply, projected: Projected
) -> tuple[Tree, ...] | Refused:
    """The trees that a projected answer must be compared with, once all that came to them is learnt."""
    kind, made = admitted.row.response, projected.made
    if kind in _OF_REQUEST:
        newest = kind is Resource.MESSAGES and "before" not in dict(call.query)
        page = Page(reply.body, reply.next_cursor, _ids(made)) if newest else None
        return _one(await taints.look(admitted.session_id, page))
    if kind in _OF_ITEMS:
        return await _looked(
            taints, (item.session_id for item in _listed(made) if isinstance(item, Permission | Question))
        )
    if kind in _TITLED:
        titled = [item for item in _listed(made) if isinstance(item, Session)]
        written = {item.id for item in titled if item.parent_id or taints.is_fork(item.id)}
        looked = await _looked(taints, (item.id for item in titled if item.id in written))
        if isinstance(looked, Refused):
            return looked
        return (*looked, *(taints.tree(item.id) for item in titled if item.id not in written))
    return await taints.recent(admitted.client) if kind in _OF_NO_SESSION else ()


async def _looked(taints: Taints, sessions: Iterable[str]) -> tuple[Tree, ...] | Refused:
    gate = asyncio.Semaphore(_PARALLEL)

    async def look(session: str) -> Tree | Refused:
        async with gate:
            return await taints.look(session)

    trees: list[Tree] = []
    for found in await asyncio.gather(*(look(session) for session in dict.fromkeys(sessions))):
        if isinstance(found, Refused):
            return found
        trees.append(found)
    return tuple(trees)


def _ids(messages: object) -> tuple[str, ...]:
    return tuple(message.info.id for message in _listed(messages) if isinstance(message, Message))


def _one(found: Tree | Refused) -> tuple[Tree, ...] | Refused:
    return found if isinstance(found, Refused) else (found,)


def _listed(made: object) -> list[object]:
    return made if isinstance(made, list) else [made]
