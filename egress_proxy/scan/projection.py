"""Code points as bytes, for what sees bytes: Hyperscan and the compiled kernel.

Hyperscan has PCRE's ASCII classes, the finders have Python's Unicode classes. So each code point is projected to one
ASCII byte (offsets stay the same) of the class that Python gives it: a letter that folds to an ASCII one when case is
ignored becomes that one (U+017F s, U+212A k, U+0130 and U+0131 i), other word characters `a`, digits `0`, white space a
space, everything else `~`.
"""

from __future__ import annotations

import re
from ctypes import c_char_p, c_int, c_size_t, c_void_p
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from egress_proxy.native import KERNEL
from egress_proxy.scan.codes import codes_of

if TYPE_CHECKING:
    from ctypes import CDLL

    from numpy.typing import NDArray

Bytes: TypeAlias = "bytes | NDArray[np.uint8]"
_FOLDS = {0x017F: "s", 0x212A: "k", 0x0130: "i", 0x0131: "i"}
_CLASSES = (("a", re.compile(r"\w+")), ("0", re.compile(r"\d+")), (" ", re.compile(r"\s+")))
"""What stands for the code points of Python's classes, a later one before an earlier; `~` stands for all others."""
_LAST = 0x110000
_FEW = 512  # shorter texts are translated sooner than asked whether they need it

if KERNEL is not None:
    KERNEL.project_codes.argtypes = (c_void_p, c_size_t, c_size_t, c_void_p, c_void_p, c_void_p)
    KERNEL.project_codes.restype = None
    KERNEL.has_separators.argtypes = (c_char_p, c_size_t)
    KERNEL.has_separators.restype = c_int


class Projection(NamedTuple):
    """One byte for each code point of a text, twice over."""

    projected: Bytes  # all ASCII: what Hyperscan sees
    marked: Bytes  # ASCII as it is, what stands for others above 127; empty where there is no kernel to read it


@cache
def _ascii_table() -> bytes:
    """ASCII stays as it is, but for the separators that only Python calls white space."""
    return bytes(ord(" ") if chr(code).isspace() and code not in b"\t\n\v\f\r" else code for code in range(256))


@cache
def _table() -> NDArray[np.uint8]:
    """The projection of every code point. Built once; read-only."""
    every = np.arange(_LAST, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    table = np.full(_LAST, ord("~"), dtype=np.uint8)
    for byte, every_of in _CLASSES:  # by runs: asking each of a million code points is most of a second of a start
        for run in every_of.finditer(every):
            table[run.start() : run.end()] = ord(byte)
    for code, byte in _FOLDS.items():
        table[code] = ord(byte)
    table[:128] = np.frombuffer(_ascii_table(), dtype=np.uint8)[:128]
    table.flags.writeable = False
    return table


def project(text: str) -> bytes:
    """One ASCII byte a code point, lone surrogates included."""
    return bytes(projection(text).projected)


def projection(text: str, kernel: CDLL | None = KERNEL) -> Projection:
    """The projection of a text, through the kernel where there is one. Any `str` has one."""
    if text.isascii():
        encoded = text.encode("ascii")
        if kernel is None or len(encoded) < _FEW or kernel.has_separators(encoded, len(encoded)):
            return Projection(encoded.translate(_ascii_table()), encoded)
        return Projection(encoded, encoded)
    if kernel is None:
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
        return Projection(_table()[points].tobytes(), b"")
    codes, width = codes_of(text)
    projected, marked = np.empty((2, len(text)), dtype=np.uint8)
    kernel.project_codes(codes, width, len(text), classes(), projected.ctypes.data, marked.ctypes.data)
    return Projection(projected, marked)


def classes() -> int:
    """Where the kernel reads the projection of every code point."""
    return int(_table().ctypes.data)
