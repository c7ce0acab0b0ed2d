"""A text of a message that must be withheld gives what a stream of it may have released, and then the reason."""

from __future__ import annotations

import random
import string
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec
import pytest

from egress_proxy.model import Finding, Projected, Scan, Scanner, Secret, Verdict
from egress_proxy.reasons import Reason
from egress_proxy.scan import GrowingText, KnownValues, Taint, TextScanner, build_scanner, judge
from egress_proxy.scan.redaction import WITHHELD_ENCODED, WITHHELD_UNDECIDED
from egress_proxy.scan.rule import Rule, Span
from egress_proxy.scan.taint_names import NAMELESS
from egress_proxy.scan.tally import A_TOKEN, Tally
from egress_proxy.server import prefixes
from egress_proxy.server.examination import examine
from egress_proxy.server.prefixes import MOST_AGAIN, examiner
from egress_proxy.server.tree import Remembering, Tree

KEY = bytes(range(32))
BEFORE = "I looked at it as you said.\n" + "It is a small thing with many parts, all of them old.\n" * 6
AFTER = "That is all of it.\nNothing else was changed by me.\n"
LETTERS = string.ascii_letters + string.digits
VALUE, TAINTED, OTHER = ("".join(random.Random(seed).choices(LETTERS, k=20)) for seed in range(3))
PARAGRAPH = "It is a small thing with many parts, all of them old. " * 12
ENCODED = f"{BEFORE}It is {VALUE[::-1]}.\n{AFTER}"


@pytest.fixture(scope="module")
def inner() -> TextScanner:
    return build_scanner(KnownValues.build([("VALUE", Secret(VALUE))], KEY))


@pytest.fixture
def tree() -> Tree:
    made = Tree(KEY)
    made.remember([Taint(NAMELESS, Secret(value), sure=True) for value in (TAINTED, OTHER)])
    return made


def part(text: str) -> dict[str, Any]:
    return {"id": "prt_1", "type": "text", "text": text}


def text_of(value: Any, scanner: Scanner, key: str = "text") -> str:
    found = msgspec.json.decode(examine(Projected(value), scanner, judge).body)[key]
    assert isinstance(found, str)
    return found


def stream(text: str, scanner: Scanner) -> GrowingText:
    growing = GrowingText(examiner(scanner))
    for line in text.splitlines(keepends=True):
        growing.add(line)
        growing.look()
    return growing


def test_the_beginning_stays_and_the_rest_is_withheld(inner: TextScanner) -> None:
    examined = examine(Projected(part(ENCODED)), inner, judge)
    text = msgspec.json.decode(examined.body)["text"]
    assert text.endswith(WITHHELD_ENCODED)
    assert BEFORE.startswith(text.removesuffix(WITHHELD_ENCODED))
    assert len(text) > 100
    assert examined.judgement.verdict is Verdict.WITHHELD
    assert Reason.KNOWN_VALUE_ENCODED in examined.judgement.reasons


def test_a_stream_has_released_the_same(inner: TextScanner, tree: Tree) -> None:
    for scanner in (inner, Remembering(inner, [tree])):
        assert text_of(part(ENCODED), scanner) == stream(ENCODED, scanner).given + WITHHELD_ENCODED


def test_of_a_short_line_nothing_stays(inner: TextScanner) -> None:
    assert text_of(part(f"It is done. So: {VALUE[::-1]}"), inner) == WITHHELD_ENCODED


def test_of_a_line_of_sentences_stays_what_a_stream_has_released(inner: TextScanner, tree: Tree) -> None:
    """A paragraph is one line, and is streamed sentence by sentence."""
    for scanner in (inner, Remembering(inner, [tree])):
        for end in (f"So it is {VALUE[::-1]}.", f"It is {TAINTED[:10]}. And {TAINTED[10:]}.", f"It is {VALUE}."):
            text = f"{PARAGRAPH}{end}"
            growing = GrowingText(examiner(scanner))
            for at in range(0, len(text), 7):
                growing.add(text[at : at + 7])
                growing.look()
            assert len(growing.given) > len(PARAGRAPH) / 2
            assert growing.finish(text_of(part(text), scanner)) is not None


def test_only_texts_of_messages_keep_their_beginning(inner: TextScanner) -> None:
    """Nobody streams a title or a diff, so there is nothing that was released of it."""
    assert text_of({"title": ENCODED}, inner, "title") == WITHHELD_ENCODED
    assert text_of({"parts": part(BEFORE), "patch": ENCODED}, inner, "patch") == WITHHELD_ENCODED


def test_a_text_without_an_encoded_value_is_redacted_whole(inner: TextScanner) -> None:
    assert text_of(part(f"{BEFORE}It is {VALUE}.\n{AFTER}"), inner) == f"{BEFORE}It is [redacted:KNOWN:VALUE].\n{AFTER}"


def halves() -> tuple[str, str]:
    """Two texts: each says half a value, and the second much before and after it."""
    return f"The first part of it is '{TAINTED[:10]}'.", f"{BEFORE}And then '{TAINTED[10:]}'.\n{BEFORE}{AFTER}"


def test_of_what_gives_a_value_away_with_earlier_texts_the_beginning_stays(inner: TextScanner, tree: Tree) -> None:
    scanner = Remembering(inner, [tree])
    first, second = halves()
    assert text_of(part(first), scanner) == first
    growing = stream(second, scanner)
    assert BEFORE.startswith(growing.given)
    assert TAINTED[10:14] not in growing.given
    assert text_of(part(second), scanner) == growing.given + WITHHELD_ENCODED
    assert growing.finish(text_of(part(second), scanner)) == WITHHELD_ENCODED


def test_what_later_texts_say_does_not_change_where_it_was_withheld(inner: TextScanner, tree: Tree) -> None:
    scanner = Remembering(inner, [tree])
    first, second = halves()
    text_of(part(first), scanner)
    once = text_of(part(second), scanner)
    assert len(once) > 100
    # This one joins a piece that stands in the beginning of the second.
    told = second.replace("a small thing", f"a '{OTHER[:10]}' thing", 1)
    seen = text_of(part(told), Remembering(inner, [tree]))
    text_of(part(f"The rest of another is '{OTHER[10:]}'."), scanner)
    assert text_of(part(second), Remembering(inner, [tree])) == once
    assert text_of(part(told), Remembering(inner, [tree])) == seen


def test_a_beginning_is_not_remembered(inner: TextScanner, tree: Tree) -> None:
    scanner = Remembering(inner, [tree])
    first, second = halves()
    before = tree._pieces
    stream(f"{BEFORE}{first}\n", scanner)
    assert tree._pieces == before
    assert text_of(part(second), scanner) == second


class Late:
    """A scanner that finds something in whole texts only, and counts what it reads."""

    def __init__(self, whole: str, scan: Scan) -> None:
        self.read = 0
        self._whole = whole
        self._scan = scan

    def scan(self, texts: Sequence[str], ids: AbstractSet[str] = frozenset()) -> Scan:
        self.read += sum(map(len, texts))
        for number, text in enumerate(texts):
            if text == self._whole:
                found = (
                    Finding(number, one.start, one.end, one.detector, one.name, one.form) for one in self._scan.findings
                )
                own = tuple(found)
                return Scan(own, (number,) if self._scan.undecided else (), frozenset(own))
        return Scan()


def test_what_turns_up_too_late_to_be_redacted_leaves_the_rest_undecided() -> None:
    text = BEFORE * 3
    scanner = Late(text, Scan((Finding(0, 30, 40, "some-rule"),)))
    examined = examine(Projected(part(text)), scanner, judge)
    result = msgspec.json.decode(examined.body)["text"]
    assert result == stream(text + "more", scanner).given + WITHHELD_UNDECIDED
    assert (examined.judgement.verdict, examined.judgement.reasons) == (
        Verdict.WITHHELD,
        (Reason.DETECTOR, Reason.UNDECIDED),
    )


def test_an_undecided_text_keeps_its_beginning() -> None:
    text = BEFORE * 3
    scanner = Late(text, Scan((), (0,)))
    assert text_of(part(text), scanner) == stream(text + "more", scanner).given + WITHHELD_UNDECIDED


def test_of_lines_of_values_no_more_is_looked_at_again_than_of_others(
    inner: TextScanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text that is withheld is looked at again at each checkpoint up to there: of one that takes some ms, not at
    all of them."""
    judged_tokens, judge_token = list[int](), Tally.judge

    def count(tally: Tally, rule: Rule, line: str, span: Span, text: int, base: int) -> None:
        judged_tokens.append(text)
        judge_token(tally, rule, line, span, text, base)

    monkeypatch.setattr(Tally, "judge", count)
    letters = random.Random(5)
    values = ["".join(letters.choices(LETTERS, k=20)) for _ in range(100)]
    tree = Tree(KEY)
    tree.remember([Taint(NAMELESS, Secret(value), sure=True) for value in values])
    text = "".join(f"{value}\n" for value in (*values * 3, values[0][:12]))
    assert text_of(part(text), Remembering(inner, [tree])).endswith(WITHHELD_ENCODED)
    assert len(judged_tokens) * A_TOKEN < MOST_AGAIN


def test_what_is_put_together_with_earlier_texts_is_counted(inner: TextScanner, tree: Tree) -> None:
    text = f"{BEFORE}And then '{OTHER[10:]}'.\n"
    alone = examiner(Remembering(inner, [tree]))(text).work
    spoken = " ".join(f"'{OTHER[10:14]}x{number}Q'" for number in range(40))
    text_of(part(spoken), Remembering(inner, [tree]))
    assert examiner(Remembering(inner, [tree]))(text).work > alone + 500


def test_what_would_take_too_long_is_withheld_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefixes, "MOST_AGAIN", 250)
    text = BEFORE * 3
    for scan, withheld in (
        (Scan((), (0,)), WITHHELD_UNDECIDED),
        (Scan((Finding(0, 30, 40, "a"),)), WITHHELD_UNDECIDED),
    ):
        scanner = Late(text, scan)
        assert text_of(part(text), scanner) == withheld
        assert scanner.read < 3_000 + len(text)
