"""What the tests of this package ask with: one client, its directory, its session, one model, two agents."""

from __future__ import annotations

import json
from typing import Any

from egress_proxy.model import Projected, Refused, Resource
from egress_proxy.reasons import Reason
from egress_proxy.wire import View, project

DIRECTORY = "/world/project"
SESSION = "ses_0000000000000000000000own1"
CHILD = "ses_0000000000000000000000own2"
FOREIGN = "ses_0000000000000000000foreign"
MESSAGE = "msg_00000000000000000000000001"
PART = "prt_00000000000000000000000001"
PERMISSION = "per_00000000000000000000000001"
QUESTION = "que_00000000000000000000000001"
EVENT = "evt_00000000000000000000000001"


def view(
    *, patch_text: bool = False, directories: frozenset[str] = frozenset({DIRECTORY, "/world/plain"}), key: bytes = b""
) -> View:
    """Give a view that owns every session but `FOREIGN`."""
    return View(
        owns=lambda session: session != FOREIGN,
        directories=directories,
        models=(("local", "small"),),
        agents=("build", "plan"),
        patch_text=patch_text,
        key=key,
    )


def crossed(resource: Resource, given: object, seen: View | None = None) -> Any:
    """Give what crosses of an answer that must not be refused. Bytes are the body, anything else its JSON."""
    outcome = project(resource, body(given), seen or view())
    assert isinstance(outcome, Projected), outcome.reason
    return outcome.value


def refused(resource: Resource, given: object, seen: View | None = None) -> Reason:
    """Give why an answer that must be refused is."""
    outcome = project(resource, body(given), seen or view())
    assert isinstance(outcome, Refused)
    return outcome.reason


def body(given: object) -> bytes:
    """Give the bytes of an answer."""
    return given if isinstance(given, bytes) else json.dumps(given).encode()
