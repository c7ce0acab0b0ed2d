"""A machine within the machine: systemd as PID 1 of namespaces of its own, and a manager of a user's units in it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from egress_proxy.setup.draft import IGNORED, OPENCODE_KEEPS, OPENCODE_SETTINGS
from tests.kit import binaries
from tests.kit.agent import poll
from tests.kit.startup import sitecustomize

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
HOME = "/srv/home"
USER = 54321
"""The number of the machine's one user: nobody's out here, and without any right in there."""
VERSION = binaries.VERSIONS[-1]
_SYSTEMD = Path("/lib/systemd/systemd")
_TARGETS = ("box", "sysinit", "basic", "shutdown", "umount", "final")
_MANAGER = f"""
[Unit]
DefaultDependencies=no
[Service]
Type=notify
User={USER}
Environment=HOME={HOME} XDG_RUNTIME_DIR=/run/user/{USER}
ExecStart={_SYSTEMD} --user --unit=basic.target
Delegate=yes
KillMode=mixed
"""
_NO_NETWORK = "[Service]\nEnvironment=OPENCODE_DISABLE_MODELS_FETCH=1\n"
_TO_A_FILE = "[Service]\nStandardError=append:/srv/home/log\nStandardOutput=append:/srv/home/log\n"


def missing() -> str:
    """Why no such machine can be made here, or nothing."""
    if os.geteuid() != 0:
        return "namespaces with a systemd of their own need root"
    if not _SYSTEMD.exists() or any(
        shutil.which(name) is None for name in ("unshare", "nsenter", "setpriv", "systemctl", "ip")
    ):
        return "systemd, util-linux or iproute2 is not installed"
    tried = ["unshare", "-pfmuiCn", "--kill-child", "sh", "-c", "mount -t cgroup2 cgroup2 /sys/fs/cgroup"]
    if subprocess.run(tried, capture_output=True, check=False).returncode:
        return "namespaces or the unified cgroup hierarchy cannot be had"
    tried = [*_as_user(), "unshare", "--user", "--map-root-user", "true"]
    if subprocess.run(tried, capture_output=True, check=False).returncode:
        return "users without rights get no user namespaces here"
    return ""


def _as_user() -> list[str]:
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]


class Box:
    """The units of `deploy/` as they are, in the home of the machine's one user. `with Box(tmp_path) as box: …`"""

    def __init__(self, root: Path) -> None:
        self.home = root / "home"
        self._root = root
        self._started: subprocess.Popen[bytes] | None = None
        self.config = {
            "upstream": {"url": "http://127.0.0.1:4096", "password_file": "credential:opencode-password"},
            "directories": [f"{HOME}/shop"],
            "models": ["local/small"],
            "verify": {"directory": f"{HOME}/.local/share/egress-proxy/verify"},
        }

    def __enter__(self) -> Self:
        self._furnish()
        python = os.path.realpath(sys.base_prefix)
        box = [str(ROOT / "tests" / "deploy" / "systemd_box.sh"), str(self._root), str(ROOT), python, str(USER)]
        self._started = subprocess.Popen(
            ["unshare", "-pfmuiCn", "--kill-child", *box], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            poll(lambda: self._ready() or None, 60)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._started is not None:
            with suppress(RuntimeError, ProcessLookupError):
                os.kill(self._first(), signal.SIGKILL)  # PID 1 of its namespace: all others end with it
            self._started.kill()
            self._started.wait()

    def _ready(self) -> bool:
        try:
            return self.systemctl("is-active", "basic.target").returncode == 0
        except RuntimeError:
            return False  # not yet

    def run(self, *command: str, within: str = "", timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command in there, as its user; `within` a process, it sees the files that this one sees."""
        inside = ["nsenter", "-t", str(self._first()), "-a"]
        inside += ["nsenter", "-t", within, "-m"] if within else []
        inside += [*_as_user(), "env", f"HOME={HOME}", f"XDG_RUNTIME_DIR=/run/user/{USER}"]
        return subprocess.run([*inside, *command], capture_output=True, text=True, timeout=timeout, check=False)

    def systemctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("systemctl", "--user", *arguments)

    def shown(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.systemctl("show", "-P", name, unit).stdout.strip()

    def get(self, url: str) -> str:
        """What a program in there gets for a URL."""
        return self.run("curl", "-s", "--max-time", "90", url).stdout

    def opencode(self, path: str, body: object) -> Any:
        """Post to opencode itself, past the proxy, as whoever has its password."""
        password = (self.home / ".config" / "egress-proxy" / "opencode-password").read_text().strip()
        url = f"http://127.0.0.1:4096{path}?directory={HOME}/shop"
        sent = ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
        return json.loads(self.run("curl", "-s", "--max-time", "60", "-u", f"opencode:{password}", *sent, url).stdout)

    def write_config(self, **changes: object) -> None:
        file = self.home / ".config" / "egress-proxy" / "config.yaml"
        file.write_text(json.dumps({**self.config, **changes}))

    def log(self) -> str:
        return (self.home / "log").read_text()

    def _first(self) -> int:
        """The number of PID 1 of the box, out here."""
        if self._started is None or self._started.poll() is not None:
            raise RuntimeError("the box has ended")
        children = Path(f"/proc/{self._started.pid}/task/{self._started.pid}/children").read_text().split()
        if not children:
            raise RuntimeError("the box has not begun")
        return int(children[0])

    def _furnish(self) -> None:
        units, user = self._root / "units", self.home / ".config" / "systemd" / "user"
        program = self.home / ".local" / "share" / "egress-proxy" / "venv" / "bin" / "egress-proxy"
        opencode = self.home / ".opencode" / "bin" / "opencode"
        settings = self.home / ".config" / "egress-proxy"
        state = self.home / ".local" / "state" / "egress-proxy"
        verify = program.parents[2] / "verify"
        for place in (units, user, program.parent, opencode.parent, settings, state, verify, self.home / "shop"):
            place.mkdir(parents=True, mode=0o700)
        for name in _TARGETS:
            wants = "Wants=manager.service\n" if name == "box" else ""
            (units / f"{name}.target").write_text(f"[Unit]\nDefaultDependencies=no\n{wants}")
        (units / "manager.service").write_text(_MANAGER)
        for file in DEPLOY.glob("*.*"):
            if file.suffix in {".service", ".socket", ".timer"}:
                shutil.copy(file, user)
        (user / "opencode.service.d").mkdir()
        where = (DEPLOY / "opencode.service.d" / "where.conf").read_text()
        (user / "opencode.service.d" / "where.conf").write_text(where.replace("%h/project", "%h/shop"))
        for kept in OPENCODE_KEEPS:
            (self.home / kept).mkdir(parents=True)
        (user / "opencode.service.d" / "network.conf").write_text(_NO_NETWORK)
        (self.home / ".bashrc").touch()
        for name in ("egress-proxy", "egress-proxy-verify"):
            (user / f"{name}.service.d").mkdir()
            (user / f"{name}.service.d" / "log.conf").write_text(_TO_A_FILE)  # there is no journal in there
        python = Path(os.path.realpath(Path(sys.executable).parent)) / "python"
        path = f"/srv/src:/srv/src/{sitecustomize.FOLDER.relative_to(ROOT)}"
        program.write_text(f'#!/bin/sh\nPYTHONPATH={path} exec {python} -m egress_proxy.cli "$@"\n')
        program.chmod(0o755)
        opencode.symlink_to(os.path.realpath(binaries.opencode(VERSION)))
        binaries.without_plugin(self.home / ".config" / "opencode")
        for name in OPENCODE_SETTINGS:
            (self.home / name / ".gitignore").write_text(IGNORED)
        (settings / "opencode-password").touch(mode=0o600)
        (settings / "opencode-password").write_text("a" + "box" + "password1\n")
        self.write_config()
