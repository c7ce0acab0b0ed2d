"""What is allowed but should be known: shown at start and by `check-config`."""

from __future__ import annotations

import ipaddress

from egress_proxy.config.load import upstream_address
from egress_proxy.config.schema import Config

_BUILT_IN_CLOUD = "opencode"


def warnings(config: Config) -> tuple[str, ...]:
    """Give a sentence for each risk that the operator has taken."""
    plain = config.upstream.url.startswith("http:")
    checks = (
        (not _loopback(config.listen.host), "listen: not a loopback address; put TLS in front of it"),
        (not _loopback(config.operator.host), "operator: not a loopback address; it has no login of its own"),
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
        (not config.known_values, "known_values: none; only what has the form of a secret is found"),
    )
    return tuple(sentence for risky, sentence in checks if risky)


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
