"""Which asks wait upstream although an approval went out: its answer was lost, and nobody may approve them again."""

from __future__ import annotations

from collections.abc import Collection

from egress_proxy.server.asked import Asked


class LostAnswers:
    """What two looks at a directory, one after the other, say of its asks."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._settled: dict[str, set[str]] = {}  # by directory: settled and yet pending, as of the last look
        self._lost: dict[str, set[str]] = {}

    def looked(self, directory: str, pending: Collection[str]) -> bool:
        """These are pending. Whether another look is needed: an ask that is settled by now may have been answered since
        they were listed; one that was settled before that was not."""
        asked, seen = self._asked, self._settled.get(directory, set())
        settled = {one for one in pending if asked.settled(one) and not asked.turn(one).locked()}
        self._settled[directory], self._lost[directory] = settled, settled & seen
        return bool(settled - seen)

    def has(self, directory: str, ask_id: str) -> bool:
        """Whether the answer to an ask was lost."""
        return ask_id in self._lost.get(directory, ())
