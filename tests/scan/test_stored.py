"""Fingerprints that are stored and carried elsewhere do what the values would, and cannot do harm."""

from __future__ import annotations

import struct

import msgspec
import pytest
from msgspec.structs import replace

from egress_proxy.model import Finding, Form, Secret
from egress_proxy.scan.known import KnownValues
from egress_proxy.scan.stored import Fingerprint, FingerprintError
from tests.scan.conftest import KEY, known
from tests.scan.spellings import SPELLINGS

VALUES = {
    "RANDOM": "Zq8Kd03mXw7Tn2Bv5Hs6Jd1F",
    "HEX": "4f9d8c2ab17e60354f9d8c2ab17e6035",
    "TOKEN": "hunter2",
    "SIGNS": "!@#$%^&*()_+",
    "WORDS": "correct-horse-battery-staple",
    "FOREIGN": "пароль-секретный-42",
    "URL": "postgres://app:pW9xQ2kk@db/prod",
    "LONG": "".join(f"{index * 7919:x}" for index in range(400)),
}


def carried(values: KnownValues) -> tuple[Fingerprint, ...]:
    """Fingerprints through a file."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(values.fingerprints), type=tuple[Fingerprint, ...])


def test_stored_fingerprints_find_what_the_values_find() -> None:
    values = known(**VALUES)
    stored = KnownValues.build([], KEY, stored=carried(values))
    assert (len(stored), stored.names) == (len(values), values.names)
    assert stored.fingerprints == values.fingerprints
    for value in VALUES.values():
        texts = [value, value[:14], value[3:21], *(spelling(value) for spelling in SPELLINGS.values())]
        assert values.find(texts).findings
        assert stored.find(texts) == values.find(texts)


def test_stored_ones_come_after_the_others_and_none_twice() -> None:
    one, other = known(A=VALUES["RANDOM"], B=VALUES["WORDS"]), known(C=VALUES["RANDOM"], D=VALUES["HEX"])
    both = KnownValues.build([("A", Secret(VALUES["RANDOM"]))], KEY, stored=(*carried(one), *carried(other)))
    assert both.names == ("A", "B", "D")
    text = " ".join((VALUES["RANDOM"], VALUES["WORDS"], VALUES["HEX"]))
    assert [found.name for found in both.find([text]).findings] == ["A", "B", "D"]
    grown = both.extended([("E", Secret("Pp5Gc0YuLk9Xv4Rt2Mn8Qw6E"))], most=4)
    assert [found.name for found in grown.find([text + " Pp5Gc0YuLk9Xv4Rt2Mn8Qw6E"]).findings] == ["A", "B", "D", "E"]


def test_a_name_in_a_file_that_tells_a_value_is_replaced() -> None:
    stored = [replace(one, name=f"x\n{VALUES['RANDOM']}") for one in carried(known(A=VALUES["RANDOM"]))]
    assert KnownValues.build([], KEY, stored=stored).names == ("value-0",)


def test_another_key_is_refused() -> None:
    with pytest.raises(FingerprintError, match="another key"):
        KnownValues.build([], KEY[::-1], stored=carried(known(A=VALUES["RANDOM"])))


def changed(rows: bytes, at: int, template: str, value: int) -> bytes:
    data = bytearray(rows)
    struct.pack_into(template, data, at, value)
    return bytes(data)


@pytest.mark.parametrize(
    "broken",
    [
        lambda one: replace(one, mac=b"short"),
        lambda one: replace(one, folded=b""),
        lambda one: replace(one, length=0),
        lambda one: replace(one, length=1 << 40),
        lambda one: replace(one, parts=one.parts[:-1]),
        lambda one: replace(one, segments=one.segments + b"x"),
        lambda one: replace(one, parts=changed(one.parts, 12, "<B", 7)),
        lambda one: replace(one, parts=changed(one.parts, 12, "<B", 0)),
        lambda one: replace(one, parts=changed(one.parts, 13, "<B", 8)),
        lambda one: replace(one, segments=changed(one.segments, 14, "<I", 1 << 30)),
        lambda one: replace(one, segments=changed(one.segments, 18, "<I", 3)),
        lambda one: replace(one, segments=changed(one.segments, 18, "<I", 1 << 31)),
        lambda one: replace(one, segments=changed(one.segments, 22, "<I", 1 << 31)),
    ],
    ids=[
        "mac", "folded", "length", "longer", "parts", "segments", "width", "folded-part", "form", "before",
        "shorter-than-window", "longer-than-forms", "lead",
    ],
)  # fmt: skip
def test_damaged_ones_are_refused(broken: object) -> None:
    assert callable(broken)
    stored = [broken(one) for one in carried(known(A=VALUES["RANDOM"]))]
    with pytest.raises(FingerprintError, match="damaged"):
        KnownValues.build([], KEY, stored=stored)


def test_nothing_of_a_value_is_shown() -> None:
    (one,) = carried(known(A=VALUES["RANDOM"]))
    assert repr(one) == "Fingerprint(A)"


def test_findings_have_the_name_of_their_detector() -> None:
    values = KnownValues.build([("A", Secret(VALUES["RANDOM"]))], KEY, detector="seen-before")
    grown = values.extended([("B", Secret(VALUES["HEX"]))], most=2)
    text = VALUES["RANDOM"]
    assert grown.find([text]).findings == (Finding(0, 0, len(text), "seen-before", "A", value=values.mac(text)),)
    assert [found.detector for found in grown.find([VALUES["HEX"].upper()]).findings] == ["seen-before"]


@pytest.mark.parametrize("spelling", ["upper", "spaces", "reversed", "base64-0", "base64-1", "base64-2", "hex", "json"])
def test_few_forms_are_the_commonest(spelling: str) -> None:
    value = VALUES["RANDOM"] + '"&'
    values = KnownValues.build([("A", Secret(value))], KEY, few=True).extended([("B", Secret(value[::-1] + "x"))], 2)
    assert values.find([value]).findings[0].form is Form.PLAIN
    assert {found.form for found in values.find([SPELLINGS[spelling](value)]).findings} == {Form.ENCODED}
    assert not values.find([SPELLINGS["binary"](value)]).findings
    full = KnownValues.build([("A", Secret(value))], KEY)
    assert full.find([SPELLINGS["binary"](value)]).findings
