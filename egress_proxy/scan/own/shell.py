"""Credentials on command lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress_proxy.scan.patterns import Pattern
from egress_proxy.scan.random_text import masked
from egress_proxy.scan.random_tokens import is_value
from egress_proxy.scan.rule import Rule, Scope, Span
from egress_proxy.scan.values import looks_random, mixed, not_placeholder

_WORD = r"(?:\"(?P<s1>[^\"\n]{3,}+)\"|'(?P<s2>[^'\n]{3,}+)'|(?P<s3>[^\s\"'|;&<>(){}$`]{3,}+))"

_SHORTEST = 6
_SECRET_NAME = (
    r"[\w.-]{0,60}(?:password|passwd|passphrase|pass|pwd|pw|secret|token|key|credentials?|auth|pat|salt)(?:_\d)?"
)
_ARGUMENT = r"[^,()\n]{1,160}+,[ \t]*+"
_GIVEN_TO_CALL = r"[\"'](?P<%s>[^\"'\n]{4,200}+)[\"']"


def _given(value: str) -> bool:
    return (
        not_placeholder(value)
        and not masked(value)
        and not value.startswith(("-", "$", "<", "[", "{", "@", "/", "./", "~"))
    )


def _telling(value: str) -> bool:
    """What an option such as `--token` is given, and not the name of a file or a variable."""
    signs = any(char in "!@#$%^&*" for char in value)
    if value.count("/") > 1:
        return False
    return _given(value) and (looks_random(value) or signs or (mixed(value) and len(value) >= _SHORTEST))


def _odd(value: str) -> bool:
    """A password that is no word: `-p` stands for ports, paths and projects as well."""
    return (
        _given(value)
        and (mixed(value) or any(char in "!@#$%^&*+?" for char in value))
        and not value.strip("0123456789:.,-").startswith("/")
    )


def _printed(value: str) -> bool:
    """What a command prints of a variable with a telling name."""
    return is_value(value, password=False)


PATTERNS = (
    Pattern(
        "command-password",
        rf"(?<![\w-])--?(?!next-token|page-token|starting-token|continuation-token|client-token|client-request-token)"
        rf"(?:[a-z]{{1,16}}[_-]){{0,3}}(?:password|passwd|passphrase|pass|pwd|pw|secret|api-?key"
        rf"|access-?key|secret-?key|auth-?token"
        rf"|token|private-?key|credential|auth|pat|secret-access-key|bearer|requirepass)(?:=|[ \t]++){_WORD}",
        _telling,
    ),
    Pattern(
        "command-login",
        r"(?:curl|wget|http|https|xh|ab|skopeo|oras|crane|smbclient|rpcclient|ftp"
        r"|lftp)\b[^\n|;]{0,300}?[ \t](?:-u|--user|--auth|-a|-U|--proxy-user|--creds|--src-creds"
        r"|--dest-creds)(?:=|[ \t]*+)"
        r"[\"']?[^\s:\"'%]{1,80}+[:%](?P<s>[^\s\"'@]{3,}+)",
        _given,
        prefilter=r"[ \t](?:-u|--user|--auth|-a|--proxy-user|--creds|--src-creds|--dest-creds)(?:="
        r"|[ \t]*)[\"']?[^\s:\"'%]{1,80}[:%][^\s\"'@]{3}",
    ),
    Pattern("command-password", rf"\bsshpass[ \t]++-p[ \t]*+{_WORD}", _given),
    Pattern(
        "command-password",
        rf"\b(?:mysql|mysqldump|mysqladmin|mariadb|mariadb-dump|mycli)\b[^\n|;]{{0,200}}?[ \t]-p{_WORD}",
        _given,
    ),
    Pattern(
        "command-password",
        rf"\b(?:docker|podman|helm|nerdctl|buildah|az|oc|argocd|vault|ldapsearch|mongosh?|mongodump|redis-cli"
        rf"|7z|zip|unzip|psql|sqlcmd|kinit|htpasswd|twine|net|cmdkey|plink|pscp)\b[^\n|;]{{0,200}}?[ \t](?:-p"
        rf"|-P|-w|-a|-b)[ \t]++{_WORD}",
        _odd,
        prefilter=r"\b(?:docker|podman|helm|nerdctl|buildah|az|oc|argocd|vault|ldapsearch|mongosh?|mongodump"
        r"|redis-cli|7z|zip|unzip|psql|sqlcmd|kinit|htpasswd|twine|net|cmdkey|plink"
        r"|pscp)\b[^\n|;]{0,200}[ \t](?:-p|-w|-a|-b)[ \t]",
    ),
    Pattern(
        "command-password",
        rf"\bhtpasswd[ \t]++-[a-z]*b[a-z]*[ \t]++(?:\S++[ \t]++){{1,2}}?{_WORD}[ \t]*+(?![^\n])",
        _given,
    ),
    Pattern(
        "command-password",
        rf"\becho[ \t]++(?:-n[ \t]++)?{_WORD}[ \t]*+\|[^\n]{{0,60}}?(?:--password-stdin|passwd|chpasswd"
        rf"|sudo[ \t]++-S|login)",
        _given,
    ),
    Pattern(
        "command-password",
        r"\becho[ \t]++[\"']?[a-z_][\w-]{0,30}+:(?P<s>[^\s\"'|]{3,}+)[\"']?[ \t]*+\|[ \t]*+(?:sudo[ \t]++)?chpasswd",
        _given,
    ),
    Pattern(
        "login-call",
        rf"(?:\bmysqli?(?:_p?connect)?|\bpdo|getconnection|\.connect|ssh2_auth_password|ftp_login)\((?:{_ARGUMENT}){{2}}"
        rf"{_GIVEN_TO_CALL % 's1'}(?:[ \t]*+,[ \t]*+{_GIVEN_TO_CALL % 's2'})?",
        _odd,
        strong=False,
    ),
    Pattern(
        "login-call",
        r"(?:auth[ \t]*+=[ \t]*+|basicauth|basic_auth|digestauth|\.login|authenticate"
        r"|credentials?)\([ \t]*+[\"'][^\"'\n]{1,80}+[\"']"
        r"[ \t]*+,[ \t]*+[\"'](?P<s>[^\"'\n]{4,200}+)[\"']",
        _odd,
        strong=False,
    ),
    Pattern("command-password", rf"(?<![\w-])-(?:src|dest)?(?:store|key)pass[ \t]++{_WORD}", _given),
    Pattern("command-password", r"-pass(?:in|out|word)?[ \t]++[\"']?pass:(?P<s>[^\s\"'<>]{3,}+)", _given),
    Pattern("command-password", rf"\bopenssl[ \t]++enc\b[^\n|;]{{0,200}}?[ \t]-k[ \t]++{_WORD}", _given),
    Pattern(
        "command-password",
        rf"\bnet[ \t]++use[ \t]++(?:[a-z]:[ \t]++)?\\\\[^\s\"']++[ \t]++{_WORD}[ \t]++/user:",
        _given,
    ),
    Pattern("command-password", rf"\bnet[ \t]++user[ \t]++\S++[ \t]++{_WORD}[ \t]++/add", _given),
    Pattern(
        "command-password",
        rf"\brabbitmqctl[ \t]++(?:add_user|change_password|authenticate_user)[ \t]++\S++[ \t]++{_WORD}",
        _given,
    ),
    Pattern(
        "command-password",
        rf"/v[ \t]++[\"']?{_SECRET_NAME}[\"']?[ \t]++(?:/t[ \t]++\w++[ \t]++)?/d[ \t]++{_WORD}",
        _telling,
    ),
    Pattern(
        "command-password",
        r"\b(?:sqlplus|sqlldr|expdp|impdp)[ \t]++(?:-\w++[ \t]++){0,3}[\"']?\w{1,30}+/(?P<s>[^\s@\"'/]{3,}+)@",
        _given,
    ),
    Pattern("command-password", rf"\bhttp-basic\.\S++[ \t]++\S++[ \t]++{_WORD}", _given),
    Pattern("command-password", rf"\bmosquitto_(?:pub|sub|rr)\b[^\n|;]{{0,200}}?[ \t]-p[ \t]++{_WORD}", _odd),
    Pattern("command-password", rf"\bconvertto-securestring[ \t]++(?:-string[ \t]++)?{_WORD}", _given),
    Pattern(
        "command-password",
        r"--from-literal(?:=|[ \t]++)[\"']?[\w.-]{1,80}+=[\"']?(?P<s>[^\s\"']{4,}+)",
        _telling,
    ),
    # A name and a value with nothing but space between: `ENV API_KEY …` of Docker, `setx`, `setenv`.
    Pattern(
        "command-password",
        rf"^[ \t]*+(?:env|setx|setenv)[ \t]++\"?{_SECRET_NAME}\"?[ \t]++{_WORD}",
        _telling,
        prefilter=rf"(?:env|setx|setenv)[ \t]+\"?{_SECRET_NAME}\"?[ \t]+[^\s|;&<>(){{}}$`]",
    ),
    Pattern(
        "command-password",
        rf"^[ \t]*+(?:requirepass|masterauth|bindpw|rootpw|auth_pass)[ \t]++{_WORD}",
        _given,
        prefilter=r"(?:requirepass|masterauth|bindpw|rootpw|auth_pass)[ \t]+\S",
    ),
    # What is said to a server: Redis' and IMAP's.
    Pattern(
        "command-password",
        rf"(?:^|>[ \t]?)(?:[a-z]?\d{{1,4}}[ \t]++)?(?:AUTH|LOGIN[ \t]++[^\s\"']++)[ \t]++{_WORD}[ \t]*+\r?(?![^\n])",
        _odd,
        caseless=False,
        prefilter=r"(?:AUTH|LOGIN[ \t]+[^\s\"']+)[ \t]+[^\s|;&<>(){}$`]",
    ),
    Pattern(
        "secret-below-its-name",
        rf"(?:echo|printenv)[ \t]++[\"']?\$?\{{?(?-i:[A-Z][A-Z0-9_]{{0,60}}?(?:PASSWORD|PASSWD|PASS|TOKEN|SECRET|KEY|PWD|CREDENTIALS?|PAT|SALT))\}}?[\"']?"
        r"[ \t]*+\r?\n[ \t]*+(?P<s>[^\s\"'`]{6,}+)[ \t]*+\r?(?![^\n])",
        _printed,
        scope=Scope.NEAR,
        prefilter=r"(?:echo|printenv)[ \t]+[\"']?\$?\{?\w{0,60}(?:PASS|PASSWD|PASSWORD|TOKEN|SECRET|KEY|PWD|CREDENTIALS?|PAT|SALT)\}?[\"']?[ \t]*\r?\n",
        strong=False,
    ),
    Pattern(
        "secret-assignment",
        rf"variable[ \t]++\"{_SECRET_NAME}\"[ \t]*+\{{[ \t]*+\r?\n(?:[^}}\n]{{0,160}}+\n){{0,2}}?[ \t]*+default[ \t]*+=[ \t]*+\"(?P<s>[^\"\n]{{4,}}+)\"",
        _odd,
        scope=Scope.NEAR,
        prefilter=rf"variable[ \t]+\"{_SECRET_NAME}\"[ \t]*\{{",
        strong=False,
    ),
    # A part of a form, and an answer file: what names the value stands before it, on a line of its own.
    Pattern(
        "secret-assignment",
        rf"name=\"{_SECRET_NAME}\"\r?\n(?:[^\r\n]++\r?\n)?\r?\n(?P<s>[^\r\n]{{4,}}+)",
        _odd,
        scope=Scope.NEAR,
        prefilter=rf"name=\"{_SECRET_NAME}\"\r?\n",
        strong=False,
    ),
    Pattern(
        "secret-assignment",
        r"<\w{0,24}password>\s{0,40}<value>(?P<s>[^<\n]{4,}+)</value>",
        _given,
        scope=Scope.NEAR,
        prefilter=r"<\w{0,24}password>[ \t]*(?:\r?\n|<value>)",
        strong=False,
    ),
)

_ASKED = re.compile(r"assw|assphrase|\bPIN\b", re.IGNORECASE)
_SENT = re.compile(r"\bsend(?:line)?(?:[ \t]++--)?[ \t(]++[\"'](?P<s>[^\s\"'\\]{4,64}+)(?:\\[rn]|[\"']\))")


def _sent(text: str) -> Iterator[Span]:
    """What a script types when it is asked for a password; `text` is what stands above, and the line."""
    line = text.rfind("\n") + 1
    if _ASKED.search(text, 0, line) or _ASKED.search(text, line):
        yield from (sent.span("s") for sent in _SENT.finditer(text, line) if _odd(sent["s"]))


RULES = (
    Rule(
        "command-password",
        r"\bsend(?:line)?(?:[ \t]+--)?[ \t(]+[\"'][^\s\"'\\]{4,64}(?:\\[rn]|[\"']\))",
        _sent,
        scope=Scope.BELOW,
        strong=False,
    ),
)
