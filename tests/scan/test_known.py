from __future__ import annotations

import base64
import gc
import pickle
import random
import string
import sys
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from egress_proxy.model import Finding, Form, Secret
from egress_proxy.scan.canonical import canonical
from egress_proxy.scan.known import KnownValues
from egress_proxy.scan.registration import TooManyValuesError
from tests.kit.each import each
from tests.scan.conftest import KEY, known
from tests.scan.spellings import SPELLINGS

BASE62 = string.ascii_letters + string.digits


def random_value(seed: int, length: int, alphabet: str = BASE62 + "+/_-!$%&=") -> str:
    dice = random.Random(seed)
    return "".join(dice.choice(alphabet) for _ in range(length))


VALUES = {
    "random-24": random_value(1, 24),
    "base62-40": random_value(2, 40, BASE62),
    "hex-32": random_value(3, 32, "0123456789abcdef"),
    "password": "Tr0ub4dor&3!",
    "passphrase": "correct-horse-battery-staple",
    "utf-8": "Pässwörter-für-Zöe-99",
    "cyrillic": "пароль-секретный-42",
    "short": "hunter2",
    "eight": "s3cr3t!x",
}


def forms(values: KnownValues, text: str) -> set[Form]:
    return {found.form for found in values.find([text]).findings}


@pytest.mark.parametrize("name", VALUES)
def test_a_plain_value_is_found_with_its_exact_span(name: str) -> None:
    value = VALUES[name]
    text = f"é the value is {value}, “{value}”\n{value}"
    starts = [index for index in range(len(text)) if text.startswith(value, index)]
    values = known(X=value)
    whole = values.mac(value)
    expected = tuple(Finding(0, start, start + len(value), "known-value", "X", value=whole) for start in starts)
    assert values.find([text]).findings == expected
    assert len(expected) == 3


@each("name", [name for name in VALUES if name != "short"])
@each("spelling", SPELLINGS)
def test_every_spelling_is_found(name: str, spelling: str) -> None:
    value = VALUES[name]
    text = SPELLINGS[spelling](value)
    if value in text:
        return  # the same in this spelling
    if name == "cyrillic" and spelling in {"full-width", "rot13"}:
        return  # an alphabet without it
    if (name, spelling) == ("eight", "two-lines"):
        return  # seven letters over two lines could be an innocent sentence
    assert forms(known(value), f"see: {text} .") == {Form.ENCODED}


@pytest.mark.parametrize(
    "spelling", ["upper", "base64-0", "base64-of-a-file", "hex", "hex-colons", "percent", "decimal-list"]
)
def test_a_short_value_is_found_encoded(spelling: str) -> None:
    text = SPELLINGS[spelling](VALUES["short"])
    assert forms(known(VALUES["short"]), f"see {text} .") == {Form.ENCODED}


@pytest.mark.parametrize("text", ["hunter22", "xhunter2", "hunter2_old", "hunter 2", "hun-ter2"])
def test_a_short_value_is_matched_as_a_whole_token_only(text: str) -> None:
    assert not known("hunter2").find([text]).findings


@pytest.mark.parametrize("text", ["hunter2", '"hunter2"', "pw=hunter2;", "(hunter2)", "x:hunter2\n"])
def test_a_short_value_is_matched_beside_any_punctuation(text: str) -> None:
    start = text.index("hunter2")
    values = known(X="hunter2")
    found = Finding(0, start, start + 7, "known-value", "X", value=values.mac("hunter2"))
    assert values.find([text]).findings == (found,)


def test_a_value_without_letters_is_found() -> None:
    value = "!@#$%^&*()_+"
    assert forms(known(value), f"x{value}y") == {Form.PLAIN}
    assert forms(known(value), SPELLINGS["base64-1"](value)) == {Form.ENCODED}


@pytest.mark.parametrize("start", range(0, 24, 3))
@pytest.mark.parametrize("spelling", ["plain", "hex", "base64-0", "base64-1", "percent", "spaces", "reversed"])
def test_sixteen_characters_of_a_random_value_are_a_reveal(start: int, spelling: str) -> None:
    value = random_value(5, 40, BASE62)
    part = value[start : start + 16]
    text = part if spelling == "plain" else SPELLINGS[spelling](part)
    assert forms(known(value), f"it begins {text} …") == {Form.ENCODED}


def test_words_of_a_passphrase_are_no_reveal() -> None:
    values = known("correct-horse-battery-staple", URL="https://user:pW9xQ2kk@db.example.com/production/application")
    for text in (
        "the correct horse",
        "battery staple",
        "db.example.com/production/application",
        "production application",
    ):
        assert not values.find([text]).findings


@pytest.mark.parametrize(
    "text", ["my service is up", "we call my service-mesh", "in my service.", "Run my service"], ids=range(4)
)
def test_a_value_of_words_is_not_met_in_a_sentence(text: str) -> None:
    values = known("my-service")
    assert not values.find([text]).findings
    assert forms(values, "my-service") == {Form.PLAIN}
    assert forms(values, "MY-SERVICE") == {Form.ENCODED}
    assert forms(values, "m y s e r v i c e") == {Form.ENCODED}


def test_texts_of_a_batch_are_apart() -> None:
    value = random_value(7, 20, BASE62)
    values = known(value)
    assert not values.find([value[:10], value[10:]]).findings
    assert [found.text for found in values.find(["", "é", value, "x", value[:9]]).findings] == [2]


def test_nothing_in_a_value_can_stand_for_the_end_of_a_text() -> None:
    for sign in "\0\x01\x80":
        value = f"!@#${sign}%^&*("
        assert known(value).find([value]).findings
        assert not known(value).find(["!@#$", "%^&*("]).findings
        assert not known(value).find(["é!@#$", "%^&*("]).findings


def test_the_span_of_an_encoded_value_covers_its_run() -> None:
    text = "QUFB" + SPELLINGS["base64-0"]("A=" + VALUES["random-24"])
    (found,) = known(VALUES["random-24"]).find([f"data: {text}."]).findings
    assert (found.start, found.end) == (6, 6 + len(text))


def test_a_url_gives_its_password_too() -> None:
    values = known(URL="postgres://app:pW9xQ2%2Fkk@db/prod")
    assert values.names == ("URL", "URL.password")
    assert [found.name for found in values.find(["pW9xQ2%2Fkk", "pW9xQ2/kk", "app", "db/prod"]).findings] == [
        "URL.password"
    ] * 2


@pytest.mark.parametrize(
    ("value", "inside"),
    [
        ("Bearer " + random_value(8, 30, BASE62), random_value(8, 30, BASE62)),
        ("Basic dXNlcjpzM2NyM3QheA==", "s3cr3t!x"),
        ("https://h/p?api_key=" + random_value(9, 20, BASE62), random_value(9, 20, BASE62)),
        ("https://hooks.example.com/T0/" + random_value(4, 24, BASE62), random_value(4, 24, BASE62)),
    ],
    ids=["bearer", "basic", "query", "webhook"],
)
def test_a_secret_inside_a_setting_is_known_alone(value: str, inside: str) -> None:
    assert forms(known(value), f"it is {inside}!") == {Form.PLAIN}


def test_a_value_given_twice_keeps_its_first_name() -> None:
    values = known(A="s3cr3t!xyz", B="s3cr3t!xyz")
    assert (len(values), values.names) == (1, ("A",))


def test_a_longer_value_covers_the_one_inside() -> None:
    inner, outer = random_value(12, 16, BASE62), random_value(13, 8, BASE62)
    values = known(IN=inner, OUT=f"{inner}.{outer}")
    assert {(found.name, found.form) for found in values.find([f"{inner}.{outer}"]).findings} == {
        ("IN", Form.PLAIN),
        ("OUT", Form.PLAIN),
    }


def test_a_name_never_tells_a_value() -> None:
    values = known(Zq8Kd03mXw7Tn2="first-value-1", other="Zq8Kd03mXw7Tn2")
    assert values.names == ("other", "value-0")


def test_names_do_not_tell_it_together_either() -> None:
    value = random_value(71, 24, BASE62)
    pieces = {f"KEY_{value[at : at + 6]}": random_value(at, 20, BASE62) for at in range(0, 24, 6)}
    assert known(DB_PASSWORD=value, **pieces).names == ("DB_PASSWORD", *(f"value-{at}" for at in range(1, 5)))
    # As somebody may write them to a file that is watched, one after the other.
    growing = known(DB_PASSWORD=value, API_KEY_2=random_value(99, 20, BASE62))
    for name, own in pieces.items():
        growing = growing.extended([(name, Secret(own))], 100)
    assert len([name for name in growing.names if name in pieces]) == 0
    assert {"DB_PASSWORD", "API_KEY_2"} < set(growing.names)


def test_names_are_sanitised() -> None:
    assert KnownValues.build([("a b]\n" + "x" * 99, Secret("s3cr3t!xyz"))], KEY).names == ("a_b__" + "x" * 59,)


@pytest.mark.parametrize("key", [b"", b"short", bytes(65)])
def test_a_key_must_be_one(key: bytes) -> None:
    with pytest.raises(ValueError, match="16 to 64"):
        KnownValues.build([], key)


def test_no_values_find_nothing() -> None:
    assert not KnownValues.none().find(["x" * 100]).findings
    assert len(KnownValues.none()) == 0


def reachable(root: object) -> Iterator[object]:
    """Everything that can be reached from an object, but for modules, classes and functions."""
    seen, todo = set(), [root]
    while todo:
        item = todo.pop()
        if id(item) in seen or isinstance(item, type(sys) | type | type(reachable)):
            continue
        seen.add(id(item))
        yield item
        todo.extend(gc.get_referents(item))


def leaks(root: object, values: list[str]) -> list[str]:
    """Which of the values, or eight characters of them in a row, stand in any text or bytes below an object."""
    held = []
    for item in reachable(root):
        if isinstance(item, str):
            held.append(item.lower())
        elif isinstance(item, bytes | bytearray | memoryview):
            held.append(bytes(item).decode("latin-1").lower())
        elif hasattr(item, "tobytes"):
            held.append(item.tobytes().decode("latin-1").lower())
    everything = "\n".join([*held, *(text.replace("\0", "") for text in held)])
    return [
        value
        for value in values
        if any(value.lower()[start : start + 8] in everything for start in range(len(value) - 7))
    ]


def test_nothing_that_is_kept_holds_a_value() -> None:
    planted = [random_value(seed, 30) for seed in range(20)] + ["correct-horse-battery-staple"]
    values = known(*planted)
    assert leaks(values, planted) == []
    with pytest.raises(TypeError):
        pickle.dumps(values)


def told(value: str) -> list[str]:
    """What a store might keep of a value: it, as the view has it, backwards, in base64 and in hex."""
    raw = value.encode()
    encoded = [base64.b64encode(b"x" * shift + raw).decode()[4:-4] for shift in range(3)]
    return [value, canonical(value).decode(), value[::-1], canonical(value[::-1]).decode(), raw.hex(), *encoded]


def test_nothing_that_is_kept_holds_a_form_of_a_value() -> None:
    planted = [random_value(seed, 30, BASE62) for seed in range(20)]
    values = known(*planted)
    grown = values.extended([("X", Secret(random_value(30, 30, BASE62)))], most=99)
    stored = KnownValues.build([], KEY, stored=values.fingerprints)
    for root in (values, grown, stored, msgspec.msgpack.encode(values.fingerprints)):
        for value in planted:
            assert leaks(root, told(value)) == []


def test_the_search_for_values_would_find_one() -> None:
    assert leaks({"a": [b"xx" + b"Zq8Kd03mXw7Tn2"]}, ["Zq8Kd03mXw7Tn2"]) == ["Zq8Kd03mXw7Tn2"]
    assert leaks((Secret("Zq8Kd03mXw7Tn2"),), ["Zq8Kd03mXw7Tn2"]) == ["Zq8Kd03mXw7Tn2"]


def test_nothing_shows_a_value() -> None:
    values = known("Zq8Kd03mXw7Tn2")
    assert repr(values) == "KnownValues(1)"
    assert "Zq8K" not in repr(values._snapshot)


def test_another_key_gives_other_fingerprints() -> None:
    entries = [("X", Secret("Zq8Kd03mXw7Tn2"))]
    first, second = KnownValues.build(entries, KEY), KnownValues.build(entries, KEY[::-1])
    for bank, other in zip(first._snapshot.store.banks, second._snapshot.store.banks, strict=True):
        assert not set(bank.entries.digests.tolist()) & set(other.entries.digests.tolist())
        assert not set(bank.entries.tags.tolist()) & set(other.entries.tags.tolist())


@settings(max_examples=150, deadline=None)
@given(
    st.text(BASE62 + "!$%-_/+=äé字", min_size=8, max_size=60),
    st.text(max_size=30),
    st.text(max_size=30),
    st.sampled_from(["plain", "upper", "spaces", "base64-1", "hex", "percent", "unicode-escapes"]),
)
def test_any_value_that_is_accepted_is_found(value: str, before: str, after: str, spelling: str) -> None:
    values = known(X=value)
    assume(not values.rejected)
    assume(value == value.strip())
    letters = sum(char.isascii() and char.isalnum() for char in value)
    assume(spelling == "plain" or letters >= 10)
    text = f"{before} {value if spelling == 'plain' else SPELLINGS[spelling](value)} {after}"
    assert values.find([text]).findings
    if spelling == "plain":
        start = len(before) + 1
        found = Finding(0, start, start + len(value), "known-value", "X", value=values.mac(value))
        assert found in values.find([text]).findings


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=400))
def test_texts_without_a_value_have_no_finding(text: str) -> None:
    assert not known(*VALUES.values()).find([text]).findings


def test_extended_values_are_found_like_built_ones() -> None:
    """In every form, with the spans and names of a snapshot that was made at once; the older ones too."""
    values = {
        "A": "Zq8Kd03mXw7Tn2Bv5Hs6Jd1F",
        "B": "Pp5Gc0YuLk9Xv4Rt2Mn8Qw6E",
        "C": "hunter2",
        "D": "correct-horse-battery",
    }
    built = known(**values)
    grown = KnownValues.build([("A", Secret(values["A"]))], KEY)
    for name in "BCD":
        grown = grown.extended([(name, Secret(values[name]))], most=99)
    grown = grown.extended([(name, Secret(value)) for name, value in values.items()], most=len(grown))
    assert grown.names == built.names
    for value in values.values():
        encoded = base64.b64encode(value.encode()).decode()
        texts = [f"it is {value}.", f"so {encoded}", value.encode().hex(), value.upper(), " ".join(value), value[:18]]
        assert grown.find(texts) == built.find(texts)


def test_no_more_values_are_registered_than_permitted() -> None:
    with pytest.raises(TooManyValuesError):
        known("Zq8Kd03mXw7Tn2Bv5Hs6Jd1F").extended([("B", Secret("Pp5Gc0YuLk9Xv4Rt2Mn8Qw6E"))], most=1)
