"""Secrets that a sentence gives away: `the admin password is hunter2`, `use X as the token`, `log in as root: s3cr3t`.


A sentence says much about passwords that is none (`the password is required`). So a bare word must hold a digit or a
sign; in quotes or code marks it may be a word, but not one that says how a password is. Only a seed phrase may be words
alone, twelve or more of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress_proxy.scan.beginnings import Beginning
from egress_proxy.scan.code_names import is_type
from egress_proxy.scan.context import Cue, cue
from egress_proxy.scan.drawn import drawn, random_letters
from egress_proxy.scan.phrases import is_passphrase
from egress_proxy.scan.random_text import masked, random_score, words
from egress_proxy.scan.rule import Rule, Span, TooMuchError
from egress_proxy.scan.values import behind_name, mixed, not_placeholder

_PASSWORD = (
    r"passw(?:or)?[dt]s?|passphrase|passcode|(?:pass|pw)(?=[ :=]{1,3}[\"'`]?\S)|pwd|kennwort|zugangsdaten"
    r"|mot de passe|mdp|contrase(?:ñ|n)a|clave|senha|palavra[- ]passe"
    r"|wachtwoord|has(?:ł|l)o|heslo|l(?:ö|o)senord(?:et)?|adgangskoden?|passord(?:et)?|salasana|parola|jelsz(?:ó|o)|пароль"
    r"|пароля|密码|密碼|口令|パスワード|비밀번호"
    r"|(?:wi-?fi|wlan|network|wpa[23]?|wep|pre-?shared)[ _-]?key|clé (?:du )?wi-?fi|psk|puk"
    r"|pin(?: code)?|secret|login"
)
_TOKEN = (
    r"(?:api|access|auth|secret|private|license|encryption|signing|bot|master|admin)[ _-]?(?:key|token)|token"
    r"|key|credentials?|schl(?:ü|u)ssel|clé|chiave|chave|llave|токен|ключ|密钥"
)
# What may stand between the word and the verb, and the verb: `password for the staging database is now`.
_VERB = (
    r"(?:[ ](?>[^\s.:;!?=|\"'`]|(?<=\w)['.](?=\w)){1,24}+){0,7}?[ ](?:is|are|was|will be|has been set to|set to"
    r"|changed to|reset to|rotated to|to|be|as|reads|equals|stays|remains|auf|ist|lautet|ist jetzt|est|es|é|è|je"
    r"st|je|är|er|on|this"
    r"|now|это|这是)(?!\w)(?:[ ](?:now|currently|still|just|simply|set to|actually|jetzt|now set to|maintenant|ahora"
    r"|agora))?[ ]?:?"
)
_OPEN = r"[ \t]*+(?P<open>[\"'`“”‘„‚‹「『]|[«»][ \u00a0\u202f]?|\*\*|)"
_WORDS = rf"(?<![^\W_\u3040-\u9fff\uac00-\ud7af])(?<!\s-)(?<!--)(?<!\A-)(?:(?P<pass>{_PASSWORD})|(?P<token>{_TOKEN}))"
# The first letters of these words.
_HEADS = (
    "pas pwd pw ken zug mot mdp con cla sen pal wac has hes lös los adg sal par jel пар 密 口 パ 비 pin sec log"
    " wif wi- wla net pre psk puk api acc aut pri lic enc sig bot mas adm tok key cre sch cl chi cha lla ток клю"
    " wpa wep"
)
_IS = Beginning(_HEADS, rf"{_WORDS}(?:{_VERB}|[’']s(?=[ ])|[ ]?(?:は|是|为|為)(?=[ ])){_OPEN}")
# A verb that surely is one, and something odd behind it: `on`, `to` and `as` come in front of it in many sentences.
_IS_SURELY = Beginning(
    _HEADS,
    rf"{_WORDS}(?:[ ](?>[^\s.:;!?=|\"'`]|(?<=\w)['.](?=\w)){{1,24}}+){{0,9}}?[ ](?:is|are|was|were|has been|lautet|ist"
    r"|wurde|est|es)(?:[ ](?:been|reset|set|changed|rotated|updated|switched|generated|auf|to|as|now|just|then|still"
    rf"|currently|temporarily|simply|only|literally)){{0,4}}:?{_OPEN}"
    r"(?=[^\s\"'`<>(){}\[\]|]{0,24}[0-9!@#$%^&*+?~])(?<=[\s\"'`“”‘«„*])",
)
_SIGNED = Beginning(
    _HEADS,
    # What is no end of a word is not tried as one.
    rf"{_WORDS}(?:(?:[ ]\(?[^\s.:;!?=|\"'`()]{{1,24}}(?=[ )→=:—–：-])\)?){{0,5}}[ ]{{0,2}}(?:(?:→|->|=>|=|:|—|–"
    rf"| -{{1,8}})(?=[ \t])|：)){_OPEN}",
)
_WITH = Beginning(
    "pas pw mot con sen ken wac hes wla wi- wif",
    rf"(?<![\w-])(?P<pass>password|passwd|passphrase|passcode|pass|pwd|pw|passwort|mot de passe|contraseña|senha"
    r"|kennwort|wachtwoord|heslo|(?:wlan|wi-?fi)[ _-]?(?:schlüssel|key)"
    rf")[ ]\(?{_OPEN}",
)
_FROM = Beginning(_HEADS, rf"{_WORDS}(?:[ ][a-z]{{1,12}}+){{0,4}}?[ ]from[ ]{_OPEN}")
_THEN_TO = re.compile(r"[ ]to[ ](?P<value>[^\s\"'`“”‘’«»<>(){}\[\]|]{4,200}+)")
# `the same password, hunter2, for both` and `here is the key 4f9d… for it`.
_APPOSED = Beginning(
    "pas pw",
    r"(?<![\w-])(?P<pass>password|passphrase|passcode|pw),[ ](?P<open>)(?=[^\s,;]{5,64}[,.;](?:[ \n]|\Z))",
)
_HERE = Beginning(
    "her",
    rf"(?<![\w-])here(?:[’']s|[ ]is|[ ]are|[ ]you[ ](?:go|are)[,:]?)(?:[ ][\w-]{{1,16}}){{0,4}}?[ ](?:(?P<pass>p"
    rf"assw(?:or)?d"
    rf"|passphrase|pwd|pw)|(?P<token>key|token|secret|credentials?))[,:]?[ ]{_OPEN}",
)
# `when it asks for the passphrase, enter hunter2`, and in brackets with a line's number or the like before.
_ENTERED = Beginning(
    "pas pw pin",
    rf"(?<![\w-])(?P<pass>password|passphrase|passcode|pw|pin),?[ ](?:(?:please|just|then)[ ])?(?:enter|type|use|"
    rf"give|try){_OPEN}"
    r"(?<=[\s\"'`“*])",
)
# `the pw changed again, it's hunter2 now`, `is the password still hunter2?`.
_IT_IS = Beginning(
    "pas pw",
    r"(?<![\w-])(?P<pass>password|passphrase|passcode|pw)(?:[ ][^\s.:;!?=|\"'`,]{1,24}+){0,6}?,?"
    r"[ ](?:it|that)(?:[’']s|[ ]is)"
    rf"(?:[ ](?:now|still)){{0,1}}[ ]{_OPEN}",
)
_STILL = Beginning(
    "pas pw",
    rf"(?<![\w-])(?P<pass>password|passphrase|passcode|pw)[ ](?:still|again|already)[ ](?:just[ ])?{_OPEN}",
)
# Another one behind `and`: `the passwords are hunter2 (prod) and hunter3`.
_ANOTHER = re.compile(
    r"(?:[ ]\([^()\n]{1,40}\))?,?[ ](?:and|und|et|y|e|or|oder|ou)[ ](?P<value>[^\s\"'`“”‘’«»<>(){}\[\]|]{4,200}+)"
)
_IN_BRACKETS = Beginning(
    "pas pw cre sec tok key",
    r"(?<![\w-])(?:(?P<pass>password|passphrase|pw|credentials?)|(?P<token>secret|token|key))(?:[ ]"
    r"[\w.,/-]{1,24}){1,6}?[ ]"
    r"\((?P<open>[\"'`“])",
)
# A key or a token named just before it: only in marks, for bare words follow such names in any sentence.
_NAMED = Beginning(
    "api acc app sec pri sig tok cre key pat",
    r"(?<![\w-])(?P<token>(?:api|access|app|secret|private|signing)[ _-]?(?:key|token)|token|secret|credential|key|PAT)"
    r"[ ](?P<open>[\"'`“])",
)
_IN_MARKS = re.compile(r"[^\"'`“”‘’«»‹›」』\n]{3,200}+")
_WIDE = frozenset({"« ", "«\u00a0", "«\u202f", "» "})  # with a space on the inner side
_BOLD = re.compile(r"(?>(?:[^\"'`“”‘’«»\n*]|\*(?!\*)){3,200})")
_BARE = re.compile(r"[^\s\"'`“”‘’«»„‚‹›<>(){}\[\]|\u3001\u3002\u300c\u300d\uff08\uff09\uff0c\uff1a\uff1b]{4,200}+")
# All that can be typed, up to the line's end: brackets as well.
_ANY = re.compile(r"[^\s\"'`“”‘’«»]{12,64}(?=[ \t]*(?![^\n]))")
_PUNCTUATION = re.compile(r"[^\w\s]")
_OF_CODE, _FEWEST_SIGNS = set("().,:;"), 3
# `pass` is no noun in `should pass size=0` and `flags to pass down to it`, and neither before an identifier.
_PASSED = re.compile(
    r"\b(?:to|will|would|should|shall|can|could|may|might|must|not|you|we|they|it|and|or|then|please|just|also|always|tests?"
    r"|checks?|that|which|let|first|second|each|every|single|next|forward|backward|final) pass\Z",
    re.IGNORECASE,
)
_PASSED_TO = re.compile(r"pass [^:=]*?(?<![^ ])(?:to|as|on|be|now|this)[ ]*[\"'`“*]{0,2}", re.IGNORECASE)
_THE_PASS = re.compile(r"(?:the|your|my|our|new|old|root|admin|db|database|user|its|his|her) pass\Z", re.IGNORECASE)
_IDENTIFIER = re.compile(r"[a-z]\w*_\w*(?:=.*)?|--?[a-z].*|[a-z]\w*=(?:-?\d+(?:\.\d+)?|True|False|None)")
_NEAR = 16
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


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


_USER = re.compile(r"[a-z][a-z._-]*\d{0,3}")
_CONSTANT_OF_KIND = re.compile(r"[A-Z]{3,}(?:_[A-Z]{2,}\d{0,2}[A-Z]{0,6}){1,5}")  # `SVCB_IPV4HINT`
_CONSTANT = re.compile(r"[A-Z]+\d*(?:_[A-Z]+\d*)+")


def _is_user(said: re.Match[str], value: str) -> bool:
    """Whether a login is the name of a user, `u.login = 'bob1'`, or a pin is that of a chip: `pin - MAX6956_MIN`."""
    name = (said.groupdict().get("pass") or "").lower()
    return (name == "login" and _USER.fullmatch(value) is not None) or (
        name == "pin" and _CONSTANT.fullmatch(value) is not None
    )


_SENTENCE_END, _PAUSES = ".,;:?", ".,;:"
# How passwords are, where they are and what becomes of them.
_SAID_OF_PASSWORDS = words(
    """
    required optional invalid incorrect correct wrong valid empty missing expired unknown hidden masked unset
    set stored hashed encrypted secret password token null none nil undefined true false string str redacted
    changed reset weak strong default changeme disabled enabled username user admin root test example text
    number object bytes private public basic bearer current new old yes no key value
    """
)
# Of which a sentence is made, and hardly a password.
_IDEOGRAPHS = re.compile(r"[\u3001-\u9fff\uac00-\ud7af\uff01\uff08-\uff0c\uff1f]")
_NOT_BARE = re.compile(
    r"[A-Za-z][a-z']*(?:-[a-z]+)*|\d[\d.,:/%-]*(?:st|nd|rd|th|x|ms|s|kb|mb|gb|k|m|h|d|min|chars?|bits?"
    r"|bytes?)?|v?\d+(?:\.\d+)+|[A-Z_]{3,}(?:_\d)?|[\w.]+\(.*|\$.*"
    r"|https?://.*|[\w./~-]*/[\w./-]*|[A-Za-z]+\d|[a-z_]\w*(?:\.[a-z_]\w*)+|\*.*|--?[a-z][\w.-]*|[\w-]+@[A-Za-z][\w.-]*"
    r"|[A-Za-z]+[_-][\w-]*[A-Za-z]|\w+_(?:password|passwd|pass|secret|token|key)|sha\d+|argon2(?:id?|d)?|p?bkdf2\w*|md5|base64|utf-?8|[A-Z]{2,5}-?\d{1,5}|[A-Z]\d{4,6}|[#@&*]\w*(?:::\w+)*|@[\w-]+"
    r"|!{1,2}[a-z][a-z_:.]*|\+\w+\+|\w+(?:,[\w=]+){2,}|[\w']+&#\d+|[\w:./-]*\?[A-Za-z]\w*=.*|[\w./-]*\.[a-z]{1,5}:\d+"
    r"|[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*){2,}",
    re.IGNORECASE,
)


def _bare(value: str, *, password: bool) -> bool:
    """Whether a word of a sentence can be meant as a secret."""
    if masked(value) or not not_placeholder(value) or len(_IDEOGRAPHS.findall(value)) * 2 > len(value):
        return False
    if not password:
        if _CONSTANT_OF_KIND.fullmatch(value):
            return False
        return (len(value) >= 12 and mixed(value) and random_score(value) >= 0.42) or _letters_of_key(value)  # noqa: PLR2004
    if drawn(value):
        return True
    named = _NOT_BARE.fullmatch(value.rstrip("?")) and not _NAME_AND_DIGIT.fullmatch(value) and not _random_word(value)
    if named or is_type(value):
        return False
    return (
        len(value) >= _SHORTEST
        and (mixed(value) or any(char in "!@#$%^&+?~" for char in value[:-1]))
        and any(map(str.isalpha, value))
    )


def _of_all(value: str) -> bool:
    """Whether letters of both cases, digits, and signs of several sorts stand among each other, brackets with them."""
    signs = set(_PUNCTUATION.findall(value))
    return (
        (len(signs - _OF_CODE) >= _FEWEST_SIGNS or (not signs <= _OF_CODE and random_score(value) >= _SURELY_RANDOM))
        and not signs.isdisjoint("(){}[]<>|")
        and mixed(value)
        and not value.islower()
        and not value.isupper()
        and len(set(value)) * 2 > len(value)
        and random_score(value) >= _RANDOM
    )


def _letters_of_key(value: str) -> bool:
    return len(value) >= _SHORTEST_KEY and random_letters(value)


def _random_word(value: str) -> bool:
    """Whether what has the form of a name, `ab1_Cd`, is one that nobody would think of."""
    return _OF_BASE64.fullmatch(value) is not None and random_score(value) >= _SURELY_RANDOM


def bare_password(value: str) -> bool:
    """Whether a word can be meant as a password, and is not one of those that sentences and programs have."""
    return _bare(value, password=True)


_RANDOM = 0.42
_OF_BASE64, _SURELY_RANDOM = re.compile(r"(?=\w*?[A-Z])(?=\w*?[a-z])[\w-]{10,64}", re.ASCII), 0.6
# A digit or a sign, some words with hyphens, or letters of which some in the middle are large.
_ODD_EARLY = re.compile(
    r"[^\s\"'`<>(){}\[\]|]{0,24}[0-9!@#$%^&*+?~]|(?>[A-Za-z]+(?>[._-][A-Za-z]+){2})[._-][A-Za-z]"
    r"|[A-Za-z]{0,12}?[a-z][A-Z][A-Za-z]{0,8}?[a-z][A-Z]"
)
_SIGN = re.compile(r"[0-9!@#$%^&*+?~]")  # every password has one
_ROUTE = re.compile(r"(?:/[a-z_-]*(?:v\d)?){1,6}/[A-Za-z:_.-]+")
_SHORTEST, _SHORTEST_KEY = 5, 16
_CALLS = {"(", "[", "{", "<"}
# What a line may say of passwords: so much, and once in so many characters. Each takes some microseconds.
_FIRST_SAID, _SAID_EACH = 512, 32
_NAME_AND_DIGIT = re.compile(r"(?=[A-Z]*[a-z])[A-Za-z]{4,}\d")


def _marked(value: str, *, password: bool) -> bool:
    """Whether what stands in quotes or code marks can be."""
    low = value.lower().strip(" .:,")
    if masked(value) or not not_placeholder(value) or low in _SAID_OF_PASSWORDS or len(value) != len(value.strip()):
        return False
    if (any(char in value for char in "(){}<>$=[]/\\") and not mixed(value)) or _ROUTE.fullmatch(value):
        return False
    if not password:
        odd = len(value) >= 8 and " " not in value and mixed(value) and random_score(value) >= 0.42  # noqa: PLR2004
        return odd or _letters_of_key(value)
    if drawn(value):
        return True
    if "_" in value and value.replace("_", "").isalpha():
        return False
    return 4 <= len(value) <= 64 and value.count(" ") <= 7 and (mixed(value) or any(c in "!@#$%^&*+?" for c in value))  # noqa: PLR2004


def _stated(line: str) -> Iterator[Span]:
    stop = 1 + max(map(line.rfind, " \t："))  # each expression has one of these, and a line of base64 may be long
    left = _FIRST_SAID + len(line) // _SAID_EACH
    for pattern in (
        _IS,
        _IS_SURELY,
        _SIGNED,
        _FROM,
        _WITH,
        _NAMED,
        _APPOSED,
        _HERE,
        _ENTERED,
        _IN_BRACKETS,
        _IT_IS,
        _STILL,
    ):
        for said in pattern.finditer(line, stop):
            left -= 1
            if left < 0:
                raise TooMuchError
            yield from (_in_marks if said["open"] else _unmarked)(line, said, pattern)


def _in_marks(line: str, said: re.Match[str], pattern: Beginning) -> Iterator[Span]:
    value = (_BOLD if said["open"] == "**" else _IN_MARKS).match(line, said.end())
    if (
        value
        and _ODD_EARLY.match(value[0])
        and line[value.end() : value.end() + 1]
        and not (pattern is _WITH and _PASSED.search(line, max(0, said.start() - _NEAR), said.start() + 4))
        and (pattern is not _NAMED or cue(line, value.span()) is Cue.SECRET)
        and not _is_user(said, value[0])
    ):
        marked = (
            value[0].removesuffix("**").rstrip("\u00a0\u202f ")
            if said["open"] in _WIDE
            else value[0].removesuffix("**")
        )
        start = behind_name(marked)
        if _marked(marked[start:], password=_of_password(said)):
            yield value.start() + start, value.start() + len(marked)


def _unmarked(line: str, said: re.Match[str], pattern: Beginning) -> Iterator[Span]:
    password = _of_password(said)
    if password and pattern is _SIGNED and (value := _ANY.match(line, said.end())) and _of_all(value[0]):
        yield value.span()
    elif value := _BARE.match(line, said.end()):
        # Marks at the end of a mixed word are likelier the password's than the sentence's, if it ends so.
        word = value[0].rstrip(_PAUSES + "?" if pattern is _STILL else _PAUSES)
        word = word if mixed(word) else word.rstrip(_SENTENCE_END + "!")
        if (
            (pattern is not _WITH or not _UUID.fullmatch(word))
            and line[value.end() : value.end() + 1] not in _CALLS
            and not (pattern is _APPOSED and line[value.end() : value.end() + 1] == ")")
            and not _is_verb(line, said, word)
            and not _is_user(said, word)
            and _ODD_EARLY.match(word)
            and (password or cue(line, value.span()) is not Cue.INNOCENT)
            and _bare(word, password=password)
        ):
            yield value.start(), value.start() + len(word)
            more = (
                _THEN_TO if pattern is _FROM else _ANOTHER if line[said.end("pass") - 1] in "sS" and password else None
            )
            if more and (then := more.match(line, value.start() + len(word))):
                word = then["value"].rstrip(_PAUSES)
                if _ODD_EARLY.match(word) and _bare(word, password=password):
                    yield then.start("value"), then.start("value") + len(word)


def _of_password(said: re.Match[str]) -> bool:
    return said.groupdict().get("pass") is not None


# A value is looked for before what is said of it, for a value may be any word. It ends where that begins.
_AS = re.compile(
    r"[\"'`”]?,?[ ](?:is|as|ist|als|est|comme|como|es)[ ](?:(?:the|your|our|my|its|a|an|das|der|le|la|el|o)[ ])?"
    r"(?:[\w-]{1,24}[ ]){0,3}?(?:(?P<pass>password|passphrase|passcode|pin|passwort|mot de passe|contraseña"
    r"|senha)|(?P<token>token|secret|key|credential))(?![\w-])",
    re.IGNORECASE,
)
_SAYS = re.compile(r" (?:is|as|ist|als|est|comme|como|es)(?= )", re.IGNORECASE)
_OF_VALUE = re.compile(r"[^\s\"'`“”<>|]{0,200}+")
_VALUE_START = re.compile(r"(?<![^\s\"'`“(:])")
_LEAST_NAMED, _MARKS = 5, "\"'`“"


def _named_after(line: str) -> Iterator[Span]:
    done = 0
    for says in _SAYS.finditer(line):
        end = _end_of_value(line, says.start())
        said = _AS.match(line, end) if end - _LEAST_NAMED >= done else None
        if said is None or (start := _start_of_value(line, done, end)) < 0:
            continue
        marked = start > done and line[start - 1] in _MARKS
        done, value = said.end(), line[start:end]
        if _SIGN.search(value) and (_marked if marked else _bare)(value, password=said["pass"] is not None):
            yield start, end


def _end_of_value(line: str, space: int) -> int:
    """Where a value ends after which `is` stands behind a space: before the quote, with a comma or without one."""
    comma = space - (line[space - 2 : space - 1] in {'"', "'", "`", "”"} and line[space - 1] == ",")
    return comma - (line[comma - 1 : comma] in {'"', "'", "`", "”"})


def _start_of_value(line: str, least: int, end: int) -> int:
    """Where the longest value begins that ends there, or -1."""
    run = _OF_VALUE.match(line[max(least, end - 200) : end][::-1])
    first = _VALUE_START.search(line, end - run.end() if run else end, end)
    return first.start() if first and end - first.start() >= _LEAST_NAMED else -1


_LOGIN = Beginning(
    "log sig con aut cre use ben acc anm usu uti",
    r"(?<![\w-])(?:log(?:ged|ging)?[ -]?in|connected|authenticated?|login|sign(?:ed)?[ -]?in|credentials?|creds|"
    r"user(?:name)?"
    r"|benutzer(?:name)?|account|anmeld(?:en|ung)|usuario|utilisateur)"
    r"s?[ :](?:(?:at|to|on|auf|bei|unter|en|sur|na)[ ]<?https?://[^\s<>]{1,80}+[ ]"
    r"|[^\n.;(){}=<>\[\]]{0,30}?[ :`\"'*])?"
    r"(?:(?:with|using|as|mit|als|con|avec)[ ])?[`\"'*]{0,2}(?P<user>[A-Za-z][\w.@+-]{1,40})[`\"'*]{0,2}"
    r"(?:[ ]?[/:][ ]?|,?[ ](?:with|using|and(?: then)?|mit|und|et|y|e|con|avec)[ ](?:(?:the )?(?:password|passwort"
    r"|mot de passe|contraseña|pass|pw)[ ]?:?[ ]?)?)"
    r"[`\"'*]{0,2}(?P<value>(?=[^\s\"'`<>/|(){}\[\];]{0,24}[0-9!@#$%^&+?~])(?![A-Za-z_.-]{2,40}=|(?:pass\w*|pwd|pw|host|port):|[\w.+-]{1,40}@[\w-]{1,40}\.[a-z])[^\s\"'`<>/|(){}\[\];]{5,100})",
)


# An escape, the rest of an address, a constant, and one of several things that are numbered.
_NO_LOGIN = re.compile(
    r"\\[nrt].*|[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){2,7}|[A-Z]{2,12}\d{1,3}|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+"
)
_NO_USER = frozenset({"ERROR", "WARNING", "WARN", "INFO", "DEBUG", "Error", "Warning"})  # said by a log
_NUMBERED = re.compile(r"[a-z]{1,12}[0-9]")


def _logins(line: str) -> Iterator[Span]:
    for said in _LOGIN.finditer(line):
        word = said["value"].rstrip(".,;:)*")
        if (
            _ODD_EARLY.match(word)
            and _bare(word, password=True)
            and len(set(word)) >= _SHORTEST
            and said["user"] not in _NO_USER
            and not _NO_LOGIN.fullmatch(word)
            and not (_NUMBERED.fullmatch(word) and _NUMBERED.fullmatch(said["user"]))
            and not (line[said.end("user")] == "/" and line.endswith(" to ", 0, said.start("user")))
            and not word.startswith(("http", "//", ":", "sha256:", "sha512:", "md5:"))
        ):
            yield said.start("value"), said.start("value") + len(word)


_PHRASE = Beginning(
    "pas ken mot con sen",
    r"(?:passw(?:or)?d|passphrase|passwort|kennwort|mot de passe|contraseña|senha)\**[ ]?(?:is|was|ist|est|es"
    r"|:|=)[ *]{0,3}(?P<open>[\"'`]?)"
    r"(?P<value>[a-z]{3,12}(?:(?P<gap>[ -])[a-z]{3,12})(?:(?P=gap)[a-z]{3,12}){2,6})(?P=open)"
    r"(?:(?<=[\"'`])|(?=[*`\"']{0,2}[.!]?[ \t]*(?![^\n])|[\"'`]))",
)
_PHRASE_FOR = Beginning(
    "pas",
    r"(?:passw(?:or)?d|passphrase) (?:for|of|to) [^\n\"'`:.]{1,40}? (?:is|was)[ :]{1,2}(?P<open>[\"'`])"
    r"(?P<value>[a-z]{3,12}(?:[ -][a-z]{3,12}){3,7})(?P=open)",
)
_PHRASE_PAUSED = Beginning(
    "pas",
    r"(?<![\w-])pass(?:word|phrase):[ ](?P<open>)(?P<value>[a-z]{3,12}(?:[ -][a-z]{3,12}){3,7})(?=[,;]|[ ]\()",
)
_FEWEST_GAPS = 3
_PHRASE_IN_MARKS = Beginning(
    "pas",
    r"pass(?:phrase|word),?[ ](?P<open>[\"'`])(?P<value>[a-z]{3,12}(?:[ -][a-z]{3,12}){2,7})(?P=open)",
)
_SEED = Beginning(
    "see mne rec bac sec wal",
    r"(?:seed|mnemonic|recovery|backup|secret|wallet)(?:[ _-](?:phrase|words?|seed"
    r"|mnemonic))?[^\n]{0,40}?[:=\"'`(][ \t\"'`(*]{0,6}"
    r"(?P<value>(?:\d{1,2}[.)][ ])?[a-z]{3,8}+(?:[ ,]{1,2}+(?:\d{1,2}[.)][ ])?[a-z]{3,8}+){11,23})(?![\w-])",
)
_PROSE = words(
    """
    the and for are from has was but our its your with must not have into when where which were been their them
    what how should would contains please enter words password characters
    """
)
_SEED_LENGTHS = {12, 15, 18, 21, 24}


def _phrases(line: str) -> Iterator[Span]:
    for said in (*_PHRASE_IN_MARKS.finditer(line), *_PHRASE_PAUSED.finditer(line)):
        if (
            said["value"].islower()
            and is_passphrase(said["value"])
            and (said["open"] or said["value"].count(" ") >= _FEWEST_GAPS)
        ):
            yield said.span("value")
    for said in (*_PHRASE.finditer(line), *_PHRASE_FOR.finditer(line)):
        said_words = re.findall(r"[A-Za-z]+", said["value"].lower())
        if not _PROSE.intersection(said_words) and len(set(said_words)) == len(said_words):
            yield said.span("value")
    for said in _SEED.finditer(line):
        said_words = re.findall(r"[A-Za-z]+", said["value"].lower())
        if len(said_words) in _SEED_LENGTHS and not _PROSE.intersection(said_words):
            yield said.span("value")


# The prefilter: words that are looked for in lines with one of `cues`, and others. Where one ends, no letter follows.
_CUED = r"(?:passw(?:or)?[dt]s?|passphrase|passcode|pwd|pw|passe|passord(?:et)?|pass|token|secret|key|credentials?)"
_OTHER = (
    r"(?:kennwort|zugangsdaten|mdp|contrase[an]a|clave|senha|wachtwoord|has[la]o|heslo|l[ao]senord(?:et)?|adgangskoden?|salasana"
    r"|parola|jelsz[ao]|aa|pin|psk|puk|login|schl[au]ssel|cla|chiave|chave|llave)"
)
_LOOSE_VERB = (
    r"(?:from|is|are|was|be|to|as|reads|equals|stays|remains|auf|ist|lautet|est|es|a|jest|je|ar|er|on|this|now|aaa|aa|currently|still|just|simply"
    r"|actually|jetzt|maintenant|ahora|agora)"
)
_ODD = r"(?:[^\s\"'`<>(){}\[\]|]{0,24}[0-9!@#$%^&*+?~])"
# What has neither, in a line with a word of `cues`: words with hyphens, letters of which some in the middle are large.
DRAWN = r"[A-Za-z]+[._-][A-Za-z]+[._-][A-Za-z]+[._-][A-Za-z]|(?-i:[A-Za-z]*[a-z][A-Z][A-Za-z]*[a-z][A-Z])"
_VALUE = rf"[ \t]*(?:[\"'`~]|\*\*|){_ODD}"
# Of what stands between only that it is of one sentence: bounds and words make the expression slow.
_SAID = (
    rf"(?:(?:[ ](?:[^.:;!?=|\"'`\n]|\.\w)*)?(?:[ ]{_LOOSE_VERB}(?:[!@#$%^&*+?~]|(?:[ ]?:|[ \t]|[\"'`]){_VALUE})"
    rf"|(?:(?:->|=>|[~=:]|[ ]-+)[ \t]|~){_VALUE})|(?:['~]s|a)[ ]{_VALUE})"
)
_SAID_APOSTROPHE = rf"[ ](?:[^.:;!?=|\"`\n]|\.\w)*'(?:[^.:;!?=|\"`\n]|\.\w)*[ ](?:est|is|era|es|was|to|a)[ ]?:?{_VALUE}"
_QUOTED_NEXT = rf"(?:token|secret|credential|key)[ ][\"'`~]{_ODD}"
_GIVEN = r"(?:passw(?:or)?d|passphrase|pwd|pw|key|token|secret|credentials?)"
_PHRASE_LOOSE = (
    r"\**[ ]?(?:is|was|ist|est"
    r"|es|:|=)[ *]{0,3}[\"'`]?(?:[a-z]{3,12}[ -]){3,7}[a-z]{3,12}(?:[*`\"']{0,2}[.!]?[ \t]*(?:\n|\z)|[`\"'])"
)
_SEED_LOOSE = r"[^\n]{0,60}[:=\"'`(][ \t\"'`(*]{0,6}(?:(?:\d{1,2}[.)][ ])?[a-z]{3,8}[ ,]{1,2}){11}"
_PAUSED_LOOSE = r"pass(?:word|phrase):[ ](?:[a-z]{3,12}[ -]){3,7}[a-z]{3,12}(?:[,;]|[ ]\()"
_LOOSE_AS = r"(?:is|as|ist|als|est|comme|como|es)"
_CUED_AFTER = r"(?:password|passphrase|passcode|passwort|mot de passe|token|secret|key|credential)"
RULES = (
    Rule(
        "secret-in-prose",
        rf"{_OTHER}{_SAID}|(?:contrase[an]a|senha|kennwort|wachtwoord|heslo|schl[au]ssel)[ ]\(?{_VALUE}"
        rf"|(?:^|[^\w-])pat[ ][\"'`~]{_ODD}",
        _stated,
        caseless=True,
        strong=False,
        said=(
            rf"{_CUED}{_SAID}",
            rf"{_CUED}{_SAID_APOSTROPHE}",
            rf"(?:passw(?:or)?[dt]|passphrase|passcode|passe|pass|pwd|pw)[ ]\(?{_VALUE}",
            _QUOTED_NEXT,
            DRAWN,
            rf"(?:password|passphrase|passcode|pw),[ ]{_ODD}",
            rf"(?:password|passphrase|passcode|pw),?[ ](?:[a-z]+[ ])?(?:enter|type|use|give|try){_VALUE}",
            rf"(?:password|passphrase|pw|credentials?|secret|token|key)[ ][^\n]*[ ]\([\"'`~]{_ODD}",
            rf"(?:password|passphrase|passcode|pw)[ ,][^\n]*[ ](?:it|that)(?:['~]s|[ ]is)[ ](?:[a-z]+[ ])?{_VALUE}",
            rf"(?:password|passphrase|passcode|pw)[ ](?:still|again|already)[ ](?:just[ ])?{_VALUE}",
            rf"here(?:['~]s|[ ](?:is|are|you))[ ,:][^\n]*{_GIVEN}[,:]?[ ]{_VALUE}",
        ),
    ),
    Rule(
        "secret-in-prose",
        r"[ ](?:contrase[an]a|senha|pin(?:[^\w-]|\z))",
        _named_after,
        caseless=True,
        strong=False,
        said=(rf"[0-9!@#$%^&*+?~][^\s\"'`<>|]*[\"'`~]?,?[ ]{_LOOSE_AS}[ ](?:[\w-]+[ ])*{_CUED_AFTER}(?:[^\w-]|\z)",),
    ),
    Rule(
        "secret-in-prose",
        r"(?:log(?:ged|ging)?[ -]?in|connected|authenticated?|sign(?:ed)?[ -]?in|credentials?|creds|account|user"
        r"(?:name)?"
        r"|benutzer(?:name)?|anmelden|usuario|utilisateur)"
        r"s?[ :](?:[^\n.;(){}=<>\[\]]{0,30}[ :`\"'*])?[A-Za-z][\w.@+-]{1,40}[`\"'*]{0,2}(?:[ ]?[/:][ ]?"
        r"|,?[ ](?:with|using|and|mit|und|et|y|e|con|avec)[ ](?:[a-z ]{0,20}:?[ ]?)?)"
        r"[`\"'*]{0,2}[^\s\"'`<>/|(){}\[\];]{0,24}[0-9!@#$%^&+?~]",
        _logins,
        caseless=True,
        strong=False,
        also=(
            (
                r"(?:(?:log|sign)[ -]?in|anmeld(?:en|ung))[ ][a-z]+[ ]<?https?://\S+[ ][^\n]*(?:[/:][ ]?|[ ](?:and"
                r"|und|et"
                r"|y|e)[ ])[^\s/]*[0-9!@#$%^&+?~]"
            ),
        ),
    ),
    Rule(
        "secret-phrase",
        rf"(?:kennwort|contrase[an]a|senha){_PHRASE_LOOSE}|(?:seed|mnemonic|recovery|backup|wallet){_SEED_LOOSE}"
        r"|pass(?:phrase|word),?[ ][\"'`~][a-z]{3,12}[ -][a-z]{3,12}[ -][a-z]{3}"
        r"|(?:passw(?:or)?d|passphrase)[ ](?:for|of|to)[ ][^\n\"'`:.]*[ ](?:is|was)[ :]{1,2}[\"'`][a-z]{3}",
        _phrases,
        caseless=True,
        strong=False,
        named=(
            rf"(?:passw(?:or)?d|passphrase|passwort|mot de passe){_PHRASE_LOOSE}",
            rf"secret{_SEED_LOOSE}",
            _PAUSED_LOOSE,
        ),
    ),
)
