"""The configuration file becomes a `Config`, or one `ConfigError` that names file, line and key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar, get_type_hints
from urllib.parse import urlsplit

from msgspec import Meta, Struct
from msgspec.structs import fields, replace

from egress_proxy.config import apart, database, edge, paths, recipients, values
from egress_proxy.config.collector import collector
from egress_proxy.config.console import Console, wrong_with
from egress_proxy.config.evidence import Evidence
from egress_proxy.config.log import Level, Log, LogForm, Ship
from egress_proxy.config.network import Network
from egress_proxy.config.nodes import MAX_BYTES, AnyNode, Fields, NodeError, compose
from egress_proxy.config.schema import (
    Address,
    Audit,
    Config,
    Features,
    KnownSource,
    Limits,
    Notify,
    Prompts,
    Source,
    Upstream,
)
from egress_proxy.config.sources import known_source
from egress_proxy.config.tls import Tls
from egress_proxy.config.verify import Verify
from egress_proxy.errors import ConfigError
from egress_proxy.evidence_rules import Full, Keep
from egress_proxy.prompt_rules import ValueRequests

DEFAULT_FILE: Final = "~/.config/egress-proxy/config.yaml"

S = TypeVar("S", bound=Struct)
Reader = Callable[[AnyNode], object]
_WILDCARDS: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - recognised, not bound
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def load(file: Path) -> Config:
    """Read and check a configuration file. Raise `ConfigError`.

    The directories and files that it names must exist. The password is not read: see `read_password`.
    """
    place = file.expanduser()
    try:
        with place.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"{file}: there is no such file; `egress-proxy init` writes one") from None
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror})") from None
    try:
        return _config(compose(content), place)
    except NodeError as problem:
        raise problem.named(str(file)) from None


def _config(root: AnyNode, place: Path) -> Config:
    config = _section(Config, _READERS)(root)
    config = replace(config, state_dir=str(Path(config.state_dir).expanduser()))
    _distinct(config, root)
    config = _with_verify(config, root)
    wrong = apart.problem(config, place)
    if wrong is not None:
        raise _blame(root, *wrong)
    return config


def _section(kind: type[S], readers: Mapping[str, Reader]) -> Callable[[AnyNode], S]:
    """Make a reader of a Struct from a mapping: a reader for each field, the fields without default required."""
    known = tuple(field.name for field in fields(kind))
    required = tuple(field.name for field in fields(kind) if field.required)

    def read(node: AnyNode) -> S:
        given = values.mapping(node, known, required)
        found: dict[str, Any] = {key: readers[key](value) for key, value in given.items()}
        return kind(**found)

    return read


def _bounded(kind: type[Struct]) -> dict[str, Reader]:
    """Take the readers of a section's numbers from the bounds of its Struct."""
    hints = get_type_hints(kind, include_extras=True)
    metas: dict[str, Meta] = {name: hint.__metadata__[0] for name, hint in hints.items()}
    return {
        name: values.integer(int(meta.ge or 0), int(meta.le)) for name, meta in metas.items() if meta.le is not None
    }


_READERS: Final[dict[str, Reader]] = {
    "listen": values.listening,
    "listen_group": values.optional(values.group),
    "operator": values.address,
    "upstream": _section(Upstream, {"url": values.url, "password_file": paths.path}),
    "directories": values.several(paths.directory),
    "models": values.several(values.model),
    "agents": values.several(values.agent),
    "known_values": values.several(known_source, least=0),
    "rules_file": values.optional(paths.file),
    "gates_file": values.optional(paths.path),
    "state_dir": paths.path,
    "tls": _section(Tls, edge.of_tls()),
    "network": _section(Network, {**_bounded(Network), **edge.of_network()}),
    "limits": _section(Limits, _bounded(Limits)),
    "features": _section(Features, dict.fromkeys(Features.__struct_fields__, values.boolean)),
    "prompts": _section(
        Prompts,
        {
            "instruction": values.boolean,
            "value_requests": values.one_of(ValueRequests),
            "value_phrases": values.several(values.phrase, least=0),
            "innocent_phrases": values.several(values.phrase, least=0),
        },
    ),
    "notify": _section(
        Notify,
        {
            **_bounded(Notify),
            "command": values.optional(paths.command),
            "webhook": values.optional(values.webhook),
            "webhook_header_file": values.optional(paths.path),
            "webhook_key_file": values.optional(paths.path),
            "page": values.optional(values.page),
        },
    ),
    "audit": _section(
        Audit,
        {
            **_bounded(Audit),
            "clean_exchanges": values.boolean,
            "withhold_clean": values.boolean,
            "database": values.optional(database.url),
            "database_password_file": values.optional(paths.path),
            "ledger": values.optional(database.ledger),
        },
    ),
    "evidence": _section(
        Evidence,
        {
            **_bounded(Evidence),
            "recipients": values.several(recipients.recipient, least=0),
            "keep": values.one_of(Keep),
            "full": values.one_of(Full),
        },
    ),
    "log": _section(
        Log,
        {
            **_bounded(Log),
            "format": values.one_of(LogForm),
            "level": values.one_of(Level),
            "syslog": values.optional(collector),
            "ship": values.one_of(Ship),
        },
    ),
    "console": _section(
        Console,
        {
            "sso_origin": values.optional(values.origin),
            "sso_header": values.header,
            "sso_secret_header": values.header,
            "sso_secret_file": values.optional(paths.path),
            "sso_approvers": values.several(values.person, least=0),
            "sso_viewers": values.several(values.person, least=0),
        },
    ),
    "verify": _section(Verify, {"directory": values.optional(paths.directory)}),
}


def _with_verify(config: Config, root: AnyNode) -> Config:
    """The place of `egress-proxy verify` is a root and a source like others, and apart from all of them."""
    directory, inside, values_file = config.verify.directory, config.verify.root, config.verify.values_file
    if directory is None or inside is None or values_file is None:
        return config
    held = (*config.directories, config.state_dir)
    if paths.inside(directory, held) or any(paths.inside(one, (directory,)) for one in held):
        raise _blame(root, "verify", "directory: must be a place of its own, beside `directories` and `state_dir`")
    return replace(
        config,
        directories=(*config.directories, inside),
        known_values=(*config.known_values, KnownSource(Source.ENV_FILE, values_file, optional=True)),
    )


def _distinct(config: Config, root: AnyNode) -> None:
    """The two sockets and the upstream are three different places: the proxy never calls itself."""
    if config.listen_group is not None and not config.listen.path:
        raise _blame(root, "listen_group", "is for a Unix socket: `listen: unix:/path`")
    if problem := config.tls.problem(on_a_path=bool(config.listen.path)):
        raise _blame(root, "tls", problem)
    roots = {root for one in config.tls.clients for root in one.directories or ()}
    if not roots <= set(config.directories):
        raise _blame(root, "tls", "clients: one of their directories is not one of `directories`")
    notify = config.notify
    if notify.webhook is None and (notify.webhook_header_file or notify.webhook_key_file):
        raise _blame(root, "notify", "a header or a key is for a webhook: name one")
    audit = config.audit
    if (audit.database is None) != (audit.ledger is None) or (audit.database_password_file and not audit.database):
        raise _blame(
            root, "audit", "database and ledger go together: a name for this proxy's audit log in that database"
        )
    wrong = wrong_with(config.console, config.operator.host)
    if wrong:
        raise _blame(root, "console", wrong)
    if _same(config.listen, config.operator):
        raise _blame(root, "operator", "must not be the cloud-facing socket: choose another port than `listen`")
    origin = upstream_address(config.upstream)
    if any(_same(own, origin) for own in (config.listen, config.operator)):
        raise _blame(root, "upstream", "the url is the proxy's own address")


def upstream_address(upstream: Upstream) -> Address:
    """Give host and port of the upstream; `localhost` is 127.0.0.1."""
    parts = urlsplit(upstream.url)
    host = parts.hostname or ""
    return Address("127.0.0.1" if host == "localhost" else host, parts.port or _DEFAULT_PORTS[parts.scheme])


def _same(one: Address, other: Address) -> bool:
    hosts = {one.host, other.host}
    return one.port == other.port != 0 and (len(hosts) == 1 or not hosts.isdisjoint(_WILDCARDS))


def _blame(root: AnyNode, key: str, sentence: str) -> NodeError:
    """Say what is wrong with a top-level key, on its line, or on the first where its default is in force."""
    node = root.fields.get(key, root) if isinstance(root, Fields) else root
    return NodeError(sentence, key, node.line)
