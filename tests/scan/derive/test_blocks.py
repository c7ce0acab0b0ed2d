"""The kernel looks at texts in blocks of 64 characters: where a text stands in them makes no difference."""

from __future__ import annotations

import random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from egress_proxy.native import KERNEL
from egress_proxy.scan.derive import twin
from egress_proxy.scan.derive.hints import SHORTEST, Hints, hinted
from egress_proxy.scan.derive.kinds import Kind
from egress_proxy.scan.derive.spelled import NAMES, SILENT
from tests.bench.corpora import SORTS, texts
from tests.corpus.forms import FORMS, Form
from tests.kit.each import each
from tests.scan.conftest import known
from tests.scan.derive.writers import WRITERS
from tests.scan.test_derive_table import VALUES, spans

BLOCK = 64
ALL = range(1, BLOCK + 2)
SOME = (1, 7, 15, 16, 17, 47, 48, 49, 63, 64, 65)
WRITTEN = {name: write(VALUES[1]) for name, write in WRITERS.items()}
PARTS = (
    *(form.write(VALUES[0]) for form in FORMS),
    *WRITTEN.values(),
    "a b ",
    '"a" + "b" ',
    "x41 u0041 0x41 104, ",
    "12:30 v1.2 ",
    "0123456789abcdef" * 2,
    "~" * 20,
    "-" * 40,
    "é“”",
    "а\u200b",
    "=3D=\n",
    "\n",
)
# Those that look at a word every so often, from the beginning of the text on.
BY_PLACE = frozenset({Kind.SPELLED, Kind.WOVEN})
# Those of which the twin names all that the kernel does.
AS_TWIN = frozenset({Kind.QUOTED_PRINTABLE, Kind.NUMBERS, Kind.SPELLED, Kind.WORDS, Kind.COLUMNS})

mixed = st.lists(
    st.one_of(
        st.sampled_from(PARTS),
        st.text("aZ09 \n\"'+/=-_.,:%\\&;<>xu", max_size=40),
        st.text(st.characters(exclude_categories=()), max_size=8),
    ),
    min_size=1,
    max_size=8,
).map("".join)
with_kernel = pytest.mark.skipif(KERNEL is None, reason="no kernel was compiled")


def moved_back(hints: Hints, by: int) -> Hints:
    return {
        kind: [(max(start - by, 0), end - by) for start, end in spans]
        for kind, spans in hints.items()
        if kind not in BY_PLACE
    }


def at(place: int, text: str) -> Hints:
    """Hints of a text that begins there, after ends of lines, as if it began at 0."""
    return moved_back(hinted("\n" * place + text), place)


@with_kernel
@each("name", WRITTEN)
def test_a_spelling_is_hinted_wherever_it_begins(name: str) -> None:
    expected = at(1, WRITTEN[name])
    assert all(at(place, WRITTEN[name]) == expected for place in ALL)


@with_kernel
@each("form", FORMS, ids=lambda form: form.name)
def test_a_form_is_hinted_wherever_it_begins(form: Form) -> None:
    text = f"Here it is: {form.write(VALUES[0])}\nThat is all."
    expected = at(1, text)
    assert all(at(place, text) == expected for place in SOME)


@with_kernel
@settings(max_examples=300, deadline=None)
@given(mixed, st.integers(2, 2 * BLOCK))
def test_any_text_is_hinted_wherever_it_begins(text: str, place: int) -> None:
    assume(len(text) >= SHORTEST)
    assert at(place, text) == at(1, text)


@each("name", WRITTEN)
def test_a_value_is_found_wherever_its_spelling_begins(name: str) -> None:
    for place in SOME:
        assert spans(known(VALUES[1]), f"{' ' * place}\n{WRITTEN[name]}\nThat is all of it.")


@each("name", sorted(name for name in {*NAMES, *SILENT} if name.isalpha()))
def test_every_name_of_a_character_is_known(name: str) -> None:
    assert Kind.SPELLED in hinted(f"{name} " * 20)
    assert Kind.SPELLED in hinted(f"{name.capitalize()}, " * 20)


@with_kernel
@pytest.mark.parametrize("sort", SORTS)
def test_what_the_kernel_hints_at_its_twin_does(sort: str) -> None:
    dice = random.Random(sort)
    for text in texts(sort, 2_000, 8, seed=4):
        whole = "\n\n".join((text, *dice.choices(PARTS, k=6)))
        own: dict[int, list[tuple[int, int]]] = {}
        for kind, start, end in twin.hints(whole):
            own.setdefault(kind, []).append((start, end))
        for kind in AS_TWIN & hinted(whole).keys():
            for start, end in hinted(whole)[kind]:
                assert any(first < end and start < last for first, last in own.get(kind, ())), (Kind(kind), start, end)
