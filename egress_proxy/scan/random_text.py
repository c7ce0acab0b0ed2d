"""How random a text looks: pairs of characters that words and identifiers seldom have.

A pair of letters counts when it is rare in words of English and in identifiers of code (the 217 common ones, which make
up 90 % of the pairs in words, stand below; measured on documentation and code in six languages), a change between
letter and digit counts, and one from lower to upper case counts in part, for camelCase has it too. Random letters and
digits reach 0.75 +- 0.1, hexadecimal ones 0.63, words and identifiers 0 to 0.3. One table look-up a pair, in the kernel
where there is one.
"""

from __future__ import annotations

import ctypes
import re
import string
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from egress_proxy.native import KERNEL

if TYPE_CHECKING:
    from collections.abc import Callable

_PAIRS = (
    "a:bcdgilmnprstuv b:aeilo c:acehiklortu d:adeior e:acdefglmnprstvwxy f:aefilortu g:aehinr h:aeiot"
    " i:abcdefglmnoprstvz k:e l:adeiloty m:abeimopu n:acdefgiknostu o:bcdfgiklmnoprstuvw p:aehiloprtu q:u"
    " r:acdegiklmnorstuvy s:acehiopstuy t:aehiorstuy u:abcdeilmnprst v:aei w:aehinor x:ceipt y:ps"
)
ONE = 20  # the weight of a rare pair, of which the others are parts
_CAMEL, _DIGITS = 12, 5
_NO_PAIR = 255
MOST = 96  # characters that are looked at
_FEWEST = 5  # distinct characters of anything random
_MASK = re.compile(
    r"abcdefgh|ABCDEFGH|x{4}|X{4}|\*{3}|\.{3}|0{12}|EXAMPLE|example|[Yy]our[_-]|YOUR_|placeholder|PLACEHOLDER|REDACTED|redacted|dummy"
    r"|REPLACE|(?i:my[_-]?(?:token|secret|api[_-]?key|password))"
)


@cache
def weights() -> dict[str, int]:
    """The weight of every pair of ASCII letters and digits, up to `ONE`."""
    common = {
        first + second for first, _, seconds in (part.partition(":") for part in _PAIRS.split()) for second in seconds
    }
    alphabet = string.ascii_letters + string.digits
    return {first + second: _weight(first, second, common) for first in alphabet for second in alphabet}


def _weight(first: str, second: str, common: set[str]) -> int:
    if first.isdigit() and second.isdigit():
        return _DIGITS
    if first.isdigit() or second.isdigit():
        return ONE
    if first.islower() and second.isupper():
        return _CAMEL
    return 0 if (first + second).lower() in common else ONE


@cache
def table() -> bytes:
    """The weights for the kernel: a row of 128 for each first character, 255 where a pair has none."""
    made = bytearray([_NO_PAIR]) * (128 * 128)
    for pair, weight in weights().items():
        made[ord(pair[0]) * 128 + ord(pair[1])] = weight
    return bytes(made)


def words(text: str) -> frozenset[str]:
    """The words of a text that lists them."""
    return frozenset(text.split())


def _pairs(text: str) -> tuple[int, int]:
    """How many pairs have a weight, and the sum of these."""
    known = weights()
    found = [known[pair] for pair in map("".join, pairwise(text)) if pair in known]
    return len(found), sum(found)


def _of_kernel(kernel: ctypes.CDLL) -> Callable[[str], tuple[int, int]]:
    """The same. It takes less than a microsecond, so the interpreter's lock is kept."""
    kinds = ctypes.c_uint64, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t
    pairs = ctypes.PYFUNCTYPE(*kinds)(("random_pairs", kernel))
    weights_ = table()
    return lambda text: divmod(pairs(weights_, text.encode("latin-1", "replace"), len(text)), 1 << 32)


_counted = _pairs if KERNEL is None else _of_kernel(KERNEL)


def random_score(text: str) -> float:
    """From 0 for words to 1; 0 for fewer than 6 pairs of letters and digits."""
    count, total = _counted(text[:MOST])
    return total / (ONE * count) if count >= 6 else 0.0  # noqa: PLR2004  fewer say nothing


def masked(text: str) -> bool:
    """Whether it only stands for a secret: `xxxx`, `sk-your-key`, `AKIA…EXAMPLE`."""
    return len(set(text)) < _FEWEST or _MASK.search(text[:MOST]) is not None
