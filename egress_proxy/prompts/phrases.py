"""The operator's own phrases: plain words in a row, where `*` stands for up to six words of any kind.

They are no regular expressions on purpose: whatever is written, looking for it takes time in proportion to the prompt.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from egress_proxy.prompts.words import Words

ANY: Final = "*"
_SPAN: Final = 6  # words that one star may stand for


class Phrases:
    """Some phrases. Case does not matter, nor do signs between the words of a prompt."""

    def __init__(self, phrases: Sequence[str]) -> None:
        self._phrases = tuple(tuple(phrase.lower().split()) for phrase in phrases)

    def __bool__(self) -> bool:
        return bool(self._phrases)

    def stand_in(self, words: Words) -> bool:
        """Whether one of them stands in a sentence."""
        return any(_stands(phrase, words.low) for phrase in self._phrases)


def _stands(phrase: tuple[str, ...], words: Sequence[str]) -> bool:
    """Follow all places that the phrase may have come to at once, one word of the sentence after the other."""
    # (word of the phrase that is due, words that a star may still take)
    states = {(0, 0)}
    for word in (*words, ""):
        due = _past_stars(phrase, states)
        if any(index == len(phrase) for index, _ in due):
            return True
        states = {(0, 0)}
        for index, spare in due:
            if phrase[index] == word:
                states.add((index + 1, 0))
            if spare:
                states.add((index, spare - 1))
    return False


def _past_stars(phrase: tuple[str, ...], states: set[tuple[int, int]]) -> set[tuple[int, int]]:
    moved = set()
    for state in states:
        index, spare = state
        while index < len(phrase) and phrase[index] == ANY:
            index, spare = index + 1, spare + _SPAN
        moved.add((index, spare))
    return moved
