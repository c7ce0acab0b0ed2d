"""Secrets that a sentence gives away: `the admin password is hunter2`, `use X as the token`, `log in as root: s3cr3t`.


A sentence says much about passwords that is none (`the password is required`). So a bare word must hold a digit or a
sign; in quotes or code marks it may be a word, but not one that says how a password is. Only a seed phrase may be words
alone, twelve or more of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress_proxy.scan.context import Cue, cue
from egress_proxy.scan.random_text import masked, random_score, words
from egress_proxy.scan.rule import Rule, Span
from egress_proxy.scan.values import mixed, not_placeholder

_PASSWORD = (
    r"passw(?:or)?[dt]s?|passphrase|passcode|pass(?=[ :=]{1,3}[\"'`]?\S)|pwd|kennwort|zugangsdaten"
    r"|mot de passe|mdp|contrase(?:ñ|n)a|clave|senha|palavra[- ]passe"
    r"|wachtwoord|has(?:ł|l)o|heslo|l(?:ö|o)senord|adgangskode|passord|salasana|parola|jelsz(?:ó|o)|пароль"
    r"|пароля|密码|密碼|口令|パスワード|비밀번호"
    r"|pin(?: code)?|secret|login"
)
_TOKEN = (
    r"(?:api|access|auth|secret|private|license|encryption|signing|bot|master|admin)[ _-]?(?:key|token)|token"
    r"|key|credentials?|schl(?:ü|u)ssel|clé|chiave|chave|llave|токен|ключ|密钥"
)
# What may stand between the word and the verb, and the verb: `password for the staging database is now`.
_VERB = (
    r"(?:[ ][^\s.:;!?=|\"'`]{1,24}){0,7}?[ ](?:is|are|was|will be|has been set to|set to|changed to|reset to"
    r"|rotated to|to|be|as|ist|lautet|ist jetzt|est|es|é|è|jest|je|är|er|on|this"
    r"|now|это|这是)(?!\w)(?:[ ](?:now|currently|still|just|simply|set to|actually|jetzt|now set to|maintenant|ahora"
    r"|agora))?[ ]?:?"
)
_OPEN = r"[ \t]*+(?P<open>[\"'`“”‘«„]|\*\*|)"
_WORDS = rf"(?<![^\W_])(?<!-)(?:(?P<pass>{_PASSWORD})|(?P<token>{_TOKEN}))"
_IS = re.compile(rf"{_WORDS}(?:{_VERB}|[’']s(?=[ ])|[ ]?(?:は|是|为|為)(?=[ ])){_OPEN}", re.IGNORECASE)
_SIGNED = re.compile(
    rf"{_WORDS}(?:(?:[ ]\(?[^\s.:;!?=|\"'`()]{{1,24}}\)?){{0,5}}[ ]{{0,2}}(?:(?:→|->|=>|=|:|—|–"
    rf"| -)(?=[ \t])|：)){_OPEN}",
    re.IGNORECASE,
)
_WITH = re.compile(
    rf"(?<![\w-])(?P<pass>password|passwd|pass|pwd|pw|passwort|mot de passe|contraseña|senha)[ ]\(?{_OPEN}",
    re.IGNORECASE,
)
_FROM = re.compile(rf"{_WORDS}(?:[ ][a-z]{{1,12}}){{0,4}}?[ ]from[ ]{_OPEN}", re.IGNORECASE)
# A key or a token named just before it: only in marks, for bare words follow such names in any sentence.
_NAMED = re.compile(
    r"(?<![\w-])(?P<token>(?:api|access|app|secret|private|signing)[ _-]?(?:key|token)|token|secret|credential|key|PAT)"
    r"[ ](?P<open>[\"'`“])",
    re.IGNORECASE,
)
_IN_MARKS = re.compile(r"[^\"'`“”‘’«»\n]{3,200}+")
_BARE = re.compile(r"[^\s\"'`“”‘’«»<>(){}\[\]|]{4,200}+")
# `pass` is no noun in `should pass size=0` and `flags to pass down to it`, and neither before an identifier.
_PASSED = re.compile(
    r"\b(?:to|will|would|should|shall|can|could|may|might|must|not|you|we|they|it|and|or|then|please|just|also|always|tests?"
    r"|checks?|that|which|let|first|second|each|every|single|next) pass\Z",
    re.IGNORECASE,
)
_PASSED_TO = re.compile(r"pass [^:=]*?(?<![^ ])(?:to|as|on|be|now|this)[ ]*[\"'`“*]{0,2}", re.IGNORECASE)
_THE_PASS = re.compile(r"(?:the|your|my|our|new|old|root|admin|db|database|user|its|his|her) pass\Z", re.IGNORECASE)
_IDENTIFIER = re.compile(r"[a-z]\w*_\w*(?:=.*)?|--?[a-z].*")
_NEAR = 16


def _is_verb(line: str, said: re.Match[str], value: str) -> bool:
    """Whether `pass` is what something does, and no password."""
    if (said.groupdict().get("pass") or "").lower() != "pass":
        return False
    before, end = max(0, said.start("pass") - _NEAR), said.end("pass")
    if _PASSED.search(line, before, end) or _IDENTIFIER.fullmatch(value):
        return True
    return _PASSED_TO.fullmatch(line, said.start("pass"), said.end()) is not None and not _THE_PASS.search(
        line, before, end
    )


_SENTENCE_END = ".,;:?"
# How passwords are, where they are and what becomes of them.
_SAID_OF_PASSWORDS = words(
    """
    required optional invalid incorrect correct wrong valid empty missing expired unknown hidden masked unset
    set stored hashed encrypted secret password token null none nil undefined true false string str redacted
    changed reset weak strong default changeme disabled enabled username user admin root test example text
    number object bytes private public basic bearer current new old yes no key value
    """
)
_NOT_BARE = re.compile(
    r"[A-Za-z][a-z']*(?:-[a-z]+)*|\d[\d.,:/%-]*(?:st|nd|rd|th|x|ms|s|kb|mb|gb|k|m|h|d|min|chars?|bits?"
    r"|bytes?)?|v?\d+(?:\.\d+)+|[A-Z_]{3,}(?:_\d)?|[\w.]+\(.*|\$.*"
    r"|https?://.*|[\w./~-]*/[\w./-]*|[A-Za-z]+\d|[a-z_]\w*(?:\.[a-z_]\w*)+|\*.*|--?[a-z-]+|[\w-]+@[\w.-]+"
    r"|[A-Za-z]+[_-][\w-]*[A-Za-z]|sha\d+|md5|base64|utf-?8|[A-Z]{2,5}-?\d{1,5}|[#@&*]\w*",
    re.IGNORECASE,
)


def _bare(value: str, *, password: bool) -> bool:
    """Whether a word of a sentence can be meant as a secret."""
    if masked(value) or not not_placeholder(value):
        return False
    if not password:
        return len(value) >= 12 and mixed(value) and random_score(value) >= 0.42  # noqa: PLR2004
    if _NOT_BARE.fullmatch(value) and not _NAME_AND_DIGIT.fullmatch(value):
        return False
    return (
        len(value) >= _SHORTEST
        and (mixed(value) or any(char in "!@#$%^&+?~" for char in value[:-1]))
        and any(map(str.isalpha, value))
    )


_ODD_EARLY = re.compile(r"[^\s\"'`<>(){}\[\]|]{0,24}[0-9!@#$%^&*+?~]")
_SIGN = re.compile(r"[0-9!@#$%^&*+?~]")  # every password has one
_SHORTEST = 5
_CALLS = {"(", "[", "{", "<"}
_NAME_AND_DIGIT = re.compile(r"[A-Za-z]{4,}\d")


def _marked(value: str, *, password: bool) -> bool:
    """Whether what stands in quotes or code marks can be."""
    low = value.lower().strip(" .:,")
    if masked(value) or not not_placeholder(value) or low in _SAID_OF_PASSWORDS or len(value) != len(value.strip()):
        return False
    if any(char in value for char in "(){}<>$=[]/\\") and not mixed(value):
        return False
    if not password:
        return len(value) >= 8 and " " not in value and mixed(value) and random_score(value) >= 0.42  # noqa: PLR2004
    if "_" in value and value.replace("_", "").isalpha():
        return False
    return 4 <= len(value) <= 64 and value.count(" ") <= 7 and (mixed(value) or any(c in "!@#$%^&*+?" for c in value))  # noqa: PLR2004


def _stated(line: str) -> Iterator[Span]:
    for pattern in (_IS, _SIGNED, _FROM, _WITH, _NAMED):
        for said in pattern.finditer(line):
            password = said.groupdict().get("pass") is not None
            if said["open"]:
                value = _IN_MARKS.match(line, said.end())
                if (
                    value
                    and _ODD_EARLY.match(value[0])
                    and line[value.end() : value.end() + 1]
                    and (pattern is not _NAMED or cue(line, value.span()) is Cue.SECRET)
                    and _marked(value[0].rstrip("*"), password=password)
                ):
                    yield value.start(), value.start() + len(value[0].rstrip("*"))
            elif value := _BARE.match(line, said.end()):
                word = value[0].rstrip(_SENTENCE_END)
                # Exclamation marks at the end of a mixed word are likelier the password's than the sentence's.
                word = word if mixed(word) else word.rstrip("!")
                if (
                    line[value.end() : value.end() + 1] not in _CALLS
                    and not _is_verb(line, said, word)
                    and _ODD_EARLY.match(word)
                    and (password or cue(line, value.span()) is not Cue.INNOCENT)
                    and _bare(word, password=password)
                ):
                    yield value.start(), value.start() + len(word)


_AS = re.compile(
    r"(?P<mark>[\"'`“])?(?P<value>(?<![^\s\"'`“(:])[^\s\"'`“”<>|]{5,200}+)[\"'`”]?,?[ ](?:is|as|ist|als|est"
    r"|comme|como|es)[ ](?:(?:the|your|our|my|its|a|an|das|der|le|la|el|o)[ ])?"
    r"(?:[\w-]{1,24}[ ]){0,3}?(?:(?P<pass>password|passphrase|passcode|pin|passwort|mot de passe|contraseña"
    r"|senha)|(?P<token>token|secret|key|credential))(?![\w-])",
    re.IGNORECASE,
)


def _named_after(line: str) -> Iterator[Span]:
    for said in _AS.finditer(line):
        judge = _marked if said["mark"] else _bare
        if _SIGN.search(said["value"]) and judge(said["value"], password=said["pass"] is not None):
            yield said.span("value")


_LOGIN = re.compile(
    r"(?<![\w-])(?:log(?:ged|ging)?[ -]?in|login|sign(?:ed)?[ -]?in|credentials?|creds|user(?:name)?"
    r"|benutzer(?:name)?|account|anmelden|usuario|utilisateur)"
    r"s?[ :](?:[^\n.;(){}=<>\[\]]{0,30}?[ :`\"'*])?(?P<user>[A-Za-z][\w.@+-]{1,40})[`\"'*]{0,2}"
    r"(?:[ ]?[/:][ ]?|,?[ ](?:with|and|mit|und|et|y|e|con|avec)[ ](?:(?:the )?(?:password|passwort"
    r"|mot de passe|contraseña|pass|pw)[ ]?:?[ ]?)?)"
    r"[`\"'*]{0,2}(?P<value>[^\s\"'`<>/|(){}\[\];=]{5,100})",
    re.IGNORECASE,
)


# An escape, a constant, and one of several things that are numbered.
_NO_LOGIN = re.compile(r"\\[nrt].*|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_NUMBERED = re.compile(r"[a-z]{1,12}[0-9]")


def _logins(line: str) -> Iterator[Span]:
    for said in _LOGIN.finditer(line):
        word = said["value"].rstrip(".,;:?)*")
        if (
            _ODD_EARLY.match(word)
            and _bare(word, password=True)
            and len(set(word)) >= _SHORTEST
            and not _NO_LOGIN.fullmatch(word)
            and not (_NUMBERED.fullmatch(word) and _NUMBERED.fullmatch(said["user"]))
            and not word.startswith(("http", "//", ":", "sha256:", "sha512:", "md5:"))
        ):
            yield said.start("value"), said.start("value") + len(word)


_PHRASE = re.compile(
    r"(?:passw(?:or)?d|passphrase|passwort|kennwort|mot de passe|contraseña|senha)\**[ ]?(?:is|was|ist|est|es"
    r"|:|=)[ *]{0,3}(?P<open>[\"'`]?)"
    r"(?P<value>[a-z]{3,12}(?:(?P<gap>[ -])[a-z]{3,12})(?:(?P=gap)[a-z]{3,12}){2,6})(?P=open)(?=[*`\"']{0,2}"
    r"[.!]?[ \t]*(?![^\n])|[\"'`])",
    re.IGNORECASE,
)
_PHRASE_FOR = re.compile(
    r"(?:passw(?:or)?d|passphrase) (?:for|of|to) [^\n\"'`:.]{1,40}? (?:is|was)[ :]{1,2}(?P<open>[\"'`])"
    r"(?P<value>[a-z]{3,12}(?:[ -][a-z]{3,12}){3,7})(?P=open)",
    re.IGNORECASE,
)
_SEED = re.compile(
    r"(?:seed|mnemonic|recovery|backup|secret|wallet)(?:[ _-](?:phrase|words?|seed"
    r"|mnemonic))?[^\n]{0,40}?[:=\"'`(][ \t\"'`(*]{0,6}"
    r"(?P<value>(?:\d{1,2}[.)][ ])?[a-z]{3,8}(?:[ ,]{1,2}(?:\d{1,2}[.)][ ])?[a-z]{3,8}){11,23})(?![\w-])",
    re.IGNORECASE,
)
_PROSE = words(
    """
    the and for are from has was but our its your with must not have into when where which were been their them
    what how should would contains please enter words password characters
    """
)
_SEED_LENGTHS = {12, 15, 18, 21, 24}


def _phrases(line: str) -> Iterator[Span]:
    for said in (*_PHRASE.finditer(line), *_PHRASE_FOR.finditer(line)):
        said_words = re.findall(r"[A-Za-z]+", said["value"].lower())
        if not _PROSE.intersection(said_words) and len(set(said_words)) == len(said_words):
            yield said.span("value")
    for said in _SEED.finditer(line):
        said_words = re.findall(r"[A-Za-z]+", said["value"].lower())
        if len(said_words) in _SEED_LENGTHS and not _PROSE.intersection(said_words):
            yield said.span("value")


_LOOSE_PASSWORD = (
    r"(?:passw(?:or)?[dt]|passphrase|passcode|pwd|kennwort|zugangsdaten|mot de passe|mdp|contrase.a|clave"
    r"|senha|palavra[- ]passe|wachtwoord|has.o|heslo"
    r"|l.senord|adgangskode|passord|salasana|parola|jelsz.|aaaaaa|aa|aaaa|pin|secret|login|pass|token|key"
    r"|credential|schl.ssel|cl.|chiave|chave|llave)s?"
)
_LOOSE_VERB = (
    r"(?:from|is|are|was|be|to|as|ist|lautet|est|es|.|jest|je|.r|er|on|this|now|aaa|aa|currently|still|just|simply"
    r"|actually|jetzt|maintenant|ahora|agora)"
)
_ODD = r"(?:[^\s\"'`<>(){}\[\]|]{0,24}[0-9!@#$%^&*+?~])"
RULES = (
    Rule(
        "secret-in-prose",
        # Of what stands between only that it is of one sentence: bounds and words make the expression slow.
        rf"{_LOOSE_PASSWORD}(?:(?:[^.:;!?=|\"'`\n]*(?:[ ]{_LOOSE_VERB}[ ]?:?|~|->|=>|=|:|-)|[~']s|)[ \t]+|[ ]{{0,2}}~)"
        rf"(?:[\"'`~(]|\*\*|){_ODD}",
        _stated,
        caseless=True,
        strong=False,
    ),
    Rule(
        "secret-in-prose",
        r"[0-9!@#$%^&*+?~][^\s\"'`<>|]*[\"'`~]?,?[ ](?:is|as|ist|als|est|comme|como|es)[ ](?:[\w-]+[ ])*(?:password"
        r"|passphrase|passcode|pin|passwort|mot de passe|contrase.a|senha|token|secret|key|credential)",
        _named_after,
        caseless=True,
        strong=False,
    ),
    Rule(
        "secret-in-prose",
        r"(?:log(?:ged|ging)?[ -]?in|sign(?:ed)?[ -]?in|credentials?|creds|account|user(?:name)?"
        r"|benutzer(?:name)?|anmelden|usuario|utilisateur)"
        r"s?[ :](?:[^\n.;(){}=<>\[\]]{0,30}[ :`\"'*])?[A-Za-z][\w.@+-]{1,40}[`\"'*]{0,2}(?:[ ]?[/:][ ]?"
        r"|,?[ ](?:with|and|mit|und|et|y|e|con|avec)[ ](?:[a-z ]{0,20}:?[ ]?)?)"
        r"[`\"'*]{0,2}[^\s\"'`<>/|(){}\[\];=]{0,24}[0-9!@#$%^&+?~]",
        _logins,
        caseless=True,
        strong=False,
    ),
    Rule(
        "secret-phrase",
        r"(?:passw(?:or)?d|passphrase|passwort|kennwort|mot de passe|contrase.a|senha)\**"
        r"(?: (?:for|of|to) [^\n]{1,40} )?[ ]?(?:is|was|ist|est"
        r"|es|:|=)[ *]{0,3}[\"'`]?(?:[a-z]{3,12}[ -]){3,7}[a-z]{3,12}(?:[*`\"']{0,2}[.!]?[ \t]*(?:\n|\z)|[`\"'])"
        r"|(?:seed|mnemonic|recovery|backup|secret"
        r"|wallet)[^\n]{0,60}[:=\"'`(][ \t\"'`(*]{0,6}(?:(?:\d{1,2}[.)][ ])?[a-z]{3,8}[ ,]{1,2}){11}",
        _phrases,
        caseless=True,
        strong=False,
    ),
)
