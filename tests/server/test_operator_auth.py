"""Logins of operators: whose token it was, and whether it still is one."""

from __future__ import annotations

from pathlib import Path

from egress_proxy.server.operator_auth import LOCAL, LOCAL_FILE, Operators
from egress_proxy.tokens import OPERATORS, Tokens


def test_a_login_stands_as_long_as_its_token(tmp_path: Path) -> None:
    tokens, operators = Tokens(tmp_path, OPERATORS), Operators(tmp_path)
    login = operators.login(tokens.create("ada").reveal())
    assert login is not None
    assert login.name == "ada"
    assert operators.stands(login)
    tokens.revoke("ada")
    anew = tokens.create("ada").reveal()
    assert not operators.stands(login), "another token of the same name is no reason to stay"
    again = operators.login(anew)
    assert again is not None
    assert operators.stands(again)
    (tmp_path / "operators.json").chmod(0o666)
    assert not operators.stands(again)


def test_the_boxs_token_logs_in_too(tmp_path: Path) -> None:
    operators = Operators(tmp_path)
    login = operators.login((tmp_path / LOCAL_FILE).read_text("utf-8").strip())
    assert login is not None
    assert login.name == LOCAL
    assert operators.stands(login)


def test_a_clients_token_and_no_token_log_nobody_in(tmp_path: Path) -> None:
    client = Tokens(tmp_path).create("ada").reveal()
    operators = Operators(tmp_path)
    for presented in (client, "", "x", "\ud800", "x" * 1000):
        assert operators.login(presented) is None
