"""Canaries: values made for one run, and the question whether any of them is in what came back.

Text and values are both reduced to folded letters and digits, which makes case, separators, wrapping and most escapes
one thing. A value is looked for as it is, backwards, in hexadecimal and in base64 at its three alignments; a text as it
is and with percent and JSON escapes undone. A report gives kinds, never values.
"""

from __future__ import annotations

import base64
import re
import secrets
import string
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final
from urllib.parse import unquote

_CONSONANTS: Final = "bdfghjklmnprstvz"
_VOWELS: Final = "aeiou"
_SYLLABLES: Final = 7
_JSON_ESCAPE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
_SHORT_ESCAPE: Final = re.compile(r"\\[bfnrt]")
_SIGNS: Final = re.compile(r"[\W_]+")


class Kind(StrEnum):
    """What could know a canary."""

    TOKEN = "token"  # noqa: S105 - a rule, by its form
    KNOWN = "known value"  # the file of values, which is watched
    TAINTED = "tainted value"  # only that a tool has shown it
    CONFIGURED = "configured key"  # a rule, by its form; it stands in opencode's configuration
    OUTSIDE = "value outside"  # nothing: it lies where no client may look


class Canaries:
    """The values of one run. Their `repr` has none."""

    def __init__(self) -> None:
        alphabet = string.ascii_letters + string.digits
        self._values: Final[Mapping[Kind, str]] = {
            Kind.TOKEN: "gh" + "p_" + "".join(secrets.choice(alphabet) for _ in range(36)),
            Kind.KNOWN: _word(),
            Kind.TAINTED: _word(),
            Kind.CONFIGURED: "sk" + "-" + "".join(secrets.choice(alphabet) for _ in range(48)),
            Kind.OUTSIDE: _word(),
        }
        self._needles: Final = {kind: tuple(map(_reduced, _forms(value))) for kind, value in self._values.items()}

    def __getitem__(self, kind: Kind) -> str:
        return self._values[kind]

    def __repr__(self) -> str:
        return "Canaries(…)"

    def found(self, data: bytes | str) -> frozenset[Kind]:
        """Give the kinds whose values are in `data`."""
        text = data if isinstance(data, str) else data.decode("utf-8", "replace")
        views = {_reduced(view) for view in (text, unquote(text), _unescaped(text))}
        return frozenset(
            kind for kind, needles in self._needles.items() if any(n in view for n in needles for view in views)
        )


def _word() -> str:
    """A word that can be spoken, of 39 bits and two digits: no rule takes it for a secret where it stands alone."""
    syllables = (secrets.choice(_CONSONANTS) + secrets.choice(_VOWELS) for _ in range(_SYLLABLES))
    return f"{''.join(syllables)}{secrets.randbelow(90) + 10}"


def _forms(value: str) -> Iterator[str]:
    raw = value.encode()
    yield from (value, value[::-1], raw.hex())
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        # The first and the last characters may hold bits of what stands beside it.
        yield encoded[(0, 2, 3)[shift] : len(encoded) - (1 if (shift + len(raw)) % 3 else 0)]


def _reduced(text: str) -> str:
    return _SIGNS.sub("", text.casefold())


def _unescaped(text: str) -> str:
    return _SHORT_ESCAPE.sub(" ", _JSON_ESCAPE.sub(lambda match: chr(int(match[1], 16)), text))
