"""A growing text: what was released is a prefix of what the whole gives, and at its end equals it, in any cut."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress_proxy.model import Finding, Form, Scan, Secret
from egress_proxy.scan.engine import TextScanner
from egress_proxy.scan.growing import (
    MOST_HELD,
    MOST_LOOKED,
    MOST_WORK,
    Examine,
    GrowingText,
    Judged,
    TooMuchError,
    judged,
    settled_at,
)
from egress_proxy.scan.known import KnownValues
from egress_proxy.scan.redaction import WITHHELD_ENCODED, WITHHELD_UNDECIDED
from egress_proxy.scan.tail import HELD_CODES, settled_until
from tests.corpus.benign import SORTS, replies
from tests.corpus.contexts import contexts, place
from tests.corpus.forms import FORMS
from tests.corpus.kinds import INSTANCES, KINDS
from tests.corpus.parts import Parts
from tests.corpus.prose import paragraph, prose
from tests.corpus.secrets import SORT_OF, WORDS, values
from tests.kit.growing import examiner, held_back, pieces, remembering, streamed, whole
from tests.scan.conftest import KEY

BEFORE = "I looked at it as you said.\n" + "It is a small thing with many parts, all of them old.\n" * 6
AFTER = "That is all of it.\nNothing else was changed by me.\nGood night.\n"
VALUES = values(17, tuple(SORT_OF), 1)
VALUE = "Zq7Kf2Wm9XpL" + "4vTc8RnB"


def clean(_: str) -> Judged:
    return Judged()


@pytest.fixture(scope="module")
def examine(scanner: TextScanner) -> Iterator[Examine]:
    entries = [(f"V{at}", Secret(value.text)) for at, value in enumerate(VALUES)]
    known = KnownValues.build([*entries, ("VALUE", Secret(VALUE))], KEY)
    with remembering():
        yield examiner(scanner.with_known(known))


def generated(seed: int) -> str:
    """A reply of some blocks: prose, code and data of all sorts, secrets of all kinds, values in all writings."""
    random = Random(seed)
    blocks = [_block(random) for _ in range(random.randint(1, 5))]
    return random.choice(("\n", "\n\n", " ")).join(blocks)[: random.choice((400, 2_000, 6_000))]


def _block(random: Random) -> str:
    kind = random.randrange(5)
    if kind == 0:
        return paragraph(random, random.randint(1, 8))
    if kind == 1:
        return replies(random.choice(list(SORTS.values())), random, 600)[0]
    if kind in {2, 3}:
        name = random.choice(list(KINDS))
        return KINDS[name](Parts(random), random.randrange(INSTANCES)).text
    value, form = random.choice(VALUES), random.choice(FORMS)
    if form.of_words not in {None, SORT_OF[value.kind] == WORDS}:
        return value.text
    written = form.write(value.core if form.core else value.text)
    return place(random, random.choice(contexts(written)), written).text[-3_000:]


def check(text: str, cuts: list[int], examine: Examine, *, at_once: bool = True) -> None:
    result = whole(text, examine).text
    growing, released = streamed(pieces(text, cuts), examine, at_once=at_once)
    assert result.startswith("".join(released))
    rest = growing.finish(result)
    assert rest is not None
    assert "".join(released) + rest == result


@settings(max_examples=600)
@given(seed=st.integers(0, 2**32), cuts=st.lists(st.integers(0, 6_000), max_size=60), at_once=st.booleans())
def test_cuts_do_not_matter(examine: Examine, seed: int, cuts: list[int], at_once: bool) -> None:
    check(generated(seed), cuts, examine, at_once=at_once)


@settings(max_examples=200)
@given(
    st.lists(st.sampled_from([*"ab7 .:=\"'`|-\n", "\n", "password", "token: ", "is ", VALUE, VALUE[:9]]), max_size=300)
)
def test_of_strange_texts_neither(examine: Examine, strange: list[str]) -> None:
    text = "".join(strange)
    check(text, list(range(len(text))), examine)


@given(seed=st.integers(0, 1000), cuts=st.lists(st.integers(0, 2000)))
def test_released_is_the_same_whatever_the_cuts(examine: Examine, seed: int, cuts: list[int]) -> None:
    text = generated(seed)
    assert streamed(pieces(text, cuts), examine)[0].given == streamed([text], examine)[0].given


def test_a_secret_on_the_way_is_redacted_and_the_rest_goes_on(examine: Examine) -> None:
    text = BEFORE + f"It is {VALUE} there.\n" + BEFORE
    growing, released = streamed(list(text), examine)
    assert "".join(released).startswith(BEFORE + "It is [redacted:KNOWN:VALUE] there.\n")
    assert not growing.over


def test_a_stream_that_releases_as_it_comes_leaks_the_first_half(examine: Examine) -> None:
    """The control: a piece alone is nothing, so whoever scans pieces alone has released half a value by the second."""
    text = f"{BEFORE}It is {VALUE} there.\n{AFTER}"
    cut = text.index(VALUE) + 10
    naive = [piece for piece in pieces(text, [cut]) if not examine(piece).findings and not examine(piece).withheld]
    assert VALUE[:10] in "".join(naive)
    _, released = streamed(pieces(text, [cut]), examine)
    assert VALUE[:4] not in "".join(released)


def test_a_value_over_two_lines_is_not_released_before_it_is_known(examine: Examine) -> None:
    text = f"{BEFORE}It is {VALUE[:8]}\n{VALUE[8:]} there.\n{AFTER}"
    result = whole(text, examine)
    assert result.withheld == WITHHELD_ENCODED
    assert BEFORE[:100] in result.text
    assert VALUE[:4] not in result.text
    assert WITHHELD_ENCODED + "." not in result.text
    assert result.text.endswith(WITHHELD_ENCODED)


def test_a_text_of_one_line_is_withheld_whole(examine: Examine) -> None:
    assert whole(f"It is done. So: {VALUE[::-1]}", examine).text == WITHHELD_ENCODED


def test_as_much_is_held_as_a_window_of_any_form_needs() -> None:
    """128 binary digits of sixteen characters hold a window of 64 that begins at a multiple of 64."""
    assert HELD_CODES == 127
    text = "a line of many words as there are in texts\n" * 40
    growing, _ = streamed([text], clean)
    assert sum(map(str.isalnum, text[growing.released :])) == HELD_CODES


def test_a_sentence_is_released_when_the_next_has_ended() -> None:
    text = " ".join(f"This is the sentence of many words {word} and nothing else at all." for word in "abcdef")
    growing, released = streamed(list(text), clean)
    assert 0 < growing.released < len(text) - HELD_CODES
    assert text.startswith("".join(released))
    assert "".join(released).endswith(". ") or growing.released == len("".join(released))


def test_the_last_sentence_is_held_however_long_it_is() -> None:
    """A value stands before what says that it is one: `… is the password`."""
    first, last = "It is done. ", "This goes on and on " + "and on " * 60 + "until it ends. "
    assert settled_until(first + last, ()) == len(first)
    assert settled_until(f"{first}{last}Again it is. ", ()) > len(first)


def test_nothing_of_a_line_that_goes_on_is_released_if_anything_is_found_in_it() -> None:
    line = "It is done. " * 40
    assert settled_until(BEFORE + line, ()) > len(BEFORE)
    assert settled_until(BEFORE + line, [Finding(0, len(BEFORE) + 5, len(BEFORE) + 9, "one")]) == len(BEFORE)


def test_what_a_line_holds_is_released_with_the_whole_line(examine: Examine) -> None:
    """What is found in a line that goes on may be something else when all of it is there."""
    said = "The other word for it is written below here, and it is long enough to be held by nobody at all. " * 3
    text = f"{said}It is Zq7Kf2Wm9XpL4vTc8RnB then. {said}"
    assert streamed(list(text), examine)[0].released <= len(said)


def test_too_much_that_is_held_ends_it() -> None:
    growing = GrowingText(clean)
    growing.add("x" * MOST_HELD)
    assert not growing.over
    growing.add("x")
    assert (growing.over, growing.due(), growing.held) == (True, False, MOST_HELD + 1)
    growing.add("\n" * 300)
    assert growing.look() == ""
    assert growing.finish("all") == "all"


def test_a_line_that_is_too_long_ends_it_in_any_cut() -> None:
    text = "first line of it\n" * 30 + "x" * (MOST_HELD + 1) + "\n" + BEFORE
    at_once, _ = streamed([text], clean)
    in_pieces, _ = streamed(pieces(text, list(range(0, len(text), 100))), clean)
    assert at_once.given == in_pieces.given == text[: at_once.released]
    assert at_once.released < 600


def test_looks_that_take_too_much_work_end_it_in_any_cut() -> None:
    text, works = BEFORE * 60, list[int]()

    def hard(seen: str) -> Judged:
        works.append(50 * len(seen))
        return Judged(work=works[-1])

    at_once, _ = streamed([text], hard)
    assert MOST_WORK / 2 < sum(works) <= MOST_WORK + max(works)
    in_pieces, _ = streamed(pieces(text, list(range(0, len(text), 90))), hard)
    assert at_once.spent
    assert in_pieces.spent
    assert at_once.given == in_pieces.given == text[: at_once.released]
    assert len(at_once.given) > 1_000
    assert at_once.worked > 50 * 1_000
    check(text, list(range(0, len(text), 700)), hard)


def test_looks_at_the_longest_text_of_prose_are_not_too_much() -> None:
    text = BEFORE * (MOST_LOOKED // len(BEFORE))
    growing, _ = streamed([text], clean)
    assert not growing.spent
    assert len(growing.given) > len(text) * 0.95


def test_memory_is_bounded() -> None:
    growing = GrowingText(clean)
    for _ in range(3 * MOST_LOOKED // 1_000):
        growing.add("a line of words\n" * 62)
        growing.look()
    assert growing.over
    assert not growing._pieces
    assert not growing._due
    assert len(growing.given) <= MOST_LOOKED


def test_giving_up_holds_all_the_rest(examine: Examine) -> None:
    growing, released = streamed([BEFORE * 2], examine)
    growing.give_up()
    growing.add(BEFORE * 3)
    assert (growing.due(), growing.look(), growing.over) == (False, "", True)
    assert growing.finish(BEFORE * 5) == (BEFORE * 5)[len("".join(released)) :]


def test_what_was_released_and_is_no_beginning_of_the_whole_is_told(examine: Examine) -> None:
    """A value became known meanwhile."""
    growing, released = streamed([BEFORE * 2], examine)
    assert "".join(released)
    assert growing.finish("[redacted:KNOWN:VALUE]" + BEFORE) is None


def test_a_scan_that_fails_ends_it() -> None:
    def fails(text: str) -> Judged:
        if len(text) > 600:
            raise TooMuchError
        return Judged()

    growing = GrowingText(fails)
    growing.add(BEFORE * 4)
    with pytest.raises(TooMuchError):
        growing.look()
    assert growing.over
    assert growing.look() == ""


def test_a_text_that_must_be_withheld_ends_it_at_the_first_checkpoint() -> None:
    """And one that turns out well later is not taken up again: what the whole gives tells the rest."""
    growing, released = streamed(
        [BEFORE, AFTER, BEFORE], lambda text: Judged(withheld=WITHHELD_UNDECIDED if text == BEFORE + AFTER else "")
    )
    assert growing.over
    assert BEFORE.startswith("".join(released))


def test_a_finding_that_turns_up_late_is_not_taken_back() -> None:
    """What the whole gives is what may have been released, and then that the rest is not decided."""
    text = BEFORE + AFTER + BEFORE
    finding = Finding(0, 30, 40, "some-rule")

    def late(seen: str) -> Judged:
        return Judged((finding,), 30) if len(seen) == len(text) else Judged()

    result = whole(text, late)
    assert result.withheld == WITHHELD_UNDECIDED
    assert result.text.startswith(text[:60])
    check(text, list(range(0, len(text), 7)), late)


def test_in_a_line_of_sentences_any_finding_may_turn_up_late() -> None:
    text = "It is done as you said it. " * 20
    finding = Finding(0, 30, 40, "some-rule")
    result = whole(text, lambda seen: Judged((finding,)) if len(seen) == len(text) else Judged())
    assert result.withheld == WITHHELD_UNDECIDED
    assert text.startswith(result.text.removesuffix(WITHHELD_UNDECIDED))


def test_behind_a_finding_that_may_turn_up_late_nothing_is_released() -> None:
    once = len(BEFORE) + 28
    growing, _ = streamed([BEFORE * 3], lambda seen: Judged((), 30 if len(seen) == once else None))
    assert growing.over
    assert growing.released < len(BEFORE)


def test_a_finding_that_is_gone_at_the_next_checkpoint_ends_it() -> None:
    finding = Finding(0, 3, 9, "some-rule")
    growing, released = streamed(list(BEFORE * 3), lambda seen: Judged((finding,) if len(seen) <= len(BEFORE) else ()))
    assert growing.over
    assert "".join(released).startswith("I l[redacted:some-rule]")
    assert len("".join(released)) < len(BEFORE)


def test_late_findings_far_into_a_text_are_not_taken_back_either() -> None:
    text = BEFORE * (2 * MOST_HELD // len(BEFORE))
    finding = Finding(0, MOST_HELD + 500, MOST_HELD + 510, "some-rule")
    result = whole(text, lambda seen: Judged((finding,), finding.start) if len(seen) == len(text) else Judged())
    assert result.withheld == WITHHELD_UNDECIDED


@pytest.mark.parametrize(
    ("text", "late"),
    [
        (f"It is {VALUE} here.", False),
        ("token: gh" + "p_" + "Qw7Zr2Lk9Xv4Tn8Bm3Hs6Jd1Fp5Gc0YaKe5u", False),
        ("| user | password |\n|---|---|\n| anna | Qw7Zr2Lk9Xv4Tn8B |", True),
        ("-----BEGIN RSA " + "PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----", True),
        (b64encode(b"my key is gh" + b"p_Qw7Zr2Lk9Xv4Tn8Bm3Hs6Jd1Fp5Gc0YaKe5u").decode(), True),
    ],
)
def test_what_more_than_its_line_decides_is_late(scanner: TextScanner, text: str, late: bool) -> None:
    scan = scanner.with_known(KnownValues.build([("V", Secret(VALUE))], KEY)).scan(["other", text])
    assert scan.findings
    assert scan.late == (frozenset(scan.findings) if late else frozenset())


def test_a_finding_that_turns_up_late_and_was_held_is_redacted() -> None:
    text = BEFORE + AFTER
    finding = Finding(0, len(text) - 20, len(text) - 10, "some-rule")
    result = whole(text, lambda seen: Judged((finding,), finding.start) if len(seen) == len(text) else Judged())
    assert (result.withheld, "[redacted:some-rule]" in result.text) == ("", True)


def test_findings_that_touch_are_released_together() -> None:
    text = BEFORE * 2
    until = settled_until(text, ())
    touching = [Finding(0, until - 40, until - 20, "one"), Finding(0, until - 20, until, "two")]
    assert settled_until(text, touching) == until - 40
    assert settled_until(text, touching[:1]) == until
    assert settled_until(text, [Finding(0, until, until + 9, "three")]) == until


def test_a_group_is_not_cut_where_something_late_begins() -> None:
    text = BEFORE * 2
    assert settled_until(text, [Finding(0, 50, 90, "one"), Finding(0, 70, 80, "late")], 70) == 50


def test_the_place_gives_the_same_again(examine: Examine) -> None:
    text = f"{BEFORE}It is {VALUE[::-1]} there.\n{AFTER}"
    result = whole(text, examine)
    assert 0 < result.place < text.index(VALUE[::-1])
    assert settled_at(text, examine(text), examine, result.place) == result


def test_what_is_judged_of_a_scan() -> None:
    text = "one two\nthree four\n"
    plain, lines, late = Finding(1, 0, 3, "a"), Finding(1, 4, 10, "a"), Finding(1, 14, 18, "b")
    other = Finding(0, 0, 3, "c", form=Form.ENCODED)
    scan = Scan((other, plain, lines, late), (2,), frozenset((late,)))
    assert judged(text, scan, 1) == Judged((plain, lines, late), 4)
    assert judged(text, scan, 0).withheld == WITHHELD_ENCODED
    assert judged(text, scan, 2).withheld == WITHHELD_UNDECIDED
    assert judged(text, Scan((late,), (), frozenset((late,))), 1).late == 14
    assert judged(text, Scan((plain,)), 1).late is None
    assert "three" not in repr(judged(text, scan, 1))


def test_data_is_held_until_it_says_of_what_it_is(examine: Examine) -> None:
    """A manifest whose `kind` comes last, as programs write it: the values stand above what makes them secrets."""
    value = "a word-or-two of it that is as long as a line of a text may be"
    text = f"{BEFORE}apiVersion: v1\nstringData:\n" + f'  first: "{value}"\n' * 6 + f"kind: Secret\n{BEFORE}"
    _, released = streamed(list(text), examine)
    result = whole(text, examine)
    assert value not in "".join(released)
    assert (result.withheld, value in result.text) == ("", False)


def test_an_encoded_run_is_held_while_it_goes_on(examine: Examine) -> None:
    run = "\n".join(["dGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBsYXp5IGRvZyBhbmQg"] * 12)
    growing, _ = streamed([f"{BEFORE}{run}\n"], examine)
    assert growing.released <= len(BEFORE)


def test_little_is_held_of_ordinary_replies(examine: Examine) -> None:
    random = Random(5)
    held = sorted(
        count
        for text in (prose(random, 3_000), *replies(SORTS["Python"], random, 6_000))
        for count in held_back(text, (16,), examine)
    )
    assert held[len(held) // 2] < 400
    assert held[len(held) * 99 // 100] < 1_000
