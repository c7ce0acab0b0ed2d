"""Each check of `egress-proxy doctor` on something that is wrong, and on the same thing when it is right."""

from __future__ import annotations

import json
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from egress_proxy import app
from egress_proxy.audit import Ledger, Terms, reading
from egress_proxy.cli import main
from egress_proxy.config import Address, Config, load
from egress_proxy.doctor import agent, checks
from egress_proxy.doctor.checks import examine
from egress_proxy.doctor.grades import Check, Grade
from egress_proxy.errors import UpstreamError
from egress_proxy.evidence import keys
from egress_proxy.metrics import Metrics
from egress_proxy.reasons import Reason
from egress_proxy.server.survey import Survey
from egress_proxy.setup.processes import Listener
from egress_proxy.tokens import OPERATORS, Tokens, prepare
from egress_proxy.trial.report import Result, keep
from tests.evidence.kit import private_key

VALUE = "bodukira" + "melo47"
SETTINGS = {
    "share": "disabled",
    "permission": {"bash": "ask", "webfetch": "deny"},
    "provider": {"local": {"options": {"baseURL": "http://127.0.0.1:8000/v1"}}},
}
Serve = Callable[..., int]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A server that answers every GET with a status; gives its port."""
    running: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(status: int, said: bytes = b"") -> int:
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None: ...

            def do_GET(self) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        running.append((server, thread))
        return int(server.server_address[1])

    yield start
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    root = tmp_path.resolve()
    for name in ("shop", "verify"):
        (root / name).mkdir(mode=0o700)
    (root / "values.env").write_text(f"DB_PASSWORD={VALUE}\n")
    (root / "password").write_text("pw-for-the-test\n")
    for name in ("values.env", "password"):
        (root / name).chmod(0o600)
    config = root / "config.yaml"
    config.write_text(
        f"upstream: {{url: 'http://127.0.0.1:9', password_file: {root}/password}}\n"
        f"directories: [{root}/shop]\nmodels: [local/coder]\n"
        f"known_values: [{{env_file: {root}/values.env}}]\nstate_dir: {root}/state\n"
        f"verify: {{directory: {root}/verify}}\n"
        f"evidence: {{recipients: [{keys.line_of(private_key('doctor').public)}]}}\n"
    )
    config.chmod(0o600)
    return config


@pytest.fixture
def config(file: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Config:
    """All as it should be: sockets are served, an opencode answers and wants a password, the log has a beginning."""
    monkeypatch.setattr(app, "live_routes", lambda _: Survey("1.18.33", (), ()))
    monkeypatch.setattr(app, "scanner", lambda _, **_options: None)  # a test of its own has the real one
    monkeypatch.setattr(checks, "listeners", lambda _: (Listener("127.0.0.1", 9),))
    monkeypatch.setattr(agent, "configuration", lambda *_: SETTINGS)
    monkeypatch.setenv("HOME", str(file.parent))
    found = load(file)
    state = Path(found.state_dir)
    prepare(state)
    Tokens(state).create("ann")
    Tokens(state, OPERATORS).create("bob")
    keep(state, Result.CLEAN, time.time())
    ledger = Ledger(state, Terms(checkpoint_records=100, checkpoint_seconds=30, segment_records=100, retention_days=0))
    ledger.close()
    upstream = replace(found.upstream, url=f"http://127.0.0.1:{serve(401)}")
    sockets = [Address("127.0.0.1", serve(200)) for _ in range(2)]
    evidence = replace(found.evidence, recipients=("egress-evidence-of-nobody",))
    return replace(found, upstream=upstream, listen=sockets[0], operator=sockets[1], evidence=evidence)


def bad(config: Config, file: Path) -> dict[str, tuple[Grade, str]]:
    """Give the first finding of each check that is not as it should be."""
    found: dict[str, tuple[Grade, str]] = {}
    for check in examine(config, file):
        if check.grade is not Grade.OK:
            found.setdefault(check.name, (check.grade, check.told))
            assert check.do or "cannot be looked at" in check.told
    return found


def test_nothing_is_wrong_with_what_is_right(config: Config, file: Path) -> None:
    assert bad(config, file) == {}
    found = examine(config, file)
    assert {check.name for check in found} == {"files", *checks.CHECKS}
    assert all(check.told for check in found)


@pytest.mark.parametrize("name", ["config.yaml", "password", "state", "state/tokens.json", "state/audit.key"])
def test_files_that_others_may_use(config: Config, file: Path, name: str) -> None:
    place = file.parent / name
    place.chmod(place.stat().st_mode | 0o066)
    grade, told = bad(config, file)["files"]
    assert grade is Grade.FAIL
    assert str(place) in told


@pytest.mark.parametrize("content", ["", "- nonsense", "rules: [{id: x}]"])
def test_a_gate_policy_that_is_broken(config: Config, file: Path, content: str) -> None:
    policy = file.parent / "gates.yaml"
    policy.write_text(content)
    assert bad(replace(config, gates_file=str(policy)), file)["files"][0] is Grade.FAIL


def test_nobody_has_a_token(config: Config, file: Path) -> None:
    Tokens(Path(config.state_dir)).revoke("ann")
    assert bad(config, file) == {"tokens": (Grade.WARN, "no client has a token")}
    (Path(config.state_dir) / "operators.json").write_text("{")
    assert bad(config, file)["tokens"][0] is Grade.FAIL


def test_opencode_is_not_there_or_has_what_nobody_knows(
    config: Config, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Config) -> Survey:
        raise UpstreamError("upstream: cannot be reached")

    monkeypatch.setattr(app, "live_routes", fail)
    assert bad(config, file) == {"opencode": (Grade.FAIL, "upstream: cannot be reached")}
    monkeypatch.setattr(app, "live_routes", lambda _: Survey("1.99.0", ("GET /new\x1b[2J",), ()))
    told = "opencode 1.99.0: 1 operations are unknown to the catalogue and denied: GET /new?[2J"
    assert bad(config, file) == {"opencode": (Grade.WARN, told)}


def test_opencode_can_be_reached_past_the_proxy(
    config: Config, file: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_one = replace(config.upstream, url=f"http://127.0.0.1:{serve(200)}")
    assert bad(replace(config, upstream=open_one), file)["exposure"][0] is Grade.FAIL
    without = replace(config, upstream=replace(config.upstream, password_file=None))
    assert "no password" in bad(without, file)["exposure"][1]
    monkeypatch.setattr(checks, "listeners", lambda _: (Listener("0.0.0.0", 9),))
    assert "other machines" in bad(config, file)["exposure"][1]


def test_known_values_that_are_not_known(config: Config, file: Path) -> None:
    values = file.parent / "values.env"
    values.write_text("")
    assert bad(config, file)["known values"] == (Grade.WARN, f"{values}: holds no value")
    values.unlink()
    assert bad(config, file)["known values"][0] is Grade.FAIL
    assert bad(replace(config, known_values=()), file)["known values"] == (Grade.WARN, "there are no sources")


def test_the_scanner_is_really_tried(file: Path) -> None:
    assert [check.told for check in checks.known_values(load(file))] == [
        "1 values in files; the scanner finds its canaries"
    ]
    (file.parent / "values.env").write_text("")
    assert [check.grade for check in checks.known_values(load(file))] == [Grade.WARN]


def test_a_scanner_that_does_not_find_its_canaries(config: Config, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Config, *, offline: bool) -> None:
        raise AssertionError(VALUE)

    monkeypatch.setattr(app, "scanner", broken)
    assert bad(config, file)["known values"] == (Grade.FAIL, "cannot be looked at (AssertionError)")


def test_a_clock_that_is_behind(config: Config, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - 7200)
    assert bad(config, file)["clock"][0] is Grade.FAIL
    monkeypatch.setattr(time, "time", lambda: 86400.0)
    assert bad(config, file)["clock"] == (Grade.FAIL, "the clock is years behind")


@pytest.mark.parametrize(("free", "grade"), [(50, Grade.FAIL), (500, Grade.WARN), (5000, None)])
def test_a_disk_that_is_full(
    config: Config, file: Path, monkeypatch: pytest.MonkeyPatch, free: int, grade: Grade | None
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free << 20))
    assert bad(config, file).get("disk", (None,))[0] is grade


def test_a_ledger_that_does_not_hang_together(config: Config, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (Path(config.state_dir) / "audit.key").unlink()
    assert bad(config, file)["ledger"][0] is Grade.FAIL
    monkeypatch.setattr(reading, "head", lambda _: "")
    assert "ledger" not in bad(config, file)
    (Path(config.state_dir) / "audit.db").unlink()
    assert bad(config, file)["ledger"] == (Grade.WARN, "there is no audit log yet")


def test_evidence_that_is_sealed_to_nobody(config: Config) -> None:
    told = list(checks.evidence(SimpleNamespace(evidence=SimpleNamespace(recipients=()))))  # type: ignore[arg-type]
    assert [check.grade for check in told] == [Grade.WARN]
    told = list(checks.evidence(SimpleNamespace(evidence=SimpleNamespace(recipients=("x",)))))  # type: ignore[arg-type]
    assert told == []


def test_sockets_that_nobody_or_somebody_else_serves(config: Config, file: Path, serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    away = replace(config, listen=Address("127.0.0.1", free))
    assert bad(away, file)["sockets"][0] is Grade.WARN
    other = replace(config, listen=Address("127.0.0.1", serve(404)))
    assert bad(other, file)["sockets"][0] is Grade.FAIL
    sick = replace(config, operator=Address("127.0.0.1", serve(503)))
    assert "not healthy" in bad(sick, file)["sockets"][1]
    nowhere = replace(config, listen=Address("", 0, str(file.parent / "cloud.sock")))
    assert bad(nowhere, file)["sockets"][0] is Grade.WARN


def test_clients_that_call_by_a_name_that_is_not_known(config: Config, file: Path, serve: Serve) -> None:
    metrics = Metrics()

    def found() -> tuple[Grade, str] | None:
        serving = replace(config, operator=Address("127.0.0.1", serve(200, metrics.render())))
        return bad(serving, file).get("names")

    metrics.count_reason(Reason.OVERLOADED)
    assert found() is None
    for _ in range(3):
        metrics.count_reason(Reason.HOST_UNKNOWN)
    told = found()
    assert told is not None
    assert told[0] is Grade.WARN
    assert told[1].startswith("3 requests")


def test_a_verification_that_leaked_or_is_old_or_never_was(config: Config, file: Path) -> None:
    state = Path(config.state_dir)
    keep(state, Result.CLEAN, time.time() - 3 * checks.DAY)
    assert bad(config, file)["verify"] == (Grade.WARN, "it was last found clean 3 days ago")
    keep(state, Result.LEAKED, time.time())
    assert bad(config, file)["verify"][0] is Grade.FAIL
    (state / "verify.json").unlink()
    assert bad(config, file)["verify"] == (Grade.WARN, "it was never verified")
    without = replace(config, verify=replace(config.verify, directory=None))
    assert "not set" in bad(without, file)["verify"][1]


def test_risks_are_told(config: Config, file: Path) -> None:
    (file.parent / "values.env").chmod(0o644)
    assert bad(config, file)["risks"][0] is Grade.WARN


def test_a_configuration_that_is_not_valid_is_the_only_finding(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("nonsense: true\n")
    assert main(["doctor", "--json", "--config", str(file)]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    assert [check["name"] for check in told["checks"]] == ["configuration"]


def test_exit_codes_and_lines(
    config: Config, file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [Check("disk", Grade.WARN, "little\x1b[2J", "make room")]
    monkeypatch.setattr(checks, "examine", lambda *_: tuple(found))
    assert main(["doctor", "--config", str(file)]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "warn  disk           little?[2J -> make room"
    found.append(Check("ledger", Grade.FAIL, "broken"))
    assert main(["doctor", "--config", str(file)]) == 1
    assert VALUE not in capsys.readouterr().out


def test_what_is_withheld_and_sealed_to_nobody_is_told(config: Config, file: Path) -> None:
    nobody = replace(config, evidence=replace(config.evidence, recipients=()))
    assert bad(nobody, file) == {"evidence": (Grade.WARN, "what is withheld is gone: it is sealed to nobody")}
