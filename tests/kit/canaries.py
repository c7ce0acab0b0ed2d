"""Planted secrets, and the question every leak test asks: which of them are in these bytes?

Each value is made at run time from a seed and its name, so no secret stands in a source file and every failure can be
repeated (`EGRESS_TEST_SEED`). A report gives names and never values: it ends up in logs.

The search is wider than any one encoding. Needle and haystack are both reduced to folded letters and digits, which
makes case, separators, wrapping, UTF-16 and the percent and hex spellings all one thing; the needles are then the value
itself, its base64 at three alignments and its hex, and the haystacks the text and the text with percent and JSON
escapes undone.
"""

from __future__ import annotations

import base64
import os
import random
import re
import string
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import re2

DEFAULT_SEED = "egress"
_SHORTEST = 8
"""A reduced value under this many characters would be found in innocent text by chance."""

_SIGNS: Final = re.compile(r"[\W_]+")
_BEYOND_ASCII: Final = re.compile(r"[^\x00-\x7f]+")
_PERCENT: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_ASCII_FOLDED: Final = bytes(range(256)).lower()
_ASCII_SIGNS: Final = bytes(code for code in range(128) if not chr(code).isalnum())

_LETTERS_AND_DIGITS = string.ascii_letters + string.digits
_WORDS = ("maple", "wagon", "river", "candle", "orbit", "pepper", "harbor", "violet", "thunder", "garden", "falcon")


def _pick(rng: random.Random, alphabet: str, length: int) -> str:
    return "".join(rng.choice(alphabet) for _ in range(length))


def _access_key(rng: random.Random) -> str:
    return "AK" + "IA" + _pick(rng, string.ascii_uppercase + "234567", 16)


def _secret_key(rng: random.Random) -> str:
    first, second, third = (_pick(rng, _LETTERS_AND_DIGITS, length) for length in (18, 12, 8))
    return f"{first}/{second}+{third}"


def _weak_password(rng: random.Random) -> str:
    first, second = rng.sample(_WORDS, 2)
    return f"{first}{second}{rng.randrange(10, 100)}"


def _token(rng: random.Random) -> str:
    return "tok_" + _pick(rng, _LETTERS_AND_DIGITS, 36)


def _api_key(rng: random.Random) -> str:
    return "sk" + "-local-" + _pick(rng, _LETTERS_AND_DIGITS, 40)


def _url_password(rng: random.Random) -> str:
    return _pick(rng, string.ascii_lowercase + string.digits, 14)


_KINDS: Final[Mapping[str, Callable[[random.Random], str]]] = {
    # the git project's .env
    "AWS_ACCESS_KEY_ID": _access_key,
    "AWS_SECRET_ACCESS_KEY": _secret_key,
    "DB_PASSWORD": _weak_password,
    "DATABASE_URL_PASSWORD": _url_password,
    "API_TOKEN": _token,
    # the project's other files
    "COMMITTED_TOKEN": _token,
    "MODIFIED_TOKEN": _token,
    # the directory without git, and the one that no client may see
    "PLAIN_TOKEN": _token,
    "FORBIDDEN_TOKEN": _token,
    "FORBIDDEN_PASSWORD": _weak_password,
    # opencode's own: opencode.json, its {env:} and {file:} references, auth.json, the server's password
    "PROVIDER_API_KEY": _api_key,
    "PROVIDER_HEADER": _token,
    "MODEL_HEADER": _token,
    "OTHER_API_KEY": _api_key,
    "AUTH_FILE_KEY": _api_key,
    "MCP_ENVIRONMENT": _token,
    "MCP_HEADER": _token,
    "SERVER_PASSWORD": _token,
}


class Values(Mapping[str, str]):
    """The values by name; its `repr` gives the names alone, since pytest prints what it compares."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Values({', '.join(self._values)})"


class Canaries:
    """A set of named secrets that can be looked for in any bytes or text."""

    def __init__(self, values: Mapping[str, str]) -> None:
        """Raise `ValueError`, with the name alone, for a value too short to be looked for."""
        self.values = Values(values)
        self._needles = {name: _needles(name, value) for name, value in values.items()}
        every = sorted({needle.decode() for needles in self._needles.values() for needle in needles})
        self._any = re2.compile("|".join(every).encode())

    @classmethod
    def planted(cls, seed: str | None = None) -> Canaries:
        """Make the world's secrets; the seed is `EGRESS_TEST_SEED` or a constant."""
        chosen = seed or os.environ.get("EGRESS_TEST_SEED") or DEFAULT_SEED
        return cls({name: make(random.Random(f"{chosen}:{name}")) for name, make in _KINDS.items()})

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def __repr__(self) -> str:
        return f"Canaries({', '.join(self.values)})"

    def leaks(self, data: bytes | str) -> list[str]:
        """Give the names, in planting order, of the values that `data` holds in any of the searched forms."""
        text = data if isinstance(data, str) else data.decode("utf-8", "replace")
        views = {_reduce(view) for view in (text, _unquote(text), _unescape(text))}
        # A tenth of a second a megabyte if each needle is looked for by itself: it is, where there is one.
        views = {view for view in views if self._any.search(view)}
        return [name for name, needles in self._needles.items() if any(n in view for n in needles for view in views)]


def _reduce(text: str) -> bytes:
    """Give letters and digits alone, folded; in UTF-8, in which no needle, being ASCII, is part of anything else."""
    some = text.replace("\ufffd", "")  # a sign too; all that is not ASCII in what is not UTF-8
    folded = some if some.isascii() else _BEYOND_ASCII.sub(lambda run: _SIGNS.sub("", run[0].casefold()), some)
    return folded.encode("utf-8", "surrogatepass").translate(_ASCII_FOLDED, _ASCII_SIGNS)


def _unquote(text: str) -> str:
    """Undo percent escapes, as `urllib.parse.unquote` does, which takes ten times as long."""
    return _PERCENT.sub(lambda run: bytes.fromhex(run[0].replace("%", "")).decode("utf-8", "replace"), text)


def _unescape(text: str) -> str:
    """Undo JSON's escapes wherever they stand, without asking that the whole be JSON."""
    if "\\" not in text:
        return text
    plain = re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)
    return re.sub(r"\\[bfnrt]", " ", plain)


def _needles(name: str, value: str) -> frozenset[bytes]:
    if len(_reduce(value)) < _SHORTEST:
        raise ValueError(f"the value of {name} is too short to be looked for")
    raw = value.encode()
    return frozenset(_reduce(form) for form in (value, raw.hex(), *_base64_forms(raw)))


def _base64_forms(raw: bytes) -> Iterator[str]:
    """Give what base64 of any text that holds `raw` must hold, by the three ways in which `raw` can be aligned."""
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        first = (0, 2, 3)[shift]
        # The last character may also encode bits of what follows.
        last = len(encoded) - (1 if (shift + len(raw)) % 3 else 0)
        yield encoded[first:last]
