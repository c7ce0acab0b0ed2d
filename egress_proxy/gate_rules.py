"""The vocabulary of the gate policy: what the operator's file may say, and what the policy answers.

Here is only what a rule is. How one is read from a file is `config.gates`, what it means is `gates.policy`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec import Struct


class Gate(StrEnum):
    """Who decides an ask, the weakest first."""

    SELF = "self"  # the calling agent may approve it once
    HUMAN = "human"  # only the operator may
    NEVER = "never"  # nobody should: it can only be rejected


STRENGTH: Final = {Gate.SELF: 0, Gate.HUMAN: 1, Gate.NEVER: 2}
"""Of several verdicts the strongest holds."""


class Kind(StrEnum):
    """What an action is, as the policy understands it. A closed set: rules name them, nothing else can be found."""

    FORCE_PUSH = "force-push"
    GIT_PUSH = "git-push"
    HISTORY_REWRITING = "history-rewriting"
    REMOVAL_OUTSIDE = "removal-outside"
    WRITE_OUTSIDE = "write-outside"
    CONTAINERS = "containers"
    SERVICES = "services"
    PUBLISHING = "publishing"
    DISKS = "disks"
    PIPED_CODE = "piped-code"
    INDIRECT = "indirect"
    CREDENTIALS = "credentials"
    PRIVILEGE = "privilege"
    NETWORK = "network"


MEANING: Final[dict[Kind, str]] = {
    Kind.FORCE_PUSH: "it overwrites or deletes what others have pushed",
    Kind.GIT_PUSH: "it sends commits to another place",
    Kind.HISTORY_REWRITING: "it rewrites or discards history",
    Kind.REMOVAL_OUTSIDE: "it removes what is outside the directory, or the directory itself",
    Kind.WRITE_OUTSIDE: "it writes outside the directory, or to a place that is not known",
    Kind.CONTAINERS: "it starts, stops or changes containers or machines",
    Kind.SERVICES: "it starts, stops or schedules services or processes",
    Kind.PUBLISHING: "it publishes a package, an image or a release",
    Kind.DISKS: "it works on disks, partitions or devices",
    Kind.PIPED_CODE: "it runs as a program what another command or place gives",
    Kind.INDIRECT: "it runs what is not written as a command",
    Kind.CREDENTIALS: "it reaches for a store of credentials",
    Kind.PRIVILEGE: "it takes the rights of another user",
    Kind.NETWORK: "it talks to another machine",
}


class Touch(StrEnum):
    """Places that are not the local agent's."""

    PROXY_STATE = "proxy-state"
    OPENCODE_LOGINS = "opencode-logins"


class Files(StrEnum):
    """Sets of files that are named elsewhere."""

    DECLARED = "declared"  # the env files of `known_values`


class GateRule(Struct, frozen=True, kw_only=True):
    """One rule. An empty selector is not looked at; the others must all fit.

    `paths` and `patterns` are globs (`*` within a name, `**` across names) over absolute paths and over patterns as
    they stand; `commands` are plain words, the last of which may be `*`.
    """

    id: str
    gate: Gate
    why: str = ""
    permissions: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    files: Files | None = None
    paths: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    touches: tuple[Touch, ...] = ()
