"""Keys and passwords that are told by what stands beside them: a user, a pair of keys, a call that builds something,
an address of mail, a cookie's name; and those whose own form is rare enough where a password belongs.

{"username": "bob", "key": "…"}        "primaryKey": "…"        its private key (0x…)        .pass(Some("…"))
bob@box.example / …                    Guest wifi → …           password LQCHJOGHTX          taDP mJ2N ClAM FmRn …
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from egress_proxy.scan.passwords import noted, password_like, unmistakable
from egress_proxy.scan.patterns import Pattern
from egress_proxy.scan.random_text import masked, random_score
from egress_proxy.scan.random_tokens import is_value
from egress_proxy.scan.rule import Rule, Scope, Span
from egress_proxy.scan.values import looks_random

_RANDOM, _SURELY_RANDOM = 0.42, 0.5
_KINDS = re.compile("[a-z]"), re.compile("[A-Z]"), re.compile("[0-9]")
_HEX = re.compile(r"[0-9a-f ]+|[0-9A-F ]+")
_OF_ADDRESS = re.compile(r"[.:]")
_LEAST_HEX = 32
_FEWEST = 6  # groups of four
_ODD = r"[^\s\"'`<>(){}\[\]|]{0,24}[0-9!@#$%^&*+?~]"
_MAIL = r"[\w.+-]{1,40}@[\w-]{1,40}(?:\.[\w-]{1,40}){1,4}"
_WORD = r"[^\s\"'`<>(){}\[\],;/|]"


def _of_user(value: str) -> bool:
    return is_value(value, password=False)


def _of_service(value: str) -> bool:
    """A key as services make two of, to change one after the other: a table's primary key is called the same."""
    return all(kind.search(value) for kind in _KINDS) and random_score(value) >= _SURELY_RANDOM and not masked(value)


def _drawn_letters(value: str) -> bool:
    """Letters of one case that are no word."""
    return random_score(value) >= _SURELY_RANDOM and not masked(value)


def _in_fours(value: str) -> bool:
    """Whether groups of four are of all letters and digits, each once."""
    groups = value.replace("-", " ").split(" ")
    if len(groups) < _FEWEST or len(set(groups)) < len(groups) or _HEX.fullmatch(value):
        return False
    return all(kind.search(value) for kind in _KINDS) and random_score("".join(groups)) >= _RANDOM


def _of_cookie(value: str) -> bool:
    return looks_random(value) and (_HEX.fullmatch(value) is None or len(value) >= _LEAST_HEX)


def _beside_user(value: str) -> bool:
    return unmistakable(value) or (noted(value) and sum(map(str.isdigit, value)) > 1 and not _OF_ADDRESS.search(value))


# A name, and groups of four behind it or in the lines below.
_GROUPED = re.compile(
    r"(?:app|application|recovery|security|backup|google|gmail)[ -](?:specific[ ])?(?:passw(?:or)?[dt]|key)(?![a-z])",
    re.IGNORECASE,
)
_FOURS = re.compile(
    r"(?:(?:^|\n)[ \t>]*|[:=(\"'`*][ \t]*+)"
    r"(?P<s>[0-9A-Za-z]{4}(?>[ -][0-9A-Za-z]{4}(?![0-9A-Za-z])){3,15}+)(?![ -]?\w)"
)
_AFTER, _MOST = 240, 16
_OF_LETTERS = 4  # groups of letters alone


def _grouped(text: str) -> Iterator[Span]:
    end = text.find("\n")
    names = islice(_GROUPED.finditer(text, 0, len(text) if end < 0 else end), _MOST)
    for name in names:
        fours = _FOURS.search(text, name.end(), name.end() + _AFTER)
        if fours is None:
            return
        value = fours["s"]
        letters = value.islower() and value.count(value[4]) == _OF_LETTERS - 1 and value.replace(value[4], "").isalpha()
        if (letters and "ass" in name[0] and _drawn_letters(value.replace(value[4], ""))) or _in_fours(value):
            yield fours.span("s")
            return


_USER_NAME = r"[\"']?(?:user(?:_?name)?|e-?mail|account)[\"']?"
_KEY = r"[\"']?key[\"']?[ \t]*+[:=][ \t]*+[\"'](?P<%s>[0-9A-Za-z+/_=-]{20,200}+)[\"']"
_KEY_LOOSE = r"[\"']?key[\"']?[ \t]*[:=][ \t]*[\"'][0-9A-Za-z+/_=-]{8}"
_SAYS = r"(?:[ ](?:is|was|ist|lautet|still))?[ ]?[:=]?[ ]{1,3}[`\"'*]{0,2}"
PATTERNS = (
    # What a user is let in with, in one line with the name.
    Pattern(
        "secret-assignment",
        rf"{_USER_NAME}[ \t]*+[:=][ \t]*+[\"'][^\"'\n]{{1,80}}+[\"'][ \t]*+,[ \t]*+{_KEY % 's'}",
        _of_user,
        prefilter=rf",[ \t]*{_KEY_LOOSE}",
        named=True,
        strong=False,
    ),
    Pattern(
        "secret-assignment",
        rf"(?<![\w-]){_KEY % 's'}[ \t]*+,[ \t]*+{_USER_NAME}[ \t]*+[:=][ \t]*+[\"']",
        _of_user,
        prefilter=rf"{_KEY_LOOSE}[^\s\"']*[\"'][ \t]*,[ \t]*[\"']?(?:user|e-?mail|account)",
        named=True,
        strong=False,
    ),
    # Of two keys, or of those that a column is closed with.
    Pattern(
        "secret-assignment",
        r"(?:primary|secondary|deterministic)[ _-]?(?:read-?only[ _-]?)?(?:master[ _-]?)?key[\"']?[ \t]*+(?:=>?|:)"
        r"[ \t]*+[\"']?(?P<s>[0-9A-Za-z+/_-]{24,100}+={0,2})(?![0-9A-Za-z+/_=.-])",
        _of_service,
        prefilter=r"(?:primary|secondary|deterministic)[ _-]?(?:read-?only[ _-]?)?(?:master[ _-]?)?key[\"']?[ \t]*"
        r"(?:=>?|:)[ \t]*[\"']?[0-9A-Za-z+/_-]{8}",
        named=True,
        strong=False,
    ),
    # Of a wallet: an address has fewer digits, and a hash another name.
    Pattern(
        "wallet-key",
        r"(?:private|secret|signing|deployer|wallet|funded)[ _-]?key[`\"'*]{0,3}(?:[ ](?:is|was|of[ ][\w.-]{1,24}))?"
        r"[ ]?[(\[:=—-]{0,2}[ ]?[`\"']?0x(?P<s>[0-9a-f]{64})(?![0-9a-f])",
        prefilter=r"key[`\"'*~]{0,3}(?:[ ](?:is|was|of[ ][\w.-]+))?[ ]?[(\[:=~-]{0,2}[ ]?[`\"'~]?0x[0-9a-f]{16}",
    ),
    # What builds a client, wrapped.
    Pattern(
        "login-call",
        r"\.(?:with_?|set_?)?(?:pass(?:word|wd|phrase)?|pwd|secret|api_?key|token|credentials?)\("
        r"(?:[^()\n]{0,60}\(){1,2}[&b]?[\"'](?P<s>[^\s\"']{6,200}+)[\"'][ \t]*+\)",
        password_like,
        prefilter=r"(?:pass|password|passwd|passphrase|pwd|secret|key|token|credentials?)\([^()\n]+\([^()\n\"']*[\"']"
        r"[^\s\"']{6}",
        strong=False,
    ),
    # Letters of one case: as printed on a label.
    Pattern(
        "secret-in-prose",
        rf"(?:[Pp]assword|[Pp]asswort|PASSWORD){_SAYS}(?P<s>[A-Z]{{8,24}}+)(?![\w-])",
        _drawn_letters,
        caseless=False,
        prefilter=r"(?:asswor[dt]|PASSWORD)(?:[ ](?:is|was|ist|lautet|still))?[ ]?[:=]?[ ]{1,3}[`\"'*~]{0,2}[A-Z]{8}",
        strong=False,
    ),
    Pattern(
        "secret-in-prose",
        rf"(?:[Pp]assword|[Pp]asswort|PASSWORD){_SAYS}(?P<s>[a-z]{{10,24}}+)"
        r"(?=[`\"'*]{0,2}(?:[.,;)]?[ \t]*(?![^\n])|[ ]\())",
        _drawn_letters,
        caseless=False,
        prefilter=r"(?:asswor[dt]|PASSWORD)(?:[ ](?:is|was|ist|lautet|still))?[ ]?[:=]?[ ]{1,3}[`\"'*~]{0,2}"
        r"[a-z]{10}[a-z]*[`\"'*~]{0,2}(?:[.,;)]?[ \t]*(?:\r?\n|\z)|[ ]\()",
        strong=False,
    ),
    # In a sentence, beside a cookie that has a name: `the `JSESSIONID` cookie (…)`.
    Pattern(
        "session-cookie",
        r"(?<![\w.-])[`\"'*]?(?=[\w.-]{0,40}(?:sess|sid|auth|token|remember|csrf|xsrf|jwt|login))[\w.-]{3,60}"
        r"[`\"'*]?[ ]cookie[`\"'*]?(?:[ ](?:is|was|value|of|with))?[ ]?[(:=]?[ ]?[`\"'*]?"
        r"(?P<s>[0-9A-Za-z%._~+/|-]{20,400}+={0,2}(?<![._-]))",
        _of_cookie,
        prefilter=r"cookie[`\"'*~]?(?:[ ](?:is|was|value|of|with))?[ ]?[(:=]?[ ]?[`\"'*~]?[0-9A-Za-z%._~+/|-]{20}",
        strong=False,
    ),
    # Behind somebody's address of mail, in any sentence: a host or a time may stand there as well.
    *(
        Pattern(
            "noted-login",
            rf"(?<![\w.+/:-]){_MAIL}[`*]{{0,2}}{sign}[`*]{{0,2}}(?P<s>{_WORD}{{6,64}}?)"
            r"(?=[`*]{0,2}(?:[.,;)!?]{0,2}(?:[ \t]|(?![^\n]))))",
            check,
            prefilter=rf"@[\w-]+\.[\w.-]+[`*]{{0,2}}{sign}[`*]{{0,2}}{_ODD}",
            strong=False,
        )
        for sign, check in (("[ ]?/[ ]?", _beside_user), (r"(?:[ ]\(|:)", unmistakable))
    ),
    # Of a network that is open to guests.
    Pattern(
        "device-password",
        rf"\bwi-?fi[^\n:=]{{0,24}}?[ ]?(?:→|->|=>|=|:)[ ][`\"'*]{{0,2}}(?P<s>{_WORD}{{8,63}}?)(?=[`\"'*]{{0,2}}"
        r"(?:[.,;]?(?:[ \t]|(?![^\n]))))",
        _beside_user,
        prefilter=rf"wi-?fi[^\n]*(?:~|->|=>|=|:)[ ][`\"'*~]{{0,2}}{_ODD}",
        strong=False,
    ),
)
RULES = (
    Rule(
        "one-time-code",
        r"(?:app|application|recovery|security|backup|google|gmail)[ -](?:specific[ ])?(?:passw(?:or)?[dt]|key)"
        r"(?:[^a-z]|\z)",
        _grouped,
        caseless=True,
        scope=Scope.NEAR,
        strong=False,
    ),
)
