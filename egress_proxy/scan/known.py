"""Known values: an immutable snapshot that holds keyed fingerprints and no plaintext.

At registration a value is expanded to its forms (`forms`); each form gives segments: the whole, and, where a part of
it could not be innocent, every run that a partial reveal must contain. A segment is kept as its length and keyed MAC,
and one window of it (6, 8, 12 or 16 codes, the anchor) goes into the bank of that width. A text becomes a view, the
banks give positions of anchors, and the segment's MAC decides (`search`).

A finding is PLAIN only where the text holds the value verbatim, which the MAC of the value itself decides. All else
(other case, separators, any encoding, a part) is ENCODED.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, Never

from egress_proxy.model import Scan, Secret
from egress_proxy.scan.canonical import batch
from egress_proxy.scan.fingerprints import Bank
from egress_proxy.scan.policy import Rejected
from egress_proxy.scan.registration import Registration, Snapshot
from egress_proxy.scan.search import DETECTOR, Search


class KnownValues:
    """A snapshot of values to watch for. Thread-safe: nothing in it changes."""

    DETECTOR: ClassVar[str] = DETECTOR

    __slots__ = ("_banks", "_folded_bank", "_snapshot", "rejected")

    def __init__(self, registration: Registration, onto: KnownValues | None = None) -> None:
        self._snapshot = registration.snapshot()
        banks, folded = ({}, None) if onto is None else onto.banks
        self._banks: tuple[Bank, ...] = tuple(bank for bank in registration.banks(banks) if bank)
        self._folded_bank: Bank = registration.folded_bank(folded)
        self.rejected: tuple[Rejected, ...] = tuple(registration.rejected)

    @classmethod
    def build(cls, entries: Iterable[tuple[str, Secret]], key: bytes) -> KnownValues:
        """A snapshot of (name, value) pairs under `key` (16 to 64 bytes, else ValueError).

        Values that cannot be watched for are in `rejected`, by name and reason. A value given twice keeps its first
        name. A URL's password and a header's credentials are registered on their own too.
        """
        return cls._made(Registration(Snapshot.empty(key)), entries, None)

    def extended(self, entries: Iterable[tuple[str, Secret]], most: int) -> KnownValues:
        """A snapshot of these values and of the pairs that are not among them. `rejected` is of the latter.

        Raises `TooManyValuesError` where that would be more than `most` values in all."""
        return self._made(Registration(self._snapshot, most), entries, self)

    @classmethod
    def none(cls) -> KnownValues:
        """A snapshot without values."""
        return cls(Registration(Snapshot.empty(bytes(16))))

    @classmethod
    def _made(
        cls, registration: Registration, entries: Iterable[tuple[str, Secret]], onto: KnownValues | None
    ) -> KnownValues:
        for name, secret in entries:
            registration.add(name, secret)
        made = cls(registration, onto)
        # A name that holds a value would carry it out in the placeholder.
        placeholders = [f"[redacted:KNOWN:{value.name}]" for value in registration.values]
        telling = {found.text for found in made.find(placeholders).findings}
        if not telling:
            return made
        registration.rename(telling)
        return cls(registration, onto)

    @property
    def banks(self) -> tuple[dict[int, Bank], Bank]:
        """The banks of the canonical view by width, and that of the folded view."""
        return {bank.width: bank for bank in self._banks}, self._folded_bank

    def __len__(self) -> int:
        return len(self._snapshot.values)

    def __repr__(self) -> str:
        return f"KnownValues({len(self)})"

    def __reduce__(self) -> Never:
        raise TypeError("known values are not pickled: the key is with them")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the values that are watched for, as they appear in findings, sorted."""
        return tuple(sorted({value.name for value in self._snapshot.values}))

    def find(self, texts: Sequence[str]) -> Scan:
        """Known values in a batch of texts."""
        if not self._snapshot.values or not any(texts):
            return Scan()
        joined = batch(texts)
        search = Search(texts, joined, self._snapshot)
        if self._banks:
            view = joined.squeezed()
            for bank in self._banks:
                search.run(bank, view)
        if self._folded_bank:
            search.run(self._folded_bank, joined.folded())
        return search.result()
