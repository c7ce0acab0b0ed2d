"""What words say of the token beside them, how random a text looks, and what a checksum proves."""

from __future__ import annotations

import zlib

import pytest

from egress_proxy.scan.checksums import base62, proved
from egress_proxy.scan.context import Cue, cue, may_tell, of_name
from egress_proxy.scan.engine import TextScanner
from egress_proxy.scan.innocent import innocent_of
from egress_proxy.scan.random_text import masked, random_score
from egress_proxy.scan.random_tokens import is_value
from egress_proxy.scan.values import concrete

TOKEN = "Qw7Zr2Lk9Xv4Tn8Bm3Hs6Jd1Fp5Gc0Yu"
HEX = "4f9d8c2ab17e60354f9d8c2ab17e6035"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('"apiKey": "%s"', Cue.SECRET),
        ("client_secret = '%s'", Cue.SECRET),
        ("commit: %s", Cue.INNOCENT),
        ("token_hash: %s", Cue.INNOCENT),
        ("public key: %s", Cue.INNOCENT),
        ("gpg --recv-keys %s", Cue.INNOCENT),
        ("sort_key = %s", Cue.KEY),
        ('"key": "%s"', Cue.KEY),
        ("the Mailgun key %s", Cue.SECRET),
        ('{"token": "x", "sha": "%s"}', Cue.INNOCENT),
        ('{"sha": "x", "token": "%s"}', Cue.SECRET),
        ('{"token": "x", "other": "%s"}', Cue.NONE),
        ("use %s here", Cue.NONE),
        ("use %s as the token", Cue.SECRET),
        ("%s\tdocs/tokens.md", Cue.NONE),
        ('getenv("API_TOKEN", "%s")', Cue.SECRET),
        ('f("%s")  # the signing secret', Cue.SECRET),
        ("tokens[]]]]]]] %s", Cue.NONE),
        ("le jeton est %s", Cue.SECRET),
        ("x" * 200 + "token %s", Cue.NONE),
    ],
)
def test_cues(line: str, said: Cue) -> None:
    start = line.index("%s")
    text = line.replace("%s", TOKEN)
    assert cue(text, (start, start + len(TOKEN))) is said


@pytest.mark.parametrize(
    ("name", "said"), [("authTokenId", Cue.INNOCENT), ("DB_PASSWORD", Cue.SECRET), ("x", Cue.NONE)]
)
def test_names(name: str, said: Cue) -> None:
    assert of_name(name) is said


def test_the_quick_look_misses_no_word_that_tells_of_a_secret() -> None:
    for word in ("token", "apiKey", "client_secret", "passwd", "Authorization", "credentials", "jwt", "Bearer"):
        assert may_tell(f"{word} {TOKEN}", (len(word) + 1, len(word) + 33))
    assert not may_tell(f"commit {TOKEN}", (7, 39))


@pytest.mark.parametrize("text", [TOKEN, TOKEN.lower(), TOKEN.upper(), HEX, "dGhlIHF1aWNrIGJyb3duIGZv"])
def test_random_texts_score_high(text: str) -> None:
    assert random_score(text) > 0.5


@pytest.mark.parametrize(
    "text",
    [
        "authentication-middleware-2",
        "HTTPConnectionPoolManager",
        "test_rules_are_found",
        "",
        "a1",
        "correcthorsebatterystaple",
    ],
)
def test_words_score_low(text: str) -> None:
    assert random_score(text) < 0.35


@pytest.mark.parametrize("text", ["xxxxxxxx1", "your_api_key_1", "AKIA1EXAMPLE", "a.......b", "aaaaaaaa"])
def test_masks(text: str) -> None:
    assert masked(text)
    assert not masked(TOKEN)


@pytest.mark.parametrize(
    ("value", "password", "said"),
    [
        (HEX, False, True),
        (TOKEN, False, True),
        ("hunter2", True, True),
        ("hunter2", False, False),
        ("required", True, False),
        ("https://host/a1", True, False),
        ("two words1", True, False),
        ("authentication-middleware-2", False, False),
    ],
)
def test_values_in_a_secret_place(value: str, password: bool, said: bool) -> None:
    assert is_value(value, password=password) is said


def test_a_credential_may_have_no_digit_if_it_is_long() -> None:
    assert concrete("QwZrLkXvTnBmHsJdFpGc")
    assert not concrete("QwZrLkXv")
    assert not concrete("AuthenticationMiddlewareOfTheHouse")


@pytest.mark.parametrize(
    ("detector", "line", "value", "said"),
    [
        ("hex-high-entropy-string", f'"commit": "{HEX}"', HEX, True),
        ("hex-high-entropy-string", f'"secret": "{HEX}"', HEX, False),
        ("base64-high-entropy-string", f"integrity 'sha512-{TOKEN}'", f"sha512-{TOKEN}", True),
        ("basic-auth-credentials", "https://user:password@host", "password", True),
        ("basic-auth-credentials", "https://user:hunter2@host", "hunter2", False),
        ("secret-keyword", 'password: "required"', "required", True),
        ("secret-keyword", 'prompt_password("Password: ")', "Password: ", True),
        ("secret-keyword", 'password = "letmein"', "letmein", False),
        ("gitlab-token", "glp" + "at-xxxxxxxxxxxxxxxxxxxx", "glp" + "at-xxxxxxxxxxxxxxxxxxxx", True),
    ],
)
def test_what_a_plugin_takes_for_a_secret_may_be_innocent(detector: str, line: str, value: str, said: bool) -> None:
    judge = innocent_of(detector)
    assert judge is not None
    start = line.index(value)
    assert judge(line, start, start + len(value)) is said


def with_checksum(prefix: str, body: str) -> str:
    return prefix + body + base62(zlib.crc32(body.encode()))


BODY = "Example" + TOKEN[:23]


@pytest.mark.parametrize("prefix", ["gh" + "p_", "gh" + "s_", "np" + "m_"])
def test_a_right_checksum_proves_a_token_that_looks_like_an_example(scanner: TextScanner, prefix: str) -> None:
    body = BODY.lower()
    token = with_checksum(prefix, body)
    assert proved(token)
    assert token in {token[item.start : item.end] for item in scanner.scan([token]).findings}
    assert not proved(prefix + body + "000000")


def test_a_wrong_checksum_loses_no_token(scanner: TextScanner) -> None:
    for token in ("gh" + "p_" + TOKEN + "0000", "gh" + "p_" + TOKEN):
        assert not proved(token)
        assert scanner.scan([token]).findings


def test_the_checksum_is_in_the_order_that_github_counts() -> None:
    assert base62(0) == "000000"
    assert base62(61) == "00000z"
    assert base62(62 * 36) == "0000a0"
