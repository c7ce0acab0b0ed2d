"""How unlike a name or a word some letters and digits in a row are.

Two signs are counted, of each two characters in a row: a change between small letters, capitals and digits (but for the
one after a word's capital), and a pair of letters that words hardly have. Names have few of both, however long:
`Ed25519PublicKey` 0.2 a pair, `issuecomment3814681997` 0.05. Of random letters and digits it is 0.7 on average, without
capitals 0.6.
"""

from __future__ import annotations

import re
from array import array
from string import ascii_lowercase
from typing import Final

# Pairs of letters that words hardly have, by the first of them.
_UNUSUAL: Final = {
    "b": "cdfghkmnpqvwxz", "c": "bdfgjmpqvwxz", "d": "bcfhjkpqtxz", "f": "bcdghjkmnpqvwxz",
    "g": "bcdfjkpqvwxz", "h": "bcdfghjkpqvxz", "j": "bcdfghjklmnpqrstvwxyz", "k": "bcdfghjkmpqrtvxz",
    "l": "hjqrxz", "m": "cdfghjkqrtvwxz", "n": "bhmpqrwxz", "p": "bcdfgjkmnqvwxz",
    "q": "bcdefghijklmnopqrstvwxyz", "r": "hjqxz", "s": "bdfgjrvxz", "t": "bdfgjkmnpqvxz",
    "v": "bcdfghjklmnpqrtuvwxyz", "w": "bcdfgjkmpquvxz", "x": "bdfghjklmnqrsuvwxyz",
    "z": "bcdfghjkmnpqrstvwx",
    "a": "aejoq", "i": "hijuwy", "o": "jqz", "u": "ahjkouvwy", "y": "bfghjkqruvwxyz",
}  # fmt: skip
_PAIR: Final = re.compile("|".join(f"{first}(?=[{seconds}])" for first, seconds in _UNUSUAL.items()))
# The same as bits of the second letter, a word of four bytes for each first one: as the kernel has them.
UNUSUAL_BITS: Final = array(
    "I", (sum(1 << ord(second) - ord("a") for second in _UNUSUAL.get(first, "")) for first in ascii_lowercase)
)
_CHANGE: Final = re.compile(r"[a-z](?=[A-Z0-9])|[A-Z](?=[0-9])|[0-9](?=[A-Za-z])")
_FEWEST_DIFFERENT: Final = 8
_WITH_CAPITALS: Final = 0.46
_WITHOUT: Final = 0.42


def unusual_pairs(letters: str) -> int:
    """Pairs of letters that words hardly have."""
    return len(_PAIR.findall(letters.lower()))


def signs(run: str) -> int:
    """Changes between kinds of characters, and pairs of letters that words hardly have."""
    return len(_CHANGE.findall(run)) + unusual_pairs(run)


def is_random(run: str) -> bool:
    """Whether letters and digits in a row, 12 and more, are mixed as no name mixes them."""
    least = _WITHOUT if run.islower() or run.isupper() else _WITH_CAPITALS
    return signs(run) >= least * (len(run) - 1) and len(set(run)) >= _FEWEST_DIFFERENT
