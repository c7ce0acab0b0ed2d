"""Where a value appeared, by the fingerprints in records. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct


class Place(Struct, frozen=True, kw_only=True):
    """A place in an answer. `text` is the index of its text, `start` and `end` count characters of what it was before
    anything was taken out. `how` it stood there; `done` is what was done with it: `redacted` or `withheld`."""

    text: int
    start: int
    end: int
    detector: str
    name: str
    form: str
    how: str
    done: str


class Appearance(Struct, frozen=True, kw_only=True):
    """A record that tells of the value, and its places in it. `ledger` is empty where there is one only."""

    time: str
    id: str
    client: str
    session: str
    directory: str
    route: str
    channel: str
    verdict: str
    seq: int
    places: tuple[Place, ...]
    ledger: str = ""


class Looked(Struct):
    """What was looked through: records, findings in them, and those of the findings that have no fingerprint."""

    records: int = 0
    findings: int = 0
    bare: int = 0


def appearances(
    records: Iterable[Mapping[str, Any]], told: Mapping[str, str], length: int, looked: Looked
) -> Iterator[Appearance]:
    """The records in which the value is, in their order. `told` says of each fingerprint how what it is of is
    written, or nothing for the value itself, which has so many characters (`length`); `looked` is added to."""
    for record in records:
        spans = record["spans"]
        looked.records += 1
        looked.findings += len(spans)
        looked.bare += sum(not span.get("fingerprint") for span in spans)
        own = [span for span in spans if span.get("fingerprint") in told]
        withheld = _withheld(spans) if own else frozenset()
        places = tuple(_place(span, told, length, withheld) for span in own)
        if places:
            yield Appearance(
                time=record["time"],
                id=record["id"],
                client=record["client"],
                session=record["session"],
                directory=record["directory"],
                route=record["route"],
                channel=str(record.get("channel", "")),
                verdict=record["verdict"],
                seq=record["seq"],
                places=places,
                ledger=str(record.get("ledger", "")),
            )


def _place(span: Mapping[str, Any], told: Mapping[str, str], length: int, withheld: frozenset[int]) -> Place:
    size = span["end"] - span["start"]
    how = told[span["fingerprint"]]
    if span["form"] == "encoded":
        stood = f"in another writing, broken up or in part, in {size} characters"
        how = f"{how}, {stood}" if how else stood
    elif not how:
        how = "as it is" if size == length else f"in a writing that was decoded, in {size} characters"
    return Place(
        text=span["text"],
        start=span["start"],
        end=span["end"],
        detector=span["detector"],
        name=span["name"],
        form=span["form"],
        how=how,
        done="withheld" if span["text"] in withheld else "redacted",
    )


def done(span: Mapping[str, Any], spans: Iterable[Mapping[str, Any]]) -> str:
    """What was done with a finding, by all of its record: a text in which anything is encoded is withheld."""
    return "withheld" if span["text"] in _withheld(spans) else "redacted"


def _withheld(spans: Iterable[Mapping[str, Any]]) -> frozenset[int]:
    return frozenset(one["text"] for one in spans if one["form"] == "encoded")
