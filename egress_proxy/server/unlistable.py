"""Asks that opencode cannot list, and that keep it from listing any other of their directory.

A `glob` without a path asks with metadata that has no `path`. Both releases then answer every `GET /permission` of that
directory with 400 for as long as the ask is there, which is until somebody answers it: aborting the session does not
end it. Nobody could look up, answer or wait for any ask of the directory. So the proxy, which hears of it, rejects such
an ask of its clients at once, with a word for the local agent that it can go on with.
"""

from __future__ import annotations

from typing import Final

import msgspec

from egress_proxy.model import Call, Refused
from egress_proxy.reasons import Reason
from egress_proxy.server.pipeline import Origin, Pipeline
from egress_proxy.server.upstream import Upstream
from egress_proxy.wire import read_unlistable

ADVICE: Final = (
    "This cannot be asked for without a path. Call the tool again with `path`: the project's directory, or one in it."
)
_BODY: Final = msgspec.json.encode({"reply": "reject", "message": ADVICE})
ASKED: Final = "permission.asked"


class Unlistable:
    """Rejects what cannot be listed. `seconds` is for one call."""

    def __init__(self, upstream: Upstream, pipeline: Pipeline, seconds: float) -> None:
        self._upstream = upstream
        self._pipeline = pipeline
        self._seconds = seconds

    async def heard(self, origin: Origin, frame: bytes) -> None:
        """Look at an event `ASKED` of a client's session. What was rejected is on record."""
        ask = read_unlistable(frame)
        if isinstance(ask, Refused) or not ask:
            return
        call = Call("POST", f"/permission/{ask}/reply", (), origin.directory, _BODY)
        if not isinstance(await self._upstream.call(call, self._seconds), Refused):
            await self._pipeline.note(origin, ("rejected", ask, "unlistable"))


def unreadable(refused: Refused) -> Refused:
    """What a refused list of asks is called: opencode says of its own answer that the request was wrong."""
    return Refused(Reason.ASKS_UNREADABLE) if refused.reason is Reason.UPSTREAM_REJECTED else refused
