"""Where a text that is being written is looked at: a function of the text alone, however it comes.

At the ends of lines; and in a line at the ends of sentences, as long as all of it so far is plain words. In plain words
nothing is found later that was not found before, but what the words just after tell: see `tail`. Checkpoints lie at
least a 64th of the text apart, so that up to the last of them no more than 64 times the text is scanned.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

APART: Final = 64
_CLOSING: Final = r"[)\]*_`\"'\u201d\u2019]"
_STOP: Final = rf"[.!?…]{_CLOSING}{{0,3}}[ ]"
_LINE: Final = re.compile(r"\n")
_SENTENCE: Final = re.compile(_STOP)
_EITHER: Final = re.compile(rf"\n|{_STOP}")
_LOOK_BACK: Final = 4  # characters of the end of a sentence before its space
_LONGEST: Final = 2_048  # of a sentence; a longer one is none
_WORD: Final = r"(?:[A-Z]{1,6}s?|[A-Z]?[a-zà-öø-ÿ]{1,20}(?:[A-Z][a-z]{2,20}){0,3})(?![^\W\d_])"
# Words and names of things, short numbers, signs of their own; with what marks and quotes them, and ends a clause.
_PLAIN: Final = re.compile(
    rf"[(\[*_`\"'\u201c\u2018]{{0,4}}(?:{_WORD}(?:[-'\u2019/._]{_WORD}){{0,8}}(?:\(\))?|\d{{1,4}}(?:[.,:]\d{{1,3}}){{0,2}}%?|[-\u2013\u2014&+#*>])"
    r"(?:\.[a-z]{1,4})?[)\]*_`\"'\u201d\u2019.,;:!?…]{0,6}"
)
# The words of `cues`, and those by which other rules look for values made of words.
_CUE: Final = re.compile(
    r"key|tok|pass(?!\b|e[sd]\b|ing\b)|pw|cred|cret|auth|kennwort|zugang|mdp|contrase|clave|senha|wachtwoord|has[lł]o|heslo|senord"
    r"|adgangskode|salasana|parola|jelsz|login|log in|schl[uü]ssel|cl[eé]s?\b|chiave|chave|llave|\bpin\b|seed|mnemonic"
    r"|recovery|backup|wallet|phrase|\bcodes?\b|otp\b|bearer|jwt",
    re.IGNORECASE,
)


class Checkpoints:
    """The checkpoints of one text, as it comes."""

    def __init__(self) -> None:
        self._length = 0
        self._last = 0
        self._open = ""  # of the last line, since the last end of a sentence, while it is plain
        self._plain = True

    def add(self, piece: str) -> Iterator[int]:
        """Take what comes next. Gives the checkpoints in it."""
        start = self._length - len(self._open)  # of `text`
        text = self._open + piece
        done, at = 0, max(0, len(self._open) - _LOOK_BACK)
        self._length += len(piece)
        while end := (_EITHER if self._plain else _LINE).search(text, at):
            at = end.end()
            self._plain = end[0] == "\n" or _is_plain(text[done:at])
            if self._plain and max(1, (start + at) // APART) <= start + at - self._last:
                self._last = start + at
                yield start + at
            done = at
        self._plain = self._plain and len(text) - done <= _LONGEST
        self._open = text[done:] if self._plain else ""


def sentence_ends(line: str) -> Iterator[int]:
    """Where sentences end in a line, or in what there is of it, up to what is not plain: the checkpoints are among
    them."""
    done = 0
    for end in _SENTENCE.finditer(line):
        if not _is_plain(line[done : end.end()]):
            return
        done = end.end()
        yield done


def _is_plain(sentence: str) -> bool:
    return len(sentence) <= _LONGEST and not _CUE.search(sentence) and all(map(_PLAIN.fullmatch, sentence.split()))
