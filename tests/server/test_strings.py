"""Every string is collected, and each replacement lands, in keys and values at any depth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import takewhile

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress_proxy.model import Projected, RouteClass, Row
from egress_proxy.routes.catalogue import ROWS
from egress_proxy.scan import KnownValues, build_scanner, judge
from egress_proxy.server.examination import examine
from egress_proxy.server.members import look_into
from egress_proxy.server.strings import collect, replace
from egress_proxy.wire import project
from egress_proxy.wire.fields import Wire, Word
from egress_proxy.wire.part_types import StepStartPart, TextPart
from egress_proxy.wire.usage import Tokens
from tests.wire import sweep
from tests.wire.views import DIRECTORY, SESSION, view

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_no_string_is_missed(value: object) -> None:
    everything = json.dumps(value, ensure_ascii=False)
    collected = collect(value).all
    assert len(set(collected)) == len(collected)
    blanked = json.dumps(replace(value, dict.fromkeys(collected, "")), ensure_ascii=False)
    for text in collected:
        assert json.dumps(text, ensure_ascii=False)[1:-1] in everything
    letters = {char for text in collected for char in text if char.isalpha()} - set("truefalsnNIity")
    assert not letters & set(blanked)


@given(JSON)
def test_nothing_changes_without_replacements(value: object) -> None:
    assert replace(value, {}) == value


def test_keys_that_become_equal_are_kept_apart() -> None:
    assert replace({"a": 1, "b": 2, "c": 3}, {"a": "x", "b": "x"}) == {"x": 1, "x#2": 2, "c": 3}


@pytest.mark.parametrize("value", [[b"bytes"], {"a": b"bytes"}, {"a": [{1, 2}]}, b"bytes", object()])
def test_a_value_that_is_not_json_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="neither JSON"):
        collect(value)


@given(JSON)
def test_what_somebody_wrote_is_among_all_strings(value: object) -> None:
    found = collect(value, "cursor")
    assert found.ids <= set(found.all) - found.told
    assert found.told <= set(found.all)
    assert "cursor" in found.all


def test_ids_are_not_told_and_texts_are() -> None:
    part = {"id": "prt_1", "sessionID": "ses_1", "type": "text", "text": "hello", "tool": {"callID": "x", "title": "y"}}
    assert collect([part], "x-cursor").told == {"hello", "y"}


ID = "msg_0123456789ab" + "Zx9Kq2Lm7Rt4Wp"


def test_ids_are_those_that_the_server_makes_up() -> None:
    value = {"id": ID, "sessionID": ID.replace("msg", "ses"), "text": "So.", "callID": ID + "x", "parentID": "msg_1"}
    assert collect(value).ids == {ID, ID.replace("msg", "ses")}


@pytest.mark.parametrize("also", [{"text": ID}, {"path": [ID]}, [ID]])
def test_what_somebody_may_have_written_is_no_id(also: object) -> None:
    assert collect([{"id": ID}, also]).ids == frozenset()


OPEN = [row for row in ROWS if row.route_class is not RouteClass.DENY]


# What of the operator's lists and of closed sets answers hold, which nobody says anything by.
CLOSED = {"", "build", "plan", "high", "unknown", "stop", "length", "tool-calls", "content-filter", "error", "other"}


def structs_of(base: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for kind in base.__subclasses__():
        yield kind
        yield from structs_of(kind)


def ours() -> set[object]:
    """Names of members, tags and their names: what our types write whatever is in them."""
    kinds = list(structs_of(Wire))
    names = {field.encode_name for kind in kinds for field in msgspec.structs.fields(kind)}
    return names | {word for kind in kinds for word in (kind.__struct_config__.tag, kind.__struct_config__.tag_field)}


def written(value: object) -> Iterator[str]:
    """Every string of JSON, keys included, one by one."""
    match value:
        case str():
            yield value
        case dict():
            yield from value
            for item in value.values():
                yield from written(item)
        case list():
            for item in value:
                yield from written(item)
        case _:
            pass


def crossing(row: Row, version: str) -> Iterator[Projected]:
    """What crosses of the answers that fit an operation, one after the other, and of one that is full of strings."""
    made = sweep.generate(version, row.name, sweep.Placed(SESSION, DIRECTORY))
    bodies = [body for label, body in takewhile(lambda one: not one[0].startswith("twisted"), made)]
    found = (project(row.response, body, view()) for body in bodies)
    yield from (one for one in found if isinstance(one, Projected))


@pytest.mark.parametrize("version", sweep.VERSIONS)
def test_of_what_crosses_no_string_is_missed(version: str) -> None:
    words, kinds = ours(), set[str]()
    for row in (row for row in OPEN if version in row.versions):
        for projected in crossing(row, version):
            typed, plain = collect(projected.made), collect(projected.value)
            missed = set(written(msgspec.json.decode(msgspec.json.encode(projected.made)))).difference(typed.all)
            assert missed <= words, row.name
            assert not any(map(sweep.canaries_in, map(str.encode, missed)))
            assert typed.ids == plain.ids, row.name
            assert typed.told <= plain.told
            assert plain.told - typed.told <= CLOSED, row.name
            assert set(typed.all) <= set(plain.all)
            kinds.add(type(projected.made).__name__)
    assert len(kinds) > 5


class Odd(Wire, frozen=True):
    """A member of each sort that must not be taken for one of numbers."""

    number: int
    either: int | str
    unset: str | msgspec.UnsetType
    anything: object
    many: list[str]
    keyed: dict[str, int]
    alone: Tokens
    raw: msgspec.Raw | int = 0
    word: Word = "f"
    perhaps: Word | msgspec.UnsetType = "g"
    no_word: Word | int = "h"


def test_only_numbers_are_passed_over() -> None:
    found = look_into(Odd)
    assert found.others is not None
    odd = Odd(1, "a", "b", ["c"], ["d"], {"e": 1}, Tokens())
    assert found.others(odd) == ("a", "b", ["c"], ["d"], {"e": 1}, Tokens(), 0, "g", "h")
    assert set(collect(odd).all) == {*"abcdefgh"}
    assert collect(odd).told == {*"abcdh"}
    assert collect(Odd(1, 2, msgspec.UNSET, None, [], {}, Tokens(), 0, "", msgspec.UNSET, 0)).all == ("",)


class Empty(Wire, frozen=True):
    """What anything may be derived from."""


class Full(Empty, frozen=True):
    text: str


class Holder(Wire, frozen=True):
    held: Empty


def test_what_is_derived_from_a_declared_type_is_looked_into() -> None:
    assert collect([Holder(Empty()), Empty()]).all == ()
    assert collect([Holder(Full("a"))]).all == ("a",)


IDS = ("prt_1", "ses_1", "msg_1")


@pytest.mark.parametrize("text", [None, 1, ("hidden",), ["hidden"], {"hidden": 1}, msgspec.UNSET, b"hidden"])
def test_a_string_that_is_none_does_not_cross(text: object) -> None:
    scanner = build_scanner(KnownValues.build((), bytes(32)))
    assert examine(Projected(TextPart(*IDS, "So.")), scanner, judge).body  # the control
    with pytest.raises((TypeError, AttributeError)):
        examine(Projected(TextPart(*IDS, text)), scanner, judge)  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize(
    "value", [StepStartPart, msgspec.Raw(b'"hidden"'), Odd(1, 2, "", msgspec.Raw(b"1"), [], {}, Tokens())]
)
def test_what_is_written_undecoded_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="neither JSON"):
        collect([value])


def test_the_size_is_that_of_all_texts_in_utf_8() -> None:
    examined = examine(Projected(["So", "Größe", "🔑"]), build_scanner(KnownValues.build((), bytes(32))), judge)
    assert examined.size == 2 + 7 + 4
