"""What `egress-proxy doctor` says of an installation that is really broken, one thing at a time."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from egress_proxy import __version__, authority
from egress_proxy.config import Address, Config, load
from egress_proxy.doctor import agent, checks, running
from egress_proxy.doctor.grades import Grade, Look
from egress_proxy.fingerprints import FingerprintStore
from egress_proxy.model import Secret
from tests.setup.conftest import PASSWORD, VALUE, Pretended, pretending

ROOT = Path(__file__).parents[2]
AT_HOME = {"local": {"options": {"baseURL": "http://127.0.0.1:8000/v1", "apiKey": VALUE}}}
SAFE: dict[str, Any] = {
    "share": "disabled",
    "permission": {"bash": "ask", "webfetch": "deny"},
    "provider": AT_HOME,
}


@pytest.fixture
def opencode() -> Iterator[Pretended]:
    with pretending() as pretended:
        pretended.settings = dict(SAFE)
        yield pretended


@pytest.fixture
def config(tmp_path: Path, opencode: Pretended, monkeypatch: pytest.MonkeyPatch) -> Config:
    root = tmp_path.resolve()
    monkeypatch.setenv("HOME", str(root))
    for name in ("shop", "state"):
        (root / name).mkdir(mode=0o700)
    (root / "password").write_text(PASSWORD + "\n")
    (root / "password").chmod(0o600)
    file = root / "config.yaml"
    file.write_text(
        f"upstream: {{url: '{opencode.url}', password_file: {root}/password}}\ndirectories: [{root}/shop]\n"
        f"models: [local/coder]\nstate_dir: {root}/state\n"
        f"listen: 127.0.0.1:{unused()}\noperator: 127.0.0.1:{unused()}\n"
    )
    return load(file)


def unused() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def found(look: Look, config: Config) -> tuple[Grade, str]:
    """Give the worst finding of a check; it says what to do, and holds no secret."""
    (worst, *_) = checks._looked("it", look, config)
    for secret in (VALUE, PASSWORD):
        assert secret not in repr(worst)
    assert worst.grade is Grade.OK or worst.do
    return worst.grade, worst.told


LOCAL_AGENT = checks.CHECKS["local agent"]


@pytest.mark.parametrize(
    ("settings", "grade", "told"),
    [
        ({}, Grade.OK, ""),
        ({"share": "auto"}, Grade.FAIL, "publishes every session"),
        ({"autoshare": True}, Grade.FAIL, "publishes every session"),
        ({"share": "manual"}, Grade.WARN, "can publish"),
        ({"share": None}, Grade.WARN, "can publish"),
        ({"permission": "allow"}, Grade.WARN, "before: bash, webfetch, read, external_directory"),
        ({"permission": {"*": "allow"}}, Grade.WARN, "before: bash, webfetch, read, external_directory"),
        ({"permission": {"bash": {"*": "allow"}, "webfetch": "ask"}}, Grade.WARN, "before: bash"),
        ({"permission": {"bash": {"*": "allow", "rm *": "ask"}, "webfetch": "ask"}}, Grade.OK, ""),
        ({"permission": None}, Grade.WARN, "before: bash, webfetch"),
        ({"permission": "ask"}, Grade.OK, ""),
        ({"provider": {}}, Grade.WARN, "a cloud service"),
        (
            {"provider": {"local": {"options": {"baseURL": f"https://u:{VALUE}@api.example.com/v1"}}}},
            Grade.WARN,
            "at api.",
        ),
        ({"provider": {"local": {"options": {"baseURL": "http://8.8.8.8/v1"}}}}, Grade.WARN, "at 8.8.8.8"),
        ({"provider": {"local": {"options": {"baseURL": "http://192.168.1.5/v1"}}}}, Grade.OK, ""),
        ({"provider": {"local": {"options": {"baseURL": "http://gpu.lan:8000/v1"}}}}, Grade.OK, ""),
        ({"provider": ["nonsense"], "permission": 3, "share": []}, Grade.WARN, ""),
    ],
)
def test_what_opencode_was_told(
    config: Config, opencode: Pretended, settings: dict[str, Any], grade: Grade, told: str
) -> None:
    opencode.settings = {**SAFE, **settings}
    worst = found(LOCAL_AGENT, config)
    assert worst[0] is grade
    assert told in worst[1]


def test_keys_of_a_cloud_in_opencodes_environment(config: Config, tmp_path: Path) -> None:
    """A process that looks like it, really started with them: names are told, and no value."""
    script = tmp_path / "opencode"
    script.write_text(
        "import socket, sys\nserver = socket.create_server(('127.0.0.1', 0))\n"
        "print(server.getsockname()[1], flush=True)\nsys.stdin.read()\n"
    )
    keys = {"ANTHROPIC_API_KEY": VALUE, "AWS_SECRET_ACCESS_KEY": VALUE, "HARMLESS": VALUE}
    command = [sys.executable, str(script), "serve"]
    with subprocess.Popen(command, env=keys, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        upstream = replace(config.upstream, url=f"http://127.0.0.1:{port}")
        told = list(agent.environment(replace(config, upstream=upstream)))
        process.communicate()
    assert [check.told.partition(":")[0] for check in told] == [
        "opencode was started with ANTHROPIC_API_KEY, AWS_SECRET_ACCESS_KEY"
    ]
    assert VALUE not in repr(told)


def test_an_opencode_that_is_away_or_another_or_old(config: Config, opencode: Pretended) -> None:
    (grade, told) = found(checks.opencode, replace(config, upstream=replace(config.upstream, url="http://127.0.0.1:9")))
    assert (grade, "is it running" in told) == (Grade.FAIL, True)
    assert (
        found(LOCAL_AGENT, replace(config, upstream=replace(config.upstream, url="http://127.0.0.1:9")))[0]
        is Grade.FAIL
    )
    opencode.version = "1.14.0"
    assert found(checks.opencode, config) == (
        Grade.FAIL,
        "upstream: this version of opencode is not supported (needs 1.15.13 or later, below 2)",
    )
    opencode.password = "another"
    assert "refuses the password" in found(checks.opencode, config)[1]
    assert "refuses the password" in found(LOCAL_AGENT, config)[1]


def test_an_opencode_that_listens_to_everybody(config: Config) -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:  # that it does is the point
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        told = [one.told for one in checks.reachable(replace(config, upstream=replace(config.upstream, url=url)))]
    assert len(told) == 1
    assert "of 0.0.0.0, which other machines may reach" in told[0]


def test_a_key_of_another_machine(config: Config) -> None:
    """The store of fingerprints was copied, and its key was not."""
    store = FingerprintStore(Path(config.state_dir))
    store.add([("DB_PASSWORD", Secret(VALUE))])
    store.key_file.unlink()
    FingerprintStore(Path(config.state_dir).parent / "elsewhere").key()
    store.key_file.write_bytes((Path(config.state_dir).parent / "elsewhere" / store.key_file.name).read_bytes())
    store.key_file.chmod(0o600)
    grade, told = found(checks.known_values, config)
    assert grade is Grade.FAIL
    assert "fingerprint" in told


def made(config: Config, now: datetime, days: int) -> Config:
    """A configuration with a certificate of then."""
    place = Path(config.state_dir)
    ca = authority.new_authority(["localhost"], now)
    issued = authority.issue_server(ca, ["localhost"], now, days)
    (place / "server.pem").write_bytes(issued.certificate)
    (place / "server.key").write_bytes(issued.key)
    (place / "server.key").chmod(0o600)
    tls = replace(config.tls, certificate_file=str(place / "server.pem"), key_file=str(place / "server.key"))
    return replace(config, tls=tls)


def test_a_certificate_that_has_run_out_or_soon_will(config: Config) -> None:
    now = datetime.now(UTC)
    assert found(running.certificate, config)[0] is Grade.OK
    assert found(running.certificate, made(config, now, 90))[0] is Grade.OK
    assert found(running.certificate, made(config, now, 10))[0] is Grade.WARN
    old = made(config, now - timedelta(days=40), 30)
    grade, told = found(running.certificate, old)
    assert (grade, "has run out" in told) == (Grade.FAIL, True)
    (Path(config.state_dir) / "server.key").chmod(0o644)
    assert found(running.certificate, made(config, now, 90))[0] is Grade.OK  # it is written anew
    (Path(config.state_dir) / "server.key").write_bytes(b"another")
    assert found(running.certificate, replace(old))[0] is Grade.FAIL


def test_another_proxy_has_the_state(config: Config) -> None:
    lock = Path(config.state_dir) / "audit.lock"
    assert found(running.running, config)[0] is Grade.OK
    lock.touch(0o600)
    assert found(running.running, config)[0] is Grade.OK
    with lock.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        grade, told = found(running.running, config)
    assert grade is Grade.FAIL
    assert config.state_dir in told
    assert found(running.running, config)[0] is Grade.OK


RUNS = f'egress_build_info{{catalogue="1",opencode="1",version="{__version__}"}} 1.0\negress_gate_rules 3.0\n'


@pytest.mark.parametrize(
    ("metrics", "grade", "told"),
    [
        (RUNS, Grade.OK, ""),
        (RUNS.replace(__version__, "0.0.1"), Grade.WARN, f"version 0.0.1 runs, {__version__} is installed"),
        (RUNS + "egress_config_reload_success 0.0\n", Grade.FAIL, "the last reload was refused"),
        (RUNS.replace("rules 3.0", "rules 0.0"), Grade.FAIL, "no gate policy"),
        (RUNS + "egress_known_value_sources_stale 2.0\n", Grade.FAIL, "2 sources"),
    ],
)
def test_what_the_running_proxy_says(
    config: Config, monkeypatch: pytest.MonkeyPatch, metrics: str, grade: Grade, told: str
) -> None:
    monkeypatch.setattr(running, "answers", lambda *_: 200)
    monkeypatch.setattr(running, "body", lambda *_: metrics.encode())
    worst = found(running.running, config)
    assert worst[0] is grade
    assert told in worst[1]


def test_units_that_are_not_enabled_or_start_what_is_gone(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "LINGER", tmp_path / "nowhere" / "linger")
    folder = tmp_path / ".config/systemd/user"
    assert list(running.units(config)) == []
    folder.mkdir(parents=True)
    unit = folder / "egress-proxy.service"
    unit.write_text(f"[Service]\nExecStart={sys.executable} serve\n")
    told = [check.told for check in running.units(config)]
    assert ["not enabled" in one for one in told] == [True, True]
    for wants, name in (("default.target.wants", unit.name), ("timers.target.wants", "egress-proxy-verify.timer")):
        (folder / wants).mkdir()
        (folder / wants / name).symlink_to(folder / name)
    assert list(running.units(config)) == []
    unit.write_text("[Service]\nExecStart=%h/gone/egress-proxy serve\n")
    assert found(running.units, config) == (
        Grade.FAIL,
        f"egress-proxy.service starts {tmp_path}/gone/egress-proxy, which is not there",
    )
    unit.write_text(f'[Service]\nExecStart="{sys.executable}" serve\n')
    (tmp_path / "systemd" / "linger").mkdir(parents=True)
    monkeypatch.setattr(running, "LINGER", tmp_path / "systemd" / "linger")
    monkeypatch.setenv("USER", "ann")
    assert "log out" in found(running.units, config)[1]
    (tmp_path / "systemd" / "linger" / "ann").touch()
    assert list(running.units(config)) == []


def test_a_token_that_others_may_read_and_a_file_of_another_user(config: Config, tmp_path: Path) -> None:
    place = tmp_path.resolve() / "config.yaml"
    token = place.with_name("cloud-agent.token")
    token.write_text("x")
    token.chmod(0o644)
    assert [str(token) in check.told for check in checks.files(config, place)] == [True]
    token.chmod(0o600)
    assert list(checks.files(config, place)) == []
    if os.geteuid() == 0:
        os.chown(place, 65534, -1)
        assert ["another user" in check.told for check in checks.files(config, place)] == [True]


def test_a_state_that_cannot_be_written(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root nothing is unwritable, so the system's answer is given here."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert found(checks.disk, config) == (Grade.FAIL, f"{config.state_dir}: cannot be written")


def test_a_port_that_somebody_else_has(config: Config) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = replace(config, listen=Address("127.0.0.1", server.getsockname()[1]))
        server.close()
        assert "nobody serves" in found(checks.sockets, taken)[1]
    with pretending() as other:
        port = int(other.url.rpartition(":")[2])
        told = found(checks.sockets, replace(config, operator=Address("127.0.0.1", port)))
        assert told == (Grade.FAIL, f"operator's socket: 127.0.0.1:{port} is something else's")
