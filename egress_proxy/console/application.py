"""The console as an application: its routes, who may use them, and the headers that every answer has.

/console/                       the form to log in          /console/PAGE      the same, and on to that page
/console/static/NAME            style, script, icon
/console/PLACE/                 what waits                  …/decided          what became of others
/console/PLACE/asks/ID          one ask                     …/approve, …/reject
/console/PLACE/changes          when to look again (SSE)    …/out              log out
/console/PLACE/feed             the latest records          …/feed/changes     when to look again (SSE)
/console/PLACE/records          all records, by filters     …/records.csv, .jsonl   to download
/console/PLACE/records/SEQ      one record                  …/sessions, …/sessions/ID   in their order
/console/PLACE/charts           …/values                    …/routes
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import PurePath
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from egress_proxy.console import urls
from egress_proxy.console.archive import Archive
from egress_proxy.console.desk import Desk
from egress_proxy.console.door import Door, Failures
from egress_proxy.console.feed import Feed
from egress_proxy.console.forms import BadForm
from egress_proxy.console.frame import Frame
from egress_proxy.console.inventory import Inventory
from egress_proxy.console.live import Live
from egress_proxy.console.pages import TYPES, Pages, files
from egress_proxy.console.records import Records
from egress_proxy.console.seam import Behind, Gates, Operators
from egress_proxy.console.sessions import Sessions
from egress_proxy.console.timeline import Timelines
from egress_proxy.logs import Saying, say
from egress_proxy.metrics import Metrics

_ASK: Final = "/asks/{ask:[A-Za-z0-9_.-]{1,128}}"
_PLACE: Final = "/{place:[0-9a-f]{32}}"
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # With `no-referrer`, browsers would say `Origin: null` of our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def console_app(
    gates: Gates,
    operators: Operators,
    metrics: Metrics,
    failures_per_minute: int | Callable[[], int],
    behind: Behind,
    *,
    epoch: Callable[[], float] = time.time,
    steady: Callable[[], float] = time.monotonic,
) -> web.Application:
    """The application to mount at `PREFIX`. `epoch` is the time of day, `steady` one that does not go back."""
    pages, live = Pages(), Live(gates.changes)
    door = Door(Sessions(), operators, pages, Failures(metrics, failures_per_minute), steady, behind.sso)
    desk = Desk(gates, pages, epoch, door.stands)
    app = web.Application(middlewares=[_told(pages)])
    app.on_response_prepare.append(_set_headers)
    app.add_routes(
        [
            web.get("", door.lead_in),
            web.get("/", door.ask_in),
            web.post("/", door.let_in),
            web.get(_ASK, door.ask_in),
            web.get(f"/{{page:{urls.PAGE}}}", door.ask_in),
            web.get("/static/{name}", _static(files())),
            web.get(f"{_PLACE}/", door.inside(desk.queue)),
            web.get(f"{_PLACE}/decided", door.inside(desk.decided)),
            web.get(_PLACE + _ASK, door.inside(desk.ask)),
            web.post(f"{_PLACE}{_ASK}/approve", door.inside(desk.approve)),
            web.post(f"{_PLACE}{_ASK}/reject", door.inside(desk.reject)),
            web.post(f"{_PLACE}/out", door.inside(door.let_out)),
            web.get(f"{_PLACE}/changes", door.beside(live.serve)),
            *_of_the_ledger(door, Frame(pages, gates, epoch), gates, metrics, behind, app),
        ]
    )
    return app


def _of_the_ledger(
    door: Door, frame: Frame, gates: Gates, metrics: Metrics, behind: Behind, app: web.Application
) -> list[web.RouteDef]:
    """The pages of what was recorded."""
    archive = Archive(behind.opened)

    async def close(_: web.Application) -> None:
        archive.close()

    app.on_cleanup.append(close)
    feed = Feed(archive, frame, behind.listen, metrics)
    records = Records(archive, frame, behind.keys)
    timelines = Timelines(archive, frame, gates)
    inventory = Inventory(archive, frame, metrics, behind.known, behind.server)
    return [
        web.get(f"{_PLACE}/feed", door.inside(feed.shown)),
        web.get(f"{_PLACE}/feed/changes", door.beside(feed.serve)),
        web.get(f"{_PLACE}/records", door.inside(records.table)),
        web.get(f"{_PLACE}/records.{{form:csv|jsonl}}", door.during(records.download)),
        web.get(f"{_PLACE}/records/{{seq:[0-9]{{1,15}}}}", door.inside(records.one)),
        web.get(f"{_PLACE}/sessions", door.inside(timelines.listed)),
        web.get(f"{_PLACE}/sessions/{{session:[A-Za-z0-9_-]{{1,128}}}}", door.inside(timelines.one)),
        web.get(f"{_PLACE}/charts", door.inside(inventory.charts)),
        web.get(f"{_PLACE}/values", door.inside(inventory.values)),
        web.get(f"{_PLACE}/routes", door.inside(inventory.routes)),
    ]


async def _set_headers(_: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers[name] = value


def _static(contents: dict[str, bytes]) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in contents:
            raise web.HTTPNotFound
        return web.Response(body=contents[name], headers={"Content-Type": TYPES[PurePath(name).suffix]})

    return handler


def _told(pages: Pages) -> Middleware:
    """Failures become pages that quote nothing. What fails for a reason of ours is not told either (I6)."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except BadForm as error:
            title, sentence, status = "Nothing was done", f"{error} Go back, load the page anew and try again.", 403
        except web.HTTPRedirection:
            raise
        except web.HTTPException as error:
            title, sentence, status = error.reason, "There is nothing here that could be shown.", error.status
        except ConnectionError:
            raise  # the browser has gone
        except Exception as error:  # noqa: BLE001 - its text may quote what must not be logged
            say(Saying.CONSOLE_FAILED, error=type(error).__name__)
            title, status = "The proxy failed", 500
            sentence = "Whether something was decided is not known. Look at what waits and at what was decided."
        return web.Response(status=status, text=pages.told(title, sentence), content_type="text/html")

    return middleware
