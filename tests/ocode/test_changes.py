"""Merging the changes of turns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress_proxy.ocode.answers import FileChange
from egress_proxy.ocode.changes import merge

MERGED: dict[str, tuple[list[str | None], str | None]] = {
    "added": (["added"], "added"),
    "added, modified": (["added", "modified"], "added"),
    "added, deleted": (["added", "deleted"], "-"),
    "added, deleted, added": (["added", "deleted", "added"], "added"),
    "modified, deleted": (["modified", "deleted"], "deleted"),
    "deleted, added": (["deleted", "added"], "modified"),
    "deleted, added, deleted": (["deleted", "added", "deleted"], "deleted"),
    "unknown": ([None], None),
    "modified, unknown": (["modified", None], "modified"),
    "unknown, deleted": ([None, "deleted"], "deleted"),
}


@pytest.mark.parametrize(("statuses", "merged"), MERGED.values(), ids=MERGED.keys())
def test_the_status_after_several_turns(statuses: list[str | None], merged: str | None) -> None:
    found = merge((FileChange(1, 2, "f", status),) for status in statuses)
    assert [change.status for change in found] == ([] if merged == "-" else [merged])


def test_counts_are_summed_from_the_last_time_the_file_came_to_be() -> None:
    turns = [("added", 5, 0), ("deleted", 0, 5), ("added", 2, 0), ("modified", 3, 1)]
    assert merge((FileChange(a, d, "f", status),) for status, a, d in turns) == (FileChange(5, 1, "f", "added"),)


CHANGES = st.builds(
    FileChange,
    st.integers(0, 9).map(float),
    st.integers(0, 9).map(float),
    st.sampled_from("abc"),
    st.sampled_from(["added", "deleted", "modified", None]),
)


@given(st.lists(st.lists(CHANGES, unique_by=lambda change: change.file).map(tuple)))
def test_a_merge_invents_no_file_and_no_line(turns: list[tuple[FileChange, ...]]) -> None:
    merged = merge(turns)
    files = [change.file for change in merged]
    assert len(files) == len(set(files))
    for change in merged:
        seen = [one for turn in turns for one in turn if one.file == change.file]
        assert change.additions <= sum(one.additions for one in seen)
        assert change.status in {one.status for one in seen} | {"modified"}
