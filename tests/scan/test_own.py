"""Every rule of our own: a true example found whole, and a near miss that is not."""

from __future__ import annotations

import re

from egress_proxy.scan.canaries import CANARIES
from egress_proxy.scan.engine import TextScanner
from egress_proxy.scan.own import TOKENS, own_rules
from egress_proxy.scan.tokens import Token, pattern_of, sample_of
from tests.kit.each import each
from tests.scan.examples import EXAMPLES
from tests.scan.own_near_misses import NEAR_MISSES
from tests.scan.own_texts import IN_CONTEXT


def found(scanner: TextScanner, text: str, detector: str = "") -> set[str]:
    """What is found in a text, by a detector or by any."""
    return {text[item.start : item.end] for item in scanner.scan([text]).findings if detector in {"", item.detector}}


def test_every_detector_has_a_canary_and_an_example() -> None:
    names = {rule.detector for rule in own_rules()}
    assert names <= {canary.detector for canary in CANARIES}
    assert {token.detector for token in TOKENS} == {detector for detector, _ in EXAMPLES}
    assert names == set(NEAR_MISSES) | {token.detector for token in TOKENS}
    assert names == set(IN_CONTEXT) | {token.detector for token in TOKENS}


@each(("detector", "token"), EXAMPLES, ids=lambda case: case[0])
@each(
    "context",
    ["it is %s.", 'f("%s")', '{"note": "first\\n%s"}', "| x | `%s` |", "?next=%%3D%s", "%s"],
)
def test_a_token_is_found_whole_wherever_it_stands(
    scanner: TextScanner, detector: str, token: str, context: str
) -> None:
    text = context % token
    assert any(token in one for one in found(scanner, text)), "whole, if perhaps with more"
    assert token in found(scanner, text, detector) or detector not in {name for name, _ in EXAMPLES}


@each("token", TOKENS, ids=lambda token: token.shape)
def test_a_token_of_every_shape_is_found_and_its_near_misses_are_not(scanner: TextScanner, token: Token) -> None:
    sample = sample_of(token.shape)
    assert re.fullmatch(pattern_of(token.shape), sample)
    assert sample in found(scanner, f"key {sample} end", token.detector)
    if not token.shape.startswith("{"):
        assert not found(scanner, f"key Q{sample} end", token.detector), "the end of a longer word"
    masked = sample[: len(sample) // 3] + re.sub("[0-9A-Za-z]", "x", sample[len(sample) // 3 :])
    assert not found(scanner, f"key {masked} end", token.detector), "a mask"
    short = sample[: len(sample) * 2 // 3]
    if not any(re.match(pattern_of(other.shape), short) for other in TOKENS if other.detector == token.detector):
        assert not found(scanner, f"key {short} end", token.detector), "too short"


@each(("detector", "marked"), [(detector, text) for detector, texts in IN_CONTEXT.items() for text in texts])
def test_what_its_context_gives_away_is_found_whole(scanner: TextScanner, detector: str, marked: str) -> None:
    before, _, rest = marked.partition("«")
    secret, _, after = rest.partition("»")
    assert secret in found(scanner, before + secret + after, detector)


@each(("detector", "text"), [(detector, text) for detector, texts in NEAR_MISSES.items() for text in texts])
def test_a_near_miss_is_none(scanner: TextScanner, detector: str, text: str) -> None:
    assert not found(scanner, text, detector)
