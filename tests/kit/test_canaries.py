"""The leak search finds every spelling it promises, and nothing in innocent text: all leak tests stand on it."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests.kit.canaries import Canaries
from tests.kit.each import each
from tests.kit.script import marked, read_request

SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "upper case": str.upper,
    "lower case": str.lower,
    "spaced": " ".join,
    "dashed": "-".join,
    "one a line": "\n".join,
    "zero width": "\u200b".join,
    "full percent": lambda value: "".join(f"%{byte:02x}" for byte in value.encode()),
    "percent where it has to": lambda value: quote(value, safe=""),
    "percent first": lambda value: f"%{ord(value[0]):02X}{value[1:]}",
    "hex": lambda value: value.encode().hex(),
    "hex with colons": lambda value: value.encode().hex(":").upper(),
    "json": json.dumps,
    "json all escaped": lambda value: "".join(f"\\u{ord(c):04x}" for c in value),
    "json in json": lambda value: json.dumps(json.dumps(value)),
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64 one in": lambda value: base64.b64encode(b"a" + value.encode() + b"zz").decode(),
    "base64 two in": lambda value: base64.b64encode(b"ab" + value.encode() + b"z").decode(),
    "base64url": lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
    "base64 wrapped": lambda value: base64.encodebytes(value.encode() * 3).decode(),
    "utf-16": lambda value: value.encode("utf-16-le").decode("latin-1"),
}

canaries = Canaries.planted()


@each("spelling", SPELLINGS)
@each("name", canaries.values)
def test_a_value_is_found_in_a_spelling(name: str, spelling: str) -> None:
    text = f'{{"before": "x", "text": "{SPELLINGS[spelling](canaries[name])}"}}'
    assert name in canaries.leaks(text)
    assert name in canaries.leaks(text.encode())


@each("name", canaries.values)
def test_half_a_value_and_its_name_are_not_found(name: str) -> None:
    value = canaries[name]
    assert canaries.leaks(f"{name}={value[: len(value) // 2]} {value[len(value) // 2 + 1 :]}") == []


def test_compressed_bytes_are_not_searched() -> None:
    """A caller has to undo a content encoding first: the client asks for none."""
    assert canaries.leaks(gzip.compress(canaries["API_TOKEN"].encode() * 2)) == []


def test_the_same_seed_gives_the_same_values_and_another_gives_others() -> None:
    again, other = Canaries.planted(), Canaries.planted("another")
    assert dict(again.values) == dict(canaries.values)
    assert not set(other.values.values()) & set(canaries.values.values())


def test_no_representation_shows_a_value() -> None:
    assert canaries.leaks(f"{canaries!r} {canaries} {canaries.values!r} {canaries.values}") == []


def test_a_value_too_short_to_look_for_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="PIN") as raised:
        Canaries({"PIN": "12-34"})
    assert "12-34" not in str(raised.value)


def test_a_request_says_where_in_its_script_it_stands() -> None:
    messages = [
        {"role": "system", "content": "You help."},
        {"role": "user", "content": marked("earlier")},
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": [{"type": "text", "text": marked("now", "read it")}]},
        {"role": "assistant", "content": "", "tool_calls": []},
        {"role": "tool", "content": "the file"},
        {"role": "user", "content": "added by the server"},
    ]
    seen = read_request({"model": "small", "messages": messages}, {})
    assert (seen.script, seen.turn, seen.tool_results) == ("now", 1, ("the file",))
