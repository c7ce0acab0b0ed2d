"""A known value as it can be stored and carried elsewhere: fingerprints under a key, and nothing to read.

Whoever has the key can guess at values, one digest a guess; whoever has it not can tell nothing but lengths and names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from msgspec import Struct

from egress_proxy.scan.banks import Entries
from egress_proxy.scan.fingerprints import DIGEST_BYTES, FOLDED_WIDTH, GATES, RUNS, VALUE_SHIFT, WHOLE
from egress_proxy.scan.policy import LONGEST
from egress_proxy.scan.settling import Settled
from egress_proxy.scan.store import Segments, Store

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PART: Final = np.dtype([("tag", "<u4"), ("digest", "<u8"), ("width", "u1"), ("form", "u1")])
_SEGMENT: Final = np.dtype([*_PART.descr, ("before", "<u4"), ("length", "<u4"), ("lead", "<u4")])
_FOLDED = 0  # as a width: six codes of the folded view
_FORMS = (1 << VALUE_SHIFT) - 1  # the bits of a part's number that are its form; a segment is plain (0) or not
_NO_FORM = len(RUNS) << 1
_LONGEST_FORM = LONGEST * 4 * 8  # codes: bytes of UTF-8 in binary


class FingerprintError(ValueError):
    """Fingerprints that are none, or were made under another key. The message quotes nothing of them."""


class Fingerprint(Struct, frozen=True):
    """What is kept of one value. `parts` and `segments` are rows of windows: tag, digest, width, form; and of segments
    what lies around the window."""

    name: str
    length: int  # of the value, code points
    mac: bytes  # of the value
    folded: bytes  # of the value, folded
    weak: bool  # made of words, or nearly so: its parts and respellings may be innocent
    token: bool  # short: matched as a whole token only
    check: bytes  # the same for all that were made under one key
    parts: bytes
    segments: bytes

    def __repr__(self) -> str:
        return f"Fingerprint({self.name})"

    def problem(self, check: bytes) -> str | None:
        """Why this cannot be used under the key that `check` is of, or None."""
        if self.check != check:
            return "fingerprints were made under another key"
        if (
            len(self.mac) != DIGEST_BYTES
            or len(self.folded) != DIGEST_BYTES
            or not 0 < self.length <= LONGEST
            or len(self.parts) % _PART.itemsize
            or len(self.segments) % _SEGMENT.itemsize
        ):
            return "fingerprints are damaged"
        return None


def split(store: Store, count: int) -> list[tuple[bytes, bytes]]:
    """The rows of parts and of segments of each of `count` values."""
    parts: list[tuple[NDArray[np.uint32], NDArray[Any]]] = []
    segments: list[tuple[NDArray[np.uint32], NDArray[Any]]] = []
    for width, entries in _banks(store):
        whole = entries.numbers >= WHOLE
        numbers = entries.numbers[~whole]
        parts.append(
            (
                numbers >> np.uint32(VALUE_SHIFT),
                _rows(_PART, entries.picked(~whole), width, numbers & np.uint32(_FORMS)),
            )
        )
        numbers = entries.numbers[whole] - np.uint32(WHOLE)
        own = store.segments
        rows = _rows(_SEGMENT, entries.picked(whole), width, ~own.plain[numbers])
        rows["before"], rows["length"], rows["lead"] = own.befores[numbers], own.lengths[numbers], own.leads[numbers]
        segments.append((own.values[numbers], rows))
    return list(zip(_by_value(parts, count), _by_value(segments, count), strict=True))


def _banks(store: Store) -> list[tuple[int, Entries]]:
    folded = [] if store.folded_bank is None else [(_FOLDED, store.folded_bank.entries)]
    return [(bank.width, bank.entries) for bank in store.banks] + folded


def _rows(kind: np.dtype[Any], entries: Entries, width: int, forms: NDArray[Any]) -> NDArray[Any]:
    rows = np.zeros(len(entries), dtype=kind)
    rows["tag"], rows["digest"], rows["width"], rows["form"] = entries.tags, entries.digests, width, forms
    return rows


def _by_value(pieces: list[tuple[NDArray[np.uint32], NDArray[Any]]], count: int) -> list[bytes]:
    if not pieces:
        return [b""] * count
    values = np.concatenate([value for value, _ in pieces])
    rows = np.concatenate([rows for _, rows in pieces])[np.argsort(values, kind="stable")]
    ends = np.cumsum(np.bincount(values, minlength=count)).tolist()
    return [rows[start:end].tobytes() for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def settled(stored: Sequence[Fingerprint], first: int, first_segment: int) -> Settled:
    """The tables of stored fingerprints, for values and segments that are numbered from these.

    Raises `FingerprintError`."""
    parts, part_values = _read(_PART, [one.parts for one in stored], first)
    segments, segment_values = _read(_SEGMENT, [one.segments for one in stored], first)
    _check(segments)
    numbers = np.arange(len(segments), dtype=np.int64) + WHOLE + first_segment
    tables = [
        _entries(parts, (part_values << VALUE_SHIFT) | parts["form"]),
        _entries(segments, numbers),
    ]
    entries = {
        width: [own.picked(widths == width) for own, widths in tables]
        for width in sorted({int(width) for _, widths in tables for width in np.unique(widths)} - {_FOLDED})
    }
    folded = [own.picked(widths == _FOLDED) for own, widths in tables]
    return Settled(
        entries,
        folded,
        Segments(
            segment_values.astype(np.uint32),
            segments["before"].astype(np.uint32),
            segments["length"].astype(np.uint32),
            segments["lead"].astype(np.uint32),
            segments["form"] == 0,
        ),
    )


def _read(kind: np.dtype[Any], data: Iterable[bytes], first: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    pieces = list(data)
    rows = np.frombuffer(b"".join(pieces), dtype=kind)
    widths = set(np.unique(rows["width"]).tolist())
    known = set(GATES) | ({_FOLDED} if kind is _SEGMENT else set())
    if not widths <= known or (len(rows) and int(rows["form"].max()) >= _NO_FORM):
        raise FingerprintError("fingerprints are damaged")
    counts = [len(piece) // kind.itemsize for piece in pieces]
    return rows, np.repeat(np.arange(first, first + len(pieces), dtype=np.int64), counts)


def _check(rows: NDArray[Any]) -> None:
    """Segments that lie around their windows, and are not longer than any form."""
    widths = np.where(rows["width"] == _FOLDED, FOLDED_WIDTH, rows["width"]).astype(np.int64)
    ends = rows["before"].astype(np.int64) + widths
    if (
        bool((ends > rows["length"]).any())
        or bool((rows["length"] > _LONGEST_FORM).any())
        or bool((rows["lead"] > LONGEST).any())
    ):
        raise FingerprintError("fingerprints are damaged")


def _entries(rows: NDArray[Any], numbers: NDArray[np.int64]) -> tuple[Entries, NDArray[np.uint8]]:
    own = Entries(rows["tag"].astype(np.uint32), rows["digest"].astype(np.uint64), numbers.astype(np.uint32))
    return own, rows["width"]
