"""The members of the Structs that cross, as their strings are collected: what of each type is got, and how.

Each type is looked into once. A member declared `str` is got without a look: one that is something else makes the
scanner fail, which withholds the answer. Passed over are those declared numbers or booleans: the decoder has seen to
it. What any other member holds is for whoever collects to see; of what type a Struct was declared says nothing, as it
may be of another one that is derived from that.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Annotated, Any, Final, NamedTuple, get_args, get_origin

from msgspec import Meta, Struct, UnsetType, inspect, structs

from egress_proxy.wire.fields import WORD

Get = Callable[[object], tuple[Any, ...]]

# Names of members that hold ids which the server makes up.
_MADE_UP: Final = frozenset({"id", "sessionID", "messageID", "parentID", "partID", "requestID", "rootID", "askID"})
# Names of members that hold ids and words of the server's making.
_IDS: Final = frozenset(
    {
        "id",
        "sessionID",
        "messageID",
        "parentID",
        "callID",
        "providerID",
        "modelID",
        "projectID",
        "requestID",
        "askID",
        "slug",
        "version",
        "type",
        "role",
        "status",
        "mime",
        "url",
    }
)
TOLD, IDS, WORDS = range(3)
NO_TEXT: Final[set[type]] = {int, float, bool, type(None), UnsetType}
"""Types that hold no string, those of Structs among them that were looked into. What is unset is not written."""
_NUMBERS: Final = (inspect.IntType, inspect.FloatType, inspect.BoolType, inspect.NoneType)


class Members(NamedTuple):
    """What gets the strings of a Struct that belong together, and its members that may hold any, with the `sorts` of
    these. None where it has no such members."""

    told: Get | None
    ids: Get | None
    words: Get | None
    others: Get | None
    sorts: tuple[int, ...]


def sort(name: str) -> int:
    """What strings a member of that name holds: `TOLD` by somebody, `IDS` that the server makes up, or `WORDS`."""
    return IDS if name in _MADE_UP else WORDS if name in _IDS else TOLD


LOOKED_INTO: Final[dict[type, Members]] = {}


def look_into(kind: type) -> Members:
    """The members of Structs of exactly that type, kept in `LOOKED_INTO`. Raises `TypeError` for any other type."""
    if not issubclass(kind, Struct):
        raise TypeError("neither JSON nor a Struct")
    sorts = {field.name: WORDS if _is_word(field.type) else sort(field.encode_name) for field in structs.fields(kind)}
    names: tuple[list[str], list[str], list[str]] = ([], [], [])
    others: list[str] = []
    for field, shape in zip(structs.fields(kind), _shapes(kind), strict=True):
        if field.type is str or (get_origin(field.type) is Annotated and get_args(field.type)[0] is str):
            names[sorts[field.name]].append(field.name)
        elif not _of_numbers(shape):
            others.append(field.name)
    if not any((*names, others)):
        NO_TEXT.add(kind)
    told, ids, words = map(_getter, map(_twice, names))
    if len(others) == 1:  # what is looked at may stand beside any
        others = [*others, *(name for name in sorts if name not in others)][:2]
    others = _twice(others)
    own = Members(told, ids, words, _getter(others), tuple(map(sorts.__getitem__, others)))
    return LOOKED_INTO.setdefault(kind, own)


def _shapes(kind: type[Struct]) -> list[inspect.Type]:
    shape = inspect.type_info(kind)
    return [field.type for field in shape.fields] if isinstance(shape, inspect.StructType) else []


def _is_word(declared: object) -> bool:
    """Whether a member holds a word of a closed set (`wire.fields.Word`), or nothing."""
    if get_origin(declared) is Annotated:
        return any(isinstance(one, Meta) and WORD in (one.extra or {}) for one in get_args(declared)[1:])
    unset, *others = sorted(get_args(declared), key=lambda one: one is not UnsetType) or (None,)
    return unset is UnsetType and all(map(_is_word, others))


def _of_numbers(shape: inspect.Type) -> bool:
    return all(isinstance(one, _NUMBERS) for one in (shape.types if isinstance(shape, inspect.UnionType) else (shape,)))


def _twice(names: list[str]) -> list[str]:
    """A single one twice: a getter of one name gives no tuple, and what it gets twice is collected once."""
    return names * 2 if len(names) == 1 else names


def _getter(names: list[str]) -> Get | None:
    return attrgetter(*names) if names else None
