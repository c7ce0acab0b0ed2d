"""What is allowed but should be known: shown at start and by `check-config`."""

from __future__ import annotations

import ipaddress
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from egress_proxy.config.load import upstream_address
from egress_proxy.config.schema import FILES, Config, Source

_BUILT_IN_CLOUD = "opencode"
_OTHERS_READ: Final = stat.S_IROTH


def warnings(config: Config) -> tuple[str, ...]:
    """Give a sentence for each risk that the operator has taken."""
    plain = config.upstream.url.startswith("http:")
    checks = (
        (
            not config.listen.path and config.tls.certificate_file is None and not _loopback(config.listen.host),
            "listen: not a loopback address, and plain HTTP; see `egress-proxy tls`, or put TLS in front of it",
        ),
        (
            not _loopback(config.operator.host),
            "operator: not a loopback address; operators' tokens and all asks cross that network in clear",
        ),
        (
            plain and not _loopback(upstream_address(config.upstream).host),
            "upstream.url: plain HTTP to another host; the password and all answers cross that network in clear",
        ),
        (
            config.upstream.password_file is None,
            "upstream.password_file: not set; whoever reaches opencode directly goes round the proxy",
        ),
        (
            any(provider == _BUILT_IN_CLOUD for provider, _ in config.models),
            "models: the provider `opencode` is a cloud service; what the local agent reads leaves this network",
        ),
        (
            bool(config.evidence.recipients) and 0 < config.audit.retention_days < (config.evidence.days or 36_500),
            "evidence.days: longer than audit.retention_days; originals stay whose records are gone",
        ),
        (
            bool(config.network.trusted_proxies) and not config.network.hosts and config.tls.certificate_file is None,
            "network.hosts: empty, with trusted_proxies; one that passes `Host` on is answered 421: name that host",
        ),
        (not _sources(config), "known_values: none; only what has the form of a secret is found"),
    )
    return (*(sentence for risky, sentence in checks if risky), *_open_files(config))


def _sources(config: Config) -> bool:
    """Whether there are any of the operator's own."""
    return any(not source.path or source.path != config.verify.values_file for source in config.known_values)


def _open_files(config: Config) -> Iterator[str]:
    """Files of secrets that every user of the machine can read."""
    for index, source in enumerate(config.known_values):
        if source.kind not in FILES and source.kind is not Source.FINGERPRINT_FILE:
            continue
        try:
            mode = Path(source.path).stat().st_mode
        except OSError:
            continue
        if mode & _OTHERS_READ:
            yield f"known_values[{index}].{source.kind}: every user of this machine can read the file; `chmod o-r` it"


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
