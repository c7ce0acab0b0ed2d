"""Whether what is kept is what the ledger's records name. Whether the ledger is whole is looked at elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct

from egress_proxy.evidence.blob import Manifest, Unreadable, manifest_of
from egress_proxy.evidence.store import BEFORE, Reader


class Named(NamedTuple):
    """What a record says of its evidence: the sealed original's name."""

    record: str
    time: str
    name: str


class State(StrEnum):
    """What became of a sealed original."""

    KEPT = "kept"
    SHREDDED = "shredded"  # and the ledger says so
    UNNOTED = "shredded-unnoted"  # the database says so, and the ledger not yet
    CHANGED = "changed"
    MISSING = "missing"
    UNNAMED = "unnamed"  # no record names it: its answer never left, or its record was let go of


FAULTS = frozenset({State.CHANGED, State.MISSING})


class Checked(Struct, frozen=True, kw_only=True):
    """One sealed original. `told` is a sentence for people where there is more to say."""

    record: str
    time: str
    name: str
    state: State
    told: str = ""


class Notes:
    """What was shredded on purpose, by the word of the ledger or of the database."""

    def __init__(self) -> None:
        self._names: set[tuple[str, str]] = set()
        self._before = ""

    def add(self, what: str, time: str, recipient: str = "") -> None:
        """Take a name, or `before ` and a time, as it was told at a time: nothing is shredded before it is sealed."""
        if what.startswith(BEFORE):
            self._before = max(self._before, min(what.removeprefix(BEFORE), time))
        else:
            self._names.add((what, recipient))

    def add_noted(self, noted: Iterable[str], time: str) -> None:
        """Take the words of a record that notes what was shredded, but for the first, and the record's time."""
        recipient = ""
        for word in noted:
            if word.startswith("for "):
                recipient = word.removeprefix("for ")
            else:
                self.add(word, time, recipient)

    def tells(self, name: str, time: str, recipient: str = "") -> bool:
        """Whether it was shredded, for all or for one recipient."""
        return time < self._before or (name, "") in self._names or (name, recipient) in self._names


def check(named: Iterable[Named], ledger: str, noted: Notes, reader: Reader | None) -> Iterator[Checked]:
    """Compare what records name with what is kept, if anything is. Raises `StoreError`."""
    unnoted = Notes()
    for what, recipient, time, _ in reader.shredded() if reader else ():
        unnoted.add(what, time, recipient)
    seen = set()
    for one in named:
        seen.add(one.name)
        state, told = _state(one, ledger, noted, unnoted, reader)
        yield Checked(record=one.record, time=one.time, name=one.name, state=state, told=told)
    for kept in reader.listed() if reader else ():
        if kept.name not in seen:
            yield Checked(record=kept.record, time=kept.time, name=kept.name, state=State.UNNAMED)


def _state(one: Named, ledger: str, noted: Notes, unnoted: Notes, reader: Reader | None) -> tuple[State, str]:
    sealed = reader.load(one.name) if reader else None
    if sealed is None:
        if noted.tells(one.name, one.time):
            return State.SHREDDED, ""
        return (State.UNNOTED if unnoted.tells(one.name, one.time) else State.MISSING), ""
    try:
        manifest = manifest_of(sealed)
    except Unreadable as error:
        return State.CHANGED, str(error)
    if (manifest.ledger, manifest.record, manifest.time) != (ledger, one.record, one.time):
        return State.CHANGED, "it is of another record"
    return _for_recipients(manifest, one, sealed.stanzas.keys(), noted, unnoted)


def _for_recipients(
    manifest: Manifest, one: Named, there: Iterable[str], noted: Notes, unnoted: Notes
) -> tuple[State, str]:
    gone = [named.key for named in manifest.recipients if named.key not in set(there)]
    if any(not (noted.tells(one.name, "~", key) or unnoted.tells(one.name, "~", key)) for key in gone):
        return State.CHANGED, "the key of a recipient in it is missing"
    return State.KEPT, f"shredded for {', '.join(gone)}" if gone else ""
