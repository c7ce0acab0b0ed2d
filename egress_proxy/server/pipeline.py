"""The only maker of a `Released`: scan -> judge -> record -> count -> release (invariants 1, 3, 4 and 8).

Answers, event frames and refusals all pass here. What comes in is a `Projected` or a `Refused`; nothing else can be
turned into bytes for a client. A `Released` cannot be made outside this module.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol, TypeVar

import msgspec
from msgspec import Struct, field

from egress_proxy.audit import Record, Tell, found_in, tell_nothing
from egress_proxy.errors import AuditError
from egress_proxy.explanations import EXPLAINED, message
from egress_proxy.logs import Saying, say
from egress_proxy.metrics import UNKNOWN_ROUTE, Metrics, ScanFailure
from egress_proxy.model import (
    VERIFIER,
    Finding,
    Form,
    Judgement,
    Projected,
    Refused,
    Resource,
    RouteClass,
    Row,
    Scanner,
    Verdict,
)
from egress_proxy.reasons import Reason, Stage
from egress_proxy.scan import HeavyError, TextScanner
from egress_proxy.server.apart import THREAD_BYTES
from egress_proxy.server.evidence import Judged
from egress_proxy.server.examination import Examined, Judge, examine
from egress_proxy.server.growing_part import Fate, GrowingPart
from egress_proxy.server.recorder import Recorder
from egress_proxy.server.stream_notices import RESYNCHRONISE, Notice
from egress_proxy.server.tree import Remembering, Tree

_SEAL: Final = object()
LIGHT: Final = 65_536
"""Work of scans (`Scan.work`) that is done at once, some 2 ms; what turns out to be more is done anew in a thread."""

_ERROR_NAMES = {400: "BadRequestError", 401: "UnauthorizedError", 403: "ForbiddenError", 404: "NotFoundError"}


class Scanned(Protocol):
    """What a scan gives. `size` is what was scanned, in bytes or characters."""

    @property
    def size(self) -> int: ...


S = TypeVar("S", bound=Scanned)


class Released:
    """Bytes that may leave. Made by `Pipeline` alone; the cloud-facing writer takes nothing else."""

    __slots__ = ("body", "cursor", "status")

    def __init__(self, seal: object, status: int, body: bytes, cursor: str = "") -> None:
        if seal is not _SEAL:
            raise TypeError("only the pipeline makes a Released")
        self.status: Final = status
        self.body: Final = body
        self.cursor: Final = cursor

    def __repr__(self) -> str:
        return f"Released({self.status}, {len(self.body)} bytes)"


def _notice(kind: str, **properties: object) -> Released:
    return Released(_SEAL, 200, msgspec.json.encode({"type": kind, "properties": properties}))


_NOTICES: Final = {
    Notice.CONNECTED: _notice("server.connected"),
    Notice.HEARTBEAT: _notice("server.heartbeat"),
    **{notice: _notice("egress.stream", reason=notice.value, message=told) for notice, told in RESYNCHRONISE.items()},
}


class Origin(Struct, frozen=True, kw_only=True):
    """Where an answer belongs, for the record and the metrics. No field holds free text of a client."""

    id: str
    client: str = ""
    row: Row | None = None
    directory: str = ""
    session: str = ""
    began: float = field(default_factory=time.perf_counter)

    @property
    def route(self) -> str:
        return self.row.name if self.row else UNKNOWN_ROUTE

    @property
    def route_class(self) -> RouteClass:
        return self.row.route_class if self.row else RouteClass.DENY


class Within(Struct, frozen=True):
    """Where an event of `/global/event` happened, as it may be shown; empty where it may not.

    `project` is opencode's id of the directory's project: the TUI of 1.15.13 takes no event without it.
    """

    directory: str = ""
    project: str = ""


class Pipeline:
    """Turns projected values and refusals into `Released` bytes."""

    def __init__(
        self,
        scanner: Callable[[], Awaitable[TextScanner | None]],
        judge: Judge,
        recorder: Recorder,
        metrics: Metrics,
        scan_seconds: float,
        now: Callable[[], str],
        *,
        tell: Tell = tell_nothing,
    ) -> None:
        """`scanner` gives the current scanner, or None while none is ready; `scan_seconds` bounds one scan; `now` is
        the time of records, RFC 3339; `tell` gives their findings fingerprints."""
        self._now = now
        self._tell = tell
        self._scanner = scanner
        self._judge = judge
        self._recorder = recorder
        self._metrics = metrics
        self._scan_seconds = scan_seconds
        self._encoder = msgspec.json.Encoder()

    async def answer(
        self, origin: Origin, channel: Resource, projected: Projected, status: int, trees: Sequence[Tree] = ()
    ) -> Released:
        """Release a projected answer, redacted where it must be. `status` is 200 or 204; `trees` are of the sessions
        that it tells of."""
        examined = await self._examine(projected, trees)
        if isinstance(examined, Refused):
            return await self.refuse(origin, examined.reason)
        if not await self._settled(origin, channel, examined.judgement, examined.texts, status):
            return await self.refuse(origin, Reason.AUDIT_UNAVAILABLE)
        self._count_exchange(origin, examined.judgement.verdict, recorded=True)
        if self._recorder.clean and examined.judgement.verdict is Verdict.CLEAN:
            self._recorder.remember(self._record(origin, channel, examined.judgement, (), status))
        return Released(_SEAL, status, b"" if status == 204 else examined.body, examined.cursor)

    async def frame(
        self, origin: Origin, channel: Resource, projected: Projected, trees: Sequence[Tree] = ()
    ) -> Released | None:
        """Release one event as JSON (see `framed`), or None when it is withheld as a whole."""
        examined = await self._examine(projected, trees)
        if isinstance(examined, Refused):
            await self.withhold_frame(origin, channel, examined.reason)
            return None
        settled = await self._settled_frame(origin, channel, examined.judgement, examined.texts)
        return Released(_SEAL, 200, examined.body) if settled else None

    async def delta(self, origin: Origin, part: GrowingPart, trees: Sequence[Tree]) -> Released | None:
        """Release what more of a growing text may leave, as an event: None if it is nothing.

        If its scan fails, or what was found cannot be recorded, nothing more leaves before its end."""
        # A look cannot be broken off and begun anew: how long the last one took tells where it is done.
        looked = await self._scanned(part.size, trees, lambda scanner: part.look(scanner, self._judge), again=False)
        if isinstance(looked, Refused):
            part.give_up(Fate.FAILED)
            await self.withhold_frame(origin, Resource.EVENT, looked.reason)
            return None
        if not looked.event:
            return None
        if not await self._settled_frame(origin, Resource.EVENT, looked.judgement, looked.texts):
            part.give_up(Fate.FAILED)
            return None
        return Released(_SEAL, 200, self._encoder.encode(looked.event))

    async def end(
        self, origin: Origin, projected: Projected, text: str, part: GrowingPart, trees: Sequence[Tree]
    ) -> tuple[Released, ...]:
        """Release the event of a growing text's end, where it is `text`, and before it the rest of its pieces."""
        ended = await self._scanned(
            projected.size, trees, lambda scanner: part.end(projected, text, scanner, self._judge)
        )
        if isinstance(ended, Refused):
            await self.withhold_frame(origin, Resource.EVENT, ended.reason)
            return ()
        examined = ended.examined
        if not await self._settled_frame(
            origin, Resource.EVENT, examined.judgement, examined.texts, uncounted=ended.uncounted
        ):
            return ()
        rest = (self._encoder.encode(ended.event),) if ended.event else ()
        return tuple(Released(_SEAL, 200, body) for body in (*rest, examined.body))

    async def label(self, directory: str, project: str) -> Within:
        """What may stand beside the events of a directory."""
        return Within(await self.said(directory, ()), await self.said(project, ()))

    async def said(self, text: str, trees: Sequence[Tree]) -> str:
        """A text as it may be shown; empty where that cannot be told."""
        examined = await self._examine(Projected(text), trees)
        return "" if isinstance(examined, Refused) else examined.judgement.texts[0]

    @staticmethod
    def notice(notice: Notice) -> Released:
        """An event of the proxy's own."""
        return _NOTICES[notice]

    def framed(self, event: Released, event_id: str = "", *, within: Within | None = None) -> Released:
        """A released event as a frame of `/event`, or, `within` a directory, of `/global/event`."""
        body = event.body
        if within is not None:
            beside = (("directory", within.directory), ("project", within.project))
            named = b"".join(b'"%b":%b,' % (key.encode(), self._encoder.encode(word)) for key, word in beside if word)
            body = b"{" + named + b'"payload":' + body + b"}"
        number = b"id: " + event_id.encode("ascii") + b"\n" if event_id else b""
        return Released(_SEAL, 200, number + b"data: " + body + b"\n\n")

    @staticmethod
    def joined(frames: Sequence[Released]) -> Released:
        """Released frames, one after the other."""
        return frames[0] if len(frames) == 1 else Released(_SEAL, 200, b"".join([frame.body for frame in frames]))

    async def withhold_frame(self, origin: Origin, channel: Resource, reason: Reason) -> None:
        """Record and count a frame that does not cross."""
        await self._recorded(origin, channel, Judgement((), Verdict.WITHHELD, (reason,)), (), 200)
        self._metrics.count_event(Verdict.WITHHELD.value)

    async def refuse(self, origin: Origin, reason: Reason) -> Released:
        """Answer with a reason. Its text is constant, so it is released even if it cannot be recorded."""
        told = EXPLAINED[reason]
        verdict = Verdict.REFUSED if told.stage in (Stage.CONNECT, Stage.ADMIT) else Verdict.WITHHELD
        status = told.status if told.status >= 400 else 502
        recordable = reason is not Reason.AUDIT_UNAVAILABLE
        recorded = recordable and await self._recorded(origin, None, Judgement((), verdict, (reason,)), (), status)
        self._count_exchange(origin, verdict, recorded=recorded)
        return self._refusal(origin.id, reason, status)

    async def note(self, origin: Origin, noted: tuple[str, ...]) -> bool:
        """Record what a client was let do. `noted` is released text, or words of ours. Whether it is on the disk."""
        return await self._recorded(origin, None, Judgement((), Verdict.CLEAN), (), 200, noted)

    def refuse_unrecorded(self, origin: Origin, reason: Reason) -> Released:
        """A refusal that is only counted: for floods of unauthenticated requests, which must not fill the disk."""
        self._metrics.count_reason(reason)
        self._count_exchange(origin, Verdict.REFUSED, recorded=False)
        return self._refusal(origin.id, reason, EXPLAINED[reason].status)

    def healthy(self) -> Released:
        return Released(_SEAL, 200, b'{"healthy":true}')

    def _refusal(self, audit_id: str, reason: Reason, status: int) -> Released:
        # The official SDK prints body.data.message (FACTS, "What clients need").
        body = {
            "name": _ERROR_NAMES.get(status, "EgressError"),
            "data": {"message": message(reason), "reason": reason.value, "auditID": audit_id},
        }
        return Released(_SEAL, status, self._encoder.encode(body))

    async def _examine(self, projected: Projected, trees: Sequence[Tree]) -> Examined | Refused:
        return await self._scanned(projected.size, trees, lambda scanner: examine(projected, scanner, self._judge))

    async def _scanned(
        self, size: int, trees: Sequence[Tree], work: Callable[[Scanner], S], *, again: bool = True
    ) -> S | Refused:
        """Do `work` on `size` bytes with the scanner of the moment, or say why that cannot be. `again`: what turns out
        to take long may be broken off, and begun anew elsewhere."""
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._scan_seconds):
                current = await self._scanner()
                if current is None:
                    self._metrics.count_scan_failure(ScanFailure.UNREADY)
                    return Refused(Reason.SCANNER_UNAVAILABLE)
                # What another thread judges of a tree is waited for in a thread: not by everybody.
                busy = any(tree.busy for tree in trees)
                heavy = size * max((tree.weight for tree in trees), default=1)
                scanned = await _done(current, trees, work, apart=busy or heavy > THREAD_BYTES, again=again)
        except TimeoutError:
            self._metrics.count_scan_failure(ScanFailure.TIMEOUT)
            say(Saying.SCAN_TIMEOUT)
            return Refused(Reason.SCANNER_UNAVAILABLE)
        except Exception as error:  # noqa: BLE001 - a scanner that fails withholds (invariant 4); its text may quote input
            self._metrics.count_scan_failure(ScanFailure.CRASHED)
            say(Saying.SCAN_FAILED, error=type(error).__name__)
            return Refused(Reason.SCANNER_UNAVAILABLE)
        self._metrics.observe_scan(time.perf_counter() - started, scanned.size)
        return scanned

    def _count_exchange(self, origin: Origin, verdict: Verdict, *, recorded: bool) -> None:
        self._metrics.count_exchange(origin.route, origin.route_class, verdict)
        # Clean exchanges are on record later, if at all: a chart's link to one could lead nowhere.
        of_record = origin.id if recorded and verdict is not Verdict.CLEAN else ""
        self._metrics.observe_exchange(origin.route, time.perf_counter() - origin.began, of_record)

    async def _settled_frame(
        self,
        origin: Origin,
        channel: Resource,
        judgement: Judgement,
        texts: tuple[str, ...],
        *,
        uncounted: Sequence[Finding] | None = None,
    ) -> bool:
        settled = await self._settled(origin, channel, judgement, texts, 200, uncounted=uncounted)
        self._metrics.count_event((judgement.verdict if settled else Verdict.WITHHELD).value)
        return settled

    async def _settled(
        self,
        origin: Origin,
        channel: Resource,
        judgement: Judgement,
        texts: tuple[str, ...],
        status: int,
        *,
        uncounted: Sequence[Finding] | None = None,
    ) -> bool:
        """Whether an examined value may leave: it is clean, or what was found in it is on record and counted.

        `texts` are the originals that were judged; `uncounted` the findings to be counted, where others were before."""
        if judgement.verdict is Verdict.CLEAN:
            return not self._recorder.withholds_clean
        findings = judgement.findings if uncounted is None else uncounted
        for finding in findings:
            self._metrics.count_finding(finding, channel, origin.id)
        # `egress-proxy verify` plants what is encoded, every day: it is on record, and alerts nobody.
        if origin.client != VERIFIER and any(finding.form is Form.ENCODED for finding in findings):
            self._metrics.count_alert(channel, origin.id)
        return await self._recorded(origin, channel, judgement, texts, status)

    async def _recorded(
        self,
        origin: Origin,
        channel: Resource | None,
        judgement: Judgement,
        texts: tuple[str, ...],
        status: int,
        noted: tuple[str, ...] = (),
    ) -> bool:
        for reason in judgement.reasons:
            self._metrics.count_reason(reason, origin.id)
        try:
            record = self._record(origin, channel, judgement, texts, status, noted)
            await self._recorder.record(record, Judged(texts, judgement) if texts else None)
        except AuditError:
            say(Saying.AUDIT_UNWRITABLE)
            self._metrics.count_reason(Reason.AUDIT_UNAVAILABLE)
            return False
        return True

    def _record(
        self,
        origin: Origin,
        channel: Resource | None,
        judgement: Judgement,
        texts: tuple[str, ...],
        status: int,
        noted: tuple[str, ...] = (),
    ) -> Record:
        return Record(
            time=self._now(),
            id=origin.id,
            client=origin.client,
            route=origin.route,
            directory=origin.directory,
            session=origin.session,
            verdict=judgement.verdict,
            reasons=judgement.reasons,
            status=status,
            channel=channel.value if channel else "",
            noted=noted,
            **found_in(judgement, texts, self._tell),
        )


async def _done(
    current: TextScanner, trees: Sequence[Tree], work: Callable[[Scanner], S], *, apart: bool, again: bool
) -> S:
    """Do `work`, at once where that does not take long, else `apart`, in a thread: all others wait for what is done at
    once, and some kilobytes can be written so that they take ten times as long as a reply of that length."""
    if not apart:
        try:
            return work(_with(trees, current.within(LIGHT) if again else current))
        except HeavyError:
            pass
    return await asyncio.to_thread(work, _with(trees, current))


def _with(trees: Sequence[Tree], scanner: TextScanner) -> Scanner:
    return Remembering(scanner, trees) if trees else scanner
