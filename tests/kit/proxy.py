"""Launches the proxy as an operator would: a configuration file, `token create`, `serve`, SIGTERM.

It runs in a process of its own, so what it logs, writes and answers can be searched for secrets from outside.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from tests.kit.client import Client, bearer, free_port
from tests.kit.ledger import lines, records
from tests.kit.opencode import MODELS, PROVIDER, OpenCode
from tests.kit.ready import PROXY, Piped, Ready
from tests.kit.world import World

DEFAULT_CLIENT = "agent"
ALLOWED_MODELS = tuple(f"{PROVIDER}/{model}" for model in MODELS)
_ROOT = Path(__file__).resolve().parents[2]
_START_TIMEOUT_S = 120.0
_START_TRIES = 3
_STOP_TIMEOUT_S = 45.0
_TOKEN_TIMEOUT_S = 120.0
_OUTPUT_TAIL = 2000


class ProxyFailed(Exception):
    """The proxy or its command line did not do what was asked; the message holds the end of what it printed."""


def configuration(opencode: OpenCode, world: World, state: Path, **changes: Any) -> dict[str, Any]:
    """Give a configuration for a planted server; `changes` replace whole top-level keys."""
    config: dict[str, Any] = {
        "upstream": {"url": opencode.url, "password_file": str(opencode.password_file)},
        "directories": [str(world.project), str(world.plain)],
        "models": list(ALLOWED_MODELS),
        "agents": ["build", "plan"],
        "known_values": [
            {"env_file": str(world.env_file)},
            {"env_file": str(world.plain / ".env")},
            {"opencode_auth": str(opencode.auth_file)},
            {"upstream_config": True},
        ],
        "state_dir": str(state),
    }
    return {**config, **changes}


class Proxy:
    """One proxy over one state directory. `with Proxy(root, config) as proxy: proxy.client(directory).get("/session")`.

    `config` is as `configuration()` gives it; `listen` and `operator` are chosen here unless it has them. With
    `from_nothing` its process is started as an operator would start it, else it is forked from one that is ready.
    """

    def __init__(
        self,
        root: Path,
        config: Mapping[str, Any],
        environment: Mapping[str, str] | None = None,
        *,
        from_nothing: bool = False,
    ) -> None:
        self.root = root
        self.config = dict(config)
        self.config_file = root / "egress-proxy.yaml"
        self.log = root / "proxy.log"
        self.state = Path(self.config["state_dir"])
        self.token = ""
        self._chosen = {"listen", "operator"} - set(self.config)
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | Ready | None = None
        self._from_nothing = from_nothing
        for directory in (root, self.state):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    @property
    def url(self) -> str:
        """The cloud-facing address."""
        return f"http://{self.config['listen']}"

    @property
    def operator_url(self) -> str:
        """The operator's address."""
        return f"http://{self.config['operator']}"

    @property
    def pid(self) -> int:
        """The running process. Raise `ProxyFailed` when there is none."""
        if self._process is None:
            raise ProxyFailed("the proxy is not running")
        return self._process.pid

    def client(self, directory: Path | str | None = None, token: str | None = None, timeout: float = 60.0) -> Client:
        """Give a client that authenticates with the default token or another one."""
        return Client(self.url, bearer(token or self.token), str(directory) if directory else None, timeout)

    def create_token(self, name: str, directories: Iterable[Path] = ()) -> str:
        """Make a client's token on the command line. Raise `ProxyFailed`."""
        options = [option for directory in directories for option in ("--directory", str(directory))]
        done = self.command("token", "create", name, "--config", str(self.config_file), *options)
        if done.returncode != 0:
            raise ProxyFailed(f"token create: exit {done.returncode}: {_tail(done.stderr)}")
        return done.stdout.decode().strip()

    def command(
        self, *arguments: str, timeout: float = _TOKEN_TIMEOUT_S, given: bytes = b""
    ) -> subprocess.CompletedProcess[bytes]:
        """Run the command line to its end; `given` is its stdin."""
        code, out, err = Piped(PROXY, arguments, self._env()).ended(given, timeout)
        return subprocess.CompletedProcess(arguments, code, out, err)

    def start(self) -> Self:
        """Write the configuration, make the default token if there is none, serve, and wait until it is healthy.

        Ports that were chosen here are chosen anew for each try; a restart keeps the ports that have served.
        """
        for _ in range(_START_TRIES):
            self._write_config()
            self.token = self.token or self.create_token(DEFAULT_CLIENT)
            if self._serve():
                self._chosen.clear()
                return self
            self.stop()
        raise ProxyFailed(f"the proxy did not start: {_tail(self.log.read_bytes())}")

    def stop(self) -> int | None:
        """Ask it to end and give its exit code; kill it when it does not end in time."""
        process, self._process = self._process, None
        if process is None:
            return None
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise ProxyFailed("the proxy did not end on SIGTERM") from None

    def kill(self) -> None:
        """End it without a chance to clean up."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def audit_lines(self) -> list[Any]:
        """Give the audit log's records, decoded."""
        return records(self.state)

    def metrics(self) -> str:
        """Give the operator's metrics in Prometheus' text format."""
        return Client(self.operator_url).get("/metrics").text

    def series(self) -> dict[str, float]:
        """Give the operator's metrics: series, labels included, to value."""
        lines = [line for line in self.metrics().splitlines() if line and not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    def traces(self) -> bytes:
        """Give what a leak guard searches: all that it logged or keeps on disk, and its metrics while it runs."""
        return b"\n".join(self.kept())

    def kept(self) -> list[bytes]:
        """Give the same apart: each file, the entries of its ledger, its metrics."""
        files = [self.log, *sorted(path for path in self.state.rglob("*") if path.is_file())]
        kept = [path.read_bytes() for path in files if path.exists()]
        entries = "\n".join(lines(self.state)).encode()  # in the database's file they may stand in pieces
        return [*kept, entries, self.metrics().encode() if self._process is not None else b""]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _write_config(self) -> None:
        """Write the configuration as JSON, which is YAML, with the ports that are to be tried."""
        self.config.update({key: f"127.0.0.1:{free_port()}" for key in self._chosen})
        self.config_file.write_text(json.dumps(self.config, indent=2), encoding="utf-8")
        self.config_file.chmod(0o600)

    def _serve(self) -> bool:
        arguments = ("serve", "--config", str(self.config_file))
        with self.log.open("ab") as log, Path(os.devnull).open("rb") as nothing:
            if self._from_nothing:
                command, env = self._command(arguments), self._env()
                self._process = subprocess.Popen(command, cwd=_ROOT, env=env, stdin=nothing, stdout=log, stderr=log)
            else:
                files = (nothing.fileno(), log.fileno(), log.fileno())
                self._process = Ready(PROXY, arguments, self._env(), files)
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            if self._healthy():
                return True
            time.sleep(0.05)
        return False

    def _healthy(self) -> bool:
        try:
            return self.client(timeout=5.0).get("/_egress/health").status == 200
        except OSError:
            return False  # not listening yet

    def _command(self, arguments: Sequence[str]) -> list[str]:
        """What starts it from nothing."""
        return [sys.executable, "-m", PROXY, *arguments]

    def _env(self) -> dict[str, str]:
        return {**os.environ, "PYTHONUNBUFFERED": "1", **self._environment}


def _tail(output: bytes) -> str:
    return output[-_OUTPUT_TAIL:].decode("utf-8", "replace")
