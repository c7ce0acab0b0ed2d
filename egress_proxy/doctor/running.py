"""What the running proxy says of itself, and whether another has its state."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from egress_proxy import __version__
from egress_proxy.config import Config
from egress_proxy.doctor.grades import Check, Grade
from egress_proxy.doctor.serving import answers, body
from egress_proxy.server.tls import server_context

_NAME: Final = "proxy"
_LOCK: Final = "audit.lock"
_DAY: Final = 86_400.0
_SOON: Final = 14 * _DAY
_UNITS: Final = "~/.config/systemd/user"
LINGER: Final = Path("/var/lib/systemd/linger")


def running(config: Config) -> Iterator[Check]:
    """Whether it has what is written now: its version, its configuration, its values."""
    if not answers(config.operator, "/health"):
        if _held(Path(config.state_dir) / _LOCK):
            told = f"nobody serves at {config.operator}, but a proxy has {config.state_dir}"
            do = "end it, or one that hangs: `fuser` with audit.lock there says which; or give this one a state_dir"
            yield Check(_NAME, Grade.FAIL, told, do)
        return
    told = body(config.operator, "/metrics").decode("utf-8", "replace")
    version = re.search(r'^egress_build_info\{.*\bversion="([^"]{1,40})"', told, re.MULTILINE)
    if version is not None and version[1] != __version__:
        yield Check(_NAME, Grade.WARN, f"version {version[1]} runs, {__version__} is installed", "restart it")
    for name, wrong, what, do in (
        ("egress_config_reload_success", 0.0, "the last reload was refused: an older configuration is in force", _MEND),
        ("egress_gate_rules", 0.0, "it has no gate policy: every ask is for a human", "egress-proxy gates check"),
    ):
        if _value(told, name) == wrong:
            yield Check(_NAME, Grade.FAIL, what, do)
    if stale := _value(told, "egress_known_value_sources_stale"):
        what = f"{stale:.0f} sources of known values cannot be read as they are now: new values may cross"
        yield Check(_NAME, Grade.FAIL, what, "the proxy's log names them")


_MEND: Final = "egress-proxy check-config, then SIGHUP"


def _value(metrics: str, name: str) -> float | None:
    found = re.search(rf"^{name} (\S+)$", metrics, re.MULTILINE)
    return float(found[1]) if found else None


def _held(lock: Path) -> bool:
    """Whether a process has the lock, which the system lets go of when it ends."""
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def certificate(config: Config) -> Iterator[Check]:
    """The certificate of the cloud-facing socket can be used, and for a while."""
    if config.tls.certificate_file is None:
        return
    until = server_context(config.tls)[1].not_after  # raises where it has run out
    told = f"good until {until.isoformat(timespec='minutes')}"
    if until.timestamp() < time.time() + _SOON:
        yield Check("certificate", Grade.WARN, told, "egress-proxy tls renew, or its timer: docs/systemd.md")
    else:
        yield Check("certificate", Grade.OK, told)


def units(_: Config) -> Iterator[Check]:
    """Units that are installed start what is there, by themselves, and stay."""
    folder = Path(_UNITS).expanduser()
    unit = folder / "egress-proxy.service"
    if not unit.exists():
        return
    for name, program in _programs(unit):
        if not Path(program).exists():
            told = f"{name} starts {program}, which is not there"
            yield Check("units", Grade.FAIL, told, "move the units away and run egress-proxy init --units")
    if not _wanted(folder, "egress-proxy.service", "egress-proxy.socket"):
        told = "egress-proxy.service is not enabled: it does not start by itself"
        yield Check("units", Grade.WARN, told, "systemctl --user enable --now egress-proxy")
    elif LINGER.parent.is_dir() and not (LINGER / os.environ.get("USER", "")).is_file():
        yield Check("units", Grade.WARN, "the units end when you log out", "loginctl enable-linger")
    if not _wanted(folder, "egress-proxy-verify.timer"):
        told = "egress-proxy-verify.timer is not enabled: nothing tries the proxy every day"
        yield Check("units", Grade.WARN, told, "systemctl --user enable --now egress-proxy-verify.timer")


def _programs(unit: Path) -> Iterator[tuple[str, str]]:
    for found in re.finditer(r'^ExecStart=(?:"([^"\n]+)"|(\S+))', unit.read_text("utf-8"), re.MULTILINE):
        program = (found[1] or found[2]).replace("%h", str(Path.home())).replace("%%", "%")
        yield unit.name, program if "/" in program else shutil.which(program) or program


def _wanted(folder: Path, *names: str) -> bool:
    """Whether `systemctl enable` has linked one of them."""
    return any(found.name in names for found in folder.glob("*.wants/*"))
