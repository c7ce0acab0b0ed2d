"""What the kernel tells of processes that serve, in its own form."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from egress_proxy.setup import share
from egress_proxy.setup.draft import Upstream, free, units, where
from egress_proxy.setup.processes import Listener, listeners, servers

MARK = "hunt" + "er2"
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def line(address: str, state: str, inode: int) -> str:
    return f"   0: {address} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  1000        0 {inode} 1\n"


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """Three sockets, and processes that have them."""
    proc = tmp_path / "proc"
    (proc / "net").mkdir(parents=True)
    (proc / "net" / "tcp").write_text(
        HEAD + line("0100007F:1000", "0A", 11) + line("00000000:1001", "0A", 12) + line("0100007F:1002", "01", 13)
    )
    (proc / "net" / "tcp6").write_text(
        HEAD
        + line("00000000000000000000000001000000:1003", "0A", 14)
        + line("0000000000000000FFFF00000100007F:1004", "0A", 15)
    )
    process(
        proc, 1, ["/usr/bin/opencode", "serve", "--port", "4096"], 11, f"HOME=/h\0OPENCODE_SERVER_PASSWORD={MARK}\0"
    )
    process(proc, 2, ["node", "/usr/lib/opencode", "serve"], 12, "HOME=/h\0XDG_DATA_HOME=/d\0")
    process(proc, 3, ["/usr/bin/opencode", "run", "serve"], 13, "")
    process(proc, 4, ["/usr/bin/nginx", "serve"], 14, "")
    process(proc, 5, ["opencode", "serve"], 99, "")
    return proc


def process(proc: Path, pid: int, words: list[str], inode: int, environment: str) -> None:
    place = proc / str(pid)
    (place / "fd").mkdir(parents=True)
    (place / "fd" / "3").symlink_to(f"socket:[{inode}]")
    (place / "fd" / "4").symlink_to("/dev/null")
    (place / "cmdline").write_bytes("\0".join([*words, ""]).encode())
    (place / "environ").write_bytes(environment.encode())
    (place / "cwd").symlink_to("/srv/shop")


def test_servers_are_found_with_what_they_were_started_with(proc: Path) -> None:
    first, second = servers(proc)
    assert (first.pid, first.port, first.directory, first.data) == (1, 4096, "/srv/shop", "/h/.local/share")
    assert first.password is not None
    assert first.password.reveal() == MARK
    assert MARK not in repr(first)
    assert (second.pid, second.port, second.data, second.password) == (2, 4097, "/d", None)
    assert [one.loopback for one in (*first.listeners, *second.listeners)] == [True, False]


def test_every_spelling_of_an_address_is_read(proc: Path) -> None:
    assert listeners(4096, proc) == (Listener("127.0.0.1", 4096),)
    assert listeners(4097, proc) == (Listener("0.0.0.0", 4097),)
    assert listeners(4098, proc) == ()  # a connection, no listener
    assert [one.loopback for one in (*listeners(4099, proc), *listeners(4100, proc))] == [True, True]
    assert servers(proc / "nowhere") == ()


def test_a_real_listener_is_seen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert listeners(server.getsockname()[1]) == (Listener("127.0.0.1", server.getsockname()[1]),)
        taken = f"127.0.0.1:{server.getsockname()[1]}"
        assert free(taken) != taken


def test_units_are_for_this_program_and_this_configuration(tmp_path: Path) -> None:
    (tmp_path / "a.service").write_text(
        "ExecStart=%h/.local/share/egress-proxy/venv/bin/egress-proxy serve\n"
        "ReadWritePaths=%h/.local/state/egress-proxy\n"
    )
    (tmp_path / "a.md").write_text("")
    found = dict(units(tmp_path, "/opt/my tools/50%/egress-proxy", "/etc/e p.yaml", "/var/lib/e", None))
    assert found == {
        "a.service": 'ExecStart="/opt/my tools/50%%/egress-proxy" serve --config "/etc/e p.yaml"\n'
        "ReadWritePaths=/var/lib/e\n"
    }


def test_the_local_agent_cannot_see_the_folder_of_a_configuration_elsewhere() -> None:
    """`init` writes the operator's token beside it."""
    made = dict(units(share.folder("deploy"), "/opt/egress-proxy", "/srv/my 50%/config.yaml", "/var/lib/e", None))
    server = made["opencode.service"].splitlines()
    assert 'InaccessiblePaths=-/var/lib/e -"/srv/my 50%%"' in server
    assert "LoadCredential=opencode-password:/srv/my 50%%/opencode-password" in server
    assert not any("%h/.config/egress-proxy" in line for line in server if not line.startswith("#"))


def test_quotes_in_a_path_are_of_the_path() -> None:
    (line,) = where(share.folder("deploy"), ("/srv/bob's",)).splitlines()[-1:]
    assert line == """ReadWritePaths="/srv/bob's\""""


def test_units_are_for_the_opencode_and_the_sockets_that_were_found(tmp_path: Path) -> None:
    found = Upstream("/opt/open code/opencode", 4196, "/run/e/cloud.sock", "127.0.0.1:9643")
    made = dict(units(share.folder("deploy"), "/opt/egress-proxy", None, "/var/lib/e", None, found))
    server = made["opencode.service"].splitlines()
    assert 'Environment="OPENCODE=/opt/open code/opencode"' in server
    assert any(line.startswith("ExecStart=") and "--port 4196'" in line for line in server)
    assert "ListenStream=/run/e/cloud.sock" in made["egress-proxy.socket"].splitlines()
    assert "ListenStream=127.0.0.1:9643" in made["egress-proxy-operator.socket"].splitlines()
    written = where(share.folder("deploy"), ("/srv/50%", "/srv/my shop")).splitlines()
    assert written[-4:] == [
        "[Service]",
        "WorkingDirectory=/srv/50%%",
        "ReadWritePaths=/srv/50%%",
        'ReadWritePaths="/srv/my shop"',
    ]
    assert not any("%h/project" in line for line in written)
