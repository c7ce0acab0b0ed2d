"""Credentials on command lines."""

from __future__ import annotations

import re

from egress_proxy.scan.code_names import is_algorithm
from egress_proxy.scan.drawn import drawn, random_letters
from egress_proxy.scan.passwords import chosen, password_like
from egress_proxy.scan.patterns import Pattern
from egress_proxy.scan.phrases import is_joined, is_passphrase
from egress_proxy.scan.random_text import masked, random_score
from egress_proxy.scan.rule import Scope
from egress_proxy.scan.values import looks_random, mixed, not_placeholder

WORD = r"(?:\"(?P<s1>[^\"\n]{3,}+)\"|'(?P<s2>[^'\n]{3,}+)'|(?P<s3>[^\s\"'|;&<>(){}$`]{3,}+))"

_OPTIONS = (
    r"password|passwd|passphrase|pass|pwd|pw|secret|api-?key|access-?key|secret-?key|auth-?token|token|private-?key"
    "|credential|auth|secret-access-key|requirepass|secret-string|auth-?key"
    r"|(?:account|license|encryption|join|signing|master|shared|service|ingest|write|admin|deploy)-key"
)
# Tokens that let nobody in.
_OF_REQUESTS = "next|page|starting|continuation|client|client-request|change|idempotency|lock|lifecycle-action"
_SHORTEST, _SHORTEST_LETTERS, _RANDOM, _ENOUGH = 6, 10, 0.5, 0.4
_NUMBERED = re.compile(r"[A-Za-z]+(?:[_-]?[A-Za-z]+)*[_-]?\d{1,3}(?:[_-][A-Za-z]{1,8})?")
_ADDRESS = re.compile(r"[\w.-]+(?::\d+)?/[\w.-]+")
_FOURS = re.compile(r"[a-z]{4}(?:-[a-z]{4}){3}")  # a password that is made for one program
_ESCAPED = re.compile(r"(?>\\u(?!00)[0-9A-Fa-f]{4}){1,48}\W?")  # a word in another script
SECRET_NAME = (
    r"[\w.-]{0,60}(?:password|passwd|passphrase|pass|pwd|pw|secret|token|key|credentials?|auth|pat|salt)(?:_\d)?"  # noqa: S105  how names end
)
_ARGUMENT = r"[^,()\n]{1,160}+,[ \t]*+"
_GIVEN_TO_CALL = r"[\"'](?P<%s>[^\"'\n]{4,200}+)[\"']"


def given(value: str) -> bool:
    return (
        not_placeholder(value)
        and not masked(value)
        and not value.startswith(("-", "$", "<", "[", "{", "@", "/", "./", "~"))
        and not _ESCAPED.fullmatch(value)
    )


def telling(value: str) -> bool:
    """What an option such as `--token` is given, and not the name of a file or a variable."""
    signs = any(char in "!@#$%^&*" for char in value)
    if value.count("/") > 1:
        return False
    return given(value) and (
        looks_random(value) or signs or (mixed(value) and len(value) >= _SHORTEST) or _of_letters(value)
    )


def _telling_word(value: str) -> bool:
    """The same of `--pat`, which may as well be a pattern."""
    return telling(value) and " " not in value


def _of_letters(value: str) -> bool:
    """Random letters, or words that were drawn by lot."""
    if value.isalpha():
        return random_letters(value) or (len(value) >= _SHORTEST_LETTERS and random_score(value) >= _RANDOM)
    if _FOURS.fullmatch(value):
        return random_score(value.replace("-", "")) >= _ENOUGH
    return is_passphrase(value) or is_joined(value)


def likely(value: str) -> bool:
    """A password where one may stand: one that is `odd`, or that has letters alone and is no word."""
    return odd(value) or (given(value) and _of_letters(value))


def _passed(value: str) -> bool:
    """What a call named after a secret is given: what it is called after may be there as well, in words."""
    return likely(value) and (" " not in value or drawn(value))


def _keyed(value: str) -> bool:
    """What a call is given of which the first may be an algorithm: `createHmac('sha256', key)`."""
    return likely(value) and not is_algorithm(value)


def password_given(value: str) -> bool:
    """As `likely`, and no word with a number: `sha256`, `utf8`."""
    return likely(value) and not _NUMBERED.fullmatch(value)


def _of_row(value: str) -> bool:
    return password_like(value) and (chosen(value) or looks_random(value) or odd(value)) and "=" not in value


def _paired(value: str) -> bool:
    """Behind a user's name, where a group or a port may stand as well."""
    if not likely(value):
        return False
    return chosen(value) or _of_letters(value) or looks_random(value) or any(char in "!@#$%^&*+?" for char in value)


def _of_connection(value: str) -> bool:
    """What a call is given that connects: the address may come last, `db-1/orcl`."""
    return likely(value) and not _ADDRESS.fullmatch(value)


def odd(value: str) -> bool:
    """A password that is no word: `-p` stands for ports, paths and projects as well."""
    return (
        given(value)
        and (mixed(value) or any(char in "!@#$%^&*+?" for char in value))
        and not value.strip("0123456789:.,-").startswith("/")
    )


PATTERNS = (
    *(
        Pattern(
            "command-password",
            rf"(?<![\w-])--?(?!(?:{_OF_REQUESTS})-token)(?:[a-z]{{1,16}}[_-]|oauth2-){{0,3}}(?:{names})(?:=|[ \t]++)"
            rf"(?:pass:)?{WORD}",
            telling if named else _telling_word,
            setting=True,
            named=named,
            prefilter=rf"{before}(?:{names})(?:=|[ \t]+)[^\s|;&<>(){{}}$`]",
        )
        for names, named, before in (
            (_OPTIONS, True, r"(?:^|[^\w-])--?(?:[a-z]{1,16}[_-]){0,3}"),
            ("bearer|pat", False, "[_-]"),
        )
    ),
    Pattern(
        "command-login",
        r"(?:curl|wget|http|https|xh|ab|skopeo|oras|crane|smbclient|rpcclient|ftp"
        r"|lftp)\b[^\n|;]{0,300}?[ \t](?:-u|--user|--auth|-a|-U|--proxy-user|--creds|--src-creds"
        r"|--dest-creds)(?:=|[ \t]*+)"
        r"[\"']?[^\s:\"'%]{1,80}+[:%](?:\"(?P<s1>[^\"\n]{3,}+)\"|'(?P<s2>[^'\n]{3,}+)'"
        r"|(?P<s4>[0-9A-Za-z]{4}(?>[ ][0-9A-Za-z]{4}){5})(?=[\"'])|(?P<s>[^\s\"']{3,}+))",
        given,
        prefilter=r"[ \t](?:-u|--user|--auth|-a|--proxy-user|--creds|--src-creds|--dest-creds)(?:="
        r"|[ \t]*)[\"']?[^\s:\"'%]{1,80}[:%][\"']?[^\s\"']{3}",
    ),
    # And any program, if it looks like one.
    Pattern(
        "command-login",
        r"[ \t](?:-u|--user(?:name)?|--auth(?:-cred)?|-a|--creds|--credentials?)(?:=|[ \t]++)[\"']?[A-Za-z]"
        r"[\w.@-]{0,60}+:"
        r"(?P<s>[^\s\"'/]{6,}+)",
        _paired,
    ),
    Pattern("command-password", rf"\bsshpass[ \t]++-p[ \t]*+{WORD}", given),
    Pattern(
        "command-password",
        rf"\b(?:mysql|mysqldump|mysqladmin|mariadb|mariadb-dump|mycli|7z[arz]?|rar|unrar)\b[^\n|;]{{0,200}}?[ \t]-p"
        rf"(?![a-z]{{2,16}}=){WORD}",
        given,
    ),
    Pattern(
        "command-password",
        rf"\b(?:htpasswd|mosquitto_passwd)[ \t]++-[a-z]*b[a-z]*[ \t]++(?:\S++[ \t]++){{1,2}}?{WORD}[ \t]*+(?![^\n])",
        given,
    ),
    Pattern(
        "command-password",
        rf"\b(?:echo|printf)[ \t]++(?:-n[ \t]++)?{WORD}[ \t]*+\|[^\n]{{0,60}}?"
        rf"(?:secret[ \t]++create|cryptsetup|--password-stdin|(?<!ch)passwd"
        rf"|sudo[ \t]++-S|login)",
        given,
    ),
    Pattern(
        "command-password",
        r"\becho[ \t]++[\"']?[a-z_][\w-]{0,30}+:(?P<s>[^\s\"'|]{3,}+)[\"']?[ \t]*+\|[ \t]*+(?:sudo[ \t]++)?chpasswd",
        given,
    ),
    Pattern(
        "login-call",
        rf"(?:\bmysqli?(?:_p?connect)?|\bpdo(?:->__construct)?|getconnection|(?:\.|->)connect|\bdatabase|ssh2_auth_password|ftp_login)\({_ARGUMENT}"
        rf"(?:\d{{1,5}}+[ \t]*+,[ \t]*+)?"
        rf"{_ARGUMENT}{_GIVEN_TO_CALL % 's'}",
        _of_connection,
        strong=False,
    ),
    Pattern(
        "login-call",
        r"(?:\bsimple_bind(?:_s)?|\bwifi\.begin|\bcreatehmac|\bjwt\.(?:sign|verify|encode|decode)|\bcookieparser|\bcredentials"
        rf"|\btwilio)\((?:{_ARGUMENT}){{0,3}}{_GIVEN_TO_CALL % 's'}[ \t]*+[,)]",
        _keyed,
        strong=False,
    ),
    Pattern("login-call", r"\bClient\([\"']AC[0-9a-f]{32}[\"'],[ \t]*+[\"'](?P<s>[0-9a-f]{32})[\"']", caseless=False),
    Pattern(
        "login-call",
        r"(?:auth[ \t]*+=[ \t]*+|basicauth|basic_auth|digestauth|\.login|authenticate|\.basic"
        r"|credentials?)\([ \t]*+[\"'][^\"'\n]{1,80}+[\"']"
        r"[ \t]*+,[ \t]*+(?:(?:some|new \w{1,24})\()?[\"'](?P<s>[^\"'\n]{4,200}+)[\"']",
        likely,
        strong=False,
    ),
    Pattern(
        "login-call",
        r"userpwd[\"']?[ \t]*+(?:,|=>?|:)[ \t]*+[\"'][^\s\"':]{1,80}+:(?P<s>[^\"'\n]{4,200}+)[\"']",
        likely,
        strong=False,
    ),
    # Behind a user: `check_password(user, "…")`.
    Pattern(
        "login-call",
        r"passw(?:or)?d[\w]{0,24}+\([ \t]*+[\w.$>-]{1,60}+[ \t]*+,[ \t]*+[\"'](?P<s>[^\s\"'\n]{6,200}+)[\"']"
        r"[ \t]*+[,)]",
        password_given,
        strong=False,
    ),
    # Any program that is told a user and then a password.
    Pattern(
        "command-password",
        rf"[ \t](?:-u|--user(?:name)?[ =]|/u:)[ \t]*+[^\s\"']{{1,80}}+[^\n|;]{{0,80}}?"
        rf"[ \t](?:-p[ \t]++|-w[ \t]++|[/-]p:){WORD}",
        likely,
        prefilter=r"[ \t](?:-u|--user|--username|/u:)[^\n|;]*[ \t](?:-p|-w|/p:)",
    ),
    Pattern("command-password", rf"\bsecurity[ \t]++add-[a-z-]{{8,30}}[^\n|;]{{0,200}}?[ \t]-w[ \t]++{WORD}", likely),
    Pattern(
        "command-password",
        rf"(?<![\w-])-(?:src|dest)?(?:store|key)pass[ \t]++{WORD}",
        given,
        named=True,
        prefilter=r"(?:^|[^\w-])-(?:src|dest)?(?:store|key)pass[ \t]+[^\s|;&<>(){}$`]",
    ),
    Pattern("command-password", r"-pass(?:in|out|word)?[ \t]++[\"']?pass:(?P<s>[^\s\"'<>]{3,}+)", given, named=True),
    Pattern("command-password", rf"\bopenssl[ \t]++enc\b[^\n|;]{{0,200}}?[ \t]-k[ \t]++{WORD}", given),
    # Windows': of a task, of a drive, of whom something is run as.
    Pattern(
        "command-password",
        rf"[ \t]/(?:user:[^\s\"']{{1,80}}+|rp|pass)[ \t]++{WORD}",
        likely,
        prefilter=r"[ \t]/(?:user:[^\s\"']+|rp|pass)[ \t]+[^\s|;&<>(){}$`/]",
    ),
    Pattern("command-password", rf"\brar\b[^\n|;]{{0,200}}?[ \t]-hp{WORD}", given, prefilter=r"[ \t]-hp[^\s|;&<>]"),
    Pattern("command-password", rf"\bencrypt_string[ \t]++(?>--[a-z-]++[ \t]++\S++[ \t]++){{0,3}}+{WORD}", likely),
    Pattern("command-password", rf"[ \t]-setcookie[ \t]++{WORD}", likely),
    Pattern(
        "command-password",
        rf"\b(?:ejabberdctl|prosodyctl)[ \t]++(?:register|change_password)(?:[ \t]++[^\s\"']++){{1,2}}?[ \t]++{WORD}"
        r"[ \t]*+(?![^\n])",
        likely,
    ),
    # What a program runs to be told the password.
    Pattern(
        "command-password",
        r"(?:--pass[a-z-]{0,24}(?:command|eval)|\bpasswordeval)(?:=|[ \t]++)"
        r"[\"'][ \t]*+(?:echo|printf)[ \t]++(?P<s>[^\s\"']{4,}+)",
        likely,
        prefilter=r"(?:--pass[a-z-]*(?:command|eval)|passwordeval)(?:=|[ \t]+)[\"'][ \t]*(?:echo|printf)[ \t]",
    ),
    # An account or a keychain, by whatever program.
    Pattern(
        "command-password",
        rf"(?:user|login|keychain|vault|sign(?:ing)?|account)[\w-]{{0,12}}+[ \t][^\n|;]{{0,120}}?[ \t]-p[ \t]++{WORD}",
        password_like,
        prefilter=r"[ \t]-p[ \t]+[\"']?[A-Za-z0-9]",
        strong=False,
    ),
    # Into a secret of some service.
    Pattern(
        "command-password",
        rf"\b(?:echo|printf)[ \t]++(?:-n[ \t]++)?{WORD}[ \t]*+\|[ \t]*+(?!(?:e?grep|rg|sed|g?awk|tr|cut|wc|jq|ba"
        rf"se64|xxd|\w*sum)\b)"
        r"[a-z][^\n|]{0,80}?(?:(?<!ch)passw|secret|token)",
        likely,
        prefilter=r"(?:echo|printf)[ \t]+[^\n|]*\|[^\n|]*(?:passw|secret|token)",
        strong=False,
    ),
    # Rows of an address, who, and a password: WebDAV's, S3's; and a file of users whose second field holds no mark.
    Pattern(
        "command-login",
        r"\bhttps?://[^\s\"'<>]{1,200}+[ \t]++"
        r"(?!(?:and|as|at|by|for|from|if|in|into|is|it|of|on|or|that|the|this|to|with)[ \t])"
        r"[\w.@-]{2,60}+[ \t]++(?P<s>[^\s\"'<>]{8,200}+)[ \t]*+\r?(?![^\n])",
        _of_row,
        prefilter=r"://[^\s\"'<>]+[ \t]+[\w.@-]+[ \t]+[^\s\"'<>]{8,}[ \t]*(?:\r?\n|\z)",
        strong=False,
    ),
    Pattern(
        "command-login",
        r"^[\w.-]{1,40}+:(?P<s>[^\s:\"'*!$][^\s:\"']{4,63}+):\d{1,10}:\d{1,10}:[^:\n]{0,100}+:/",
        likely,
        prefilter=r"[\w.-]:[^\s:\"'*!$][^\s:\"']{4,63}:[0-9]+:[0-9]+:[^:\n]*:/",
        strong=False,
    ),
    Pattern(
        "login-call",
        r"\w{0,12}(?:cmp|equals)\([ \t]*+[\w.$>-]{0,40}?(?:passw(?:or)?d|pwd|pass|secret|token)[ \t]*+,[ \t]*+"
        r"[\"'](?P<s>[^\s\"']{6,200}+)[\"'][ \t]*+[,)]",
        password_given,
        prefilter=r"(?:cmp|equals)\([ \t]*[\w.$>-]{0,40}(?:passw(?:or)?d|pwd|pass|secret|token)[ \t]*,",
        strong=False,
    ),
    # HAProxy's, and a list of proxies.
    Pattern(
        "command-login",
        r"\bauth[ \t]++[A-Za-z][\w.@-]{0,60}+:(?P<s>[^\s:\"'/]{6,200}+)[ \t]*+\r?(?![^\n])",
        password_given,
        prefilter=r"auth[ \t]+[A-Za-z][\w.@-]*:[^\s:\"'/]{6}",
        named=False,
        strong=False,
    ),
    Pattern(
        "command-login",
        r"(?:socks[45]h?|https?)[ \t]++[\w.-]{1,100}+[ \t]++\d{2,5}[ \t]++[\w.@-]{1,60}+[ \t]++(?P<s>\S{6,200}+)"
        r"[ \t]*+\r?(?![^\n])",
        likely,
        strong=False,
    ),
    # As mail servers are told: behind `Password:` in base64.
    Pattern(
        "command-login",
        r"UGFzc3dvcmQ6[ \t]*+\r?\n(?:[^\n]{0,60}?[ \t:>])?(?P<s>[0-9A-Za-z+/]{4,200}+={0,2})[ \t]*+\r?(?![^\n])",
        caseless=False,
        scope=Scope.NEAR,
        prefilter="UGFzc3dvcmQ6",
    ),
    Pattern("command-login", r"\baddauth[ \t]++digest[ \t]++[\w.-]{1,60}+:(?P<s>\S{4,}+)", likely),
    Pattern(
        "command-login",
        r"(?:\bimpacket-\w++|\.py)[ \t][^\n|;]{0,120}?(?<![^ \t\"'])[\w.-]{1,60}/[\w.-]{1,60}+:[\"']?"
        r"(?P<s>[^\s\"'@/]{4,}+)[\"']?@",
        likely,
        prefilter=r"(?:impacket-\w+|\.py)[ \t][^\n]*/[\w.-]+:[^\s@/]+@",
    ),
    Pattern(
        "login-call",
        r"\b(?:pgp_sym_(?:en|de)crypt|aes_(?:en|de)crypt|encryptbypassphrase|sp_addlogin|sp_password|openrowset"
        r"|hash::make|db\.auth|directoryentry|principalcontext)[ \t(][^\n]{0,160}?[,;(][ \t]*+"
        r"[\"'](?P<s>[^\"'\n]{4,200}+)[\"'][ \t]*+(?:[,);]|(?![^\n]))",
        likely,
        strong=False,
    ),
    # The one thing that such a call is given.
    Pattern(
        "login-call",
        r"(?:password|secret|token)\([ \t]*+"
        r"[\"'](?P<s>[^\"'\n]{6,200}+)[\"'][ \t]*+\)",
        _passed,
        strong=False,
        named=True,
    ),
    Pattern(
        "command-password",
        rf"\bnet[ \t]++use[ \t]++(?:[a-z]:[ \t]++)?\\\\[^\s\"']++[ \t]++{WORD}[ \t]++/user:",
        given,
        prefilter=r"[ \t]/user:",
    ),
    Pattern("command-password", rf"\bnet[ \t]++user[ \t]++\S++[ \t]++{WORD}[ \t]++/add", given),
    Pattern("command-password", rf"\bnet[ \t]++user[ \t]++\S++[ \t]++{WORD}[ \t]*+(?![^\n])", likely),
    Pattern(
        "command-password",
        r"\b(?:sqlplus|sqlldr|expdp|impdp)[ \t]++(?:-\w++[ \t]++){0,3}[\w.-]{1,30}+/(?P<s>[^\s@\"'/]{3,}+)(?=[ \t]|$)",
        likely,
    ),
    Pattern(
        "command-password",
        rf"\brabbitmqctl[ \t]++(?:add_user|change_password|authenticate_user)[ \t]++\S++[ \t]++{WORD}",
        given,
    ),
    Pattern(
        "command-password",
        rf"/v[ \t]++[\"']?{SECRET_NAME}[\"']?[ \t]++(?:/t[ \t]++\w++[ \t]++)?/d[ \t]++{WORD}",
        telling,
        prefilter=r"[ \t]/d[ \t]+[^\s|;&<>(){}$`]",
    ),
    Pattern(
        "command-password",
        r"\b(?:sqlplus|sqlldr|expdp|impdp|connect)[ \t]++(?:-\w++[ \t]++){0,3}[\"']?[\w.-]{1,30}+"
        r"/(?P<s>[^\s@\"'/]{3,}+)@",
        given,
    ),
    Pattern("command-password", rf"\bhttp-basic\.\S{{1,100}}+[ \t]++\S++[ \t]++{WORD}", given),
    Pattern(
        "command-password",
        rf"\bwpa_passphrase[ \t]++(?:\"[^\"\n]*+\"|'[^'\n]*+'|\S++)[ \t]++{WORD}",
        likely,
    ),
    # What is written into a file that is named after what it holds.
    Pattern(
        "command-password",
        rf"\b(?:echo|printf)[ \t]++(?:-[en]{{1,2}}[ \t]++)?{WORD}[ \t]*+>{{1,2}}[ \t]*+[\"']?"
        r"[^\s\"'|;&<>]{0,80}?(?:pass|vault|secret|token|cred|key|auth|netrc)",
        likely,
        prefilter=r"(?:echo|printf)[ \t]+[^\n]*>[ \t]*[^\s|;&<>]*(?:pass|vault|secret|token|cred|key|auth)",
    ),
    Pattern("command-password", rf"\bconvertto-securestring[ \t]++(?:-string[ \t]++)?{WORD}", given),
    Pattern(
        "command-password",
        r"--from-literal(?:=|[ \t]++)[\"']?[\w.-]{1,80}+=[\"']?(?P<s>[^\s\"']{4,}+)",
        telling,
    ),
    Pattern(
        "command-password",
        rf"(?:^|[ \t])(?:requirepass|masterauth|bindpw|rootpw(?:[ \t]++--plaintext)?|auth_pass|insecure-password"
        rf"|user_pw|owner_pw|nickserv[ \t:]++identify)[ \t]++(?!(?:var)?char\b|text\b){WORD}",
        given,
        prefilter=r"(?:requirepass|masterauth|bindpw|rootpw|auth_pass|insecure-password|user_pw|owner_pw"
        r"|nickserv[ \t:]+identify)[ \t]+\S",
    ),
    # What is said to a server: Redis' and IMAP's.
    Pattern(
        "command-password",
        rf"(?:^|>[ \t]?)(?:[a-z]?\d{{1,4}}[ \t]++)?"
        rf"(?:AUTH|AUTH[ \t]++[\w.-]++|LOGIN[ \t]++[^\s\"']++)[ \t]++{WORD}[ \t]*+\r?(?![^\n])",
        likely,
        caseless=False,
        prefilter=r"(?:AUTH|LOGIN[ \t]+[^\s\"']+)[ \t]+[^\s|;&<>(){}$`]",
    ),
)
