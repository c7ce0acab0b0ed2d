"""A real OpenSSH server on loopback, for this user alone, with keys made for the test.

It takes `sshd` (Debian and Ubuntu: `apt install openssh-server`; it need not be running). Not root is enough.
"""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from pathlib import Path
from typing import Self

from tests.kit.agent import poll
from tests.kit.client import free_port, raw

_PRIVILEGES = Path("/run/sshd")
"""sshd wants it when root starts it; a machine on which the service never ran does not have it."""


class MissingSshd(Exception):
    """There is no sshd, or no ssh; the message says how to get them."""


def required() -> Path:
    """Give the path of sshd. Raise `MissingSshd`."""
    found = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None or shutil.which("ssh") is None or shutil.which("ssh-keygen") is None:
        raise MissingSshd("no sshd: install OpenSSH's client and server (`apt install openssh-server`)")
    return Path(found)


class Sshd:
    """The server; `with Sshd(directory) as server`. `command` is an ssh that knows it and may log in."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.port = free_port()
        self.user = getpass.getuser()
        self.log = root / "sshd.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def command(self) -> str:
        """What `OCODE_SSH` is to be."""
        return f"ssh -F {self.root / 'config'}"

    @property
    def logins(self) -> int:
        """How often somebody logged in."""
        return self.log.read_text("utf-8").count("Accepted publickey")

    def __enter__(self) -> Self:
        self._write()
        sshd = required()
        if os.geteuid() == 0:
            _PRIVILEGES.mkdir(mode=0o755, exist_ok=True)
        call = [str(sshd), "-D", "-f", str(self.root / "sshd_config"), "-E", str(self.log)]
        self._process = subprocess.Popen(call, stdin=subprocess.DEVNULL)
        poll(self._answers)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)

    def _answers(self) -> bool:
        try:
            return raw("127.0.0.1", self.port, b"\n", timeout=1.0).startswith(b"SSH-2.0-")
        except OSError:
            return False  # not listening yet

    def _write(self) -> None:
        for name in ("host_key", "key"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.root / name)],
                check=True,
                stdin=subprocess.DEVNULL,
            )
        public = (self.root / "key.pub").read_text("utf-8")
        (self.root / "authorized_keys").write_text(public, "utf-8")
        host = " ".join((self.root / "host_key.pub").read_text("utf-8").split()[:2])
        (self.root / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {host}\n", "utf-8")
        server = {
            "Port": self.port,
            "ListenAddress": "127.0.0.1",
            "HostKey": self.root / "host_key",
            "PidFile": "none",
            "AuthorizedKeysFile": self.root / "authorized_keys",
            "StrictModes": "no",
            "UsePAM": "no",
            "PasswordAuthentication": "no",
            "PermitRootLogin": "prohibit-password",
            "LogLevel": "INFO",
        }
        client = {
            "IdentityFile": self.root / "key",
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": self.root / "known_hosts",
            "GlobalKnownHostsFile": "/dev/null",
        }
        for name, settings in (("sshd_config", server), ("config", client)):
            (self.root / name).write_text("".join(f"{key} {value}\n" for key, value in settings.items()), "utf-8")
