"""What the kernel builds of known values is what its twin in Python does: forms, windows, digests and tables."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator
from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress_proxy.model import Secret
from egress_proxy.scan import banks, compiled, drafts, fallback, fingerprints, recipes, settling, store
from egress_proxy.scan.banks import Bank, Entries
from egress_proxy.scan.fingerprints import VALUE_SHIFT, WHOLE, Keys
from egress_proxy.scan.forms import SHAPES, Form, Shapes, forms
from egress_proxy.scan.known import KnownValues
from egress_proxy.scan.stored import Fingerprint
from tests.scan.conftest import KEY, known

BASE62 = string.ascii_letters + string.digits
VALUES = (
    "Zq8Kd03mXw7Tn2Bv5Hs6Jd1F",
    "4f9d8c2ab17e60354f9d8c2ab17e6035",
    "hunter2",
    "!@#$%^&*()_+",
    "пароль-секретный-42",
    "correct-horse-battery-staple",
    "prod-Zq8Kd03mXw7T-payments-service",
    "s3cr3t!x",
    "\ud800Zq8Kd03mX",
    "postgres://app:pW9xQ2%2Fkk@db/prod",
    "castle-nectar-violet-thimble-77",  # parts of a passphrase
    "Castle Nectar Violet\tThimble",
    "aB3$xQ9!pL5@-_zK7#tR",  # few letters in twelve characters
    "winter$9-Kd!03-staging@Zq8",  # so too, and words
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.q-8_Kd-03_m-Xw_7T-n2_Bv-5H",  # public, but for its end
)
with_kernel = pytest.mark.skipif(compiled.KNOWN is None, reason="no kernel was compiled")


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """No kernel, for whatever is built in this test."""
    for module in (banks, drafts, fingerprints, settling, store):
        monkeypatch.setattr(module, "KNOWN", None)


def ascii_values() -> st.SearchStrategy[str]:
    return st.one_of(
        st.text(st.characters(max_codepoint=127), min_size=1, max_size=40),
        st.text(BASE62, min_size=1, max_size=80),
        st.text(BASE62 + "+/=_-%&<>'\"", min_size=1, max_size=80),
    )


@with_kernel
@settings(max_examples=300, deadline=None)
@given(st.lists(ascii_values(), min_size=1, max_size=6), st.booleans(), st.sampled_from([0, 8]))
def test_forms_are_the_same(values: list[str], few: bool, least: int) -> None:
    assert compiled.KNOWN is not None
    made = recipes.expanded(compiled.KNOWN, [value.encode() for value in values], [least] * len(values), few=few)
    expected = [[form for form in forms(value, few=few) if len(form.codes) >= least] for value in values]
    assert made.counts.tolist() == list(map(len, expected))
    assert list(made_forms(made)) == [form for own in expected for form in own]


def made_forms(made: recipes.Expanded) -> Iterator[Form]:
    start = 0
    for length, shape in zip(made.lengths.tolist(), made.shapes.tolist(), strict=True):
        yield Form(made.codes[start : start + length].tobytes(), shape)
        start += length


@with_kernel
def test_no_value_has_more_codes_than_there_is_room_for() -> None:
    for char in map(chr, range(128)):
        for length in (1, 2, 3, 64):
            codes = sum(len(form.codes) for form in forms(char * length))
            assert codes <= recipes.most_codes(length)


def test_the_numbers_of_shapes_are_those_of_the_table() -> None:
    assert len(Shapes) == len(SHAPES)
    assert [SHAPES[shape].reverse for shape in (Shapes.REVERSED, Shapes.HEX_REVERSED)] == [True, True]
    assert (SHAPES[Shapes.FOLDED].folded, SHAPES[Shapes.PLAIN].plain, SHAPES[Shapes.SIGNED].part) == (True, True, True)
    assert (SHAPES[Shapes.BINARY].width, SHAPES[Shapes.OF_PHRASE].run) == (64, 16)


@with_kernel
def test_all_that_is_built_is_the_same(request: pytest.FixtureRequest) -> None:
    """Forms, tags, digests, choice of windows, filters; of values that are added later, too."""
    dice = random.Random(4)
    more = [("".join(dice.choices(BASE62 + "-_!", k=dice.randrange(6, 70)))) for _ in range(60)]
    made = known(*VALUES, *more), known(*VALUES), KnownValues.build([("F", Secret(VALUES[0]))], KEY, few=True)
    grown = made[0].extended([("X", Secret("Pp5Gc0YuLk9Xv4Rt2Mn8Qw6E"))], 999)
    request.getfixturevalue("without")
    plain = known(*VALUES, *more), known(*VALUES), KnownValues.build([("F", Secret(VALUES[0]))], KEY, few=True)
    plainly_grown = plain[0].extended([("X", Secret("Pp5Gc0YuLk9Xv4Rt2Mn8Qw6E"))], 999)
    for one, other in zip((*made, grown), (*plain, plainly_grown), strict=True):
        assert list(map(rows, one.fingerprints)) == list(map(rows, other.fingerprints))
        for bank, its_twin in zip(one._snapshot.store.banks, other._snapshot.store.banks, strict=True):
            assert np.array_equal(bank.filter, its_twin.filter)
            assert np.array_equal(bank.buckets, its_twin.buckets)
        text = f"{VALUES[0]} {VALUES[1].upper()}"
        assert one.find([text]) == other.find([text])


def rows(one: Fingerprint) -> tuple[object, ...]:
    """A fingerprint whatever the order of its rows is."""
    parts = sorted(one.parts[at : at + 14] for at in range(0, len(one.parts), 14))
    segments = sorted(one.segments[at : at + 26] for at in range(0, len(one.segments), 26))
    return one.name, one.length, one.mac, one.folded, one.weak, one.token, parts, segments


def entries(count: int, tags: int, seed: int = 1) -> Entries:
    """Entries with many ties."""
    dice = np.random.default_rng(seed)
    numbers = dice.integers(0, 8 << VALUE_SHIFT, count) + dice.integers(0, 2, count) * WHOLE
    spread = dice.integers(0, tags, count) * (0xFFFFFFFF // tags)
    return Entries(spread.astype(np.uint32), dice.integers(0, 3, count).astype(np.uint64), numbers.astype(np.uint32))


def columns(some: Entries) -> list[list[int]]:
    return [some.tags.tolist(), some.digests.tolist(), some.numbers.tolist()]


@with_kernel
@pytest.mark.parametrize("count", [0, 1, 2, 17, 1000, 20_000])
@pytest.mark.parametrize("tags", [1, 5, 300, 100_000])
def test_entries_are_sorted_the_same(count: int, tags: int) -> None:
    own = entries(count, tags)
    assert columns(own.sorted()) == columns(own._sorted())


@with_kernel
@pytest.mark.parametrize("tags", [1, 16, 50_000])
def test_many_entries_are_merged_by_groups(tags: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(banks, "_LARGE", 100)
    parts = [entries(count, tags, seed) for seed, count in enumerate((0, 1, 500, 7000, 300))]
    expected = Entries.joined(parts)._sorted()
    assert columns(Entries.merged(parts)) == columns(expected)
    assert parts == []


@pytest.mark.parametrize("count", [3, 40, 200])
def test_a_bank_that_few_are_added_to_is_like_one_that_was_made_at_once(count: int) -> None:
    first = Bank(12, [entries(4000, 1 << 30)])
    more = entries(count, 1 << 30, seed=2)
    more.numbers[:] += 8 << VALUE_SHIFT  # of later values
    grown, whole = Bank(12, [more], first), Bank(12, [first.entries, more])
    assert np.array_equal(grown.filter, whole.filter)
    assert np.array_equal(grown.buckets, whole.buckets)
    assert np.array_equal(grown.entries.tags, whole.entries.tags)


@pytest.mark.parametrize("length", [1, 7, 8, 127, 128, 129, 256, 1000])
def test_digests_are_blake2b(length: int) -> None:
    codes = np.frombuffer(random.Random(length).randbytes(length + 3), dtype=np.uint8)
    (made,) = Keys.derive(KEY).window_digests(codes, np.array([3]), np.array([length]))
    assert int(made).to_bytes(8, "little") == digest(codes[3:].tobytes())


def test_many_digests_at_once_are_blake2b() -> None:
    """Eight of one block are made together; whatever their lengths, and what stands between."""
    dice = np.random.default_rng(1)
    codes = dice.integers(0, 256, 4000).astype(np.uint8)
    for lengths in ([12] * 64, [128] * 9, [*range(1, 140)], [12] * 7 + [129] + [300] * 3 + [16] * 20):
        positions = dice.integers(0, 3600, len(lengths))
        made = Keys.derive(KEY).window_digests(codes, positions, np.array(lengths))
        for value, at, length in zip(made.tolist(), positions.tolist(), lengths, strict=True):
            assert int(value).to_bytes(8, "little") == digest(codes[at : at + length].tobytes())


def digest(codes: bytes) -> bytes:
    return blake2b(codes, digest_size=8, key=Keys.derive(KEY).digests, person=fallback.PERSON).digest()


def test_no_position_outside_the_codes_is_read() -> None:
    keys, codes = Keys.derive(KEY), np.zeros(20, dtype=np.uint8)
    for at in (-1, 9):
        with pytest.raises(IndexError):
            keys.tags(12, codes, np.array([at]))
        with pytest.raises(IndexError):
            keys.window_digests(codes, np.array([at]), np.array([12]))
