"""`ssh://` through a real OpenSSH server on loopback, and `unix://`."""

from __future__ import annotations

import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from egress_proxy.ocode.address import parse
from egress_proxy.ocode.exits import Exit
from egress_proxy.ocode.tunnel import Tunnel
from tests.kit.client import free_port
from tests.kit.sshd import MissingSshd, Sshd, required
from tests.ocode.conftest import TOKEN, Ran, Run
from tests.ocode.peer import PROMPT, REPLY, SESSION, Peer, Says, assistant, converse, session, user


@pytest.fixture
def short() -> Iterator[Path]:
    """A private directory with a short path: those of sockets may have some hundred bytes."""
    with tempfile.TemporaryDirectory(prefix="oc", dir="/tmp") as made:
        yield Path(made)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    try:
        required()
    except MissingSshd as error:
        pytest.skip(str(error))
    with Sshd(tmp_path_factory.mktemp("sshd")) as running:
        yield running


class Far:
    """`ocode` on a machine from which the other is reached by ssh."""

    def __init__(self, run: Run, server: Sshd, runtime: Path) -> None:
        self._run = run
        self.server = server
        self.runtime = runtime
        self.ssh = server.command

    def __call__(self, path: str, *arguments: str, host: str = "127.0.0.1") -> Ran:
        url = f"ssh://{self.server.user}@{host}:{self.server.port}{path}"
        return self._run(*arguments, OCODE_URL=url, OCODE_SSH=self.ssh, XDG_RUNTIME_DIR=str(self.runtime))

    def end(self) -> None:
        """End the ssh processes that calls have left in the background."""
        for control in self.runtime.glob("ocode/*.c"):
            command = ["ssh", "-o", f"ControlPath={control}", "-O", "exit", "x"]
            subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture
def far(run: Run, server: Sshd, short: Path) -> Iterator[Far]:
    made = Far(run, server, short)
    yield made
    made.end()


def loopback(peer: Peer) -> str:
    return peer.url.removeprefix("http:/")


def test_calls_share_one_login(peer: Peer, far: Far) -> None:
    peer.answers["GET /session"] = Says([session()])
    before = far.server.logins
    for _ in range(3):
        ran = far(loopback(peer), "sessions", "--json")
        assert (ran.code, len(ran.json["sessions"])) == (0, 1)
    assert far.server.logins - before == 1
    assert {got.headers["Authorization"] for got in peer.got} == {f"Bearer {TOKEN}"}
    assert peer.got[0].headers["Host"] == peer.url.removeprefix("http://")
    assert stat.S_IMODE((far.runtime / "ocode").stat().st_mode) == 0o700
    assert {stat.S_IMODE(made.stat().st_mode) & 0o077 for made in (far.runtime / "ocode").glob("*.[cs]")} == {0}


def test_a_turn_with_its_events_goes_through(peer: Peer, far: Far) -> None:
    converse(peer, user(PROMPT, "x"), assistant(REPLY, "ok"))
    assert far(loopback(peer), "prompt", SESSION, "x").out == "ok\n"


def test_the_token_is_not_left_with_ssh(peer: Peer, far: Far) -> None:
    """It stays in the background, and its environment with it."""
    peer.answers["GET /session"] = Says([])
    assert far(loopback(peer), "sessions").code == 0
    control = next((far.runtime / "ocode").glob("*.c"))
    told = subprocess.run(
        ["ssh", "-o", f"ControlPath={control}", "-O", "check", "x"], capture_output=True, check=True, text=True
    )
    number = told.stderr.partition("pid=")[2].partition(")")[0]
    left = Path(f"/proc/{number}/environ").read_bytes() + Path(f"/proc/{number}/cmdline").read_bytes()
    assert (b"ControlPath=" in left, TOKEN.encode() in left) == (True, False)


def test_a_unix_socket_of_the_other_machine(far: Far, short: Path) -> None:
    path = str(short / "far.sock")
    with Peer(path) as peer:
        peer.answers["GET /session"] = Says([session()])
        assert far(path, "sessions", "--json").json["sessions"][0]["id"] == session()["id"]
        assert peer.got[0].headers["Host"] == "localhost"


def test_an_ssh_that_was_killed_is_started_anew(peer: Peer, far: Far) -> None:
    peer.answers["GET /session"] = Says([])
    assert far(loopback(peer), "sessions").code == 0
    far.end()
    for kind in ("s", "c"):  # as a machine that went down leaves them
        left = next(far.runtime.glob(f"ocode/*.{kind}"), far.runtime / "ocode" / f"x.{kind}")
        left.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(left))
    assert far(loopback(peer), "sessions").code == 0


def test_nothing_listens_there(far: Far) -> None:
    ran = far(f"/127.0.0.1:{free_port()}", "sessions", "--json")
    assert (ran.code, ran.json["error"]["reason"]) == (Exit.UNREACHABLE, "ocode_unreachable")
    assert "ssh reached the machine, but nothing answered behind it" in ran.err


def test_an_unknown_host_is_not_trusted(far: Far, peer: Peer) -> None:
    """Nobody is there to be asked: an agent's call fails, with what ssh says."""
    ran = far(loopback(peer), "sessions", host="localhost")
    assert (ran.code, peer.got) == (Exit.UNREACHABLE, [])
    assert "It says: Host key verification failed." in ran.err


def test_ssh_that_cannot_be_started(far: Far, peer: Peer) -> None:
    far.ssh = "/nowhere/ssh"
    ran = far(loopback(peer), "sessions")
    assert (ran.code, "install OpenSSH's client" in ran.err) == (Exit.UNREACHABLE, True)
    far.ssh = "ssh 'open"
    assert far(loopback(peer), "sessions").code == Exit.USAGE


def test_what_ssh_says_cannot_drive_the_terminal(far: Far, peer: Peer, tmp_path: Path) -> None:
    script = tmp_path / "ssh"
    script.write_text("#!/bin/sh\nprintf 'no\\033[2Jroute\\n' >&2\nexit 255\n", "utf-8")
    script.chmod(0o700)
    far.ssh = str(script)
    ran = far(loopback(peer), "sessions")
    assert (ran.code, "It says: no\\x1b[2Jroute" in ran.err) == (Exit.UNREACHABLE, True)


@pytest.mark.parametrize("what", ["open to others", "a link", "a file"])
def test_a_directory_that_is_not_ours_alone_is_not_used(run: Run, peer: Peer, short: Path, what: str) -> None:
    place = short / "ocode"
    match what:
        case "open to others":
            place.mkdir()
            place.chmod(0o755)
        case "a link":
            (short / "elsewhere").mkdir(mode=0o700)
            place.symlink_to(short / "elsewhere")
        case _:
            place.touch(0o600)
    url = f"ssh://127.0.0.1{loopback(peer)}"
    ran = run("sessions", OCODE_URL=url, XDG_RUNTIME_DIR=str(short), OCODE_SSH="/bin/false")
    assert (ran.code, "private directory" in ran.err or "yours alone" in ran.err) == (Exit.UNREACHABLE, True)


def test_a_long_runtime_directory_is_not_used() -> None:
    address = parse("ssh://host")
    assert address.via is not None
    made = Tunnel(address, address.via, {"XDG_RUNTIME_DIR": "/" + "a" * 60}).path()
    assert made.startswith("/tmp/ocode-")
    with suppress(OSError):  # the tester's own may be in use
        Path(made).parent.rmdir()


def test_a_unix_socket_of_this_machine(run: Run, short: Path) -> None:
    path = str(short / "near.sock")
    with Peer(path) as peer:
        peer.answers["GET /session"] = Says([session()])
        assert run("sessions", OCODE_URL=f"unix://{path}").code == 0
        assert peer.got[0].headers["Authorization"] == f"Bearer {TOKEN}"
    ran = run("sessions", OCODE_URL=f"unix://{path}")
    assert (ran.code, f"Nothing listens at unix://{path}." in ran.err) == (Exit.UNREACHABLE, True)
