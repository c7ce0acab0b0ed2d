"""One look at a text tells what the passes tell one by one, whatever was looked at before."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress_proxy.native import KERNEL
from egress_proxy.scan.cues import cue_lines, most_pieces
from egress_proxy.scan.derive.hints import _of_kernel
from egress_proxy.scan.derive.kinds import Hint
from egress_proxy.scan.derive.table import DECODERS
from egress_proxy.scan.look import Asking, Looking, Seen
from egress_proxy.scan.projection import projection
from egress_proxy.scan.quoted import QuotedStrings
from egress_proxy.scan.rules import plugin_rules
from egress_proxy.scan.token_search import TokenSearch
from tests.bench.corpora import SORTS, texts
from tests.scan.worst import WORST

if KERNEL is None:
    pytest.skip("no kernel was compiled", allow_module_level=True)
TOKENS = TokenSearch(KERNEL)
QUOTED = QuotedStrings(
    [(number, rule.quoted) for number, rule in enumerate(plugin_rules()) if rule.quoted], KERNEL, TOKENS
)
LOOKING = Looking(KERNEL, QUOTED, TOKENS)
FOR_VALUES = {decoder.kind for decoder in DECODERS if not decoder.rules}
PIECES = [
    *("key", "token: ", "pass", "secret", "\n", " ", '"', "'", "1", "é", "\u3000", "\x1c", "\ud800", "\U0001f511", "ſ"),
    *("a8Kd03mXw7Tn2Bv5Hs6Jd1F", "0123456789abcdef0123456789abcdef", "plain words of a sentence "),
]


def check(text: str) -> None:
    assert KERNEL is not None
    seen, apart = LOOKING.at(text), projection(text, None)
    assert bytes(seen.projected) == bytes(apart.projected)
    marked = bytes(projection(text, KERNEL).marked)
    assert bytes(seen.marked) == marked
    for lines, expected in zip(seen.lines(), cue_lines(apart.projected, KERNEL), strict=True):
        if len(expected.outs) == most_pieces(len(text)):
            continue  # then what stands between is copied too, and there is room for more in the space that is kept
        told = (bytes(lines.text), lines.outs, lines.starts) if lines else (b"", [], [])
        assert told == (bytes(expected.text), expected.outs, expected.starts)
    for found, all_ in ((seen.candidates(), QUOTED.candidates(marked)), (seen.tokens(), TOKENS.spans(marked))):
        assert len(all_) > 500 if found is None else found == all_
    LOOKING.done(seen)
    check_hints(text.split("\n"))


def check_hints(batch: list[str]) -> None:
    """The hints of a look at all of a batch are those of each text: of all kinds, and of those that rules need."""
    expected = {number: own for number, text in enumerate(batch) if (own := hints_of(text))}
    for rearranged in (True, False):
        seen = LOOKING.at("\n".join(batch), Asking(batch, rearranged, unmasked=False))
        found = seen.hints()
        wanted = {
            number: own
            for number, hints in expected.items()
            if (own := [hint for hint in hints if rearranged or hint[0] not in FOR_VALUES])
        }
        if found is not None:
            assert dict(found) == wanted
        else:
            assert sum(map(len, wanted.values())) > 2_000
        LOOKING.done(seen)


def hints_of(text: str) -> list[Hint]:
    assert KERNEL is not None
    return [hint for _, own in _of_kernel(KERNEL, [text], text) for hint in own]


def test_a_look_stops_at_a_placeholder_that_is_to_be_masked() -> None:
    for text in ("[redacted:x]", 'é [a [[withheld:"token": "0123456789abcdef0123456789abcdef"'):
        asking = Asking([text], rearranged=True, unmasked=True)
        seen = LOOKING.at(text, asking)
        assert seen.placeholder
        LOOKING.done(seen)
        for other in (LOOKING.at(text), LOOKING.at(text, asking._replace(unmasked=False))):
            assert not other.placeholder
            LOOKING.done(other)
    for text in ("[redacted", "[redacted]", "x[", "redacted:", "[Redacted:x]", ""):
        seen = LOOKING.at(text, Asking([text], rearranged=True, unmasked=True))
        assert not seen.placeholder
        LOOKING.done(seen)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=40).map("".join))
def test_a_look_tells_what_the_passes_tell(text: str) -> None:
    check(text)


def test_so_it_does_of_ordinary_and_of_the_worst_texts() -> None:
    dice = random.Random(23)
    shown = [text for sort in SORTS for text in texts(sort, 5_000, 4, seed=4)]
    shown += [(piece * (6_000 // len(piece) + 1))[: dice.randrange(6_000)] for piece in WORST.values()]
    shown += [text + "\x1c" for text in shown]
    dice.shuffle(shown)
    for text in shown:
        check(text)


@pytest.mark.parametrize("lengths", [(10, 100_000, 10), (2_000_000, 5)])
def test_there_is_room_for_longer_texts_and_not_kept_for_the_longest(lengths: tuple[int, ...]) -> None:
    assert KERNEL is not None
    looking = Looking(KERNEL, QUOTED, TOKENS)
    rooms = []
    for length in lengths:
        seen = looking.at("é" * length)
        assert len(seen.projected) == length
        rooms.append(seen.room)
        looking.done(seen)
    assert all(room >= length for room, length in zip(rooms, lengths, strict=True))
    assert all(before <= after or before > 1_048_576 for before, after in pairwise(rooms))


def test_more_than_there_is_room_for_is_not_told() -> None:
    seen = LOOKING.at('token: "0123456789abcdef0123456789abcdef"\n' * 1_500)
    assert seen.candidates() is None
    assert seen.tokens() is None
    LOOKING.done(seen)


def test_two_at_a_time_have_spaces_of_their_own() -> None:
    one, other = LOOKING.at("é one"), LOOKING.at("é two")
    assert isinstance(one, Seen)
    assert one is not other
    assert (bytes(one.projected), bytes(other.projected)) == (b"a one", b"a two")
    LOOKING.done(one)
    LOOKING.done(other)
