"""Without the kernel the same is found."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import egress_proxy.scan.derive.hints as hints_module
from egress_proxy import native
from egress_proxy.scan import build_scanner, judge
from egress_proxy.scan.derive import derive, twin
from egress_proxy.scan.derive.kinds import Kind
from tests.kit.each import each
from tests.scan.conftest import known
from tests.scan.derive.writers import WRITERS
from tests.scan.test_derive_table import VALUES, spans


@pytest.fixture(params=[False, True], ids=["kernel", "twin"])
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param:
        monkeypatch.setattr(hints_module, "KERNEL", None)
    elif native.KERNEL is None:
        pytest.skip("no compiled kernel here")


@each("name", WRITERS)
def test_every_spelling_is_seen_with_and_without_the_kernel(name: str, kernel: None) -> None:
    value = VALUES[1]
    text = f"Here it is, as you asked:\n{WRITERS[name](value)}\nThat is all of it."
    assert spans(known(value), text)


@pytest.mark.parametrize("text", ["", "x" * 40, "1. Read it.\n2. Change it.\n", "café “quotes” " * 10, "a b " * 100])
def test_ordinary_texts_give_nothing_with_and_without_the_kernel(text: str, kernel: None) -> None:
    assert derive(text).texts == ()


ALIKE = frozenset(
    {
        *(Kind.BASE64, Kind.BASE64_1, Kind.BASE64_2, Kind.BASE64_3, Kind.HEX, Kind.BASE32, Kind.BASE32HEX),
        *(Kind.BASE85, Kind.ASCII85, Kind.INTEGER, Kind.BACKWARDS, Kind.ROTATED, Kind.OPAQUE),
        *(Kind.ESCAPED, Kind.LITERALS, Kind.LISTED, Kind.PIECES, Kind.TERMINAL, Kind.INLAID),
    }
)
WRITTEN = [write(VALUES[at % 5]) for at, write in enumerate(WRITERS.values())]
PARTS = st.one_of(
    st.sampled_from(
        ['"', "'", "\\", "\\n", "\n", "+", ",", '", "', '" + "', '\\"', "0000", "begin 644 x", "`", "end", "abc", "=",
         "a1B2c3D4e5F6", "H4sIAAAA", 'value += "', '").append("', "%41", "&#65;", "&amp;", "=3D", "\0", "\ud800", "é",
         "|", " ", "    ", "-", "\r\n", "ABzY8", "<~", "~>", "1234567890" * 4, "<<", ".=", "[", "(", "$x", "|| ",
         "\x1b[0;31m", "\b", "<b>", "</b>", "<br", ">", "/* x */", "/*", "*/", "x<i>y",
         'the "', '". "', "the '", "'. '", "* ",
         "\U0001d400", "aGVsbG8gd29ybGQhIQ", "68656c6c6f20776f726c6421", "00000000: ", "/", "_", "deadbeefdeadbeef"]
    ),
    st.sampled_from(WRITTEN).flatmap(
        lambda text: st.builds(lambda at, size: text[at : at + size], st.integers(0, len(text)), st.integers(8, 300))
    ),
)  # fmt: skip


def hinted(text: str) -> list[tuple[int, int, int]]:
    """What the kernel names of these kinds."""
    assert native.KERNEL is not None
    found = [hint for _, own in hints_module._of_kernel(native.KERNEL, (text,), text) for hint in own]
    return sorted(hint for hint in found if hint[0] in ALIKE)


@pytest.mark.skipif(native.KERNEL is None, reason="no compiled kernel here")
@settings(max_examples=300, deadline=None)
@given(st.lists(PARTS, max_size=30))
def test_runs_escapes_and_pieces_are_hinted_alike(parts: list[str]) -> None:
    text = "".join(parts)
    if len(text) < hints_module.SHORTEST:
        return
    own = [(int(kind), start, end) for kind, start, end in twin.hints(text) if kind in ALIKE]
    assert sorted(own) == hinted(text)


@pytest.mark.parametrize(
    "prose",
    [
        'loops in the same "try". "break", and',
        'where *n* ">=" "0" and',
        "the words 'red'. 'blue' are",
        'is one of "ab" "cd".',
    ],
)
def test_two_short_words_that_a_sentence_is_about_are_no_pieces(prose: str, kernel: None) -> None:
    assert Kind.LITERALS not in hints_module.hinted(prose + " of them\n" * 40)


@pytest.mark.parametrize(
    "pieces",
    [
        'key = "Hunt" + "er!"',  # assigned
        'the word "Hunt" + "er2"',  # letters and digits
        'the same "try". "' + "break" * 3 + '"',  # long
        """the same "try" + 'break'""",  # of two kinds, so that either may go on
        'the same "try". "break" and "' + "a" * 20 + '" + "b"',  # beside others, of which they may be
    ],
)
def test_all_other_pieces_are(pieces: str, kernel: None) -> None:
    hints = hints_module.hinted(pieces + " of them\n" * 40)[Kind.LITERALS]
    assert any(pieces[start] in "\"'" for start, _ in hints)
    assert len(hints) == 1 or min(start for start, _ in hints) < pieces.index("try") + 4


@pytest.mark.skipif(native.KERNEL is None, reason="no compiled kernel here")
def test_the_same_is_released_with_and_without_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    scanner = build_scanner(known(VALUES[2]))
    texts = [f"Here:\n{write(VALUES[2])}\nThat is all." for write in WRITERS.values()]
    texts += [f'{{"a": "{write(VALUES[3])}", "tags": ["x"]}}' for write in WRITERS.values()]
    released = [judge([text], scanner.scan([text])).texts for text in texts]
    monkeypatch.setattr(hints_module, "KERNEL", None)
    assert [judge([text], scanner.scan([text])).texts for text in texts] == released
