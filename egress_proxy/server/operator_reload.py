"""POST /reload on the operator's socket, for `egress-proxy reload`: read the configuration again, and say what came of
it.

Answers {"restart": [settings whose change needs a restart]} once all else is in force, or 409 with the queue's form of
an error, why nothing of it is. Who may ask is who may decide about asks: the guard is that of `operator_gates`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from aiohttp import web
from aiohttp.typedefs import Middleware

REFUSED: Final = "reload_refused"


class Outcome(Protocol):
    """What came of a reload."""

    @property
    def done(self) -> bool: ...
    @property
    def why(self) -> str: ...
    @property
    def restart(self) -> tuple[str, ...]: ...


Reload = Callable[[], Awaitable[Outcome]]


def reload_app(reload: Reload, guard: Middleware) -> web.Application:
    """The application that is to be mounted at `/reload`."""

    async def reloaded(_: web.Request) -> web.StreamResponse:
        outcome = await reload()
        headers = {"Cache-Control": "no-store"}
        if outcome.done:
            return web.json_response({"restart": outcome.restart}, headers=headers)
        return web.json_response({"error": REFUSED, "message": outcome.why}, status=409, headers=headers)

    app = web.Application(middlewares=[guard])
    app.router.add_post("", reloaded)
    return app
