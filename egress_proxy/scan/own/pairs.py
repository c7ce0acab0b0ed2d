"""Who and a password with a sign between, where a sentence, a chat or a list of steps has them.

rparker: elastic / q7Zr-2Lk9    Enter `bob` and `q7Zr-2Lk9`.    staging (bob:q7Zr-2Lk9)    credentials: bob / …
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress_proxy.scan.passwords import chosen, noted, surely_password, unmistakable
from egress_proxy.scan.patterns import Pattern
from egress_proxy.scan.rule import Rule, Scope, Span

_USER = r"[A-Za-z][\w.@+-]{1,60}"
_WORD = r"[^\s\"'`<>(){}\[\],;/|]"
_ODD = r"[^\s\"'`<>(),;/|]{0,24}[0-9!#$%^&*?@+~]"
_SPEAKS = re.compile(
    r"(?<![a-z])(?:log-?ins?|sign-?in|creds?|credentials|accounts?|auth|passw\w*|pw|admin|users?|access|zugang\w*|anmeld\w*|konto"
    r"|identifiants|acceso)(?![a-z])",
    re.IGNORECASE,
)
_AT_END = re.compile(
    rf"(?<![^\s*`:>(]){_USER}[*`]{{0,2}}[ ]//?[ ][*`]{{0,2}}(?P<s>{_WORD}{{8,64}}?)[*`.)]{{0,3}}[ \t]*(?![^\n])"
)


def _at_end(text: str) -> Iterator[Span]:
    """What ends a message; `text` is what stands above, and the line."""
    line = text.rfind("\n") + 1
    if found := _AT_END.search(text, line):
        value = found["s"]
        if surely_password(value) or (chosen(value) and _SPEAKS.search(text) is not None):
            yield found.span("s")


# And in lines with a word for a secret.
_ANNOUNCES = r"(?:zugangsdaten|logindaten|zugang|identifiants|acceso|basic[ -]auth(?:entication)?)"
_ANNOUNCES_TOO = r"(?:credentials?|creds)"
_ANNOUNCED = (
    r"(?:[ ][^\n:=()|]{1,40}?)?(?:(?:[ ]?[:=]|[ ]\()[ ]?|[ ](?:are|is|ist|sind"
    r"|sont)[ ]:?)"
    rf"[`*\"']{{0,2}}{_USER}[`*\"']{{0,2}}(?:[ ]?[/|][ ]?|,[ ]|:)[`*\"']{{0,2}}(?P<s>{_WORD}{{5,64}}[^\s\"'`<>(),;/"
    rf"|.:*])"
)
_ANNOUNCED_LOOSE = rf"[^\n=|]*[ :=(`*\"~][\w.@+-]+[`*\"']{{0,2}}(?:[ ]?[/|][ ]?|,[ ]|:)[`*\"']{{0,2}}{_ODD}"
PATTERNS = (
    Pattern(
        "noted-login", rf"\b{_ANNOUNCES}{_ANNOUNCED}", noted, prefilter=_ANNOUNCES + _ANNOUNCED_LOOSE, strong=False
    ),
    Pattern(
        "noted-login",
        rf"`{_USER}`[ ](?:and|und|et|y|e|en|/|with|mit|then)[ ]`(?P<s>[^\s`]{{6,64}})`",
        unmistakable,
        prefilter=r"`[ ](?:and|und|et|y|e|en|/|with|mit|then)[ ]`[^\s`]{6,64}`",
        strong=False,
    ),
    # Behind an address: `http://192.168.1.1, admin, …`.
    Pattern(
        "noted-login",
        rf"://[^\s,;]{{3,100}}+[,;][ ]{_USER}[,;][ ](?P<s>{_WORD}{{6,64}}?)\.?[ \t]*(?![^\n])",
        noted,
        prefilter=rf"://[^\s,;]+[,;][ ][\w.@+-]+[,;][ ]{_ODD}",
        strong=False,
    ),
    # In brackets, of users that many machines have.
    Pattern(
        "noted-login",
        r"\((?:user[ ])?[`'\"]?(?:root|admin|elastic|postgres)"
        r"[`'\"]?"
        rf"(?:,[ ]|:[ ]?|[ ]?/[ ]?)[`'\"]?(?P<s>{_WORD}{{6,64}})[`'\"]?\)",
        unmistakable,
        strong=False,
    ),
    # What a host is told before it takes mail: `[smtp.example.org]:587 bob@example.org:…`.
    Pattern(
        "command-login",
        rf"^[ \t]*+\[?[\w.-]{{3,100}}\]?:(?:25|465|587|2525)[ \t]++{_USER}:(?P<s>[^\s\"'`:/]{{6,120}})[ \t]*(?![^\n])",
        noted,
        prefilter=r":(?:25|465|587|2525)[ \t]+[\w.@+-]+:[^\s\"'`:/]{6}",
        strong=False,
    ),
    # What was found out of a hash.
    Pattern(
        "command-login",
        r"^(?:[0-9a-f]{32,128}|\$[0-9a-z]{1,9}\$[^\s:]{20,160}):(?P<s>[^\s:]{5,64})[ \t]*(?![^\n])",
        unmistakable,
        prefilter=r"[0-9a-z./$]{20}:[^\s:]{5,64}[ \t]*(?:\r?\n|\z)",
        strong=False,
    ),
)
_TOO = re.compile(rf"\b{_ANNOUNCES_TOO}{_ANNOUNCED}", re.IGNORECASE)


def _announced(line: str) -> Iterator[Span]:
    for found in _TOO.finditer(line):
        if noted(found["s"]):
            yield found.span("s")


RULES = (
    Rule(
        "noted-login",
        "",
        _announced,
        caseless=True,
        strong=False,
        said=(rf"{_ANNOUNCES_TOO}[ :=]{_ANNOUNCED_LOOSE}",),
    ),
    Rule(
        "noted-login",
        r"[ ]//?[ ][*`~]{0,2}[^\s\"'`<>(),;/|]{0,24}[0-9][^\s\"'`<>(),;/|]{0,60}[*`~.)]{0,3}[ \t]*(?:\r?\n"
        r"|\z)",
        _at_end,
        scope=Scope.BELOW,
        strong=False,
    ),
)
