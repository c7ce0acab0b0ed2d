"""Registering values: the only code that sees them, and the shapes that remain of them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from egress_proxy.model import Secret
from egress_proxy.scan.banks import Entries
from egress_proxy.scan.canonical import canonical, folded
from egress_proxy.scan.drafts import Draft, Value
from egress_proxy.scan.fingerprints import FOLDED_WIDTH, Keys
from egress_proxy.scan.forms import Form, Shapes, signed_parts
from egress_proxy.scan.phrases import is_of_words, phrase_parts
from egress_proxy.scan.policy import SHORTEST_ANYWHERE, Examined, Rejected, examine, expand
from egress_proxy.scan.settling import PARTS_UP_TO, Settled
from egress_proxy.scan.store import Segments, Store
from egress_proxy.scan.stored import Fingerprint, FingerprintError, settled, split
from egress_proxy.scan.words import innocent_codes

_DRAFT = 4_194_304  # codes that are settled at a time, at most
_MAX_NAME = 64
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]")
MIN_KEY, MAX_KEY = 16, 64


class TooManyValuesError(Exception):
    """More values than may be registered."""


class Watched(Struct, frozen=True):
    """What is kept of a value, beside its windows."""

    name: str
    length: int  # of the value, code points
    mac: bytes  # of the value
    folded: bytes  # of the value, folded
    weak: bool  # made of words, or nearly so: its parts and respellings may be innocent
    token: bool  # short: matched as a whole token only

    def __repr__(self) -> str:
        return f"Watched({self.name})"


class Snapshot(Struct, frozen=True):
    """All that a search needs of values, by number."""

    keys: Keys
    values: tuple[Watched, ...]
    store: Store
    few: bool  # whether later values, too, are registered in few forms
    phrases: bool = False  # whether one of them may be a passphrase

    def __repr__(self) -> str:
        return f"Snapshot({len(self.values)})"

    @classmethod
    def empty(cls, key: bytes, *, few: bool = False) -> Snapshot:
        """A snapshot without values under `key` (16 to 64 bytes, else ValueError)."""
        if not MIN_KEY <= len(key) <= MAX_KEY:
            raise ValueError("the key of known values has 16 to 64 bytes")
        keys = Keys.derive(key)
        return cls(keys, (), Store(keys, {}, [], Segments.joined([])), few)

    def renamed(self, indexes: set[int]) -> Snapshot:
        """Without names that tell a value."""
        return replace(
            self,
            values=tuple(
                replace(value, name=f"value-{index}") if index in indexes else value
                for index, value in enumerate(self.values)
            ),
        )

    def fingerprints(self) -> tuple[Fingerprint, ...]:
        """Everything that is registered, one a value."""
        rows = split(self.store, len(self.values))
        return tuple(
            Fingerprint(
                value.name, value.length, value.mac, value.folded, value.weak, value.token, self.keys.check, *own
            )
            for value, own in zip(self.values, rows, strict=True)
        )


def shown_name(name: str) -> str:
    """A name as placeholders have it."""
    return _NOT_IN_NAMES.sub("_", name)[:_MAX_NAME] or "unnamed"


class Registration:
    """Collects values into tables. Discarded once the snapshot is made."""

    def __init__(self, onto: Snapshot, most: int | None = None) -> None:
        """`onto` holds what is registered already: its values are kept, and given again they are not registered twice.
        More than `most` values in all are a `TooManyValuesError`."""
        self.rejected: list[Rejected] = []
        self._onto = onto
        self._keys = onto.keys
        self._values: list[Watched] = list(onto.values)
        self._most = most
        self._draft = Draft()
        self._entries: dict[int, list[Entries]] = {}
        self._folded: list[Entries] = []
        self._segments = [onto.store.segments]
        self._segment_count = len(onto.store.segments)
        self._macs: set[bytes] = {value.mac for value in onto.values}
        self._phrases = onto.phrases

    def add(self, name: str, secret: Secret) -> None:
        """Register a value and the secrets inside it, or note why not."""
        inside = list(expand(shown_name(name), secret.reveal()))
        for full_name, value in inside:
            bare = value.strip()
            mac = self._keys.digest(bare.encode("utf-8", "surrogatepass"), b"value")
            if mac in self._macs:  # most of a file that is read again
                continue
            examined = examine(full_name, value)
            if examined.why is None:
                # Of a URL or a header with a secret inside, the rest is innocent: only the whole of it counts.
                container = len(inside) > 1 and value == inside[0][1]
                self._add(full_name[:_MAX_NAME], bare, mac, examined, is_weak=container or examined.weak)
            else:
                self.rejected.append(Rejected(full_name[:_MAX_NAME], examined.why))

    def add_stored(self, stored: Iterable[Fingerprint]) -> None:
        """Register what was made elsewhere under the same key. Raises `FingerprintError`."""
        fresh = []
        for one in stored:
            if problem := one.problem(self._keys.check):
                raise FingerprintError(problem)
            if one.mac not in self._macs:
                self._watch(Watched(shown_name(one.name), one.length, one.mac, one.folded, one.weak, one.token))
                fresh.append(one)
                self._phrases |= one.weak  # of which words it is made nobody knows
        if fresh:
            self._take(settled(fresh, len(self._values) - len(fresh), self._segment_count))

    def snapshot(self) -> Snapshot:
        """Everything registered. The last that is asked of a registration."""
        if len(self._values) == len(self._onto.values):
            return self._onto
        self._settle()
        made = Store(self._keys, self._entries, self._folded, Segments.joined(self._segments), self._onto.store)
        return replace(self._onto, values=tuple(self._values), store=made, phrases=self._phrases)

    def _watch(self, value: Watched) -> int:
        if self._most is not None and len(self._values) >= self._most:
            raise TooManyValuesError
        self._macs.add(value.mac)
        self._values.append(value)
        return len(self._values) - 1

    def _settle(self) -> None:
        if len(self._draft):
            self._take(self._draft.settled(self._keys, self._segment_count, few=self._onto.few))
            self._draft = Draft()

    def _take(self, settled: Settled) -> None:
        for width, parts in settled.entries.items():
            self._entries.setdefault(width, []).extend(parts)
        self._folded += settled.folded
        self._segments.append(settled.segments)
        self._segment_count += len(settled.segments)

    def _add(self, name: str, value: str, mac: bytes, examined: Examined, *, is_weak: bool) -> None:
        plain, as_it_stands = examined.codes, folded(value)
        # A short value is matched verbatim, and its longer forms as they are.
        token = len(value) < SHORTEST_ANYWHERE
        telling_nothing = b"" if is_weak else innocent_codes(value, examined.codes, examined.words)
        self._phrases |= is_weak and is_of_words(value)
        watched = Watched(name, len(value), mac, self._keys.digest(as_it_stands, b"folded"), is_weak, token)
        own = Value(
            number=self._watch(watched),
            parts=not is_weak,
            mask=self._draft.mask(telling_nothing) if telling_nothing else 0,
            of=len(plain),
            lead=_lead(value),
            least=SHORTEST_ANYWHERE if token else 0,
        )
        self._draft.add(own, value, few=self._onto.few)
        if (token or len(plain) < SHORTEST_ANYWHERE) and len(as_it_stands) >= FOLDED_WIDTH:
            self._draft.add_forms(own, [Form(as_it_stands, Shapes.FOLDED)])
        if not self._onto.few and len(plain) <= PARTS_UP_TO:  # what is innocent in these they tell themselves
            parts = phrase_parts(value) if is_weak else signed_parts(value, telling_nothing)
            self._draft.add_forms(Value(number=own.number, parts=True), parts)
        if len(self._draft) > _DRAFT:
            self._settle()


def _lead(value: str) -> int:
    """How many code points of a value stand before the first that the canonical view keeps."""
    if value[:1].isascii() and value[:1].isalnum():
        return 0
    return next((index for index, char in enumerate(value) if canonical(char)), len(value))
