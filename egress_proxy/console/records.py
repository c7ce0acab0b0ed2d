"""The table of records, what is downloaded of it, and one record with its place in the chain."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from io import StringIO
from typing import Any, Final

from aiohttp import web
from msgspec import Struct

from egress_proxy.audit.explaining import explain
from egress_proxy.audit.filters import shown_of
from egress_proxy.audit.paging import Found, Page, page
from egress_proxy.audit.proving import Proof, entry, prove
from egress_proxy.audit.sheet import write_csv
from egress_proxy.audit.store import Reader, Row
from egress_proxy.console import urls
from egress_proxy.console.archive import Alarm, Archive
from egress_proxy.console.asked import FILTERS, Asked, asked
from egress_proxy.console.frame import Frame
from egress_proxy.console.sessions import Session
from egress_proxy.console.telling import sealed

LISTED: Final = 50
"""Records on a page."""
_SPANS: Final = 200
_AT_ONCE: Final = 2_000  # records of a download that are read together
_MOST_DOWNLOADS: Final = 4
_NO_MORE: Final = 1 << 60
_TYPES: Final = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8"}


class _One(Struct, frozen=True):
    """One entry of the ledger as its page shows it."""

    row: Row
    record: dict[str, Any] | None
    proof: Proof
    same: int  # other records of the same exchange


class Records:
    """The pages of records."""

    def __init__(self, archive: Archive, frame: Frame, keys: Callable[[], tuple[str, ...]]) -> None:
        """`keys` are the public keys that the proxy's own ledger is signed with; it raises `EgressError`."""
        self._archive = archive
        self._frame = frame
        self._keys = keys
        self._downloads = 0

    async def table(self, request: web.Request, session: Session) -> web.StreamResponse:
        query = asked(request)
        found: Page | Alarm = Page(())
        if not query.problems:
            found = await self._archive.ask(lambda reader: page(reader, query.filters, LISTED, below=query.below))
        if isinstance(found, Alarm):
            return await self._frame.alarm(session, "records", found)
        return await self._frame.page(
            "records.html",
            session,
            status=HTTPStatus.BAD_REQUEST if query.problems else HTTPStatus.OK,
            here="records",
            asked=query,
            found=found,
            filters=FILTERS,
            link=urls.entry("records" + (f"?{query.query(below=query.below)}" if query.given or query.below else "")),
        )

    async def one(self, request: web.Request, session: Session) -> web.StreamResponse:
        seq = int(request.match_info["seq"])

        def look(reader: Reader) -> _One | None:
            row = entry(reader, seq)
            if row is None:
                return None
            record = shown_of(row.line) if row.kind == "record" else None
            return _One(row, record, prove(reader, row, self._keys()), _same(reader, row) if record else 0)

        found = await self._archive.ask(look)
        if isinstance(found, Alarm):
            return await self._frame.alarm(session, "records", found)
        if found is None:
            raise web.HTTPNotFound
        record = found.record or {}
        return await self._frame.page(
            "record.html",
            session,
            here="records",
            one=found,
            record=found.record,
            told=explain(record) if record else (),
            evidence=sealed(record),
            spans=record.get("spans", [])[:_SPANS],
            link=urls.entry(f"records/{seq}"),
        )

    async def download(self, request: web.Request, session: Session, lasts: Callable[[], bool]) -> web.StreamResponse:
        """Stream what is filtered, the oldest first. It ends where the ledger ended when it began."""
        query, form = asked(request), request.match_info["form"]
        if query.problems:
            raise web.HTTPBadRequest
        if self._downloads >= _MOST_DOWNLOADS:
            raise web.HTTPServiceUnavailable
        self._downloads += 1
        try:
            return await self._streamed(request, session, query, form, lasts)
        finally:
            self._downloads -= 1

    async def _streamed(
        self, request: web.Request, session: Session, query: Asked, form: str, lasts: Callable[[], bool]
    ) -> web.StreamResponse:
        end = await self._archive.ask(lambda reader: (last.seq if (last := reader.last()) else 0) + 1)
        if isinstance(end, Alarm):
            return await self._frame.alarm(session, "records", end)
        response = web.StreamResponse(headers={"Content-Type": _TYPES[form]})
        response.headers["Content-Disposition"] = f'attachment; filename="records.{form}"'
        after, first = 0, True
        await response.prepare(request)
        while first or after:
            part = await self._archive.ask(
                lambda reader, after=after: page(  # type: ignore[misc]  # the default is bound, not passed
                    reader, query.filters, _AT_ONCE, below=end, above=after, oldest_first=True
                )
            )
            if isinstance(part, Alarm) or not lasts():
                # Without the end of its encoding, nobody takes what there is for all there was.
                response.force_close()
                if request.transport is not None:
                    request.transport.abort()
                raise ConnectionResetError
            await response.write(await asyncio.to_thread(_written, part.found, form, header=first))
            after, first = part.last, False
        await response.write_eof()
        return response


def _written(found: tuple[Found, ...], form: str, *, header: bool) -> bytes:
    stream = StringIO(newline="")
    if form == "csv":
        write_csv(stream, (one.record for one in found), header=header)
    else:
        stream.writelines(f"{one.line}\n" for one in found)
    return stream.getvalue().encode()


def _same(reader: Reader, row: Row) -> int:
    """How many other records there are of the same exchange."""
    return sum(1 for other in reader.select("id = ?", (row.id,), "LIMIT 100") if other.seq != row.seq)
