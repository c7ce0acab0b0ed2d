"""ssh://: OpenSSH brings the far machine's loopback socket to a Unix socket here, in a directory of our own.

The first call starts ssh in the background (`-f`, after it has logged in and the socket stands); later calls find the
socket and connect. ssh ends by itself when nothing was forwarded for ten minutes (`ControlPersist`), and when the
machine no longer answers. So one login serves many calls, and no daemon has to be looked after.

ssh's own configuration applies, host keys above all: an unknown host is asked about on a terminal and refused
elsewhere (`BatchMode`). `OCODE_SSH` is another command than `ssh`, with options if need be.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import socket
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final

from egress_proxy.ocode.address import Address, Via
from egress_proxy.ocode.faults import Fault, timed_out, unreachable, usage
from egress_proxy.private import locked

IDLE_SECONDS: Final = 600
LOGIN_SECONDS: Final = 60.0
_CONNECT_SECONDS: Final = 15
_MOST_TOLD: Final = 300
_MOST_ABOVE: Final = 48  # of the 107 bytes, ours takes 26, and ssh makes its socket under a name that is 17 longer
_OPTIONS: Final = (
    "ControlMaster=yes",
    f"ControlPersist={IDLE_SECONDS}",
    "ExitOnForwardFailure=yes",
    "StreamLocalBindUnlink=yes",
    "StreamLocalBindMask=0177",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=3",
    f"ConnectTimeout={_CONNECT_SECONDS}",
    # Nothing but the one socket: what the user's configuration may add for this host has no place here.
    "ForwardAgent=no",
    "ForwardX11=no",
    "PermitLocalCommand=no",
    "RemoteCommand=none",
    "RequestTTY=no",
    "Tunnel=no",
)


class Tunnel:
    """The socket of one address. `path` gives it, once ssh stands."""

    def __init__(self, address: Address, via: Via, environment: Mapping[str, str]) -> None:
        self._address = address
        self._via = via
        self._environment = environment

    def path(self) -> str:
        """Give the Unix socket to connect to. Raise `Fault`."""
        return str(self._places()[0])

    def start(self) -> None:
        """Have ssh listen at it, unless another call has seen to that meanwhile. Raise `Fault`."""
        here, control, lock = self._places()
        try:
            with locked(lock):
                if not _listens(here):
                    self._start(here, control)
        except OSError:
            raise unreachable("The private directory for ssh's sockets cannot be used.") from None

    def _places(self) -> tuple[Path, Path, Path]:
        """The socket, ssh's control socket, and the lock."""
        place = _private_directory(self._environment)
        name = hashlib.sha256("\0".join(self._command()).encode()).hexdigest()[:16]
        return place / f"{name}.s", place / f"{name}.c", place / f"{name}.lock"

    def _command(self) -> list[str]:
        try:
            command = shlex.split(self._environment.get("OCODE_SSH") or "ssh")
        except ValueError:
            raise usage("OCODE_SSH is not a command line: a quote is not closed.") from None
        user = ["-l", self._via.user] if self._via.user else []
        port = ["-p", str(self._via.port)] if self._via.port else []
        return [*(command or ["ssh"]), *user, *port, "--", self._via.host, self._far]

    @property
    def _far(self) -> str:
        """What is forwarded, as ssh spells it."""
        host = f"[{self._address.host}]" if ":" in self._address.host else self._address.host
        return self._address.path or f"{host}:{self._address.port}"

    def _start(self, here: Path, control: Path) -> None:
        control.unlink(missing_ok=True)  # of an ssh that was killed: else it would not be the master
        *command, _, host, far = self._command()
        options = [part for option in (*_OPTIONS, f"ControlPath={control}") for part in ("-o", option)]
        if not os.isatty(2):
            options += ["-o", "BatchMode=yes"]  # nobody could be asked
        call = [*command, *options, "-f", "-N", "-T", "-L", f"{here}:{far}", "--", host]
        # A file and no pipe: ssh stays in the background with it open, and a pipe would never end.
        with tempfile.TemporaryFile() as told:
            code = self._run(call, told)
            told.seek(0)
            said = told.read(65536).decode("utf-8", "replace").strip()
        if code != 0:
            raise self._failed(said.splitlines()[-1][:_MOST_TOLD] if said else "")

    def _run(self, call: list[str], told: IO[bytes]) -> int:
        try:
            return subprocess.run(  # noqa: S603 - host, user and port are checked, and none can be an option
                call,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=told,
                timeout=LOGIN_SECONDS,
                check=False,
                # It stays in the background: the token is none of its business.
                env={name: value for name, value in self._environment.items() if name != "OCODE_TOKEN"},
            ).returncode
        except subprocess.TimeoutExpired:
            raise timed_out(f"ssh did not log in within {LOGIN_SECONDS:g} seconds.") from None
        except OSError:
            raise unreachable("ssh cannot be started: install OpenSSH's client, or set OCODE_SSH.") from None

    def _failed(self, said: str) -> Fault:
        told = f" It says: {said}" if said else ""
        return unreachable(f"ssh could not bring {self._address.origin} here.{told}")


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _private_directory(environment: Mapping[str, str]) -> Path:
    """A directory that is ours alone; short, since a socket's path may have 107 bytes. Raise a fault."""
    above = environment.get("XDG_RUNTIME_DIR") or ""
    fits = above.startswith("/") and len(above) <= _MOST_ABOVE
    place = Path(above) / "ocode" if fits else Path(f"/tmp/ocode-{os.geteuid()}")  # noqa: S108 - checked
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        found = place.lstat()
    except OSError:
        raise unreachable("The private directory for ssh's sockets cannot be made.") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise unreachable(
            f"{place} is not a directory of yours alone (mode 700): ssh's sockets would not be safe there."
        )
    return place
