"""The forms of many values, put together until there are enough of them for vector operations (`settling`).

A draft holds plaintext, in codes, until it is settled: windows are chosen, tagged and digested, and it is dropped.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from msgspec import Struct

from egress_proxy.scan import recipes
from egress_proxy.scan.compiled import KNOWN
from egress_proxy.scan.forms import Form, forms
from egress_proxy.scan.settling import Settled, Settling, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from egress_proxy.scan.fingerprints import Keys

_Of: TypeAlias = tuple[int, int, int, int, int]
_COLUMNS_OF = 5  # of a value


class Value(Struct, frozen=True):
    """What of a value its forms have in common."""

    number: int
    parts: bool  # whether its parts count: they are no accident. Of a plain one the whole counts too
    mask: int = 0  # what `Draft.mask` gave, or 0: nothing in it is innocent
    of: int = 0  # codes of its plain form
    lead: int = 0
    least: int = 0  # codes of a form, for it to count

    @property
    def columns(self) -> _Of:
        return self.number, int(self.parts), self.mask, self.of, self.lead


class _Forms(Struct):
    """Forms that were made one by one."""

    codes: list[bytes]
    shapes: list[int]
    values: list[_Of]
    counts: list[int]  # of forms, by value

    def add(self, of: _Of, more: Iterable[Form]) -> int:
        """Take in forms of a value. Gives how many codes these are."""
        length, count = 0, len(self.codes)
        for form in more:
            self.codes.append(form.codes)
            self.shapes.append(form.shape)
            length += len(form.codes)
        self.counts.append(len(self.codes) - count)
        self.values.append(of)
        return length

    def rows(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Shapes, lengths, and what is known of the values, a row a form."""
        lengths = np.fromiter(map(len, self.codes), dtype=np.int64, count=len(self.codes))
        values = np.array(self.values, dtype=np.int64).reshape(-1, _COLUMNS_OF)
        return np.array(self.shapes, dtype=np.int64), lengths, np.repeat(values, self.counts, axis=0)


class Draft:
    """Forms of values, to be settled."""

    def __init__(self) -> None:
        self._forms = _Forms([], [], [], [])
        self._ascii: list[bytes] = []  # values whose forms the kernel makes
        self._least: list[int] = []
        self._ascii_values: list[_Of] = []
        self._masks = [0]  # innocent codes of values before each place, value after value
        self._length = 0

    def __len__(self) -> int:
        """Codes that wait, or as many as they may become."""
        return self._length

    def mask(self, innocent: bytes) -> int:
        """Take in which codes of a value's plain form are innocent (1, else 0). Gives what `add` is told."""
        base = len(self._masks)
        self._masks += accumulate(innocent, initial=0)
        return base

    def add(self, of: Value, value: str, *, few: bool = False) -> None:
        """Take in a value in all its forms, or in the commonest ones, that have the codes it asks for."""
        if KNOWN is not None and value.isascii():
            self._ascii.append(value.encode("ascii"))
            self._least.append(of.least)
            self._ascii_values.append(of.columns)
            self._length += recipes.most_codes(len(value))
        else:
            self.add_forms(of, (form for form in forms(value, few=few) if len(form.codes) >= of.least))

    def add_forms(self, of: Value, more: Iterable[Form]) -> None:
        """Take in forms of a value."""
        self._length += self._forms.add(of.columns, more)

    def settled(self, keys: Keys, first: int, *, few: bool = False) -> Settled:
        """The windows of all forms, with segments that are numbered from `first`."""
        parts = [self._forms.rows()]
        codes = [np.frombuffer(b"".join(self._forms.codes), dtype=np.uint8)]
        if KNOWN is not None and self._ascii:
            made = recipes.expanded(KNOWN, self._ascii, self._least, few=few)
            values = np.repeat(np.array(self._ascii_values, dtype=np.int64), made.counts, axis=0)
            parts.append((made.shapes, made.lengths, values))
            codes.append(made.codes)
        rows = rows_of(*(np.concatenate(column) for column in zip(*parts, strict=True)))
        masks = np.array(self._masks, dtype=np.int64)
        return Settling(rows, np.concatenate(codes), masks, keys, first).settled()
