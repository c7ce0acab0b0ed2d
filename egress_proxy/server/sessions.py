"""What the proxy knows of upstream's sessions: where each runs, whose child it is, and so whose it is.

Facts never change for a session (its parent and directory are fixed at creation), so they are cached; ownership is
decided anew at each question from the table of owners.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from egress_proxy.model import Call, Client, Refused
from egress_proxy.reasons import Reason
from egress_proxy.server.asked import Asked
from egress_proxy.server.owners import Fork, Owners
from egress_proxy.server.upstream import Upstream
from egress_proxy.wire import SessionFacts, read_session

_CREATION_SECONDS: Final = 5.0  # how long an event waits for the answers to creations under way
_CACHED: Final = 50_000  # sessions; some 500 bytes each
MOST_GONE: Final = 256
"""Sessions that were deleted and are still known, since their last events may come after the answer."""
_NO_SUCH_SESSION: Final = frozenset({Reason.UPSTREAM_NOT_FOUND, Reason.UPSTREAM_REJECTED})
_MAX_GENERATIONS: Final = 16  # sub-agents of sub-agents; opencode itself nests one or two deep


class Sessions:
    """Answers `owns`: does this client own this session, and does it run where the client may work?"""

    def __init__(self, upstream: Upstream, owners: Owners, seconds: float) -> None:
        self._upstream = upstream
        self._owners = owners
        self._seconds = seconds
        self._facts: OrderedDict[str, SessionFacts] = OrderedDict()
        self._prompted: OrderedDict[str, float] = OrderedDict()
        self._gone: OrderedDict[str, None] = OrderedDict()
        self._creations: set[asyncio.Future[None]] = set()
        self.asked = Asked()

    def learn(self, facts: SessionFacts) -> None:
        """Remember what an answer or event of upstream said of a session."""
        self._facts[facts.id] = facts
        self._facts.move_to_end(facts.id)
        if len(self._facts) > _CACHED:
            self._facts.popitem(last=False)

    @contextmanager
    def creating(self) -> Iterator[None]:
        """Hold while a call that makes a session is under way, until its answer is learnt."""
        creation: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._creations.add(creation)
        try:
            yield
        finally:
            self._creations.discard(creation)
            creation.set_result(None)

    async def settled(self, session: str) -> None:
        """Wait, if the session is nobody's yet, for what is being created: its event may overtake its answer."""
        if self._creations and self.owner(session) is None:
            await asyncio.wait(set(self._creations), timeout=_CREATION_SECONDS)

    def created(self, facts: SessionFacts, client: Client, of: str = "") -> None:
        """A session that `client` has just created, or forked out of another one, is its own."""
        self._gone.pop(facts.id, None)
        if of:
            root = self.root(of)
            before = self._owners.fork_of(root) or Fork(root, whole=True)
            self._owners.add_fork(facts.id, Fork(before.root, whole=before.whole and root == of))
        self._owners.add(facts.id, client.name)
        self.learn(facts)

    def deleted(self, session: str) -> None:
        """Forget it for good; what is cached stays for a while, since its last events may come after the answer."""
        self._owners.remove(session)
        self._gone[session] = None
        if len(self._gone) > MOST_GONE:
            oldest, _ = self._gone.popitem(last=False)
            self._owners.forget(oldest)
            self._facts.pop(oldest, None)
            self._prompted.pop(oldest, None)

    def is_deleted(self, session: str) -> bool:
        """Whether it is gone, or its root is, so that nothing can be asked of it any more; only its events are told."""
        return session in self._gone or self.root(session) in self._gone

    async def resolve(self, session: str) -> SessionFacts | Refused | None:
        """Look the session and its ancestors up, unless cached. None when upstream has no such session."""
        first = found = await self._lookup(session)
        for _ in range(_MAX_GENERATIONS):
            if not isinstance(found, SessionFacts) or not found.parent_id:
                break
            found = await self._lookup(found.parent_id)
            if isinstance(found, Refused):
                return found
        return first

    async def _lookup(self, session: str) -> SessionFacts | Refused | None:
        known = self._facts.get(session)
        if known is not None:
            return known
        reply = await self._upstream.call(Call("GET", f"/session/{session}", (), None, None), self._seconds)
        if isinstance(reply, Refused):
            return None if reply.reason in _NO_SUCH_SESSION else reply
        facts = read_session(reply.body)
        if isinstance(facts, Refused):
            return facts
        if facts.id != session:
            return Refused(Reason.ANSWER_SHAPE)  # else another session's owner and directory would vouch for this one
        self.learn(facts)
        return facts

    def owner(self, session: str) -> str | None:
        """The client that owns the session's root, by what is cached."""
        for _ in range(_MAX_GENERATIONS):
            client = self._owners.client_of(session)
            if client is not None:
                return client
            facts = self._facts.get(session)
            if facts is None or not facts.parent_id:
                return None
            session = facts.parent_id
        return None

    def root(self, session: str) -> str:
        """The root of the session's tree, by what is cached; itself where nothing is."""
        for _ in range(_MAX_GENERATIONS):
            facts = self._facts.get(session)
            if facts is None or not facts.parent_id:
                return session
            session = facts.parent_id
        return session

    def tree(self, session: str) -> str:
        """The root of the tree in which all was shown and said that a session may tell: of a fork, that out of which it
        was forked."""
        root = self.root(session)
        fork = self._owners.fork_of(root)
        return fork.root if fork else root

    def forked(self, root: str) -> bool:
        """Whether there are sessions that were forked out of a tree."""
        return bool(self._owners.forks(root))

    def is_excerpt(self, session: str) -> bool:
        """Whether a session has a history that does not hold all that was shown before it."""
        fork = self._owners.fork_of(self.root(session))
        return fork is not None and not fork.whole

    def owner_of_tree(self, root: str) -> str | None:
        """The client that owns a tree: of a root that is gone, its forks."""
        return self.owner(root) or next(map(self._owners.client_of, self._owners.forks(root)), None)

    def within(self, ancestor: str, session: str) -> bool:
        """Whether a session is `ancestor` or one of its descendants, by what is cached."""
        for _ in range(_MAX_GENERATIONS):
            if session == ancestor:
                return True
            facts = self._facts.get(session)
            if facts is None or not facts.parent_id:
                return False
            session = facts.parent_id
        return False

    def prompted(self, session: str, at: float) -> None:
        """A prompt goes to a session, at a time in seconds since the epoch."""
        self._prompted[session] = at
        self._prompted.move_to_end(session)
        if len(self._prompted) > _CACHED:
            self._prompted.popitem(last=False)

    def prompted_at(self, session: str) -> float:
        """When the last prompt went to a session; 0 where that is not known."""
        return self._prompted.get(session, 0.0)

    def belongs(self, owner: str, directory: str, session: str) -> bool:
        """Whether a session is of the client of this name and runs in this directory, by what is cached."""
        facts = self._facts.get(session)
        return facts is not None and facts.directory == directory and self.owner(session) == owner

    def owns(self, client: Client, session: str) -> bool:
        """By what is cached: call `resolve` first for sessions that may be new."""
        facts = self._facts.get(session)
        return facts is not None and facts.directory in client.directories and self.owner(session) == client.name
