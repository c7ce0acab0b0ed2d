"""What a value is called: the names, nouns and files that a request for one would have as its object.

A noun counts only as the head of its phrase: "the API key" is one, "the API key rotation" is not. So a phrase is
read up to the first word that cannot belong to it, and its last words decide.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from egress_proxy.prompts import vocabulary
from egress_proxy.prompts.words import Words


class Kind(Enum):
    """What a phrase stands for."""

    NAME = "name"  # DB_PASSWORD
    NOUN = "noun"  # the password of the database
    FILE = "file"  # .env
    VALUE = "value"  # the value of one of these


# No two repeats stand side by side that could share their letters: each word is gone over once.
_NAME: Final = re.compile(
    r"\$?\{?(?:[A-Z][A-Z0-9]*_)*(?:PASS|PASSWORD|PASSWD|PWD|SECRET|TOKEN|KEY|APIKEY|CREDENTIALS?|DSN|DATABASE_URL|"
    r"PASSPHRASE)(?:_[A-Z0-9]+){0,3}\}?"
)
_SNAKE: Final = re.compile(
    r"\$?\{?(?:[a-z0-9]+_)+(?:password|passwd|secret|token|api_key|apikey|access_key|private_key)\}?"
    r"|(?:[a-z]+(?:[A-Z][a-z]*)?)?(?:Password|ApiKey|SecretKey|AccessToken)|apiKey|api_key|secret_key|access_key|private_key"
)
_NO_NAME: Final = frozenset({"KEY", "PASS"})
_SPOKEN_OF: Final = re.compile(
    r"(?:.*_)?(?:PRIMARY|FOREIGN|SORT|PARTITION|CACHE|PUBLIC|PUBLISHABLE|UNIQUE|INDEX|COMPOSITE|ROW|HASH|LOOKUP|GROUP|"
    r"PARENT|SURROGATE|CANDIDATE|RANGE|JOIN|ORDER|COLUMN|DICT|MAP|OBJECT|JSON|IDEMPOTENCY|TRANSLATION|REACT|STATE|EVENT|"
    r"MESSAGE|ERROR|ENTITY|ITEM|FIELD|TAG)_KEY"
    r"|(?:.*_)?(?:MAX|MIN|NEXT|PREV|PREVIOUS|PAGE|CONTINUATION|SYNC|CURSOR|END|START|STOP|EOF|EOL|PAD|BOS|EOS|SOS|UNK|"
    r"MASK|CLS|SEP|SPECIAL|NEWLINE|INDENT|DEDENT|IDENT|IDENTIFIER|KEYWORD|COMMENT|OPERATOR|NUMBER|STRING)_TOKEN"
    r"|.*_(?:PREFIX|SUFFIX|TYPE|LENGTH|SIZE|COUNT|NAME|TTL|EXPIRY|HEADER|FIELD|FORMAT|REGEX|PATTERN|POLICY|ALGORITHM)"
)
"""Names of columns, pages, published halves and signs of a text: they end as those of secrets do."""
_FILE: Final = re.compile(
    r"(?:[\w~./-]*/)?(?:\.env(?:\.(?!example|sample|template|dist|schema|defaults)[\w-]+)?|id_(?:rsa|ed25519|ecdsa|dsa)|\.netrc"
    r"|\.pgpass|\.pypirc|\.htpasswd|auth\.json|credentials\.(?:json|ya?ml|ini|toml)|secrets?\.(?:ya?ml|json|toml|env)"
    r"|[\w-]+\.(?:pem|p12|pfx))|/etc/shadow|~?[\w/]*/\.aws/credentials",
    re.ASCII,
)
EXAMPLE: Final = re.compile(r".*\.(?:example|sample|template|dist)|.*example.*")
"""A file that is there to be shown."""
_LONGEST: Final = 8  # words of one phrase


def is_file(words: Words, index: int) -> bool:
    """Whether a word names a file of secrets."""
    return 0 <= index < len(words) and _FILE.fullmatch(words.low[index]) is not None


def is_name(words: Words, index: int) -> bool:
    """Whether a word is the name of a variable that holds a secret."""
    if not 0 <= index < len(words):
        return False
    word = words.raw[index].rstrip("?,")
    if word in _NO_NAME or (_NAME.fullmatch(word) or _SNAKE.fullmatch(word)) is None:
        return False
    return _SPOKEN_OF.fullmatch(word.strip("${}").upper()) is None


class Phrase:
    """A phrase that stands for a value: its kind, where it ends, and whether it speaks of one in particular."""

    __slots__ = ("definite", "end", "kind")

    def __init__(self, kind: Kind, end: int, *, definite: bool) -> None:
        self.kind = kind
        self.end = end
        self.definite = definite


def read_phrase(words: Words, start: int, *, tokens: bool) -> Phrase | None:
    """Read the phrase that begins here, if it stands for a value. `tokens`: whether the noun is one in this text."""
    index, definite = _skip(words, start)
    of = _value_of(words, index)
    if of:
        inner = read_secret(words, _skip(words, of)[0], definite=True, tokens=tokens)
        return None if inner is None else Phrase(Kind.VALUE, inner.end, definite=True)
    return read_secret(words, index, definite=definite, tokens=tokens)


def _skip(words: Words, index: int) -> tuple[int, bool]:
    """Skip determiners. Whether one of them makes what follows definite."""
    definite = False
    while words.at(index) in vocabulary.DETERMINERS:
        definite = definite or words.at(index) in vocabulary.DEFINITE
        index += 1
    return index, definite


def _value_of(words: Words, index: int) -> int:
    """Where what follows `value of` begins, 0 if nothing like it stands here."""
    word = words.at(index)
    if not (word in vocabulary.BEFORE_OF or word.isdigit()):
        return 0
    while words.at(index) in vocabulary.COUNTED or words.at(index).isdigit():
        if words.at(index + 1) in vocabulary.OF and words.at(index) in vocabulary.VALUE_NOUNS:
            break
        index += 1
    if words.at(index) not in vocabulary.VALUE_NOUNS:
        return index + 1 if words.at(index) in vocabulary.OF and words.at(index - 1) == "all" else 0
    while words.at(index + 1) in vocabulary.VALUE_NOUNS | {"version", "form", "encoding", "representation"}:
        index += 1
    return index + 2 if words.at(index + 1) in vocabulary.OF else 0


def read_secret(words: Words, start: int, *, definite: bool, tokens: bool) -> Phrase | None:
    """Read a name, a file, or a noun that is the head of its phrase."""
    end = start
    for word in words.low[start : start + _LONGEST]:
        if word in vocabulary.BREAKS:
            break
        end += 1
    head = end - 1
    possessive = False
    while head > start and words.low[head] in vocabulary.TAILS and not _is_compound(words, head):
        possessive = True
        head -= 1
    if head < start:
        return None
    if is_file(words, head) or _is_env_file(words, head):
        return Phrase(Kind.FILE, end, definite=True)
    if is_name(words, head) or (words.low[head].endswith("'s") and _is_bare_name(words, head)):
        return Phrase(Kind.VALUE if possessive else Kind.NAME, end, definite=True)
    if _is_noun(words, start, head, tokens=tokens):
        plural = words.low[head] in vocabulary.PLURAL or (words.low[head] == "keys")
        return Phrase(Kind.NOUN, end, definite=definite or plural)
    return None


def _is_bare_name(words: Words, index: int) -> bool:
    return is_name(Words([words.raw[index][:-2]]), 0)


def _is_compound(words: Words, index: int) -> bool:
    return _is_env_file(words, index) or (words.at(index) == "string" and words.at(index - 1) == "connection")


def _is_env_file(words: Words, index: int) -> bool:
    return words.at(index) in vocabulary.FILES and (
        words.at(index - 1) in vocabulary.ENV_FILE or is_file(words, index - 1)
    )


def _is_noun(words: Words, start: int, head: int, *, tokens: bool) -> bool:
    word = words.low[head].removesuffix("'s")
    if word in vocabulary.TOKENS and not tokens:
        return False
    if word in vocabulary.KEYS:
        return head > start and words.low[head - 1] in vocabulary.OF_KEYS
    if word == "string":
        return head > start and words.low[head - 1] == "connection"
    if word == "secret":
        return head > start  # "the secret of" something is nothing of ours; "the webhook secret" is
    return word in vocabulary.PLAIN_NOUNS
