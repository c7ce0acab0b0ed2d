"""What an answer says of sessions, learnt before it is projected: a projection asks `owns` of ids that may be new."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from egress_proxy.model import Ask, BodyRule, Call, Client, Refused, Reply, Resource, Row
from egress_proxy.server.apart import apart
from egress_proxy.server.sessions import Sessions
from egress_proxy.wire import read_asks, read_session, read_session_list, read_status_ids


async def learn(row: Row, reply: Reply, call: Call, client: Client, sessions: Sessions) -> Refused | None:
    """Update `sessions` from an answer. A `Refused` means that it could not be read, so it must not be projected."""
    match row.response:
        case Resource.SESSION if row.method == "POST":
            return _created(reply, client, sessions, _forked(row, call))
        case Resource.SESSIONS:
            return await _listed(reply, sessions)
        case Resource.PERMISSIONS | Resource.QUESTIONS:
            asks = read_asks(reply.body, call.directory or "")
            return asks if isinstance(asks, Refused) else await _asked(asks, sessions)
        case Resource.STATUS:
            ids = read_status_ids(reply.body)
            return ids if isinstance(ids, Refused) else await _resolved(ids, sessions)
        case Resource.BOOLEAN if row.method == "DELETE":
            if reply.body.strip() == b"true":
                sessions.deleted(call.path.rpartition("/")[2])
            return None
        case _:
            return None


def _forked(row: Row, call: Call) -> str:
    """The session that a call forks; empty if it forks none."""
    return call.path.split("/")[2] if row.body is BodyRule.FORK else ""


def _created(reply: Reply, client: Client, sessions: Sessions, of: str) -> Refused | None:
    """Sessions answered to a POST are new: created, or forked out of one that the client owns."""
    facts = read_session(reply.body)
    if isinstance(facts, Refused):
        return facts
    sessions.created(facts, client, of)
    return None


async def _listed(reply: Reply, sessions: Sessions) -> Refused | None:
    listed = await apart(len(reply.body), read_session_list, reply.body)
    if isinstance(listed, Refused):
        return listed
    for facts in listed:
        sessions.learn(facts)
    return None


async def _asked(asks: Sequence[Ask], sessions: Sessions) -> Refused | None:
    sessions.asked.met(asks)
    return await _resolved({ask.session_id for ask in asks}, sessions)


async def _resolved(ids: Iterable[str], sessions: Sessions) -> Refused | None:
    for found in await asyncio.gather(*map(sessions.resolve, ids)):
        if isinstance(found, Refused):
            return found
    return None
