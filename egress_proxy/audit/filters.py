"""Which records somebody asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

import msgspec
from msgspec import Struct

from egress_proxy.audit.store import Reader

Words = str | tuple[str, ...]
"""One word or several, any of which will do; an empty one is not asked."""

_COLUMNS: Final = ("id", "client", "session", "route", "verdict")
_SUGGESTED: Final = ("client", "session", "route", "detector", "name")
_MOST_LABELS: Final = 10_000  # of a kind, that suggestions are looked for among
_AT_A_TIME: Final = 1_000


class Filters(Struct, frozen=True, kw_only=True):
    """What a record must be to be shown; what is empty is not asked. `since` and `until` are RFC 3339 in UTC, or the
    beginning of it: 2026-01-31 is its midnight."""

    since: str = ""
    until: str = ""
    id: Words = ()
    client: Words = ()
    session: Words = ()
    route: Words = ()
    verdict: Words = ()
    reason: Words = ()
    detector: Words = ()
    name: Words = ()

    def __bool__(self) -> bool:
        return any(getattr(self, field) for field in self.__struct_fields__)

    def words(self, field: str) -> frozenset[str]:
        """What may stand in a field; nothing, if all may."""
        given: Words = getattr(self, field)
        return frozenset(filter(None, (given,) if isinstance(given, str) else given))

    def wanted(self) -> dict[str, frozenset[str]]:
        """What may stand in each field."""
        return {field: self.words(field) for field in (*_COLUMNS, "reason", "detector", "name")}

    def columns(self) -> dict[str, str]:
        """The fields that the database can look for."""
        wanted = {field: self.words(field) for field in _COLUMNS}
        return {field: min(words) for field, words in wanted.items() if len(words) == 1}


class _Found(Struct):
    text: int
    start: int
    end: int
    detector: str
    name: str
    form: str
    fingerprint: str = ""


class _Shown(Struct):
    """What is shown of a record, whichever version wrote it. A line without it is of somebody else."""

    seq: int
    time: str
    id: str
    client: str
    session: str
    directory: str
    route: str
    verdict: str
    reasons: list[str]
    status: int
    findings: int
    detectors: list[str]
    noted: list[str]
    spans: list[_Found]
    channel: str = ""
    lengths: list[int] = []


_AS_SHOWN: Final = msgspec.json.Decoder(_Shown)


def search(
    reader: Reader,
    filters: Filters,
    *,
    oldest_first: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The records that are asked for: the line, and what it says. `progress` is told how many entries were looked at
    since it was told last. Raises `StoreError`.

    The columns of the database find the candidates; what decides is the line, which is what the chain holds.
    """
    wanted, columns = filters.wanted(), filters.columns()
    rows = reader.search({"kind": "record", **columns}, filters.since, filters.until, oldest_first=oldest_first)
    for count, row in enumerate(rows, 1):
        if not count % _AT_A_TIME:
            progress(_AT_A_TIME)
        record = shown_of(row.line)  # one that is none verifies no better
        if record is not None and asked_for(record, wanted):
            # Whose it is the database says: a line may say anything.
            yield row.line, {"ledger": "", **record} | {"ledger": row.ledger} if row.ledger else record


def shown_of(line: str) -> dict[str, Any] | None:
    """What a line says, or None where it says not what is shown of a record."""
    try:
        _AS_SHOWN.decode(line)
        found: dict[str, Any] = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return found


def asked_for(record: Mapping[str, Any], wanted: Mapping[str, frozenset[str]]) -> bool:
    """Whether a record has one of the words that each field may have; any, where there are none."""
    return all(not words or not words.isdisjoint(_words_of(record, field)) for field, words in wanted.items())


def _words_of(record: Mapping[str, Any], field: str) -> list[str]:
    match field:
        case "reason" | "detector":
            found: list[str] = record[f"{field}s"]
            return found
        case "name":
            return [span["name"] for span in record["spans"]]
        case _:
            return [record[field]]


def suggestions(
    reader: Reader, filters: Filters, progress: Callable[[int], None] = lambda _: None
) -> dict[str, tuple[str, ...]]:
    """What somebody may have meant who has found nothing: for each field, words of the ledger that are like those that
    were asked for and are not in it. Reads all records of the time that was asked for. Raises `StoreError`."""
    asked = {field: words for field in _SUGGESTED if (words := filters.words(field))}
    if not asked:
        return {}
    labels: dict[str, set[str]] = {field: set() for field in asked}
    for _, record in search(reader, Filters(since=filters.since, until=filters.until), progress=progress):
        for field, known in labels.items():
            if len(known) < _MOST_LABELS:
                known.update(filter(None, _words_of(record, field)))
    return {
        field: alike(words - labels[field], labels[field])
        for field, words in asked.items()
        if not words <= labels[field]
    }


def alike(words: frozenset[str], known: set[str]) -> tuple[str, ...]:
    """Those of the known words that are most like others, however these are capitalised."""
    folded = {word.casefold(): word for word in sorted(known)}
    found = (near for word in sorted(words) for near in get_close_matches(word.casefold(), folded, n=3, cutoff=0.6))
    return tuple(dict.fromkeys(folded[near] for near in found))
