"""Whatever is done to a ledger is found and told of, by two verifiers that share nothing but the page of the format."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress_proxy.audit import Terms, reading
from egress_proxy.audit.chain import Writing
from egress_proxy.audit.ed25519 import Signer
from egress_proxy.audit.entries import hash_of
from egress_proxy.audit.verify import MOST_FAULTS, TOLD, Fault, Verdict, Verifier, head_of
from egress_proxy.errors import EgressError, StartError
from tests.audit.forging import LEDGER, OTHER, OWN, TIME, canonical, chained, changed, grown, head, ledger
from tests.audit.kit import record, tampered, verdict
from tests.kit.ledger import lines
from tests.kit.stores import Ledger

both = pytest.mark.usefixtures("each_store")

ROOT: Final = Path(__file__).parents[2]
VECTOR_CASES: Final = (
    "whole, with heads", "a record changed", "a link changed", "records dropped", "a record twice", "records swapped",
    "the tail cut off", "changed and chained anew", "signed anew with another key", "signed anew with the key",
    "the beginning dropped, as told", "a new key", "a key twice",
)  # fmt: skip
VECTORS: Final = Path(__file__).parent / "vectors"
WHOLE: Final = ledger()
LAST: Final = len(WHOLE)
HEAD: Final = head(WHOLE)
NODE: Final = shutil.which("node")


class Case(NamedTuple):
    """Lines, what is found in them, and with which heads and keys. A finding is `(first, last, fault)`."""

    lines: list[str]
    found: list[tuple[int, int, str]]
    heads: Sequence[str] = ()
    keys: Sequence[str] = (OWN.public,)


def at(number: int, line: str) -> list[str]:
    """The whole ledger with another line in the place of an entry."""
    return [*WHOLE[: number - 1], line, *WHOLE[number:]]


def without(*numbers: int) -> list[str]:
    return [line for number, line in enumerate(WHOLE, 1) if number not in numbers]


def retained(until: int, digest: str = "") -> list[str]:
    told = digest or json.loads(WHOLE[until])["prev"]
    return grown(WHOLE, lambda writing: writing.retention(until, told, TIME))


def rekeyed() -> list[str]:
    old = grown(WHOLE, lambda writing: writing.key_change(OTHER.public, TIME))
    return grown(old, lambda writing: writing.checkpoint("interval", TIME), OTHER)


def negative(digits: int) -> Callable[[Writing], None]:
    return lambda writing: writing.record(record(99, status=1 - 10**digits))


def deep(levels: int) -> str:
    """A next line, of so many objects and lists in one another."""
    nested: list[object] = []
    for _ in range(levels - 2):
        nested = [nested]
    more = json.loads(grown(WHOLE, lambda writing: writing.record(record(99)))[-1])
    return canonical({**more, "deep": nested})


def forgotten() -> list[str]:
    """A rotation after a past that was never there, and the retention of all before it."""
    rotated = grown(["x"] * LAST, lambda writing: writing.checkpoint("rotation", TIME))
    digest = hash_of(rotated[-1])
    return grown(rotated, lambda writing: writing.retention(LAST + 1, digest, TIME))[LAST:]


FORGED: Final = chained(at(4, changed(WHOLE[3], verdict="clean")))
"""Somebody without the key changed an entry and computed the chain anew."""
RESIGNED: Final = chained(at(4, changed(WHOLE[3], verdict="clean")), OTHER)
STOLEN: Final = chained(at(4, changed(WHOLE[3], verdict="clean")), OWN)
STOLEN_PAST: Final = forgotten()
ROTATION: Final = next(n for n, line in enumerate(WHOLE, 1) if '"rotation"' in line)
FIRST_CHECKPOINT: Final = next(n for n, line in enumerate(WHOLE, 1) if '"checkpoint"' in line)
BARE: Final = [line for line in WHOLE if '"record"' in line]
OPEN: Final = grown(WHOLE, lambda writing: writing.record(record(99)))

CASES: Final[dict[str, Case]] = {
    "whole": Case(WHOLE, []),
    "whole, with heads": Case(WHOLE, [], [HEAD, head(WHOLE, 3)]),
    "not closed": Case(OPEN, []),
    "empty": Case([], [(0, 0, "empty")]),
    "empty, with a head": Case([], [(0, 0, "empty")], [HEAD]),
    "a record changed": Case(at(4, changed(WHOLE[3], verdict="clean")), [(4, 4, "changed")]),
    "two records changed": Case(
        [changed(line, client="x") if n in {3, 9} else line for n, line in enumerate(WHOLE, 1)],
        [(3, 3, "changed"), (9, 9, "changed")],
    ),
    "neighbours changed": Case(
        [changed(line, client="x") if n in {3, 4} else line for n, line in enumerate(WHOLE, 1)], [(3, 4, "changed")]
    ),
    "a link changed": Case(at(4, changed(WHOLE[3], prev="0" * 64)), [(3, 4, "changed")]),
    "the last link changed": Case(
        at(LAST, changed(WHOLE[-1], prev="0" * 64)), [(LAST - 1, LAST, "changed"), (LAST, LAST, "bad-signature")]
    ),
    "a checkpoint changed": Case(
        at(FIRST_CHECKPOINT, changed(WHOLE[FIRST_CHECKPOINT - 1], cause="close")),
        [(2, FIRST_CHECKPOINT, "bad-signature"), (FIRST_CHECKPOINT, FIRST_CHECKPOINT, "changed")],
    ),
    "the genesis changed": Case(at(1, changed(WHOLE[0], time="x")), [(1, 1, "bad-signature"), (1, 1, "changed")]),
    "a record dropped": Case(without(4), [(4, 4, "missing")]),
    "records dropped": Case(without(4, 5, 8), [(4, 5, "missing"), (8, 8, "missing")]),
    "the genesis dropped": Case(without(1), [(1, 1, "missing")]),
    "the beginning dropped, up to a rotation": Case(WHOLE[ROTATION - 1 :], [(1, ROTATION - 1, "missing")]),
    "the beginning dropped, as told": Case(retained(ROTATION)[ROTATION - 1 :], []),
    "the beginning dropped in part, as told": Case(retained(ROTATION)[4:], []),
    "more dropped than told": Case(retained(ROTATION)[ROTATION + 2 :], [(ROTATION, ROTATION + 2, "missing")]),
    "retention of something else": Case(retained(ROTATION, "1" * 64), [(ROTATION, ROTATION, "rewritten")]),
    "retention that nobody signed": Case(
        grown(WHOLE, lambda w: w.retention(ROTATION, "1" * 64, TIME), OTHER)[ROTATION - 1 :],
        [(1, ROTATION - 1, "missing"), (LAST + 1, LAST + 1, "untrusted-key")],
    ),
    "a record twice": Case([*WHOLE[:4], WHOLE[3], *WHOLE[4:]], [(4, 4, "inserted")]),
    "a record of another ledger inserted": Case(
        [*WHOLE[:4], changed(BARE[7], seq=4), *WHOLE[4:]], [(4, 4, "inserted")]
    ),
    "a record inserted before its like": Case(
        [*WHOLE[:3], changed(WHOLE[3], client="x"), *WHOLE[3:]], [(4, 4, "changed"), (4, 4, "inserted")]
    ),
    "a record inserted, all numbered and chained anew": Case(
        chained([*WHOLE[:3], WHOLE[3], *WHOLE[3:]]),
        [(2, n + 1, "bad-signature") for n, line in enumerate(WHOLE, 1) if '"checkpoint"' in line],
    ),
    "records swapped": Case([*WHOLE[:3], WHOLE[4], WHOLE[3], *WHOLE[5:]], [(4, 4, "reordered")]),
    "a record moved to the end": Case([*without(4), WHOLE[3]], [(4, 4, "reordered")]),
    "the tail cut off, no head": Case(WHOLE[:FIRST_CHECKPOINT], []),
    "the tail cut off": Case(WHOLE[:FIRST_CHECKPOINT], [(FIRST_CHECKPOINT + 1, LAST, "truncated")], [HEAD]),
    "changed and chained anew": Case(
        FORGED, [(2, n, "bad-signature") for n, line in enumerate(WHOLE, 1) if '"checkpoint"' in line]
    ),
    "signed anew with another key": Case(
        RESIGNED,
        sorted([*((n, n, "untrusted-key") for n, line in enumerate(WHOLE, 1) if '"record"' not in line),
                (1, LAST, "unsigned")]),
    ),
    "signed anew with the key, no head": Case(STOLEN, []),
    "signed anew with the key": Case(STOLEN, [(LAST, LAST, "rewritten")], [HEAD]),
    "signed anew with the key, a head from before": Case(STOLEN, [], [head(WHOLE, 3)]),
    "another ledger with the key": Case(
        ledger(name="f" * 32), [(1, LAST, "other-ledger")], [HEAD]
    ),
    "a checkpoint of another ledger": Case(
        chained(at(LAST, changed(WHOLE[-1], ledger="f" * 32)), OWN), [(LAST, LAST, "other-ledger")]
    ),
    "a head with a key that is not trusted": Case(WHOLE, [(LAST, LAST, "untrusted-key")], [head(WHOLE, 0, OTHER)]),
    "a head that was changed": Case(WHOLE, [(LAST, LAST, "bad-signature")], [changed(HEAD, time="x")]),
    "a head of what was dropped": Case(
        retained(ROTATION)[ROTATION - 1 :], [(3, 3, "dropped")], [head(WHOLE, 3)]
    ),
    "a head past which a thief of the key let go of everything": Case(STOLEN_PAST, [(LAST, LAST, "dropped")], [HEAD]),
    "no signature": Case(
        chained(WHOLE[:1] + BARE), [(1, 1, "untrusted-key"), (1, 1 + len(BARE), "unsigned")], [], [OTHER.public]
    ),
    "records alone": Case(
        BARE,
        [(1, 1, "missing"), (2, 15, "unsigned"), (6, 6, "missing"), (11, 11, "missing")],
    ),
    "signatures alone": Case(
        [line for line in WHOLE if '"record"' not in line],
        [(2, 5, "missing"), (7, 10, "missing"), (12, 15, "missing")],
    ),
    "a new key": Case(rekeyed(), []),
    "a new key, a head of each": Case(rekeyed(), [], [HEAD, head(rekeyed(), 0, OTHER)]),
    "a new key alone is trusted": Case(
        rekeyed(), [(n, n, "untrusted-key") for n, line in enumerate(rekeyed(), 1)
                    if '"record"' not in line and n <= LAST + 1], [], [OTHER.public]
    ),
    "the old key after the new one": Case(
        grown(rekeyed(), lambda w: w.checkpoint("interval", TIME)), [(LAST + 3, LAST + 3, "untrusted-key")]
    ),
    "white space": Case(at(4, WHOLE[3].replace(",", ", ", 1)), [(4, 4, "unreadable")]),
    "a key twice": Case(at(4, WHOLE[3].replace("{", '{"client":"x",', 1)), [(4, 4, "unreadable")]),
    "another order": Case(at(4, json.dumps(json.loads(WHOLE[3])) ), [(4, 4, "unreadable")]),
    "an escape that need not be": Case(at(4, WHOLE[3].replace("egr", "\\u0065gr", 1)), [(4, 4, "unreadable")]),
    "half a character": Case(at(4, WHOLE[3].replace("egr", "\\ud800", 1)), [(4, 4, "unreadable")]),
    "no JSON": Case(at(4, WHOLE[3][:-1]), [(4, 4, "unreadable")]),
    "no object": Case(at(4, "[]"), [(4, 4, "unreadable")]),
    "an empty line": Case(at(4, ""), [(4, 4, "unreadable")]),
    "an empty line at the end": Case([*WHOLE, ""], [(LAST + 1, LAST + 1, "unreadable")]),
    "a number with a fraction": Case(at(4, changed(WHOLE[3], status=1.5)), [(4, 4, "unreadable")]),
    "a number that is large": Case(at(4, changed(WHOLE[3], status=10**16)), [(4, 4, "unreadable")]),
    "a key that is not ASCII": Case(at(4, changed(WHOLE[3], ü=1)), [(4, 4, "unreadable")]),
    "another kind": Case(at(4, changed(WHOLE[3], kind="toString")), [(4, 4, "unreadable")]),
    "a kind that is no word": Case(at(4, changed(WHOLE[3], kind=[])), [(4, 4, "unreadable")]),
    "a kind in a list": Case(at(4, changed(WHOLE[3], kind=["record"])), [(4, 4, "unreadable")]),
    "a kind in an object": Case(at(4, changed(WHOLE[3], kind={})), [(4, 4, "unreadable")]),
    "a format that is true": Case(at(1, changed(WHOLE[0], format=True)), [(1, 1, "unreadable")]),
    "a negative number of 15 digits": Case([*WHOLE[:-1], *grown(WHOLE, negative(15))[LAST - 1 :]], []),
    "a negative number of 16 digits": Case(
        [*WHOLE[:-1], *grown(WHOLE, negative(16))[LAST - 1 :]], [(LAST + 1, LAST + 1, "unreadable")]
    ),
    "as deep as may be": Case([*WHOLE, deep(64)], []),
    "deeper than may be": Case([*WHOLE, deep(65)], [(LAST + 1, LAST + 1, "unreadable")]),
    "no number": Case(at(4, changed(WHOLE[3], seq="4")), [(4, 4, "unreadable")]),
    "a truth for a number": Case(at(4, changed(WHOLE[3], seq=True)), [(4, 4, "unreadable")]),
    "another format": Case(at(1, changed(WHOLE[0], format=2)), [(1, 1, "unreadable")]),
    "deep": Case(at(4, "[" * 3000 + "]" * 3000), [(4, 4, "unreadable")]),
    "a signature that is none": Case(
        at(LAST, changed(WHOLE[-1], signature="0" * 128)), [(LAST, LAST, "bad-signature")]
    ),
    "a signature in upper case": Case(
        at(LAST, changed(WHOLE[-1], signature=json.loads(WHOLE[-1])["signature"].upper())),
        [(LAST, LAST, "bad-signature")],
    ),
    "a key that is none": Case(at(LAST, changed(WHOLE[-1], key="")), [(LAST, LAST, "bad-signature")]),
}  # fmt: skip


def verified(case: Case) -> Verdict:
    heads = [head_of(text) for text in case.heads]
    verifier = Verifier(case.keys, [one for one in heads if one is not None])
    for line in case.lines:
        verifier.add(line)
    return verifier.end()


MANY: Final = Case(ledger(2500, 1)[::2], [], [head(ledger(5200)), changed(HEAD, time="x")])
"""More faults than are told, and heads that tell of something else."""


def test_many_faults_do_not_hide_what_heads_tell() -> None:
    told = found(verified(MANY))
    assert len(told) == MOST_FAULTS + 2
    assert [one for one in told if one[2] in {"truncated", "bad-signature"}] == [
        (LAST, LAST, "bad-signature"),
        (5002, 6502, "truncated"),
    ]
    if NODE:
        assert by_node([MANY]) == [told]


def test_heads_of_what_was_dropped_may_be_let_pass() -> None:
    heads = [one for one in map(head_of, [HEAD, head(WHOLE, 3)]) if one is not None]
    verifier = Verifier([OWN.public], heads, dropped_ok=True)
    for line in STOLEN_PAST:
        verifier.add(line)
    told = verifier.end()
    assert (told.ok, told.heads_before) == (True, 2)


def found(verdict: Verdict) -> list[tuple[int, int, str]]:
    return [(one.first, one.last, one.fault.value) for one in verdict.findings]


def by_node(cases: Sequence[Case]) -> list[list[tuple[int, int, str]]]:
    """What the verifier of deploy/ finds in each."""
    asked = "".join(
        json.dumps({"lines": case.lines, "keys": list(case.keys), "heads": list(case.heads)}) + "\n" for case in cases
    )
    done = subprocess.run(
        [NODE or "node", str(Path(__file__).with_name("agree.mjs"))],
        input=asked.encode(), capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    return [[tuple(one) for one in json.loads(line)["findings"]] for line in done.stdout.splitlines()]


@pytest.mark.parametrize("name", CASES)
def test_what_was_done_is_found(name: str) -> None:
    told = verified(CASES[name])
    assert found(told) == sorted(CASES[name].found)
    assert told.ok == (not CASES[name].found)
    assert all(one.told for one in told.findings)


@pytest.mark.skipif(NODE is None, reason="there is no Node.js")
def test_the_second_verifier_finds_the_same() -> None:
    told = dict(zip(CASES, by_node(list(CASES.values())), strict=True))
    assert told == {name: sorted(case.found) for name, case in CASES.items()}


def at_random(chance: random.Random) -> Case:
    """A ledger of any size to which somebody who has no key did anything."""
    whole = ledger(chance.randint(1, 25), chance.randint(1, 6))
    spoilt = list(whole)
    for _ in range(chance.randint(1, 3)):
        spoilt = spoil(chance, spoilt)
        if not spoilt or any(map(objectless, spoilt)):
            break
    return Case(spoilt, [], [head(whole)])


def spoil(chance: random.Random, lines: list[str]) -> list[str]:
    here, there = chance.randrange(len(lines)), chance.randrange(len(lines))
    before, line, after = lines[:here], lines[here], lines[here + 1 :]
    ways: list[Callable[[], list[str]]] = [
        lambda: [*before, changed(line, time=str(chance.random())), *after],
        lambda: [*before, changed(line, prev=f"{chance.getrandbits(256):064x}"), *after],
        lambda: [*before, *after],
        lambda: [*before, line.replace("a", "", 1), *after],
        lambda: [*before, lines[there], line, *after],
        lambda: [lines[there] if n == here else line if n == there else one for n, one in enumerate(lines)],
        lambda: chained(lines),
        lambda: [*before, line],
    ]
    return chance.choice(ways)()


def objectless(line: str) -> bool:
    try:
        return not isinstance(json.loads(line), dict)
    except ValueError:
        return True


@pytest.mark.skipif(NODE is None, reason="there is no Node.js")
def test_both_verifiers_find_the_same_in_ledgers_that_were_tampered_with_at_random() -> None:
    seed = random.SystemRandom().getrandbits(32)
    chance = random.Random(seed)
    cases = [at_random(chance) for _ in range(150)]
    for number, (case, told) in enumerate(zip(cases, by_node(cases), strict=True)):
        assert found(verified(case)) == told, (seed, number)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_one_changed_character_fails_verification(data: st.DataObject) -> None:
    """A closed ledger has nothing that is not signed."""
    number = data.draw(st.integers(0, LAST - 1))
    line = WHOLE[number]
    place = data.draw(st.integers(0, len(line) - 1))
    sign = data.draw(st.characters(exclude_characters=line[place], codec="utf-8"))
    spoilt = [*WHOLE[:number], line[:place] + sign + line[place + 1 :], *WHOLE[number + 1 :]]
    assert not verified(Case(spoilt, [])).ok


@settings(max_examples=50, deadline=None)
@given(st.permutations(range(LAST)))
def test_any_other_order_fails_verification(order: list[int]) -> None:
    assert verified(Case([WHOLE[number] for number in order], [])).ok == (order == list(range(LAST)))


def test_what_was_swapped_and_is_last_is_not_whole() -> None:
    assert not verified(Case([*WHOLE[:-2], WHOLE[-1], WHOLE[-2]], [])).ok


def test_every_fault_is_on_the_page_of_the_format_and_in_a_case() -> None:
    page = (ROOT / "docs" / "audit-format.md").read_text("utf-8")
    assert set(TOLD) == set(Fault)
    assert {f"`{fault}`" for fault in Fault} <= set(re.findall(r"`[a-z-]+`", page))
    assert {fault for case in CASES.values() for *_, fault in case.found} == set(Fault) - {
        Fault.COLUMNS,
        Fault.DATABASE,
    }


def test_the_vectors_are_found_to_be_what_they_are() -> None:
    """They were written once, by another version of the program: what verified then does for ever."""
    file = VECTORS / "ledger.json"
    if os.environ.get("EGRESS_WRITE_VECTORS"):
        few = {name: {**CASES[name]._asdict(), "found": sorted(CASES[name].found)} for name in VECTOR_CASES}
        told = {"seed": bytes(range(32)).hex(), "key": OWN.public, "ledgers": few}
        file.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    kept = json.loads(file.read_text("utf-8"))
    assert Signer.from_seed(bytes.fromhex(kept["seed"])).public == kept["key"]
    cases = [
        Case(one["lines"], list(map(tuple, one["found"])), one["heads"], one["keys"])
        for one in kept["ledgers"].values()
    ]
    assert list(map(found, map(verified, cases))) == [case.found for case in cases]
    if NODE:
        assert by_node(cases) == [case.found for case in cases]


COLUMNS: Final = {
    "a client": ("client = 'x'", 4),
    "a time": ("time = 'x'", 4),
    "a verdict": ("verdict = 'clean'", 4),
    "a session": ("session = 'ses_1'", 4),
    "a route": ("route = 'x'", 4),
    "an id": ("id = 'egr_9'", 4),
    "a kind": ("kind = 'genesis'", 4),
    "a checkpoint's client": ("client = 'x'", 2),
    "a checkpoint's time": ("time = 'x'", 2),
}


@both
@pytest.mark.parametrize("name", COLUMNS)
def test_what_a_record_is_looked_up_by_is_what_it_says(tmp_path: Path, name: str) -> None:
    one = Ledger(tmp_path)
    one.append([record(1), record(2), record(3)])
    one.close()
    column, number = COLUMNS[name]
    tampered(tmp_path, f"UPDATE entry SET {column} WHERE seq = {number}")
    assert found(verdict(tmp_path)) == [(number, number, "columns")]


@both
def test_rows_that_changed_places_are_found(tmp_path: Path) -> None:
    one = Ledger(tmp_path)
    one.append([record(1), record(2), record(3)])
    one.close()
    for number, other in ((4, -1), (5, 4), (-1, 5)):
        tampered(tmp_path, f"UPDATE entry SET seq = {other} WHERE seq = {number}")
    assert found(verdict(tmp_path)) == [(4, 4, "columns"), (4, 4, "reordered"), (5, 5, "columns")]


@both
def test_a_database_is_verified_while_it_is_written(tmp_path: Path) -> None:
    one = Ledger(tmp_path, Terms(checkpoint_records=2))
    for number in range(5):
        one.append([record(number)])
        told = verdict(tmp_path)
        assert (told.ok, told.records) == (True, number + 1)
    one.close()


def test_an_export_and_its_database_are_the_same(tmp_path: Path) -> None:
    one = Ledger(tmp_path)
    one.append([record(number) for number in range(1500)])
    one.close()
    export = tmp_path / "export"
    export.write_text("".join(f"{line}\n" for line in lines(tmp_path)), "utf-8")
    told: list[int] = []
    of_export = reading.verify(export, Verifier([one._signer.public]), told.append)
    assert of_export == verdict(tmp_path)
    assert (of_export.ok, sum(told)) == (True, 1000)
    assert (reading.size(export), reading.size(tmp_path / "audit.db")) == (0, of_export.entries)


@pytest.mark.skipif(NODE is None, reason="there is no Node.js")
def test_an_export_that_is_no_utf_8_is_not_whole(tmp_path: Path) -> None:
    """A sign that stands for what cannot be read is not what was there."""
    spoilt = tmp_path / "export"
    (tmp_path / "key").write_text(OWN.public)
    command = [NODE or "node", str(ROOT / "deploy" / "verify-audit.mjs"), "--key", str(tmp_path / "key"), str(spoilt)]
    whole = grown(ledger(1), lambda writing: writing.record(record(1, directory="\ufffd")))
    content = "".join(f"{line}\n" for line in whole).encode()
    for told, written in ((True, content), (False, content.replace("\ufffd".encode(), b"\xff"))):
        spoilt.write_bytes(written)
        assert reading.verify(spoilt, Verifier([OWN.public]), lambda _: None).ok is told
        done = subprocess.run(command, capture_output=True, check=False, timeout=120)
        assert json.loads(done.stdout)["ok"] is told


def test_a_row_that_is_no_utf_8_is_named(tmp_path: Path) -> None:
    one = Ledger(tmp_path)
    one.append([record(1), record(2)])
    one.close()
    tampered(tmp_path, "UPDATE entry SET line = CAST(x'ff' AS TEXT) WHERE seq = 3")
    assert (3, 3, "unreadable") in found(verdict(tmp_path))
    tampered(tmp_path, "UPDATE entry SET line = CAST(x'ff' AS TEXT) WHERE seq > 3")
    with pytest.raises(StartError, match="not what was signed"):
        Ledger(tmp_path)


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EgressError, match="cannot be read"):
        reading.verify(tmp_path / "nothing", Verifier([OWN.public]), lambda _: None)
    (tmp_path / "audit.db").write_bytes(b"SQLite format 3\x00" + bytes(4096))
    with pytest.raises(EgressError, match="cannot be read"):
        reading.verify(tmp_path / "audit.db", Verifier([OWN.public]), lambda _: None)


@pytest.mark.parametrize("text", ["", "{}", "[]", WHOLE[0], changed(HEAD, seq="1"), changed(HEAD, seq=0), HEAD + " "])
def test_what_is_no_head_is_none(text: str) -> None:
    assert head_of(text) is None


def test_a_head_is_of_the_entry_that_it_names() -> None:
    told = head_of(HEAD)
    assert told is not None
    assert (told.ledger, told.seq, told.key, told.good) == (LEDGER, LAST, OWN.public, True)
    assert canonical(json.loads(HEAD)) == HEAD


def test_the_verifier_shares_nothing_with_the_writer() -> None:
    source = (ROOT / "egress_proxy" / "audit" / "verify.py").read_text("utf-8")
    assert re.findall(r"^ *(?:from|import) egress_proxy\S*", source, re.MULTILINE) == [
        "from egress_proxy.audit.ed25519"
    ]
