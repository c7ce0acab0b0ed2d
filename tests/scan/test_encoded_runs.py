"""Runs of encoded data that are said over several texts."""

from __future__ import annotations

import base64
import gzip
import random

from hypothesis import given
from hypothesis import strategies as st

from egress_proxy.model import Finding
from egress_proxy.scan import EncodedRuns, encoded_runs_of
from egress_proxy.scan.encoded_runs import KEPT, MOST, OF_A_TEXT

_DICE = random.Random("runs")
BLOB = gzip.compress(_DICE.randbytes(30), mtime=0).hex()


def test_encoded_data_is_a_run_and_words_and_names_are_not() -> None:
    code = base64.b64encode(_DICE.randbytes(12)).decode() + "Q=="
    assert encoded_runs_of(f"Line 1: {BLOB[:40]}, then `{code}`.", ()) == (BLOB[:40], code)
    assert encoded_runs_of("The authentication of getUserName in src/server/tree.py is read in 2026.", ()) == ()


def test_what_does_not_leave_is_no_run() -> None:
    text = f"a {BLOB[:20]} b {BLOB[20:40]}"
    assert encoded_runs_of(text, (Finding(0, 2, 22, "x"),)) == (BLOB[20:40],)


def test_runs_are_put_together_in_both_orders_and_the_end_of_one_is_none_of_the_row() -> None:
    kept = EncodedRuns().with_new(("QUJDx1==",)).with_new((BLOB[:20],))
    assert {"QUJDx1ZGhiaQ==", "ZGhiaQQUJDx1=="} <= set(kept.joins(("ZGhiaQ==",)))
    assert {BLOB[:40], BLOB[20:40] + BLOB[:20]} <= set(kept.joins((BLOB[20:40],)))
    assert EncodedRuns().joins((BLOB,)) == ()
    assert BLOB in EncodedRuns().joins((BLOB[:20], BLOB[20:]))


def test_what_was_said_before_a_blob_does_not_hide_its_beginning() -> None:
    kept = EncodedRuns().with_new(("00" * 20, "11" * 20)).with_new((BLOB[:20],))
    assert BLOB in kept.joins((BLOB[20:],))


def test_what_is_said_between_does_not_hide_the_rest_of_a_blob() -> None:
    packed = gzip.compress(b"aB3xQz9k" * 9)
    for blob in (packed.hex(), base64.b64encode(packed).decode(), packed.hex().upper()):
        kept = EncodedRuns().with_new((blob[:20],)).with_new(("1a" * 8, "aB3" * 4, "2B" * 9))
        assert blob in kept.joins((blob[20:],))
        back = EncodedRuns().with_new((blob[20:],)).with_new(("1a" * 8, "aB3" * 4, "2B" * 9))
        assert blob in back.joins((blob[:20],))
        assert len(back.joins(tuple(f"{blob[:20]}{number:02}" for number in range(40)))) < 80


def test_without_some_the_others_stay() -> None:
    assert EncodedRuns(("a", "b")).without(("a",)) == EncodedRuns(("b",))
    assert "a" not in repr(EncodedRuns(("a1",))).removeprefix("EncodedRuns")


@given(st.lists(st.text("aZ09+/= -", max_size=400), max_size=40))
def test_bounds_hold_for_any_texts(texts: list[str]) -> None:
    kept = EncodedRuns()
    for text in texts * 4:
        new = encoded_runs_of(text, ())
        assert len(new) <= OF_A_TEXT
        assert all(len(row) <= MOST for row in kept.joins(new))
        kept = kept.with_new(new)
        assert len(kept.kept) <= KEPT
        assert sum(map(len, kept.kept)) <= MOST
