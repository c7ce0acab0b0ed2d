"""Known values: an immutable snapshot that holds keyed fingerprints and no plaintext.

At registration a value is expanded to its forms (`forms`); of each form windows are kept (`drafts`): every run that a
partial reveal must contain, where that could not be innocent, and segments: a form as a whole, by one window of it and
the digest of all. The windows go into sorted tables by their width (`fingerprints`, `store`). A text becomes a view
(`canonical`), the tables say what stands where, and `search` makes findings of it.

A finding is PLAIN only where the text holds the value verbatim, which the MAC of the value itself decides. All else
(other case, separators, any encoding, a part) is ENCODED.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Never

from msgspec.structs import replace

from egress_proxy.model import Scan, Secret
from egress_proxy.scan.policy import Rejected
from egress_proxy.scan.registration import Registration, Snapshot
from egress_proxy.scan.search import DETECTOR, search
from egress_proxy.scan.store import MOST
from egress_proxy.scan.stored import Fingerprint
from egress_proxy.scan.told_apart import segments_shared

_NOTHING = Scan()


class KnownValues:
    """A snapshot of values to watch for. Thread-safe: nothing in it changes."""

    DETECTOR: ClassVar[str] = DETECTOR

    __slots__ = ("_snapshot", "detector", "rejected")

    def __init__(self, snapshot: Snapshot, rejected: tuple[Rejected, ...] = (), detector: str = DETECTOR) -> None:
        self._snapshot = snapshot
        self.rejected = rejected
        self.detector = detector

    @classmethod
    def build(
        cls,
        entries: Iterable[tuple[str, Secret]],
        key: bytes,
        *,
        stored: Iterable[Fingerprint] = (),
        detector: str = DETECTOR,
        few: bool = False,
    ) -> KnownValues:
        """A snapshot of (name, value) pairs under `key` (16 to 64 bytes, else ValueError).

        Values that cannot be watched for are in `rejected`, by name and reason. A value given twice keeps its first
        name. A URL's password and a header's credentials are registered on their own too. `stored` are values that
        were registered elsewhere under the same key, and come after the others (`FingerprintError` if they cannot be
        used). `detector` is named by findings. `few`: in plain and in the commonest forms only, which is several times
        as quick and small.
        """
        registration = Registration(Snapshot.empty(key, few=few))
        return cls._made(registration, entries, detector, stored)

    def extended(
        self, entries: Iterable[tuple[str, Secret]], most: int, *, stored: Iterable[Fingerprint] = ()
    ) -> KnownValues:
        """A snapshot of these values and of the pairs that are not among them; `stored` as for `build`. `rejected` is
        of the pairs.

        Raises `TooManyValuesError` where that would be more than `most` values in all."""
        return self._made(Registration(self._snapshot, most), entries, self.detector, stored)

    @classmethod
    def none(cls) -> KnownValues:
        """A snapshot without values."""
        return cls(Snapshot.empty(bytes(16)))

    @classmethod
    def _made(
        cls,
        registration: Registration,
        entries: Iterable[tuple[str, Secret]],
        detector: str,
        stored: Iterable[Fingerprint] = (),
    ) -> KnownValues:
        for name, secret in entries:
            registration.add(name, secret)
        registration.add_stored(stored)
        made = cls(registration.snapshot(), tuple(registration.rejected), detector)
        made._snapshot.store.trim()
        # A name that holds a value, or a piece of one that other names hold the rest of, would carry it out in the
        # placeholder: the local agent can write to the files that are watched.
        names = [value.name for value in made._snapshot.values]
        telling = {found.text for found in made.find([f"[redacted:KNOWN:{name}]" for name in names]).findings}
        if not made._snapshot.few:
            telling.update(*(own for _, own in segments_shared(lambda rows: made.find(rows).findings, names)))
        if not telling:
            return made
        return cls(made._snapshot.renamed(telling), made.rejected, detector)

    def __len__(self) -> int:
        return len(self._snapshot.values)

    def __repr__(self) -> str:
        return f"KnownValues({len(self)})"

    def __reduce__(self) -> Never:
        raise TypeError("known values are not pickled: the key is with them")

    def by_fingerprint(self) -> KnownValues:
        """The same values, each named by a short fingerprint under the key in place of its name."""
        values = tuple(replace(value, name=f"fp-{value.mac[:4].hex()}") for value in self._snapshot.values)
        return KnownValues(replace(self._snapshot, values=values), self.rejected, self.detector)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the values that are watched for, as they appear in findings, sorted."""
        return tuple(sorted({value.name for value in self._snapshot.values}))

    @property
    def counted(self) -> Mapping[str, int]:
        """How many values have each of the names."""
        return Counter(value.name for value in self._snapshot.values)

    @property
    def fingerprints(self) -> tuple[Fingerprint, ...]:
        """Everything registered, one a value, to be stored. Names are what it says in clear, and lengths."""
        return self._snapshot.fingerprints()

    @property
    def phrases(self) -> bool:
        """Whether one of the values may be a passphrase."""
        return self._snapshot.phrases

    def mac(self, text: str) -> bytes:
        """The MAC of a text as that of a value, without white space around it: under one key, findings of the value
        have the same (`Finding.value`)."""
        return self._snapshot.keys.digest(text.strip().encode("utf-8", "surrogatepass"), b"value")

    def find(self, texts: Sequence[str], joined: str | None = None, most: int = MOST) -> Scan:
        """Known values in a batch of texts; `joined` is all of them with one character between, if somebody has it.
        Where there are more than `most`, the texts with the others are undecided."""
        if not self._snapshot.values or not any(texts):
            return _NOTHING
        return search(texts, self._snapshot, self.detector, joined, most)
