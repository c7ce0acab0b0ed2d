"""Rules that an operator wrote, as rules of the scanner and canaries.

RE2 matches in linear time whatever the pattern; Hyperscan names the lines that are worth it, either by the pattern
itself, loosened, or by the rule's keywords. Every example of a rule is tried here: those that must match are found with
the span that they are then expected with at each start, those that must not are not.

The only importer of re2. Messages name the rule and the number of an example, and never quote one.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

import hyperscan
import re2

from egress_proxy.errors import ConfigError
from egress_proxy.scan.canary import Canary
from egress_proxy.scan.known import KnownValues
from egress_proxy.scan.loosen import LooseningError, loosen
from egress_proxy.scan.own import own_rules
from egress_proxy.scan.projection import project
from egress_proxy.scan.rule import Finder, Rule, Span, TooMuchError
from egress_proxy.scan.rules import plugin_rules

MOST_RULES: Final = 200
MAX_WORK: Final = 64 * 1024 * 1024  # characters that RE2 may be shown of one line; its finds may each read to the end
_MAX_PROGRAM: Final = 1 << 20  # bytes
_SURROGATE = re.compile("[\ud800-\udfff]")


class Given(Protocol):
    """What the operator wrote for one rule. `group` 0 is the whole match; `min_entropy` is in bits a character."""

    @property
    def id(self) -> str: ...
    @property
    def pattern(self) -> str: ...
    @property
    def group(self) -> int: ...
    @property
    def caseless(self) -> bool: ...
    @property
    def keywords(self) -> tuple[str, ...]: ...
    @property
    def min_entropy(self) -> float: ...
    @property
    def matches(self) -> tuple[str, ...]: ...
    @property
    def ignores(self) -> tuple[str, ...]: ...


def operator_rules(given: Sequence[Given]) -> tuple[tuple[Rule, ...], tuple[Canary, ...]]:
    """Compile rules and try their examples. Raises `ConfigError` naming the rule and what to do."""
    if len(given) > MOST_RULES:
        raise ConfigError(f"rules_file: more than {MOST_RULES} rules")
    rules: list[Rule] = []
    canaries: list[Canary] = []
    names = {rule.detector for rule in (*plugin_rules(), *own_rules())} | {KnownValues.DETECTOR} if given else set()
    for one in given:
        if one.id in names:
            raise _error(one, "the id is taken by another rule or a built-in detector: choose another")
        names.add(one.id)
        rule = _compiled(one)
        rules.append(rule)
        canaries += _tried(one, rule)
    return tuple(rules), tuple(canaries)


def _error(given: Given, sentence: str) -> ConfigError:
    return ConfigError(f"rules_file: rule {given.id}: {sentence}")


def _compiled(given: Given) -> Rule:
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not given.caseless
    options.max_mem = _MAX_PROGRAM
    try:
        pattern = re2.compile(given.pattern, options)
    except re2.error as error:
        raise _error(given, f"the pattern is not valid: {_reason(error)}") from None
    if not 0 <= given.group <= pattern.groups:
        raise _error(given, f"group: the pattern has {pattern.groups} groups")
    if pattern.search("") is not None:
        raise _error(given, "the pattern matches an empty text: let it need at least one character")
    return Rule(given.id, _prefilter(given), _finder(given, pattern), caseless=given.caseless or bool(given.keywords))


def _reason(error: Exception) -> str:
    """RE2's reason without the piece of the pattern that it quotes."""
    raw = error.args[0] if error.args else ""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
    kind = text.partition(":")[0] or "RE2 refuses it"
    hint = "; look-around, back-references and possessive quantifiers are not possible" if "operator" in kind else ""
    return kind + hint


def _prefilter(given: Given) -> str:
    """By the keywords if there are any, else by the pattern."""
    try:
        loose = (
            "|".join(re.escape(project(word).decode("ascii")) for word in given.keywords)
            if given.keywords
            else loosen(given.pattern)
        )
        database = hyperscan.Database()
        flags = hyperscan.HS_FLAG_PREFILTER | hyperscan.HS_FLAG_CASELESS
        database.compile(expressions=[loose.encode("ascii")], ids=[0], elements=1, flags=[flags])
    except LooseningError as error:
        raise _error(given, f"the pattern cannot be looked for quickly: {error}; or give `keywords`") from None
    except hyperscan.error:
        raise _error(
            given, "Hyperscan cannot look for the pattern quickly: make it simpler, or give `keywords`"
        ) from None
    return loose


def _finder(given: Given, pattern: re2._Regexp) -> Finder:
    keywords = tuple(word.casefold() for word in given.keywords)
    group, least = given.group, given.min_entropy

    def find(line: str) -> Iterator[Span]:
        if keywords and not any(word in line.casefold() for word in keywords):
            return
        work = 0
        # A lone surrogate has no UTF-8: as a replacement character it is as long.
        for match in pattern.finditer(_SURROGATE.sub("\ufffd", line)):
            work += len(line) - match.start()
            if work > MAX_WORK:
                raise TooMuchError
            start, end = match.span(group)
            if 0 <= start < end and (not least or entropy(line[start:end]) >= least):
                yield start, end

    return find


def entropy(text: str) -> float:
    """Shannon's entropy in bits a character."""
    return math.log2(len(text)) - sum(n * math.log2(n) for n in Counter(text).values()) / len(text)


def _tried(given: Given, rule: Rule) -> Iterator[Canary]:
    for number, text in enumerate(given.matches):
        span = next(rule.find(text), None)
        if span is None:
            raise _error(given, f"matches[{number}] is not found: correct the pattern, keywords or min_entropy")
        yield Canary(given.id, text[slice(*span)], text[: span[0]], text[span[1] :])
    for number, text in enumerate(given.ignores):
        if next(rule.find(text), None) is not None:
            raise _error(given, f"ignores[{number}] is found: make the pattern narrower")
