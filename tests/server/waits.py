"""The queue in front of an agent that asks: everything of the proxy is real but opencode.

A fake one, because these tests are about what a real one does at no moment that a test could choose: an ask that
changes, an answer that is lost, two answers at once.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from egress_proxy.audit import Ledger
from egress_proxy.errors import AuditError
from egress_proxy.gates import DEFAULTS, GatePolicy, Own
from egress_proxy.metrics import Metrics
from egress_proxy.model import Call, Client, Policy, Refused, Reply
from egress_proxy.reasons import Reason
from egress_proxy.scan import TextScanner, judge
from egress_proxy.server.exchange import Exchanges, Settings
from egress_proxy.server.owners import Owners
from egress_proxy.server.pipeline import Pipeline
from egress_proxy.server.queue import Decision, Queue, Waiting
from egress_proxy.server.recorder import Recorder
from egress_proxy.server.sessions import Sessions
from egress_proxy.server.taints import Taints
from egress_proxy.server.upstream import Upstream
from egress_proxy.wire import SessionFacts
from tests.kit.ledger import records
from tests.server.rig import scanner

OURS: Final = "ses_00000000000000000000000001"
CHILD: Final = "ses_0000000000000000000000000c"
OPERATORS: Final = "ses_0000000000000000000000000f"
CLIENT: Final = "ann"
SECONDS: Final = 900
OTHER_DIRECTORY: Final = "/srv/other"
"""Another one that the queue looks at, in which nothing waits."""


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.time = 1_000_000.0

    def __call__(self) -> float:
        return self.time


class FailingLedger(Ledger):
    """A disk that may be full."""

    failing = False

    def append(self, records: Any) -> None:
        if self.failing:
            raise AuditError("the disk is full")
        super().append(records)


@dataclass
class FakeAgent:
    """opencode's pending asks, and its routes for them, as far as the queue uses them.

    `answers` are those that came, in their order. What is `broken` fails. While `gate` is clear, answers wait. `output`
    is what a tool has shown in each session. Of a directory that is `hung` nothing comes
    until its event is set; a call that is `raising` does (spelt with a directory: there alone). One that is `forgetful`
    drops what a turn asked when that ends; opencode 1.15.13 and 1.18.33 do not.
    """

    directory: str
    asks: dict[str, dict[str, Any]] = field(default_factory=dict)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: list[tuple[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    output: str = ""
    hung: dict[str, asyncio.Event] = field(default_factory=dict)
    raising: set[str] = field(default_factory=set)
    stopped: bool = False
    forgetful: bool = False

    def __post_init__(self) -> None:
        self.gate.set()
        for session, parent in ((OURS, None), (CHILD, OURS), (OPERATORS, None)):
            more = {"parentID": parent} if parent else {}
            self.sessions[session] = {"id": session, "directory": self.directory, "title": "A task", **more}

    def ask(self, number: int = 1, session: str = OURS, command: str = "git push", **more: Any) -> str:
        """Ask to run a shell command; give the ask's id."""
        ask_id, message, call = f"per_{number}", f"msg_{number}", f"call_{number}"
        tool = {"messageID": message, "callID": call}
        self.asks[ask_id] = {
            "id": ask_id, "sessionID": session, "permission": "bash", "patterns": [command], "tool": tool, **more
        }  # fmt: skip
        state = {"status": "running", "input": {"command": command}}
        part = {"type": "tool", "callID": call, "tool": "bash", "state": state}
        self.messages[f"/session/{session}/message/{message}"] = {"info": {"role": "assistant"}, "parts": [part]}
        return ask_id

    def question(self, number: int = 1, session: str = OURS) -> str:
        ask_id = f"que_{number}"
        item = {"question": "Which?", "header": "Pick", "options": [{"label": "A", "description": "the first"}]}
        self.asks[ask_id] = {"id": ask_id, "sessionID": session, "questions": [item]}
        return ask_id

    async def call(self, call: Call, _: float) -> Reply | Refused:
        spelt = f"{call.method} {call.path}"
        self.calls.append(spelt)
        if call.directory in self.hung:
            await self.hung[call.directory].wait()
        if spelt in self.raising or f"{spelt} {call.directory}" in self.raising:
            raise ValueError(spelt)
        if spelt in self.broken:
            return Refused(Reason.UPSTREAM_ERROR)
        if call.method == "POST":
            return await self._answered(call)
        found = self._found(call)
        return Refused(Reason.UPSTREAM_NOT_FOUND) if found is None else _reply(found)

    def _found(self, call: Call) -> object:
        path = call.path
        if path in {"/permission", "/question"}:
            prefix = "per" if path == "/permission" else "que"
            here = call.directory == self.directory
            return [ask for ask_id, ask in self.asks.items() if here and ask_id.startswith(prefix)]
        if path == "/path":
            return {"worktree": self.directory, "directory": self.directory, "home": "", "state": "", "config": ""}
        if path in self.messages:
            return self.messages[path]
        if path.endswith("/message"):
            return self._history(path.split("/")[2])
        return self.sessions.get(path.removeprefix("/session/"))

    def _history(self, session: str) -> list[object]:
        """A prompt, and the reply to it, which is at work."""
        asked = {"id": "msg_a", "sessionID": session, "role": "user", "time": {"created": 1}}
        replied = {"id": "msg_b", "sessionID": session, "role": "assistant", "time": {"created": 2}}
        state = {"status": "completed", "input": {"command": "env"}, "output": self.output, "title": "", "metadata": {}}
        shown = [{"id": "prt_b", "type": "tool", "callID": "call_0", "tool": "bash", "state": state}]
        text = {"id": "prt_a", "type": "text", "text": "Push it."}
        return [{"info": asked, "parts": [text]}, {"info": replied, "parts": shown if self.output else []}]

    async def _answered(self, call: Call) -> Reply | Refused:
        await self.gate.wait()
        if call.path.endswith("/abort"):
            if self.forgetful:
                self.asks.clear()
            return _reply(value=True)
        ask_id = call.path.split("/")[2]
        if self.asks.pop(ask_id, None) is None:
            return Refused(Reason.UPSTREAM_NOT_FOUND)
        self.answers.append((ask_id, json.loads(call.body) if call.body else "reject"))
        return _reply(value=True)


def _reply(value: object) -> Reply:
    return Reply(200, "application/json", "", "", json.dumps(value).encode())


@dataclass
class Stand:
    """A queue, and what it is made of. `told` are the decisions that clients are told of."""

    queue: Queue
    agent: FakeAgent
    clock: Clock
    exchanges: Exchanges
    metrics: Metrics
    ledger: FailingLedger
    owners: Owners
    state: Path
    told: list[Decision]
    seconds: int = SECONDS

    async def look(self) -> tuple[Waiting, ...]:
        """Let the queue look at all directories, and give what waits."""
        self.queue.notice(self.agent.directory)
        await self.queue.look()
        return self.queue.waiting()

    def again(self) -> Stand:
        """The same after a restart of the proxy: nothing but the owners is left."""
        return _stand(self.agent, self.clock, self.ledger, self.exchanges.pipeline, self.owners, self.state)

    def records(self) -> list[tuple[str, ...]]:
        """What is on record of decisions."""
        return [tuple(record["noted"]) for record in records(self.state) if record["noted"]]


def _policy(directory: str) -> GatePolicy:
    return GatePolicy(DEFAULTS, frozenset({f"{directory}/.env"}), Own(proxy_state=("/srv/proxy-state",)))


def _stand(
    agent: FakeAgent, clock: Clock, ledger: FailingLedger, pipeline: Pipeline, owners: Owners, state: Path
) -> Stand:
    upstream = cast("Upstream", agent)
    sessions = Sessions(upstream, owners, 5.0)
    policy = Policy(models=(("local", "small"),), agents=("build",))
    settings = Settings(policy, _policy(agent.directory), patch_text=False, call_seconds=2.0, prompt_seconds=60.0)
    taints, metrics, ids = Taints(upstream, sessions, 5.0), Metrics(), itertools.count()
    exchanges = Exchanges(
        settings, upstream, sessions, pipeline, metrics, lambda: f"egr_{next(ids)}", taints=taints, key=bytes(32)
    )
    told: list[Decision] = []

    async def tell(decision: Decision, _: str) -> None:
        told.append(decision)

    directories = (OTHER_DIRECTORY, agent.directory)
    queue = Queue(exchanges, metrics, directories, SECONDS, told=tell, epoch=clock, steady=clock)
    return Stand(queue, agent, clock, exchanges, metrics, ledger, owners, state, told)


async def _ready() -> TextScanner:
    return scanner()


@asynccontextmanager
async def stand(path: Path) -> AsyncIterator[Stand]:
    """A queue of one directory, in which the client has a session with a sub-agent, and the operator one of its own."""
    directory = path / "project"
    directory.mkdir()
    agent = FakeAgent(str(directory.resolve()))
    ledger, owners = FailingLedger(path), Owners(path / "sessions.db")
    recorder = Recorder(ledger)
    pipeline = Pipeline(_ready, judge, recorder, Metrics(), 5.0, lambda: "2026-01-01T00:00:00Z")
    made = _stand(agent, Clock(), ledger, pipeline, owners, path)
    made.exchanges.sessions.created(SessionFacts(OURS, "", agent.directory), Client(CLIENT, (agent.directory,)))
    try:
        yield made
    finally:
        await made.queue.close()
        await recorder.close()
        owners.close()


UNKNOWN, CHANGED = Refused(Reason.ASK_UNKNOWN), Refused(Reason.ASK_CHANGED)


async def parked(proxy: Stand, number: int = 1, **ask: Any) -> Waiting:
    """An ask that waits in the queue."""
    ask_id = proxy.agent.ask(number, **ask)
    return next(one for one in await proxy.look() if one.id == ask_id)


def outcome(answered: Decision | Refused) -> tuple[str, str]:
    assert isinstance(answered, Decision)
    return answered.outcome, answered.by
