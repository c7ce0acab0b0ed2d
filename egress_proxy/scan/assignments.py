"""Assignments as people paste them: `DB_PASSWORD=…` in an env file, `token: …` in YAML, `"access_token": "…"` in JSON.

The most common shape of a leak, and the one that detect-secrets sees only where a whole file parses as INI. A name
decides how much its value must look like a secret: in an env file whatever a `*_PASSWORD` is set to is one, in code
`token = next_token` is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from egress_proxy.scan.beginnings import lowered
from egress_proxy.scan.code_names import is_name
from egress_proxy.scan.drawn import drawn, random_letters
from egress_proxy.scan.phrases import is_joined
from egress_proxy.scan.random_text import random_score
from egress_proxy.scan.rule import Rule, Span, TooMuchError
from egress_proxy.scan.values import NOT_A_VALUE, concrete, looks_random, mixed, word_share

__all__ = ["RULES", "word_share"]

# A name ends in the word that makes it secret: TOKEN_LIMIT, SSH_KEY_PATH and max_tokens are something else. What tells
# one of several from the others may follow: PASSWORD_PROD, token2.
_SUFFIX = (
    r"(?:[_-]?\d{1,2}|[_-](?:prod|production|staging|stage|dev|test|live|old|new|value|b64|base64|main|primary|base"
    r"|private|secondary|default|backup|admin|root|user|app|ro|rw))?(?!\w)"
)
# Words by the kind of what they name, in the order in which they are tried at a place. They are found in lower case
# and by their first letters, which is ten times as fast as one expression that ignores case.
_WORD_START, _NO_WORD = r"(?<![^\W_].)", r"(?<!\w.)"  # asked behind the first letter


class _Word(NamedTuple):
    kind: str
    lead: str  # asked behind the first letter
    text: str


def _words(kind: str, lead: str, *texts: str) -> tuple[_Word, ...]:
    return tuple(_Word(kind, lead, text) for text in texts)


# fmt: off
_PARTS = (
    *_words("token", _WORD_START, "secret[ _-]?id"),
    *_words(
        "pass", "", "passw(?:or)?d", "pass[_-]?phrase", "passcode", "pass[_-]word", "passwort", "kennwort",
        "contrase(?:ñ|n)a", "senha",
        "wlan[_ -]?key", "network[_ -]?key", "wachtwoord", "has(?:ł|l)o", "heslo", "l(?:ö|o)senord", "salasana",
        "mot[_ -]?de[_ -]?passe", "adgangskode",
        "pre[_ -]?shared[_ -]?key", "wifi[_ -]?key", "пароль", "signing[_-]?salt", "encryption[_-]?salt",
    ),
    *_words("pass", _NO_WORD, "密码", "密碼"),
    *_words("secret", "", "secrets?"),
    *_words("pass", _WORD_START, "pwd", "pass", "pw", "mdp", "psk"),
    *_words("pass", _WORD_START, "remotepass", "localpass", "userpass", "dbpass", "rootpass", "adminpass", "smtppass",
        "requirepass", "sshpass", "mypass", "ftppass", "mailpass", "newpass", "oldpass", "syspass", "smbpass",
        "keymaterial", "clear-?text", "auth_?tok",
    ),
    *_words(
        "token", _WORD_START, "token", "credentials?", "creds?", "auth", "bearer", "jwt", "pat", "apikey", "authtoken",
        "accesstoken", "sas", "otp", "salt", "tok",
    ),
    *(
        _Word("key", _WORD_START, f"{word}[_ -]?key")
        for word in (
            "api", "app", "access", "account", "admin", "auth", "client", "database", "db", "deploy", "encryption",
            "jwt", "license", "master", "private", "secret", "service", "session", "shared", "signing", "storage",
            "webhook", "hmac", "encrypt", "write", "read", "ingest", "integration", "subscription",
        )
    ),
)
_CAMEL_PARTS = (
    *_words("pass", "", "Pwd", "Pass", "Pw", "Psk", "Credentials"),
    *_words("token", "", "Token", "Tok", "Credential", "Auth", "Jwt", "Pat"),
    *(
        _Word("key", "", f"{letter}{word}Key")
        for letters, word in (
            ("aA", "pi"), ("aA", "pp"), ("aA", "ccess"), ("cC", "lient"), ("pP", "rivate"), ("sS", "ecret"),
            ("sS", "igning"), ("eE", "ncryption"), ("aA", "ccount"), ("mM", "aster"), ("aA", "uth"), ("wW", "ebhook"),
            ("sS", "ession"), ("sS", "hared"), ("sS", "torage"), ("lL", "icense"), ("sS", "ubscription"),
        )
        for letter in letters
    ),
)
# fmt: on


def _by_letter(words: Sequence[_Word], after: str) -> re.Pattern[str]:
    """An expression for any of some words; the group that matched is called after the kind, `pass_3`."""
    letters = []
    for number, letter in enumerate(dict.fromkeys(word.text[0] for word in words)):
        groups: dict[str, list[_Word]] = {}
        for word in words:
            if word.text[0] == letter:
                groups.setdefault(word.kind, []).append(word)
        own = (f"(?P<{kind}_{number}>{_rests(of_kind)})" for kind, of_kind in groups.items())
        letters.append(f"{letter}(?:{'|'.join(own)})")
    return re.compile(f"(?:{'|'.join(letters)}){after}")


def _rests(words: Sequence[_Word]) -> str:
    """The words behind their first letter. What is asked there is asked once for all that ask it, and only where the
    second letter is one of theirs."""
    each = ((lead, [word.text[1:] for word in own]) for lead, own in groupby(words, lambda word: word.lead))
    return "|".join(
        f"(?=[{''.join(rest[0] for rest in rests)}]){lead}(?:{'|'.join(rests)})" if lead else "|".join(rests)
        for lead, rests in each
    )


_NAME = _by_letter(_PARTS, _SUFFIX)
_CAMEL = _by_letter(_CAMEL_PARTS, r"(?!\w)")
# Tokens that let nobody in: where a list goes on, and what makes a request that is sent twice count once.
_OF_REQUESTS = re.compile(
    r"(?:next|page|pagination|continuation|idempotency|lock|change|sync|resume|cursor|request)[_-]?(?:client[_-]?)?\Z"
)
_BEFORE = 32
_KEY_ONLY = re.compile(r"_(?<=[A-Z0-9]_)(?<!(?:GPG|PGP|PUB)_)(?<!PUBLIC_)(?<!FOREIGN_)KEY(?:_\d|\d)?(?!\w)")
# What it is after what it was: `"…" -> "…"`.
_NEW = re.compile(r"[\"'`]?[ \t]*+(?:->|=>|→|➜|➔|to(?=[ ]?[\"'`]))[ \t]*+(?P<quote>[\"'`]?)")
# Who somebody is in an address: `https://token:…@…`. What stands behind it is found there.
_IN_ADDRESS = re.compile(r"://[^\s/@\"']{0,60}\Z")
# Between a name and its value: what closes the name, a sign (a type before it), what opens the value.
_ASSIGN = re.compile(
    r"\\?[]\"'`)*_?]{0,4}+(?P<space>[ \t]*+)(?::[ \t]*+(?:&(?:'\w{1,16} )?)?[A-Za-z_][\w.]{0,30}(?:\[[\w, .]{0,30}\]"
    r"|<[\w, .&']{0,30}>)?\??(?:[ \t]*+\|[ \t]*+(?:None|null|undefined))?(?:[ \t]++=(?![=>])|=(?=[ \t\"'`]))|=>"
    r"|(?<=[ \t])(?:[nN]?(?:string|str|varchar|VARCHAR)(?:\(\d{1,4}\))?|[Aa]s[ ][Ss]tring)[ ]*+=(?!=)"
    r"|:=|->|<-|={1,3}+|:-|:{1,2}+"
    r"|(?:\|\||\?\??|\+)=|(?:\|\||\?\?)(?=[ \t]*+[\"'`])|\|(?=[ \t]))"
    r"(?P<after>[ \t]*+)"
    r"(?:(?:&|!{1,2})[A-Za-z]\w{0,30}[ \t]++)?(?>(?:\*{1,2}+(?!:))?)[ \t]*+(?:[bBrRfFuUN@$]{1,2}(?=[\"']))?(?:\"\"(?=\""
    r"[^\"])|''(?='[^']))?"
    r"(?P<quote>\\?[\"'`]|)"
)
# One of several patterns, of which some character is any.
_GLOB = re.compile(r"[ \t]*(?>[\w.-]{0,40})\*(?!\*)|[ \t]*\*-[\w*-]")
_ELEMENT = re.compile(r">(?P<value>[^<>\n]{3,256}+)</")
_NAMED_ELEMENT = re.compile(r"(?:[\"']|[ ][\w:.-]{1,40}=[\"'])[^<>\n]{0,80}>(?:<value>)?(?P<value>[^<>\n]{3,256}+)</")
_PAIRED = re.compile(
    r"\\?[\"'][ \t]*+(?:,|:[ \t]*+\{)?[ \t]*+\\?[\"']?[a-z_]{0,16}value\\?[\"']?[ \t]*+[:=][ \t]*+(?P<quote>\\?[\"'])",
    re.IGNORECASE,
)
# `getenv("PASSWORD", "…")`, `VALUES ('password', '…')`: lists of names look the same, so the value must be longer.
_LISTED = re.compile(r"(?P<quote>[\"'])[ \t]*+,[ \t]*+(?P=quote)(?P<inner>\\[\"'])?")
_SHORTEST_LISTED, _SHORTEST_ODD = 10, 6
_DEFINED = re.compile(r"define\([ \t]*[\"'][\w.-]*\Z", re.IGNORECASE)  # a constant of PHP: no list of names
_CALL = 80
_OWN_NAME = re.compile(r"(?<![A-Z0-9_])[A-Z][A-Z0-9]*_[A-Z0-9_]+\Z")
_MEMBER = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?![^\s;,.()\[\]-])")  # of a structure: `pass->s2k_cipher`
_WORDS = re.compile(r"[a-z]+(?:[A-Z][a-z]+){2,6}[!?]?")
_LINK = re.compile(r"href=[\"'][^\"'<>]*\Z", re.IGNORECASE)
_CLOSING = ",;)}].\\"
_MORE = re.compile(r"(?:[,;]|&(?:amp;)?)[A-Za-z][\w.-]{0,40}=")  # the next of several that stand in a row
# In code without blanks the next name, and what closes the object: `{auth:t,p256dh:e}};`.
_NEXT = re.compile(r"[,;}]{1,3}[A-Za-z_$][\w$.-]{0,40}[:=]|[)}]{1,3}[;,]")
_COMMAND = re.compile(r"(?<![^ ])-{1,2}[A-Za-z]|(?<![^ ])[A-Z_]{2,}=|[/.]\w")
_LINE_START = re.compile(r"\s*(?:(?:export|set|setx|ENV|ARG|declare -x)[ \t]+)?[\w.-]*")
_BARE_LINE = re.compile(r"[^\s\"'`#\\][^\s\"'`\\]*+(?> [^\s\"'`#()=\\]++){0,7}+(?=[ \t]++\#|[ \t]*$)")
# A value is judged by its beginning, so that a run with a name in every place is not read again for each of them.
_BARE = re.compile(r"(?>[^\s\"'`\\]|\\(?![nrt\"'])){1,96}+")
_BARE_REST = re.compile(r"(?>[^\s\"'`\\]|\\(?![nrt\"']))*+")
_QUOTED = {quote: re.compile(rf"(?:[^{quote}\\\n]|\\[^\n]){{1,256}}+") for quote in "\"'`"}
_QUOTED_REST = {quote: re.compile(rf"(?:[^{quote}\\\n]|\\[^\n])*+") for quote in "\"'`"}
_ESCAPED, _ESCAPED_REST = re.compile(r"[^\"'`\\\n]{1,96}+"), re.compile(r"[^\"'`\\\n]*+")
# The prefilter: words that are looked for in lines with one of `cues`, and others.
_CUED = (
    r"(?:passw(?:or)?d|passphrase|passcode|pwd|pass|passwort|passe|secrets?(?:[_-]?id)?|token|credentials?|creds?|key"
    r"|auth(?:_?tok)?|(?:^|[^a-z0-9])pw)"
)
_OTHER = (
    r"(?:kennwort|contrase[an]a|senha|wachtwoord|has[la]o|heslo|l[ao]senord|salasana|adgangskode|aaaaaa|bearer|jwt"
    r"|clear-text|cleartext|keymaterial|wlan[ _-]?key"
    r"|secrets? id|(?:^|[^a-z0-9])(?:mdp|pat|psk|sas|otp|salt|aa))"
)
_ASSIGNED = (
    r"(?:[_-]?\d{1,2}|[_-][a-z0-9]{1,10})?(?:[\]\"'`)*_?\\]{0,5}[ \t]*(?:[=:|]|->|<-|[+?]=|\?\?"
    r"|(?:as[ ]|n)?(?:string|str|varchar)[(\d) ]*=)"
    r"|(?:(?:[ ][\w:.-]+=)?[\"'][^<>\n]*)?>(?:<value>)?[^<>\n]{3}"
    r"|\\?[\"'][ \t]*,?[ \t]*(?:\\?[\"']){0,2}(?:[a-z_]{0,16}value|[^\s\"']{10}"
    r"|[^\s\"'\\]{4,9}\\?[\"'][ \t]*(?:[\");,]|\n|\z)|[a-z]{3,12}[ ][a-z]{3}))"
)

_TYPE = re.compile(
    r"(?:u?int|float|bytes|sha|aes|rsa|utf-?|base|md|es|hs|rs|i|u|f)[-_]?\d+(?:be|le)?|\d+(?:\.\d+)*(?:ms"
    r"|[smhdkKMGTB]{1,2})?"
    # An algorithm: `scram-sha-256`, `AES-256-GCM`, `PKCS-12`.
    r"|(?:[a-z]{2,8}[-_]){0,2}(?:sha|aes|rsa|hmac|md|ed|pkcs|ecdsa|chacha|hs|rs|es|p)[-_#]?\d{1,4}(?:[-_][a-z]{2,8}){0,2}"
    # A colour, a number of a program, an image by its digest, the hash of a Rust symbol.
    r"|#[0-9a-f]{3,8}|0x[0-9a-f]{1,16}|[\w.+-]{1,64}@sha256:[0-9a-f]{64}|h[0-9a-f]{16}",
    re.IGNORECASE,
)
_MASKED = re.compile(
    r"[xX*.\u2022]{4,}|\A(?>\\u(?!00)[0-9A-Fa-f]{4}){1,16}\Z|\[(?:redacted|REDACTED)|<[\w -]{2,40}>|\$\{|\{\{|%\(|%s"
)
_TEMPLATE = re.compile(
    r"\$[A-Za-z_]\w*(?:(?:[/:.]|->).*)?"
    r"|\$[{(\[].*|<.*>|<[A-Za-z][\w-]*|\{.*\}|\[.*\]|%[({s].*|[A-Za-z_][\w.]*\(.*\)[;,]?|.*\$\{.*|\{.*|.*\{[A-Za-z_][\w.]*\}.*",
    re.DOTALL,
)
_EXPRESSION = re.compile(r"\$[A-Za-z_]\w*(?:(?:[/:.]|->).*)?|\$[{(\[].*|[<{\[(%*@&|`].*|.*[({\[<].*", re.DOTALL)
_ARGUMENT = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+,?")
_RANDOM, _SURELY_RANDOM, _SHORTEST_PART = 0.45, 0.5, 5
_PASSWORDS = {"pass": None, "secret": None}  # a `secret` may be the name of one, so it is no passphrase
_SIGN = re.compile(r"[!@#$%^&*+?~]")
_SHORTEST_SCATTERED, _SIGNS = 32, 8
# The shortest secrets, in an env file or not: shorter ones are switches.
_SHORTEST = {
    True: {"pass": 4, "secret": 4, "token": 8, "key": 8},
    False: {"pass": 6, "secret": 6, "token": 12, "key": 12},
}
_OF_OBJECTS = frozenset({":", "==", "==="})
_OPENING = frozenset("\\\"'")
# What names and values cost, and what a line may: a few microseconds are some 20.
_A_NAME, _A_VALUE = 24, 50
_FIRST, _EACH = 1024, 4
_ATTRIBUTE = re.compile(r"[A-Za-z_]\w*(?:(?:\??\.|::|->)\$?[A-Za-z_]\w*)+")
_PATH = re.compile(
    r"(?:~|\.{0,2})/[\w.@+-]*(?:/[\w.@+:-]*)*|[A-Za-z]:\\.*|(?:[\w.-]+/)+[\w.-]+\.[A-Za-z]{1,5}"
    r"|(?:[a-z][a-z.-]*/){2,}[\w.-]*"
)
_REGEX = re.compile(r"\(\?[:=!<P]|\[\^?(?:a-z|A-Z|0-9|\\)|\\[dws][+*{]|\]\{\d|\][?*+]")
# And one with a login, of which other rules take the password alone.
_URL = re.compile(r"[A-Za-z][\w+.-]*://(?:[^\s@]*|[^\s:@/]*:[^\s:@/\"'<>{}]{3,}@[\w.-]+(?::\d+)?(?:/[\w./?=&%-]*)?)")


def _plausible(value: str, *, code: bool) -> bool:
    """Whether a value could be a secret at all; between quotes and in env files it may hold brackets."""
    return (
        value.lower().strip(" .,;:!?*_)]}") not in NOT_A_VALUE
        and not _MASKED.search(value)
        and len(set(value)) > 2  # noqa: PLR2004  `xxxx`, `....`, `****`
        and not value.lower().startswith(("your", "my_", "my-", "example", "placeholder", "insert"))
        and (_EXPRESSION if code else _TEMPLATE).fullmatch(value) is None
        and _TYPE.fullmatch(value) is None
        and _PATH.fullmatch(value) is None
        and _URL.fullmatch(value) is None
        and _REGEX.search(value) is None
    )


def _scattered(value: str) -> bool:
    """Whether signs of all sorts stand among letters of both cases and digits, as where all that can be typed is drawn
    from: no expression of a program has so many."""
    if len(value) < _SHORTEST_SCATTERED or len(set(value)) < len(value) // 2 or not mixed(value):
        return False
    signs = [char for char in value if not (char.isalnum() or char == " ")]
    return len(set(signs)) >= _SIGNS and 4 * len(signs) >= len(value) and not value.islower()


def _odd(value: str) -> bool:
    """Letters with digits, or with signs that stand in no word."""
    return mixed(value) or (_SIGN.search(value) is not None and any(map(str.isalpha, value)))


def _secret_in_env(kind: str, value: str) -> bool:
    if kind in _PASSWORDS:
        return True
    if kind == "token":
        return random_score(value) >= _RANDOM or random_letters(value) or (len(value) >= 20 and looks_random(value))  # noqa: PLR2004
    return looks_random(value) or random_letters(value)


def _secret_in_code(kind: str, value: str) -> bool:
    if kind == "pass" and is_joined(value):
        return True
    if (_ATTRIBUTE.fullmatch(value.rstrip("!")) and not (kind == "pass" and _dotted(value))) or is_name(value):
        return False
    if kind == "pass":
        return _odd(value) or concrete(value) or drawn(value)
    return concrete(value) or random_letters(value) or (kind == "secret" and _odd(value))


def _dotted(value: str) -> bool:
    """Whether what has the form of an attribute is random letters and digits with a dot among them."""
    return mixed(value) and max(map(len, value.split("."))) >= _SHORTEST_PART and random_score(value) >= _SURELY_RANDOM


class _Budget:
    """What one line may cost: names, and values that are judged, for its length."""

    __slots__ = ("_left",)

    def __init__(self, length: int) -> None:
        self._left = _FIRST + _EACH * length

    def spend(self, cost: int) -> None:
        self._left -= cost
        if self._left < 0:
            raise TooMuchError


def _values(line: str, kinds: Sequence[str] = (*_PASSWORDS, "token", "key")) -> Iterator[Span]:
    budget = _Budget(len(line))
    low = lowered(line)
    for pattern, seen in ((_NAME, low), (_CAMEL, line), (_KEY_ONLY, line)):
        if pattern is _KEY_ONLY and "_KEY" not in line:
            continue
        end = 0
        for name in pattern.finditer(seen):
            kind = (name.lastgroup or "key").partition("_")[0]
            if kind == "token" and _OF_REQUESTS.search(low, max(0, name.start() - _BEFORE), name.start()):
                continue
            if name.start() >= end and kind in kinds and (span := _value(line, name, kind, budget)):
                yield span
                end = span[1]
                if (new := _NEW.match(line, end)) and (then := _replaced(line, new, kind, budget)):
                    yield then


def _replaced(line: str, new: re.Match[str], kind: str, budget: _Budget) -> Span | None:
    """What a value is replaced by."""
    if new["quote"]:
        return _quoted(line, new.end(), new["quote"], kind, budget)
    value = _BARE.match(line, new.end())
    word = value[0].rstrip(_CLOSING) if value else ""
    return (new.end(), new.end() + len(word)) if _accepted(word, kind, budget, env=False) else None


def _value(line: str, name: re.Match[str], kind: str, budget: _Budget) -> Span | None:
    budget.spend(_A_NAME)
    next_ = line[name.end() : name.end() + 1]
    if next_ == ">" and (element := _ELEMENT.match(line, name.end())):
        return _element(line, element, kind, budget)
    if next_ in _OPENING or next_ == " ":
        if beside := _PAIRED.match(line, name.end()) or _LISTED.match(line, name.end()):
            return _beside(line, name, beside, kind, budget)
        if (named := _NAMED_ELEMENT.match(line, name.end())) and not _of_link(line, name):
            return _element(line, named, kind, budget)
    sign = _ASSIGN.match(line, name.end())
    if (
        sign is None
        or (sign[0] == "->" and _MEMBER.match(line, sign.end()))
        or (next_ == "*" and _in_case(line, name, sign))
        or _in_address(line, name, sign)
    ):
        return None
    if sign["quote"]:
        upper = line[name.start() : name.end()].isupper()
        return (
            None
            if upper and _is_own_name(line, name, sign)
            else _quoted(line, sign.end(), sign["quote"], kind, budget, env=_tight(sign) and upper)
        )
    return _bare(line, name, sign, kind, budget)


def _in_address(line: str, name: re.Match[str], sign: re.Match[str]) -> bool:
    return sign[0] == ":" and _IN_ADDRESS.search(line, max(0, name.start() - _CALL), name.start()) is not None


def _in_case(line: str, name: re.Match[str], sign: re.Match[str]) -> bool:
    """Whether the name is one of the patterns that a shell compares with: `cygwin* | pw32* | cegcc*)`."""
    if not sign[0].lstrip("*").startswith(" |") or line[max(0, name.start() - 2) : name.start()] == "**":
        return False
    return not line.startswith("**", name.end()) and _GLOB.match(line, sign.end()) is not None


def _beside(line: str, name: re.Match[str], beside: re.Match[str], kind: str, budget: _Budget) -> Span | None:
    """A string beside the one that has the name."""
    listed = beside.re is _LISTED
    quote = (beside["inner"] if listed else "") or beside["quote"]
    value = _quoted(line, beside.end(), quote, kind, budget)
    if value is None or not listed or _surely(line[slice(*value)]) or _defined(line, name):
        return value
    return None


def _element(line: str, element: re.Match[str], kind: str, budget: _Budget) -> Span | None:
    """What stands in an element of XML that is called after a secret."""
    env = kind in _PASSWORDS and line[element.start()] == ">"  # texts of applications have names in attributes
    plausible = not _said(element["value"]) and _accepted(element["value"], kind, budget, env=env, quoted=True)
    return element.span("value") if plausible else None


def _is_own_name(line: str, name: re.Match[str], sign: re.Match[str]) -> bool:
    """Whether a constant is what it is called: `OKTA_PASSWORD="okta_password"`."""
    whole = _OWN_NAME.search(line, max(0, name.start() - _CALL), name.end())
    if whole is None or len(whole[0]) == name.end() - name.start():
        return False
    value = line[sign.end() : sign.end() + len(whole[0])]
    return value == whole[0].lower() and line.startswith(sign["quote"], sign.end() + len(value))


def _of_link(line: str, name: re.Match[str]) -> bool:
    """Whether a name is the end of an address, whose text is what follows: `href="admin.html#_good_password">`."""
    return _LINK.search(line, max(0, name.start() - _CALL), name.start()) is not None


def _surely(value: str) -> bool:
    """Whether the second of two strings is more than a name: long, or with a digit and a sign."""
    if len(value) >= _SHORTEST_LISTED:
        return not (_WORDS.fullmatch(value) and random_score(value) < _RANDOM)
    return len(value) >= _SHORTEST_ODD and mixed(value) and _SIGN.search(value) is not None


def _defined(line: str, name: re.Match[str]) -> bool:
    """Whether a name is that of a constant which is given a value: `define('…', '…')`."""
    return _DEFINED.search(line, max(0, name.start() - _CALL), name.start()) is not None


def _said(value: str) -> bool:
    """Whether words are said of a value in its place: `optional; leave it empty`."""
    first, more, _ = value.partition(" ")
    return bool(more) and first.lower().strip(",;:") in NOT_A_VALUE


def _tight(sign: re.Match[str]) -> bool:
    return "=" in sign[0] and "==" not in sign[0] and not sign["space"] and not sign["after"]


def _accepted(value: str, kind: str, budget: _Budget, *, env: bool, quoted: bool = False) -> bool:
    """Whatever an env file sets a password to is one; in code the value must look like one."""
    if len(value) < _SHORTEST[env][kind]:
        return False
    budget.spend(_A_VALUE + len(value))
    if quoted and not env and _scattered(value):
        return True
    return _plausible(value, code=not env and not (quoted and (kind in _PASSWORDS or "[" not in value))) and (
        _secret_in_env if env else _secret_in_code
    )(kind, value)


def _quoted(line: str, start: int, quote: str, kind: str, budget: _Budget, *, env: bool = False) -> Span | None:
    escaped = quote.startswith("\\")
    value = (_ESCAPED if escaped else _QUOTED[quote]).match(line, start)
    if value is None or not _accepted(value[0], kind, budget, env=env, quoted=True):
        return None
    rest = (_ESCAPED_REST if escaped else _QUOTED_REST[quote]).match(line, value.end())
    return start, rest.end() if rest else value.end()


def _bare(line: str, name: re.Match[str], sign: re.Match[str], kind: str, budget: _Budget) -> Span | None:
    first = _tight(sign) and kind in _PASSWORDS and _LINE_START.fullmatch(line, 0, name.end()) is not None
    whole = _BARE_LINE.match(line, sign.end()) if first else None
    if whole and not (whole[0].endswith(",") or _ARGUMENT.fullmatch(whole[0]) or _before_command(whole[0])):
        return whole.span() if _accepted(whole[0], kind, budget, env=True) else None
    value = _BARE.match(line, sign.end())
    env = _tight(sign) and line[name.start() : name.end()].isupper()
    if value is None:
        return None
    if (own := _alone(line, value, sign)) is not None:
        accepted = _accepted(own.rstrip(_CLOSING), kind, budget, env=env)
        return (value.start(), value.start() + len(own.rstrip(_CLOSING))) if accepted else None
    if not _accepted(value[0].rstrip(_CLOSING), kind, budget, env=env):
        return None
    rest = _BARE_REST.match(line, value.end())
    full = value[0] + (rest[0] if rest else "")
    if not first and _tight(sign) and (more := _MORE.search(full)):
        full = full[: more.start()]
        full = full.rstrip(_CLOSING)
        if len(full) < _SHORTEST[True][kind] or _ATTRIBUTE.fullmatch(full) or full.lower() in NOT_A_VALUE:
            return None  # what was judged is the rest of the line
    return value.start(), value.start() + len(full.rstrip(_CLOSING))


def _alone(line: str, value: re.Match[str], sign: re.Match[str]) -> str | None:
    """A value without what is glued to it, where something surely is: the end of its emphasis, code without blanks."""
    start = value.start()
    if line.startswith("**", start - 2):
        own, marks, _ = value[0].partition("**")
        return own if marks else None
    if sign["space"] or sign["after"] or sign[0] not in _OF_OBJECTS:
        return None
    more = _NEXT.search(value[0])
    return value[0][: more.start()] if more else None


def _before_command(value: str) -> bool:
    """Whether only the first word (or its mask) is the value, and a command follows: `PASSWORD=… psql -l`."""
    word, _, others = value.partition(" ")
    if not others:
        return False
    return word.startswith("[]") or (_odd(word) and (looks_random(word) or _COMMAND.search(others) is not None))


def _passwords(line: str) -> Iterator[Span]:
    """Values of what is called a password or a secret: what is decoded at random has no such name."""
    return _values(line, tuple(_PASSWORDS))


RULES = (
    Rule(
        "secret-assignment",
        _OTHER + _ASSIGNED,
        _values,
        caseless=True,
        strong=False,
        decoded=_passwords,
        named=(_CUED + _ASSIGNED,),
    ),
)
