"""Every string is collected, and each replacement lands, in keys and values at any depth."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress_proxy.server.strings import collect, replace

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
    with pytest.raises(TypeError, match="not a JSON value"):
        collect(value)


@given(JSON)
def test_what_somebody_wrote_is_among_all_strings(value: object) -> None:
    everything, told, ids = collect(value, "cursor")
    assert ids <= set(everything) - told
    assert told <= set(everything)
    assert "cursor" in everything


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
