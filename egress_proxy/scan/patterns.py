"""Patterns whose context says that something is a secret: the group `s` is the secret, the rest stays.

Every expression matches within one line (or, with `Scope.TEXT`, within a few), without nested or overlapping runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from msgspec import Struct

from egress_proxy.scan.prefilter import expression
from egress_proxy.scan.rule import Check, Finder, Rule, Scope, Span
from egress_proxy.scan.values import behind_name

_GROUP = re.compile(r"\(\?P<s\w*>")
_ENDS = re.compile(r"(?<=[0-9A-Za-z]\.)(?:[ \t)]|\r?(?![^\n]))")  # a sentence, whose dot is none of the value's
_FAR = re.compile(r"\[\^(?:\\.|[^\]])+\]\{0,(\d{3})\}\?")  # what may stand between a command and its option


class Pattern(Struct, frozen=True):
    """An expression with one or more groups `s…`, of which each that takes part is a secret if `check` says so.

    `prefilter` is an expression for Hyperscan where the pattern's own would be too loose or too large.
    """

    detector: str
    pattern: str
    check: Check | None = None
    caseless: bool = True
    scope: Scope = Scope.LINE
    prefilter: str = ""
    strong: bool = True
    setting: bool = False  # that a whole setting may stand there, of which only the value is meant
    named: bool = False  # that it need only be looked for in lines that may name a value (`cues`)


def rule_of(pattern: Pattern) -> Rule:
    flags = re.IGNORECASE if pattern.caseless else 0
    compiled = re.compile(pattern.pattern, flags)
    loose = pattern.prefilter or expression(_GROUP.sub("(?:", pattern.pattern))
    return Rule(
        pattern.detector,
        "" if pattern.named else loose,
        _find(compiled, pattern.check, setting=pattern.setting),
        caseless=pattern.caseless,
        scope=pattern.scope,
        strong=pattern.strong,
        cost=_cost(pattern.pattern, flags),
        named=(loose,) if pattern.named else (),
    )


def _cost(pattern: str, flags: int) -> Callable[[str], int] | None:
    """What stands between a head and a tail is read anew for each head."""
    far = _FAR.search(pattern)
    if far is None:
        return None
    head, reach = re.compile(pattern[: far.start()], flags), int(far[1]) // 2
    return lambda line: reach * len(head.findall(line))


def _find(pattern: re.Pattern[str], check: Check | None, *, setting: bool) -> Finder:
    groups = tuple(pattern.groupindex.values())

    def find(text: str) -> Iterator[Span]:
        for match in pattern.finditer(text):
            for group in groups:
                if match[group] and (check is None or check(match[group])):
                    start, end = match.span(group)
                    start += behind_name(match[group]) if setting else 0
                    yield start, end - (text[end - 1] == "." and _ENDS.match(text, end) is not None)

    return find
