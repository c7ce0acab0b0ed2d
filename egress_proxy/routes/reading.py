"""Reads a request body as one strict JSON object, and one typed value from it.

Upstream takes the last of duplicate keys and accepts lone surrogates and bad UTF-8 (FACTS "Semantics"); two readers of
one body must never see two requests, so all of that is refused. `json` is used for it, and not a typed decoder, because
it shows duplicates; bodies are small by then.
"""

from __future__ import annotations

import json
import math
from functools import cache
from typing import Final, NoReturn, TypeVar

import msgspec
from msgspec import Struct

from egress_proxy.model import Policy, Refused
from egress_proxy.reasons import Reason

Object = dict[str, object]
"""A JSON object before it is typed: keys are strings, values JSON builtins."""

S = TypeVar("S", bound=Struct)


class _DuplicateKeyError(ValueError):
    pass


def read_object(body: bytes, policy: Policy) -> Object | Refused:
    """Give the one object that a body is. An empty body is the empty object. Never raises."""
    if len(body) > policy.max_body_bytes:
        return Refused(Reason.BODY_TOO_LARGE)
    if not body:
        return {}
    value = _decode(body)
    if not isinstance(value, dict):
        return value if isinstance(value, Refused) else Refused(Reason.BODY_MALFORMED)
    if body.count(b"{") + body.count(b"[") <= policy.max_body_depth and b"\\u" not in body:
        return value  # no deeper than it has brackets; and in UTF-8 a lone surrogate can only be written as an escape
    return _refuse_depth_or_text(value, policy.max_body_depth) or value


def _decode(body: bytes) -> object | Refused:
    try:
        value: object = _DECODER.decode(body.decode("utf-8"))
    except _DuplicateKeyError:
        return Refused(Reason.BODY_DUPLICATE_KEY)
    except RecursionError:
        return Refused(Reason.BODY_TOO_DEEP)
    except ValueError:  # bad UTF-8, a byte order mark, bad JSON, trailing data, NaN, a number without end
        return Refused(Reason.BODY_MALFORMED)
    return value


def read_typed(value: Object, form: type[S]) -> S | Refused:
    """Give an object as `form`. A key that `form` does not name and a value of another type differ in reason."""
    if not _names(form).issuperset(value):
        return Refused(Reason.FIELD_UNKNOWN)
    try:
        return msgspec.convert(value, form, strict=True)
    except msgspec.ValidationError:  # its text echoes the value
        return Refused(Reason.BODY_INVALID)


@cache  # `fields` evaluates the annotations anew at each call
def _names(form: type[Struct]) -> frozenset[str]:
    return frozenset(field.encode_name for field in msgspec.structs.fields(form))


def _refuse_depth_or_text(value: Object, most: int) -> Refused | None:
    """Refuse what is nested deeper than `most`, and text that is not Unicode (lone surrogates)."""
    level: list[object] = [value]
    for depth in range(most + 1):
        if depth == most and any(isinstance(item, dict | list) for item in level):
            return Refused(Reason.BODY_TOO_DEEP)
        if not all(_is_unicode(item) for item in level if isinstance(item, str)):
            return Refused(Reason.BODY_MALFORMED)
        level = [below for item in level for below in _below(item)]
    return None


def _below(item: object) -> list[object]:
    if isinstance(item, dict):
        return [*item.keys(), *item.values()]
    return item if isinstance(item, list) else []


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _unique(pairs: list[tuple[str, object]]) -> Object:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise _DuplicateKeyError
    return made


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number out of range")
    return value


def _no_constant(_: str) -> NoReturn:
    raise ValueError("not JSON")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_finite, parse_constant=_no_constant)
