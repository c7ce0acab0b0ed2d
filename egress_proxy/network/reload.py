"""SIGHUP, or an operator who asks: the configuration and the files that it names are read anew, and put in force as a
whole or not at all. Who asks is told what came of it.

All that can fail comes first and changes nothing: reading, checking, compiling. What is put in force then is a few
assignments between two turns of the event loop, so no request sees half of it, and no connection ends for it.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic_ns
from typing import Final

from msgspec import Struct

from egress_proxy.config import Config, apart, read_gates
from egress_proxy.errors import ConfigError, EgressError
from egress_proxy.gates import GatePolicy
from egress_proxy.logs import Saying, say
from egress_proxy.metrics import Metrics
from egress_proxy.model import Policy
from egress_proxy.network.changes import in_force
from egress_proxy.network.composing import logins
from egress_proxy.server.cloud import Cloud
from egress_proxy.server.exchange import Exchanges
from egress_proxy.server.known import Known
from egress_proxy.server.notify import notify
from egress_proxy.server.tls import made_ready
from egress_proxy.tokens import Tokens


@asynccontextmanager
async def reloaded_on_hangup(reloading: Reloading) -> AsyncIterator[None]:
    """Reload on SIGHUP, and for who asks, while the context lasts."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, reloading.wanted)
    running = asyncio.create_task(reloading.run())
    try:
        yield
    finally:
        loop.add_signal_handler(signal.SIGHUP, _nothing)  # its default is to end at once
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        reloading.end()


def _nothing() -> None:
    """What a signal does that comes while the proxy stops."""


class Live(Struct, frozen=True):
    """What of a running proxy changes, and how a configuration is understood for it."""

    cloud: Cloud
    exchanges: Exchanges
    known: Known
    metrics: Metrics
    policy: Callable[[Config], Policy]
    gates: Callable[[Config], GatePolicy]


class Outcome(Struct, frozen=True):
    """What came of a reload: whether it is in force, if not why, and the settings whose change needs a restart."""

    done: bool
    why: str = ""
    restart: tuple[str, ...] = ()


_STOPPING: Final = Outcome(done=False, why="the proxy is stopping")
_DEFECT: Final = "a defect, whose kind the log names; all is as it was"


class Reloading:
    """Reads the configuration again when it is told to, one time after the other."""

    def __init__(self, config: Config, read: Callable[[], Config], live: Live) -> None:
        """`read` reads and checks the configuration. Raises `EgressError`."""
        self._config = config
        self._read = read
        self._live = live
        self._tokens = Tokens(Path(config.state_dir))
        self._wanted = asyncio.Event()
        self._asking: list[asyncio.Future[Outcome]] | None = []  # None once it has ended
        live.metrics.set_reloaded(success=True)

    def wanted(self) -> None:
        """Have it read soon: for a signal's handler."""
        self._wanted.set()

    async def asked(self) -> Outcome:
        """Have it read, by a reload that has not begun yet, and wait for what comes of it."""
        if self._asking is None:
            return _STOPPING
        told: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._asking.append(told)
        self._wanted.set()
        return await told

    async def run(self) -> None:
        """Reload whenever it is wanted. Never ends."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            asking, self._asking = self._asking or [], []
            notify(f"RELOADING=1\nMONOTONIC_USEC={monotonic_ns() // 1000}")
            outcome = _STOPPING
            try:
                outcome = await self.reload()
            finally:
                notify("READY=1")
                _tell(asking, outcome)

    def end(self) -> None:
        """Tell who still waits, or comes later, that there is no reload any more."""
        asking, self._asking = self._asking or [], None
        _tell(asking, _STOPPING)

    async def reload(self) -> Outcome:
        """Read and put in force. If that was not done, all is as it was, and the log says why."""
        try:
            kept = await self._reload()
        except EgressError as error:
            say(Saying.RELOAD_REFUSED, why=str(error))
            self._live.metrics.set_reloaded(success=False)
            return Outcome(done=False, why=str(error))
        except Exception as error:  # noqa: BLE001 - its text may quote what must not be logged
            say(Saying.RELOAD_FAILED, error=type(error).__name__)
            self._live.metrics.set_reloaded(success=False)
            return Outcome(done=False, why=_DEFECT)
        say(Saying.RELOADED)
        if kept:
            say(Saying.RELOAD_NEEDS_RESTART, settings=", ".join(kept))
        self._live.metrics.set_reloaded(success=True)
        return Outcome(done=True, restart=kept)

    async def _reload(self) -> tuple[str, ...]:
        live = self._live
        new, kept = in_force(self._config, await asyncio.to_thread(self._read))
        wrong = apart.problem(new)  # the directories may be those of the start
        if wrong is not None:
            raise ConfigError(": ".join(wrong))
        if new.gates_file:  # at a start, one that is broken leaves all to a human; here there is an older one
            read_gates(Path(new.gates_file))
        gates, policy = live.gates(new), live.policy(new)
        certificate = made_ready(new.tls) if new.tls.certificate_file else None
        await live.known.reload(new, live.exchanges.upstream)
        # Nothing fails from here on, and nothing waits: it is one turn of the event loop.
        certified = live.cloud.entrance.certified
        if certified is not None and certificate is not None:
            certified.take(certificate)
        live.cloud.entrance.take(logins(new, self._tokens), new.network)
        live.cloud.bound(new.limits)
        live.exchanges.take(policy, gates, patch_text=new.features.patch_text)
        live.metrics.set_gate_rules(len(gates.rules))
        self._config = new
        return kept


def _tell(asking: list[asyncio.Future[Outcome]], outcome: Outcome) -> None:
    for told in asking:
        if not told.done():  # who asked may have gone
            told.set_result(outcome)
