"""What an operator writes to a decision, as clients and the audit log get it.

It is made once, when it is decided, with all that the session's history tells: later the client may have deleted the
session, or what was remembered of it was dropped for room.
"""

from __future__ import annotations

from typing import Final

from egress_proxy.logs import Saying, say
from egress_proxy.model import Refused
from egress_proxy.scan.redaction import WITHHELD_UNDECIDED
from egress_proxy.server.pipeline import Pipeline
from egress_proxy.server.taints import Taints

NEVER: Final = "The policy forbids this to everybody. Do the task without it, or say that it cannot be done."
ENDED: Final = "The policy forbids this, as it did what was asked before. The turn was ended, for it went on asking."
EXPIRED: Final = "Nobody answered this in time, so it was rejected. Do the task without it, or say what is missing."
_OURS: Final = frozenset({"", NEVER, ENDED, EXPIRED})


async def shown(note: str, session: str, taints: Taints, pipeline: Pipeline) -> str:
    """A note scanned; a placeholder where the session's history cannot be read, or the note not be scanned."""
    if note in _OURS:
        return note
    try:
        tree = await taints.look(session)
        said = "" if isinstance(tree, Refused) else await pipeline.said(note, (tree,))
    except Exception as error:  # noqa: BLE001 - what was decided must still be told and recorded
        say(Saying.NOTE_FAILED, error=type(error).__name__)
        return WITHHELD_UNDECIDED
    return said or WITHHELD_UNDECIDED
