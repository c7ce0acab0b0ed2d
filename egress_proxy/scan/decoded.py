"""The seam to what is derived from a text by decoding: its findings, mapped back to the text they came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

from egress_proxy.model import Finding, Form

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet


class Derived(Protocol):
    """A text that was decoded from a run of another."""

    @property
    def text(self) -> str: ...

    @property
    def kind(self) -> str:
        """What it was written in."""
        ...

    @property
    def rules(self) -> bool:
        """Whether rules may be run over it, too: not over what is only turned round or shifted."""
        ...

    def changed(self, start: int, end: int) -> bool:
        """Whether characters `start` to `end` stood in the original otherwise: what did not was seen there."""
        ...

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The run of the original that characters `start` to `end` of `text` came from, half-open."""
        ...


DerivedTexts: TypeAlias = "Sequence[tuple[int, Derived]]"  # with the numbers of the texts that they are of


class Derivation(Protocol):
    """All that was decoded from one text."""

    @property
    def texts(self) -> Sequence[Derived]: ...

    @property
    def undecided(self) -> bool:
        """Whether there was more than the bounds allow to decode."""
        ...

    @property
    def cost(self) -> int:
        """What decoding took, in characters read (`tally`)."""
        ...


class Deriver(Protocol):
    """What the engine asks for derived texts; the package `derive` is one."""

    def derivations(
        self,
        texts: Sequence[str],
        joined: str,
        *,
        rearranged: bool,
        closed: AbstractSet[int],
        hints: Sequence[tuple[int, Sequence[tuple[int, int, int]]]] | None = None,
    ) -> Iterable[tuple[int, Derivation]]:
        """What can be decoded from each text, by its number, where that is anything. `joined` is all of them, a newline
        between. What only known values are looked for in is left out where `rearranged` is not set, and the texts that
        are `closed`, too. `hints` are those of the kernel, by number of the text, if somebody has them: nobody is asked
        where there are none."""
        ...


def mapped(findings: Iterable[Finding], derived: DerivedTexts, form: Form) -> Iterator[Finding]:
    """Findings in a batch of derived texts, as findings in the texts whose numbers stand beside these."""
    for found in findings:
        text, own = derived[found.text]
        if own.changed(found.start, found.end):
            start, end = own.span(found.start, found.end)
            yield Finding(text, start, end, found.detector, found.name, form, found.value)
