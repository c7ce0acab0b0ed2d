"""The asks that wait for somebody: the operator's side of the gates.

    an event, a connection, a minute ──► look at a directory ──► what is new is met, what is missing is gone
                                                   │
                       never: rejected at once ◄───┴───► the operator's answer, or its time is over: rejected

Events only say that it is time to look: what is pending upstream is what waits. So an ask that was parked before the
proxy started, or while no connection stood, is found, and one that was answered elsewhere goes. An ask is ours if a
client of the proxy owns its session's root; of all others nothing is kept, shown, rejected or expired.

An answer is given under the ask's turn (`asked`): the ask is fetched again, compared with the digest that the operator
saw, and an approval is on the disk before it goes out. Nothing of it outlives the process.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Final

from msgspec import structs

from egress_proxy.gate_rules import Gate
from egress_proxy.gates import decide
from egress_proxy.metrics import Metrics
from egress_proxy.model import Refused
from egress_proxy.reasons import Reason
from egress_proxy.server.board import Board, Entry, with_expected
from egress_proxy.server.changes import Watcher
from egress_proxy.server.cycles import RETRY_SECONDS, Cycle, each
from egress_proxy.server.exchange import Exchanges
from egress_proxy.server.lost import LostAnswers
from egress_proxy.server.minutes import Minutes
from egress_proxy.server.notes import ENDED, EXPIRED, NEVER
from egress_proxy.server.originals import Original, Originals
from egress_proxy.server.places import real
from egress_proxy.server.queued import Decision, GateWord, Kind, Outcome, Said, Waiting
from egress_proxy.server.tireless import Tireless
from egress_proxy.wire import read_answered

__all__ = ["ENDED", "EXPIRED", "NEVER", "Decision", "GateWord", "Kind", "Outcome", "Queue", "Said", "Waiting"]

_LOOKS: Final = 5  # for the command of a shell ask: its message may be written after the ask
_MOST_ANSWERED: Final = 1_000
_NEVER: Final = Gate.NEVER.value
_LOST: Final = frozenset({Reason.UPSTREAM_NOT_FOUND, Reason.UPSTREAM_REJECTED})

Told = Callable[[Decision, str], Awaitable[None]]


class Queue:
    """All asks of sessions that a client of the proxy owns, in all allowed directories; and only those."""

    def __init__(
        self,
        exchanges: Exchanges,
        metrics: Metrics,
        directories: Sequence[str],
        seconds: float,
        *,
        told: Told,
        epoch: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """An ask expires `seconds` after it was first seen. `told` gives a decision, with its note as a client may
        read it, and its directory to the client; it never raises. `epoch` is the time of day, `steady` one that does
        not go back."""
        self._exchanges = exchanges
        self._sessions = exchanges.sessions
        self._asked = exchanges.sessions.asked
        self._originals = Originals(exchanges.upstream, exchanges.places, exchanges.settings.call_seconds)
        self._board = Board(metrics, epoch)
        self._seconds = seconds
        self._told = told
        self._epoch = epoch
        self._steady = steady
        self._cycles = {directory: self._cycle(directory) for directory in directories}
        self._answered: OrderedDict[str, None] = OrderedDict()  # asks that upstream said were answered
        self._lost_answers = LostAnswers(self._asked)
        self._minutes = Minutes(exchanges)
        self._tireless = Tireless(exchanges.sessions)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to look by itself."""
        self._tasks = [asyncio.create_task(cycle.run()) for cycle in self._cycles.values()]

    def stop(self) -> None:
        """Tell all watchers that nothing more comes."""
        self._board.watchers.end()

    async def close(self) -> None:
        """End."""
        self.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def notice(self, directory: str, answered: bytes = b"") -> None:
        """Something may wait, or no longer wait, in a directory. `answered` is the event that says so, if one did."""
        ask_id = read_answered(answered) if answered else ""
        if ask_id and not isinstance(ask_id, Refused):
            self._answered[ask_id] = None
            if len(self._answered) > _MOST_ANSWERED:
                self._answered.popitem(last=False)
        if directory in self._cycles:
            self._cycles[directory].notice()

    def waiting(self) -> tuple[Waiting, ...]:
        """What waits, the oldest first."""
        return tuple(
            with_expected(entry.waiting, expected=self._expected(entry.original, entry.waiting.root))
            for entry in self._board.waiting()
        )

    def decided(self) -> tuple[Decision, ...]:
        """What became of the latest asks, the newest last; bounded."""
        return self._board.decided()

    def decided_for(self, client: str) -> tuple[Decision, ...]:
        """What a client is told: what others than it decided of its asks, the newest last; bounded."""
        return self._board.decided_for(client)

    def changes(self) -> Watcher:
        """Every change from this call on. Ends for a reader that is too slow, and when the proxy stops. To be closed
        (`contextlib.aclosing`)."""
        return self._board.watch()

    async def context(self, ask_id: str) -> tuple[Said, ...] | Refused:
        """The end of the conversation that led to an ask, original text. `ask_unknown` where there is no such ask."""
        entry = self._board.entries.get(ask_id)
        return Refused(Reason.ASK_UNKNOWN) if entry is None else await self._originals.said(entry.waiting.session)

    async def approve(self, ask_id: str, digest: str, *, by: str, note: str = "") -> Decision | Refused:
        """Let an ask pass once.

        Refused with `ask_unknown` (none, answered, gone), `ask_changed` (another than the digest names), `ask_never`,
        `ask_question` (the agent's to answer), `audit_unavailable`, or what upstream did.
        """
        async with self._asked.turn(ask_id):
            entry = await self._as_it_stands(ask_id, digest)
            if isinstance(entry, Refused):
                return entry
            reason = self._barred(entry.waiting)
            if reason is not None:
                return Refused(reason)
            self._asked.settle(ask_id, by_client=False)
            told = await self._minutes.shown(entry.waiting, note)
            if not await self._minutes.record(entry.waiting, "approved", by, told):
                self._asked.unsettle(ask_id)
                return Refused(Reason.AUDIT_UNAVAILABLE)
            self._exchanges.taints.prompted(entry.waiting.session)
            failed = await self._originals.approve(entry.original.read)
            if failed is not None:
                await self._minutes.record(entry.waiting, "approval-lost", by, "")
                return self._lost(entry, failed)
            return await self._settle(entry, "approved", by, note, told)

    async def reject(self, ask_id: str, digest: str, *, by: str, note: str = "") -> Decision | Refused:
        """Reject an ask; the note goes to the local agent, if there is one. Refused likewise, but for the audit log."""
        async with self._asked.turn(ask_id):
            entry = await self._as_it_stands(ask_id, digest)
            return entry if isinstance(entry, Refused) else await self._reject(entry, "rejected", by, note, note)

    async def look(self) -> None:
        """Look at the directories of which something was noticed, and reject what must not wait (any longer)."""
        await asyncio.gather(*(cycle.look() for cycle in self._cycles.values()))

    def _cycle(self, directory: str) -> Cycle:
        sweep, settle = partial(self._sweep, directory), partial(self._reject_what_is_over, directory)
        return Cycle(sweep, settle, partial(self._due, directory), self._steady)

    def _again(self, directory: str) -> None:
        """What is not clear yet may be in a moment."""
        self._cycles[directory].again()

    def _here(self, directory: str) -> tuple[Entry, ...]:
        return tuple(one for one in self._board.waiting() if one.original.read.directory == directory)

    def _due(self, directory: str) -> Iterator[float]:
        return (entry.due for entry in self._here(directory))

    async def _sweep(self, directory: str) -> None:
        found = await self._originals.pending(directory)
        if isinstance(found, Refused):
            self._again(directory)
            return
        ids = {one.id for one in found}
        if self._lost_answers.looked(directory, ids):
            self._again(directory)
        for original in found:
            await self._meet(original)
        for entry in self._here(directory):
            if entry.id not in ids:
                await self._miss(entry)

    async def _meet(self, original: Original) -> None:
        """An ask is pending upstream."""
        entry, directory = self._board.entries.get(original.id), original.read.directory
        if entry is not None and entry.original.read == original.read and not self._lacks_command(entry):
            return
        if self._being_answered(original):
            return
        owner = await self._owner(original)
        if owner is None:
            return
        whole = await self._originals.whole(original)
        title = (
            entry.waiting.title if entry else await self._originals.title(self._sessions.root(original.read.session_id))
        )
        new = self._entry(whole, owner, title, entry)
        # All of that took a while, in which somebody may have answered it, or been told that it is another.
        if self._being_answered(original) or self._board.entries.get(original.id) is not entry:
            return
        if self._lacks_command(new):
            self._again(directory)
        if entry is None or entry.waiting.digest != new.waiting.digest:
            self._board.put(new)
        else:
            entry.looks = new.looks

    def _being_answered(self, original: Original) -> bool:
        """Whether somebody answers an ask now, or did. One whose answer was lost is not: it can still be rejected."""
        if self._asked.turn(original.id).locked():
            self._again(original.read.directory)
            return True
        lost = self._lost_answers.has(original.read.directory, original.id)
        return self._asked.settled(original.id) and not lost

    async def _owner(self, original: Original) -> str | None:
        """The client that owns an ask's session. None for all that are not ours."""
        session, directory = original.read.session_id, original.read.directory
        found = await self._sessions.resolve(session)
        if isinstance(found, Refused):
            self._again(directory)
            return None
        if found is None:
            return None
        await self._sessions.settled(session)
        owner = self._sessions.owner(session)
        return owner if owner is not None and self._sessions.belongs(owner, directory, session) else None

    def _entry(self, original: Original, owner: str, title: str, before: Entry | None) -> Entry:
        ask = original.whole
        verdict = decide(ask, owner, self._exchanges.settings.gates) if original.kind == "permission" else None
        asked_at = before.waiting.asked_at if before else self._epoch()
        root = self._sessions.root(ask.session_id)
        waiting = Waiting(
            id=ask.id,
            kind=original.kind,
            session=ask.session_id,
            root=root,
            title=title,
            client=owner,
            directory=ask.directory,
            permission=ask.permission,
            patterns=ask.patterns,
            command=ask.command,
            workdir=ask.workdir,
            gate=verdict.gate.value if verdict else "self",
            rule=verdict.rule if verdict else "",
            why=verdict.why if verdict else "a question is the agent's to answer",
            expected=self._expected(original, root),
            asked_at=asked_at,
            expires_at=asked_at + self._seconds,
            digest=original.digest,
        )
        entry = Entry(original, waiting, before.until if before else self._steady() + self._seconds)
        entry.looks = before.looks + 1 if before else 1
        return entry

    def _expected(self, original: Original, root: str) -> bool:
        return original.kind == "permission" and self._exchanges.gating.expectations.covers(root, original.whole)

    @staticmethod
    def _lacks_command(entry: Entry) -> bool:
        """Whether a shell ask's command may yet be found."""
        is_shell = entry.waiting.permission == "bash"
        return is_shell and entry.original.whole.command is None and entry.looks < _LOOKS

    async def _miss(self, entry: Entry) -> None:
        """An ask is no longer pending upstream."""
        if self._asked.turn(entry.id).locked():
            self._again(entry.waiting.directory)  # whoever answers it tells
            return
        if self._board.entries.get(entry.id) is not entry:
            return
        if self._asked.by_client(entry.id):
            self._board.settle(entry, "answered", "client", "", "")
            return
        outcome: Outcome = "answered" if entry.id in self._answered else "gone"
        self._board.settle(entry, outcome, "opencode", "", "")
        await self._minutes.record(entry.waiting, outcome, "opencode", "")

    async def _reject_what_is_over(self, directory: str) -> None:
        now = self._steady()
        await each(self._reject_one, [entry for entry in self._here(directory) if entry.due <= now])

    async def _reject_one(self, entry: Entry) -> None:
        """Reject what must not wait (any longer), but not while somebody answers it."""
        turn = self._asked.turn(entry.id)
        if turn.locked():
            self._again(entry.waiting.directory)
            return
        async with turn:
            if self._board.entries.get(entry.id) is not entry:
                return
            try:
                if entry.waiting.gate == _NEVER:
                    await self._forbid(entry)
                else:
                    await self._reject(entry, "expired", "expiry", EXPIRED, EXPIRED)
            finally:
                entry.not_before = self._steady() + RETRY_SECONDS

    async def _forbid(self, entry: Entry) -> None:
        """Reject what the policy forbids; with the last, the whole turn is ended, from its root down."""
        asking = entry.waiting.session
        last = self._tireless.rejecting(asking)
        note = ENDED if last else NEVER
        # Ended first: who is told of a rejection goes on at once, and so does the parent of a sub-agent that ends.
        ended = [await self._end(entry, one) for one in dict.fromkeys((entry.waiting.root, asking) if last else ())]
        refused = await self._reject(entry, "rejected", "policy", note, note)
        if not isinstance(refused, Refused):
            return
        if ended and all(ended) and refused.reason is Reason.ASK_UNKNOWN:  # it went with its turn
            if self._board.entries.get(entry.id) is entry:
                await self._settle(entry, "rejected", "policy", note, await self._minutes.shown(entry.waiting, note))
        else:
            self._tireless.spared(asking, last=last)

    async def _end(self, entry: Entry, session: str) -> bool:
        """End a session's turn, and put on record whether that was done."""
        failed = await self._originals.end(session, entry.waiting.directory)
        await self._minutes.record(entry.waiting, "turn-not-ended" if failed else "turn-ended", "policy", "")
        return failed is None

    async def _as_it_stands(self, ask_id: str, digest: str) -> Entry | Refused:
        """The entry of an ask that upstream has as the digest says. Refused where it is another by now."""
        entry = self._board.entries.get(ask_id)
        if entry is None or self._steady() >= entry.until:
            return Refused(Reason.ASK_UNKNOWN)
        now = await self._originals.now(entry.original)
        if isinstance(now, Refused):
            return now
        if now is None:
            self.notice(entry.waiting.directory)
            return Refused(Reason.ASK_UNKNOWN)
        if now.digest != entry.waiting.digest:
            entry = self._entry(now, entry.waiting.client, entry.waiting.title, entry)
            self._board.put(entry)
            self.notice(entry.waiting.directory)
            return Refused(Reason.ASK_CHANGED)
        same = hmac.compare_digest(entry.waiting.digest.encode(), digest.encode("utf-8", "replace"))
        return entry if same else Refused(Reason.ASK_CHANGED)

    def _barred(self, ask: Waiting) -> Reason | None:
        """Why an ask cannot be approved, whoever wants to."""
        if ask.kind == "question":
            return Reason.ASK_QUESTION
        if ask.gate == _NEVER:
            return Reason.ASK_NEVER
        if real(ask.directory) != ask.directory:
            return Reason.DIRECTORY_FORBIDDEN  # the operator saw another place than it leads to now
        return Reason.ASK_UNKNOWN if self._asked.settled(ask.id) else None

    async def _reject(self, entry: Entry, outcome: Outcome, by: str, message: str, note: str) -> Decision | Refused:
        failed = await self._originals.reject(entry.original, message)
        if failed is not None:
            return self._lost(entry, failed)
        self._asked.settle(entry.id, by_client=False)
        return await self._settle(entry, outcome, by, note, await self._minutes.shown(entry.waiting, note))

    def _lost(self, entry: Entry, failed: Reason) -> Refused:
        """Upstream did not take an answer."""
        self.notice(entry.waiting.directory)
        return Refused(Reason.ASK_UNKNOWN if failed in _LOST else failed)

    async def _settle(self, entry: Entry, outcome: Outcome, by: str, note: str, told: str) -> Decision:
        """An answer was taken. What was approved is on record already. `told` is the note as it may be told."""
        self._asked.settle(entry.id, by_client=False)
        decision = self._board.settle(entry, outcome, by, note, told)
        if outcome != "approved":
            await self._minutes.record(entry.waiting, outcome, by, told)
        await self._told(structs.replace(decision, note=told), entry.waiting.directory)
        return decision
