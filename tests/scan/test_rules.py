"""The adapter of the plugins: what it covers, and what it does otherwise than they do (`test_parity` has the rest)."""

from __future__ import annotations

import base64
import json
import random
import re
from collections.abc import Generator

import pytest
from detect_secrets.plugins.base import BasePlugin

from egress_proxy.scan import rules
from egress_proxy.scan.engine import Rules
from tests.scan.conftest import matched
from tests.scan.fragments import ALPHABETS, fragments
from tests.scan.oracle import found


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


def token(*parts: object) -> str:
    """A JWT of JSON parts and a signature."""
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)


HEADER, CLAIMS = {"alg": "HS256"}, {"sub": "1234567890"}


@pytest.mark.parametrize(
    ("before", "after"),
    [("", ""), ("jwt=", " end"), ("keyJson=", "."), ("“", "”"), ("Bearer ", "\nnext"), ("x.y ", ", and")],
    ids=["alone", "assigned", "after-a-false-start", "quoted", "header", "sentence"],
)
def test_a_token_is_found_whole(matches: Rules, before: str, after: str) -> None:
    whole = token(HEADER, CLAIMS, "x" * 20)
    span = (len(before), len(before) + len(whole))
    assert found(matches, before + whole + after, "json-web-token") == {span}


def test_an_encrypted_token_is_found_whole(matches: Rules) -> None:
    whole = token({"alg": "dir", "enc": "A256GCM"}, CLAIMS) + ".QQ.Qk4x.Zm9v"
    assert found(matches, whole, "json-web-token") == {(0, len(whole))}


@pytest.mark.parametrize("text", ["keyJson.parse(x)", "eyJ.x", "the eyJwords.are not", "heyJude.mp3"])
def test_what_only_starts_like_a_token_is_not_one(matches: Rules, text: str) -> None:
    assert not found(matches, text, "json-web-token")


def test_a_key_without_end_is_a_secret_to_the_end_of_the_text(matches: Rules) -> None:
    text = "see:\n-----BEGIN RSA PRIVATE" + " KEY-----\nMIIE\nabc\n\nmore"
    assert found(matches, text, "private-key") == {(5, len(text))}


def test_a_key_ends_at_its_end(matches: Rules) -> None:
    block = "-----BEGIN PRIVATE" + " KEY-----\\nMIIE\\n-----END PRIVATE KEY-----"
    assert found(matches, f'{{"key": "{block}", "x": 1}}', "private-key") == {(9, 9 + len(block))}


@pytest.mark.parametrize("alphabet", sorted(ALPHABETS))
def test_fragments_reach_the_rules(matches: Rules, alphabet: str) -> None:
    """The generator makes secrets at all: a property over texts that never hold one proves nothing."""
    dice = random.Random(11)
    made = ["".join(dice.choice(fragments()) for _ in range(12)) for _ in range(200)]
    assert any(matched(matches, text) for text in made), alphabet
