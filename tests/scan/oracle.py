"""The oracle of the plugins' rules: their own compiled patterns with `finditer` on each line, their own limits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import cast

from detect_secrets.plugins import high_entropy_strings, jwt, keyword
from detect_secrets.plugins.base import BasePlugin, RegexBasedDetector

from egress_proxy.scan import rules
from egress_proxy.scan.engine import Rules
from tests.scan.conftest import matched

Span = tuple[int, int]


def denylist(plugin: type[BasePlugin]) -> tuple[re.Pattern[str], ...]:
    return tuple(cast("Iterable[re.Pattern[str]]", plugin.denylist)) if issubclass(plugin, RegexBasedDetector) else ()


def lines(text: str) -> Iterator[tuple[int, str]]:
    base = 0
    for line in text.split("\n"):
        yield base, line
        base += len(line) + 1


def found(matches: Rules, text: str, detector: str) -> set[Span]:
    return {(item.start, item.end) for item in matched(matches, text) if item.detector == detector}


PLAIN_PLUGINS = [
    plugin
    for plugin in rules.plugin_classes()
    if denylist(plugin)
    and plugin.__name__
    not in {"JwtTokenDetector", "NpmDetector", "OpenAIDetector", "PrivateKeyDetector", *rules.EXCLUDED}
]


def expected(plugin: type[BasePlugin], text: str) -> set[Span]:
    """The oracle's spans, cut to the secret by a re-implementation of `Cut` on the matched text."""
    spans = set()
    cuts = rules._CUTS.get(plugin.__name__, (rules.Cut(),) * len(denylist(plugin)))
    for pattern, cut in zip(denylist(plugin), cuts, strict=True):
        for base, line in lines(text):
            for match in pattern.finditer(line):
                start, end = match.span(cut.group)
                value = line[start:end]
                if cut.lead:
                    start += len(value) - len(re.sub(f"^(?:{cut.lead})", "", value))
                if cut.trail:
                    end -= len(value) - len(re.sub(f"(?:{cut.trail})$", "", value))
                rest = re.match(cut.extend, line[end:])
                spans.add((base + start, base + end + (rest.end() if rest else 0)))
    return spans


def check_plain(matches: Rules, text: str) -> None:
    for plugin in PLAIN_PLUGINS:
        spans = found(matches, text, rules.detector_of(plugin))
        assert spans == expected(plugin, text), plugin.__name__


def keyword_patterns() -> Iterator[tuple[re.Pattern[str], int]]:
    """Every form that needs quotes, of every file type."""
    for table in (
        keyword.QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP,
        keyword.COMMON_C_DENYLIST_REGEX_TO_GROUP,
        keyword.C_PLUS_PLUS_REGEX_TO_GROUP,
    ):
        yield from table.items()


def check_keywords(matches: Rules, text: str) -> None:
    """All of the plugin's are held by ours, which may join its forms."""
    spans = found(matches, text, "secret-keyword")
    for base, line in lines(text):
        for regex, group in keyword_patterns():
            for match in regex.finditer(line):
                start, end = match.span(group)
                assert any(low <= base + start and base + end <= high for low, high in spans), (regex.pattern, line)


def check_entropy(matches: Rules, text: str) -> None:
    for plugin in (high_entropy_strings.Base64HighEntropyString(), high_entropy_strings.HexHighEntropyString()):
        oracle = {
            match.span(2)
            for match in plugin.regex.finditer(text)
            if plugin.calculate_shannon_entropy(match[2]) > plugin.entropy_limit
            and not re.fullmatch(r"[a-z]{3}_[0-9a-f]{12}[0-9A-Za-z]{14}", match[2])  # an id of opencode
        }
        assert found(matches, text, rules.detector_of(type(plugin))) == oracle


NO_TOKEN = re.compile(r"npm_[\s'\"]")


def npm_token(base: int, match: re.Match[str]) -> Span:
    """The plugin takes `npm_` and the rest of the line; the token ends at white space or a quote."""
    whole = re.match(r"npm_[^\s'\"]*|[0-9A-Fa-f-]{36}", match[1])
    assert whole
    return base + match.start(1), base + match.start(1) + whole.end()


OPENAI, NPM = (
    next(denylist(plugin)[0] for plugin in rules.plugin_classes() if plugin.__name__ == name)
    for name in ("OpenAIDetector", "NpmDetector")
)


def check_tokens(matches: Rules, text: str) -> None:
    """JWT, OpenAI and npm are rewritten: each of the oracle's matches that is valid lies in one of ours."""
    covered = {
        "json-web-token": [
            match.span()
            for match in denylist(jwt.JwtTokenDetector)[0].finditer(text)
            if jwt.JwtTokenDetector.is_formally_valid(match[0])
        ],
        "openai-token": [match.span() for match in OPENAI.finditer(text)],
        "npm-tokens": [
            npm_token(base, match)
            for base, line in lines(text)
            for match in NPM.finditer(line)
            if not NO_TOKEN.match(match[1])
        ],
    }
    for detector, spans in covered.items():
        ours = found(matches, text, detector)
        for start, end in spans:
            assert any(low <= start and end <= high for low, high in ours), (detector, text[start:end])


def check(matches: Rules, text: str) -> None:
    """All plugins on one text."""
    check_plain(matches, text)
    check_keywords(matches, text)
    check_entropy(matches, text)
    check_tokens(matches, text)
