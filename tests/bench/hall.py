"""The processes of a measurement of streams: two stand-ins for opencode, and before them the proxy and the passthrough.

Each of the clients has a directory of its own, with some sessions that it created through the proxy.
"""

from __future__ import annotations

import os
import resource
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from egress_proxy.tokens import Tokens, prepare
from tests.bench import history
from tests.bench.listeners import stream_request
from tests.bench.measured import Measured
from tests.bench.stand import PASSTHROUGH, PROXY, known_values, launch
from tests.kit.client import Client, bearer

_SPARE_FILES: Final = 200
_SPARE_CONNECTIONS: Final = 100


@dataclass(frozen=True)
class Listening:
    """A client: its directory, its sessions, and what it says to be let in."""

    directory: str
    headers: dict[str, str]
    sessions: tuple[str, ...] = ()

    @property
    def request(self) -> bytes:
        """What opens a stream."""
        return stream_request(self.headers, self.directory)

    def request_after(self, event_id: str) -> bytes:
        """What takes a stream up again."""
        return stream_request(self.headers, self.directory, event_id)


@dataclass(frozen=True)
class Way:
    """A way to a stand-in: the process between, its port, that of the stand-in behind, and the clients."""

    name: str
    port: int
    pid: int
    upstream: int
    clients: tuple[Listening, ...]


class Hall:
    """Use as a context manager. `ways` are the passthrough and the proxy, each before a stand-in of its own."""

    def __init__(self, clients: int, sessions: int, readers: int, values: int, forgiven: Sequence[str] = ()) -> None:
        """`sessions` of each client; `readers` of all. Answers may be withheld for `forgiven` reasons only."""
        self._clients, self._sessions, self._readers, self._values = clients, sessions, readers, values
        self._forgiven = forgiven
        self._stack = ExitStack()
        self.ways: tuple[Way, ...] = ()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            _allow_files(2 * self._readers + _SPARE_FILES)
            root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))).resolve()
            directories = [root / f"project-{number}" for number in range(self._clients)]
            for directory in directories:
                directory.mkdir()
            self.ways = (self._passthrough(stack, directories), self._proxied(stack, root, directories))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            records = self.proxy.audit_lines()
        finally:
            self._stack.close()
        reasons = {str(reason) for record in records for reason in record["reasons"]} - set(self._forgiven)
        assert not reasons, f"answers were not clean: {', '.join(sorted(reasons))}"

    def _passthrough(self, stack: ExitStack, directories: list[Path]) -> Way:
        upstream, _ = launch(stack, "speaker", str(self._sessions))
        port, pid = launch(stack, "streaming", f"http://127.0.0.1:{upstream}")
        bare = Client(f"http://127.0.0.1:{upstream}")
        clients = tuple(Listening(str(one), {}, self._created(bare, one)) for one in directories)
        return Way(PASSTHROUGH, port, pid, upstream, clients)

    def _proxied(self, stack: ExitStack, root: Path, directories: list[Path]) -> Way:
        upstream, _ = launch(stack, "speaker", str(self._sessions))
        state = root / "state"
        state.mkdir(mode=0o700)
        prepare(state)
        tokens = Tokens(state)
        logins = [
            bearer(tokens.create(f"client-{number}", (str(one),)).reveal()) for number, one in enumerate(directories)
        ]
        config = self._configuration(f"http://127.0.0.1:{upstream}", root, directories)
        self.proxy = stack.enter_context(Measured(root / "proxy", config))
        clients = tuple(
            Listening(str(one), {"Authorization": login}, self._created(Client(self.proxy.url, login), one))
            for one, login in zip(directories, logins, strict=True)
        )
        return Way(PROXY, int(urlsplit(self.proxy.url).port or 0), self.proxy.pid, upstream, clients)

    def _created(self, client: Client, directory: Path) -> tuple[str, ...]:
        headers = {"x-opencode-directory": str(directory)}
        made = [client.call("POST", "/session", {}, headers=headers) for _ in range(self._sessions)]
        return tuple(str(answer.json["id"]) for answer in made)

    def _configuration(self, url: str, root: Path, directories: list[Path]) -> dict[str, object]:
        env_file = root / ".env"
        env_file.write_text("".join(f"{name}={value}\n" for name, value in known_values(self._values)))
        return {
            "upstream": {"url": url},
            "directories": [str(directory) for directory in directories],
            "models": ["/".join(history.MODEL)],
            "agents": ["build"],
            "known_values": [{"env_file": str(env_file)}],
            "state_dir": str(root / "state"),
            "limits": {"max_connections": self._readers + _SPARE_CONNECTIONS},
        }


def _allow_files(count: int) -> None:
    """Let this process and those that it starts have so many files open, if the system does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (count if hard == resource.RLIM_INFINITY else min(count, hard), hard)
        )


@contextmanager
def apart(pid: int) -> Iterator[None]:
    """Keep a process on one processor, all its threads, and this one on the others, if there are."""
    processors = sorted(os.sched_getaffinity(0))
    if len(processors) < 2:
        yield
        return
    os.sched_setaffinity(0, processors[1:])
    for thread in (Path("/proc") / str(pid) / "task").iterdir():
        os.sched_setaffinity(int(thread.name), processors[:1])
    try:
        yield
    finally:
        os.sched_setaffinity(0, processors)
