"""The real proxy with a ticker in its event loop: a task that wants to run every millisecond and notes how late it is.

`python -m tests.bench.ticking FILE serve --config …` is the proxy's command. At each SIGUSR1 it writes to FILE how long
the loop was stalled at most since the last one.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from egress_proxy import app, cli
from egress_proxy.config import Config
from tests.bench.stand import Stand
from tests.kit.proxy import Proxy

_TICK: Final = 0.001
_SECONDS: Final = 10.0


class TickingProxy(Proxy):
    """A proxy that tells how long its loop was stalled."""

    @property
    def _gaps(self) -> Path:
        return self.root / "gaps.json"

    def longest_stall(self) -> float:
        """Give the longest stall since the last question, in seconds."""
        self._gaps.unlink(missing_ok=True)
        os.kill(self.pid, signal.SIGUSR1)
        deadline = time.monotonic() + _SECONDS
        while not self._gaps.exists():
            assert time.monotonic() < deadline, "the ticking proxy does not answer"
            time.sleep(0.005)
        return float(json.loads(self._gaps.read_bytes()))

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "tests.bench.ticking", str(self._gaps), *arguments]


class TickingStand(Stand):
    """A stand with such a proxy."""

    proxy: TickingProxy

    def _made(self, root: Path, configuration: dict[str, object]) -> Proxy:
        self.proxy = TickingProxy(root, configuration, from_nothing=True)
        return self.proxy


class _Ticker:
    def __init__(self, file: Path) -> None:
        self._file = file
        self._longest = 0.0

    async def run(self) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self._tell)
        while True:
            before = time.perf_counter()
            await asyncio.sleep(_TICK)
            self._longest = max(self._longest, time.perf_counter() - before - _TICK)

    def _tell(self) -> None:
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps(self._longest))
        new.rename(self._file)
        self._longest = 0.0


def main(file: Path, arguments: list[str]) -> None:
    """Run the command line with a ticker beside the server."""
    serve = app._serve

    async def serve_ticking(config: Config, again: Callable[[], Config] | None = None) -> None:
        ticking = asyncio.create_task(_Ticker(file).run())
        await serve(config, again)
        ticking.cancel()

    app._serve = serve_ticking
    raise SystemExit(cli.main(arguments))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
