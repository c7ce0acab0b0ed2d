"""The checks of `egress-proxy doctor`: each looks at one thing, as it is, and says what to do about it.

A check gives its worst finding first. One that crashes fails: what could not be looked at is not as it should be.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from egress_proxy import app
from egress_proxy.audit import reading
from egress_proxy.audit.opening import DATABASE
from egress_proxy.config import FILES, Address, Config, Source, read_gates, read_hook_secrets, read_password, read_rules
from egress_proxy.config.warn import warnings
from egress_proxy.doctor.agent import agent
from egress_proxy.doctor.grades import Check, Grade, Look
from egress_proxy.doctor.running import certificate, running, units
from egress_proxy.doctor.serving import answers, body, free
from egress_proxy.errors import ConfigError, EgressError
from egress_proxy.ledgers import opened, place
from egress_proxy.scan import operator_rules
from egress_proxy.server.survey import Survey
from egress_proxy.setup.processes import listeners
from egress_proxy.sources import read_file
from egress_proxy.tokens import OPERATORS, Tokens
from egress_proxy.trial.report import Result, last
from egress_proxy.trial.run import certificate_of

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_MIB: Final = 1024 * 1024
LEAST_DISK: Final = 100 * _MIB
LITTLE_DISK: Final = 1024 * _MIB
DAY: Final = 86_400.0
REFUSED_NAMES: Final = re.compile(rb'^egress_refusals_total\{reason="host_unknown"\} ([0-9.e+]+)$', re.MULTILINE)
_BEGINNING: Final = 1_735_689_600.0  # 2025-01-01: no clock of a machine that runs this is before
_SKEW: Final = 60.0


def risks(config: Config) -> Iterator[Check]:
    """What the configuration permits and should be known."""
    for sentence in warnings(config):
        yield Check("risks", Grade.WARN, sentence, "decide whether you mean it")


def files(config: Config, place: Path) -> Iterator[Check]:
    """Files that only their owner may read or write, and those that must hold together."""
    own = [(place, _OTHERS_WRITE), (Path(config.state_dir), _OTHERS)]
    named = (config.gates_file, config.rules_file)
    own += [(Path(one), _OTHERS_WRITE) for one in named if one is not None]
    state = Path(config.state_dir)
    own += [(path, _OTHERS) for path in sorted(state.glob("*")) if path.is_file() and path.name != "audit.pub"]
    own += [(path, _OTHERS) for path in sorted(place.parent.glob("*.token"))]  # as `egress-proxy init` writes them
    for path, forbidden in own:
        status = path.stat() if path.exists() else None
        if status is not None and status.st_mode & forbidden:
            what = "write" if status.st_mode & _OTHERS_WRITE else "read"
            yield Check("files", Grade.FAIL, f"{path}: others may {what} it", f"chmod go-rwx {path}")
        if status is not None and status.st_uid not in {0, os.geteuid()}:
            yield Check("files", Grade.FAIL, f"{path}: belongs to another user", f"chown it to yourself: {path}")
    for read in (_password, _gates, _rules, _hooks):
        try:
            read(config)
        except ConfigError as error:
            yield Check("files", Grade.FAIL, str(error), "mend the file that is named")


def _password(config: Config) -> None:
    read_password(config.upstream)


def _gates(config: Config) -> None:
    if config.gates_file is not None:
        read_gates(Path(config.gates_file))


def _rules(config: Config) -> None:
    if config.rules_file is not None:
        operator_rules(read_rules(Path(config.rules_file)))


def _hooks(config: Config) -> None:
    read_hook_secrets(config.notify)


def tokens(config: Config) -> Iterator[Check]:
    """Somebody can log in, and somebody can decide."""
    state = Path(config.state_dir)
    for store, who in ((Tokens(state), "client"), (Tokens(state, OPERATORS), "operator")):
        if not store.list():
            command = "create" if who == "client" else "operator"
            yield Check("tokens", Grade.WARN, f"no {who} has a token", f"egress-proxy token {command} NAME")


def opencode(config: Config) -> Iterator[Check]:
    """It answers, takes the password, and is of a version that is known."""
    found = _survey(config)
    for word, operations, do in (
        ("unknown to the catalogue and denied", found.unknown, "read docs/architecture.md, A new version of opencode"),
        ("missing that the catalogue expects", found.missing, "clients may be told that an operation is gone"),
    ):
        if operations:
            shown = ", ".join(operations[:3]) + (" …" if operations[3:] else "")
            printable = "".join(sign if sign.isprintable() else "?" for sign in shown)
            told = f"opencode {found.version}: {len(operations)} operations are {word}: {printable}"
            yield Check("opencode", Grade.WARN, told, do)
    yield Check("opencode", Grade.OK, f"opencode {found.version} answers")


def _survey(config: Config) -> Survey:
    return app.live_routes(config)


def exposure(config: Config) -> Iterator[Check]:
    """Nobody reaches opencode but through the proxy."""
    parts = urlsplit(config.upstream.url)
    port = parts.port or 80
    if config.upstream.password_file is None:
        told = "opencode has no password: whoever reaches its port goes round the proxy"
        yield Check("exposure", Grade.FAIL, told, "set OPENCODE_SERVER_PASSWORD and upstream.password_file")
    elif answers(Address(parts.hostname or "", port), "/global/health") == 200:  # noqa: PLR2004 - HTTP
        told = "opencode answers without the password, though one is configured"
        yield Check("exposure", Grade.FAIL, told, "start it with OPENCODE_SERVER_PASSWORD")
    yield from reachable(config)


def reachable(config: Config) -> Iterator[Check]:
    """Its port is not open to other machines."""
    port = urlsplit(config.upstream.url).port or 80
    for one in listeners(port):
        if not one.loopback:
            told = f"something listens at port {port} of {one.host}, which other machines may reach"
            yield Check("exposure", Grade.FAIL, told, "start opencode with --hostname 127.0.0.1")


def known_values(config: Config) -> Iterator[Check]:
    """Sources can be read, and hold something; the scanner finds its canaries."""
    total = 0
    for source in config.known_values:
        if source.kind not in FILES or source.path == config.verify.values_file:
            continue
        if not Path(source.path).exists() and source.optional:
            yield Check("known values", Grade.WARN, f"{source.path}: is not there", "write it, or take the entry out")
            continue
        try:
            count = len(read_file(Path(source.path), FILES[source.kind]))
        except ConfigError as error:
            yield Check("known values", Grade.FAIL, str(error), "mend the file: what is in it may cross")
            continue
        total += count
        if not count:
            yield Check("known values", Grade.WARN, f"{source.path}: holds no value", "is it the right file?")
    app.scanner(config, offline=True)  # reads all that can be read without opencode, and tests itself
    if not any(source.path != config.verify.values_file or not source.path for source in config.known_values):
        yield Check("known values", Grade.WARN, "there are no sources", "name env files under known_values")
    elif total or any(source.kind is Source.UPSTREAM_CONFIG for source in config.known_values):
        yield Check("known values", Grade.OK, f"{total} values in files; the scanner finds its canaries")


def clock(config: Config) -> Iterator[Check]:
    """The clock is not behind what it was: asks expire by it, and records are ordered by it."""
    now = time.time()
    if now < _BEGINNING:
        yield Check("clock", Grade.FAIL, "the clock is years behind", "set it (NTP)")
        return
    seen = last(Path(config.state_dir)).at
    if _is_begun(config):
        with opened(config) as reader:
            row = reader.last()
        seen = max(seen, _time_of(row.line if row else ""))
    if seen > now + _SKEW:
        told = f"the clock is {seen - now:.0f} seconds behind what the audit log has seen"
        yield Check("clock", Grade.FAIL, told, "set it (NTP)")
    else:
        yield Check("clock", Grade.OK, datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"))


def _is_begun(config: Config) -> bool:
    """Whether there should be an audit log."""
    return config.audit.database is not None or (Path(config.state_dir) / DATABASE).exists()


def _time_of(line: str) -> float:
    """Seconds since the epoch of an entry, 0 where it has no time."""
    _, _, rest = line.partition('"time":"')
    try:
        return datetime.fromisoformat(rest.partition('"')[0]).timestamp()
    except ValueError:
        return 0.0


def disk(config: Config) -> Iterator[Check]:
    """There is room for the audit log: without it, what must be recorded is withheld."""
    state = Path(config.state_dir)
    free_bytes = shutil.disk_usage(state if state.exists() else state.parent).free
    told = f"{free_bytes // _MIB} MiB are free at {state}"
    if state.exists() and not os.access(state, os.W_OK):
        yield Check("disk", Grade.FAIL, f"{state}: cannot be written", "what cannot be recorded does not cross")
    if free_bytes < LEAST_DISK:
        yield Check("disk", Grade.FAIL, told, "make room: what cannot be recorded does not cross")
    elif free_bytes < LITTLE_DISK:
        yield Check("disk", Grade.WARN, told, "make room soon")
    else:
        yield Check("disk", Grade.OK, told)


def ledger(config: Config) -> Iterator[Check]:
    """The end of the audit log is what was signed."""
    if not _is_begun(config):
        yield Check("ledger", Grade.WARN, "there is no audit log yet", "start the proxy")
        return
    reading.head(place(config))
    yield Check("ledger", Grade.OK, "its end hangs together; `egress-proxy audit verify` looks at all of it")


def evidence(config: Config) -> Iterator[Check]:
    """Somebody could look at what was withheld."""
    if not config.evidence.recipients:
        told = "what is withheld is gone: it is sealed to nobody"
        yield Check("evidence", Grade.WARN, told, "name a public key under evidence.recipients")


def sockets(config: Config) -> Iterator[Check]:
    """Both sockets are served, by the proxy."""
    for name, address, path, trusted in (
        ("cloud-facing socket", config.listen, "/_egress/health", certificate_of(config)),
        ("operator's socket", config.operator, "/health", None),
    ):
        status = answers(address, path, trusted)
        if status == 200:  # noqa: PLR2004 - HTTP
            yield Check("sockets", Grade.OK, f"{name}: serving at {address}")
        elif status == 503:  # noqa: PLR2004 - HTTP
            yield Check("sockets", Grade.FAIL, f"{name}: not healthy at {address}", "see /health there, and the log")
        elif status or not free(address):
            yield Check(
                "sockets", Grade.FAIL, f"{name}: {address} is something else's", "name another address, or end it"
            )
        else:
            yield Check("sockets", Grade.WARN, f"{name}: nobody serves at {address}", "egress-proxy serve")


def names(config: Config) -> Iterator[Check]:
    """Clients call the proxy by a name that it knows: through a reverse proxy they may call it by another one."""
    found = REFUSED_NAMES.search(body(config.operator, "/metrics"))
    if found is None or not float(found[1]):
        known = ", ".join(config.network.hosts)
        yield Check(
            "names", Grade.OK, f"known by {known}" if known else "known by its addresses and its certificate's names"
        )
        return
    told = f"{float(found[1]):.0f} requests were refused (421 host_unknown) for a name that is not known"
    yield Check(
        "names",
        Grade.WARN,
        told,
        "if they were clients', through a reverse proxy or by a name: network: {hosts: [THAT-NAME]}, and reload",
    )


def verified(config: Config) -> Iterator[Check]:
    """The proxy was tried lately, and let nothing through."""
    if config.verify.directory is None:
        yield Check("verify", Grade.WARN, "verify.directory is not set", "name an empty directory: docs/verify.md")
        return
    found, now = last(Path(config.state_dir)), time.time()
    if found.result == Result.LEAKED:
        yield Check(
            "verify", Grade.FAIL, "the last verification found a LEAK", "egress-proxy verify, and stop the proxy"
        )
    elif not found.success:
        yield Check("verify", Grade.WARN, "it was never verified", "egress-proxy verify")
    elif now - found.success > 2 * DAY:
        told = f"it was last found clean {(now - found.success) / DAY:.0f} days ago"
        yield Check("verify", Grade.WARN, told, "egress-proxy verify, or its timer: docs/verify.md")
    else:
        told = datetime.fromtimestamp(found.success, UTC).isoformat(timespec="seconds")
        yield Check("verify", Grade.OK, f"last found clean at {told}")


CHECKS: Final[dict[str, Look]] = {
    "risks": risks,
    "tokens": tokens,
    "opencode": opencode,
    "local agent": agent,
    "exposure": exposure,
    "known values": known_values,
    "clock": clock,
    "disk": disk,
    "ledger": ledger,
    "evidence": evidence,
    "certificate": certificate,
    "sockets": sockets,
    "names": names,
    "proxy": running,
    "units": units,
    "verify": verified,
}


_WELL: Final = {
    "files": "only you can read or write them",
    "risks": "the configuration takes none",
    "tokens": "a client has one, and an operator",
    "local agent": "publishes nothing, asks before it runs commands; its models are at home",
    "exposure": "opencode listens on this machine only, and wants its password",
    "evidence": "what is withheld is sealed",
    "certificate": "none is configured",
    "proxy": "what runs is what is installed and configured",
    "units": "what is installed starts by itself, or none are",
}
"""What is so where a check has nothing to say."""


def examine(config: Config, place: Path, done: Callable[[int], None] = lambda _: None) -> tuple[Check, ...]:
    """Do all checks of a configuration, which was read from `place`. `done` is told of each."""
    looks: dict[str, Look] = {"files": lambda one: files(one, place), **CHECKS}
    found: list[Check] = []
    for name, look in looks.items():
        found.extend(_looked(name, look, config))
        done(1)
    return tuple(found)


def _looked(name: str, look: Look, config: Config) -> tuple[Check, ...]:
    found: list[Check] = []
    try:
        found.extend(look(config))
    except EgressError as error:
        found.append(Check(name, Grade.FAIL, str(error), "see docs/install.md"))
    except OSError as error:
        found.append(Check(name, Grade.FAIL, f"cannot be looked at ({error.strerror})"))
    except Exception as error:  # noqa: BLE001 - its text may quote what must not be quoted (I6)
        found.append(Check(name, Grade.FAIL, f"cannot be looked at ({type(error).__name__})"))
    bad = [check for check in found if check.grade is not Grade.OK]
    order = (Grade.FAIL, Grade.WARN)
    well = tuple(found) or (Check(name, Grade.OK, _WELL.get(name, "")),)
    return tuple(sorted(bad, key=lambda one: order.index(one.grade))) or well
