"""The parts of a run that need no opencode: whose directory it fills, what it sends, what it does when it cannot."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from egress_proxy.cli import main
from egress_proxy.config import load
from egress_proxy.errors import ConfigError, StartError
from egress_proxy.model import Secret
from egress_proxy.tokens import Tokens
from egress_proxy.trial.canaries import Canaries, Kind
from egress_proxy.trial.client import Client, Target
from egress_proxy.trial.field import MARKER, Field
from egress_proxy.trial.probes import Probes
from egress_proxy.trial.report import Last, last
from egress_proxy.trial.watch import Channel, State, Watch

CONFIG = """
upstream: {{url: 'http://127.0.0.1:9'}}
listen: 127.0.0.1:10
operator: 127.0.0.1:11
directories: ['{root}/shop']
models: [local/coder]
state_dir: '{root}/state'
verify: {{directory: '{root}/{place}'}}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("shop/inner", "verify"):
        (tmp_path / name).mkdir(mode=0o700, parents=True)
    return tmp_path.resolve()


def written(root: Path, place: str = "verify") -> Path:
    file = root / "config.yaml"
    file.write_text(CONFIG.format(root=root, place=place))
    return file


def test_the_place_is_a_root_and_a_source(root: Path) -> None:
    config = load(written(root))
    assert config.directories == (f"{root}/shop", f"{root}/verify/inside")
    assert [(source.path, source.optional) for source in config.known_values] == [(f"{root}/verify/inside/.env", True)]


@pytest.mark.parametrize("place", ["shop", "shop/inner", "", "state", "nowhere"])
def test_the_place_is_apart_from_all_others(root: Path, place: str) -> None:
    (root / "state").mkdir(mode=0o700)
    with pytest.raises(ConfigError, match="verify"):
        load(written(root, place))


def test_a_directory_of_somebody_elses_files_is_not_touched(root: Path) -> None:
    (root / "verify" / "thesis.txt").write_text("years of work")
    with pytest.raises(StartError, match="empty directory"):
        Field(root / "verify")
    assert [path.name for path in (root / "verify").iterdir()] == ["thesis.txt"]
    (root / "verify").chmod(0o777)
    with pytest.raises(StartError, match="nobody else"):
        Field(root / "verify")
    with pytest.raises(StartError, match="cannot be used"):
        Field(root / "nowhere")


def test_sweeping_follows_no_link(root: Path) -> None:
    """What a local agent left there must not lead it elsewhere."""
    field = Field(root / "verify")
    (root / "shop" / "kept").write_text("")
    field.plant(Canaries(), {})
    (field.inside / "link").symlink_to(root / "shop")
    field.sweep()
    assert list(field.inside.iterdir()) == []
    field.inside.rmdir()
    field.inside.symlink_to(root / "shop")
    field.sweep()
    assert sorted(path.name for path in (root / "shop").iterdir()) == ["inner", "kept"]
    assert sorted(path.name for path in (root / "verify").iterdir()) == [MARKER, "outside"]


@pytest.mark.parametrize("options", [(), ("--bare",), ("--url", "http://127.0.0.1:10")])
def test_when_nobody_answers_it_could_not_be_checked(
    root: Path, options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", "--config", str(written(root)), *options]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("egress-proxy: could not check: no answer")
    assert Tokens(root / "state").list() == ()
    assert sorted(path.name for path in (root / "verify").rglob("*")) == [MARKER, "inside", "outside"]
    assert last(root / "state").success == 0
    assert (last(root / "state") == Last()) is bool("--bare" in options)


def test_without_a_place_it_says_what_to_do(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(root)
    file.write_text(file.read_text().partition("verify:")[0])
    assert main(["verify", "--json", "--config", str(file)]) == 3
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"result": "not_checked", "target": None, "channels": []}
    assert "verify.directory: is not set" in captured.err


Serve = Callable[[Callable[[str], tuple[int, bytes]]], tuple[Client, list[str]]]


@pytest.fixture
def serve(root: Path) -> Iterator[Serve]:
    """A server that answers as it is told, and the requests that it got."""
    servers: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(answer: Callable[[str], tuple[int, bytes]]) -> tuple[Client, list[str]]:
        got: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None: ...

            def respond(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                got.append(f"{self.command} {self.path}")
                status, body = answer(got[-1])
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(b"" if self.command == "HEAD" else body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do_TRACE = respond  # noqa: N815

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        servers.append((server, thread))
        return Client(Target(f"http://127.0.0.1:{server.server_address[1]}", Secret("x")), str(root), 10.0), got

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


REFUSAL = json.dumps({"data": {"reason": "operation_denied", "auditID": "egr_1"}}).encode()
HARM = "POST /global/dispose"


def probed(client: Client, root: Path, canaries: Canaries, *, strict: bool = True) -> dict[str, Channel]:
    watch = Watch(canaries)
    Probes(client, Field(root / "verify"), watch, strict=strict).run()
    return {channel.name: channel for channel in watch.channels}


def test_when_all_is_refused_all_is_sent(serve: Serve, root: Path) -> None:
    client, got = serve(lambda _: (403, REFUSAL))
    assert {channel.state for channel in probed(client, root, Canaries()).values()} == {State.CLEAN}
    assert HARM in got


@pytest.mark.parametrize("answer", [(200, b"{}"), (403, b"{}"), (404, b"<html>")], ids=["done", "bare error", "page"])
def test_what_is_not_refused_by_the_proxy_is_told_and_nothing_harmful_is_sent(
    serve: Serve, root: Path, answer: tuple[int, bytes]
) -> None:
    client, got = serve(lambda request: answer if request == "GET /find/symbol" else (403, REFUSAL))
    found = probed(client, root, Canaries())["denied operations"]
    assert (found.state, found.canaries, found.through) == (State.LEAKED, (), ("GET /find/symbol",))
    assert HARM not in got


def test_a_canary_in_a_refusal_is_a_leak(serve: Serve, root: Path) -> None:
    canaries = Canaries()
    told = json.dumps({"data": {"reason": canaries[Kind.KNOWN], "auditID": "egr_1"}}).encode()
    client, _ = serve(lambda request: (403, told if request == "GET /config/" else REFUSAL))
    found = probed(client, root, canaries)
    assert {name for name, channel in found.items() if channel.state is State.LEAKED} == {"spellings"}
    assert found["spellings"].canaries == (Kind.KNOWN,)


def test_bare_opencode_gets_nothing_that_changes_something(serve: Serve, root: Path) -> None:
    client, got = serve(lambda _: (200, b"{}"))
    found = probed(client, root, Canaries(), strict=False)
    assert {channel.state for channel in found.values()} == {State.CLEAN}
    assert {request.partition(" ")[0] for request in got} == {"GET"}
