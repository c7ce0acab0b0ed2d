"""What was decided about texts that pieces of a value may stand in, so that it is decided once (`scan.pieces`).

Two sorts of verdicts are kept, and what may be forgotten of them differs.

*Clean*: the text has crossed, and its pieces are among those that later ones are joined to. A text whose verdict is
forgotten is judged anew, with the pieces that there are now. That can withhold it, if a value has become known since,
and cannot release what would not have been released before. So these have a table of fixed size for all trees
(`Clean`), in which a newer one takes the place of an older one.

*Withheld*: the text gives a value away with pieces of earlier texts. Judged anew it would cross as soon as more than
`scan.pieces.KEPT` other pieces have been said, and whoever wants it to cross can have them said. So no such verdict is
ever forgotten while its session exists. `MOST_WITHHELD` of them are kept for a tree. A tree that has more is `wary`
from then on: a text in which any piece stands, and of which is not known that it was clean, is withheld. Of each
verdict that is not kept this is true, as without pieces of its own no text is withheld for pieces; so what it withheld
stays withheld. The same goes for the place from which on a text is withheld, where pieces have decided it. Other
places are found again as they were (what is known only grows), and are kept for the time that it saves.
"""

from __future__ import annotations

import logging
import secrets
from array import array
from collections import OrderedDict
from hashlib import blake2b
from typing import Final

from egress_proxy.model import Finding

log = logging.getLogger("egress_proxy")

CLEAN: Final = 131_072
"""Texts of all trees that are known to be clean: 8 bytes each, 1 MiB, from the start."""
MOST_PLACES: Final = 4_096
"""Places of all trees that may be forgotten: some 150 bytes each."""
MOST_WITHHELD: Final = 64
"""Verdicts of a tree that are not forgotten, and as many places: some 20 KB. An honest session has one or two."""
_BUCKET: Final = 4
_BYTES: Final = 8


class Clean:
    """Digests of clean texts, and places that may be forgotten: of all trees, in bounded memory.

    A digest has a bucket of four places, and there takes that of the one that was met least recently. May be used by
    several threads at once: they may lose a digest, and never make one up. That a text has the digest of another, with
    a key that nobody knows, is as likely as one in 2^47 for a text when the table is full."""

    def __init__(self) -> None:
        self.key: Final = secrets.token_bytes(32)
        self._table = array("Q", (0,)) * CLEAN
        self._places: OrderedDict[int, int] = OrderedDict()

    def __repr__(self) -> str:
        return "Clean()"

    def met(self, digest: int) -> bool:
        """Whether a digest was added, and is still there."""
        start = self._bucket(digest)
        bucket = self._table[start : start + _BUCKET]
        if digest not in bucket:
            return False
        if bucket[0] != digest:
            self._put(start, digest, bucket)
        return True

    def add(self, digest: int) -> None:
        """Add one, not 0."""
        start = self._bucket(digest)
        self._put(start, digest, self._table[start : start + _BUCKET])

    def place(self, digest: int) -> int | None:
        """The place that was kept with a digest."""
        return self._places.get(digest)

    def keep_place(self, digest: int, place: int) -> None:
        """Keep one for a while."""
        self._places[digest] = place
        while len(self._places) > MOST_PLACES:
            self._places.popitem(last=False)

    def _bucket(self, digest: int) -> int:
        return digest % (len(self._table) // _BUCKET) * _BUCKET

    def _put(self, start: int, digest: int, bucket: array[int]) -> None:
        others = [one for one in bucket if one != digest]
        self._table[start : start + _BUCKET] = array("Q", [digest, *others][:_BUCKET])


class Withheld:
    """What a tree may not forget. It outlives the tree's pieces: a tree that is dropped for room and made anew is given
    what the other had (`server.taints`)."""

    def __init__(self) -> None:
        self.wary = False
        self.hits: dict[int, tuple[str, str, bytes]] = {}  # detector, name and MAC, by digest
        self.places: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.hits) + len(self.places) + self.wary

    def __repr__(self) -> str:
        return f"Withheld({len(self)})"


class Verdicts:
    """The verdicts of one tree. `digest` is asked first; all else is asked of what it gives."""

    def __init__(self, clean: Clean, withheld: Withheld | None = None) -> None:
        self.withheld: Final = Withheld() if withheld is None else withheld
        self._clean = clean
        # What is clean is so with the pieces of this tree, not with those of another one, or of one made anew.
        self._own = int.from_bytes(secrets.token_bytes(_BYTES))

    def __repr__(self) -> str:
        return f"Verdicts({self.withheld})"

    @property
    def wary(self) -> bool:
        """Whether every text with a piece is withheld, unless it is known to be clean."""
        return self.withheld.wary

    def digest(self, text: str) -> int:
        """By which a text is known here."""
        said = blake2b(text.encode("utf-8", "surrogatepass"), key=self._clean.key, digest_size=_BYTES)
        return int.from_bytes(said.digest())

    def given(self, digest: int) -> bool:
        """Whether there is a verdict about a text."""
        return digest in self.withheld.hits or self._clean.met(self._mine(digest))

    def hit(self, digest: int) -> Finding | None:
        """What a text was withheld for, if it was."""
        found = self.withheld.hits.get(digest)
        if found is None:
            return None
        detector, name, value = found
        return Finding(0, 0, 0, detector, name, value=value)

    def add_clean(self, digest: int) -> None:
        """A text is clean, and its pieces are kept."""
        self._clean.add(self._mine(digest))

    def add_hit(self, digest: int, hit: Finding) -> None:
        """A text is withheld."""
        if self._room(self.withheld.hits, digest):
            self.withheld.hits[digest] = (hit.detector, hit.name, hit.value)

    def place(self, digest: int) -> int | None:
        """The place that was kept of a text."""
        held = self.withheld.places.get(digest)
        return self._clean.place(self._mine(digest)) if held is None else held

    def keep_place(self, digest: int, place: int, *, pieces: bool) -> None:
        """Keep one. `pieces`: they have decided it, so it must not be forgotten."""
        if not pieces:
            self._clean.keep_place(self._mine(digest), place)
        elif self._room(self.withheld.places, digest):
            self.withheld.places[digest] = place

    def _room(self, kept: dict[int, tuple[str, str, bytes]] | dict[int, int], digest: int) -> bool:
        """Whether one more is kept. If not, the tree is wary from now on."""
        if digest not in kept and len(kept) >= MOST_WITHHELD and not self.withheld.wary:
            self.withheld.wary = True
            log.warning(
                "%d texts of a session were withheld for pieces of values: those with any piece are from now on",
                MOST_WITHHELD,
            )
        return not self.withheld.wary

    def _mine(self, digest: int) -> int:
        return digest ^ self._own or 1
