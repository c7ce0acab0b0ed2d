"""The opencode servers among this user's processes, as the kernel tells of them (`/proc`; elsewhere there are none)."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

from egress_proxy.model import Secret

PASSWORD: Final = "OPENCODE_SERVER_PASSWORD"  # noqa: S105 - a variable's name
DEFAULT_PORT: Final = 4096
_PROC: Final = Path("/proc")
_LISTEN: Final = "0A"  # TCP_LISTEN
_SOCKET: Final = re.compile(r"socket:\[(\d+)\]")
_WORD: Final = 4  # bytes of an address that the kernel prints as one number, in its own order


class Listener(Struct, frozen=True):
    """A listening TCP socket."""

    host: str
    port: int

    @property
    def loopback(self) -> bool:
        address = ipaddress.ip_address(self.host)
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return (mapped or address).is_loopback


class Process(Struct, frozen=True):
    """A process that runs `opencode serve`. `password` is None where it has none, or hides its environment."""

    pid: int
    directory: str
    home: str
    data: str  # XDG_DATA_HOME
    listeners: tuple[Listener, ...]
    password: Secret | None
    readable: bool  # whether its environment could be read
    names: tuple[str, ...] = ()  # of its environment's variables

    @property
    def port(self) -> int:
        return self.listeners[0].port if self.listeners else DEFAULT_PORT


def servers(proc: Path = _PROC) -> tuple[Process, ...]:
    """Give the opencode servers that listen, of this user."""
    sockets = dict(_listening(proc))
    found = []
    for place in sorted(proc.glob("[0-9]*"), key=lambda one: int(one.name)):
        with suppress(OSError):  # it has ended meanwhile, or is another user's
            if place.stat().st_uid == os.geteuid() and _serves((place / "cmdline").read_bytes()):
                found.append(_process(place, sockets))
    return tuple(process for process in found if process.listeners)


def listeners(port: int, proc: Path = _PROC) -> tuple[Listener, ...]:
    """Give every listening socket of this machine at a port, whoever's it is."""
    return tuple(sorted({one for _, one in _listening(proc) if one.port == port}, key=lambda one: one.host))


def _serves(command: bytes) -> bool:
    words = [word.decode("utf-8", "replace") for word in command.split(b"\0")]
    # Either the binary itself, or Node.js or Bun with opencode's script.
    return "serve" in words and any("opencode" in Path(word).name for word in words[: words.index("serve")])


def _process(place: Path, sockets: dict[str, Listener]) -> Process:
    environment: dict[str, str] = {}
    readable = False
    with suppress(OSError):
        pairs = (place / "environ").read_bytes().decode("utf-8", "replace").split("\0")
        environment = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        readable = True
    home = environment.get("HOME") or str(Path.home())
    password = environment.get(PASSWORD)
    return Process(
        pid=int(place.name),
        directory=str((place / "cwd").readlink()),
        home=home,
        data=environment.get("XDG_DATA_HOME") or f"{home}/.local/share",
        listeners=tuple(sorted(set(_of(place, sockets)), key=lambda one: one.port)),
        password=Secret(password) if password else None,
        readable=readable,
        names=tuple(environment),
    )


def _of(place: Path, sockets: dict[str, Listener]) -> Iterator[Listener]:
    with suppress(OSError):
        for descriptor in (place / "fd").iterdir():
            with suppress(OSError):
                found = _SOCKET.fullmatch(str(descriptor.readlink()))
                if found and found[1] in sockets:
                    yield sockets[found[1]]


def _listening(proc: Path) -> Iterator[tuple[str, Listener]]:
    """Give (inode, listener) of each listening TCP socket."""
    for name in ("tcp", "tcp6"):
        try:
            lines = (proc / "net" / name).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == _LISTEN:
                host, _, port = fields[1].partition(":")
                yield fields[9], Listener(_address(host), int(port, 16))


def _address(digits: str) -> str:
    raw = bytes.fromhex(digits)
    words = [raw[start : start + _WORD][::-1] for start in range(0, len(raw), _WORD)]
    return str(ipaddress.ip_address(b"".join(words)))
