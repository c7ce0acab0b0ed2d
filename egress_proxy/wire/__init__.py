"""Typed projection of opencode's answers: the type is the allow-list.

    bytes ── decode ──► Given… ── project ──► what crosses, a Projected
             (what is looked at)              (what may be said)

A `Given…` Struct names the fields of an answer that are looked at; msgspec skips every other without decoding it.
What crosses is a second Struct made field by field from the first: nothing is walked, nothing deleted, and no value
of an unknown type exists. Where both are the same there is one Struct, and it says so.
"""

from __future__ import annotations

from egress_proxy.wire.ask import Permission, Question
from egress_proxy.wire.event import Dropped, EventOutcome, project_event
from egress_proxy.wire.event_types import DropKind
from egress_proxy.wire.facts import (
    EventFacts,
    SessionFacts,
    ShellCall,
    read_asks,
    read_event_facts,
    read_health,
    read_project_id,
    read_session,
    read_session_list,
    read_shell_call,
    read_status_ids,
    read_unlistable,
    read_worktree,
)
from egress_proxy.wire.growth import DELTA, Begun, PartName, Piece, piece_event, read_growth
from egress_proxy.wire.message import Message
from egress_proxy.wire.originals import Utterance, read_answered, read_questions, read_said, read_title
from egress_proxy.wire.projection import PROJECTORS, merge, project
from egress_proxy.wire.resync import ask_events, idle_events
from egress_proxy.wire.session import Session
from egress_proxy.wire.stripped import Contents, StrippedMessage, read_messages, read_part, read_part_event
from egress_proxy.wire.view import View

__all__ = [
    "DELTA",
    "PROJECTORS",
    "Begun",
    "Contents",
    "DropKind",
    "Dropped",
    "EventFacts",
    "EventOutcome",
    "Message",
    "PartName",
    "Permission",
    "Piece",
    "Question",
    "Session",
    "SessionFacts",
    "ShellCall",
    "StrippedMessage",
    "Utterance",
    "View",
    "ask_events",
    "idle_events",
    "merge",
    "piece_event",
    "project",
    "project_event",
    "read_answered",
    "read_asks",
    "read_event_facts",
    "read_growth",
    "read_health",
    "read_messages",
    "read_part",
    "read_part_event",
    "read_project_id",
    "read_questions",
    "read_said",
    "read_session",
    "read_session_list",
    "read_shell_call",
    "read_status_ids",
    "read_title",
    "read_unlistable",
    "read_worktree",
]
