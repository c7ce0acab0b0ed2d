"""What is put on record of asks: who decided what, and the note that was left."""

from __future__ import annotations

from typing import Final

from egress_proxy.routes import row_of
from egress_proxy.server.exchange import Exchanges
from egress_proxy.server.notes import shown
from egress_proxy.server.pipeline import Origin
from egress_proxy.server.queued import Waiting

_REPLY: Final = row_of("POST", "/permission/{requestID}/reply")
_REJECT: Final = row_of("POST", "/question/{requestID}/reject")


class Minutes:
    """The audit log, as the queue of asks writes it."""

    def __init__(self, exchanges: Exchanges) -> None:
        self._exchanges = exchanges

    async def shown(self, ask: Waiting, note: str) -> str:
        """A note as clients and the audit log get it."""
        return await shown(note, ask.session, self._exchanges.taints, self._exchanges.pipeline)

    async def record(self, ask: Waiting, what: str, by: str, told: str) -> bool:
        """Put on record who decided what, with a note as it may be told. Whether it is on the disk."""
        origin = Origin(
            id=self._exchanges.new_id(),
            client=ask.client,
            row=_REJECT if ask.kind == "question" else _REPLY,
            directory=ask.directory,
            session=ask.session,
        )
        pipeline = self._exchanges.pipeline
        # It was scanned already, with all that was known then; this is a second layer.
        again = await pipeline.said(told, (self._exchanges.taints.tree(ask.session),)) if told else ""
        return await pipeline.note(origin, (what, ask.id, ask.rule, by, *filter(None, (again,))))
