"""Values of tools' output that no sign of assignment stands before: arguments, headers, tables, sentences."""

from __future__ import annotations

import base64

import pytest

from egress_proxy.scan import extract, taint_places

MIXED = "Tr0ub4dor" + "#3x"
WORDS = "winter-maple-" + "river-42"
SHORT = "hunter2" + "!"
PLACES = {
    "an argument": "root  77  0.0 exporter --password={} --port 90",
    "an argument after a blank": "root  77  0.0 exporter --db-password {} --port 90",
    "mysql": "root  77  0.0 mysql -u root -p{} shop",
    "sshpass": "  504  sshpass -p {} ssh root@host",
    "docker login": "  504  docker login -u anna -p {}",
    "redis-cli": "root 9 redis-cli -a {} ping",
    "curl": "  501  curl -u anna:{} https://x.example",
    "htpasswd": "+ htpasswd -b -c users anna {}",
    "a variable before a command": "  503  PGPASSWORD={} psql -h db",
    "bearer": "> Authorization: Bearer {}",
    "a key in a header": "> X-Api-Key: {}",
    "a cookie": "< Set-Cookie: session={}; Path=/; HttpOnly",
    "a connection string": "Server=db;User Id=sa;Password={};Encrypt=true",
    "a parameter": "otpauth://totp/x?secret={}&issuer=y",
    "a definition": "define('DB_PASSWORD', '{}');",
    "a setting without a sign": "requirepass {}",
    "two lines": "env:\n  - name: DB_PASSWORD\n    value: {}\n  - name: PORT",
    "a sentence": "The admin password is {}.",
    "a log line": "2026-11-23 INFO connecting with password {}",
    "a fresh installation": "A temporary password is generated for root@localhost: {}",
    "an installation, below": "Please use the following password to go on:\n\n{}\n\nIt is in a file, too.",
    "a note": "login: anna, pw: {}",
    "German": "Passwort: {}",
    "a table of psql": " id | name | password\n----+------+---------\n  1 | anna | {}\n(1 row)",
    "a record of psql": "-[ RECORD 1 ]\nid       | 1\npassword | {}",
    "a table of mysql": "+----+-----+\n| id | password |\n+----+-----+\n|  1 | {} |",
    "commas": "id,name,password\n1,anna,{}",
}


def tainted(text: str, source: str = "") -> set[str]:
    return {taint.value.reveal() for taint in extract((text,), (source,))}


@pytest.mark.parametrize("value", [MIXED, WORDS, SHORT], ids=["mixed", "words", "short"])
@pytest.mark.parametrize("place", PLACES)
def test_a_value_is_tainted_where_no_sign_says_so(place: str, value: str) -> None:
    assert value in tainted(PLACES[place].format(value))


def test_the_password_of_basic_credentials_is_tainted() -> None:
    assert MIXED in tainted(f"> Authorization: Basic {base64.b64encode(f'anna:{MIXED}'.encode()).decode()}")


def test_columns_of_a_vault_are_tainted() -> None:
    assert WORDS in tainted(f"Key         Value\n---         -----\nlogin    {WORDS}\n", "vault kv get secret/db")


@pytest.mark.parametrize("command", ["jq -r .db.password config.json", 'echo "$DB_PASSWORD"', "gpg -d pw.gpg"])
def test_a_command_that_prints_a_value_alone_is_secret(command: str) -> None:
    assert SHORT in tainted(SHORT, command)


@pytest.mark.parametrize(
    "text",
    [
        "The password is wrong, the token is missing and the secret is here.",
        "Use --password to set it, or --token-file with a path.",
        "The password field is required; the secret key must have 32 characters.",
        "curl -u user:password https://x.example",
        "| name | type |\n|---|---|\n| password | string |\n| token | string |",
        "password_hash = hash_password(password)\ntoken = get_token(user)",
        "aiohttp/secret.py,sha256=abc,12\njwt/help.py,sha256=abc,99",
        "src/auth/password.py:12: def check_password(password: str) -> bool:",
        "api-key: required\nAuthorization: Bearer <token>",
    ],
)
def test_what_is_said_about_secrets_is_none(text: str) -> None:
    assert not tainted(text)


def test_a_row_that_looks_like_a_head_costs_no_second_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line may be the head of those below it, which are hundreds: a listing of such lines took half a minute."""
    judged: list[str] = []
    monkeypatch.setattr(taint_places, "_credible", judged.append)
    lines = ["id,password,secret"] * 1_000
    list(taint_places.values("\n".join(lines)))
    assert len(judged) < 10 * len(lines)


def test_heads_within_a_table_add_their_columns() -> None:
    first, second, third = (f"{MIXED}{number}" for number in "789")
    rows = ["id,password,note", "1,token,secret", f"2,{first},{second}", "id,note", "x,y,token", f"3,4,{third}"]
    assert {first, second, third} <= tainted("\n".join(rows))
