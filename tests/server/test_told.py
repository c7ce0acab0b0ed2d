"""A value that a session gives away a few characters at a time: in reply after reply, or in the entries of a list."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from egress_proxy.model import Projected, Scanner, Secret
from egress_proxy.scan import KnownValues, Taint, TextScanner, build_scanner, judge
from egress_proxy.server.examination import examine
from egress_proxy.server.tree import Remembering, Tree
from egress_proxy.server.verdicts import MOST_WITHHELD
from tests.server.growth import LINE, begun, ended, pieces, said
from tests.server.growth import told as told_by
from tests.server.rig import HISTORY, SESSION, frame, rig
from tests.server.test_taints import ASKED, bash, body, message, prompt, say, told

VALUE = "".join(random.Random("told").choices(string.ascii_letters + string.digits, k=24))
REPEATED = "a1b2a1c3" + "d4a1b2e5" + "f6a1g7h8"
MOST = 11  # characters in a row of a random value that may cross
MASK = "\0"


def _scanner(value: str, *, known: bool) -> TextScanner:
    return build_scanner(
        KnownValues.build([("DB_PASSWORD", Secret(value))], bytes(32)) if known else KnownValues.none()
    )


def _tree(value: str, *, known: bool) -> Tree:
    tree = Tree(bytes(range(32)))
    if not known:
        tree.remember((Taint("API_KEY", Secret(value), sure=True),))
    return tree


def _part(number: int) -> str:
    return f"prt_{number:026}"


def _crossed(tree: Tree, inner: TextScanner, numbers: Sequence[int], texts: Sequence[str]) -> list[str | None]:
    """What is released of texts that are told one by one; None of those that are withheld."""
    released: list[str | None] = []
    for number, text in zip(numbers, texts, strict=True):
        tree.told_by([(_part(number), text)])
        given = examine(Projected({"parts": [{"text": text}]}), Remembering(inner, (tree,)), judge).body
        same = json.loads(given)["parts"][0]["text"] == text
        released.append(text if same else None)
    return released


def _longest(released: Sequence[str | None]) -> int:
    return max(map(len, "".join(MASK if one is None else one for one in released).split(MASK)))


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("value", [VALUE, REPEATED])
def test_one_character_after_the_other_crosses_no_further_than_eleven(value: str, *, known: bool) -> None:
    inner, tree = _scanner(value, known=known), _tree(value, known=known)
    released = _crossed(tree, inner, range(len(value)), value)
    assert _longest(released) <= MOST
    assert released[MOST:] == [None] * (len(value) - MOST)
    # What comes after it, and has nothing of it, crosses as before.
    later = ["Done.", "All tests pass.", "It is in `parser.py`.", "42", "ok"]
    assert _crossed(tree, inner, range(100, 105), later) == later


@pytest.mark.parametrize("known", [True, False])
def test_colours_put_nothing_between_the_characters(*, known: bool) -> None:
    inner, tree = _scanner(VALUE, known=known), _tree(VALUE, known=known)
    painted = [f"\x1b[3{number % 8}m{char}\x1b[0m" for number, char in enumerate(VALUE)]
    released = _crossed(tree, inner, range(len(VALUE)), painted)
    assert released[MOST:] == [None] * (len(VALUE) - MOST)


@pytest.mark.parametrize(
    "frame", ["See https://e.example/{} for it.", "It is in src/{}/index.ts now.", "Run acme-{}-x."]
)
def test_pieces_of_addresses_and_paths_are_put_together(frame: str) -> None:
    inner, tree = _scanner(VALUE, known=True), _tree(VALUE, known=True)
    pieces = [VALUE[:8], VALUE[8:16], VALUE[16:]]
    released = _crossed(tree, inner, range(3), [frame.format(piece) for piece in pieces])
    assert released[1:] == [None, None]


def test_without_a_value_that_is_watched_for_all_cross() -> None:
    """The negative control."""
    tree = Tree(bytes(32))
    assert _crossed(tree, _scanner("another-Va1ue-of-24-signs", known=True), range(24), VALUE) == list(VALUE)


def test_a_history_that_is_read_from_its_end_is_judged_in_its_order() -> None:
    inner, tree = _scanner(VALUE, known=True), _tree(VALUE, known=True)
    tree.told_by([(_part(number), char) for number, char in reversed(list(enumerate(VALUE)))])
    assert _longest(_crossed(tree, inner, range(len(VALUE)), VALUE)) <= MOST


@pytest.mark.parametrize("known", [True, False])
def test_one_part_that_says_one_thing_after_the_other_is_as_many(*, known: bool) -> None:
    inner, tree = _scanner(REPEATED, known=known), _tree(REPEATED, known=known)
    assert _longest(_crossed(tree, inner, [5] * len(REPEATED), REPEATED)) <= MOST


def test_what_is_told_again_is_no_more_of_the_value() -> None:
    """A client that reads each message again and again puts nothing between the characters."""
    inner, tree = _scanner(VALUE, known=True), _tree(VALUE, known=True)
    for _ in range(3):
        released = _crossed(tree, inner, range(len(VALUE)), VALUE)
        assert _longest(released) <= MOST


def test_the_beginning_of_a_text_goes_on_where_others_ended() -> None:
    inner, tree = _scanner(VALUE, known=True), _tree(VALUE, known=True)
    _crossed(tree, inner, range(3), [VALUE[at : at + 3] for at in (0, 3, 6)])
    growing = Remembering(inner, (tree,))
    assert growing.gives_away(VALUE[9:12], ())
    assert not growing.gives_away("Nothing of it", ())


def test_a_tree_with_too_many_verdicts_withholds_what_looks_like_a_piece() -> None:
    inner, tree = _scanner(VALUE, known=True), _tree(VALUE, known=True)
    for number in range(MOST_WITHHELD + 1):
        tree.keep_place(f"text {number}", 0, pieces=True)
    assert _crossed(tree, inner, range(3), ["`x`", "y", "A text without any piece."]) == [
        None,
        None,
        "A text without any piece.",
    ]


LISTS: dict[str, Callable[[list[str]], object]] = {
    "todos": lambda chars: {"properties": {"todos": [{"content": char, "status": "pending"} for char in chars]}},
    "options": lambda chars: [{"questions": [{"options": [{"label": char} for char in chars]}]}],
    "questions": lambda chars: [{"questions": [{"question": f"Is `{char}` right?"}]} for char in chars],
    "patterns": lambda chars: [{"id": "per_1", "patterns": list(chars)}],
    "files": lambda chars: [{"file": f"src/part/{number}", "additions": 1} for number in chars],
    "names": lambda chars: [f"{char}" for char in chars],
    "names with numbers": lambda chars: [f"src/part-{number:02}-{char}.txt" for number, char in enumerate(chars)],
    "names among many": lambda chars: [
        *(f"src/module_{number}/index.ts" for number in range(600)),
        *(f"src/notes/of-part-{char}.txt" for char in chars),
    ],
    "servers": lambda chars: {char: {"status": "connected"} for char in chars},
    "titles": lambda chars: [{"id": "ses_1", "title": f"Task: {char}"} for char in chars],
}


@pytest.mark.parametrize("place", LISTS)
def test_the_entries_of_an_answer_are_put_together(place: str) -> None:
    pieces = [VALUE[at : at + 2] for at in range(0, len(VALUE), 2)]
    value = LISTS[place](pieces)
    scanners: tuple[Scanner, ...] = (
        _scanner(VALUE, known=True),
        Remembering(_scanner(VALUE, known=True), (_tree(VALUE, known=True),)),
        Remembering(_scanner(VALUE, known=False), (_tree(VALUE, known=False),)),
    )
    for scanner in scanners:
        released = examine(Projected(value), scanner, judge)
        assert not any(json.dumps(piece)[1:-1] in released.body.decode() for piece in pieces if len(set(piece)) > 1)
        assert released.judgement.verdict == "withheld"
    control = examine(Projected(value), _scanner("another-Va1ue-of-24-signs", known=True), judge)
    assert json.loads(control.body) == value


@pytest.mark.parametrize("known", [True, False])
def test_beside_entries_with_more_values_than_are_told_apart_no_piece_crosses(*, known: bool) -> None:
    """One text has at most 8,192 findings: what is said beside as many of another value is not decided."""
    other = "q7Zr2Lk9"
    pieces = [VALUE[at : at + 3] for at in range(0, len(VALUE), 3)]
    value = [{"content": text} for text in [other] * 8_200 + pieces]
    inner = build_scanner(KnownValues.build([("DB_PASSWORD", Secret(VALUE)), ("OTHER", Secret(other))], bytes(32)))
    scanner = inner if known else Remembering(inner, (_tree(VALUE, known=True),))
    released = json.loads(examine(Projected(value), scanner, judge).body)
    assert not set(pieces) & {one["content"] for one in released}


def test_ordinary_lists_are_not_put_together() -> None:
    value = [
        {"content": text} for text in ("Read the code", "Fix `parser.py`", "Run 12 tests", "Tell: done", VALUE[:6])
    ]
    assert json.loads(examine(Projected(value), _scanner(VALUE, known=True), judge).body) == value


async def test_replies_of_one_character_end_before_the_value_does(tmp_path: Path) -> None:
    """Through all of the proxy: prompts and their replies, then the history, then another proxy that knows nothing."""
    shown = message(2, bash(f"DB_PASSWORD={VALUE}\n"))
    replies = [say(number, char) for number, char in enumerate(VALUE, 10)]
    for again in ("one", "two"):
        (tmp_path / again).mkdir()
        async with rig(tmp_path / again) as proxy:
            released = []
            for number, reply in enumerate(replies if again == "one" else ()):
                released += told((await prompt(proxy, reply, ASKED, shown, *replies[:number]))[1])
            proxy.upstream.answers[HISTORY] = body([ASKED, shown, *replies])
            _, history, _ = await proxy.ask("GET", f"/session/{SESSION}/message")
            for texts in filter(None, (released, told(history)[1:])):
                crossed = [text if text in VALUE else None for text in texts]
                assert _longest(crossed) <= MOST
                assert crossed[MOST:] == [None] * (len(VALUE) - MOST)


async def test_events_of_one_character_each_end_there_too(tmp_path: Path) -> None:
    shown = message(2, bash(f"DB_PASSWORD={VALUE}\n"))
    parts = shown["parts"] + [say(number, f"`{char}`")["parts"][0] for number, char in enumerate(VALUE, 10)]
    async with rig(tmp_path) as proxy:
        frames = [frame("message.part.updated", sessionID=SESSION, part=part, time=1) for part in parts]
        heard = await proxy.hear(*frames)
    texts = [line for line in heard.decode().splitlines() if '"text":"`' in line]
    assert len(texts) == MOST


async def test_texts_that_are_written_live_end_there_too(tmp_path: Path) -> None:
    """Each begins with a line that could leave before the rest is there."""
    prose = LINE * 3
    chars = [VALUE[at : at + 2] for at in range(0, len(VALUE), 2)]
    texts = [f"`{char}`\n{prose}" for char in chars]
    frames = [frame("message.part.updated", sessionID=SESSION, part=message(2, bash(f"X_TOKEN={VALUE}\n"))["parts"][0])]
    for number, text in enumerate(texts):
        of, part = f"msg_000000000000Reply{number:09}", f"prt_000000000000Text{number:010}"
        frames += [
            said(of),
            begun(part, of),
            *pieces(text, part=part, message=of),
            ended(text, part, of),
            said(of, completed=2),
        ]
    async with rig(tmp_path) as proxy:
        heard = (await proxy.hear(*frames)).decode()
    events = [json.loads(line[6:]) for line in heard.splitlines() if line.startswith("data: ")]
    for number, char in enumerate(chars):
        live, end = told_by(events, f"prt_000000000000Text{number:010}")
        assert end.startswith(live)
        assert (f"`{char}`" in end) == (number < MOST // 2)
