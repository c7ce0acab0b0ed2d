"""A journal gives every reader the same frames in the same order, or says that some are missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress_proxy.server import journal as module
from egress_proxy.server.journal import Entry, Journal, Lost
from egress_proxy.server.pipeline import Notice, Pipeline


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
