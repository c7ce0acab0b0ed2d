"""Registering values: the only code that sees them, and the shapes that remain of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from egress_proxy.model import Secret
from egress_proxy.scan.assignments import word_share
from egress_proxy.scan.canonical import canonical, folded
from egress_proxy.scan.fingerprints import Bank, Keys
from egress_proxy.scan.forms import Form, forms
from egress_proxy.scan.policy import SHORTEST, SHORTEST_ANYWHERE, Rejected, expand, refuse, weak

_WIDTHS = (16, 12, 8, 6)  # of anchors; the widest that fits a segment
_FOLDED_WIDTH = SHORTEST  # of anchors in the folded view, for values that have hardly any letters and digits
_PART_WIDTH = 8  # of anchors of parts, at least
_FEWEST_DIFFERENT = 5  # characters in a window: `00000000` is in every second dump
_PARTS_UP_TO = 32_768  # pieces of a form beyond which parts are not registered (the whole always is)
_WORDS = 0.7  # the share of words above which a part may stand in an innocent text
_ANCHORS_TRIED = 6
_MAX_NAME = 64
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]")
MIN_KEY, MAX_KEY = 16, 64


class TooManyValuesError(Exception):
    """More values than may be registered."""


class Watched(Struct, frozen=True):
    """What is kept of a value."""

    name: str
    length: int  # of the value, code points
    mac: bytes  # of the value
    folded: bytes  # of the value, folded
    weak: bool  # made of words, or nearly so: its parts and respellings may be innocent
    token: bool  # short: matched as a whole token only

    def __repr__(self) -> str:
        return f"Watched({self.name})"


class Segment(Struct, frozen=True):
    """What is kept of a form or a part of one: `length` codes with this MAC, `anchor` codes before its window."""

    value: int
    anchor: int
    length: int
    mac: bytes
    plain: bool
    whole: bool
    lead: int = 0  # code points of a plain value before the first of these codes

    def __repr__(self) -> str:
        return f"Segment({self.value})"


def _name(name: str) -> str:
    return _NOT_IN_NAMES.sub("_", name)[:_MAX_NAME] or "unnamed"


def _bytes(codes: str) -> bytes:
    return codes.encode("utf-32-le", "surrogatepass")


class Snapshot(Struct, frozen=True):
    """All that a search needs of values, by number."""

    keys: Keys
    values: tuple[Watched, ...]
    segments: tuple[Segment, ...]

    @classmethod
    def empty(cls, key: bytes) -> Snapshot:
        """A snapshot without values under `key` (16 to 64 bytes, else ValueError)."""
        if not MIN_KEY <= len(key) <= MAX_KEY:
            raise ValueError("the key of known values has 16 to 64 bytes")
        return cls(Keys.derive(key), (), ())

    def mac(self, raw: str, purpose: bytes) -> bytes:
        """The MAC of a piece of text."""
        return self.keys.digest(raw.encode("utf-8", "surrogatepass"), purpose)


class Registration:
    """Collects values into segments and windows. Discarded once the snapshot is made."""

    def __init__(self, onto: Snapshot, most: int | None = None) -> None:
        """`onto` holds what is registered already: its values are kept, and given again they are not registered twice.
        More than `most` values in all are a `TooManyValuesError`."""
        self.keys = onto.keys
        self.values: list[Watched] = list(onto.values)
        self.segments: list[Segment] = list(onto.segments)
        self.rejected: list[Rejected] = []
        self._most = most
        self._windows: dict[int, dict[bytes, list[int]]] = {width: {} for width in _WIDTHS}
        self._folded_windows: dict[bytes, list[int]] = {}
        self._macs: set[bytes] = {value.mac for value in onto.values}

    def add(self, name: str, secret: Secret) -> None:
        """Register a value and the secrets inside it, or note why not."""
        inside = list(expand(_name(name), secret.reveal()))
        for full_name, value in inside:
            why = refuse(full_name, value)
            if why is None:
                # Of a URL or a header with a secret inside, the rest is innocent: only the whole of it counts.
                container = len(inside) > 1 and value == inside[0][1]
                self._add(_name(full_name), value.strip(), container=container)
            else:
                self.rejected.append(Rejected(_name(full_name), why))

    def rename(self, indexes: set[int]) -> None:
        """Take names away that tell a value."""
        for index in indexes:
            self.values[index] = replace(self.values[index], name=f"value-{index}")

    def snapshot(self) -> Snapshot:
        return Snapshot(self.keys, tuple(self.values), tuple(self.segments))

    def banks(self, onto: Mapping[int, Bank]) -> Iterator[Bank]:
        """The banks of the canonical view, with the windows of those in `onto`, by width."""
        for width, windows in self._windows.items():
            yield self._bank(width, windows, onto.get(width))

    def folded_bank(self, onto: Bank | None) -> Bank:
        """The bank of the folded view, with the windows of `onto`."""
        return self._bank(_FOLDED_WIDTH, self._folded_windows, onto)

    def _bank(self, width: int, windows: dict[bytes, list[int]], onto: Bank | None) -> Bank:
        return Bank(width, self.keys, {window: tuple(numbers) for window, numbers in windows.items()}, onto)

    def _add(self, name: str, value: str, *, container: bool) -> None:
        mac = self._mac(value, b"value")
        if mac in self._macs:
            return
        if self._most is not None and len(self.values) >= self._most:
            raise TooManyValuesError
        self._macs.add(mac)
        token = len(value) < SHORTEST_ANYWHERE
        number = len(self.values)
        self.values.append(
            Watched(name, len(value), mac, self._mac(folded(value), b"folded"), container or weak(value), token)
        )
        if token or len(canonical(value)) < SHORTEST_ANYWHERE:
            whole = Segment(number, 0, 0, b"", plain=True, whole=True)
            self._segment(whole, folded(value), _FOLDED_WIDTH, self._folded_windows)
        lead = next((index for index, char in enumerate(value) if canonical(char)), len(value))
        for form in forms(value):
            # A short value is matched verbatim, and its longer forms as they are.
            if not token or (not form.plain and len(form.text) >= SHORTEST_ANYWHERE):
                self._form(number, form, lead if form.plain else 0)

    def _mac(self, value: str, purpose: bytes) -> bytes:
        return self.keys.digest(value.encode("utf-8", "surrogatepass"), purpose)

    def _form(self, number: int, form: Form, lead: int) -> None:
        """The whole of a form, and its parts if they cannot be innocent."""
        whole = form.text
        width = _width(whole)
        if not width:
            return
        segment = Segment(number, 0, 0, b"", plain=form.plain, whole=True, lead=lead)
        self._segment(segment, whole, width, self._windows[width])
        if self.values[number].weak or len(form.pieces) > _PARTS_UP_TO:
            return
        segment = Segment(number, 0, 0, b"", plain=form.plain, whole=False)
        for part, source in form.parts():
            width = _width(part)
            if width >= _PART_WIDTH and len(set(part)) >= _FEWEST_DIFFERENT and word_share(source) < _WORDS:
                self._segment(segment, part, width, self._windows[width])

    def _segment(self, kind: Segment, codes: str, width: int, windows: dict[bytes, list[int]]) -> None:
        """Keep what is needed to recognise `codes` as a segment of this kind."""
        anchor = _anchor(codes, width)
        windows.setdefault(_bytes(codes[anchor : anchor + width]), []).append(len(self.segments))
        mac = self.keys.digest(_bytes(codes), b"segment")
        self.segments.append(replace(kind, anchor=anchor, length=len(codes), mac=mac))


def _width(codes: str) -> int:
    return next((width for width in _WIDTHS if width <= len(codes)), 0)


def _anchor(codes: str, width: int) -> int:
    """Where the window with the most different characters stands, of some tried: zeros are in many values."""
    last = len(codes) - width
    if last <= 0:
        return 0
    step = max(1, last // _ANCHORS_TRIED)
    return max(range(0, last + 1, step), key=lambda start: len(set(codes[start : start + width])))
