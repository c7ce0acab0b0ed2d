"""Assignments, URLs, headers and tokens are found from their first character to their last."""

from __future__ import annotations

import pytest

from egress_proxy.scan.engine import TextScanner
from egress_proxy.scan.values import looks_random
from tests.scan.own_texts import HEX, MIXED


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("DB_PASSWORD=hunter2", "hunter2"),
        ("export API_TOKEN=a1b2c3d4", "a1b2c3d4"),
        ("MYSQLPASSWORD=hunter2", "hunter2"),
        ("db_password=letmein", "letmein"),
        ("password=correct horse battery  # of the db", "correct horse battery"),
        ("the line `DB_PASSWORD=hunter2` is", "hunter2"),
        ("docker run -e DB_PASSWORD=hunter2 image", "hunter2"),
        ("db_password: hunter2", "hunter2"),
        ("  password: hunter2,", "hunter2"),
        ("passphrase = tr0ub4dor&3", "tr0ub4dor&3"),
        ('"access_token": "' + MIXED + '"', MIXED),
        ("'authToken' => '" + MIXED + "'", MIXED),
        ("apiKey: " + MIXED, MIXED),
        ("STRIPE_KEY=" + MIXED, MIXED),
        ("SIGNING_KEY=" + HEX, HEX),
        ("DB_PASSWORD='$ecret1!'", "$ecret1!"),
        ("A=1\nDB_PASSWORD=hunter2\nB=2", "hunter2"),
        ("DB_PASSWORD=" + "aB3" * 2000, "aB3" * 2000),
    ],
)
def test_assignments(scanner: TextScanner, text: str, secret: str) -> None:
    start = text.index(secret)
    assert (start, start + len(secret)) in {(found.start, found.end) for found in scanner.scan([text]).findings}


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("postgres://app:p@ss@db/prod", "p@ss"),
        ("redis://:hunter2@cache:6379", "hunter2"),
        ("mongodb+srv://u:a$b!c@[::1]/x", "a$b!c"),
        ("Authorization: Bearer " + MIXED, MIXED),
        ("authorization: Basic dXNlcjpodW50ZXIyIQ==", "dXNlcjpodW50ZXIyIQ=="),
        ('-H "Authorization: token ' + MIXED + '"', MIXED),
        ("gh" + "p_" + MIXED + "abcd1234", "gh" + "p_" + MIXED + "abcd1234"),
        ("gh" + "p_" + MIXED + "abcd1234longer", "gh" + "p_" + MIXED + "abcd1234longer"),
        ("sk_" + "live_" + MIXED * 3, "sk_" + "live_" + MIXED * 3),
    ],
)
def test_whole_secrets(scanner: TextScanner, text: str, secret: str) -> None:
    start = text.index(secret)
    assert (start, start + len(secret)) in {(found.start, found.end) for found in scanner.scan([text]).findings}


@pytest.mark.parametrize(
    ("value", "random"),
    [
        (MIXED, True),
        (HEX, True),
        ("dXNlcjpodW50ZXIyIQ==", True),
        ("authentication-middleware-2", False),
        ("onlyletters", False),
        ("1234567890", False),
        ("aaaa1111", False),
        ("application/json; charset=utf8", False),
        ("", False),
    ],
)
def test_looks_random(value: str, random: bool) -> None:
    assert looks_random(value) is random
