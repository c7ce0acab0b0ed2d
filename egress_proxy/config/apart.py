"""What the local agent can write must not hold what binds it (I7)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from egress_proxy.config import paths, recipients
from egress_proxy.config.schema import Config


def problem(config: Config, file: Path | None = None) -> tuple[str, str] | None:
    """The first that lies where the local agent works: the key to blame for it and what is wrong. `file` is that of the
    configuration."""
    for name, place in _held(config, file):
        if _writable(place, config):
            return "directories", f"one of them contains {name}, and the local agent works there"
    for given in filter(recipients.is_file, config.evidence.recipients):
        if _writable(given, config):
            return "evidence", "recipients: the local agent can write a file of them"
    for index, source in enumerate(config.known_values):
        if source.command and _writable(source.command[0], config):
            return "known_values", f"[{index}].command: the local agent can write its program"
    if config.notify.command and _writable(config.notify.command[0], config):
        return "notify", "command: the local agent can write its program"
    return None


def _held(config: Config, file: Path | None) -> Iterator[tuple[str, str]]:
    named = {
        "this file": None if file is None else str(file),
        "state_dir": config.state_dir,
        "upstream.password_file": config.upstream.password_file,
        "rules_file": config.rules_file,
        "the socket of `listen`": config.listen.path,
        "gates_file": config.gates_file,
        "notify.webhook_header_file": config.notify.webhook_header_file,
        "notify.webhook_key_file": config.notify.webhook_key_file,
        "audit.database_password_file": config.audit.database_password_file,
        "console.sso_secret_file": config.console.sso_secret_file,
        "tls.certificate_file": config.tls.certificate_file,
        "tls.key_file": config.tls.key_file,
        "tls.client_ca_file": config.tls.client_ca_file,
        "the socket of `log.syslog`": config.log.syslog.path if config.log.syslog else None,
    }
    yield from ((name, place) for name, place in named.items() if place)
    yield from (("a file of `audit.database`", place) for place in _of_database(config.audit.database or ""))


def _of_database(url: str) -> Iterator[str]:
    """The files that a database is reached and believed by: its socket, its authorities, our key."""
    parts = urlsplit(url)
    given = [unquote(host) for host in parts.netloc.rpartition("@")[2].split(",")]
    given += [one for _, value in parse_qsl(parts.query) for one in value.split(",")]
    yield from (place for place in given if place.startswith("/"))


def _writable(place: str, config: Config) -> bool:
    """Whether it lies where the local agent works, or a link to it does."""
    return any(paths.inside(str(one), config.directories) for one in (Path(place), Path(place).parent))
