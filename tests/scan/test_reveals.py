"""Partial reveals: what piece of a value is recognised, in which form, and what piece is innocent."""

from __future__ import annotations

import base64
import itertools
import random
import string
from pathlib import Path

import pytest

from egress_proxy.model import Form
from egress_proxy.scan.known import KnownValues
from tests.scan.conftest import known
from tests.scan.spellings import SPELLINGS

BASE62 = string.ascii_letters + string.digits
BENIGN = sorted((Path(__file__).parents[1] / "data" / "benign").iterdir())


def random_value(seed: int, length: int, alphabet: str = BASE62) -> str:
    return "".join(random.Random(seed).choices(alphabet, k=length))


def forms(values: KnownValues, text: str) -> set[Form]:
    return {found.form for found in values.find([text]).findings}


@pytest.mark.parametrize("seed", range(40))
def test_any_twelve_characters_of_a_random_value_are_a_reveal(seed: int) -> None:
    value = random_value(seed, 32)
    values = known(value)
    for start in range(21):
        text = f">>> {value[start : start + 12]}!"
        (found,) = values.find([text]).findings
        assert (found.start, found.end, found.form) == (4, 16, Form.ENCODED)


@pytest.mark.parametrize("seed", range(40))
def test_any_twelve_characters_with_signs_among_them_are_a_reveal(seed: int) -> None:
    value = random_value(seed, 32, BASE62 + "!#$%&*+-=?@^_~")
    values = known(value)
    for start in range(21):
        piece = value[start : start + 12]
        if sum(map(str.isalnum, piece)) >= 8 and len({char.lower() for char in piece if char.isalnum()}) >= 7:
            assert forms(values, f"it begins so: {piece} and goes on") == {Form.ENCODED}


@pytest.mark.parametrize("length", [8, 11])
def test_fewer_characters_are_none(length: int) -> None:
    value = random_value(99, 32)
    assert not any(known(value).find([value[start : start + length]]).findings for start in range(32 - length))


# Of base85 only groups of four bytes that lie wholly in the value are the same; 16 characters have too few letters.
IN_FORMS = sorted(set(SPELLINGS) - {"json", "html", "percent-where-needed", "form"})


@pytest.mark.parametrize("spelling", IN_FORMS)
def test_any_sixteen_characters_are_a_reveal_in_every_form(spelling: str) -> None:
    """Base64 loses `+` and `/` in the view, and so may a few of its runs."""
    missed = 0
    for seed in range(8):
        value = random_value(1000 + seed, 40)
        values = known(value)
        for start in range(25):
            missed += forms(values, f"so: {SPELLINGS[spelling](value[start : start + 16])} .") != {Form.ENCODED}
    assert missed <= (1 if "64" in spelling else 0)


@pytest.mark.parametrize("alphabet", ["abcdefghijklmnopqrstuvwxyz234567", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"])
def test_a_value_of_one_case_is_not_taken_for_words(alphabet: str) -> None:
    found = 0
    for seed in range(30):
        value = random_value(seed, 32, alphabet)
        found += forms(known(value), value[6:22]) == {Form.ENCODED}
    assert found == 30


@pytest.mark.parametrize(
    ("value", "innocent"),
    [
        ("prod-Zq8Kd03mXw7T-payments-service", "the payments service of prod"),
        ("PaymentsService/Zq8Kd03mXw7T", "PaymentsService"),
        ("release-2024-11-05-Zq8Kd03mXw", "release 2024-11-05"),
        ("00000000000000000000Zq8Kd03mXw7Tn2", "0" * 64),
    ],
    ids=["words", "camel", "date", "zeros"],
)
def test_words_and_dates_in_a_random_value_are_no_reveal(value: str, innocent: str) -> None:
    values = known(value)
    assert not values.rejected
    assert not forms(values, innocent)
    at = value.index("Zq8K")
    assert forms(values, value[max(at - 4, 0) : at + 14]) == {Form.ENCODED}
    assert forms(values, value) == {Form.PLAIN}


def json_web_token(seed: int) -> str:
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")
    return f"{header}.{random_value(seed, 60)}.{random_value(seed + 1, 43)}"


def test_what_all_keys_of_a_kind_share_is_no_reveal() -> None:
    rsa = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA"
    private = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ" + random_value(1, 200)
    values = known(json_web_token(1), private, "AAAAB3NzaC1yc2EAAAADAQABAAABgQ" + random_value(2, 100))
    assert not forms(values, f"{json_web_token(9)} {rsa}{random_value(3, 100)} ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQD")
    assert forms(values, private[90:120]) == {Form.ENCODED}
    assert forms(values, json_web_token(1)[40:60]) == {Form.ENCODED}


def test_what_many_values_share_is_nobodys_secret() -> None:
    """It is looked for as that of the first ones that had it: writing more values takes nothing away from them."""
    shared = random_value(5, 16)
    values = known(*(shared + random_value(seed, 16) for seed in range(10, 60)))
    names = {found.name for found in values.find([shared]).findings}
    assert 0 < len(names) <= 4
    assert "V0" in names
    assert {found.name for found in values.find([random_value(59, 16)]).findings} == {"V49"}


def test_there_are_no_false_hits() -> None:
    """In what is most like values: a few MB of base64, hex, numbers and escapes, and in prose and code."""
    dice = random.Random(7)
    alphabets = [BASE62, BASE62 + "+/_-", "0123456789abcdef", string.ascii_uppercase + "234567"]
    values = known(
        *("".join(dice.choices(alphabets[index % 4], k=dice.randrange(16, 48))) for index in range(1000)),
        *("".join(dice.choices(BASE62 + "!$%&-_", k=dice.randrange(8, 12))) for _ in range(100)),
    )
    noise = ["".join(dice.choices(alphabet, k=500_000)) for alphabet in (*alphabets, "01", string.digits)]
    noise.append("".join(f"\\x{dice.randrange(256):02x}" for _ in range(100_000)))
    noise.append(" ".join(str(dice.randrange(256)) for _ in range(100_000)))
    scan = values.find([*noise, *(path.read_text("utf-8") for path in BENIGN)])
    assert (scan.findings, scan.undecided) == ((), ())


WORDS = ("marble", "octopus", "thimble", "lantern", "violin")
PHRASES = [
    "-".join(WORDS[:4]),
    " ".join(WORDS),
    ".".join(map(str.capitalize, WORDS)),
    f"{WORDS[3].capitalize()}-{WORDS[1]}-{2 * 552}?",
]


@pytest.mark.parametrize("value", PHRASES, ids=range(len(PHRASES)))
def test_twenty_characters_of_a_passphrase_are_a_reveal(value: str) -> None:
    values = known(value)
    for start in range(len(value) - 19):
        assert forms(values, f"so: {value[start : start + 20]} .") == {Form.ENCODED}, start


@pytest.mark.parametrize("value", PHRASES, ids=range(len(PHRASES)))
def test_two_words_of_a_passphrase_are_none(value: str) -> None:
    between = next(char for char in value if not char.isalnum())
    words = value.split(between)
    values = known(value)
    for first, second in itertools.pairwise(words[:2]):
        assert not forms(values, f"{first} and {second}, some {first} {second} or {first}{between}{second} in it")


@pytest.mark.parametrize(
    ("value", "innocent"),
    [
        ("acme-payments-production-replica", "acme-payments-production-primary"),
        ("please enter your password below", "please enter your password again"),
        ("billing-service-account-token", "billing-service-account-names"),
        ("marble/octopus/default/server", "marble/octopus/default/client"),
    ],
    ids=["deployment", "sentence", "account", "names"],
)
def test_names_and_sentences_are_told_as_a_whole_only(value: str, innocent: str) -> None:
    assert not forms(known(value), f"see {innocent} there")


@pytest.mark.parametrize("seed", range(20))
def test_signs_are_no_way_round_words_or_a_header(seed: int) -> None:
    """Of a value with innocent parts, twelve characters with a sign among them are a reveal as of any other."""
    tail = random_value(seed, 20, "abcdefGHJKLMnpqrstUVWXYZ23456789")
    value = f"{json_web_token(seed)}-{tail[:11]}-{tail[11:]}"
    assert forms(known(value), f"it ends in {tail[3:11]}-{tail[11:14]} and so on") == {Form.ENCODED}
