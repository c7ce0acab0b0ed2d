"""What every source gives: names and secrets. And what is wrong with a text, without a word of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from egress_proxy.model import Secret

Entry = tuple[str, Secret]
Found = Iterator[tuple[str, str]]
"""Names and plain values, on their way from a text to entries. A name that is empty or begins with a dot is completed
with the label of the source."""
Parser = Callable[[str], Found]


class FormatError(Exception):
    """A text that is not of its format. `sentence` quotes nothing; `line` counts from 1, 0 where there is none."""

    def __init__(self, sentence: str, line: int = 0) -> None:
        super().__init__(sentence)
        self.sentence: Final = sentence
        self.line: Final = line


def entries(found: Iterable[tuple[str, str]], label: str) -> tuple[Entry, ...]:
    """Wrap what was found; `label` names the source in names that need it (`id_rsa`, `pass.2`)."""
    return tuple((label + name if not name or name.startswith(".") else name, Secret(text)) for name, text in found)
