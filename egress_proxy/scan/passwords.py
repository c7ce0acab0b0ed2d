"""Whether a string that stands among others of all sorts is a password: not a host, a user, a path, a word, a version.

For places that say little: an argument of a call, what is piped into a program, what stands behind a user's name.
"""

from __future__ import annotations

import re

from egress_proxy.scan.code_names import is_algorithm
from egress_proxy.scan.phrases import USUAL, is_passphrase
from egress_proxy.scan.prose import bare_password
from egress_proxy.scan.random_text import masked, random_score
from egress_proxy.scan.random_tokens import KNOWN_STARTS
from egress_proxy.scan.values import looks_random, not_placeholder

_SIGN = re.compile(r"[!#$%^&*?@+~]")
# Addresses, data sources, templates, names of files, constants, headers, versions of packages.
_OTHER = re.compile(
    r".*://.*|[\w.+-]+@[A-Za-z][\w-]*\.[\w.-]*|[\w-]+(?:\.[\w-]+)+(?::\d+)?|[A-Za-z_.-]{2,}=.*"
    r"|/.*|.*/.*/.*|[A-Z][A-Z0-9_-]*|[a-z0-9]+(?:[_-][a-z0-9]+)+|[A-Za-z]+\d{1,3}|[%$#.].*|.*%[sdv@].*"
    r"|@?[\w./-]+@v?\d+(?:\.\d+)+\S*|[a-z]+(?:[+&?!][a-z0-9]*)+|#[0-9a-f]{3,8}|.*!important|@[a-z][\w-]*/[\w.-]+",
    re.DOTALL,
)
_NEVER = re.compile(r"://|[aA]-[zZ]0-9|[ ;{}()<>\\]|\A[A-Za-z][\w.-]{1,30}:")
_LONGEST_CHOSEN = 40
_SHORTEST, _LONGEST, _RANDOM, _SURELY_RANDOM = 8, 96, 0.42, 0.6
_DOTTED = 0.4
_SHORTEST_LETTERS, _RANDOM_LETTERS = 12, 0.5
_KINDS = re.compile("[a-z]"), re.compile("[A-Z]"), re.compile("[0-9]")


# Words with a number as people put them together; names in programs have theirs otherwise.
_CHOSEN = re.compile(
    r"(?:[A-Z][a-z]{2,}){2}\d{3,6}|(?:[A-Z][a-z]{2,}){3,8}\d{1,6}|[a-z]{3,}\d{2,6}[A-Z]{3,}|(?=[A-Z][a-z]{0,11}\d)[A-Z][a-z0-9]{3,12}_\d{2,6}"
    r"|[A-Z][a-z]{3,}_\d{3,6}|[a-z]{3,}-[a-z]{3,}-\d{3,6}"
)
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


def chosen(value: str) -> bool:
    """Whether a value is words that settings and programs do not have, with a number: `HazelRiver2041`."""
    if not _SHORTEST < len(value) <= _LONGEST_CHOSEN or _CHOSEN.fullmatch(value) is None:
        return False
    return not is_algorithm(value) and not any(part.lower() in USUAL for part in _PARTS.findall(value))


def password_like(value: str) -> bool:
    """With signs, or random."""
    if not _SHORTEST <= len(value) <= _LONGEST or not not_placeholder(value) or masked(value):
        return False
    if _NEVER.search(value) or value.startswith(KNOWN_STARTS):
        return False
    score = random_score(value)
    if value.isalpha():
        return value.isascii() and len(value) >= _SHORTEST_LETTERS and score >= _RANDOM_LETTERS
    if is_passphrase(value) or chosen(value):
        return True
    if (not bare_password(value) or _OTHER.fullmatch(value)) and score < _SURELY_RANDOM:
        return False
    return _SIGN.search(value) is not None or (looks_random(value) and score >= _RANDOM)


def noted(value: str) -> bool:
    """Whether a value may be meant where a note surely has a password: as in a sentence, or random with a dot in it."""
    return bare_password(value) or (
        _SHORTEST <= len(value) <= _LONGEST and looks_random(value) and random_score(value) >= _DOTTED
    )


def unmistakable(value: str) -> bool:
    """Whether it is `surely_password`, or words with a number as people choose them."""
    return surely_password(value) or chosen(value)


def surely_password(value: str) -> bool:
    """With letters of both cases and a digit, and with signs or random."""
    kinds = _KINDS[:2] if value.isalpha() else _KINDS
    return all(kind.search(value) for kind in kinds) and password_like(value)
