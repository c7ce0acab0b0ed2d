"""Which opencode is meant, and what can be known of it without asking anybody."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from egress_proxy.config.password import read_password
from egress_proxy.config.schema import Upstream
from egress_proxy.errors import ConfigError
from egress_proxy.model import Secret
from egress_proxy.setup.processes import DEFAULT_PORT, Process, servers
from egress_proxy.setup.writing import short


class Candidate(Struct, frozen=True):
    """An opencode that might be meant. Its process is None where it is not one of this user's."""

    url: str
    process: Process | None = None

    @property
    def told(self) -> str:
        where = f", process {self.process.pid} in {short(self.process.directory)}" if self.process else ""
        return f"{self.url}{where}"

    @property
    def directory(self) -> str:
        """Where it was started, unless that is no directory to give away."""
        directory = self.process.directory if self.process else ""
        return "" if directory in {"/", str(Path.home()), self.process.home if self.process else ""} else directory

    @property
    def data(self) -> str:
        """Where it keeps its logins."""
        return self.process.data if self.process else str(Path.home() / ".local" / "share")


def candidates(url: str | None) -> tuple[Candidate, ...]:
    """Give the opencode at `url`, else those that run, else the default port."""
    running = tuple(Candidate(f"http://127.0.0.1:{process.port}", process) for process in servers())
    if url is None:
        return running or (Candidate(f"http://127.0.0.1:{DEFAULT_PORT}"),)
    port = _port(url)
    return (Candidate(url, next((one.process for one in running if _port(one.url) == port), None)),)


def password_in(file: Path) -> Secret:
    """Read a password's file. Raise `ConfigError`, which does not quote it."""
    found = read_password(Upstream(url="", password_file=str(file.expanduser().absolute())))
    if found is None:
        raise ConfigError("--pass-file: holds none")
    return found


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        raise ConfigError("--opencode: must be like http://127.0.0.1:4096") from None
