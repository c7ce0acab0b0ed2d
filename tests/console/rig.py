"""A queue that a test fills, and the console on the operator's application in front of it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, Final

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient
from msgspec.structs import replace

from egress_proxy.console import PREFIX, Behind, console_app
from egress_proxy.errors import EgressError
from egress_proxy.metrics import Metrics
from egress_proxy.model import Refused
from egress_proxy.reasons import Reason
from egress_proxy.server.changes import Watcher, Watchers
from egress_proxy.server.operator import operator_app
from egress_proxy.server.operator_auth import Operator
from egress_proxy.server.queued import Decision, Said, Waiting
from egress_proxy.server.recorded import Recorded
from egress_proxy.server.survey import Survey

OPERATOR: Final = "ada"
TOKEN: Final = "egx_" + "t0ken-of-the-test" * 2
DIRECTORY: Final = "/srv/projects/shop"
NOW: Final = time.time()
_SAID: Final = (Said("user", "Publish it."), Said("assistant", "I push now."))


def ask(ask_id: str = "per_1", **changes: Any) -> Waiting:
    """An ask for a push, with changes."""
    plain = Waiting(
        id=ask_id,
        kind="permission",
        session="ses_1",
        root="ses_1",
        title="Release 1.4",
        client="agent",
        directory=DIRECTORY,
        permission="bash",
        patterns=("git push *",),
        command="git push origin main",
        workdir="",
        gate="human",
        rule="git-push",
        why="it sends commits to others",
        expected=False,
        asked_at=NOW - 20,
        expires_at=time.time() + 3000,
        digest="d1" * 16,
    )
    return replace(plain, **changes)


class FakeQueue:
    """Stands in for the proxy's queue: same methods, asks and refusals as the test wants them."""

    def __init__(self) -> None:
        self.asks: list[Waiting] = []
        self.decisions: list[Decision] = []
        self.said: tuple[Said, ...] | Refused = _SAID
        self.refusal: Reason | None = None
        self._watchers = Watchers()

    @property
    def readers(self) -> int:
        """How many streams are open."""
        return len(self._watchers._all)

    def add(self, *asks: Waiting) -> None:
        for one in asks:
            self.asks = [*(old for old in self.asks if old.id != one.id), one]
            self._tell(one)

    def clear(self) -> None:
        self.asks, self.decisions, self.refusal, self.said = [], [], None, _SAID

    def end(self) -> None:
        """End all streams, as for a reader that is too slow."""
        self._watchers.end()
        self._watchers = Watchers()

    def waiting(self) -> tuple[Waiting, ...]:
        return tuple(self.asks)

    def decided(self) -> tuple[Decision, ...]:
        return tuple(self.decisions)

    async def context(self, ask_id: str) -> tuple[Said, ...] | Refused:
        return self.said

    async def approve(self, ask_id: str, digest: str, *, by: str, note: str = "") -> Decision | Refused:
        return self._decide(ask_id, digest, "approved", by, note)

    async def reject(self, ask_id: str, digest: str, *, by: str, note: str = "") -> Decision | Refused:
        return self._decide(ask_id, digest, "rejected", by, note)

    def changes(self) -> Watcher:
        return self._watchers.watch()

    def answer(self, ask_id: str, outcome: Any, by: str, note: str = "") -> Decision:
        """An ask is decided, here or elsewhere."""
        found = next(one for one in self.asks if one.id == ask_id)
        self.asks.remove(found)
        decision = Decision(
            id=ask_id,
            kind=found.kind,
            session=found.session,
            client=found.client,
            outcome=outcome,
            by=by,
            note=note,
            at=time.time(),
        )
        self.decisions.append(decision)
        self._tell(decision)
        return decision

    def _decide(self, ask_id: str, digest: str, outcome: Any, by: str, note: str) -> Decision | Refused:
        if self.refusal is not None:
            return Refused(self.refusal)
        if not any(one.id == ask_id and one.digest == digest for one in self.asks):
            return Refused(Reason.ASK_UNKNOWN)
        return self.answer(ask_id, outcome, by, note)

    def _tell(self, change: Waiting | Decision) -> None:
        self._watchers.tell(change)


class FakeOperators:
    """One operator, until it is revoked."""

    def __init__(self) -> None:
        self.revoked = False

    def login(self, presented: str) -> Operator | None:
        return Operator(OPERATOR, "") if presented == TOKEN and not self.revoked else None

    def stands(self, operator: Operator) -> bool:
        return operator.name == OPERATOR and not self.revoked


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.passed = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.passed


def application(
    queue: FakeQueue,
    operators: FakeOperators | None = None,
    clock: Clock | None = None,
    *,
    behind: Behind | None = None,
    metrics: Metrics | None = None,
    epoch: Callable[[], float] = time.time,
) -> web.Application:
    """The operator's application with the console in it; without `behind`, with a ledger that is not there."""
    metrics, behind = metrics or Metrics(), behind or nothing_behind()
    console = console_app(
        queue, operators or FakeOperators(), metrics, 10, behind, steady=clock or Clock(), epoch=epoch
    )
    admits = behind.sso.admits if behind.sso else None
    return operator_app(metrics, "127.0.0.1", gated=True, mounted={PREFIX: console}, admits=admits)


def nothing_behind() -> Behind:
    """No ledger, no keys, no values."""

    def missing() -> Any:
        raise EgressError("there is no audit log")

    return Behind(opened=missing, keys=missing, listen=Recorded().listen, known=tuple, server=Survey("1.18.33", (), ()))


class Visitor:
    """A browser without a screen: keeps its cookie by hand, and sends what browsers send."""

    def __init__(self, client: TestClient[web.Request, web.Application]) -> None:
        self.client = client
        self.origin = str(client.make_url("/")).rstrip("/")
        self.cookie = ""
        self.home = ""

    async def login(self, token: str = TOKEN, **fields: str) -> ClientResponse:
        """Log in; where that succeeds, `cookie` and `home` are those of the session."""
        answer = await self.post(f"{PREFIX}/", {"token": token, **fields})
        if answer.status == 303:
            self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
            self.home = re.sub(r"(/console/\w+/).*", r"\1", answer.headers["Location"])
        return answer

    async def get(self, path: str, **headers: str) -> ClientResponse:
        """Get a page; `path` is below the session's place unless it is absolute."""
        return await self.client.get(self._at(path), headers=self._headers(headers), allow_redirects=False)

    async def post(self, path: str, fields: Any, **headers: str) -> ClientResponse:
        """Send a form as a page of the console would."""
        sent = self._headers({"Origin": self.origin, **headers})
        return await self.client.post(self._at(path), data=fields, headers=sent, allow_redirects=False)

    async def form(self, ask_id: str) -> dict[str, str]:
        """The hidden fields of an ask's form."""
        page = await (await self.get(f"asks/{ask_id}")).text()
        found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.partition("<main")[2]))
        assert set(found) == {"csrf", "digest"}
        return found

    def _at(self, path: str) -> str:
        return path if path.startswith("/") else self.home + path

    def _headers(self, headers: dict[str, str]) -> dict[str, str]:
        given = {"Cookie": self.cookie} if self.cookie else {}
        return {**given, **{name.replace("_", "-"): value for name, value in headers.items()}}
