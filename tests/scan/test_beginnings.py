"""What is looked for by its first letters, in lower case, is found as an expression that ignores case finds it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress_proxy.native import KERNEL
from egress_proxy.scan import prose, random_text
from egress_proxy.scan.beginnings import Beginning, lowered

PATTERN = r"(?<![^\W_])(?:pass(?:word)?|token|пароль|kenn|sec?)[ =]?\w*"
FOUND = Beginning("pas tok пар ken se", PATTERN)
PLAIN = re.compile(PATTERN, re.IGNORECASE)
# fmt: off
PIECES = (
    "pass", "PASS", "pa\u017f\u017f", "word", "Token", "to\u212aen", "пароль", "ПАРОЛЬ", "пар\u1c82ль", "\u0130", "s",
    "se", "SEC", "kenn", "=", " ", "_", "\n", "é", "x",
)
# fmt: on
pieces = st.lists(st.sampled_from(PIECES) | st.text(max_size=3)).map("".join)


@given(pieces)
def test_it_matches_as_ignoring_case_does(text: str) -> None:
    assert [found.span() for found in FOUND.finditer(text)] == [found.span() for found in PLAIN.finditer(text)]


@given(st.text())
def test_lower_case_has_as_many_characters(text: str) -> None:
    assert len(lowered(text)) == len(text)


@pytest.mark.parametrize("name", ["_IS", "_WITH", "_LOGIN", "_PHRASE", "_SEED"])
def test_every_word_of_prose_has_its_beginning_among_the_heads(name: str) -> None:
    """Each alternative that a pattern begins with, for none may be added without."""
    beginning: Beginning = getattr(prose, name)
    texts = (*WORDS, *(word.upper() for word in WORDS))
    for word in texts:
        text = f"{word} is hunter2x, {word} hunter2x, {word} root / hunter2x, {word} phrase: " + "abcd " * 12
        plain = [found.span() for found in beginning._pattern.finditer(text)]
        assert [found.span() for found in beginning.finditer(text)] == plain, word


# fmt: off
WORDS = (
    "password", "passwort", "passwd", "passphrase", "passcode", "pass", "pwd", "pw", "kennwort", "zugangsdaten", "mdp",
    "mot de passe", "contraseña", "contrasena", "clave", "senha", "palavra-passe", "wachtwoord", "hasło", "haslo",
    "heslo", "lösenord", "losenord", "adgangskode", "passord", "salasana", "parola", "jelszó", "jelszo", "пароль",
    "пароля", "密码", "密碼", "口令", "パスワード", "비밀번호", "pin code",
    "secret", "login", "api key", "access_token", "auth-key",
    "private key", "license key", "encryption key", "signing key", "bot token", "master key", "admin key", "token",
    "key", "credential", "schlüssel", "schlussel", "clé", "chiave", "chave", "llave", "токен", "ключ", "密钥", "log in",
    "logged in", "sign in", "signed-in", "creds", "user", "username", "benutzername", "account", "anmelden", "usuario",
    "utilisateur", "seed", "mnemonic", "recovery", "backup", "wallet",
)
# fmt: on


@pytest.mark.skipif(KERNEL is None, reason="no kernel was compiled")
@given(st.text(alphabet=st.sampled_from("aAbQzZ09_-é\x00\ud800") | st.characters(), max_size=random_text.MOST))
def test_pairs_are_counted_the_same_by_the_kernel(text: str) -> None:
    assert KERNEL is not None
    assert random_text._of_kernel(KERNEL)(text) == random_text._pairs(text)
