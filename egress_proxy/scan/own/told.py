"""Passwords that a report tells of: what was typed, who logged in with what, a word below its label.

It asked for a password and I typed q7Zr-2Lk9.     Log in as bob using q7Zr-2Lk9.     Password
                                                                                      q7Zr-2Lk9
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress_proxy.scan.drawn import drawn
from egress_proxy.scan.passwords import noted, surely_password, unmistakable
from egress_proxy.scan.patterns import Pattern
from egress_proxy.scan.prose import bare_password
from egress_proxy.scan.random_tokens import is_value
from egress_proxy.scan.rule import Rule, Scope, Span
from egress_proxy.scan.values import looks_random

_USER = r"[A-Za-z][\w.@+-]{1,60}"
_WORD = r"[^\s\"'`<>(){}\[\],;|]"
_ODD = r"[^\s\"'`<>(){}\[\],;|]{0,24}[0-9!#$%^&*?@+~]"
_LAST = r"[^\s\"'`<>(){}\[\],;|.:]"
_HEX = re.compile(r"[0-9a-f]{16,64}")


def _of_user(value: str) -> bool:
    """What stands behind a user's name, where it can be nothing else."""
    return unmistakable(value) or drawn(value) or (noted(value) and looks_random(value))


def _of_row(value: str) -> bool:
    return noted(value) or drawn(value) or _HEX.fullmatch(value) is not None


PATTERNS = (
    Pattern(
        "secret-in-prose",
        r"(?:passw(?:or)?d|passphrase|passcode|PIN)\b[^\n.:;]{0,60}?[ ](?:typed|entered|gave[ ]it|used|tried)[ ]"
        rf"[`\"']?(?P<s>{_WORD}{{4,100}}{_LAST})",
        bare_password,
        strong=False,
        prefilter=rf"(?:typed|entered|gave it|used|tried)[ ][`\"']?{_ODD}",
    ),
    Pattern(
        "secret-in-prose",
        rf"\buse[ ][`\"']?(?P<s>{_WORD}{{4,100}}{_LAST})[`\"']?[ ]for[ ](?:the[ ]|my[ ]|our[ ])?"
        r"(?:sudo|su|root|admin|login|ssh|vpn|unlock|keychain|master)[ ](?:prompt|password|login|passphrase|account)",
        bare_password,
        strong=False,
        prefilter=r"[ ]for[ ](?:the[ ]|my[ ]|our[ ])?(?:sudo|su|root|admin|login|ssh|vpn|unlock|keychain|master)[ ]"
        r"(?:prompt|password|login|passphrase|account)",
    ),
    # Who, and with what: `Enter bob and …`, `bob with … worked`.
    Pattern(
        "noted-login",
        rf"\b(?:enter|gib)[ ]{_USER}[ ](?:and(?:[ ]then)?|then|und(?:[ ]dann)?|/)[ ]"
        rf"(?P<s>{_WORD}{{5,100}}{_LAST})(?=[.,;]?(?:[ ]an\b|[ \t]*(?![^\n])))",
        _of_user,
        strong=False,
        prefilter=rf"(?:enter|gib)[ ][\w.@+-]+[ ](?:and|then|und|/)[ ](?:then[ ]|dann[ ])?{_ODD}",
    ),
    Pattern(
        "noted-login",
        rf"(?<![\w-]){_USER}[ ](?:with|and|/)[ ](?P<s>{_WORD}{{5,100}}{_LAST})[ ]"
        r"(?:worked|works|succeeded|got[ ](?:me|us|in))\b",
        _of_user,
        strong=False,
        prefilter=r"[0-9!#$%^&*?@+~][^\s\"'`<>]{0,40}[ ](?:worked|works|succeeded|got[ ](?:me|us|in))",
    ),
    Pattern(
        "secret-in-prose",
        r"\berlang[ .]cookie\b[^\n:]{0,40}(?:[ ]is[ ]|:)[ `\"']{0,3}(?:\r?\n[ \t]*)?"
        r"(?P<s>[0-9A-Za-z]{16,64})(?![0-9A-Za-z])",
        strong=False,
        scope=Scope.NEAR,
        prefilter=r"erlang[ .]cookie",
    ),
)

_LABEL = re.compile(
    r"[ \t>*]*+(?:- )?(?:admin |root |new |your )?(?:password|passphrase|passcode|passwort|kennwort|mot de passe"
    r"|contraseña|senha|pwd)(?:\*\*)?:?[ \t]*\r?\n(?:[ \t]*\r?\n)?[ \t>]*[\"'`*]{0,3}(?P<s>[^\s\"'`]{5,200})"
    r"[\"'`]{0,3}[ \t]*\r?(?![^\n])",
    re.IGNORECASE,
)
_PLURAL = re.compile(
    r"(?:\b(?:passwords|credentials|logins)|\buser(?:name)?s?[ ]?/[ ]?pass\w*\)?:?)[ \t]*\r?\n",
    re.IGNORECASE,
)
_ROW = re.compile(
    rf"[ \t>*•-]*(?:\d{{1,2}}[.)][ ])?`?{_USER}`?[ \t]*(?:→|->|=>|[:/|=\u2013\u2014])[ \t]*`?"
    r"(?P<s>(?!//)[^\s\"'`]{5,200})`?[ \t]*\r?(?=\n|\Z)"
)
_MOST = 64


def _below_label(text: str) -> Iterator[Span]:
    """The word below a label that stands alone on its line."""
    if (found := _LABEL.match(text)) and (surely_password(found["s"]) or is_value(found["s"], password=True)):
        yield found.span("s")


def _rows(text: str) -> Iterator[Span]:
    """What is beside each user in a list whose heading says that these are passwords."""
    head = _PLURAL.search(text, 0, text.find("\n") + 1)
    at = head.end() if head else len(text)
    for _ in range(_MOST):
        row = _ROW.match(text, at)
        if row is None:
            return
        if _of_row(row["s"]):
            yield row.span("s")
        at = row.end() + 1


_LABELS = r"(?:password|passphrase|passcode|passwort|kennwort|mot de passe|contrase[an]a|senha|pwd)"
RULES = (
    Rule(
        "secret-below-its-name",
        rf"(?:\n|\A)[ \t>*]*(?:- )?(?:admin |root |new |your )?{_LABELS}\**:?[ \t]*\r?\n",
        _below_label,
        caseless=True,
        scope=Scope.NEAR,
        strong=False,
    ),
    Rule(
        "noted-login",
        r"(?:passwords|credentials|logins|/[ ]?pass[a-z]*\)?:?)[ \t]*\r?\n",
        _rows,
        caseless=True,
        scope=Scope.LIST,
        strong=False,
    ),
)
