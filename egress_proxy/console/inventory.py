"""What the proxy holds: charts of what it did, the known values by name, the catalogue of routes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web
from msgspec import Struct

from egress_proxy.audit.filters import Filters
from egress_proxy.audit.statistics import Seen
from egress_proxy.console.archive import Alarm, Archive
from egress_proxy.console.asked import asked
from egress_proxy.console.charts import columns, latency, rows
from egress_proxy.console.frame import Frame
from egress_proxy.console.sessions import Session
from egress_proxy.console.timeline import looked
from egress_proxy.metrics import UNKNOWN_ROUTE, Metrics
from egress_proxy.model import RouteClass, Row, Verdict
from egress_proxy.routes.catalogue import ROWS
from egress_proxy.server.provenance import Named
from egress_proxy.server.survey import Survey

_LISTED: Final = 1_000
LATENCIES: Final = {
    "egress_upstream_seconds": "Until opencode's whole answer was read",
    "egress_scan_seconds": "Scanning and judging one answer or frame",
    "egress_delta_seconds": "Holding back a piece of a growing text",
    "egress_audit_seconds": "Until records were on the disk",
}


class Known(Struct, frozen=True):
    """A name of known values, and when a record last told of it; `seen` is None where none of those looked at does."""

    named: Named
    seen: Seen | None


class Counted(Struct, frozen=True):
    """A row of the catalogue, and how often it was called since the proxy started, by verdict."""

    row: Row
    verdicts: Counter[str]

    @property
    def total(self) -> int:
        return sum(self.verdicts.values())


class Inventory:
    """The pages that sum up."""

    def __init__(
        self,
        archive: Archive,
        frame: Frame,
        metrics: Metrics,
        known: Callable[[], tuple[Named, ...]],
        server: Survey,
    ) -> None:
        self._archive = archive
        self._frame = frame
        self._metrics = metrics
        self._known = known
        self._server = server

    async def charts(self, request: web.Request, session: Session) -> web.StreamResponse:
        query = asked(request)
        found = await self._archive.ask(lambda reader: looked(reader, query.filters))
        if isinstance(found, Alarm):
            return await self._frame.alarm(session, "charts", found)
        summary = found.summary
        verdicts = [word.value for word in Verdict if word is not Verdict.CLEAN]
        days = [(step.start, sum(step.verdicts.get(word, 0) for word in verdicts)) for step in summary.steps]
        return await self._frame.page(
            "charts.html",
            session,
            status=HTTPStatus.BAD_REQUEST if query.problems else HTTPStatus.OK,
            here="charts",
            asked=query,
            found=found,
            detectors=rows(summary.detectors),
            reasons=rows(summary.reasons),
            days=columns(days),
            by_day=days,
            latencies=[latency(title, self._metrics.read(metric)) for metric, title in LATENCIES.items()],
        )

    async def values(self, _: web.Request, session: Session) -> web.StreamResponse:
        found = await self._archive.ask(lambda reader: looked(reader, Filters()))
        if isinstance(found, Alarm):
            return await self._frame.alarm(session, "values", found)
        seen = {one.name: one for one in found.summary.values}
        named = await asyncio.to_thread(self._known)  # there may be many
        known = [Known(one, seen.get(one.name)) for one in named]
        # What was seen last comes first, and then the others in their order.
        known.sort(key=lambda one: one.seen.last if one.seen else "", reverse=True)
        names = {one.name for one in named}
        others = [one for one in found.summary.values if one.name not in names]
        return await self._frame.page(
            "values.html",
            session,
            here="values",
            known=known[:_LISTED],
            total=len(known),
            others=others[:_LISTED],
            looked=found,
        )

    async def routes(self, _: web.Request, session: Session) -> web.StreamResponse:
        counts: dict[str, Counter[str]] = {}
        for one in self._metrics.read("egress_requests_total"):
            counts.setdefault(one.labels["route"], Counter())[one.labels["verdict"]] += int(one.value)
        counted = [Counted(row, counts.get(row.name, Counter())) for row in ROWS]
        order = list(RouteClass)
        counted.sort(key=lambda one: (order.index(one.row.route_class), one.row.template, one.row.method))
        return await self._frame.page(
            "routes.html",
            session,
            here="routes",
            counted=counted,
            classes=Counter(row.route_class.value for row in ROWS),
            unknown_calls=counts.get(UNKNOWN_ROUTE, Counter()),
            server=self._server,
        )
