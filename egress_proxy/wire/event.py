"""EVENT and GLOBAL_EVENT: one data frame of an event stream.

    /event          {id?, type, properties}
    /global/event   {directory?, project?, payload: {id?, type, properties}}

A frame crosses if its type is one of `event_properties.RELEASED`, its directory (on the global stream) and its
session are the client's, and its properties decode. They are projected by the same types as the resources: what `GET`
would not show, no event shows either.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from egress_proxy.model import Projected, Refused, Resource
from egress_proxy.reasons import Reason
from egress_proxy.wire.decoding import guarded
from egress_proxy.wire.event_properties import RELEASED, WITHOUT_DIRECTORY, Properties
from egress_proxy.wire.event_types import DELTAS, NOT_RELEASED, SYNC, DropKind
from egress_proxy.wire.fields import Wire, is_event_id, project_or_blank
from egress_proxy.wire.view import View


class Dropped(Struct, frozen=True):
    """A frame that does not cross, as expected."""

    kind: DropKind


EventOutcome = Projected | Dropped | Refused


class GivenEvent(Wire, frozen=True):
    """A frame of `/event`, and the payload of one of `/global/event`. Properties are decoded once the type is known."""

    type: str
    id: str | None = None
    properties: Raw = Raw(b"{}")


class GivenGlobalEvent(Wire, frozen=True):
    payload: GivenEvent
    directory: str | None = None
    project: str | None = None


class Event(Wire, frozen=True):
    type: str
    properties: Properties
    id: str | UnsetType = UNSET


class GlobalEvent(Wire, frozen=True):
    payload: Event
    directory: str | UnsetType = UNSET
    project: str | UnsetType = UNSET


_EVENT: Final = msgspec.json.Decoder(GivenEvent)
_GLOBAL: Final = msgspec.json.Decoder(GivenGlobalEvent)


def _event(given: GivenEvent, view: View) -> Event | DropKind:
    handler = RELEASED.get(given.type)
    if handler is None:
        return _unreleased(given.type)
    properties = handler(given.properties, view)
    if isinstance(properties, DropKind):
        return properties
    return Event(given.type, properties, given.id if given.id and is_event_id(given.id) else UNSET)


def _unreleased(kind: str) -> DropKind:
    if kind == SYNC:
        return DropKind.SYNC
    if kind in DELTAS:
        return DropKind.DELTA
    return DropKind.NOT_RELEASED if kind in NOT_RELEASED else DropKind.UNKNOWN_TYPE


def _global_event(given: GivenGlobalEvent, view: View) -> GlobalEvent | DropKind:
    kind = given.payload.type
    if kind not in RELEASED:
        return _unreleased(kind)
    if given.directory is None and kind not in WITHOUT_DIRECTORY:
        return DropKind.FOREIGN_DIRECTORY
    if given.directory is not None and given.directory not in view.directories:
        return DropKind.FOREIGN_DIRECTORY
    event = _event(given.payload, view)
    if isinstance(event, DropKind):
        return event
    return GlobalEvent(event, given.directory or UNSET, project_or_blank(given.project or "") or UNSET)


def _frame(resource: Resource, body: bytes, view: View) -> Event | GlobalEvent | DropKind:
    if resource is Resource.GLOBAL_EVENT:
        return _global_event(_GLOBAL.decode(body), view)
    return _event(_EVENT.decode(body), view)


def _outcome(resource: Resource, body: bytes, view: View) -> Projected | Dropped:
    made = _frame(resource, body, view)
    return Dropped(made) if isinstance(made, DropKind) else Projected(msgspec.to_builtins(made))


def project_event(resource: Resource, body: bytes, view: View) -> EventOutcome:
    """Project the data of one frame of the stream that `resource` (EVENT or GLOBAL_EVENT) names."""
    return guarded(lambda whole: _outcome(resource, whole, view), body)


def project_frame(body: bytes, view: View) -> Event | Refused:
    """Project one frame of `/event`, for callers that make no difference between the kinds of a drop."""
    made = _event(_EVENT.decode(body), view)
    return Refused(Reason.EVENT_UNKNOWN) if isinstance(made, DropKind) else made


def project_global_frame(body: bytes, view: View) -> GlobalEvent | Refused:
    """Project one frame of `/global/event`, likewise."""
    made = _global_event(_GLOBAL.decode(body), view)
    return Refused(Reason.EVENT_UNKNOWN) if isinstance(made, DropKind) else made
