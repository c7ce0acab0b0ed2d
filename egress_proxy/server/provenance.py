"""Where known values come from, by name: for the operator's page of them. Names and kinds of sources, nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from egress_proxy.scan import Fingerprint, shown_name
from egress_proxy.sources import Entry

UNNAMED: Final = "value inside another"
STORED: Final = "fingerprints"
OWN: Final = "upstream.password_file"


class Named(Struct, frozen=True):
    """A name that known values have: how many have it, and the kinds of the sources that gave it, sorted."""

    name: str
    values: int
    kinds: tuple[str, ...]


class Provenance:
    """Remembers which kind of source gave which name. It grows with names only, as known values do."""

    def __init__(self) -> None:
        self._kinds: dict[str, frozenset[str]] = {}

    def note(self, kind: str, entries: Iterable[Entry] = (), stored: Iterable[Fingerprint] = ()) -> None:
        """A source of a kind gave these."""
        of = frozenset({kind})
        for name in (*(shown_name(name) for name, _ in entries), *(shown_name(one.name) for one in stored)):
            known = self._kinds.setdefault(name, of)
            if kind not in known:
                self._kinds[name] = known | of

    def named(self, counted: Mapping[str, int]) -> tuple[Named, ...]:
        """What is known of the names, in their order. `counted` is how many values have each."""
        return tuple(Named(name, count, self._of(name)) for name, count in sorted(counted.items()))

    def _of(self, name: str) -> tuple[str, ...]:
        """The kinds of a name; one of a value inside another (a URL's password) begins with the other's."""
        found = self._kinds.get(name)
        while found is None and "." in name:
            name = name.rpartition(".")[0]
            found = self._kinds.get(name)
        return tuple(sorted(found or {UNNAMED}))
