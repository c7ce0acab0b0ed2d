"""What a turn cost: numbers only, the same in a message, a session and a step."""

from __future__ import annotations

from typing import Final

from msgspec import UNSET, UnsetType

from egress_proxy.wire.fields import Number, Wire, one_of

_FINISH: Final = frozenset({"stop", "length", "tool-calls", "content-filter", "error", "other", "unknown"})
_VARIANTS: Final = frozenset({"none", "minimal", "low", "medium", "high", "xhigh", "max"})


class CacheTokens(Wire, frozen=True):
    """Tokens read from and written to the provider's cache."""

    read: Number = 0
    write: Number = 0


class Tokens(Wire, frozen=True):
    """Tokens by kind. Read and sent alike."""

    input: Number = 0
    output: Number = 0
    reasoning: Number = 0
    cache: CacheTokens = CacheTokens()
    total: Number | UnsetType = UNSET


def finish_word(given: str) -> str:
    """Give why a turn or a step ended; the provider's own word, where it is not one of the SDK's, is `unknown`."""
    return one_of(given, _FINISH, "unknown")


def variant_word(given: str | UnsetType) -> str | UnsetType:
    """Give the effort a model was asked for, if it is one of the usual words."""
    return given if given in _VARIANTS else UNSET
