"""What is remembered of a tree of sessions, and what happens when it is more than can be."""

from __future__ import annotations

import base64
import gzip
import random
import string
import threading
import uuid
import zlib
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import pytest
from msgspec import Raw

from egress_proxy.model import Form, Scan, Secret
from egress_proxy.scan import KnownValues, Taint, build_scanner, extract
from egress_proxy.scan.pieces import KEPT, Pieces
from egress_proxy.scan.taint_names import NAMELESS, WORDLY
from egress_proxy.scan.tally import HeavyError
from egress_proxy.server import verdicts
from egress_proxy.server.apart import THREAD_BYTES
from egress_proxy.server.tree import _MOST_UNNOTED, MOST_MESSAGES, MOST_RANDOM, MOST_SURE, Log, Remembering, Tree
from egress_proxy.server.verdicts import Clean

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


@pytest.mark.parametrize(
    ("row", "count"),
    [
        ("K{n}_PASSWORD={v}", 4_500),
        ("K{n}_PASSWORD={v}", 9_000),
        ("{v}", 9_000),
        ("a-long-name-of-a-thing-{n}", 21_000),
    ],
    ids=["named", "more-than-fit", "random", "names"],
)
def test_nothing_that_stands_before_a_value_keeps_it_from_being_learnt(row: str, count: int) -> None:
    """A tool may show thousands of others first: then it is learnt, or nothing is said any more (decision 15)."""
    dice = random.Random(row)
    password, token = "hunter" + "2x", "".join(dice.choices(LETTERS, k=22))
    rows = [row.format(n=number, v="".join(dice.choices(LETTERS, k=16))) for number in range(count)]
    tree = Tree(KEY)
    tree.remember(extract(("\n".join([*rows, token, f"DB_PASSWORD={password}"]),), ("",)))
    assert tree.full or (found(tree, f"It is {password}.") == [password] and found(tree, f"It is {token}.") == [token])


def test_without_names_only_words_keep_their_mark() -> None:
    tree, (one, other) = Tree(KEY, names=False), values(2)
    tree.remember([*taints([one], sure=True, label="DB_PASSWORD"), *taints([other], sure=True, label=WORDLY)])
    assert set(tree.values.names) == {NAMELESS, WORDLY}


def test_a_part_is_fresh_until_it_is_met_and_again_when_it_has_changed() -> None:
    log = Log()
    assert log.fresh([Raw(b"a")]) == [b"a"]
    assert log.fresh([Raw(b"a")]) == [b"a"]
    log.met([b"a"])
    assert log.fresh([Raw(b"a"), Raw(b"b")]) == [b"b"]


def test_of_a_long_history_the_newest_messages_are_anchors() -> None:
    log, messages = Log(), [f"msg_{number}" for number in range(2 * MOST_MESSAGES)]
    log.anchor(messages)
    assert list(log.anchored) == messages[MOST_MESSAGES:]
    log.anchor([*messages[-3:], "msg_new"])
    assert list(log.anchored) == [*messages[MOST_MESSAGES + 1 :], "msg_new"]


def test_a_value_that_became_known_later_does_not_withhold_what_comes_after() -> None:
    """A piece that is a known value by itself by now says nothing of the texts that come later."""
    tree, (value,) = Tree(KEY), values(1)
    inner = build_scanner(KnownValues.none())
    texts = [f"It is {value[:13]}."]
    assert Remembering(inner, [tree]).scan_told(texts, frozenset(texts)).findings == ()
    tree.remember(taints([value[:13]], sure=True))
    later = ["And aB3xQ9zz."]
    assert Remembering(inner, [tree]).scan_told(later, frozenset(later)).findings == ()


# What was withheld for its pieces stays withheld. Whoever wants it asks for it again when enough else has been said, by
# the agent or by the client (titles and prompts are judged like all texts).


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few clean texts are known."""
    monkeypatch.setattr(verdicts, "CLEAN", 64)
    monkeypatch.setattr(verdicts, "MOST_PLACES", 4)
    monkeypatch.setattr(verdicts, "MOST_WITHHELD", 3)


INNER = build_scanner(KnownValues.none())
VALUE = values(1, "in pieces")[0][:16]
FIRST, SECOND = f"It begins with '{VALUE[:8]}'.", f"It ends with '{VALUE[8:]}'."


def crosses(tree: Tree, *texts: str) -> list[bool]:
    """Whether each of texts crosses, in one answer."""
    scan = Remembering(INNER, [tree]).scan_told(texts, frozenset(texts))
    return [number not in {finding.text for finding in scan.findings} for number in range(len(texts))]


def wash(tree: Tree, seed: str) -> None:
    """Say so much that no earlier piece is kept, and no earlier text is known to be clean."""
    crosses(tree, *(f"Then came '{one[:8]}'." for one in values(4 * KEPT, seed)))
    assert not any(one in VALUE for one in tree._pieces.kept)


def in_pieces() -> Tree:
    tree = Tree(KEY)
    tree.remember(taints([VALUE], sure=True))
    assert crosses(tree, FIRST) == [True]
    return tree


@pytest.mark.usefixtures("small")
def test_a_withheld_piece_stays_withheld_whatever_is_said_after_it() -> None:
    tree = in_pieces()
    assert crosses(tree, SECOND) == [False]
    wash(tree, "a")
    assert crosses(tree, SECOND) == [False]
    assert crosses(tree, f"Also: {SECOND}") == [True], "its pieces are not kept: the verdict was"


@pytest.mark.usefixtures("small")
def test_when_more_is_withheld_than_is_kept_nothing_with_a_piece_crosses_any_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tree = in_pieces()
    clean = [f"Some '{one[:8]}' is clean." for one in values(8, "clean")]
    assert all(crosses(tree, *clean))
    others = [f"{number}. {SECOND}" for number in range(verdicts.MOST_WITHHELD + 3)]
    assert not any(crosses(tree, *others))
    assert len(caplog.messages) == 1, "it is told once"
    assert crosses(tree, clean[-1], "A text without any piece.") == [True, True]
    assert crosses(tree, *(f"Some '{one[:8]}' is new." for one in values(8, "new"))) == [False] * 8
    tree._pieces = Pieces()  # whatever would be said to wash them out would not cross
    assert not any(crosses(tree, *others))
    growing = Remembering(INNER, [tree])
    assert growing.gives_away(others[-1], ())
    assert not growing.gives_away("A text without any piece.", ())


@pytest.mark.usefixtures("small")
def test_a_place_that_pieces_have_decided_is_not_forgotten() -> None:
    tree = in_pieces()
    tree.keep_place("decided by pieces", 7, pieces=True)
    tree.keep_place("decided otherwise", 8, pieces=False)
    for number in range(20):
        tree.keep_place(f"other {number}", number, pieces=False)
    assert (tree.place("decided by pieces"), tree.place("decided otherwise")) == (7, None)
    for number in range(verdicts.MOST_WITHHELD):
        tree.keep_place(f"more {number}", number, pieces=True)
    assert (tree.place("decided by pieces"), tree.place("more 2")) == (7, None)
    assert tree.withheld.wary


def test_what_one_tree_knows_to_be_clean_another_does_not() -> None:
    """Its pieces are not among those of the other."""
    clean = Clean()
    one, other = Tree(KEY, clean=clean), Tree(KEY, clean=clean)
    for tree in (one, other):
        tree.remember(taints([VALUE], sure=True))
    assert crosses(one, FIRST) == [True]
    assert crosses(other, FIRST, SECOND) == [True, False]


def test_a_tree_made_anew_knows_what_was_withheld() -> None:
    tree = in_pieces()
    assert crosses(tree, SECOND) == [False]
    anew = Tree(KEY, clean=tree._verdicts._clean, withheld=tree.withheld)
    assert crosses(anew, SECOND) == [False]
    assert VALUE not in repr(anew.withheld)


def test_what_is_said_does_not_wait_for_what_is_judged() -> None:
    """The event loop tells of it, and a long text is judged in a thread meanwhile."""
    tree, done, long = Tree(KEY), threading.Event(), "x" * (THREAD_BYTES + 1)

    def speak() -> None:
        tree.spoke(["So.", long])
        tree.told_by([("prt_1", "The first is `aB3`.")])
        done.set()

    busy = [tree.busy]
    with tree._judging:
        busy.append(tree.busy)
        threading.Thread(target=speak, daemon=True).start()
        assert done.wait(30)
    assert busy == [False, True]
    assert tree._unjudged == ["So.", long]
    assert repr(tree._told) == "Told(0)"
    judged(tree)
    tree.told_by([("prt_2", "The next is `xQz`.")])
    assert repr(tree._told) == "Told(2)"


def judged(tree: Tree) -> None:
    Remembering(build_scanner(KnownValues.none()), [tree]).scan_told(["So."], frozenset({"So."}))


@pytest.mark.parametrize("count", [1, 8])
def test_much_that_was_said_is_noted_by_who_judges_next_in_a_thread(count: int) -> None:
    """Each such text takes some milliseconds, and the event loop tells of hundreds at once."""
    tree = Tree(KEY)
    tree.told_by((f"prt_{number}", "The next is `aB3`.\n" + "x" * 10_000) for number in range(count))
    much = count > 1
    assert (tree.busy, repr(tree._told)) == (much, f"Told({0 if much else count})")
    judged(tree)
    assert (tree.busy, repr(tree._told)) == (False, f"Told({count})")


def test_texts_that_nobody_judges_are_noted_before_they_are_too_many() -> None:
    tree = Tree(KEY)
    for number in range(100):
        tree.told_by((f"prt_{number}_{part}", "x" * 8_000) for part in range(64))
    assert len(tree._unnoted) <= _MOST_UNNOTED + 64


def test_a_long_text_is_judged_once_however_often_it_is_said() -> None:
    tree, asked = Tree(KEY), []

    class Noting(Remembering):
        def scan(self, texts: Sequence[str], ids: AbstractSet[str] = frozenset()) -> Scan:
            asked.append([text[:4] for text in texts])
            return super().scan(texts, ids)

    scanner = Noting(build_scanner(KnownValues.none()), [tree])
    long = "long " * THREAD_BYTES
    for _ in range(2):
        tree.spoke([long])
        scanner.scan_told(["So."], frozenset({"So."}))
    assert asked.count(["long"]) == 1


# Each hides its piece in so much else that only its looks tell that it is one.
PROSE = "The tests pass, and what the `parser` does is written in `docs/parser.md`, as it should be. " * 5


def replies(data: str, size: int) -> list[str]:
    """What says some data in pieces."""
    return [f"{PROSE}Then came {data[at : at + size]} in the row. {PROSE}" for at in range(0, len(data), size)]


ENCODED = {
    "compressed, in hexadecimal digits": zlib.compress(VALUE.encode()).hex(),
    "compressed, in base64": base64.b64encode(gzip.compress(VALUE.encode(), mtime=0)).decode(),
    "in base64 of base64 of base64": base64.b64encode(base64.b64encode(base64.b64encode(VALUE.encode()))).decode(),
}


@pytest.mark.parametrize("how", ENCODED)
@pytest.mark.parametrize("count", [2, 3, 4])
def test_encoded_data_in_pieces_over_replies_is_decoded_as_one(how: str, count: int) -> None:
    data = ENCODED[how]
    said, other = (replies(one, -(-len(data) // count)) for one in (data, data[::-1].swapcase()))
    assert not all(crosses(in_pieces(), *said))
    assert all(crosses(in_pieces(), *other)), "the negative control"
    assert all(crosses(Tree(KEY), *said)), "likewise: nothing is watched for"


@pytest.mark.parametrize("data", ENCODED.values())
def test_encoded_data_in_pieces_of_one_text_is_decoded_as_one_whatever_stands_between(data: str) -> None:
    """Each in a paragraph of its own: no row of a table, no list, nothing that tells that they belong together."""
    text, other = ("\n\n".join(replies(one, 8)) for one in (data, data[::-1].swapcase()))
    assert crosses(in_pieces(), text) == [False]
    assert crosses(in_pieces(), other) == [True], "the negative control"
    assert Remembering(INNER, [in_pieces()]).gives_away(text, (), "prt_1")


def test_a_growing_text_does_not_complete_encoded_data_either() -> None:
    tree, (first, second) = in_pieces(), replies(ENCODED["compressed, in hexadecimal digits"], 26)[:2]
    growing = Remembering(INNER, [tree])
    assert not growing.gives_away(second, (), "prt_2")
    assert growing.gives_away(first, (), "prt_1")


def test_what_was_withheld_for_its_pieces_counts_as_said() -> None:
    """Else every second piece would cross."""
    tree, (value,) = Tree(KEY), values(1, "counts")
    value += values(1, "more")[0]
    tree.remember(taints([value], sure=True))
    assert crosses(tree, *replies(value, 10)) == [True, False, False, False]


def gives_away(value: str, text: str) -> bool:
    scanner = build_scanner(KnownValues.build([("V", Secret(value))], KEY))
    return bool(Remembering(scanner, [Tree(KEY)]).scan_told([text], frozenset([text])).findings)


def test_ids_that_have_a_few_digits_of_another_give_nothing_away() -> None:
    """Twelve characters of an id may have eight digits. Where each id of a text is put before and behind each other,
    some have these by accident."""
    value = str(uuid.UUID(int=random.Random(3).getrandbits(128), version=4))
    digits = value.replace("-", "")
    assert gives_away(value, f"It begins with {value[:18]} and goes on with {value[18:]}.")
    assert not gives_away(value, f"See 16eb801f0296417{digits[10:15]} before {digits[15:18]}02d7a8825c776f there.")


def test_a_tree_weighs_more_with_encoded_data() -> None:
    tree = Tree(KEY)
    assert tree.weight == 1
    crosses(
        tree,
        " and then ".join(base64.b64encode(bytes(random.Random(seed).randbytes(600))).decode() for seed in range(9)),
    )
    assert tree.weight > 16


def test_accidents_hide_no_value() -> None:
    """Short values of hex digits, found wherever pieces are put together, are no hits; who has tens of thousands of
    them said finds nothing decided behind them."""
    unit = "a1b2" + "c3d4e5"
    rows = [f"K{size}{at}_PASSWORD={(unit * 2)[at : at + size]}" for size in (8, 9, 10) for at in range(10)]
    dice = random.Random("accidents")

    def told(*pieces: str) -> str:
        return " ".join(f"Then we came upon something called `{piece}` which went on." for piece in pieces)

    def many(form: str) -> list[str]:
        return [form.format("".join(dice.choices("GHKNPRTWXYZ", k=4)) + "7") for _ in range(44)]

    tree = Tree(KEY)
    tree.remember(extract(("\n".join([*rows, f"MAIN_PASSWORD={VALUE}"]),), (".env",)))
    for text in (*(told(*many("{}" + (unit * 2)[3:10])) for _ in range(3)), told(VALUE[:8])):
        assert crosses(tree, text) == [True]
    assert crosses(tree, told(*many(unit[:7] + "{}"), VALUE[8:])) == [False]


def test_what_is_public_says_nothing_beside_it() -> None:
    """A value that a tool shows and that stands in the path of a project is not redacted there: so what overlaps with
    it is no less in another writing."""
    value, name = "p4ss" + "gru7y", "q7Zr" + "Lk92p"
    text = f"/srv/builds/{name}" + "".join(f"\\x{ord(char):02x}" for char in value[1:])
    for public in ((), (f"/srv/builds/{name}",)):
        tree = Tree(KEY, public=public)
        tree.remember(extract((f"A_PASSWORD={value}\nB_PASSWORD={name}\n",), (".env",)))
        scan = Remembering(INNER, [tree]).scan([text])
        assert [one.form for one in scan.findings] == [Form.ENCODED if public else Form.PLAIN]


def settings(seed: int) -> tuple[list[str], str]:
    """What `env` prints, in any order, and one of its values."""
    dice = random.Random(seed)
    first, second = ("tok_" + "".join(dice.choices(string.hexdigits[:16], k=32)) for _ in range(2))
    run = uuid.UUID(int=dice.getrandbits(128), version=4)
    rows = ["SHELL=/bin/bash", f"PROCESS_ID={dice.randint(1000, 99999)}", f"RUN_ID={run}", "AGENT=1", "LANG=C.UTF-8"]
    rows += ["SHLVL=0", f"SERVER_PASSWORD={first}", f"PROVIDER_HEADER={second}"]
    dice.shuffle(rows)
    return rows, first


def test_settings_in_a_row_are_redacted_where_they_stand() -> None:
    """Read as one, rows say what each of them says: who withholds that hides what an answer is about."""
    inner = build_scanner(KnownValues.none())
    for seed in range(40):
        rows, value = settings(seed)
        tree, text = Tree(KEY), "\n".join(rows)
        tree.remember(extract((text,), ("env",)))
        scan = Remembering(inner, [tree]).scan_told([text], frozenset([text]))
        assert {one.form for one in scan.findings} == {Form.PLAIN}, seed
        assert not scan.undecided
        for more in (value[::-1], f"{value[:18]} and\n{value[18:]}", base64.b64encode(value.encode()).decode()):
            said = "\n".join([*rows, f"OTHER={more}"])
            scan = Remembering(inner, [tree]).scan_told([said], frozenset([said]))
            assert Form.ENCODED in {one.form for one in scan.findings}, "what says it in another writing is none of it"


def test_what_was_said_is_still_to_be_judged_when_judging_it_is_broken_off() -> None:
    """It is begun anew in a thread."""
    tree, heavy = Tree(KEY), "".join(f'password="{number:04}aX"\n' for number in range(40))
    scanner = build_scanner(KnownValues.none())
    tree.spoke([heavy, "So it is."])
    with pytest.raises(HeavyError):
        Remembering(scanner.within(1_000), [tree]).scan_told(["It is done."], frozenset({"It is done."}))
    assert tree._unjudged == [heavy, "So it is."]
    Remembering(scanner, [tree]).scan_told(["It is done."], frozenset({"It is done."}))
    assert tree._unjudged == []
