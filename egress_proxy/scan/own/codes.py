"""Codes that let in once: sent to a telephone, or kept for the day on which it is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress_proxy.scan.patterns import Pattern
from egress_proxy.scan.random_text import masked, random_score
from egress_proxy.scan.rule import Rule, Scope, Span
from egress_proxy.scan.values import mixed

_HEAD = re.compile(r"(?:backup|recovery|scratch|emergency|rescue)[ _-]codes?[^\n:]{0,60}+:?[*_]{0,2}+", re.IGNORECASE)
_CODE = r"(?=[a-z-]{0,12}\d)[0-9a-z]{4,12}(?:[- ][0-9a-z]{4,12}){0,3}"
_LINE = re.compile(
    rf"[ \t]*+(?:[-*+•][ \t]++|\d{{1,2}}[.)][ \t]++)?[\"'`]?(?P<code>{_CODE})[\"'`]?,?[ \t]*+\r?(?=\n|\Z)",
    re.IGNORECASE,
)
_SKIPPED = re.compile(r"[ \t]*+(?:```[\w-]{0,12})?[ \t]*+\r?\n")
_LISTED = re.compile(r"(?<![\w-])(?=[a-z-]{0,12}\d)[0-9a-z]{4,12}(?:-[0-9a-z]{4,12}){0,3}(?![\w-])", re.IGNORECASE)
_LIST = re.compile(rf"[ \t]*+(?:{_LISTED.pattern}[ \t]*+[,;/|]?[ \t]*+){{2,24}}", re.IGNORECASE)
_AFTER = 80  # characters between the name and its line's end
_MOST, _FEWEST = 24, 2  # codes of one list
_YEAR = re.compile(r"(?:19|20)\d\d(?:-\d\d){0,2}")


def _codes(text: str) -> Iterator[Span]:
    """The codes that are listed under their name, one a line, or after it."""
    for head in _HEAD.finditer(text):
        if listed := _LIST.match(text, head.end()):
            found = [match.span() for match in _LISTED.finditer(text, listed.start(), listed.end())]
        else:
            line_end = text.find("\n", head.end(), head.end() + _AFTER)
            found = list(_below(text, line_end + 1)) if line_end >= 0 else []
        found = [span for span in found if not _YEAR.fullmatch(text, *span)]
        if len(found) >= _FEWEST:
            yield from found


def _below(text: str, position: int) -> Iterator[Span]:
    for _ in range(_MOST):
        if line := _LINE.match(text, position):
            yield line.span("code")
            position = line.end() + 1
        elif skipped := _SKIPPED.match(text, position):
            position = skipped.end()
        else:
            return


_WORDS = {12, 15, 18, 21, 24}  # of a phrase (BIP-39)
_OF_SENTENCES = {"the", "and", "for", "are", "from", "was", "but", "our", "its", "your", "with", "must", "not", "have"}


def _phrase(value: str) -> bool:
    said = value.lower().split()
    return len(said) in _WORDS and not _OF_SENTENCES.intersection(said)


_RANDOM, _NO_WORDS, _MOST_GROUPS = 0.42, 0.3, 4


def _in_groups(value: str) -> bool:
    """Whether groups of a key are more than words of four letters."""
    groups = value.replace("-", " ").split()
    digits = sum(any(map(str.isdigit, group)) for group in groups)
    return digits > 1 or (digits == 1 and random_score("".join(groups)) >= _RANDOM)


def _drawn_letters(value: str) -> bool:
    """Whether groups of four letters are no words."""
    letters = value.replace(" ", "").replace("-", "")
    return random_score(letters) >= _NO_WORDS


def _of_product(value: str) -> bool:
    """Whether letters and digits stand together in most groups, and no group twice."""
    groups = value.split("-")
    return len(set(groups)) == len(groups) and sum(map(mixed, groups)) >= _MOST_GROUPS and not masked(value)


_OPENED = (
    r"safe|vault|door|gate|alarm|garage|lock(?:er)?|panel|building|elevator|office|server[ ]room|cabinet|tresor|coffre"
    r"|porte|kluis|deur|sejfu|drzwi|dörren"
)

PATTERNS = (
    # BitLocker's: eight groups of six digits.
    Pattern("recovery-codes", r"(?<![\w-])(?P<s>\d{6}(?:-\d{6}){7})(?![\w-])"),
    # Of what is installed: five groups of five.
    Pattern(
        "product-key",
        r"(?<![\w-])(?P<s>[0-9A-Z]{5}(?:-[0-9A-Z]{5}){4})(?![\w-])",
        _of_product,
        caseless=False,
        strong=False,
    ),
    # As applications show it to be typed: `abcd 2efg …`, in base32.
    Pattern(
        "one-time-code",
        r"(?:2fa|totp|otp|mfa|setup|authenticator|enrol)\b[^\n:=]{0,60}(?:[:=]|\bis\b)[ \t*`\"']{0,4}"
        r"(?P<s>[a-z2-7]{4}(?>[ -][a-z2-7]{4}(?![0-9a-z])){3,15}+)",
        _in_groups,
        strong=False,
    ),
    # Of sixteen letters, as Google and others make them for one program.
    Pattern(
        "one-time-code",
        r"(?:app|application|google|gmail)[ -](?:specific[ ])?passw(?:or)?[dt][\w @.'-]{0,40}?[ ]?(?:[:=(]|\bis\b)"
        r"[ ]?[`\"'*]{0,2}"
        r"(?-i:(?P<s>[a-z]{4}(?P<gap>[ -]?)[a-z]{4}(?:(?P=gap)[a-z]{4}){2}))(?=[`\"'*]{0,2}(?:[.,;)]|[ \t]*(?![^\n])|"
        r"[ ](?![a-z])))",
        _drawn_letters,
        prefilter=r"(?:app|application|google|gmail)[ -](?:specific[ ])?passw(?:or)?[dt][\w @.'-]*[:=(s][ ]?"
        r"[`\"'*~]{0,2}"
        r"[a-z]{4}[ -]?[a-z]{4}[ -]?[a-z]{4}[ -]?[a-z]{4}",
        strong=False,
    ),
    *(
        Pattern(
            "secret-phrase",
            rf"(?:{names})[^\n]{{0,60}}:[ \t*]*+\r?\n(?:[ \t]*+\r?\n)?(?:[ \t>]*+```[\w-]*+[ \t]*+\r?\n)?"
            r"[ \t>]*+[`\"']?(?P<s>[a-z]{3,8}(?> [a-z]{3,8}){11,23}+)[`\"']?[ \t]*+\r?(?![^\n])",
            _phrase,
            scope=Scope.NEAR,
            prefilter=rf"(?:{names})[^\n]*:[ \t*]*\r?\n",
            strong=False,
            named=named,
        )
        for names, named in (("seed|mnemonic|recovery|wallet", False), ("secret", True))
    ),
    Pattern(
        "one-time-code",
        r"\b(?:otp|one-time (?:code|password|pin)|(?:verification|security|confirmation|2fa|mfa|totp|sms|login|sign-in"
        r"|authentication|auth|access|alarm|door|gate|entry|unlock|safe|keypad|pairing) code|passcode|pin(?: code)?"
        r"|puk)(?:[ ]"
        r"(?:of|for|to|on|that|which|from|in|der|des|zu|zum|zur|für|del|de|della|do|till|til) [\w'. -]{1,40})?"
        r"(?: is| ist| lautet| est| es| was| to|:| =|=)(?:[ ](?:now|jetzt))?[ *`\"']{1,4}"
        r"(?P<s>\d{4,8}|\d{3}-\d{3}(?:-\d{3})?)(?![\w%]|[.,:/-]\d)",
        strong=False,
    ),
    # The same in one word, or of what it opens.
    Pattern(
        "one-time-code",
        rf"\b(?:pin-?code|pinkod(?:en)?|zugangscode|t(?:ü|u)rcode|portkod(?:en)?"
        rf"|(?:code|kod)[ ](?:for|to|zum|zur|du|van|voor|do|till|til)[ ](?:[\w'-]{{1,16}}[ ]){{0,3}}?(?:{_OPENED}))"
        r"(?:[ ](?:for|to|zum|zur|für|du|de|van|voor|do|till|til|pour) [\w'. -]{1,40})?"
        r"(?: is| ist| lautet| est| es| was| to| är| er|:| =|=)(?:[ ](?:now|jetzt|nu))?[ *`\"']{1,4}"
        r"(?P<s>\d{4,8})(?![\w%]|[.,:/-]\d)",
        strong=False,
        prefilter=r"(?:pin-?code|pinkod|zugangscode|t[au]rcode|portkod|(?:code|kod)[ ](?:for|to|zum|zur|du|van|voor|do"
        r"|till|til)[ ])[^\n]{0,100}[ *`\"'~]\d{4}",
    ),
    Pattern(
        "one-time-code",
        r"\b(?:(?:use|enter|takes|dial)[ ](?:the[ ]|this[ ]|your[ ])?(?:otp|code|passcode"
        r"|pin)|pin,[ ](?:enter|type|use))"
        r"[ :]{1,2}(?P<s>\d{5,8})(?![\w%]|[.,:/-]\d)",
        strong=False,
    ),
    Pattern(
        "one-time-code",
        r"(?<![\w.,:/-])(?:[A-Z]-)?(?P<s>\d{4,8})[ ]is[ ]your[ ](?:[\w-]{1,24}[ ]){0,4}(?:code|otp|pin|passcode)\b",
        strong=False,
    ),
)
RULES = (
    Rule(
        "recovery-codes",
        r"(?:backup|recovery|scratch|emergency|rescue)[ _-]codes?",
        _codes,
        caseless=True,
        scope=Scope.TEXT,
        strong=False,
    ),
)
