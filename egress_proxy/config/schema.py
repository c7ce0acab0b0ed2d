"""What a configuration holds. The Structs name every setting, its default, its bounds and what it means; the reader,
the documentation and the tests take them from here.

All paths are absolute; `directories` and the password file are canonical (real paths).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Final, get_type_hints

from msgspec import NODEFAULT, Meta, Struct
from msgspec.structs import fields

from egress_proxy.config.console import Console
from egress_proxy.config.evidence import Evidence
from egress_proxy.config.log import Log
from egress_proxy.config.network import Network
from egress_proxy.config.tls import Tls
from egress_proxy.config.verify import Verify
from egress_proxy.prompt_rules import ValueRequests

KIB: Final = 1024
MIB: Final = 1024 * KIB


class Address(Struct, frozen=True):
    """Where to listen: a host and port, 0 for any free one; or the `path` of a Unix socket."""

    host: str
    port: int
    path: str = ""

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Upstream(Struct, frozen=True, kw_only=True):
    """The opencode server behind the proxy."""

    url: Annotated[str, Meta(description="Where `opencode serve` listens: scheme, host and port, nothing else.")]
    password_file: Annotated[
        str | None,
        Meta(
            description="File with the one-line value of OPENCODE_SERVER_PASSWORD, readable by its owner only. "
            "Read at start."
        ),
    ] = None


class Source(StrEnum):
    """Where known values come from; also the key of the setting."""

    ENV_FILE = "env_file"
    JSON_FILE = "json_file"
    YAML_FILE = "yaml_file"
    TOML_FILE = "toml_file"
    INI_FILE = "ini_file"
    KEY_FILE = "key_file"
    NETRC_FILE = "netrc_file"
    LINES_FILE = "lines_file"
    OPENCODE_AUTH = "opencode_auth"
    FINGERPRINT_FILE = "fingerprint_file"
    ENVIRONMENT = "environment"
    PROCESS = "process"
    COMMAND = "command"
    UPSTREAM_CONFIG = "upstream_config"


FILES: Final = {
    Source.ENV_FILE: "env",
    Source.JSON_FILE: "json",
    Source.YAML_FILE: "yaml",
    Source.TOML_FILE: "toml",
    Source.INI_FILE: "ini",
    Source.KEY_FILE: "key",
    Source.NETRC_FILE: "netrc",
    Source.LINES_FILE: "lines",
    Source.OPENCODE_AUTH: "opencode_auth",
}
"""Sources that are files of plain values -> their format. They are watched."""
COMMAND_FORMATS: Final = ("env", "json", "yaml", "toml", "ini", "lines")
OPENCODE_AUTH_FILE: Final = "~/.local/share/opencode/auth.json"


class KnownSource(Struct, frozen=True):
    """One source of known values, with the options that its kind has; the others keep their defaults."""

    kind: Source
    path: str = ""  # of a file; of a process its number, or the file that holds it
    command: tuple[str, ...] = ()
    format: str = ""  # of a command's output
    optional: bool = False  # the file may not be there yet
    refresh_seconds: int = 0  # of processes, commands and `upstream_config`; 0: only at start
    timeout_seconds: int = 0  # of commands


class Limits(Struct, frozen=True, kw_only=True):
    """Every bound of the proxy. Reaching one refuses the request or withholds the answer."""

    request_body_bytes: Annotated[int, Meta(ge=KIB, le=64 * MIB, description="A client's request body, in bytes.")] = (
        MIB
    )
    body_depth: Annotated[int, Meta(ge=4, le=64, description="Nesting of a client's request body.")] = 16
    parts: Annotated[int, Meta(ge=1, le=1024, description="Parts in one message that a client sends.")] = 64
    text_chars: Annotated[
        int, Meta(ge=1, le=16 * MIB, description="Text in one part that a client sends, in characters.")
    ] = 256 * KIB
    answer_bytes: Annotated[
        int, Meta(ge=64 * KIB, le=4096 * MIB, description="An upstream answer before projection, in bytes.")
    ] = 256 * MIB
    event_frame_bytes: Annotated[
        int, Meta(ge=4 * KIB, le=256 * MIB, description="One frame of the upstream's event stream, in bytes.")
    ] = 16 * MIB
    upstream_timeout_seconds: Annotated[
        int, Meta(ge=1, le=600, description="Waiting for the upstream's answer to a short call, in seconds.")
    ] = 30
    prompt_timeout_seconds: Annotated[
        int, Meta(ge=1, le=86_400, description="Waiting for the reply to a prompt (`POST …/message`), in seconds.")
    ] = 3600
    ask_seconds: Annotated[
        int,
        Meta(
            ge=1, le=86_400, description="How long an ask of the local agent waits before it is rejected, in seconds."
        ),
    ] = 900
    scan_seconds: Annotated[
        int, Meta(ge=1, le=600, description="Scanning one answer, in seconds; after that it is withheld.")
    ] = 30
    max_connections: Annotated[
        int, Meta(ge=1, le=65_536, description="Open connections on the cloud-facing socket.")
    ] = 256
    max_requests: Annotated[
        int, Meta(ge=1, le=4096, description="Requests in progress at a time; of one client, three quarters.")
    ] = 64
    login_failures_per_minute: Annotated[
        int, Meta(ge=1, le=10_000, description="Failed logins from one address in a minute before it is refused.")
    ] = 10
    drain_seconds: Annotated[
        int, Meta(ge=0, le=3600, description="Letting requests in progress end after SIGTERM, in seconds.")
    ] = 30


class Features(Struct, frozen=True, kw_only=True):
    """What the operator may turn on or off."""

    patch_text: Annotated[
        bool, Meta(description="Let the text of diffs cross, scanned, but for files that look secret.")
    ] = False
    file_parts: Annotated[
        bool, Meta(description="Accept file parts that carry their own content (`data:` URLs) in messages.")
    ] = False
    value_names: Annotated[
        bool,
        Meta(
            description="Name a redacted value by its name. Else a known one is named by a fingerprint under the "
            "proxy's key, and a tainted one not at all."
        ),
    ] = True


class Prompts(Struct, frozen=True, kw_only=True):
    """What goes with prompts, and which are refused."""

    instruction: Annotated[
        bool, Meta(description="Tell the local agent with each prompt to confirm by name only and never print a value.")
    ] = True
    value_requests: Annotated[
        ValueRequests,
        Meta(description="Prompts that plainly ask for a value: `refuse`, `warn` (let through, recorded), or `off`."),
    ] = ValueRequests.REFUSE
    value_phrases: Annotated[
        tuple[str, ...],
        Meta(description="Phrases of your own that ask for a value: plain words, `*` for up to six of any kind."),
    ] = ()
    innocent_phrases: Annotated[
        tuple[str, ...], Meta(description="Phrases of sentences that ask for none, whatever the rules say; likewise.")
    ] = ()


class Notify(Struct, frozen=True, kw_only=True):
    """Who is told that an ask waits for a human. Nothing of the ask's own texts is."""

    command: Annotated[
        tuple[str, ...] | None,
        Meta(
            description="Program, absolute, and its arguments, run without a shell for each notice, which it gets as "
            "JSON on stdin. See [gates.md](gates.md)."
        ),
    ] = None
    command_seconds: Annotated[int, Meta(ge=1, le=300, description="The command's time, in seconds.")] = 10
    commands_at_once: Annotated[int, Meta(ge=1, le=32, description="Commands running at a time.")] = 2
    webhook: Annotated[
        str | None,
        Meta(description="URL to which each notice is posted as JSON: `https://`, or `http://` of this machine."),
    ] = None
    webhook_header_file: Annotated[
        str | None,
        Meta(
            description="File with one header for the webhook, such as `Authorization: Bearer …`, readable by its "
            "owner only. Read at start."
        ),
    ] = None
    webhook_key_file: Annotated[
        str | None,
        Meta(
            description="File with the key that notices to the webhook are signed with, readable by its owner only. "
            "Read at start."
        ),
    ] = None
    webhook_seconds: Annotated[int, Meta(ge=1, le=120, description="Waiting for the webhook's answer, in seconds.")] = (
        10
    )
    webhook_tries: Annotated[
        int, Meta(ge=1, le=20, description="Posting one notice, with pauses of 1, 2, 4 seconds up to a minute.")
    ] = 5
    waiting: Annotated[
        int,
        Meta(ge=1, le=10_000, description="Notices that wait for the command, and for the webhook; more are dropped."),
    ] = 100
    asks_per_minute: Annotated[
        int,
        Meta(
            ge=1,
            le=1000,
            description="Asks of one client in a minute that are told one by one; more are told once, as a flood.",
        ),
    ] = 10
    page: Annotated[
        str | None,
        Meta(
            description="Where you reach the operator's socket, such as `https://box.example`, for a link in notices."
        ),
    ] = None


class Audit(Struct, frozen=True, kw_only=True):
    """When the audit log is signed, and how long it is kept."""

    checkpoint_records: Annotated[
        int, Meta(ge=1, le=100_000, description="Records of the audit log before they are signed.")
    ] = 100
    checkpoint_seconds: Annotated[
        int, Meta(ge=1, le=86_400, description="Time before records of the audit log are signed, in seconds.")
    ] = 30
    segment_records: Annotated[
        int, Meta(ge=100, le=100_000_000, description="Entries in a segment, which is what the audit log lets go of.")
    ] = 100_000
    retention_days: Annotated[
        int, Meta(ge=0, le=36_500, description="Days that a whole segment is kept; 0: for ever.")
    ] = 0
    clean_exchanges: Annotated[
        bool, Meta(description="Record clean exchanges too, but for event frames, without waiting for the disk.")
    ] = False
    withhold_clean: Annotated[
        bool, Meta(description="Withhold clean answers as well while the audit log cannot be written.")
    ] = False
    database: Annotated[
        str | None,
        Meta(
            description="URL of a PostgreSQL database for the audit log, without a password. Without one it is in "
            "`state_dir`. See [audit-store.md](audit-store.md)."
        ),
    ] = None
    database_password_file: Annotated[
        str | None,
        Meta(
            description="File with the one-line password of that database's role, readable by its owner only. Read at "
            "start."
        ),
    ] = None
    ledger: Annotated[
        str | None, Meta(description="What this proxy's audit log is called in that database: a name for each proxy.")
    ] = None


class Config(Struct, frozen=True, kw_only=True):
    """A whole configuration, checked."""

    listen: Annotated[
        Address,
        Meta(
            description="Cloud-facing socket, `host:port` or `unix:/path`, which only the proxy's user can connect to. "
            "Plain HTTP without `tls.certificate_file`."
        ),
    ] = Address("127.0.0.1", 8642)
    listen_group: Annotated[
        str | None, Meta(description="Group whose members may connect to the Unix socket of `listen` too.")
    ] = None
    operator: Annotated[
        Address,
        Meta(description="Operator's socket (queue of asks, metrics), `host:port`. Never the cloud-facing one."),
    ] = Address("127.0.0.1", 8643)
    upstream: Upstream
    directories: Annotated[
        tuple[str, ...],
        Meta(description="Roots that clients may use, absolute. They must exist; the first is the default."),
    ]
    models: Annotated[
        tuple[tuple[str, str], ...],
        Meta(description="`provider/model` that clients may choose; the first is the default and always sent."),
    ]
    agents: Annotated[
        tuple[str, ...], Meta(description="Agents that clients may choose; the first is the default and always sent.")
    ] = ("build",)
    known_values: Annotated[
        tuple[KnownSource, ...],
        Meta(
            description="Where values come from that must never cross: "
            + ", ".join(f"`{source}`" for source in Source)
            + ". See [known-values.md](known-values.md)."
        ),
    ] = ()
    rules_file: Annotated[
        str | None,
        Meta(
            description="File with rules of your own for what must never cross, in YAML. Each start tries its examples."
        ),
    ] = None
    gates_file: Annotated[
        str | None,
        Meta(
            description="File with your gate policy, in YAML. Without one, those of config/gates.yaml are in force; "
            "one that is missing, empty or broken leaves every ask to a human."
        ),
    ] = None
    state_dir: Annotated[
        str, Meta(description="Tokens, owners of sessions, fingerprints and the audit log; for the proxy's user only.")
    ] = "~/.local/state/egress-proxy"
    tls: Tls = Tls()
    network: Network = Network()
    limits: Limits = Limits()
    features: Features = Features()
    prompts: Prompts = Prompts()
    notify: Notify = Notify()
    audit: Audit = Audit()
    evidence: Evidence = Evidence()
    log: Log = Log()
    console: Console = Console()
    verify: Verify = Verify()


class Setting(Struct, frozen=True):
    """A setting as documented. `default` is YAML, or empty where one has to be given."""

    name: str
    default: str
    meaning: str
    bounds: str = ""


SECTIONS: Final[dict[str, type[Struct]]] = {
    "upstream": Upstream,
    "tls": Tls,
    "network": Network,
    "limits": Limits,
    "features": Features,
    "prompts": Prompts,
    "notify": Notify,
    "audit": Audit,
    "evidence": Evidence,
    "log": Log,
    "console": Console,
    "verify": Verify,
}


def settings() -> tuple[Setting, ...]:
    """Give every setting in the order of the Structs, with dotted names."""
    return tuple(_settings(Config, ""))


def _settings(kind: type[Struct], prefix: str) -> Iterator[Setting]:
    hints = get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        if not prefix and field.name in SECTIONS:
            yield from _settings(SECTIONS[field.name], f"{field.name}.")
            continue
        meta: Meta = hints[field.name].__metadata__[0]
        bounds = "" if meta.ge is None else f"{meta.ge} to {meta.le}"
        yield Setting(prefix + field.name, _yaml(field.default), meta.description or "", bounds)


def _yaml(default: object) -> str:
    if default is NODEFAULT:
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return f"[{', '.join(default)}]"
    return "none" if default is None else str(default)
