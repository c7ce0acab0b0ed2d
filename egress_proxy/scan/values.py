"""What a value is: a template, a mask, a word, an expression of code, or something that could be a secret."""

from __future__ import annotations

import re

from egress_proxy.scan.random_text import masked, random_score, words

_PLACEHOLDER = re.compile(
    r"[*x.X]+|\[.*|\$.*|\{.*|%.*|<.*|redacted|password|passwd|pass|secret|pw|pwd|token|api[_-]?key|auth[_-]?token|app[_-]?key|secret[_-]?key|client[_-]?secret|user[_-]?id|.*\$\{.*"
    r"|(?-i:[A-Z]{2,}(?:_[A-Z]+)*_?(?:DB)?PASS(?:WORD|WD)?|[A-Z]{2,}(?:_[A-Z]+){0,4}_(?:KEY|SECRET|TOKEN))",
    re.IGNORECASE,
)
_WORDY = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{4,}")
_DIGIT, _LETTER = re.compile("[0-9]"), re.compile("[A-Za-z]")
_ENOUGH, _LETTERS = 0.42, 0.5

NOT_A_VALUE = words(
    """
    true false none null nil undefined yes no on off required optional string str bool boolean int integer
    number bytes object any unknown void secret password token key value test example changeme todo tbd empty
    unset default redacted hidden masked omitted bearer basic public anonymous guest pass passwd pwd username
    user define name notblank notempty contrasenya contraseña contrasena пароль hasło parola senha passwort kennwort
    wachtwoord lösenord salasana heslo パスワード 密码 密碼 비밀번호 암호 პაროლი şifre sifre jelszó lozinka
    adgangskode passord
    """
)


# A whole setting: a name of one case, a sign, and enough behind it. Padding of base64 is no sign.
_SETTING = re.compile(r"[?&]?-{0,2}(?P<name>[a-z][a-z0-9_.-]{2,40}|[A-Z][A-Z0-9_]{2,40})=(?![=\s])(?=\S{8})")
_RANDOM_NAME = 0.5


def behind_name(value: str) -> int:
    """Where the value begins of what is a setting itself: `API_KEY=…` in code marks, `mistral=…` behind an option."""
    setting = _SETTING.match(value)
    return setting.end() if setting and random_score(setting["name"]) < _RANDOM_NAME else 0


def not_placeholder(value: str) -> bool:
    """Whether a password in a URL is one, and not a template, a mask or our own placeholder."""
    return _PLACEHOLDER.fullmatch(value) is None


def word_share(value: str) -> float:
    """The part of the letters and digits that stands in words: 1 for prose, near 0 for random ones."""
    total = sum(map(str.isalnum, value))
    return sum(len(word) for word in _WORDY.findall(value)) / total if total else 1.0


def mixed(value: str) -> bool:
    """Letters and digits."""
    if value.isascii():
        return _DIGIT.search(value) is not None and _LETTER.search(value) is not None
    return any(map(str.isdigit, value)) and any(map(str.isalpha, value))


def looks_random(value: str) -> bool:
    """Letters and digits, and not words: `a8Kd03mX…`, not `authentication-middleware-2`."""
    if not mixed(value) or len(set(value)) < 6 or masked(value):  # noqa: PLR2004  `aaaa1111` is a mask
        return False
    return word_share(value) < 0.6 or random_score(value) >= _ENOUGH  # noqa: PLR2004  measured on identifiers


def concrete(value: str) -> bool:
    """Whether something in a credential's place is one: random, also without a digit if it is long."""
    return looks_random(value) or (len(value) >= 16 and random_score(value) >= _LETTERS and not masked(value))  # noqa: PLR2004
