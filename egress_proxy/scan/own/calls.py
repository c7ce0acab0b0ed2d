"""What a call is given that lets somebody in: `login("bob", "…")`, `basic_auth(user, Some("…"))`, `auth("…")`.

Every language has its libraries, so the callee tells by a word in its name, and of the strings that it is given one is
taken that looks like a password (`passwords`). So does a line that speaks of passwords: `find("#password").type("…")`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from egress_proxy.scan.beginnings import lowered
from egress_proxy.scan.code_names import is_algorithm
from egress_proxy.scan.passwords import chosen, password_like, surely_password
from egress_proxy.scan.rule import Rule, Span, spans_of

_CALLEES = (
    "auth|login|connect|credential|passw|passphrase|ftp|smtp|imap|ldap|bind|hmac|sequelize|database|datasource|forurl"
    "|digest|encrypt|decrypt|cipher|fernet|secret|mongo|redis|amqp|mqtt|session|token|crypt|certificate|x509|keyspec"
    "|privatekey|loadkey|jedis|pw_set|hashpw|hashsync|keychain|superuser|createuser|create_user|adduser|useradd"
)
_SPEAKS = "passw|passphrase|pwd|user-secrets"
_REACH = 240  # from a callee to what it is given
_FAR = 300  # from a word for a password to a string
_CLOSES, _OPENS = "])},:;", "[({,:="  # of what stands between two strings
_A_STRING = 500  # characters as they are counted of what is read: whether one is a password takes as long
# In lower case. By first letters, and with what stands before `sign` behind its own: `re` looks for letters first.
_BY_LETTER = "|".join(
    f"{letter}(?:{'|'.join(word[1:] for word in _CALLEES.split('|') if word[0] == letter)})"
    for letter in sorted({word[0] for word in _CALLEES.split("|")})
)
_CALLEE = re.compile(rf"(?:{_BY_LETTER}|s(?<![a-z]s)ign)[\w:<>]{{0,40}}+!?\(")
_SPEAKING = re.compile(rf"(?<!etc/)(?:{_SPEAKS})")
# Without a space, with a digit or a sign, and with a capital or a sign.
_SIGNS = "!#$%^&*?@+~"
_STRING = re.compile(
    rf"(?P<quote>[\"'])(?=[^\s\"']{{0,95}}?[0-9{_SIGNS}])(?=[^\s\"']{{0,95}}?(?:[A-Z{_SIGNS}]|-[a-z]+-\d))(?P<s>[^\s\"'`;{{}}()<>\\]{{8,96}}+)(?P=quote)"
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
    for string, speaks, stands in _candidates(line):
        value = string["s"]
        if is_algorithm(value) or (value[0] in _CLOSES and value[-1] in _OPENS):
            continue
        if password_like(value) and (stands or (speaks and (surely_password(value) or chosen(value)))):
            yield string.span("s")


def _candidates(line: str) -> Iterator[tuple[re.Match[str], bool, bool]]:
    """The strings of a line that are to be judged: whether the line speaks of passwords, whether a call is given it."""
    low = lowered(line)
    speaking = [found.start() for found in _SPEAKING.finditer(low)]
    callees = [found.end() for found in _CALLEE.finditer(low)]
    for string in _STRING.finditer(line):
        stands = _is_given(line, string, callees)
        speaks = _is_near(speaking, string.start())
        if stands or speaks:
            yield string, speaks, stands


def _is_near(places: Sequence[int], at: int) -> bool:
    """Whether one of these places is near: a script in one line speaks of all sorts of things."""
    near = bisect_right(places, at)
    return (near > 0 and at - places[near - 1] <= _FAR) or (near < len(places) and places[near] - at <= _FAR)


def _is_given(line: str, string: re.Match[str], callees: Sequence[int]) -> bool:
    start = string.start()
    near = bisect_right(callees, start)
    if not near or callees[near - 1] <= start - _REACH:
        return False
    before = _BEFORE.search(line, max(0, start - _BEFORE_REACH), start)
    return before is not None and _AFTER.match(line, string.end()) is not None


def _cost(line: str) -> int:
    return _A_STRING * sum(1 for _ in _candidates(line))


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
        cost=_cost,
    ),
    Rule("login-call", r"[\"']\.to(?:char|uni)array\(", _characters, caseless=True, strong=False),
)
