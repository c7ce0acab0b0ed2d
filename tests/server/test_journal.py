"""A journal gives every reader the same frames in the same order, or says that some are missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress_proxy.server import journal as module
from egress_proxy.server.journal import Entry, Journal, Lost
from egress_proxy.server.pipeline import Pipeline
from egress_proxy.server.stream_notices import Notice


def entry(directory: str = "/a") -> Entry:
    event = Pipeline.notice(Notice.HEARTBEAT)
    return Entry(directory, event, event)


def read_all(kept: Journal, place: int) -> int:
    """How many frames follow a place."""
    count = 0
    while entries := kept.after(place):
        place += len(entries)
        count += len(entries)
    assert place == kept.last
    return count


@given(st.lists(st.integers(0, 300), min_size=1, max_size=8))
def test_every_place_gives_what_came_after_it(bursts: list[int]) -> None:
    kept, places = Journal("0" * 8), [0]
    for burst in bursts:
        for _ in range(burst):
            kept.append(entry())
        places.append(kept.last)
    assert [read_all(kept, place) for place in places] == [kept.last - place for place in places]
    assert [kept.place(kept.id(place)) for place in places] == places


FRAMES = st.lists(st.tuples(st.sampled_from(["/a", "/b"]), st.integers(1, 40_000)), max_size=200)


def sized(directory: str, number: int, size: int) -> Entry:
    kinds = list(Notice)
    event = Pipeline.joined([Pipeline.notice(kinds[number % len(kinds)])] * (size // 40 + 1))
    return Entry(directory, event, Pipeline.joined([event, event]))


@given(FRAMES, st.sets(st.sampled_from(["/a", "/b"]), min_size=1), st.booleans())
def test_batches_hold_each_frame_of_a_readers_directories_once_and_in_order(
    frames: list[tuple[str, int]], directories: set[str], worldwide: bool
) -> None:
    kept, shown = Journal("0" * 8), frozenset(directories)
    entries = [sized(directory, number, size) for number, (directory, size) in enumerate(frames)]
    for entry in entries:
        kept.append(entry)
    place, read = kept._first - 1, []
    while batch := kept.batch(place, shown, worldwide=worldwide):
        assert kept.batch(place, shown, worldwide=worldwide) is batch
        assert batch.place > place
        place = batch.place
        if batch.shown is not None:
            read.append(batch.shown.body)
            largest = max(entry.size for entry in entries)
            assert len(batch.shown.body) <= max(module.BATCH_BYTES, largest)
    assert place == kept.last
    mine = [entry for entry in entries[kept._first - 1 :] if entry.directory in shown]
    assert b"".join(read) == b"".join((one.global_event if worldwide else one.event).body for one in mine)


def test_readers_at_other_places_or_of_other_directories_share_nothing() -> None:
    kept = Journal("0" * 8)
    for directory in ("/a", "/b"):
        kept.append(entry(directory))
    asked = [(0, {"/a"}, False), (0, {"/a", "/b"}, False), (0, {"/a"}, True), (1, {"/a"}, False)]
    found = [kept.batch(place, frozenset(shown), worldwide=worldwide) for place, shown, worldwide in asked]
    told = [(one.place, one.shown is not None and len(one.shown.body)) for one in found if one is not None]
    size = len(entry().event.body)
    assert told == [(2, size), (2, 2 * size), (2, size), (2, False)]
    kept.append(entry())
    after = kept.batch(0, frozenset({"/a"}), worldwide=False)
    assert after is not None
    assert after.place == 3


def test_what_is_kept_is_bounded_and_what_is_missed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FRAMES", 10)
    kept = Journal("0" * 8)
    for _ in range(25):
        kept.append(entry())
    assert read_all(kept, 15) == 10
    assert kept.whole(15, ["/a"])
    assert not kept.whole(14, ["/a"])
    with pytest.raises(Lost):
        kept.after(14)


def test_many_bytes_are_too_many_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", entry().size * 3)
    kept = Journal("0" * 8)
    for _ in range(5):
        kept.append(entry())
    assert read_all(kept, 2) == 3
    with pytest.raises(Lost):
        kept.after(1)


def test_a_gap_is_missed_only_by_whom_it_lies_before() -> None:
    kept = Journal("0" * 8)
    kept.append(entry())
    kept.gap(entry("/b"))
    assert kept.whole(1, ["/a"])
    assert not kept.whole(1, ["/a", "/b"])
    assert kept.whole(2, ["/a", "/b"])


@pytest.mark.parametrize(
    "event_id", ["", "1", "00000000-2", "11111111-0", "00000000--1", "00000000-1x", "x" * 9999, "00000000-1\n"]
)
def test_an_id_of_none_of_its_places_is_known_as_such(event_id: str) -> None:
    kept = Journal("0" * 8)
    kept.append(entry())
    assert kept.place(event_id) is None
