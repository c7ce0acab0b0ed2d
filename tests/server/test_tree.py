"""What is remembered of a tree of sessions, and what happens when it is more than can be."""

from __future__ import annotations

import random
import string

from egress_proxy.model import Secret
from egress_proxy.scan import KnownValues, Taint, build_scanner
from egress_proxy.scan.taint_names import NAMELESS, WORDLY
from egress_proxy.server.tree import MOST_RANDOM, MOST_SURE, Log, Remembering, Tree

LETTERS = string.ascii_letters + string.digits
KEY = bytes(32)


def values(count: int, seed: str = "") -> list[str]:
    dice = random.Random(seed)
    return ["".join(dice.choices(LETTERS, k=20)) for _ in range(count)]


def taints(texts: list[str], *, sure: bool, label: str = NAMELESS) -> list[Taint]:
    return [Taint(label, Secret(text), sure) for text in texts]


def found(tree: Tree, text: str) -> list[str]:
    """What of a text is found, in order."""
    scan = Remembering(build_scanner(KnownValues.none()), [tree]).scan([text])
    return [text[one.start : one.end] for one in scan.findings if one.detector == "tainted-value"]


def test_a_value_is_remembered_once() -> None:
    tree, (value,) = Tree(KEY), values(1)
    for _ in range(3):
        tree.remember(taints([value], sure=True))
    assert len(tree.values) == 1
    assert found(tree, f"It is {value}.") == [value]
    assert value not in repr(tree)


def test_when_there_are_too_many_random_tokens_all_are_taken_for_tainted() -> None:
    tree = Tree(KEY)
    tree.remember(taints(values(MOST_RANDOM), sure=False))
    other = "Xq7" + values(1, "other")[0]
    assert found(tree, f"It is {other}.") == []
    tree.remember(taints([other], sure=False))
    assert (tree.guess, tree.full) == (True, False)
    assert found(tree, f"It is {other}.") == [other]


def test_random_tokens_leave_room_for_sure_values() -> None:
    """The local agent cannot fill the memory with noise and then read a password."""
    tree = Tree(KEY)
    for seed in "abc":
        tree.remember(taints(values(MOST_RANDOM, seed), sure=False))
    password = "hunter" + "2"
    tree.remember(taints([password], sure=True, label="DB_PASSWORD"))
    assert found(tree, f"It is {password}.") == [password]


def test_when_there_are_too_many_sure_values_the_tree_is_closed() -> None:
    tree = Tree(KEY)
    tree.remember(taints(values(MOST_SURE + MOST_RANDOM + 1), sure=True))
    assert tree.full


def test_without_names_only_words_keep_their_mark() -> None:
    tree, (one, other) = Tree(KEY, names=False), values(2)
    tree.remember([*taints([one], sure=True, label="DB_PASSWORD"), *taints([other], sure=True, label=WORDLY)])
    assert set(tree.values.names) == {NAMELESS, WORDLY}


def test_a_part_is_fresh_until_it_is_met_and_again_when_it_has_changed() -> None:
    log = Log()
    assert log.fresh(b"a")
    assert log.fresh(b"a")
    log.met([b"a"])
    assert [log.fresh(part) for part in (b"a", b"b")] == [False, True]


def test_a_value_that_became_known_later_does_not_withhold_what_comes_after() -> None:
    """A piece that is a known value by itself by now says nothing of the texts that come later."""
    tree, (value,) = Tree(KEY), values(1)
    inner = build_scanner(KnownValues.none())
    texts = [f"It is {value[:13]}."]
    assert Remembering(inner, [tree]).scan_told(texts, frozenset(texts)).findings == ()
    tree.remember(taints([value[:13]], sure=True))
    later = ["And aB3xQ9zz."]
    assert Remembering(inner, [tree]).scan_told(later, frozenset(later)).findings == ()
