"""A text with secrets planted in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tests.corpus.parts import Parts


class Planted(NamedTuple):
    """A text and the secrets in it, each as it stands there."""

    text: str
    secrets: tuple[str, ...]

    def spans(self) -> tuple[tuple[int, int], ...]:
        """Give where each secret first stands, half-open."""
        found = [(self.text.index(secret), len(secret)) for secret in self.secrets]
        return tuple((start, start + length) for start, length in found)


Kind = Callable[[Parts, int], Planted]


def pick(instance: int, texts: Sequence[str], *secrets: str) -> Planted:
    """One of some texts with these secrets: each instance another, in turn."""
    return Planted(texts[instance % len(texts)], secrets)
