"""Passwords that stand where no sign and no option says so: piped into a program, after a word of a configuration,
behind a user's name and a colon. What stands there must look like a password itself (`passwords`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress_proxy.scan.own.shell import SECRET_NAME, WORD, likely
from egress_proxy.scan.passwords import noted, password_like, surely_password, unmistakable
from egress_proxy.scan.patterns import Pattern
from egress_proxy.scan.prose import bare_password
from egress_proxy.scan.rule import Rule, Span, TooMuchError

_ODD = r"[^\s\"'`<>(){}\[\]|]{0,24}[0-9!@#$%^&*+?~]"
_MIX = r"[\"']?(?:[A-Za-z_-]+[0-9!#%^&*?@+~$]|[0-9]+[A-Za-z])[^\s\"']{4}"
# Programs that only work on text.
_FILTERS = (
    r"grep|e?grep|rg|sed|g?awk|tr|cut|wc|jq|yq|xargs|tee|sort|uniq|head|tail|rev|fold|base64|base32|xxd|od|hexdump|md5sum"
    r"|sha\d+sum|shasum|bc|cat|python3?|node|perl|ruby|bash|sh|less|more|column|iconv|gzip|figlet|cowsay|http|nc"
)

_SHORTEST_HELD = 8


def _held(value: str) -> bool:
    return len(value) >= _SHORTEST_HELD and noted(value)


PATTERNS = (
    # What a setting with a secret's name is now: `I set `DB_PASSWORD` to `…``.
    Pattern(
        "secret-in-prose",
        rf"`{SECRET_NAME}`[ ](?:(?:is|was|now|currently|has been)[ ]){{0,2}}(?:set |changed |updated )?"
        r"(?:to|is|as|=|with)[ ]`(?P<s>[^`\s]{4,100}+)`",
        likely,
        prefilter=r"(?:pass\w*|pwd|pw|secret|token|key|credentials?|auth)(?:_\d)?`[ ](?:[a-z]+[ ])*(?:to|is|as"
        r"|=|with)[ ]`",
        strong=False,
        named=True,
    ),
    Pattern(
        "command-password",
        r"(?:--token|[ \t](?:install|login|token|run))(?:=|[ \t]++)(?P<s>eyJ[0-9A-Za-z+/_=-]{60,}+)(?!\.)",
        caseless=False,
    ),
    Pattern(
        "command-password",
        rf"\b(?:echo|printf)[ \t]++(?:-[en]{{1,2}}[ \t]++|[\"']%s(?:\\n)?[\"'][ \t]++)?{WORD}[ \t]*+\|[ \t]*+"
        rf"(?!(?:sudo[ \t]++)?(?:{_FILTERS})\b)[a-z]",
        password_like,
        strong=False,
        prefilter=r"(?:echo|printf)[ \t]+[^\n|]*[A-Za-z0-9!@#$%^&*+?~][\"']?[ \t]*\|[ \t]*[a-z]",
    ),
    Pattern(
        "command-password",
        rf"<<<[ \t]*+{WORD}",
        password_like,
        strong=False,
        prefilter=r"<<<[ \t]*[^\s|;&<>(){}$`]",
    ),
    Pattern(
        "command-password",
        rf"[ \t]--(?:value|body|data|text|secret-value|plaintext)(?:=|[ \t]++){WORD}",
        surely_password,
        strong=False,
        prefilter=r"[ \t]--(?:value|body|data|text|secret-value|plaintext)(?:=|[ \t]+)",
    ),
    # Where the command says that it is one: `secret set … --value …`.
    Pattern(
        "command-password",
        rf"(?:secure-?string|secrets?|keyvault|passw(?:or)?d)[^\n|;]{{0,200}}?[ \t]--(?:value|body|data|(?:plain)?text)"
        rf"(?:=|[ \t]++){WORD}",
        likely,
        strong=False,
        prefilter=r"[ \t]--(?:value|body|data|(?:plain)?text)(?:=|[ \t]+)",
    ),
    Pattern(
        "secret-in-prose",
        r"\bunlock(?:s|ed)?[ ](?:(?:it|them|this|that|the [\w-]{1,24})[ ])?(?:with|using)[ ](?:the )?"
        r"[`\"'*]{0,2}(?P<s>[^\s\"'`*]{4,100}[^\s\"'`*.,;:])",
        bare_password,
        strong=False,
    ),
    # What something was closed with.
    Pattern(
        "secret-in-prose",
        r"\b(?:(?:en|de)crypted|opens|protected)[ ](?:(?:it|them|this|that|the [\w-]{1,24})[ ])?"
        r"(?:with|using|by)[ ]"
        r"(?:the )?(?:(?:passphrase|password|passcode|literal|string|secret|key|symmetric|word)[ ]){0,3}"
        r"[`\"'*]{0,2}(?P<s>[^\s\"'`*][^\s\"'`]{3,100}[^\s\"'`*.,;:])",
        unmistakable,
        prefilter=rf"(?:crypted|opens|protected)[ ](?:[\w-]+[ ]){{0,3}}(?:with|using|by)[ ](?:[a-z]+"
        rf"[ ]){{0,4}}"
        rf"[`\"'*~]{{0,2}}{_ODD}",
        strong=False,
    ),
    # Of a network, in a sentence: `SSID `Halden`, key `…``.
    Pattern(
        "device-password",
        r"(?:wi-?fi|ssid|wlan)\b[^\n]{0,60}?[ ,;(](?:key|password|passphrase|pw|psk|code)(?:[ ]is|[ ]?[:=])?[ ]"
        r"[`\"'*]{0,2}"
        r"(?P<s>[^\s\"'`*(),;]{7,62}[^\s\"'`*(),;.:])",
        noted,
        prefilter=rf"(?:wi-?fi|ssid|wlan)[^\n]{{0,60}}[ ,;(](?:key|password|passphrase|pw|psk|code)(?:[ ]is|[ ]?"
        rf"[:=])?[ ][`\"'*~]{{0,2}}{_ODD}",
        strong=False,
    ),
    # What a file is said to hold that is called after a secret.
    Pattern(
        "secret-in-prose",
        r"[`\"'][\w./~-]{0,60}(?:passw?(?:or)?d?|passphrase|secret|token|key|cred\w{0,8})[\w.-]{0,24}[`\"'][ ]"
        r"(?:contains|holds|has|reads"
        r"|says|stores|carries|consists of)(?:[ ](?:a|the|one|just|only|single|line|value|string|literal|password|of"
        r"|word|is|it)){0,6}"
        r"[,:]?[ ][`\"'*]{0,2}(?P<s>[^\s\"'`*]{4,100}[^\s\"'`*.,;:])",
        _held,
        prefilter=r"[\w.-][`\"'][ ](?:contains|holds|has|reads|says|stores|carries|consists)[ ,:]",
        strong=False,
    ),
    Pattern(
        "secret-in-prose",
        r"\b(?:enter|type|put|paste)[ ](?:in[ ])?(?P<q>[`\"'])(?P<s>[^\s\"'`]{5,100}+)(?P=q)[ ](?:at|into|in|for"
        r"|when|as)[ ]"
        r"(?:[\w']{1,24}[ ]){0,4}(?:pass(?:word|phrase|code)|pin|token|login)\b",
        bare_password,
        strong=False,
        prefilter=rf"(?:enter|type|put|paste)[ ](?:in[ ])?[`\"']{_ODD}",
    ),
    Pattern(
        "secret-in-prose",
        r"\bwi-?fi[^\n:]{0,24}:[ \t]*+[\w.-]{1,32}(?: [\w.-]{1,24})?[ ]/[ ](?P<s>[^\s\"'`<>()]{8,63}+)",
        bare_password,
        strong=False,
        prefilter=rf"wi-?fi[^\n:]*:[ \t]*[\w.-][^\n]*[ ]/[ ]{_ODD}",
    ),
    Pattern(
        "secret-in-prose",
        r"\b(?:typed|entered|pasted)[ ](?:in[ ])?[`\"']?(?P<s>[^\s\"'`]{5,100}+)[`\"']?[ ](?:at|into|in|for|when|as)[ ]"
        r"(?:[\w']{1,24}[ ]){0,4}(?:pass(?:word|phrase|code)|pin|token|login)\b",
        bare_password,
        strong=False,
        prefilter=rf"(?:typed|entered|pasted)[ ](?:in[ ])?[`\"']?{_ODD}",
    ),
    Pattern(
        "command-password",
        rf"(?<![^ \t])(?:-[pPwk]|/p)[ \t]++{WORD}",
        surely_password,
        strong=False,
        prefilter=rf"[ \t](?:-[pPwk]|/p)[ \t]+[\"']?{_ODD}",
    ),
)

# A word of a configuration with its value behind it: `shared_key …`, `IPSec secret …`, `isakmp key … address`.
_SETTING = re.compile(r"[A-Za-z_.-]{2,40}[=:]")
_DIRECTIVE = re.compile(
    r"(?:secret|key|token|password|passphrase)[ \t]++(?:\d{1,3}[ \t]++)?(?:(?:md5|hmac-\w{1,8}|sha\d{0,3}"
    r"|ascii(?:-text)?"
    r"|hex|cipher|simple|clear)[ \t]++)?(?P<quote>[\"']?)(?P<s>[^\s\"',;<>`]{6,96}+)(?P=quote)",
    re.IGNORECASE,
)
# In the configuration of a device there is nothing else behind such a word.
_OF_DEVICE = re.compile(r"(?:enable|username|ppp|neighbor|isakmp|ospf|tacacs|radius|ntp)[ -]", re.IGNORECASE)
_FROM_DEVICE = 100
# Values of a line that are looked at: so many, and one in so many characters. Each takes some 75 us.
_FIRST_SAID, _SAID_EACH = 512, 128


def _directives(line: str) -> Iterator[Span]:
    left = _FIRST_SAID + len(line) // _SAID_EACH
    for found in _DIRECTIVE.finditer(line):
        left -= 1
        if left < 0:
            raise TooMuchError
        value = found["s"]
        if value[-1] in ".):" or _SETTING.match(value):
            continue
        start = found.start()
        if surely_password(value) or (
            likely(value) and _OF_DEVICE.search(line, max(0, start - _FROM_DEVICE), start) is not None
        ):
            yield found.span("s")


_CUED = r"passwd|password|authtoken|auth-?pass|auth|secrets?[ \t]+(?:set|put|create|add)"
# What is said to a program in its own words: `user add bob …`, `unlock …`.
_SAID = re.compile(
    r"^[ \t$#>]*+(?:sudo[ \t]++)?(?:(?:mk|smb|ldap)passw[a-z]*+|[a-z][\w.-]++(?:[ \t]++[\w.:=/-]++){0,3}?"
    r"[ \t]++(?:login|unlock|unseal|passwd|password|authtoken"
    r"|auth(?:-?pass)?|user[ \t]++(?:create|add|set\w*)|useradd|adduser|add-user|config[ \t]++set"
    r"|(?:user-)?secrets?[ \t]++(?:set|put|create|add)))(?=[ \t])"
)
_ARGUMENT = re.compile(rf"[ \t]++(?:(?:[\"']?[A-Za-z][\w.-]{{1,30}}+:(?=[^/]))?{WORD}|(?P<other>[^\s|;&<>]++))")
_KEY = re.compile(r"[0-9a-f]{32,64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ARGUMENTS = 5


def _told(line: str) -> Iterator[Span]:
    said = _SAID.match(line)
    at = said.end() if said else -1
    for number in range(_ARGUMENTS if said else 0):
        argument = _ARGUMENT.match(line, at)
        if argument is None:
            return
        part = argument.lastgroup or ""
        if surely_password(argument[part]) or (number == 0 and _KEY.fullmatch(argument[part])):
            yield argument.span(part)
        at = argument.end()


# `root:…` alone on a line or between quotes, perhaps with a host behind it.
_PAIR = re.compile(
    r"(?:^[ \t-]*+(?:\S{4,80}+[ \t]++)?|[\"'`])(?:[\w.-]{1,20}+/)?[A-Za-z][\w.@-]{1,60}+:"
    r"(?P<s>[A-Za-z0-9][^\s\"'`:/,;()\[\]{}<>|\\]{7,120}+)(?:[\"'`]|[ \t]*$)"
)
_LONGEST = 40  # longer ones are keys and digests, judged as tokens
_HOST = re.compile(r"@[\w-]+(?:\.[\w-]+)+\Z")


def _pairs(line: str) -> Iterator[Span]:
    for pair in _PAIR.finditer(line):
        host = _HOST.search(pair["s"])
        value = pair["s"][: host.start()] if host else pair["s"]
        if len(value) <= _LONGEST and surely_password(value):
            yield pair.start("s"), pair.start("s") + len(value)


_REST, _STOP = r"[^\s\"'`:/,;()\[\]{}<>|\\]*", r"(?:[\"'`~]|[ \t]*(?:\r?\n|\z))"
_BRACKETED = re.compile(
    r"\b(?:passw(?:or)?d|passphrase|pw|credentials?)\b[^\n()]{1,80}?[ ]\((?P<s>[^\s()\"'`,;]{8,64})\)", re.IGNORECASE
)


def _bracketed(line: str) -> Iterator[Span]:
    """What stands in brackets in a sentence on a password, as if said in passing."""
    for found in _BRACKETED.finditer(line):
        if surely_password(found["s"]):
            yield found.span("s")


RULES = (
    Rule(
        "secret-in-prose",
        "",
        _bracketed,
        caseless=True,
        strong=False,
        said=(rf"(?:passw(?:or)?d|passphrase|pw|credentials?)(?:[ ][^\n()]{{0,80}})?[ ]\({_ODD}",),
    ),
    Rule(
        "command-password",
        rf"(?:unlock|unseal|login|user[ \t]+(?:create|add|set)|useradd|adduser|add-user|config[ \t]+set)[ \t]+(?:"
        rf"[^\n]*[ \t:])?{_MIX}",
        _told,
        strong=False,
        said=(rf"(?:{_CUED})[ \t]+(?:[^\n]*[ \t:])?{_MIX}",),
    ),
    Rule(
        "secret-in-prose",
        "",
        _directives,
        caseless=True,
        strong=False,
        said=(rf"(?:secret|key|token|password|passphrase)[ \t]+(?:\d+[ \t]+)?(?:[a-z][a-z0-9-]*[ \t]+)?[\"']?{_ODD}",),
    ),
    Rule(
        "command-login",
        rf"[A-Za-z0-9_.-]:[A-Za-z0-9][\w.-]*[!#%^*?+~=@$]{_REST}{_STOP}",
        _pairs,
        strong=False,
        also=(rf"[A-Za-z_]:[a-z0-9]*[A-Z][A-Za-z0-9]{{6}}[A-Za-z0-9_-]*{_STOP}",),
    ),
)
