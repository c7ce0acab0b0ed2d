"""Which values can be watched for without noise, and why the others are refused.

A known value withholds or redacts wherever it is met, so `true`, `3000` or `localhost` must not be one. What is refused
is refused aloud: the operator sees name and reason, and can rely on the rules or change the value.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import pairwise
from urllib.parse import unquote

from msgspec import Struct

from egress_proxy.reasons import Reason
from egress_proxy.scan.canaries import CANARIES
from egress_proxy.scan.canonical import EDGE, canonical
from egress_proxy.scan.words import Spans, innocent_share, innocent_spans, letters_and_digits, longest_telling


class Why(StrEnum):
    """Why a value is not watched for. Closed."""

    EMPTY = "empty"
    TOO_SHORT = "too-short"
    TOO_LONG = "too-long"
    COMMON_WORD = "common-word"
    NUMBER = "number"
    REPETITIVE = "repetitive"
    PATH = "path"
    URL = "url-without-credentials"
    HOST = "host"
    EMAIL = "email"
    ORDINARY_NAME = "ordinary-name"

    @property
    def told(self) -> str:
        """What to tell people about a value that is refused for this."""
        return _TOLD[self]


_TOLD = {
    Why.EMPTY: "It is empty.",
    Why.TOO_SHORT: "It is too short to be told from ordinary text. Use at least 8 characters, or 6 with letters and "
    "digits: then it is found where it stands as a word of its own.",
    Why.TOO_LONG: "It is longer than 65,536 characters. Give the secrets in it one by one.",
    Why.COMMON_WORD: "It is a common word or setting: every text with it would be withheld. Choose another secret.",
    Why.NUMBER: "It is a number, version or date, as ordinary texts have them. Choose another secret.",
    Why.REPETITIVE: "It is of hardly any different characters, or they follow one another. Choose another secret.",
    Why.PATH: "It is a path, which replies must be able to name.",
    Why.URL: "It is a URL without a password or token in it, which replies must be able to name.",
    Why.HOST: "It is the name of a host, which replies must be able to name.",
    Why.EMAIL: "It is an e-mail address, which replies must be able to name.",
    Why.ORDINARY_NAME: "It is made of words, and its name says that it is an ordinary setting. If it is a secret, give "
    "it the name of one.",
}


class Rejected(Struct, frozen=True):
    """A value that is not watched for: its name and why."""

    name: str
    why: Why


SHORTEST = 6
SHORTEST_ANYWHERE = 8  # shorter values are matched as whole tokens only
LONGEST = 65_536
_FEWEST_CHARACTERS = 4
_IN_PATH = 16
_RANDOM_SHARE = 0.6  # of words and dates, less

# fmt: off
_COMMON = frozenset({
    "true", "false", "none", "null", "undefined", "yes", "no", "on", "off", "enabled", "disabled", "default",
    "required", "optional", "local", "localhost", "development", "production", "staging", "testing", "test",
    "debug", "info", "warning", "error", "verbose", "silent", "admin", "administrator", "root", "user", "username",
    "password", "passwd", "secret", "token", "example", "changeme", "change-me", "placeholder", "postgres",
    "postgresql", "mysql", "mariadb", "mongodb", "redis", "rabbitmq", "sqlite", "elasticsearch", "opencode",
    "anthropic", "openai", "azure", "google", "github", "gitlab", "bearer", "basic", "master", "develop", "main",
    "utf8mb4", "utf-8", "sha256", "sha384", "sha512", "base64", "python3", "redacted", "withheld", "undecided",
    "known_value_encoded", "public", "private", "internal", "external", "database", "application",
    "application/json", "text/plain", "text/event-stream", "keep-alive", "no-cache", "automatic",
    "python2", "node18", "node20", "node22", "ubuntu20", "ubuntu22", "ubuntu24", "debian12", "alpine3",
    "amd64", "arm64", "x86_64", "aarch64", "win32", "linux64", "oauth2", "http2", "ipv4", "utf-16", "latin-1",
    "blake2b", "ed25519", "rsa2048", "rsa4096", "aes128", "aes256", "hs256", "rs256", "es256", "ps256", "md5sum",
    "postgres14", "postgres15", "postgres16", "mysql57", "mysql80", "tls1.2", "tls1.3", "tlsv1.2", "tlsv1.3",
    "disabled_by_default", "unlimited", "america/new_york", "europe/berlin", "europe/london", "info@example.com",
})
# fmt: on
_OURS = bytes((EDGE,)).join(
    canonical(words)
    for words in (
        *(f"[redacted:{canary.detector}]" for canary in CANARIES),
        "[redacted:KNOWN:known-value]",
        *(f"[withheld:{reason}]" for reason in (Reason.KNOWN_VALUE_ENCODED, Reason.UNDECIDED)),
    )
)
# Names that say what a setting is; a value in words under one of them is no secret. The id of a key is one.
_ORDINARY = re.compile(
    r"(?:^|[._-])(?:region|zone|host|hostname|name|env|environment|level|mode|path|dir|directory|locale|lang|language|tz"
    r"|timezone|user|username|driver|dialect|model|provider|type|kind|(?<!key.)id|title|description|version|format|encoding|charset"
    r"|engine|adapter|shell|term|editor|pager|bucket|queue|topic|channel|project|org|organization|tenant|account|email"
    r"|namespace|cluster|node|stage|platform|arch|protocol|scheme|domain|origin|prefix|suffix|file|folder|role|scope)$",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[+-]?[\d_,.:]*\d[%]?|v?\d+(?:\.\d+)+(?:[-+.]?(?:alpha|beta|rc|dev|post)\.?\d*)?", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")
_DATE = re.compile(r"(?:19|20)\d\d[-/]?[01]\d[-/]?[0-3]\d(?:[T ]?[\d:.+Z-]*)?")
_PATH = re.compile(r"(?:~|\.{1,2})?/[\w./@+ -]*|[A-Za-z]:[\\/][\w\\/. -]*|(?:[\w.-]+/)+[\w.-]*")
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?:[^\s/?#@:]*(?::(?P<password>[^\s/?#]*))?@)?(?P<rest>\S*)")
_CREDENTIAL_IN_QUERY = re.compile(
    r"[?&;][\w.-]*(?:token|key|secret|password|passwd|pwd|sig|signature|auth)[\w.-]*=(?P<value>[^&#;\s]+)",
    re.IGNORECASE,
)
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,30})\.)+[a-z]{2,12}(?::\d+)?|\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?")
# Many words with dots between are a host or a package only where the first or the last is one of these.
_DOMAINS = re.compile(
    r"(?:com|org|net|io|dev|app|cloud|ai|sh|co|gov|edu|mil|info|biz|internal|intranet|local|localdomain|localhost|lan|corp"
    r"|home|test|example|invalid|svc|arpa|java|javax|[a-z]{2})(?::\d+)?"
)
_FEWEST_WORDS = 4
_HOST_AND_PORT = re.compile(r"[a-z][a-z-]*\d?:\d{2,5}")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_SCHEME = re.compile(r"(?P<scheme>bearer|basic|token|apikey)[ \t]+(?P<credentials>\S+)", re.IGNORECASE)


def expand(name: str, value: str) -> Iterator[tuple[str, str]]:
    """A setting and the secrets inside it: a URL's password and tokens, a header's credentials."""
    yield name, value
    if not value.isalnum():
        yield from _inside(name, value)


def _inside(name: str, value: str) -> Iterator[tuple[str, str]]:
    if url := _URL.fullmatch(value):
        if password := url["password"]:
            yield f"{name}.password", password
            if (decoded := unquote(password)) != password:
                yield f"{name}.password", decoded
        for found in _CREDENTIAL_IN_QUERY.finditer(value):
            yield f"{name}.query", found["value"]
            if (decoded := unquote(found["value"])) != found["value"]:
                yield f"{name}.query", decoded
        for part in url["rest"].split("/"):  # a webhook
            if len(part) >= _IN_PATH and not weak(part) and "=" not in part:
                yield f"{name}.path", part
    if header := _SCHEME.fullmatch(value):
        yield f"{name}.credentials", header["credentials"]
        if header["scheme"].lower() == "basic" and (password := _basic_password(header["credentials"])):
            yield f"{name}.password", password


def _basic_password(credentials: str) -> str:
    try:
        return base64.b64decode(credentials, validate=True).decode("utf-8").partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


class Examined(Struct, frozen=True):
    """What is found of a value: why it is not watched for, or None, and whether it is `weak`. Without the white space
    around it: its canonical codes, and where words stand in it."""

    why: Why | None
    weak: bool
    codes: bytes = b""
    words: Spans = ()

    def __repr__(self) -> str:
        return f"Examined({self.why})"


def examine(name: str, value: str) -> Examined:
    """Judge a value under its name."""
    bare = value.strip()
    if not bare:
        return Examined(Why.EMPTY, weak=True)
    if len(bare) > LONGEST:
        return Examined(Why.TOO_LONG, weak=True)
    codes = canonical(bare)
    if bare.lower() in _COMMON or _ours(codes):
        return Examined(Why.COMMON_WORD, weak=True)
    words = innocent_spans(bare)
    is_weak = _weak(bare, words)
    why = _shape(bare, is_weak=is_weak) or _length(bare) or _ordinary(name, is_weak=is_weak)
    return Examined(why, is_weak, codes, words)


def refuse(name: str, value: str) -> Why | None:
    """Why this value is not watched for, or None."""
    return examine(name, value).why


def _ours(codes: bytes) -> bool:
    """Whether a value stands in our own placeholders: redacting those would never end."""
    return bool(codes) and codes in _OURS


def _shape(value: str, *, is_weak: bool) -> Why | None:
    if value.isalnum() and not value[0].isdecimal():
        return None  # all that follows has signs, or begins with a digit
    if _NUMBER.fullmatch(value) and not (_DIGITS.fullmatch(value) and len(value) >= SHORTEST_ANYWHERE):
        return Why.NUMBER
    if _DATE.fullmatch(value):
        return Why.NUMBER
    if _URL.fullmatch(value):
        return None if len(list(expand("", value))) > 1 else Why.URL
    always, of_words = ((_EMAIL, Why.EMAIL), (_HOST_AND_PORT, Why.HOST)), ((_PATH, Why.PATH), (_HOST, Why.HOST))
    told = (why for pattern, why in (*always, *(of_words if is_weak else ())) if pattern.fullmatch(value))
    why = next(told, None)
    return None if why is Why.HOST and _phrase_with_dots(value) else why


def _phrase_with_dots(value: str) -> bool:
    words = value.split(".")
    return len(words) >= _FEWEST_WORDS and not (_DOMAINS.fullmatch(words[0]) or _DOMAINS.fullmatch(words[-1]))


def _length(value: str) -> Why | None:
    if len(set(value)) < _FEWEST_CHARACTERS or _sequential(value):
        return Why.REPETITIVE if len(value) >= SHORTEST else Why.TOO_SHORT
    if len(value) < SHORTEST:
        return Why.TOO_SHORT
    if len(value) < SHORTEST_ANYWHERE and not _mixed(value):
        return Why.TOO_SHORT
    return None


def _ordinary(name: str, *, is_weak: bool) -> Why | None:
    return Why.ORDINARY_NAME if is_weak and _ORDINARY.search(name) else None


def _sequential(value: str) -> bool:
    step = ord(value[1]) - ord(value[0]) if len(value) > 1 else 2
    return abs(step) <= 1 and all(ord(after) - ord(before) == step for before, after in pairwise(value))


def _mixed(value: str) -> bool:
    return any(char.isdigit() for char in value) and any(char.isalpha() for char in value)


def weak(value: str) -> bool:
    """Whether a value is made of words or digits, or is short, so that pieces of it, or it in other spelling, may be
    innocent."""
    return _weak(value, innocent_spans(value))


def _weak(value: str, words: Spans) -> bool:
    if letters_and_digits(value) < SHORTEST_ANYWHERE or not any(map(str.isalpha, value)):
        return True
    return innocent_share(value, words) >= _RANDOM_SHARE and longest_telling(value, words) < SHORTEST_ANYWHERE
