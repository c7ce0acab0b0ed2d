"""The proxy's own operations, for what opencode cannot say truthfully. They are made of rows of the catalogue."""

from __future__ import annotations

from typing import Final

from egress_proxy.model import BodyRule, Resource, RouteClass, Row, Scope
from egress_proxy.routes.rows_open import row

STATE: Final = row(
    "GET /_egress/session/{sessionID}/state",
    RouteClass.SCAN,
    Scope.SESSION,
    Resource.STATUS,
    "What a session and its sub-agents are doing, with the asks that they wait for.",
)
ASKS: Final = row(
    "GET /_egress/asks",
    RouteClass.SCAN,
    Scope.SWEEP,
    Resource.PERMISSIONS,
    "All that the client's sessions and their sub-agents wait for.",
)
EXPECT: Final = row(
    "POST /_egress/session/{sessionID}/expect",
    RouteClass.SCAN,
    Scope.SESSION,
    Resource.STATUS,
    "What the client expects the next prompt to ask: only that it may approve itself.",
    body=BodyRule.EXPECT,
)
OWN: Final[tuple[Row, ...]] = (STATE, ASKS, EXPECT)
