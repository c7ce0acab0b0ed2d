"""The vocabulary: one immutable value for each stage of an exchange.

    Request -> match -> Routed -> (place) -> admit -> Admitted ~upstream~> Reply -> project -> Projected
            -> scan -> Scan -> judge -> Judgement -> record -> Released

Any stage may answer `Refused` instead. Nothing here imports another module of ours but `reasons` and `prompt_rules`,
does I/O, or knows aiohttp. Text offsets are code points, half-open. Paths are absolute and canonical (real path) unless
named `spelling`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import Final, Never, Protocol

import msgspec
from msgspec import Struct

from egress_proxy.prompt_rules import ValueRequests
from egress_proxy.reasons import Reason


class Secret:
    """A secret value in memory: never printed, compared, hashed, pickled or encoded by accident.

    `reveal()` is the only way to the text; its call sites are the places to audit.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value: Final = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        raise TypeError("a Secret is not compared")

    def __hash__(self) -> int:
        raise TypeError("a Secret is not hashed")

    def __reduce__(self) -> Never:
        raise TypeError("a Secret is not pickled")

    def __copy__(self) -> Never:
        raise TypeError("a Secret is not copied")

    def __deepcopy__(self, memo: object) -> Never:
        raise TypeError("a Secret is not copied")


VERIFIER: Final = ".egress-verify"
"""The client that a run of `egress-proxy verify` is. No human is told of its asks."""


class RouteClass(StrEnum):
    """What happens to an operation. `allow`: the answer has no free text (a boolean, nothing); `project`: typed
    fields of the server's own making; `scan`: fields that hold free text; `deny`. All but `deny` are projected *and*
    scanned: the class says why the row is safe, not which checks are skipped."""

    ALLOW = "allow"
    PROJECT = "project"
    SCAN = "scan"
    DENY = "deny"


class Scope(StrEnum):
    """How the directory of a call is found."""

    NONE = "none"  # the call has no directory and no session (health)
    DIRECTORY = "directory"  # the client's choice among its allowed roots, or its default
    SESSION = "session"  # the directory of the session named by {sessionID}, which the client must own
    ASK = "ask"  # the directory of the pending ask named by {requestID} or {permissionID}
    SWEEP = "sweep"  # every allowed root of the client in turn, answers merged
    STREAM = "stream"  # one directory's event stream
    GLOBAL_STREAM = "global-stream"  # every directory's event stream, filtered


class BodyRule(StrEnum):
    """Which typed request a body must be. Each is a function in `routes.bodies`."""

    NONE = "none"  # no body; an empty JSON object is accepted, nothing is sent upstream
    SESSION_CREATE = "session-create"
    SESSION_UPDATE = "session-update"
    FORK = "fork"
    PROMPT = "prompt"
    SUMMARIZE = "summarize"
    PERMISSION_REPLY = "permission-reply"
    PERMISSION_RESPONSE = "permission-response"
    QUESTION_REPLY = "question-reply"
    EXPECT = "expect"


class Resource(StrEnum):
    """What an answer is projected to. Each is a function in `wire`; also the `channel` of metrics and audit."""

    NOTHING = "nothing"
    BOOLEAN = "boolean"
    HEALTH = "health"
    SESSION = "session"
    SESSIONS = "sessions"
    STATUS = "status"
    TODOS = "todos"
    MESSAGE = "message"
    MESSAGES = "messages"
    DIFF = "diff"
    PERMISSIONS = "permissions"
    QUESTIONS = "questions"
    CONFIG = "config"
    CONFIG_PROVIDERS = "config-providers"
    PROVIDERS = "providers"
    AGENTS = "agents"
    COMMANDS = "commands"
    SKILLS = "skills"
    MCP = "mcp"
    LSP = "lsp"
    FORMATTERS = "formatters"
    TOOL_IDS = "tool-ids"
    PATHS = "paths"
    PROJECT = "project"
    VCS = "vcs"
    FILE_STATUS = "file-status"
    FILE_NODES = "file-nodes"
    FILE_NAMES = "file-names"
    CAPABILITIES = "capabilities"
    EVENT = "event"
    GLOBAL_EVENT = "global-event"


class Row(Struct, frozen=True, kw_only=True):
    """One operation of the catalogue."""

    method: str
    template: str  # as in the server's /doc: /session/{sessionID}/message
    route_class: RouteClass
    why: str  # the reason for the class, for people
    versions: tuple[str, ...]  # versions of opencode that have it
    scope: Scope = Scope.NONE
    query: tuple[str, ...] = ()  # query keys that may be sent, besides directory
    ignored: tuple[str, ...] = ()  # query keys that are taken and go no further: clients send them by themselves
    body: BodyRule = BodyRule.NONE
    response: Resource = Resource.NOTHING

    @property
    def name(self) -> str:
        """`METHOD template`: the key of the catalogue and the metric label."""
        return f"{self.method} {self.template}"


class Client(Struct, frozen=True):
    """Who calls: a token's name and the allowed roots it may use, the default first."""

    name: str
    directories: tuple[str, ...]


class Request(Struct, frozen=True):
    """What arrived, undecoded: `target` is the request line's target, headers in order, names lower-cased."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    client: Client


class Routed(Struct, frozen=True):
    """A request that names an operation of the catalogue which is not denied."""

    row: Row
    client: Client
    params: dict[str, str]  # validated ids, by the template's names
    query: dict[str, str]  # validated, decoded once, without `directory`
    directory_spelling: str | None  # the one directory that the client named, decoded once, absolute, without . and ..
    body: bytes

    @property
    def session_id(self) -> str:
        return self.params.get("sessionID", "")


class Ask(Struct, frozen=True):
    """A pending permission or question, as the gate policy sees it. Holds unscanned text: never released."""

    id: str
    session_id: str
    directory: str
    permission: str  # "" for a question
    patterns: tuple[str, ...]
    worktree: str = ""  # of the directory, as `GET /path` names it: relative patterns start there; "" if not known
    message_id: str = ""  # of the call that asks
    call_id: str = ""
    command: str | None = None  # of a shell ask, the whole of it: the patterns leave parts out; None if not known
    workdir: str = ""  # of a shell ask, where the call wants it to run; "" for the directory

    def __repr__(self) -> str:
        return f"Ask({self.id})"


class Place(Struct, frozen=True):
    """Where an admitted call runs: canonical directories (one, but for sweeps) and the ask it answers."""

    directories: tuple[str, ...] = ()
    ask: Ask | None = None
    listed: str | None = None  # real path of what the query `path` names below the directory


class Call(Struct, frozen=True):
    """One rebuilt upstream call. `path` is percent-encoded, `query` decoded, `directory` goes in the header."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    directory: str | None
    body: bytes | None

    def __repr__(self) -> str:
        return f"Call({self.method} …)"


class Admitted(Struct, frozen=True):
    """A permitted exchange: one call, but for sweeps (one a directory)."""

    row: Row
    client: Client
    calls: tuple[Call, ...]
    session_id: str = ""
    parent: str = ""  # the session that the body names as parent: the client must own it
    approves: bool = False  # it lets an ask pass
    asks: str = ""  # the rule by which it asks for a value and yet may: it is put on record
    most: int = 0  # of a search: how many entries are given of what upstream finds; 0 where it is none


class Refused(Struct, frozen=True):
    """The other outcome of every stage. Has no free text on purpose: there is nothing in it that could leak."""

    reason: Reason
    row: Row | None = None  # the operation, where it was already known: for the record and the metrics


class Reply(Struct, frozen=True):
    """What upstream answered, as bytes. Never released; `repr` shows no content."""

    status: int
    content_type: str
    content_encoding: str
    next_cursor: str
    body: bytes | bytearray  # an answer of 100 MB is read into one buffer and decoded where it lies

    def __repr__(self) -> str:
        return f"Reply({self.status}, {len(self.body)} bytes)"


class Projected(Struct, frozen=True):
    """What may cross once scanned: typed values only, or JSON builtins made from such. `cursor` is the next page or
    empty; `size` is that of the answer that it was made from, in bytes: what is large is worked on outside the loop.

    `most` is above 0 for the entries that a search gave: so many cross of those in which nothing is found. That one is
    there tells of what it holds, which could be guessed letter by letter."""

    made: object
    cursor: str = ""
    size: int = 0
    most: int = 0

    @property
    def value(self) -> object:
        """It as JSON builtins, made anew each time."""
        return msgspec.to_builtins(self.made)

    def __repr__(self) -> str:
        return "Projected(…)"


class Form(StrEnum):
    """How a finding stood in the text."""

    PLAIN = "plain"
    ENCODED = "encoded"  # a known value, transformed or broken up: never an accident


class Finding(Struct, frozen=True, order=True):
    """A secret in a text: which text of the batch, the exact span of the whole secret, and who found it."""

    text: int
    start: int
    end: int
    detector: str  # stable kebab-case id from a closed set: aws-access-key, known-value, ...
    name: str = ""  # of a known value: DB_PASSWORD; else empty
    form: Form = Form.PLAIN
    value: bytes = b""  # the keyed MAC of the whole secret, where that is not what stands in the span; else empty

    def __repr__(self) -> str:
        return f"Finding({self.text}, {self.start}, {self.end}, {self.detector!r}, {self.name!r}, {self.form.value!r})"


class Scan(Struct, frozen=True):
    """All findings of a batch, sorted, and the texts that could not be decided within bounds (to be withheld).

    `late` are those of the findings that not their own line and those above it alone decide: while the text is being
    written, they may turn up when all of their line stands there already. `work` is what was done beside reading the
    texts once, in characters (`scan.tally`): the same for the same texts and values, whoever else works."""

    findings: tuple[Finding, ...] = ()
    undecided: tuple[int, ...] = ()
    late: frozenset[Finding] = frozenset()
    work: int = 0


class Scanner(Protocol):
    """What the pipeline needs of a scanner. Must not raise on any `str`, lone surrogates included."""

    def scan(self, texts: Sequence[str], ids: AbstractSet[str] = frozenset()) -> Scan:
        """`ids` are those of the texts that nobody could write a secret into: they are not looked into for what they
        may say in another writing, of which random letters are full."""
        ...


class Verdict(StrEnum):
    """What became of an exchange."""

    CLEAN = "clean"
    REDACTED = "redacted"
    WITHHELD = "withheld"  # a part or the whole of an answer
    REFUSED = "refused"  # a request


class Judgement(Struct, frozen=True):
    """A batch after judging: the texts that may leave, the verdict, and what the audit says of it (no content)."""

    texts: tuple[str, ...]
    verdict: Verdict
    reasons: tuple[Reason, ...] = ()
    findings: tuple[Finding, ...] = ()

    def __repr__(self) -> str:
        return f"Judgement({self.verdict})"


def _nothing(_: str) -> str:
    return ""


class Policy(Struct, frozen=True, kw_only=True):
    """What the operator permits, for admission. The first model and agent are the defaults."""

    models: tuple[tuple[str, str], ...]  # (provider, model)
    agents: tuple[str, ...]
    file_parts: bool = False
    max_body_bytes: int = 1_048_576
    max_body_depth: int = 16
    max_parts: int = 64
    max_text_chars: int = 262_144
    instruction: str = ""  # goes with each prompt as its `system` field
    value_requests: ValueRequests = ValueRequests.OFF
    asked: Callable[[str], str] = _nothing  # the rule by which a text plainly asks for a value, or ""
