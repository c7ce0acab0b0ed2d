from __future__ import annotations

import random
import string

import pytest

from egress_proxy.scan.policy import Rejected, Why, expand, refuse, weak
from tests.scan.conftest import known


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", Why.EMPTY),
        ("   ", Why.EMPTY),
        ("true", Why.COMMON_WORD),
        ("False", Why.COMMON_WORD),
        ("admin", Why.COMMON_WORD),
        ("localhost", Why.COMMON_WORD),
        ("production", Why.COMMON_WORD),
        ("password", Why.COMMON_WORD),
        ("redacted", Why.COMMON_WORD),
        ("aws-access-key", Why.COMMON_WORD),
        ("redacted:KNOWN:", Why.COMMON_WORD),
        ("known_value_encoded", Why.COMMON_WORD),
        ("3000", Why.NUMBER),
        ("1.10", Why.NUMBER),
        ("2.14.0-rc.1", Why.NUMBER),
        ("v1.18.33", Why.NUMBER),
        ("20241105", Why.NUMBER),
        ("2024-11-05T10:20:30Z", Why.NUMBER),
        ("/var/www", Why.PATH),
        ("./build/output", Why.PATH),
        ("src/server/index", Why.PATH),
        ("http://localhost:3000", Why.URL),
        ("https://api.example.com/v1", Why.URL),
        ("person@example.com", Why.EMAIL),
        ("db.internal.example.com", Why.HOST),
        ("192.168.1.10", Why.NUMBER),
        ("redis:6379", Why.HOST),
        ("python3", Why.COMMON_WORD),
        ("AES256", Why.COMMON_WORD),
        ("abc", Why.TOO_SHORT),
        ("letme", Why.TOO_SHORT),
        ("hunter", Why.TOO_SHORT),
        ("ab12", Why.TOO_SHORT),
        ("aaaaaaaaaa", Why.REPETITIVE),
        ("12345678", Why.REPETITIVE),
        ("abcdefgh", Why.REPETITIVE),
        ("x1" * 40_000, Why.REPETITIVE),
        ("".join(chr(0x4E00 + index % 5000) for index in range(70_000)), Why.TOO_LONG),
    ],
    ids=lambda value: str(value)[:24] or "empty",
)
def test_refused(value: str, why: Why) -> None:
    assert refuse("SECRET", value) in {why, Why.TOO_LONG if len(value) > 65_536 else why}


@pytest.mark.parametrize(
    "value",
    [
        "hunter2",
        "P@ss12!",
        "correct-horse",
        "letmein!!",
        "83920174",
        "postgres://u:pW9xQ2@h/d",
        "Zq8Kd03m",
        "пароль-42",
        "aB3/dE6+gH9=" * 3,
        "https://h/hook/Zq8Kd03mXw7Tn2Bv5",
    ],
)
def test_accepted(value: str) -> None:
    assert refuse("SECRET", value) is None


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("AWS_REGION", "eu-central-1", Why.ORDINARY_NAME),
        ("APP_NAME", "payments-service", Why.ORDINARY_NAME),
        ("DB_USER", "app_payments", Why.ORDINARY_NAME),
        ("db.user", "app_payments", Why.ORDINARY_NAME),
        ("DB_PASSWORD", "app_payments", None),
        ("USER_PASSWORD", "app_payments", None),
        ("BUCKET_NAME", "Zq8Kd03mXw7Tn2", None),
        ("CLIENT_ID", "app_payments", Why.ORDINARY_NAME),
        ("AWS_ACCESS_KEY_ID", "AK" + "IA" + "MLXHCAJLKVKQDR37", None),
    ],
)
def test_a_name_can_say_that_a_value_is_none(name: str, value: str, why: Why | None) -> None:
    assert refuse(name, value) is why


@pytest.mark.parametrize("why", Why)
def test_every_refusal_is_told_in_a_sentence(why: Why) -> None:
    assert why.told.endswith(".")
    assert len({other.told for other in Why}) == len(Why)


def test_random_values_of_any_alphabet_are_not_words() -> None:
    dice = random.Random(1)
    for alphabet in (string.ascii_lowercase, string.ascii_uppercase + "234567", "0123456789abcdef"):
        taken = sum(weak("".join(dice.choices(alphabet, k=24))) for _ in range(500))
        assert taken <= 5


def test_refusals_are_told_by_name() -> None:
    values = known(A="true", B="hunter2", C="http://h/x")
    assert values.rejected == (Rejected("A", Why.COMMON_WORD), Rejected("C", Why.URL))
    assert values.names == ("B",)


@pytest.mark.parametrize(
    ("value", "inside"),
    [
        ("plain", []),
        ("postgres://u:p@h/d", [("X.password", "p")]),
        ("postgres://u:p%40q@h/d", [("X.password", "p%40q"), ("X.password", "p@q")]),
        ("redis://:p@h", [("X.password", "p")]),
        ("http://h/?a=1&token=t", [("X.query", "t")]),
        ("Bearer abc", [("X.credentials", "abc")]),
        ("Basic dTpw", [("X.credentials", "dTpw"), ("X.password", "p")]),
        ("Basic ///", [("X.credentials", "///")]),
        ("http://h:80/p", []),
    ],
)
def test_secrets_inside(value: str, inside: list[tuple[str, str]]) -> None:
    assert list(expand("X", value)) == [("X", value), *inside]


@pytest.mark.parametrize(
    ("value", "is_weak"),
    [
        ("correct-horse-battery", True),
        ("eu-central-1", True),
        ("my_app_password_2024", True),
        ("hunter2", True),
        ("Zq8Kd03mXw7Tn2", False),
        ("4f9d8c2ab17e6035", False),
        ("QWxhZGRpbjpvcGVuIHNlc2FtZQ", False),
        ("AK" + "IA" + "MLXHCAJLKVKQDRJT", False),
        ("JBQXGZDPKVRHWTYNMFLSCQ", False),
        ("mzxw6ytboi2gkzlpqrstvwxa", False),
        ("qzjvkxwpfhgbnmrt", False),
        ("correcthorsebatterystaple", True),
        ("CORRECT_HORSE_BATTERY", True),
        ("CorrectHorseBattery", True),
        ("release-2024-11-05", True),
        ("prod-Zq8Kd03mXw7T-payments-service", False),
        ("83920174837462", True),
        ("пароль-секретный-42", True),
        ("to be or not to be in it", True),
    ],
)
def test_weak(value: str, is_weak: bool) -> None:
    assert weak(value) is is_weak
