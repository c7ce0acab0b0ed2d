"""Where a routed call may run: the directory, the session's owner, the pending ask. The one stage that looks up.

Directories are compared as real paths at each call, never as strings and never from a cache: a root that was replaced
by a symbolic link since the start no longer equals itself and is refused.
"""

from __future__ import annotations

import asyncio
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Final, assert_never

from msgspec import structs

from egress_proxy.model import Ask, Call, Client, Place, Refused, Routed, Scope
from egress_proxy.reasons import Reason
from egress_proxy.server.sessions import Sessions
from egress_proxy.server.upstream import Upstream
from egress_proxy.wire import read_asks, read_shell_call, read_worktree

SHELL: Final = "bash"
MESSAGE: Final = re.compile(r"msg_[0-9A-Za-z]{1,60}")
_PARALLEL: Final = 8  # upstream calls of one sweep


class Places:
    """Finds the `Place` of a routed call, or refuses it."""

    def __init__(self, upstream: Upstream, sessions: Sessions, seconds: float) -> None:
        self._upstream = upstream
        self._sessions = sessions
        self._seconds = seconds

    async def find(self, routed: Routed) -> Place | Refused:
        chosen = _chosen_directory(routed)
        if isinstance(chosen, Refused):
            return chosen
        place = await self._find(routed, chosen)
        if isinstance(place, Place) and not all(one == chosen or real(one) == one for one in place.directories):
            return Refused(Reason.DIRECTORY_FORBIDDEN)  # also one that nobody named: a session's own, or one of a sweep
        return place

    async def _find(self, routed: Routed, chosen: str) -> Place | Refused:
        match routed.row.scope:
            case Scope.NONE | Scope.GLOBAL_STREAM:
                return Place()
            case Scope.DIRECTORY | Scope.STREAM:
                return Place((chosen,), listed=_listed(chosen, routed.query.get("path")))
            case Scope.SWEEP:
                return Place(routed.client.directories)
            case Scope.SESSION:
                return await self._of_session(routed)
            case Scope.ASK:
                return await self._of_ask(routed)
            case _ as scope:
                assert_never(scope)

    async def _of_session(self, routed: Routed) -> Place | Refused:
        facts = await self._sessions.resolve(routed.session_id)
        if isinstance(facts, Refused):
            return facts
        if facts is None or not self._sessions.owns(routed.client, facts.id):
            return Refused(Reason.SESSION_UNKNOWN)  # another's, and one that does not exist, look the same
        return Place((facts.directory,))

    async def _of_ask(self, routed: Routed) -> Place | Refused:
        ask_id = routed.params.get("requestID") or routed.params["permissionID"]
        path = "/question" if routed.row.template.startswith("/question/") else "/permission"
        asks = await self.pending(path, routed.client.directories)
        if isinstance(asks, Refused):
            return asks
        ask = next((ask for ask in asks if ask.id == ask_id), None)
        if ask is None or (routed.session_id and routed.session_id != ask.session_id):
            return Refused(Reason.ASK_UNKNOWN)
        facts = await self._sessions.resolve(ask.session_id)
        if isinstance(facts, Refused):
            return facts
        if facts is None or not self._sessions.owns(routed.client, ask.session_id):
            return Refused(Reason.ASK_UNKNOWN)
        if not self._sessions.asked.stands(ask):
            return Refused(Reason.ASK_UNKNOWN)
        return Place((ask.directory,), await self.whole(ask))

    async def whole(self, ask: Ask) -> Ask:
        """An ask as it was read, with what has to be looked up for it: where its relative patterns start, and of a
        shell ask the command."""
        worktree = await self._worktree(ask.directory)
        return await self._with_command(structs.replace(ask, worktree=worktree))

    async def _with_command(self, ask: Ask) -> Ask:
        """Look up what a shell ask's call is: its patterns leave out assignments, `cd`, and redirections of groups."""
        if ask.permission != SHELL:
            return ask
        nothing = structs.replace(ask, command=None)
        if not MESSAGE.fullmatch(ask.message_id):
            return nothing
        path = f"/session/{ask.session_id}/message/{ask.message_id}"
        reply = await self._upstream.call(Call("GET", path, (), None, None), self._seconds)
        call = reply if isinstance(reply, Refused) else read_shell_call(reply.body, ask.call_id)
        if isinstance(call, Refused) or ask.command not in {None, call.command}:
            return nothing
        return structs.replace(ask, command=call.command, workdir=call.workdir)

    async def _worktree(self, directory: str) -> str:
        """Where the relative patterns of asks start. Empty if not known: then nothing relative is approved."""
        reply = await self._upstream.call(Call("GET", "/path", (), directory, None), self._seconds)
        worktree = reply if isinstance(reply, Refused) else read_worktree(reply.body)
        return "" if isinstance(worktree, Refused) else worktree

    async def pending(self, path: str, directories: tuple[str, ...]) -> tuple[Ask, ...] | Refused:
        """The pending asks of every directory: both versions show only those of the exact directory asked for."""
        gate = asyncio.Semaphore(_PARALLEL)

        async def of(directory: str) -> tuple[Ask, ...] | Refused:
            async with gate:
                reply = await self._upstream.call(Call("GET", path, (), directory, None), self._seconds)
            return reply if isinstance(reply, Refused) else read_asks(reply.body, directory)

        found: list[Ask] = []
        for asks in await asyncio.gather(*map(of, directories)):
            if isinstance(asks, Refused):
                return asks
            found += asks
        return tuple(found)


def real(path: str) -> str:
    """The real path: `os.path.realpath`, which takes three times as long for a path that is its own."""
    above = _above(path)
    return path if above and not any(map(os.path.islink, above)) else os.path.realpath(path)


@lru_cache(maxsize=1024)
def _above(path: str) -> tuple[str, ...]:
    """An absolute path in its plain spelling and all directories above it but the root; none of any other path."""
    if not path.startswith("/") or path.startswith("//") or os.path.normpath(path) != path:
        return ()
    names = path.split("/")
    return tuple("/".join(names[:count]) for count in range(2, len(names) + 1))


def _listed(directory: str, path: str | None) -> str | None:
    """The real path of what a query names below the directory: 1.15.13 follows links out of it."""
    return None if path is None else real(str(Path(directory, path)))


def _chosen_directory(routed: Routed) -> str | Refused:
    """The client's choice among its roots, or its default, as a real path; refused where that is not one of them."""
    client: Client = routed.client
    spelling = routed.directory_spelling
    chosen = real(client.directories[0] if spelling is None else spelling)
    return chosen if chosen in client.directories else Refused(Reason.DIRECTORY_FORBIDDEN)
