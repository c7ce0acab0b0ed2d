"""A configuration as people read it: `check-config`, and support bundles. It holds names and paths only, no secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from egress_proxy.config.schema import Address, Config, KnownSource


def plain(config: Config) -> dict[str, Any]:
    """Give the configuration as JSON builtins."""
    found: dict[str, Any] = msgspec.to_builtins(config)
    found["models"] = ["/".join(model) for model in config.models]
    if config.notify.webhook is not None:  # what it may know by heart is in its path
        found["notify"]["webhook"] = "/".join(config.notify.webhook.split("/")[:3]) + "/…"
    found["known_values"] = [_plain_source(source) for source in config.known_values]
    for socket in ("listen", "operator"):
        address: Address = getattr(config, socket)
        found[socket] = str(address)
    return found


def _plain_source(source: KnownSource) -> dict[str, Any]:
    """Give a source as it would be written, with the options that it has."""
    given = msgspec.structs.asdict(source)
    options = {key: given[key] for key in ("format", "optional", "refresh_seconds", "timeout_seconds") if given[key]}
    return {source.kind.value: list(source.command) or source.path or True, **options}


def flat(sections: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Give (dotted name, value) of each setting."""
    found: list[tuple[str, Any]] = []
    for key, value in sections.items():
        found += flat(value, f"{key}.") if isinstance(value, dict) else [(prefix + key, value)]
    return found
