"""Values of YAML that stand below their names: `password: |` and, on the next lines, what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress_proxy.scan.own.shell import SECRET_NAME, likely
from egress_proxy.scan.random_tokens import is_value
from egress_proxy.scan.rule import Rule, Scope, Span

_BLOCK = re.compile(
    rf"^(?P<indent>[ \t]*+)(?:- )?[\"']?(?P<name>{SECRET_NAME})[\"']?:[ \t]*+[|>][+-]?\d?[+-]?[ \t]*+\r?\n"
    r"(?:[ \t]*+\r?\n)?(?P=indent)[ \t]++(?P<value>[^\n]{4,400}+)",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"pass|pwd|pw|secret", re.IGNORECASE)
_LOOSE = (
    r"(?:pass\w*|pwd|pw|secret|token|key|credentials?|auth)(?:_\d)?[\"']?:[ \t]*[|>][+-]?[0-9]?"
    r"[+-]?[ \t]*\r?\n"
)


def _in_block(text: str) -> Iterator[Span]:
    """A block of one word; `text` is the line with the name, and those after it."""
    found = _BLOCK.match(text)
    if found is None:
        return
    value = found["value"].rstrip()
    password = _PASSWORD.search(found["name"]) is not None
    if (password and " " not in value and likely(value)) or is_value(value, password=password):
        yield found.start("value"), found.start("value") + len(value)


RULES = (
    Rule(
        "secret-below-its-name",
        "",
        _in_block,
        caseless=True,
        scope=Scope.NEAR,
        strong=False,
        named=(_LOOSE,),
    ),
)
