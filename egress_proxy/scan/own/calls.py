"""What a call is given that lets somebody in: `login("bob", "…")`, `basic_auth(user, Some("…"))`, `auth("…")`.

Every language has its libraries, so the callee tells by a word in its name, and of the strings that it is given one is
taken that looks like a password: not like a host, a user, a path, a word or an algorithm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress_proxy.scan.prose import bare_password
from egress_proxy.scan.random_text import masked, random_score
from egress_proxy.scan.rule import Rule, Span
from egress_proxy.scan.values import looks_random, not_placeholder

_CALLEES = "auth|login|connect|credential|passw|passphrase|ftp|smtp|imap|ldap"
_REACH = 240
_CALLEE = re.compile(rf"(?:{_CALLEES})\w{{0,24}}+!?\(", re.IGNORECASE)
_STRING = re.compile(r"(?P<quote>[\"'])(?P<s>(?:(?!(?P=quote))[^\n\\]|\\[^\n]){4,120}+)(?P=quote)")
_AFTER = re.compile(r"(?:\.(?:toCharArray|getBytes|encode|to_string|into|as_bytes)\([^)\n]{0,20}\)|\))*[ \t]*+[,)]")
_BEFORE = re.compile(r"(?:[(,][ \t]*+(?:Some\(|new SecureString\(|b|N|@)?|: ?)\Z")
_SIGN = re.compile(r"[!#$%^&*?@+~]")
# Addresses, data sources, templates, names of files, constants and headers.
_NO_PASSWORD = re.compile(
    r".*://.*|[\w.+-]+@[A-Za-z][\w-]*\.[\w.-]*|[\w-]+(?:\.[\w-]+)+(?::\d+)?|[A-Za-z]{1,16}:.*|.*[ =;{}()<>\\].*|/.*|.*/.*/.*"
    r"|[A-Z][A-Z0-9_-]*|[a-z0-9]+(?:[_-][a-z0-9]+)+|[A-Za-z]+\d{1,3}|[%$#.].*|.*%[sdv@].*",
    re.DOTALL,
)
_SHORTEST, _RANDOM, _SURELY_RANDOM = 8, 0.42, 0.6


def password_like(value: str) -> bool:
    """Whether a string among others is a password: with signs, or random, or of all three kinds of characters."""
    if len(value) < _SHORTEST or not not_placeholder(value) or masked(value):
        return False
    if not bare_password(value) and random_score(value) < _SURELY_RANDOM:
        return False
    if _NO_PASSWORD.fullmatch(value) and not (_SIGN.search(value) and looks_random(value) and "://" not in value):
        return False
    return _SIGN.search(value) is not None or (looks_random(value) and random_score(value) >= _RANDOM)


def _given(line: str) -> Iterator[Span]:
    done = 0
    for callee in _CALLEE.finditer(line):
        for string in _STRING.finditer(line, max(done, callee.end()), callee.end() + _REACH):
            done = string.end()
            if (
                _BEFORE.search(line, max(0, string.start() - 24), string.start())
                and _AFTER.match(line, string.end())
                and password_like(string["s"])
            ):
                yield string.span("s")


RULES = (
    Rule(
        "login-call",
        rf"(?:{_CALLEES})\w*!?\([^\n]*[\"'][^\"'\n]*[0-9!#$%^&*?@+~]",
        _given,
        caseless=True,
        strong=False,
        cost=lambda line: _REACH // 4 * len(_CALLEE.findall(line)),
    ),
    Rule(
        "login-call",
        r"[\"']\.to(?:char|uni)array\(",
        lambda line: (
            found.span("s")
            for found in re.finditer(r"\"(?P<s>[^\"\n]{6,120}+)\"\.toCharArray\(\)", line)
            if password_like(found["s"])
        ),
        caseless=True,
        strong=False,
    ),
)
