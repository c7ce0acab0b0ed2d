"""Which settings a reload puts in force, and which need a restart. Pure: two configurations in, one out."""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from egress_proxy.config import Config, KnownSource, settings

LIVE: Final = frozenset(
    {
        "models",
        "agents",
        "known_values",
        "rules_file",
        "gates_file",
        "tls.certificate_file",
        "tls.key_file",
        "tls.minimum_version",
        "tls.client_ca_file",
        "tls.login",
        "tls.clients",
        "network.hosts",
        "network.trusted_proxies",
        "network.max_connections_per_address",
        "network.streams_per_client",
        "network.head_bytes",
        "network.head_seconds",
        "network.body_seconds",
        "network.idle_seconds",
        "limits.request_body_bytes",
        "limits.body_depth",
        "limits.parts",
        "limits.text_chars",
        "limits.max_requests",
        "limits.login_failures_per_minute",
        "features.patch_text",
        "features.file_parts",
        "prompts.instruction",
        "prompts.value_requests",
        "prompts.value_phrases",
        "prompts.innocent_phrases",
    }
)
"""Settings that change while the proxy runs. All others are kept from its start until a restart."""
_SPEAKS_TLS: Final = "tls.certificate_file"
_PLACE: Final = "verify.directory"


def in_force(old: Config, new: Config) -> tuple[Config, tuple[str, ...]]:
    """What a reload of `new` puts in force where `old` was, and the names of changes that need a restart.

    Whether TLS is spoken at all does not change: a socket that goes over to plain HTTP would be sent tokens in clear.
    """
    kept: list[str] = []
    same_socket = (old.tls.certificate_file is None) == (new.tls.certificate_file is None)
    effective = new if same_socket else replace(new, tls=old.tls)
    if not same_socket:
        kept.append(_SPEAKS_TLS)
    if new.verify != old.verify:
        kept.append(_PLACE)
        effective = _with_place_of(old, effective)
    for name in (setting.name for setting in settings()):
        if name not in LIVE and value(effective, name) != value(old, name):
            kept.append(name)
            effective = _with(effective, name, value(old, name))
    return effective, tuple(kept)


def _with_place_of(old: Config, new: Config) -> Config:
    """The place of `egress-proxy verify` stays, with the root and the source that come of it."""
    roots = tuple(one for one in new.directories if one != new.verify.root)
    theirs = tuple(one for one in new.known_values if not _planted(new, one))
    ours = tuple(one for one in old.known_values if _planted(old, one))
    directories = (*roots, *filter(None, (old.verify.root,)))
    return replace(new, verify=old.verify, directories=directories, known_values=(*theirs, *ours))


def _planted(config: Config, source: KnownSource) -> bool:
    return bool(source.path) and source.path == config.verify.values_file


def value(config: Config, name: str) -> Any:  # noqa: ANN401 - of any setting
    """The value of a setting by its dotted name."""
    section, _, key = name.rpartition(".")
    return getattr(getattr(config, section) if section else config, key)


def _with(config: Config, name: str, found: object) -> Config:
    section, _, key = name.rpartition(".")
    changed = {section: replace(getattr(config, section), **{key: found})} if section else {key: found}
    return replace(config, **changed)
