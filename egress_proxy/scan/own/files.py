"""Credentials in the files that tools keep them in."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise

from egress_proxy.scan.patterns import Pattern
from egress_proxy.scan.prefilter import expression
from egress_proxy.scan.random_text import random_score
from egress_proxy.scan.rule import Rule, Scope, Span
from egress_proxy.scan.values import NOT_A_VALUE, looks_random, mixed, not_placeholder

_HASHES = (
    r"\$(?:2[abxy]\$\d\d\$[./0-9A-Za-z]{53}|[156]\$(?:rounds=\d{1,9}\$)?[./0-9A-Za-z]{1,16}\$[./0-9A-Za-z]{22,86}"
    r"|apr1\$[./0-9A-Za-z]{1,8}\$[./0-9A-Za-z]{22}|y\$[./0-9A-Za-z]{1,12}\$[./0-9A-Za-z]{1,86}\$[./0-9A-Za-z]{40,43}"
    r"|argon2(?:id|i|d)\$(?:v=\d{1,3}\$)?m=\d{1,9},t=\d{1,9},p=\d{1,9}\$[0-9A-Za-z+/]{8,90}\$[0-9A-Za-z+/]{16,180}"
    r"|pbkdf2-sha\d{1,3}\$\d{1,9}\$[./0-9A-Za-z]{8,64}\$[./0-9A-Za-z]{20,120}"
    r"|scrypt\$ln=\d{1,2},r=\d{1,3},p=\d{1,3}\$[0-9A-Za-z+/]{8,64}\$[0-9A-Za-z+/]{20,120}"
    r"|8\$[./0-9A-Za-z]{14}\$[./0-9A-Za-z]{43}|9\$[./0-9A-Za-z]{14}\$[./0-9A-Za-z]{43})"
)

_SHORTEST_WORD = 6
_CALL = re.compile(r"[A-Za-z_][\w.]*\(.*\)|[a-z_]+(?:\.|->)(?:password|passwd|pwd|pass|secret|token)")
# What code calls what it is given: `password = pPassword;`.
_VARIABLE = re.compile(r"(?:[a-z]{1,3}|user|the)_?(?:[Pp]ass(?:word|wd)|[Pp]wd)")
_PROSE = r"(?![ ](?:and|are|as|for|from|has|in|is|of|on|or|that|to|which)[ ])"  # `the row identified by 'x' is`
_RANDOM = 0.45  # of letters alone


def _sql_value(value: str) -> bool:
    """A string in a statement, and not what asks a user: `password('New password: ')`."""
    if value != value.strip() or value.endswith((":", "?", "...")):
        return False
    if value.lower() in NOT_A_VALUE:
        return False
    return not_placeholder(value) and "(" not in value and (len(value) >= _SHORTEST_WORD or mixed(value))


def _sql_word(value: str) -> bool:
    return (mixed(value) or random_score(value) >= _RANDOM) and not_placeholder(value) and "(" not in value


def _no_code(value: str) -> bool:
    """What stands between a sign and a semicolon, and is no call and no word for nothing."""
    if not not_placeholder(value) or value.lower() in NOT_A_VALUE:
        return False
    return not (_CALL.fullmatch(value) or _VARIABLE.fullmatch(value))


def _mixed_word(value: str) -> bool:
    return mixed(value) and not_placeholder(value)


PATTERNS = (
    Pattern(
        "aws-secret-key",
        r"secret_?(?:access_?)?key\\?[\"'\]]{0,2}[ \t]*+(?:=>|:="
        r"|[:=])[ \t]*+\\?[\"']?(?P<s>[0-9A-Za-z/+]{40}(?![0-9A-Za-z/+=]))",
        looks_random,
        named=True,
    ),
    Pattern("password-hash", rf"(?<![\w$])(?P<s>{_HASHES})(?![./0-9A-Za-z])", caseless=False),
    Pattern(
        "password-hash", r"(?<![\w])(?P<s>pbkdf2_sha\d{1,3}\$\d{1,9}\$[0-9A-Za-z]{6,64}\$[0-9A-Za-z+/]{20,120}=?=?)"
    ),
    Pattern("password-hash", r"(?P<s>\{(?:ssha|sha|ssha256|ssha512|smd5)\}[0-9A-Za-z+/]{20,120}=?=?)"),
    Pattern(
        "password-hash",
        r"(?P<s>SCRAM-SHA-256\$\d{1,9}:[0-9A-Za-z+/=]{16,64}\$[0-9A-Za-z+/=]{40,50}:[0-9A-Za-z+/=]{40,50})",
    ),
    # PostgreSQL's: of the password and the name together.
    Pattern(
        "password-hash",
        r"(?:[\"']|\|[ ])(?P<s>md5[0-9a-f]{32})(?:[\"'\s|]|(?![^\n]))",
        prefilter=r"(?:[\"']|\|[ ])md5[0-9a-f]{32}",
    ),
    # MySQL's, since 4.1.
    Pattern("password-hash", r"(?<![\w*])(?P<s>\*[0-9A-F]{40})(?![\w*])", caseless=False),
    Pattern("password-hash", r"(?<![\w-])(?P<s>-pbkdf2(?::sha\d{1,3})?-[0-9a-f]{40,64},[0-9a-f]{16,64},\d{1,9})"),
    # With its signs doubled, as Compose wants them.
    Pattern("password-hash", r"(?P<s>\$\$(?:apr1|2[abxy]|[156y])\$\$[./0-9A-Za-z$=,]{20,140}+)", caseless=False),
    # Of Redis: a digest behind `#`, a password behind `>`.
    Pattern(
        "password-hash",
        r"\b(?:acl[ \t]++setuser|user)[ \t]++\S++[ \t]++(?:[^\s>#]\S*+[ \t]++){0,8}(?:#(?P<s>[0-9a-f]{64})|>"
        r"(?P<s2>[^\s\"']{4,}+))",
        not_placeholder,
        prefilter=r"user[ \t]+\S+[ \t][^\n]*(?:#[0-9a-f]{64}|[ \t]>[^\s\"']{4})",
    ),
    # Of Windows: as good as the password itself.
    Pattern(
        "password-hash",
        r"\b(?:ntlm|nt[ _-]?hash|lm[ _-]?hash)[\"']?[ \t]*+[:=][ \t]*+[\"']?(?P<s>[0-9a-f]{32})(?![0-9a-f])",
    ),
    Pattern("password-hash", r"(?P<s>\$krb5(?:tgs|asrep|pa)\$[^\s\"'`]{40,}+)"),
    Pattern(
        "password-hash",
        r"(?<![^\s\"'`\\])[^\s:\"']{1,64}+:\d{1,10}:(?P<s1>[0-9a-f]{32}):(?P<s>[0-9a-f]{32}):::",
        prefilter=r":[0-9a-f]{32}:[0-9a-f]{32}:::",
    ),
    Pattern(
        "password-hash",
        r"::[^\s:\"']{0,64}+:[0-9a-f]{16}:(?P<s>[0-9a-f]{32}:[0-9a-f]{32,}+)",
        prefilter=r"::[^\s:\"']*:[0-9a-f]{16}:[0-9a-f]{32}:[0-9a-f]{32}",
    ),
    Pattern(
        "netrc-password",
        r"(?:machine[ \t]++\S++|default)[ \t]++login[ \t]++\S++[ \t]++password[ \t]++(?P<s>\S*[^\s\"'`])",
        not_placeholder,
        prefilter=r"login[ \t]+\S+[ \t]+password[ \t]+\S",
    ),
    Pattern(
        "netrc-password",
        r"(?<![\w-])login[ \t]++\S++[ \t]++password[ \t]++(?P<s>\S*[^\s\"'`])",
        _mixed_word,
        prefilter=r"login[ \t]+\S+[ \t]+password[ \t]+\S",
    ),
    Pattern(
        "npmrc-token",
        r"(?<![0-9A-Za-z])_(?:auth|authtoken|password)[ \t]*+=[ \t]*+\"?(?P<s>[0-9A-Za-z+/=_.-]{8,}+)",
        looks_random,
        strong=False,
        named=True,
    ),
    Pattern(
        "registry-auth",
        r"\"(?:auth|identitytoken|registrytoken)\"[ \t]*+:[ \t]*+\"(?P<s>[0-9A-Za-z+/=_.-]{12,}+)\"",
        named=True,
    ),
    Pattern(
        "registry-auth",
        r"\bBUNDLE_[A-Z0-9_]{3,80}+:?[ \t]*+[=:]?[ \t]*+[\"']?(?P<s>[0-9A-Za-z_.-]{2,64}+:[0-9A-Za-z_.+/=-]{6,}+)",
        caseless=False,
    ),
    Pattern(
        "pgpass-entry",
        r"\{(?:PLAIN(?:TEXT)?|CLEAR(?:TEXT)?|plain|cleartext)\}(?P<s>[^\s:\"']{4,}+)",
        not_placeholder,
        caseless=False,
    ),
    Pattern("pgpass-entry", r"\bcache_peer[ \t][^\n]{0,200}?\blogin=[^\s:]{1,64}+:(?P<s>\S{4,}+)", not_placeholder),
    Pattern(
        "pgpass-entry",
        r"^[0-9A-Za-z_.*-]{1,100}+:(?:\d{2,5}|\*):[0-9A-Za-z_.*-]{1,64}+:[0-9A-Za-z_.*-]{1,64}+:(?P<s>[^\s:]{4,}+)$",
        not_placeholder,
        strong=False,
        # Written so that no count stands where every other character of a text may begin one.
        prefilter=r"[0-9a-z_.*-]:(?:\d\d|\*)[\d:]{1,4}[0-9a-z_.*-]{1,64}:[0-9a-z_.*-]{1,64}:[^\s:]{4}",
    ),
    Pattern(
        "key-data",
        r"(?:client-key-data|client-certificate-key-data|tls\.key|private_?key_?data|ssl_key"
        r"|id-token)[\"']?[ \t]*+[:=][ \t]*+[\"']?"
        r"(?P<s>[0-9A-Za-z+/=_.-]{32,}+)",
        named=True,
    ),
    Pattern(
        "wireguard-key",
        r"(?:private|preshared|pre-shared)-?_?key[\"']?[ \t]*+[:=][ \t]*+[\"']?(?P<s>[0-9A-Za-z+/]{43}=)",
        named=True,
    ),
    Pattern(
        "jwk-private",
        r"[\"'](?:d|p|q|dp|dq|qi|k)[\"'][ \t]*+:[ \t]*+[\"'](?P<s>[0-9A-Za-z_-]{32,}+)[\"']",
        looks_random,
        caseless=False,
        prefilter=r"[\"'](?:d|p|q|dp|dq|qi|k)[\"'](?:[ \t]*:[ \t]+|[ \t]+:|:)[\"'][0-9A-Za-z_-]{32}",
    ),
    Pattern(
        "service-account-key-id",
        r"private_key_id\\?[\"'][ \t]*+:[ \t]*+\\?[\"'](?P<s>[0-9a-f]{32,64})",
        named=True,
    ),
    Pattern(
        "putty-key",
        r"private-lines:[ \t]*+\d{1,3}\r?\n(?P<s>[0-9A-Za-z+/=]{8,}+(?>\r?\n[0-9A-Za-z+/=]{8,}+){0,199}+)",
        scope=Scope.TEXT,
        prefilter=r"private-lines:[ \t]*\d",
    ),
    Pattern(
        "connection-string",
        r"(?:accountkey|sharedaccesskey|sharedsecret)=(?P<s>[0-9A-Za-z+/]{20,}+=?=?)",
        named=True,
    ),
    Pattern(
        "connection-string",
        r"(?:(?<=[;\"' ])|^)(?:password|pwd|passwd)[ \t]*+=[ \t]*+(?P<s>[^;\"'\s<>{}$*%]{3,}+)(?=;)",
        _no_code,
        prefilter=r"(?:password|pwd|passwd)[ \t]*=[ \t]*[^;\"'\s<>{}$*%]{3,};",
        named=True,
    ),
    *(
        Pattern("sql-password", rf"\b{before}[ \t]*+[\"'](?P<s>[^\"'\n]{{4,}}+)[\"']", _sql_value)
        for before in (r"pragma[ \t]++(?:re)?key[ \t]*+=", r"attach[ \t]++database[ \t][^\n]{0,120}?[ \t]key")
    ),
    Pattern(
        "connection-string", r"jdbc:oracle:[a-z]{1,10}:[^\s/@:\"']{1,64}+/(?P<s>[^\s@/\"']{3,}+)@", not_placeholder
    ),
    Pattern("connection-string", r"(?<![\w.-])[\w.-]{1,64}+:(?P<s>[^\s:@/\"'`]{4,}+)@(?:tcp|unix)\(", not_placeholder),
    Pattern(
        "sql-password",
        rf"identified[ \t]++(?:with[ \t]++\w++[ \t]++)?(?:by|as)[ \t]++N?'(?P<s>[^'\n]{{3,}}+)'{_PROSE}",
        _sql_value,
        prefilter=r"identified[ \t]+(?:with[ \t]+\w+[ \t]+)?(?:by|as)[ \t]+N?'[^'\n]{3,}'",
        named=False,
    ),
    Pattern(
        "sql-password",
        r"(?:(?:encrypted[ \t]++)?password|(?:set|with)[ \t]++password[ \t]*+=|(?<![a-z]_)password\()(?<!')[ \t]*+"
        r"(?<![\w\"])N?'(?P<s>[^'\n]{3,}+)'",
        _sql_value,
        named=True,
    ),
    Pattern(
        "sql-password",
        r"\bidentified[ \t]++by[ \t]++(?:\"(?P<s>[^\"\n]{3,}+)\""
        r"|(?P<s2>[\w!@#$%^&*+-]{4,}+)"
        r"(?=[ \t]*+(?:;|$)|[ \t]++(?:default|account|profile|container|quota)\b))",
        _sql_word,
        prefilter=r"identified[ \t]+by[ \t]+(?:\"|[\w!@#$%^&*+-]+(?:[ \t]*(?:[;\n]|\z)"
        r"|[ \t]+(?:default|account|profile|container|quota)))",
    ),
)

# A manifest of a Secret: every value below `data:` or `stringData:`, at its indentation.
_KIND = re.compile(r"^[ \t-]*+[\"']?kind[\"']?:[ \t]*+[\"']?(?:Sealed)?Secret[\"']?,?[ \t]*+\r?$", re.MULTILINE)
_DATA = re.compile(r"^([ \t]*+)[\"']?(?:data|stringData)[\"']?:[ \t]*+(?:\{[ \t]*+)?\r?$", re.MULTILINE)
_ENTRY = re.compile(
    r"^(?P<indent>[ \t]*+)[\"']?[\w.-]++[\"']?:[ \t]*+(?:(?P<quote>[\"'])(?P<quoted>[^\"'\n]++)[\"']"
    r"|(?P<bare>[^\s\"'|>{\[#][^\s#]*+))?",
    re.MULTILINE,
)
_DOCUMENT = re.compile(r"^---", re.MULTILINE)


def _manifests(text: str) -> Iterator[Span]:
    """The values of Kubernetes secrets, in every document of the text that is one."""
    bounds = [0, *(match.start() for match in _DOCUMENT.finditer(text)), len(text)]
    kinds = [match.start() for match in _KIND.finditer(text)]
    for start, end in pairwise(bounds):
        first = bisect_left(kinds, start)
        if first < len(kinds) and kinds[first] < end:
            yield from _data(text, start, end)


# What says where and as whom, and is kept in the clear.
_PLACE = re.compile(
    r"[ \t]*+[\"']?(?:user(?:name)?|host(?:name)?|port|db(?:name|_name)?|database|engine|driver|schema|region|endpoint)"
    r"[\"']?:[ \t]*+[\"']?[A-Za-z0-9][\w.@-]*+[\"']?[ \t]*+\r?$",
    re.IGNORECASE | re.MULTILINE,
)


def _data(text: str, start: int, end: int) -> Iterator[Span]:
    for block in _DATA.finditer(text, start, end):
        position = block.end() + 1
        while position < end:
            entry = _ENTRY.match(text, position, end)
            if entry is None or len(entry["indent"]) <= len(block[1]):
                break
            group = "quoted" if entry["quoted"] else "bare"
            plain = "stringData" in block[0] and _PLACE.match(text, position, end)
            if not plain and entry[group] and len(entry[group]) >= 4 and not_placeholder(entry[group]):  # noqa: PLR2004
                yield entry.span(group)
            line_end = text.find("\n", entry.end())
            position = line_end + 1 if line_end >= 0 else end


_INSERT = re.compile(
    r"\binsert[ \t]++into[ \t]++\S{1,80}+[ \t]*+\((?P<names>[^()\n]{1,400}+)\)"
    r"[ \t]*+values[ \t]*+(?P<rows>\([^\n]{1,4000}+)",
    re.IGNORECASE,
)
_COLUMN = re.compile(r"passw(?:or)?d|passphrase|secret|token|api_?key|(?<![a-z])(?:pass|pwd)(?![a-z])", re.IGNORECASE)
_ID = re.compile(r"(?:id|_at|count)[\s\"'`]*\Z", re.IGNORECASE)
_ROW = re.compile(r"\((?P<row>(?>'[^'\n]*+'|[^()'\n]++)*+)\)")
_FIELD = re.compile(r"(?:^|,)[ \t]*+(?:'(?P<value>[^'\n]*+)'|[^,'\n]*+)")


def _inserted(line: str) -> Iterator[Span]:
    """What a statement puts into columns that are called after secrets."""
    for statement in _INSERT.finditer(line):
        names = [_COLUMN.search(name) is not None and not _ID.search(name) for name in statement["names"].split(",")]
        for row in _ROW.finditer(line, statement.start("rows"), statement.end()) if any(names) else ():
            start = row.start("row")
            for secret, field in zip(names, _FIELD.finditer(row["row"]), strict=False):
                if secret and field["value"] and _sql_word(field["value"]):
                    yield start + field.start("value"), start + field.end("value")


RULES = (
    Rule(
        "sql-password",
        r"\binsert[ \t]+into[ \t]+\S{1,80}[ \t]*\([^()\n]*(?:pass|pwd|secret|token|api_?key)",
        _inserted,
        caseless=True,
        strong=False,
    ),
    Rule(
        "kubernetes-secret",
        expression(r"kind[\"']?:[ \t]*[\"']?(?:Sealed)?Secret(?!\w)"),
        _manifests,
        scope=Scope.TEXT,
        strong=False,
    ),
)
