"""Assignments as people paste them: `DB_PASSWORD=…` in an env file, `token: …` in YAML, `"access_token": "…"` in JSON.

The most common shape of a leak, and the one that detect-secrets sees only where a whole file parses as INI. A name
decides how much its value must look like a secret: in an env file whatever a `*_PASSWORD` is set to is one, in code
`token = next_token` is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress_proxy.scan.rule import Rule, Span

# A name ends in the word that makes it secret: TOKEN_LIMIT, SSH_KEY_PATH and max_tokens are something else.
_NAME = re.compile(
    r"(?:(?P<pass>passw(?:or)?d|passphrase|passcode|secrets?|(?<![^\W_])(?:pwd|pass))"
    r"|(?<![^\W_])(?P<token>token|credentials?|cred|auth|jwt|pat)"
    r"|(?<![^\W_])(?P<key>(?:api|access|account|auth|client|database|db|deploy|encryption|jwt|license|master|private|secret|service"
    r"|session|shared|signing|storage|webhook|hmac|encrypt)[_-]?key))(?!\w)",
    re.IGNORECASE,
)
_CAMEL = re.compile(
    r"(?:(?P<pass>Pwd)|(?P<token>Token|Credential)"
    r"|(?P<key>(?:[aA]pi|[aA]ccess|[cC]lient|[pP]rivate|[sS]ecret|[sS]igning|[eE]ncryption)Key))(?!\w)"
)
_KEY_ONLY = re.compile(r"(?<=[A-Z0-9])_KEY(?!\w)")
_ASSIGN = re.compile(r"[]\"']{0,2}+(?P<space>[ \t]*+)(?:=>|:=|=|:)(?P<after>[ \t]*+)(?P<quote>[\"']?)")
_CLOSING = ",;)}]"
_LINE_START = re.compile(r"\s*(?:(?:export|set|ENV|ARG)[ \t]+)?[\w.-]*")
_BARE_LINE = re.compile(r"[^\s\"'`#]++(?: [^\s\"'`#()=]++){0,7}+(?=[ \t]*(?:\#|$))")
# A value is judged by its beginning, so that a run with a name in every place is not read again for each of them.
_BARE = re.compile(r"[^\s\"'`]{1,256}+")
_QUOTED = re.compile(r"[^\"']{1,256}+")
_BARE_REST = re.compile(r"[^\s\"'`]*+")
_QUOTED_REST = re.compile(r"[^\"']*+")
_PREFILTER = (
    r"(?:passw(?:or)?d|passphrase|passcode|pwd|pass|secrets?|token|credentials?|cred|auth|jwt|pat|key)"
    r"[\]\"']{0,2}[ \t]*[=:]"
)

_WORDY = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{4,}")
_TYPE = re.compile(
    r"(?:u?int|float|bytes|sha|aes|rsa|utf-?|base|md|es|hs|rs|i|u|f)[-_]?\d+(?:be|le)?|\d+(?:\.\d+)*(?:ms|[smhdkKMGTB]{1,2})?",
    re.IGNORECASE,
)
# fmt: off
_NOT_A_VALUE = frozenset({
    "true", "false", "none", "null", "nil", "undefined", "yes", "no", "on", "off", "required", "optional",
    "string", "str", "bool", "boolean", "int", "integer", "number", "bytes", "object", "any", "unknown", "void",
    "secret", "password", "token", "key", "value", "test", "example", "changeme", "todo", "tbd", "empty", "unset",
    "default", "redacted", "hidden", "masked", "omitted", "bearer", "basic",
})
# fmt: on
_EXPRESSION = re.compile(r"\$[A-Za-z_]\w*(?:[/:.].*)?|\$[{(\[].*|[<{\[(%*@&|`].*|.*[({\[<].*", re.DOTALL)
_ATTRIBUTE = re.compile(r"[A-Za-z_]\w*(?:(?:\.|::|->)[A-Za-z_]\w*)+")
_PATH = re.compile(r"(?:~|\.{0,2})/[\w.@+-]*(?:/[\w.@+-]*)*|[A-Za-z]:\\.*|(?:[\w.-]+/)+[\w.-]+\.[A-Za-z]{1,5}")
_URL = re.compile(r"[A-Za-z][\w+.-]*://[^\s@]*")


def word_share(value: str) -> float:
    """The part of the letters and digits that stands in words: 1 for prose, near 0 for random ones."""
    total = sum(char.isalnum() for char in value)
    return sum(len(word) for word in _WORDY.findall(value)) / total if total else 1.0


def looks_random(value: str) -> bool:
    """Letters and digits, and not mostly words: `a8Kd03mX…`, not `authentication-middleware-2`."""
    return (
        any(char.isdigit() for char in value)
        and any(char.isalpha() for char in value)
        and len(set(value)) >= 6  # noqa: PLR2004  `aaaa1111` is a mask
        and word_share(value) < 0.6  # noqa: PLR2004  measured on identifiers of several languages
    )


def _plausible(value: str) -> bool:
    return (
        value.lower() not in _NOT_A_VALUE
        and len(set(value)) > 2  # noqa: PLR2004  `xxxx`, `....`, `****`
        and not value.lower().startswith(("your", "my_", "my-", "example", "placeholder", "insert"))
        and _EXPRESSION.fullmatch(value) is None
        and _TYPE.fullmatch(value) is None
        and _PATH.fullmatch(value) is None
        and _URL.fullmatch(value) is None
    )


def _mixed(value: str) -> bool:
    return any(char.isdigit() for char in value) and any(char.isalpha() for char in value)


def _secret_in_env(kind: str, value: str) -> bool:
    if kind == "pass":
        return len(value) >= 4  # noqa: PLR2004  shorter ones are switches
    if kind == "token":
        return len(value) >= 8 and (_mixed(value) or len(value) >= 20)  # noqa: PLR2004
    return len(value) >= 8 and looks_random(value)  # noqa: PLR2004


def _secret_in_code(kind: str, value: str) -> bool:
    if _ATTRIBUTE.fullmatch(value):
        return False
    if kind == "pass":
        return len(value) >= 6 and _mixed(value)  # noqa: PLR2004
    return len(value) >= 12 and looks_random(value)  # noqa: PLR2004


def _values(line: str) -> Iterator[Span]:
    for pattern in (_NAME, _CAMEL, _KEY_ONLY):
        end = 0
        for name in pattern.finditer(line):
            if name.start() >= end and (span := _value(line, name)):
                yield span
                end = span[1]


def _value(line: str, name: re.Match[str]) -> Span | None:
    sign = _ASSIGN.match(line, name.end())
    if sign is None:
        return None
    kind = name.lastgroup or "key"
    tight = "=" in sign[0] and not sign["space"] and not sign["after"]
    first = tight and kind == "pass" and _LINE_START.fullmatch(line, 0, name.end()) is not None
    whole = _BARE_LINE.match(line, sign.end()) if first else None
    value = whole or (_QUOTED if sign["quote"] else _BARE).match(line, sign.end())
    if value is None:
        return None
    text = value[0] if sign["quote"] or whole else value[0].rstrip(_CLOSING)
    # Whatever an env file sets a password to is one; in code the value must look like one.
    env = whole is not None or (tight and name[0].isupper())
    if not text or not _plausible(text) or not (_secret_in_env if env else _secret_in_code)(kind, text):
        return None
    if whole:
        return whole.span()
    rest = (_QUOTED_REST if sign["quote"] else _BARE_REST).match(line, value.end())
    full = value[0] + (rest[0] if rest else "")
    return value.start(), value.start() + len(full if sign["quote"] else full.rstrip(_CLOSING))


def assigned() -> tuple[Rule, ...]:
    """The rule of assignments, quoted or not."""
    return (Rule("secret-assignment", _PREFILTER, _values, caseless=True),)
