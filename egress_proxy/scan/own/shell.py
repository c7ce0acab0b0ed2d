"""Credentials on command lines."""

from __future__ import annotations

from egress_proxy.scan.patterns import Pattern
from egress_proxy.scan.random_text import masked
from egress_proxy.scan.values import looks_random, mixed, not_placeholder

_WORD = r"(?:\"(?P<s1>[^\"\n]{3,}+)\"|'(?P<s2>[^'\n]{3,}+)'|(?P<s3>[^\s\"'|;&<>(){}$`]{3,}+))"

_OPTIONS = (
    "password|passwd|passphrase|pass|pwd|pw|secret|api-?key|access-?key|secret-?key|auth-?token|token|private-?key"
    "|credential|auth|secret-access-key|requirepass"
)
_SHORTEST = 6


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


PATTERNS = (
    *(
        Pattern(
            "command-password",
            rf"(?<![\w-])--?(?:[a-z]{{1,16}}[_-]){{0,3}}(?:{names})(?:=|[ \t]++){_WORD}",
            _telling,
            named=named,
            prefilter=rf"(?:^|[^\w-])--?(?:[a-z]{{1,16}}[_-]){{0,3}}(?:{names})(?:=|[ \t]+)[^\s|;&<>(){{}}$`]",
        )
        for names, named in ((_OPTIONS, True), ("bearer", False))
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
        r"(?:auth[ \t]*+=[ \t]*+|basicauth|basic_auth|digestauth|\.login|authenticate"
        r"|credentials?)\([ \t]*+[\"'][^\"'\n]{1,80}+[\"']"
        r"[ \t]*+,[ \t]*+[\"'](?P<s>[^\"'\n]{4,200}+)[\"']",
        _odd,
        strong=False,
    ),
)
