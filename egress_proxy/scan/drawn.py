"""Values without a digit and without a sign that were drawn by lot: letters at random, or words.

Such a value is told from a name in a program by its looks alone, so it counts only where a password or a key belongs.
"""

from __future__ import annotations

import re

from egress_proxy.scan.phrases import is_joined, is_passphrase
from egress_proxy.scan.random_text import masked, random_score

_SHORTEST = 10
_RANDOM, _ENOUGH = 0.5, 0.36  # of letters alone, and of those that hardly make words
_MOST_WORDS = 0.6
_FEWEST_GAPS = 3
_WORD = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{4,}")


def random_letters(value: str) -> bool:
    """Letters of both cases, and no names put together: of 32,000 such names in programs some 0.6 % are taken for it,
    of random letters 94 % to 98 %."""
    if len(value) < _SHORTEST or not value.isalpha() or value.islower() or value.isupper() or value[1:].islower():
        return False
    score = random_score(value)
    return (score >= _RANDOM or (score >= _ENOUGH and _in_words(value) <= _MOST_WORDS)) and not masked(value)


def _in_words(value: str) -> float:
    return sum(map(len, _WORD.findall(value))) / len(value)


def drawn(value: str) -> bool:
    """Random letters, or words that were drawn by lot: with spaces between only four small ones, for titles and what
    is said to users in other languages have capitals."""
    if value.isalpha():
        return random_letters(value)
    if " " in value and not (value.islower() and value.isascii() and value.count(" ") >= _FEWEST_GAPS):
        return False
    return is_passphrase(value) or is_joined(value)
