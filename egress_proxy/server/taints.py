"""What the tools of a session have shown, learnt before any text of that session is released.

opencode answers a prompt with its last message alone, and a message asked for by its id comes alone too: what the
tools of the same turn printed stands in other messages. So before a text of a session is released, the messages that
came since the last look are read (`look`), the newest first, back to one that is known to have nothing new before it;
those of sub-agents too, where a task names them. What cannot be read withholds the answer.

An event stream shows the same earlier, part by part: `heard` learns from each frame, also of what is dropped.
"""

from __future__ import annotations

import re
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final

from msgspec import Raw, Struct
from msgspec.structs import replace

from egress_proxy.model import Call, Client, Refused
from egress_proxy.reasons import Reason
from egress_proxy.scan import Taint, extract
from egress_proxy.scan.taint_places import too_many
from egress_proxy.server.apart import Turns, apart
from egress_proxy.server.sessions import Sessions
from egress_proxy.server.told import KEPT
from egress_proxy.server.tree import Log, Shown, Tree
from egress_proxy.server.upstream import Upstream
from egress_proxy.server.verdicts import Clean, Withheld
from egress_proxy.wire import Contents, StrippedMessage, read_messages, read_part, read_part_event

Messages = tuple[StrippedMessage, ...]

_LEARNING: Final = 8  # times as long as a character is read it takes to learn from it, or longer
_VALUE_BYTES: Final = 1_000  # a value's registration takes as long as reading so many
MOST_TREES: Final = 512
MOST_VALUES: Final = 100_000  # of all trees
MOST_DROPPED: Final = 1_024  # trees of which is kept what must not be forgotten: texts that were withheld
MOST_WARY: Final = 16_384  # trees of which not even that is kept, only that there was such a text
_FIRST_PAGE: Final = 3  # the prompt, its reply, and one that was seen before
_LARGEST_PAGE: Final = 96
_MOST_PAGES: Final = 2_000
_SHORTEST_PATH: Final = 2  # parts, the root one of them
MOST_TOLD: Final = 4 * KEPT  # texts of one look that are asked what they say apart: not all say anything so
_MOST_RECENT: Final = 16  # trees of a client with whose texts answers of no session are put together
_CURSOR: Final = re.compile(r"[A-Za-z0-9_=-]{1,512}")


class Page(Struct, frozen=True):
    """An answer to `GET /session/{id}/message` without `before`, and the cursor of the next page if there is one.

    `ids` are those of its messages, where they are known: with the size they tell whether it was read before. Nothing
    that a finished message says ever changes.
    """

    body: bytes | bytearray
    cursor: str
    ids: tuple[str, ...] = ()

    @property
    def mark(self) -> int:
        return hash((len(self.body), self.ids))

    def __repr__(self) -> str:
        return f"Page({len(self.body)} bytes)"


class Spoken(Struct, frozen=True):
    """A text of a message, by the id of its part. `timed`: as those of the agent are."""

    part: str
    text: str
    timed: bool

    def __repr__(self) -> str:
        return f"Spoken({self.part})"


class _Learnt(Struct, frozen=True):
    """What new parts held."""

    taints: tuple[Taint, ...] = ()
    spoken: tuple[Spoken, ...] = ()
    children: tuple[str, ...] = ()
    too_much: bool = False  # to be learnt from

    def __repr__(self) -> str:
        return f"_Learnt({len(self.taints)})"


class Taints:
    """Trees by their root session, the least recently used first. Used from the event loop's thread."""

    def __init__(
        self,
        upstream: Upstream,
        sessions: Sessions,
        seconds: float,
        *,
        names: bool = True,
        directories: Sequence[str] = (),
        key: bytes | None = None,
    ) -> None:
        """`seconds` bounds each call of opencode; `names`: whether values may be named; `directories` are told to
        clients, so their paths may be repeated, however random they look; `key` is that of known values, for one MAC of
        a value wherever it is found, or any. What is dropped for room is learnt anew when it is needed, but for which
        texts were withheld."""
        self._upstream = upstream
        self._sessions = sessions
        self._seconds = seconds
        self._names = names
        self._public = _with_parents(directories)
        self._key = key or secrets.token_bytes(32)
        self._trees: OrderedDict[str, Tree] = OrderedDict()
        self._clean = Clean()
        self._dropped: OrderedDict[str, Withheld] = OrderedDict()  # the first that was dropped first
        self._wary: set[str] = set()
        self._all_wary = False

    def tree(self, session: str) -> Tree:
        """The tree of a session that `Sessions.resolve` knows: of a fork, that out of which it was forked."""
        root = self._sessions.tree(session)
        tree = self._trees.get(root)
        if tree is None:
            tree = self._trees[root] = Tree(
                self._key,
                names=self._names,
                public=self._public,
                clean=self._clean,
                withheld=self._withheld(root),
            )
            self._make_room()
        self._trees.move_to_end(root)
        return tree

    def is_fork(self, session: str) -> bool:
        """Whether a root was forked out of another session, of whose texts its title may be."""
        return self._sessions.tree(session) != session

    def forget(self, session: str) -> None:
        """A deleted session's tree goes with it; that of a sub-agent stays part of its root's, and one out of which
        others were forked is theirs."""
        if self._sessions.forked(session):
            return
        self._trees.pop(session, None)
        self._dropped.pop(session, None)
        self._wary.discard(session)

    def prompted(self, session: str) -> None:
        """A prompt goes to a session: its tools may run from now on."""
        self.tree(session).prompted = True

    async def look(self, session: str, page: Page | None = None) -> Tree | Refused:
        """Learn all that came to the session's tree since the last look. `page` is the newest page of the session's
        messages, if it was just read for another purpose."""
        root = self._sessions.tree(session)
        tree = self.tree(session)
        async with tree.lock:
            prompted, tree.prompted = tree.prompted, False
            try:
                refused = await self._walk_all(tree, root, session, page)
            except BaseException:
                tree.prompted = prompted
                raise
            if refused is not None:
                tree.prompted = prompted
                return refused
        return Refused(Reason.TAINT_FULL) if tree.full else tree

    async def _walk_all(self, tree: Tree, root: str, session: str, page: Page | None) -> Refused | None:
        """Walk the root, the session, and the sub-agents in which something new may be.

        A sub-agent that is gone has nothing to say. Without the root, nobody knows what was shown before a fork of a
        sub-agent's session, unless it was read before."""
        needed = {session}
        if self._sessions.is_excerpt(session) and not tree.log(root).anchored:
            needed.add(root)
        waiting, done = [root, session], set[str]()
        while waiting:
            one = waiting.pop(0)
            if one in done:
                continue
            done.add(one)
            refused = await self._walk(tree, one, page if one == session else None)
            if refused is not None and (one in needed or refused.reason is not Reason.UPSTREAM_NOT_FOUND):
                return refused
            waiting += [child for child, log in tree.logs.items() if log.open and child not in done]
        return None

    async def recent(self, client: Client) -> tuple[Tree, ...] | Refused:
        """The latest trees of a client, those looked at in which something may be running; of all others what was
        shown there."""
        roots = [root for root in reversed(self._trees) if self._sessions.owner_of_tree(root) == client.name]
        trees: list[Tree] = [Shown(self._trees[root]) for root in roots[_MOST_RECENT:] if self._trees[root].shows]
        for root in roots[:_MOST_RECENT]:
            tree = self._trees.get(root)
            if tree is not None and (tree.prompted or any(log.open for log in tree.logs.values())):
                looked = await self.look(root)
                if isinstance(looked, Refused) and looked.reason is not Reason.UPSTREAM_NOT_FOUND:
                    return looked
            if tree is not None:
                trees.append(tree)
        return tuple(trees)

    async def heard(self, session: str, frame: bytes) -> Refused | None:
        """Learn from a frame of a session's, whether it crosses or not."""
        part = read_part_event(frame)
        if part is None or isinstance(part, Refused):
            return part
        tree = self.tree(session)
        async with tree.lock:
            log = tree.log(session)
            log.open = True
            learnt = await self._learn(tree, log, [part])
            if isinstance(learnt, Refused):
                return learnt
            tree.told_by((one.part, one.text) for one in learnt if one.timed)
        return None

    async def _walk(self, tree: Tree, session: str, page: Page | None) -> Refused | None:
        """Learn from a session's messages back to one that is anchored."""
        log = tree.log(session)
        if page and page.ids and page.mark == log.mark and not log.open:
            return None
        said: list[list[Spoken]] = []
        try:
            return await self._read_back(tree, session, page, said)
        finally:
            # What was said before it was cut short will not be fresh again.
            spoken = [one for page in said for one in page]
            tree.told_by((one.part, one.text) for one in spoken[-MOST_TOLD:])
            tree.spoke(one.text for one in spoken)

    async def _read_back(self, tree: Tree, session: str, page: Page | None, said: list[list[Spoken]]) -> Refused | None:
        """Read pages, the newest first. `said` gets what the agent said in what is new: a list a page, in order."""
        log = tree.log(session)
        mark = page.mark if page and page.ids else 0
        messages: list[StrippedMessage] = []
        cursor, limit = "", _FIRST_PAGE
        for _ in range(_MOST_PAGES):
            read = page or await self._page(session, limit, cursor)
            if isinstance(read, Refused):
                log.open = read.reason is not Reason.UPSTREAM_NOT_FOUND  # else it was deleted
                return read
            said.insert(0, [])
            older = await self._learn_page(tree, log, read, said[0])
            if isinstance(older, Refused):
                return older
            messages[:0] = older
            cursor, limit, page = read.cursor, min(limit * 2, _LARGEST_PAGE), None
            if not cursor or not older or any(message.id in log.anchored for message in older):
                log.mark, log.open = mark, not _anchor(log, messages)
                return None
        return Refused(Reason.UPSTREAM_TOO_LARGE)

    async def _page(self, session: str, limit: int, cursor: str) -> Page | Refused:
        if cursor and not _CURSOR.fullmatch(cursor):
            return Refused(Reason.ANSWER_SHAPE)
        query = (("limit", str(limit)), *((("before", cursor),) if cursor else ()))
        reply = await self._upstream.call(Call("GET", f"/session/{session}/message", query, None, None), self._seconds)
        return reply if isinstance(reply, Refused) else Page(reply.body, reply.next_cursor)

    async def _learn_page(self, tree: Tree, log: Log, page: Page, said: list[Spoken]) -> Messages | Refused:
        """Learn from messages in their order. `said` gets what the agent said in those that are new. Gives the messages
        without their parts, which would keep the page in memory until all are read."""
        messages = await apart(len(page.body), read_messages, page.body)
        if isinstance(messages, Refused):
            return messages
        turns = Turns()
        for message in messages[_known(log, messages) :]:
            learnt = await self._learn(tree, log, message.parts)
            if isinstance(learnt, Refused):
                return learnt
            said += learnt if message.assistant else ()
            await turns.took(sum(map(len, message.parts)))
        return tuple(replace(message, parts=()) for message in messages)

    async def _learn(self, tree: Tree, log: Log, parts: Sequence[Raw]) -> tuple[Spoken, ...] | Refused:
        """Learn from the parts that are new. Give what is said in them. Only what is learnt is no longer new: whoever
        waits may go away meanwhile."""
        fresh = await apart(sum(map(len, parts)), log.fresh, parts)
        if not fresh:
            return ()
        learnt = await apart(_LEARNING * sum(map(len, fresh)), _learn, fresh)
        if isinstance(learnt, Refused):
            return learnt
        await apart(len(learnt.taints) * _VALUE_BYTES, tree.remember, learnt.taints)
        tree.full |= learnt.too_much
        log.met(fresh)
        for child in learnt.children:
            tree.log(child).open = True
        return learnt.spoken

    def _make_room(self) -> None:
        """Drop the least recently used trees, but the one that was just made."""
        values = sum(len(tree.values) for tree in self._trees.values())
        for root in list(self._trees)[:-1]:
            if len(self._trees) <= MOST_TREES and values <= MOST_VALUES:
                return
            if not self._trees[root].lock.locked():
                tree = self._trees.pop(root)
                values -= len(tree.values)
                self._drop(root, tree.withheld)

    def _drop(self, root: str, withheld: Withheld) -> None:
        """Keep of a tree what reading its history again would not tell: which of its texts were withheld. Of one that
        has none yet too: an answer may still be judged with it."""
        self._dropped[root] = withheld
        if len(self._dropped) > MOST_DROPPED:
            oldest, lost = self._dropped.popitem(last=False)
            if lost and len(self._wary) >= MOST_WARY:
                self._all_wary = True
            elif lost:
                self._wary.add(oldest)

    def _withheld(self, root: str) -> Withheld | None:
        """What was kept of a tree that was dropped. One of which too much was dropped is wary from now on."""
        kept = self._dropped.pop(root, None)
        if kept is None and (self._all_wary or root in self._wary):
            kept = Withheld()
            kept.wary = True
        return kept


def _learn(parts: Sequence[bytes]) -> _Learnt | Refused:
    taints: list[Taint] = []
    spoken: list[Spoken] = []
    children: list[str] = []
    too_much = False
    for part in parts:
        contents = read_part(Raw(part))
        if isinstance(contents, Refused):
            return contents
        taints += _taints(contents)
        too_much |= any(map(too_many, (*contents.read, *contents.told)))
        if contents.spoken:
            spoken.append(Spoken(contents.id, contents.spoken, contents.timed))
        if contents.child:
            children.append(contents.child)
    return _Learnt(tuple(taints), tuple(spoken), tuple(children), too_much)


def _taints(contents: Contents) -> tuple[Taint, ...]:
    return (*extract(contents.read, contents.sources), *extract(contents.told, ()))


def _with_parents(directories: Sequence[str]) -> tuple[str, ...]:
    """Paths, and those that they lie below. A single name is none: it may stand anywhere."""
    paths = (PurePosixPath(directory) for directory in directories)
    found = {str(path) for own in paths for path in (own, *own.parents) if len(path.parts) > _SHORTEST_PATH}
    return tuple(sorted(found))


def _known(log: Log, messages: Sequence[StrippedMessage]) -> int:
    """How many of the messages, which are in their order, were learnt for good: those up to the newest anchored one. Of
    a long page, only the newest that are anchored are noted as such."""
    return max((index + 1 for index, message in enumerate(messages) if message.id in log.anchored), default=0)


def _anchor(log: Log, messages: Sequence[StrippedMessage]) -> bool:
    """Note the messages, in their order up to the first that more may come to. Whether that is all of them.

    A session's agent writes one message after the other, so to one with another of the agent's behind it nothing comes.
    """
    last = max((index for index, message in enumerate(messages) if message.assistant), default=-1)
    more = (index for index, message in enumerate(messages) if not message.settled and index >= last)
    first = next(more, len(messages))
    log.anchor([message.id for message in messages[:first]])
    if first == len(messages):
        log.stamps.clear()
    return first == len(messages)
