"""The door to the compiled part of known values (`native/known*.c`): its types, its functions, what they are given.

Without a kernel `fallback` does the same. Whoever calls one of these has checked that all positions lie in the codes.
"""

from __future__ import annotations

import ctypes
from ctypes import Structure, c_char_p, c_double, c_int, c_int64, c_size_t, c_uint32, c_uint64, c_void_p
from typing import TYPE_CHECKING, Any, Final

from egress_proxy.native import KERNEL

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_BANKS: Final = 8


class CBank(Structure):
    """`struct bank`."""

    _fields_ = (
        ("width", c_uint32),
        ("gate", c_uint32),
        ("word_shift", c_uint32),
        ("bucket_shift", c_uint32),
        ("sparse", c_uint32),
        ("filter", c_void_p),
        ("buckets", c_void_p),
        ("tags", c_void_p),
        ("digests", c_void_p),
        ("numbers", c_void_p),
    )


class CStore(Structure):
    """`struct store`."""

    _fields_ = (
        ("mixers", c_uint64 * 3),
        ("state", c_uint64 * 8),
        ("befores", c_void_p),
        ("lengths", c_void_p),
        ("canonical", c_void_p),
        ("folding", c_void_p),
        ("classes", c_void_p),
        ("banks", c_uint32),
        ("folded", c_uint32),
        ("max_hits", c_uint32),
        ("max_verified", c_uint32),
        ("bank", CBank * MAX_BANKS),
    )


class CRecord(Structure):
    """`struct record`."""

    _fields_ = (("start", c_uint64), ("end", c_uint64), ("number", c_uint32), ("gap", c_uint32))


class CRows(Structure):
    """`struct rows`."""

    _fields_ = tuple(
        (column, c_void_p) for column in ("starts", "lengths", "strides", "varieties", "reverse", "masks", "of")
    )


class CTables(Structure):
    """`struct tables`."""

    _fields_ = tuple((name, c_void_p) for name in ("words", "sizes", "base64", "base32", "base85"))


class Kernel:
    """The functions of `native/known*.c`, typed."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self.keyed = library.known_keyed
        self.keyed.argtypes, self.keyed.restype = (c_char_p, c_char_p, c_void_p), None
        self.tags = library.known_tags
        self.tags.argtypes, self.tags.restype = (c_void_p, c_uint32, c_void_p, c_void_p, c_size_t, c_void_p), None
        self.digests = library.known_digests
        self.digests.argtypes, self.digests.restype = (c_void_p,) * 4 + (c_size_t, c_void_p), None
        self.variety = library.known_variety
        self.variety.argtypes, self.variety.restype = (c_void_p, c_void_p, c_uint32, c_size_t, c_void_p), None
        self.fill = library.known_fill
        self.fill.argtypes = (c_void_p, c_uint32, c_void_p, c_uint32, c_size_t, c_void_p, c_size_t)
        self.fill.restype = None
        self.forms = library.known_forms
        self.forms.argtypes = (c_void_p, c_void_p, c_size_t, c_char_p, c_void_p, c_void_p, c_size_t, *(c_void_p,) * 4)
        self.forms.restype = c_size_t
        self.windows = library.known_windows
        self.windows.argtypes = (c_void_p, c_void_p, c_size_t, c_int64, c_void_p, c_double, c_void_p, c_void_p)
        self.windows.restype = c_size_t
        self.split = library.known_split
        self.split.argtypes, self.split.restype = (*(c_void_p,) * 3, c_size_t, *(c_void_p,) * 4), None
        self.sorted = library.known_sorted
        self.sorted.argtypes = (*(c_void_p,) * 3, c_size_t, c_uint32, *(c_void_p,) * 3)
        self.sorted.restype = c_int64
        self.trim = library.known_trim
        self.trim.argtypes, self.trim.restype = (), None
        self.find = library.known_find
        self.find.argtypes = (c_void_p, c_void_p, c_int, c_void_p, c_size_t, c_void_p, c_size_t, c_int)
        self.find.restype = c_int64


KNOWN: Final[Kernel | None] = None if KERNEL is None else Kernel(KERNEL)


def address(array: NDArray[Any]) -> int:
    """Where an array's data lies. It must be kept alive, contiguous, while the address is in use."""
    return int(array.ctypes.data)
