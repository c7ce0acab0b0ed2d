"""What waits and what was decided, as it is kept: in memory only, so that a restart honours nothing from before it."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

from msgspec import structs

from egress_proxy.gate_rules import Gate
from egress_proxy.metrics import Metrics
from egress_proxy.server.changes import Watcher, Watchers
from egress_proxy.server.originals import Original
from egress_proxy.server.queued import Decision, Outcome, Waiting

MOST_DECIDED: Final = 500
MOST_TOLD: Final = 32  # decisions of one client, which it is told of
_MOST_CLIENTS: Final = 1_000
_UNTOLD: Final = frozenset({"client", "opencode"})


class Entry:
    """An ask that waits. `until` is when it expires, by the queue's steady clock."""

    def __init__(self, original: Original, waiting: Waiting, until: float) -> None:
        self.original = original
        self.waiting = waiting
        self.until = until
        self.not_before = 0.0  # when rejecting it is tried again
        self.looks = 0  # for a command that was not there yet

    @property
    def id(self) -> str:
        return self.waiting.id

    @property
    def due(self) -> float:
        """When it is to be rejected, if nobody answers it before: at once where nobody may."""
        return self.not_before if self.waiting.gate == Gate.NEVER.value else max(self.until, self.not_before)

    def __repr__(self) -> str:
        return f"Entry({self.waiting})"


class Board:
    """The queue's memory. `epoch` is the time of day in seconds."""

    def __init__(self, metrics: Metrics, epoch: Callable[[], float]) -> None:
        self.entries: dict[str, Entry] = {}
        self.watchers = Watchers()
        self._metrics = metrics
        self._epoch = epoch
        self._decided: deque[Decision] = deque(maxlen=MOST_DECIDED)
        self._of_client: OrderedDict[str, deque[Decision]] = OrderedDict()
        metrics.follow_asks(self._oldest)

    def put(self, entry: Entry) -> None:
        """An ask waits, or waits as another than it did before."""
        self.entries[entry.id] = entry
        self._count()
        self.watchers.tell(entry.waiting)

    def waiting(self) -> tuple[Entry, ...]:
        """The oldest first."""
        return tuple(sorted(self.entries.values(), key=lambda entry: (entry.waiting.asked_at, entry.id)))

    def settle(self, entry: Entry, outcome: Outcome, by: str, note: str, told: str) -> Decision:
        """An ask no longer waits. `told` is the note as its client may read it."""
        ask = entry.waiting
        decision = Decision(
            id=ask.id,
            kind=ask.kind,
            session=ask.session,
            client=ask.client,
            outcome=outcome,
            by=by,
            note=note,
            at=self._epoch(),
        )
        self.entries.pop(ask.id, None)
        self._decided.append(decision)
        if by not in _UNTOLD:
            self._told(ask.client).append(structs.replace(decision, note=told))
        self._count()
        self._metrics.count_decision(outcome)
        self.watchers.tell(decision)
        return decision

    def decided(self) -> tuple[Decision, ...]:
        """The newest last."""
        return tuple(self._decided)

    def decided_for(self, client: str) -> tuple[Decision, ...]:
        """What a client is told: what others than it decided of its asks, the newest last, with notes as it may read
        them."""
        return tuple(self._of_client.get(client, ()))

    def watch(self) -> Watcher:
        return self.watchers.watch()

    def _told(self, client: str) -> deque[Decision]:
        told = self._of_client.setdefault(client, deque(maxlen=MOST_TOLD))
        self._of_client.move_to_end(client)
        if len(self._of_client) > _MOST_CLIENTS:
            self._of_client.popitem(last=False)
        return told

    def _count(self) -> None:
        gates = [entry.waiting.gate for entry in self.entries.values()]
        self._metrics.set_waiting_asks({gate: gates.count(gate) for gate in ("self", "human", "never")})

    def _oldest(self) -> float:
        """The age of the oldest, in seconds; 0 if none waits."""
        oldest = min((entry.waiting.asked_at for entry in self.entries.values()), default=None)
        return 0.0 if oldest is None else max(0.0, self._epoch() - oldest)


def with_expected(waiting: Waiting, *, expected: bool) -> Waiting:
    """The same, with whether it is expected by now."""
    return waiting if waiting.expected == expected else structs.replace(waiting, expected=expected)
