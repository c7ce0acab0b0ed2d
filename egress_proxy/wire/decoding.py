"""Decoding, and what a failure of it is called.

The text of a `ValidationError` echoes values, so no exception leaves this package: `guarded` turns each into a
reason.

Lists are decoded at once, by the type of their items. Only if that fails are the items taken one by one, and those
that do not decode are dropped, so that one part of a kind a later version invents does not take the whole history
with it (I2). If nothing is left of a list that was not empty, that is no empty list: the first failure stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

import msgspec
from msgspec import Raw

from egress_proxy.model import Refused
from egress_proxy.reasons import Reason

T = TypeVar("T")

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError)
"""Of a wrong shape (`ValidationError` is a `DecodeError`), not JSON, or not UTF-8."""

_RAWS: Final = msgspec.json.Decoder(list[Raw])


def guarded(read: Callable[[bytes], T], body: bytes) -> T | Refused:
    """Read `body`; give the reason in place of any exception."""
    outcome = _guarded(read, body)
    if isinstance(outcome, Refused) and outcome.reason is Reason.ANSWER_MALFORMED and (mended := whole(body)) != body:
        return _guarded(read, mended)
    return outcome


def _guarded(read: Callable[[bytes], T], body: bytes) -> T | Refused:
    try:
        return read(body)
    except msgspec.ValidationError:
        return Refused(Reason.ANSWER_SHAPE)
    except UNREADABLE:
        return Refused(Reason.ANSWER_MALFORMED)
    except RecursionError:
        # msgspec counts its own depth against the interpreter's limit, also in what it skips: no stack overflows.
        return Refused(Reason.ANSWER_TOO_DEEP)
    except Exception:  # noqa: BLE001 - fail closed (I4): whatever it was, nothing crosses
        return Refused(Reason.INTERNAL_ERROR)


_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_ESCAPE: Final = 6  # bytes of one such escape
_NOWHERE: Final = -2 * _ESCAPE  # no escape stands behind it, not even one at the very beginning
_LOW: Final = frozenset(b"cdefCDEF")
_REPLACEMENT: Final = rb"\ufffd"


def whole(body: bytes) -> bytes:
    """Give `body` with U+FFFD in place of each lone half of a surrogate pair.

    The server cuts long texts by UTF-16 units, so a cut can go through an emoji, and its JSON then holds half of one,
    as an escape. msgspec refuses that in skipped fields too: one cut tool output would cost the whole history.
    """
    pieces, end = [], 0
    for start in _lone(body):
        pieces += [body[end:start], _REPLACEMENT]
        end = start + _ESCAPE
    return b"".join((*pieces, body[end:])) if pieces else body


def _lone(body: bytes) -> list[int]:
    lone: list[int] = []
    high = _NOWHERE
    for start in (match.start() for match in _SURROGATE.finditer(body) if not _escaped(body, match.start())):
        low = body[start + 3] in _LOW
        if low and start == high + _ESCAPE:
            lone.pop()
            high = _NOWHERE
        else:
            lone.append(start)
            high = _NOWHERE if low else start
    return lone


def _escaped(body: bytes, position: int) -> bool:
    before = position
    while before and body[before - 1] == ord("\\"):
        before -= 1
    return (position - before) % 2 == 1


def each(raws: Sequence[Raw], decode: Callable[[Raw], T]) -> list[T]:
    """Decode items one by one, without those that cannot be. Raise the first failure if none can."""
    items: list[T] = []
    first: Exception | None = None
    for raw in raws:
        try:
            items.append(decode(raw))
        except UNREADABLE as failure:
            first = first or failure
    if first is not None and not items:
        raise first
    return items


class Items(Generic[T]):
    """A decoder of lists that loses the items which are not of the type, not the list."""

    def __init__(self, item: type[T], one: Callable[[Raw], T] | None = None) -> None:
        """`one` decodes a single item more patiently than the type would."""
        self._all = msgspec.json.Decoder(list[item])  # type: ignore[valid-type]
        self._one = one or msgspec.json.Decoder(item).decode

    def decode(self, body: bytes | Raw) -> list[T]:
        """Raise one of `UNREADABLE` if `body` is no list, or none of its items can be read."""
        try:
            return self._all.decode(body)
        except UNREADABLE:
            return each(_RAWS.decode(body), self._one)
