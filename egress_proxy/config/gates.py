"""The operator's gate policy: a YAML file with a list of rules, as strict as the configuration.

Here is only what the file says; what a rule means is `gates.policy`. A rule that says *self* has to name what it lets
pass, by a selector that can be met exactly.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar

from egress_proxy.config import values
from egress_proxy.config.nodes import MAX_BYTES, AnyNode, Fields, Items, NodeError, Scalar, compose
from egress_proxy.errors import ConfigError
from egress_proxy.gate_rules import Files, Gate, GateRule, Kind, Touch

MOST_RULES: Final = 500
_id: Final = values.identifier("look-around")
_bounded: Final = values.bounded(1000)
_PERMISSION: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")
_COMMAND: Final = re.compile(r"[A-Za-z0-9_@%+:,./][A-Za-z0-9_@%+=:,./-]*(?: [A-Za-z0-9_@%+=:,./-]+)*(?: \*)?")
_CLIENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_EXACT: Final = ("files", "paths", "patterns", "commands")
_SHELL: Final = "bash"
_KEYS: Final = (
    "id",
    "verdict",
    "why",
    "permission",
    "directory",
    "client",
    "files",
    "paths",
    "patterns",
    "commands",
    "kinds",
    "touches",
)

E = TypeVar("E", bound=StrEnum)


def read_gates(file: Path) -> tuple[GateRule, ...]:
    """Read a gate policy. Raises `ConfigError` with file, line and key; a file without rules is not valid."""
    try:
        with file.expanduser().open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror})") from None
    try:
        return _rules(compose(content))
    except NodeError as problem:
        raise problem.named(str(file)) from None


def _rules(root: AnyNode) -> tuple[GateRule, ...]:
    node = values.mapping(root, ("rules",), ("rules",))["rules"]
    if not isinstance(node, Items) or not node.items:
        raise node.problem("must be a list of rules, at least one")
    if len(node.items) > MOST_RULES:
        raise node.problem(f"must have at most {MOST_RULES} rules")
    found: dict[str, GateRule] = {}
    for item in node.items:
        rule = _rule(item)
        if rule.id in found:
            raise item.problem(f"the id {rule.id} is there twice")
        found[rule.id] = rule
    return tuple(found.values())


def _rule(node: AnyNode) -> GateRule:
    given = values.mapping(node, _KEYS, ("id", "verdict"))
    if not isinstance(node, Fields) or len(given) == len({"id", "verdict", "why"} & set(given)):
        raise node.problem("must say what it is about: it has an id and a verdict only")

    def some(key: str, read: Callable[[AnyNode], str]) -> tuple[str, ...]:
        return _some(given[key], read) if key in given else ()

    rule = GateRule(
        id=_id(given["id"]),
        gate=values.one_of(Gate)(given["verdict"]),
        why=_bounded(given["why"]) if "why" in given else "",
        permissions=some("permission", _matching(_PERMISSION, "a permission of opencode, such as read or bash")),
        directories=some("directory", _absolute),
        clients=some("client", _matching(_CLIENT, "the name of a client's token")),
        files=values.one_of(Files)(given["files"]) if "files" in given else None,
        paths=some("paths", _absolute),
        patterns=some("patterns", _bounded),
        commands=some("commands", _matching(_COMMAND, "plain words, such as `git status` or `npm test *`")),
        kinds=_all_of(Kind, given.get("kinds")),
        touches=_all_of(Touch, given.get("touches")),
    )
    if rule.gate is Gate.SELF:
        _check_self(node, rule, given)
    return rule


def _check_self(node: AnyNode, rule: GateRule, given: dict[str, AnyNode]) -> None:
    """A rule that lets pass has to name what, and cannot name more than it can mean."""
    if sum(key in given for key in _EXACT) != 1 or rule.kinds or rule.touches:
        raise node.problem(
            f"a rule that says self must have exactly one of {', '.join(_EXACT)}, and no kinds or touches"
        )
    if not rule.permissions:
        raise node.problem("a rule that says self must name its permission")
    if ("commands" in given) != (_SHELL in rule.permissions) or (rule.commands and len(rule.permissions) > 1):
        raise node.problem("a rule that says self about bash must name commands, and commands are of bash alone")
    if rule.patterns and set(rule.permissions) & {"read", "edit", "external_directory"}:
        raise given["patterns"].problem("these patterns are paths: write `paths`, or `files: declared`")


def _some(node: AnyNode, read: Callable[[AnyNode], str]) -> tuple[str, ...]:
    """Read one value, or a list of them."""
    return (read(node),) if isinstance(node, Scalar) else values.several(read)(node)


def _all_of(kind: type[E], node: AnyNode | None) -> tuple[E, ...]:
    if node is None:
        return ()
    return (values.one_of(kind)(node),) if isinstance(node, Scalar) else values.several(values.one_of(kind))(node)


def _matching(form: re.Pattern[str], what: str) -> Callable[[AnyNode], str]:
    def read(node: AnyNode) -> str:
        text = _bounded(node)
        if form.fullmatch(text) is None:
            raise node.problem(f"must be {what}")
        return text

    return read


def _absolute(node: AnyNode) -> str:
    text = _bounded(node)
    expanded = str(Path(text).expanduser()) if text.startswith("~/") else text
    plain = expanded.rstrip("/") or "/"
    if not expanded.startswith("/") or {".", "..", ""} & set(plain.split("/")[1:]) - ({""} if plain == "/" else set()):
        raise node.problem("must be an absolute path, or start with ~/, in its plain spelling")
    return plain
