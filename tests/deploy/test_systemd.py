"""The units of `deploy/`, unchanged, under a real manager of a user's units; and what systemd itself says of them."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from egress_proxy.config import Address
from egress_proxy.errors import StartError
from egress_proxy.network.handed import handed_over, matching
from egress_proxy.network.watchdog import interval, pinging
from tests.deploy.box import DEPLOY, HOME, ROOT, Box, missing
from tests.kit import binaries
from tests.kit.agent import poll
from tests.kit.client import free_port

UNITS = sorted(file.name for file in DEPLOY.glob("*.*") if file.suffix in {".service", ".socket", ".timer"})
PAGE = (ROOT / "docs" / "systemd.md").read_text("utf-8")

analysed = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")


def analyse(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)


@analysed
def test_systemd_understands_every_line(tmp_path: Path) -> None:
    for name in UNITS:
        shutil.copy(DEPLOY / name, tmp_path)
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", "--man=no", *(str(tmp_path / name) for name in UNITS)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:/usr/lib/systemd/user", "XDG_RUNTIME_DIR": str(tmp_path)},
    )
    told = [line for line in done.stderr.splitlines() if "is not executable" not in line]  # of programs not installed
    assert [line for line in told if any(name in line for name in UNITS)] == []


@pytest.mark.parametrize("name", [name for name in UNITS if name.endswith(".service")])
def test_the_page_that_a_unit_names_is_where_the_page_says_to_put_it(name: str) -> None:
    found = re.search(
        r"^Documentation=file:%h/\.local/share/egress-proxy/docs/(.*)$", (DEPLOY / name).read_text(), re.MULTILINE
    )
    assert found is not None
    assert (ROOT / "docs" / found[1]).is_file()
    assert "cp docs/*.md ~/.local/share/egress-proxy/docs/" in PAGE


@analysed
@pytest.mark.parametrize("name", [name for name in UNITS if name.endswith(".service")])
def test_the_score_is_the_one_on_the_page(name: str) -> None:
    """Of systemd 252; others weigh a few points more or less."""
    told = analyse("security", "--offline=true", "--no-pager", str(DEPLOY / name)).stdout
    found = re.search(rf"exposure level for {re.escape(name)}: ([0-9.]+)", told)
    assert found is not None
    recorded = re.search(rf"^\| `{re.escape(name)}` \| ([0-9.]+) \|", PAGE, re.MULTILINE)
    assert recorded is not None
    assert abs(float(found[1]) - float(recorded[1])) <= 0.3


# Started for real


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    reason = missing()
    if reason:
        pytest.skip(reason)
    try:
        needed = (binaries.opencode(binaries.VERSIONS[-1]), Path(sys.executable).parent)
    except binaries.MissingBinary as error:
        pytest.skip(str(error))
    if any(Path(os.path.realpath(one)).is_relative_to(tempfile.gettempdir()) for one in needed):
        pytest.skip("the units see no programs below the directory for temporary files: PrivateTmp hides them")
    with Box(tmp_path_factory.mktemp("box")) as made:
        yield made


def health(box: Box) -> str:
    return box.get("http://127.0.0.1:8642/_egress/health")


def finds_for_itself(box: Box) -> None:
    """opencode works, and what it runs can do its work and no more."""
    session = box.opencode("/session", {})["id"]
    command = "echo did > made; echo x >> ~/.bashrc; echo x > ~/.profile; cat ~/.config/egress-proxy/opencode-password"
    given = {"agent": "build", "model": {"providerID": "local", "modelID": "small"}, "command": command}
    ran = box.opencode(f"/session/{session}/shell", given)
    assert "Permission denied" in str(ran)
    assert "boxpassword1" not in str(ran)
    assert (box.home / "shop" / "made").read_text() == "did\n"
    assert (box.home / ".bashrc").read_text() == ""
    assert not (box.home / ".profile").exists()


def test_the_units_work_together(box: Box) -> None:
    """One story, since each start takes seconds: sockets, start, credentials, sandbox, reload, a crash, the end."""
    # A client that comes before the proxy waits for it: the sockets start both.
    assert box.systemctl("start", "egress-proxy.socket", "egress-proxy-operator.socket").returncode == 0
    assert health(box) == '{"healthy":true}', box.log()
    poll(lambda: box.systemctl("is-active", "egress-proxy", "opencode").stdout == "active\nactive\n", 60)
    assert '"audit": "written"' in box.get("http://127.0.0.1:8643/health")

    # opencode is behind the password, which came as a credential and stands in no command line.
    assert (
        box.run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:4096/config").stdout == "401"
    )
    local, proxy = box.shown("opencode", "MainPID"), box.shown("egress-proxy", "MainPID")
    password = (box.home / ".config" / "egress-proxy" / "opencode-password").read_text().strip()
    for number in (local, proxy):
        assert password not in box.run("cat", f"/proc/{number}/cmdline").stdout
        status = box.run("cat", f"/proc/{number}/status").stdout
        assert re.search(r"^NoNewPrivs:\s1$", status, re.MULTILINE)
        assert re.search(r"^Seccomp:\s2$", status, re.MULTILINE)
        assert re.search(r"^CapEff:\s0+$", status, re.MULTILINE)

    # What the local agent sees: not the proxy's state, nor its configuration.
    state = f"{HOME}/.local/state/egress-proxy"
    assert "audit.db" in box.run("ls", state).stdout
    for place in (state, f"{HOME}/.config/egress-proxy"):
        assert box.run("stat", "-c", "%a", place, within=local).stdout == "0\n"
    # Nor can it change the proxy's program or units, its own program or settings, or what a shell reads; or ask the
    # manager for a program of its own. Its own work it can.
    for place in (
        ".local/share/egress-proxy/venv/bin/egress-proxy",
        ".config/systemd/user/egress-proxy.service",
        ".config/opencode/opencode.json",
        ".opencode/bin/opencode",
        ".bashrc",
        ".profile",
    ):
        assert box.run("touch", f"{HOME}/{place}", within=local).returncode != 0
    assert box.run("systemctl", "--user", "is-active", "egress-proxy", within=local).stdout != "active\n"
    for place in ("shop", ".local/share/opencode", ".cache/opencode", ".local/share/egress-proxy/verify"):
        assert box.run("touch", f"{HOME}/{place}/mark", within=local).returncode == 0
    assert (box.home / ".local/share/opencode" / "log").is_dir()  # where it writes itself
    finds_for_itself(box)
    # And what the proxy can write: its state, and nothing else.
    assert box.run("touch", f"{state}/mark", within=proxy).returncode == 0
    assert box.run("touch", f"{HOME}/shop/mark", within=proxy).returncode != 0
    assert box.run("touch", "/etc/mark", within=proxy).returncode != 0

    # The watchdog hears of it.
    assert box.shown("egress-proxy", "WatchdogTimestampMonotonic") not in {"", "0"}

    # The commands run without the credential, and so does what renews the certificate that one of them made.
    assert box.run(f"{HOME}/.local/share/egress-proxy/venv/bin/egress-proxy", "tls", "init").returncode == 0
    assert box.systemctl("start", "egress-proxy-renew").returncode == 0

    # A reload that is valid, and one that is not: systemd says so, and the proxy goes on.
    box.write_config(models=["local/other"])
    assert box.systemctl("reload", "egress-proxy").returncode == 0
    poll(lambda: "the configuration is in force" in box.log(), 30)
    policy = box.home / ".config" / "egress-proxy" / "gates.yaml"
    policy.write_text("rules: [{id: nothing-else}]\n")
    for broken in ({"models": "none"}, {"gates_file": f"{HOME}/.config/egress-proxy/gates.yaml"}):
        box.write_config(**broken)
        assert box.systemctl("reload", "egress-proxy").returncode != 0
    assert "gates.yaml" in box.log()
    box.write_config()
    assert box.systemctl("reload", "egress-proxy").returncode == 0
    assert (health(box), box.shown("egress-proxy", "MainPID")) == ('{"healthy":true}', proxy)

    # Killed: it comes again, and whoever connects meanwhile is answered and not refused.
    assert box.systemctl("kill", "--signal=KILL", "egress-proxy").returncode == 0
    assert health(box) == '{"healthy":true}'
    assert box.shown("egress-proxy", "NRestarts") == "1"

    stopped = ("egress-proxy.socket", "egress-proxy-operator.socket", "egress-proxy", "opencode")
    assert box.systemctl("stop", *stopped).returncode == 0
    assert box.shown("egress-proxy", "Result") == "success"

    # The verification runs in its sandbox, and says that there is nobody to be tried.
    assert box.systemctl("start", "egress-proxy-verify").returncode != 0
    assert box.shown("egress-proxy-verify", "ExecMainStatus") == "3", box.log()


# Sockets and the watchdog, without systemd's own manager

SHOWS = """
import os
from egress_proxy.network.handed import handed_over
found = handed_over(os.environ)
print({name: one.getsockname() for name, one in found.items()}, [n for n in os.environ if n.startswith("LISTEN_")])
"""


@pytest.mark.skipif(shutil.which("systemd-socket-activate") is None, reason="systemd is not installed")
def test_a_socket_is_taken_by_its_name() -> None:
    port = free_port()
    command = ["systemd-socket-activate", "-l", f"127.0.0.1:{port}", "--fdname=cloud", "-E", f"PYTHONPATH={ROOT}"]
    activated = subprocess.Popen(
        [*command, sys.executable, "-c", SHOWS], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )

    def connected() -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    poll(connected, 30)
    assert activated.communicate(timeout=120)[0] == f"{{'cloud': ('127.0.0.1', {port})}} []\n"


@pytest.mark.parametrize(
    ("fds", "names"),
    [("1", "x"), ("2", "cloud:cloud"), ("3", "a:b:c"), ("1", "cloud:operator"), ("x", "cloud"), ("0", "")],
)
def test_sockets_that_are_none_of_ours_stop_the_start(fds: str, names: str) -> None:
    environment = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": fds, "LISTEN_FDNAMES": names}
    with pytest.raises(StartError, match="systemd"):
        handed_over(environment)
    assert environment == {}


def test_sockets_of_another_process_are_left_alone() -> None:
    assert handed_over({"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "cloud"}) == {}
    assert handed_over({}) == {}


def test_a_socket_is_where_the_configuration_says() -> None:
    with socket.create_server(("127.0.0.1", 0)) as made:
        port = made.getsockname()[1]
        handed = {"cloud": made}
        assert matching(handed, "cloud", Address("127.0.0.1", port), "listen") is made
        assert matching(handed, "operator", Address("127.0.0.1", 1), "operator") is None
        for other in (Address("127.0.0.1", port + 1), Address("0.0.0.0", port), Address("", 0, "/run/x")):
            with pytest.raises(StartError, match="is not where"):
                matching(handed, "cloud", other, "listen")


async def test_the_watchdog_is_told_while_all_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bytes] = []
    late: list[bytes] = []
    well = True
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        loop = asyncio.get_running_loop()
        async with pinging(0.01, lambda: well):
            heard += [await loop.sock_recv(receiver, 100) for _ in range(3)]
            well = False
            with suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    while True:
                        late.append(await loop.sock_recv(receiver, 100))
    assert len(late) <= 1  # one that was on its way
    assert heard == [b"WATCHDOG=1"] * 3


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "x"}, None),
        ({}, None),
    ],
)
def test_how_often_the_watchdog_is_told(environment: dict[str, str], seconds: float | None) -> None:
    assert interval(environment) == seconds
