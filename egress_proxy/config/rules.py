"""The operator's own rules: a YAML file with a list, as strict as the configuration.

Here is only what the file says; what a pattern means, and whether the examples fit, is the scanner's.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from msgspec import Struct

from egress_proxy.config import values
from egress_proxy.config.nodes import MAX_BYTES, AnyNode, Items, NodeError, Scalar, compose
from egress_proxy.errors import ConfigError

_id: Final = values.identifier("acme-token")
_pattern: Final = values.bounded(2000)
_ENTROPY: Final = re.compile(r"[0-8](?:\.\d{1,3})?")
_MOST_GROUPS: Final = 99


class OperatorRule(Struct, frozen=True, kw_only=True):
    """One rule. `group` 0 is the whole match; a finding's line must hold one of `keywords`, if there are any."""

    id: str
    pattern: str
    group: int = 0
    caseless: bool = False
    keywords: tuple[str, ...] = ()
    min_entropy: float = 0.0  # bits a character of the secret
    matches: tuple[str, ...]  # each must be found, at every start
    ignores: tuple[str, ...]  # none may be found

    def __repr__(self) -> str:
        return f"OperatorRule({self.id})"


def read_rules(file: Path) -> tuple[OperatorRule, ...]:
    """Read a file of rules. Raises `ConfigError` with file, line and key; never quotes an example."""
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror})") from None
    try:
        return _rules(compose(content))
    except NodeError as problem:
        raise problem.named(str(file)) from None


def _rules(root: AnyNode) -> tuple[OperatorRule, ...]:
    given = values.mapping(root, ("rules",), ("rules",))
    node = given["rules"]
    if not isinstance(node, Items):
        raise node.problem("must be a list of rules")
    found: dict[str, OperatorRule] = {}
    for item in node.items:
        rule = _rule(item)
        if rule.id in found:
            raise item.problem(f"the id {rule.id} is there twice")
        found[rule.id] = rule
    return tuple(found.values())


def _rule(node: AnyNode) -> OperatorRule:
    fields = OperatorRule.__struct_fields__
    given = values.mapping(node, fields, ("id", "pattern", "matches", "ignores"))
    return OperatorRule(
        id=_id(given["id"]),
        pattern=_pattern(given["pattern"]),
        group=values.integer(0, _MOST_GROUPS)(given["group"]) if "group" in given else 0,
        caseless=values.boolean(given["caseless"]) if "caseless" in given else False,
        keywords=values.several(values.string)(given["keywords"]) if "keywords" in given else (),
        min_entropy=_entropy(given["min_entropy"]) if "min_entropy" in given else 0.0,
        matches=values.several(values.string)(given["matches"]),
        ignores=values.several(values.string)(given["ignores"]),
    )


def _entropy(node: AnyNode) -> float:
    if isinstance(node, Scalar) and node.plain and _ENTROPY.fullmatch(node.text):
        return float(node.text)
    raise node.problem("must be a number from 0 to 8, in bits a character, such as 3.5")
