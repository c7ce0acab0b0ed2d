"""What a call is given that lets somebody in: `login("bob", "…")`, `basic_auth(user, Some("…"))`, `auth("…")`.

Every language has its libraries, so the callee tells by a word in its name, and of the strings that it is given one is
taken that looks like a password: not like a host, a user, a path, a word or an algorithm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress_proxy.scan.passwords import password_like, surely_password
from egress_proxy.scan.rule import Rule, Span, spans_of

_CALLEES = (
    "auth|login|connect|credential|passw|passphrase|ftp|smtp|imap|ldap|bind|hmac|sequelize|database|datasource|forurl"
    "|digest|encrypt|decrypt|cipher|fernet|secret|mongo|redis|amqp|mqtt|session|token|crypt|certificate|x509|keyspec|privatekey|loadkey"
)
_REACH = 240
_CALLEE = re.compile(rf"(?:{_CALLEES}|(?<![a-z])sign)[\w:<>]{{0,40}}+!?\(", re.IGNORECASE)
_STRING = re.compile(r"(?P<quote>[\"'])(?P<s>(?:(?!(?P=quote))[^\n\\]|\\[^\n]){4,120}+)(?P=quote)")
_AFTER = re.compile(r"(?:\.(?:toCharArray|getBytes|encode|to_string|into|as_bytes)\([^)\n]{0,20}\)|\))*[ \t]*+[,)]")
_BEFORE = re.compile(r"(?:[(,][ \t]*+(?:Some\(|new SecureString\(|b|N|@)?|: ?)\Z")


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


# A client of some service, and its key: hexadecimal, as hashes are.
_CLIENT = re.compile(
    r"(?:client|search)\([ \t]*+(?:[\"']?[\w. -]{1,60}[\"']?,[ \t]*+){1,3}[\"'](?P<s>[0-9a-f]{32})[\"']", re.IGNORECASE
)
# Between quotes on a line that speaks of passwords: `find("#password").type("…")`.
_SPEAKS = "passw|passphrase|pwd|user-secrets"
_QUOTED = re.compile(r"(?P<quote>[\"'])(?P<s>[^\s\"'`]{8,64}+)(?P=quote)")


def _quoted(line: str) -> Iterator[Span]:
    yield from (found.span("s") for found in _QUOTED.finditer(line) if surely_password(found["s"]))


RULES = (
    Rule(
        "login-call",
        r"(?:client|search)\([^\n]*[\"'][0-9a-f]{32}[\"']",
        spans_of(_CLIENT, 1),
        caseless=True,
        strong=False,
    ),
    Rule(
        "login-call",
        rf"(?:{_SPEAKS})[^\n]*[\"'][^\s\"']*[0-9!#$%^&*?@+~][^\s\"']*[\"']",
        _quoted,
        caseless=True,
        strong=False,
    ),
    Rule(
        "login-call",
        rf"(?:{_CALLEES}|sign)[\w:<>]*!?\([^\n]*[\"'][^\"'\n]*[0-9!#$%^&*?@+~]",
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
