"""Registering values: the only code that sees them, and the shapes that remain of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from egress_proxy.model import Secret
from egress_proxy.scan.assignments import word_share
from egress_proxy.scan.canonical import canonical, folded
from egress_proxy.scan.fingerprints import Bank, Keys
from egress_proxy.scan.forms import Form, forms
from egress_proxy.scan.policy import SHORTEST, SHORTEST_ANYWHERE, Rejected, expand, refuse, weak

_WIDTHS = (16, 12, 8)  # of anchors; the widest that fits a segment
_RAW_WIDTH = SHORTEST  # of anchors in the folded view, for values that have hardly any letters and digits
_FEWEST_DIFFERENT = 5  # characters in a window: `00000000` is in every second dump
_PARTS_UP_TO = 32_768  # pieces of a form beyond which parts are not registered (the whole always is)
_WORDS = 0.7  # the share of words above which a part may stand in an innocent text
_ANCHORS_TRIED = 6
_MAX_NAME = 64
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]")
MIN_KEY, MAX_KEY = 16, 64


class Watched(Struct, frozen=True):
    """What is kept of a value."""

    name: str
    length: int  # of the value, code points
    lead: int  # code points before its first letter or digit
    mac: bytes  # of the value
    folded: bytes  # of the value, casefolded
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

    def mac(self, raw: str, purpose: bytes) -> bytes:
        """The MAC of a piece of text."""
        return self.keys.digest(raw.encode("utf-8", "surrogatepass"), purpose)


class Registration:
    """Collects values into segments and windows. Discarded once the snapshot is made."""

    def __init__(self, key: bytes) -> None:
        if not MIN_KEY <= len(key) <= MAX_KEY:
            raise ValueError("the key of known values has 16 to 64 bytes")
        self.keys = Keys.derive(key)
        self.values: list[Watched] = []
        self.segments: list[Segment] = []
        self.rejected: list[Rejected] = []
        self._windows: dict[int, dict[bytes, list[int]]] = {width: {} for width in (*_WIDTHS, _RAW_WIDTH)}
        self._macs: set[bytes] = set()

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

    def banks(self) -> Iterator[Bank]:
        """The banks of the canonical view."""
        for width in _WIDTHS:
            yield self._bank(width)

    def raw_bank(self) -> Bank:
        """The bank of the folded view."""
        return self._bank(_RAW_WIDTH)

    def _bank(self, width: int) -> Bank:
        return Bank(width, self.keys, {window: tuple(numbers) for window, numbers in self._windows[width].items()})

    def _add(self, name: str, value: str, *, container: bool) -> None:
        mac = self._mac(value, b"value")
        if mac in self._macs:
            return
        self._macs.add(mac)
        lead = next((index for index, char in enumerate(value) if canonical(char)), len(value))
        token = len(value) < SHORTEST_ANYWHERE
        by_canonical = not token and len(canonical(value)) >= SHORTEST_ANYWHERE
        number = len(self.values)
        self.values.append(
            Watched(
                name,
                len(value),
                lead if by_canonical else 0,
                mac,
                self._mac(value.casefold(), b"folded"),
                container or weak(value),
                token,
            )
        )
        if not by_canonical:
            self._segment(number, folded(value), _RAW_WIDTH, plain=True, whole=True)
        for form in forms(value):
            if by_canonical or not form.plain:
                self._form(number, form)

    def _mac(self, value: str, purpose: bytes) -> bytes:
        return self.keys.digest(value.encode("utf-8", "surrogatepass"), purpose)

    def _form(self, number: int, form: Form) -> None:
        """The whole of a form, and its parts if they cannot be innocent."""
        whole = form.text
        width = next((width for width in _WIDTHS if width <= len(whole)), 0)
        if not width:
            return
        self._segment(number, whole, width, plain=form.plain, whole=True)
        if self.values[number].weak or len(form.pieces) > _PARTS_UP_TO:
            return
        for part, source in form.parts():
            width = next((width for width in _WIDTHS if width <= len(part)), 0)
            if width and len(set(part)) >= _FEWEST_DIFFERENT and word_share(source) < _WORDS:
                self._segment(number, part, width, plain=form.plain, whole=False)

    def _segment(self, value: int, codes: str, width: int, *, plain: bool, whole: bool) -> None:
        anchor = _anchor(codes, width)
        window = _bytes(codes[anchor : anchor + width])
        self._windows[width].setdefault(window, []).append(len(self.segments))
        mac = self.keys.digest(_bytes(codes), b"segment")
        self.segments.append(Segment(value, anchor, len(codes), mac, plain, whole))


def _anchor(codes: str, width: int) -> int:
    """Where the window with the most different characters stands, of some tried: zeros are in many values."""
    last = len(codes) - width
    if last <= 0:
        return 0
    step = max(1, last // _ANCHORS_TRIED)
    return max(range(0, last + 1, step), key=lambda start: len(set(codes[start : start + width])))
