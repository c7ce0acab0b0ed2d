"""Assignments beside a keyword: truth table, and the forms that made the plugin slow."""

from __future__ import annotations

import pytest
from detect_secrets.plugins.keyword import DENYLIST

from egress_proxy.scan.keywords import assignments

FIND = assignments("|".join(DENYLIST))


def values(line: str) -> list[str]:
    return [line[start:end] for start, end in FIND(line)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('password: "a b"', ["a b"]),
        ("password = 'x'", ["x"]),
        ('"password" : "x1"', ["x1"]),
        ("my_password_2 => 'x'", ["x"]),
        ("password := `x`", ["x"]),
        ('char password[25] = "x";', ["x"]),
        ('password = @"x"', ["x"]),
        ('std::string secret("x");', ["x"]),
        ('secret.assign("x", 1);', ["x"]),
        ('private_key "something";', ["something"]),
        ("if ('x' == password)", ["x"]),
        ("if (`x` !== db_pass)", ["x"]),
        ("password !== 'x'", ["x"]),
        ("pwd: `a`b`", ["a`b"]),
        ("pwd: `a`, secret: 'b'", ["a", "b"]),
        ("PA\u017f\u017fWORD: 'x'", ["x"]),
        ("contraseña: 'x'", ["x"]),
        ("password: ''", []),
        ("password: '$x'", []),
        ("password: 'x\"", []),
        ("password: 'x,'", []),
        ("password: x", []),
        ("pass: 'x'", []),
        ('password="secret": "x1"', ["secret", "x1"]),
        ("password=`secret` pwd: `x`", ["secret` pwd: `x", "x"]),
        ('"password", "x"', []),
        ("'x' = password", []),
        ("'x' == user", []),
        ('the "secret" is "x"', []),
    ],
)
def test_values(line: str, expected: list[str]) -> None:
    assert values(line) == expected
