"""What a call is given that lets somebody in: `login("bob", "…")`, `basic_auth(user, Some("…"))`, `auth("…")`.

Every language has its libraries, so the callee tells by a word in its name, and of the strings that it is given one is
taken that looks like a password (`passwords`). So does a line that speaks of passwords: `find("#password").type("…")`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress_proxy.scan.beginnings import lowered
from egress_proxy.scan.passwords import password_like, surely_password
from egress_proxy.scan.rule import Rule, Span, spans_of

_CALLEES = (
    "auth|login|connect|credential|passw|passphrase|ftp|smtp|imap|ldap|bind|hmac|sequelize|database|datasource|forurl"
    "|digest|encrypt|decrypt|cipher|fernet|secret|mongo|redis|amqp|mqtt|session|token|crypt|certificate|x509|keyspec"
    "|privatekey|loadkey"
)
_SPEAKS = "passw|passphrase|pwd|user-secrets"
_REACH = 240  # from a callee to what it is given
_CALLEE = re.compile(rf"(?:{_CALLEES}|(?<![a-z])sign)[\w:<>]{{0,40}}+!?\(")
_SPEAKING = re.compile(_SPEAKS)
# Without a space, with a digit or a sign, and with a capital or a sign.
_SIGNS = "!#$%^&*?@+~"
_STRING = re.compile(
    rf"(?P<quote>[\"'])(?=[^\s\"']{{0,95}}?[0-9{_SIGNS}])(?=[^\s\"']{{0,95}}?[A-Z{_SIGNS}])(?P<s>[^\s\"'`;{{}}()<>\\]{{8,96}}+)(?P=quote)"
)
_AFTER = re.compile(r"(?:\.(?:toCharArray|getBytes|encode|to_string|into|as_bytes)\([^)\n]{0,20}\)|\))*[ \t]*+[,)]")
_BEFORE = re.compile(r"(?:[(,][ \t]*+(?:Some\(|new SecureString\(|b|N|@)?|: ?)\Z")
_BEFORE_REACH = 24
# A client of some service, and its key: hexadecimal, as hashes are.
_CLIENT = re.compile(
    r"(?:client|search)\([ \t]*+(?:[\"']?[\w. -]{1,60}[\"']?,[ \t]*+){1,3}[\"'](?P<s>[0-9a-f]{32})[\"']", re.IGNORECASE
)
_CHARACTERS = re.compile(r"\"(?P<s>[^\"\n]{6,120}+)\"\.toCharArray\(\)")


def _given(line: str) -> Iterator[Span]:
    speaks: bool | None = None
    for string in _STRING.finditer(line):
        value = string["s"]
        if not password_like(value):
            continue
        if surely_password(value):
            if speaks is None:
                speaks = _SPEAKING.search(lowered(line)) is not None
            if speaks:
                yield string.span("s")
                continue
        start = string.start()
        if (
            _BEFORE.search(line, max(0, start - _BEFORE_REACH), start)
            and _AFTER.match(line, string.end())
            and _CALLEE.search(lowered(line[max(0, start - _REACH) : start]))
        ):
            yield string.span("s")


def _characters(line: str) -> Iterator[Span]:
    yield from (found.span("s") for found in _CHARACTERS.finditer(line) if password_like(found["s"]))


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
        rf"(?:{_CALLEES}|sign)[\w:<>]*!?\([^\n]*[\"'][^\"'\s]*[0-9{_SIGNS}]",
        _given,
        caseless=True,
        strong=False,
        also=(rf"(?:{_SPEAKS})[^\n]*[\"'][^\s\"']*[0-9{_SIGNS}][^\s\"']*[\"']",),
    ),
    Rule("login-call", r"[\"']\.to(?:char|uni)array\(", _characters, caseless=True, strong=False),
)
