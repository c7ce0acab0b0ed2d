"""Launches a real `opencode serve`, isolated from the machine's own and from every network but the scripted model.

Its configuration holds planted secrets in each place where operators put them: provider options and headers, model
headers, `{env:}` and `{file:}` references, auth.json, and the environment and headers of MCP servers.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

from tests.kit import binaries
from tests.kit.canaries import Canaries
from tests.kit.client import Client, basic, free_port
from tests.kit.world import REFERENCE_VARIABLE

USER = "opencode"
PROVIDER, MODELS = "local", ("small", "large")
"""The provider and models that the proxy's configuration allows."""
OTHER_PROVIDER, OTHER_MODEL = "other", "foreign"
"""A provider that opencode knows and the proxy must never let a client choose."""
ALLOW_ENV_READS: Final[Mapping[str, Any]] = {"read": "allow", "bash": "allow", "external_directory": "allow"}
"""`permission` under which the agent reads anything unasked; the default asks for .env and for what lies outside."""
ASK_FOR_BASH: Final[Mapping[str, Any]] = {"bash": "ask"}
CLOUD, CLOUD_MODEL = "opencode", "big-pickle"
"""The keyless provider that every opencode has, whatever its configuration says, and a model of it."""

_START_TIMEOUT_S = 120.0
_START_TRIES = 3
_PROBE_TIMEOUT_S = 0.5
"""opencode never answers a connection that it accepts while it is starting, so a probe has to give up soon."""
_LOG_TAIL = 2000


class OpenCodeFailed(Exception):
    """The server did not come up; the message holds the end of its log with planted values taken out."""


def configuration(
    model_url: str, canaries: Canaries, permission: Mapping[str, Any] | None, key_file: Path, *, snapshots: bool
) -> dict[str, Any]:
    """Give the opencode.json of a planted server."""
    reference = f"{{env:{REFERENCE_VARIABLE}}}"
    config: dict[str, Any] = {
        "$schema": "https://opencode.ai/config.json",
        "model": f"{PROVIDER}/{MODELS[0]}",
        "small_model": f"{PROVIDER}/{MODELS[0]}",
        "share": "disabled",
        "autoupdate": False,
        "snapshot": snapshots,
        "lsp": False,
        "formatter": False,
        "provider": {
            PROVIDER: _provider(
                MODELS, model_url, canaries["PROVIDER_API_KEY"], reference, model_header=canaries["MODEL_HEADER"]
            ),
            OTHER_PROVIDER: _provider((OTHER_MODEL,), model_url, f"{{file:{key_file}}}", "none", model_header="none"),
        },
        "mcp": {
            "planted-local": {
                "type": "local",
                "command": ["true"],
                "environment": {"MCP_TOKEN": canaries["MCP_ENVIRONMENT"]},
                "enabled": False,
            },
            "planted-remote": {
                "type": "remote",
                "url": "http://127.0.0.1:9/mcp",
                "headers": {"Authorization": f"Bearer {canaries['MCP_HEADER']}"},
                "enabled": False,
            },
        },
    }
    if permission is not None:
        config["permission"] = dict(permission)
    return config


def _few_models() -> dict[str, Any]:
    """Give what stands for the built-in list of all providers: its keyless one alone, in the form of models.dev."""
    model = {
        "id": CLOUD_MODEL,
        "name": "Big Pickle",
        "attachment": False,
        "reasoning": True,
        "temperature": True,
        "tool_call": True,
        "release_date": "2025-10-17",
        "modalities": {"input": ["text"], "output": ["text"]},
        "cost": {"input": 0, "output": 0},
        "limit": {"context": 200_000, "output": 128_000},
    }
    cloud = {
        "id": CLOUD,
        "name": "OpenCode Zen",
        "env": ["OPENCODE_API_KEY"],
        "npm": "@ai-sdk/openai-compatible",
        "api": "http://127.0.0.1:9/zen/v1",
        "models": {CLOUD_MODEL: model},
    }
    return {CLOUD: cloud}


def _provider(models: tuple[str, ...], url: str, key: str, header: str, *, model_header: str) -> dict[str, Any]:
    model = {
        "limit": {"context": 128_000, "output": 8_000},
        "tool_call": True,
        "headers": {"X-Model-Planted": model_header},
    }
    return {
        "npm": "@ai-sdk/openai-compatible",
        "options": {"baseURL": url, "apiKey": key, "headers": {"X-Planted": header}},
        "models": {name: {"name": name.title(), **model} for name in models},
    }


class OpenCode:
    """One server over one state directory. `with OpenCode(version, root, cwd, model.url, canaries) as opencode: …`

    `root` holds HOME, the XDG directories and the log; it may be used again for a restart on the same state.
    `cwd` is the directory that a request without one falls back to. With `all_models` it knows the thousands of models
    that are built into it, which every proxy in front of it asks for; it writes 6 MB and computes for seconds then.
    """

    def __init__(
        self,
        version: str,
        root: Path,
        cwd: Path,
        model_url: str,
        canaries: Canaries,
        *,
        permission: Mapping[str, Any] | None = None,
        extra: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
        all_models: bool = False,
        snapshots: bool = False,
    ) -> None:
        self.version = version
        self._all_models = all_models
        self.root, self.cwd, self.canaries = root, cwd, canaries
        self.log = root / "opencode.log"
        self.password = canaries["SERVER_PASSWORD"]
        self.password_file = root / "server-password"
        self.port = 0
        self._binary = binaries.opencode(version)
        self._extra_environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None
        key_file = root / "other-key"
        config = configuration(model_url, canaries, permission, key_file, snapshots=snapshots)
        self._prepare({**config, **(extra or {})}, key_file)

    @property
    def url(self) -> str:
        """The server's own address, for the proxy's `upstream.url`."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The running process. Raise `OpenCodeFailed` when there is none."""
        if self._process is None:
            raise OpenCodeFailed("opencode is not running")
        return self._process.pid

    @property
    def config_file(self) -> Path:
        """Its opencode.json."""
        return self.root / "config" / "opencode" / "opencode.json"

    @property
    def _models_file(self) -> Path:
        return self.root / "models.json"

    @property
    def auth_file(self) -> Path:
        """Its auth.json, with a key of a provider that is not configured."""
        return self.root / "data" / "opencode" / "auth.json"

    @property
    def authorization(self) -> str:
        """The Authorization header that it takes."""
        return basic(USER, self.password)

    def client(self, directory: Path | str | None = None, timeout: float = 60.0) -> Client:
        """Give a client with the password, for one directory if one is given."""
        return Client(self.url, self.authorization, str(directory) if directory else None, timeout)

    def start(self) -> Self:
        """Start on a free port and wait until it answers. Raise `OpenCodeFailed` when it does not."""
        return self._come_up(new_port=True)

    def stop(self) -> None:
        """Kill it and what it has started, without a chance to clean up."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def restart(self) -> Self:
        """Kill it and start it again on the same state and the same port, as a supervisor would."""
        self.stop()
        return self._come_up(new_port=False)

    def upgrade(self, version: str) -> Self:
        """Kill it and start another version on the same state and the same port."""
        self.version, self._binary = version, binaries.opencode(version)
        return self.restart()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _come_up(self, *, new_port: bool) -> Self:
        for _ in range(_START_TRIES):
            self.port = free_port() if new_port else self.port
            self._process = self._spawn()
            if self._answers():
                return self
            self.stop()
        raise OpenCodeFailed(f"opencode {self.version} did not start: {self._log_tail()}")

    def _prepare(self, config: Mapping[str, Any], key_file: Path) -> None:
        for name in ("home", "config/opencode", "data/opencode", "state", "cache", "tmp"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        self._models_file.write_text(json.dumps(_few_models()), encoding="utf-8")
        binaries.without_plugin(self.config_file.parent)
        _write_private(key_file, self.canaries["OTHER_API_KEY"])
        _write_private(self.password_file, self.password + "\n")
        _write_private(self.auth_file, json.dumps({"unused": {"type": "api", "key": self.canaries["AUTH_FILE_KEY"]}}))
        _write_private(self.config_file, json.dumps(config, indent=2))

    def _environment(self) -> dict[str, str]:
        """Build the whole environment: nothing of the machine's own opencode, shell or proxies may shine through."""
        path = os.pathsep.join((str(binaries.ripgrep().parent), os.environ.get("PATH", os.defpath)))
        return {
            "PATH": path,
            "LANG": "C.UTF-8",
            "HOME": str(self.root / "home"),
            "TMPDIR": str(self.root / "tmp"),
            "XDG_CONFIG_HOME": str(self.root / "config"),
            "XDG_DATA_HOME": str(self.root / "data"),
            "XDG_STATE_HOME": str(self.root / "state"),
            "XDG_CACHE_HOME": str(self.root / "cache"),
            "OPENCODE_DISABLE_AUTOUPDATE": "1",
            "OPENCODE_DISABLE_MODELS_FETCH": "1",
            "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
            "OPENCODE_SERVER_PASSWORD": self.password,
            REFERENCE_VARIABLE: self.canaries["PROVIDER_HEADER"],
            **({} if self._all_models else {"OPENCODE_MODELS_PATH": str(self._models_file)}),
            **self._extra_environment,
        }

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = [str(self._binary), "serve", "--hostname", "127.0.0.1", "--port", str(self.port), "--print-logs"]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self.cwd,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _answers(self) -> bool:
        deadline = time.monotonic() + _START_TIMEOUT_S
        client = self.client(timeout=_PROBE_TIMEOUT_S)
        while time.monotonic() < deadline and self._process is not None and self._process.poll() is None:
            try:
                if client.get("/global/health").status == 200:
                    return True
            except OSError:
                pass  # not listening yet
            time.sleep(0.05)
        return False

    def _log_tail(self) -> str:
        tail = self.log.read_text("utf-8", "replace")[-_LOG_TAIL:] if self.log.exists() else ""
        for name, value in self.canaries.values.items():
            tail = tail.replace(value, f"<{name}>")
        return tail


def _write_private(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
