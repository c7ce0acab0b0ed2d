"""The adapter against its oracle: the plugins' own compiled patterns, run with `finditer` on each line."""

from __future__ import annotations

import base64
import json
import random
import re
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import cast

import pytest
from detect_secrets.plugins import high_entropy_strings, jwt, keyword
from detect_secrets.plugins.base import BasePlugin, RegexBasedDetector
from hypothesis import given, settings

from egress_proxy.scan import rules
from egress_proxy.scan.canaries import CANARIES
from egress_proxy.scan.engine import TextScanner, build_scanner
from egress_proxy.scan.known import KnownValues
from tests.scan.fragments import ALPHABETS, fragments, texts

Span = tuple[int, int]
BENIGN = Path(__file__).parent.parent / "data" / "benign"


@pytest.fixture(scope="module")
def scanner() -> TextScanner:
    return build_scanner(KnownValues.none())


def denylist(plugin: type[BasePlugin]) -> tuple[re.Pattern[str], ...]:
    return tuple(cast("Iterable[re.Pattern[str]]", plugin.denylist)) if issubclass(plugin, RegexBasedDetector) else ()


def lines(text: str) -> Iterator[tuple[int, str]]:
    base = 0
    for line in text.split("\n"):
        yield base, line
        base += len(line) + 1


def found(scanner: TextScanner, text: str, detector: str) -> set[Span]:
    """One pass: `scan` finds more once these are masked."""
    return {(item.start, item.end) for item in scanner._pass([text]).findings if item.detector == detector}


def test_every_plugin_class_is_covered_or_excluded_with_a_reason() -> None:
    names = {plugin.__name__ for plugin in rules.plugin_classes()}
    covered = {plugin.__name__ for plugin in rules.plugin_classes() if rules.rules_of(plugin)}
    assert len(names) == 27
    assert names - covered == set(rules.EXCLUDED)
    assert all(len(why) > 20 for why in rules.EXCLUDED.values())


def test_detector_ids_are_stable_and_kebab_case() -> None:
    ids = {rules.detector_of(plugin) for plugin in rules.plugin_classes()}
    assert {"aws-access-key", "github-token", "json-web-token", "private-key", "secret-keyword"} <= ids
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in ids)


def test_a_plugin_of_an_unknown_kind_is_an_error() -> None:
    class Strange(BasePlugin):
        secret_type = "Strange"

        def analyze_string(self, string: str) -> Generator[str, None, None]:
            yield string

    with pytest.raises(TypeError, match="Strange"):
        rules.rules_of(Strange)


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


def check_plain(scanner: TextScanner, text: str) -> None:
    for plugin in PLAIN_PLUGINS:
        spans = found(scanner, text, rules.detector_of(plugin))
        assert spans == expected(plugin, text), plugin.__name__


@settings(max_examples=300, deadline=None)
@given(texts())
def test_spans_are_those_of_the_patterns(scanner: TextScanner, text: str) -> None:
    check_plain(scanner, text)


@settings(max_examples=300, deadline=None)
@given(texts())
def test_keyword_findings_hold_all_of_the_plugins(scanner: TextScanner, text: str) -> None:
    spans = found(scanner, text, "secret-keyword")
    for base, line in lines(text):
        for regex, group in keyword_patterns():
            for match in regex.finditer(line):
                start, end = match.span(group)
                assert any(low <= base + start and base + end <= high for low, high in spans), (regex.pattern, line)


def keyword_patterns() -> Iterator[tuple[re.Pattern[str], int]]:
    """Every form that needs quotes, of every file type."""
    for table in (
        keyword.QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP,
        keyword.COMMON_C_DENYLIST_REGEX_TO_GROUP,
        keyword.C_PLUS_PLUS_REGEX_TO_GROUP,
    ):
        yield from table.items()


@settings(max_examples=300, deadline=None)
@given(texts())
def test_entropy_findings_are_the_plugins_with_its_limit(scanner: TextScanner, text: str) -> None:
    for plugin in (high_entropy_strings.Base64HighEntropyString(), high_entropy_strings.HexHighEntropyString()):
        oracle = {
            match.span(2)
            for match in plugin.regex.finditer(text)
            if plugin.calculate_shannon_entropy(match[2]) > plugin.entropy_limit
        }
        assert found(scanner, text, rules.detector_of(type(plugin))) == oracle


@settings(max_examples=300, deadline=None)
@given(texts())
def test_tokens_the_plugins_find_are_covered(scanner: TextScanner, text: str) -> None:
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
        ours = found(scanner, text, detector)
        for start, end in spans:
            assert any(low <= start and end <= high for low, high in ours), (detector, text[start:end])


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


def test_parity_on_the_corpus_with_planted_canaries(scanner: TextScanner) -> None:
    """Real lines with secrets at random places, a long text at a time."""
    dice = random.Random(7)
    prose = [line for path in sorted(BENIGN.iterdir()) for line in path.read_text(encoding="utf-8").split("\n")]
    for _ in range(20):
        picked = dice.sample(prose, 60) + [dice.choice(CANARIES).text for _ in range(20)]
        dice.shuffle(picked)
        check_plain(scanner, "\n".join(picked))


def test_parity_sees_a_wrong_span(scanner: TextScanner) -> None:
    """The check itself fails when an oracle has one match more."""
    text = "AK" + "IA" + "Q7Z2L9X4T8B3H6J1"
    plugin = next(plugin for plugin in PLAIN_PLUGINS if plugin.__name__ == "AWSKeyDetector")
    assert expected(plugin, text) == {(0, 20)}
    assert expected(plugin, text + " " + text) != found(scanner, text, "aws-access-key")


def token(*parts: object) -> str:
    """A JWT of JSON parts and a signature."""
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)


HEADER, CLAIMS = {"alg": "HS256"}, {"sub": "1234567890"}


@pytest.mark.parametrize(
    ("before", "after"),
    [("", ""), ("jwt=", " end"), ("keyJson=", "."), ("“", "”"), ("Bearer ", "\nnext"), ("x.y ", ", and")],
    ids=["alone", "assigned", "after-a-false-start", "quoted", "header", "sentence"],
)
def test_a_token_is_found_whole(scanner: TextScanner, before: str, after: str) -> None:
    whole = token(HEADER, CLAIMS, "x" * 20)
    span = (len(before), len(before) + len(whole))
    assert found(scanner, before + whole + after, "json-web-token") == {span}


def test_an_encrypted_token_is_found_whole(scanner: TextScanner) -> None:
    whole = token({"alg": "dir", "enc": "A256GCM"}, CLAIMS) + ".QQ.Qk4x.Zm9v"
    assert found(scanner, whole, "json-web-token") == {(0, len(whole))}


@pytest.mark.parametrize("text", ["keyJson.parse(x)", "eyJ.x", "the eyJwords.are not", "heyJude.mp3"])
def test_what_only_starts_like_a_token_is_not_one(scanner: TextScanner, text: str) -> None:
    assert not found(scanner, text, "json-web-token")


def test_a_key_without_end_is_a_secret_to_the_end_of_the_text(scanner: TextScanner) -> None:
    text = "see:\n-----BEGIN RSA PRIVATE" + " KEY-----\nMIIE\nabc\n\nmore"
    assert found(scanner, text, "private-key") == {(5, len(text))}


def test_a_key_ends_at_its_end(scanner: TextScanner) -> None:
    block = "-----BEGIN PRIVATE" + " KEY-----\\nMIIE\\n-----END PRIVATE KEY-----"
    assert found(scanner, f'{{"key": "{block}", "x": 1}}', "private-key") == {(9, 9 + len(block))}


@pytest.mark.parametrize("alphabet", sorted(ALPHABETS))
def test_fragments_reach_the_rules(scanner: TextScanner, alphabet: str) -> None:
    """The generator makes secrets at all: a property over texts that never hold one proves nothing."""
    dice = random.Random(11)
    made = ["".join(dice.choice(fragments()) for _ in range(12)) for _ in range(200)]
    assert any(scanner.scan([text]).findings for text in made), alphabet
