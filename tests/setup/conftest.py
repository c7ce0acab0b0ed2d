"""An opencode that only answers, and a user's home."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

VALUE = "bodukira" + "melo47"
PASSWORD = "orbit-" + "candle-4821"


class Pretended:
    """Answers as opencode does, with a password or without."""

    def __init__(self) -> None:
        self.version, self.password, self.model = "1.18.33", PASSWORD, "local/coder"
        self.settings: dict[str, Any] = {}
        pretended = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None: ...

            def do_GET(self) -> None:
                login = base64.b64encode(f"opencode:{pretended.password}".encode()).decode()
                if pretended.password and self.headers.get("Authorization") != f"Basic {login}":
                    self.send_response(401)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                body = json.dumps(pretended.answer(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, path: str) -> Any:
        return {
            "/global/health": {"healthy": True, "version": self.version},
            "/config": {"model": self.model, "provider": {"local": {"options": {"apiKey": VALUE}}}, **self.settings},
            "/config/providers": {"default": {"opencode": "big-pickle"}},
            "/path": {"directory": "/"},
        }.get(path, {})


@pytest.fixture
def opencode() -> Iterator[Pretended]:
    with pretending() as pretended:
        yield pretended


@contextmanager
def pretending() -> Iterator[Pretended]:
    """It answers until the end."""
    pretended = Pretended()
    thread = threading.Thread(target=pretended.server.serve_forever, args=(0.01,))
    thread.start()
    yield pretended
    pretended.server.shutdown()
    pretended.server.server_close()
    thread.join()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's home, and a project with an env file beside it."""
    home = tmp_path.resolve() / "home"
    shop = home.parent / "shop"
    for folder in (home, shop / "node_modules", shop / "api"):
        folder.mkdir(parents=True)
    (shop / ".env").write_text(f"DB_PASSWORD={VALUE}\n")
    (shop / "api" / ".env.local").write_text(f"API_TOKEN={VALUE}\n")
    (shop / ".env.example").write_text("EXAMPLE_NAME=\n")
    (shop / "node_modules" / ".env").write_text("MODULE_NAME=x\n")
    (home.parent / "password").write_text(PASSWORD + "\n")
    (home.parent / "password").chmod(0o600)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USER", "ann")
    programs = home.parent / "bin"
    programs.mkdir()
    (programs / "systemctl").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(programs))  # with a systemd, and without an opencode
    return home
