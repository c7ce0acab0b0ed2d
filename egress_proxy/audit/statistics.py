"""What records come to: how many of what, when, about whom. Pure, one pass, and bounded however many there are.

What is counted are records and the findings they tell of. A secret that is asked for three times is found three times;
clean exchanges count where they are recorded at all (`audit.clean_exchanges`).
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

MOST_LABELS: Final = 10_000  # of a kind; what comes after them counts as `OTHERS`
MOST_STEPS: Final = 10_000  # a year of hours
MOST_LABELS_OF_A_STEP: Final = 400  # there are some 70 reasons and 260 detectors
MOST_SESSIONS: Final = 1_000  # the last to be heard of
MOST_MOMENTS: Final = 20  # of a session, the last
OTHERS: Final = "(others)"
"""What is counted together, for want of room. No label of ours has parentheses."""

_NOTHING: Final[Counter[str]] = Counter()
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:")


class Bucket(StrEnum):
    """How long a step of time is. In UTC, as records are."""

    DAY = "day"
    HOUR = "hour"

    def of(self, time: str) -> str:
        """The step that a record's time is in: `2026-01-31` or `2026-01-31T12`; empty for what is no time."""
        if not _TIME.match(time):
            return ""
        return time[:10] if self is Bucket.DAY else time[:13]


class Step(Struct, frozen=True, kw_only=True):
    """A step of time in which there is a record. Reasons are counted once a record, detectors once a finding."""

    start: str  # as `Bucket.of` gives it
    records: int
    verdicts: dict[str, int]
    reasons: dict[str, int]
    detectors: dict[str, int]


class Seen(Struct, frozen=True, kw_only=True):
    """A value by its name, as it was found. `name` is what records say: of a value that is nobody's it is not there."""

    name: str
    findings: int
    encoded: int  # of these, not as the value is written
    first: str
    last: str


class Moment(Struct, frozen=True, kw_only=True):
    """A record of a session."""

    time: str
    id: str
    route: str
    verdict: str
    reasons: tuple[str, ...]
    findings: int


class Session(Struct, frozen=True, kw_only=True):
    """A session, and in order its last moments that were not clean or let a client do something."""

    id: str
    client: str  # of its last record
    first: str
    last: str
    records: int
    verdicts: dict[str, int]
    findings: int
    moments: tuple[Moment, ...]


class Summary(Struct, frozen=True, kw_only=True):
    """All of it. Counters have the most frequent first; `values` and `sessions` the last seen first; `steps` in order,
    without those in which nothing is recorded. `untold` are the records of which no step has told."""

    bucket: Bucket
    first: str
    last: str
    records: int
    verdicts: dict[str, int]
    reasons: dict[str, int]
    detectors: dict[str, int]
    routes: dict[str, int]
    clients: dict[str, int]
    channels: dict[str, int]
    values: tuple[Seen, ...]
    sessions: tuple[Session, ...]
    steps: tuple[Step, ...]
    untold: int = 0


def summarise(records: Iterable[Mapping[str, Any]], bucket: Bucket = Bucket.DAY, *, sessions: int = 50) -> Summary:
    """Count records, which may come in any order, the oldest first for the best choice of sessions.

    Each has the keys of a record of this version that `filters.search` looks for. So many `sessions` are told of.
    """
    counting = _Counting(bucket)
    for record in records:
        counting.add(record)
    return counting.summary(sessions)


class _Counting:
    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._records = self._untold = 0
        self._first = self._last = ""
        self._verdicts, self._reasons, self._detectors = _Labels(), _Labels(), _Labels()
        self._routes, self._clients, self._channels = _Labels(), _Labels(), _Labels()
        self._steps: dict[str, _Step] = {}
        self._values: dict[str, _Value] = {}
        self._sessions: OrderedDict[str, _Session] = OrderedDict()

    def add(self, record: Mapping[str, Any]) -> None:
        time, reasons, detectors = record["time"], record["reasons"], _detectors(record)
        self._records += 1
        self._first, self._last = _earlier(self._first, time), max(self._last, time)
        self._verdicts.add(record["verdict"])
        self._reasons.add(*reasons)
        self._detectors.update(detectors)
        self._routes.add(record["route"])
        if record["client"]:
            self._clients.add(record["client"])
        if record.get("channel"):
            self._channels.add(record["channel"])
        self._step(time, record["verdict"], reasons, detectors)
        for span in record["spans"]:
            if span["name"]:
                self._value(span["name"], time, encoded=span.get("form") == "encoded")
        if record["session"]:
            self._session(record)

    def _step(self, time: str, verdict: str, reasons: Iterable[str], detectors: Mapping[str, int]) -> None:
        start = self._bucket.of(time)
        step = self._steps.get(start)
        if step is None:
            if not start or len(self._steps) >= MOST_STEPS:
                self._untold += 1
                return
            step = self._steps[start] = _Step()
        step.records += 1
        step.verdicts.add(verdict)
        step.reasons.add(*reasons)
        step.detectors.update(detectors)

    def _value(self, name: str, time: str, *, encoded: bool) -> None:
        if name not in self._values and len(self._values) >= MOST_LABELS:
            name = OTHERS
        value = self._values.setdefault(name, _Value())
        value.findings += 1
        value.encoded += encoded
        value.first, value.last = _earlier(value.first, time), max(value.last, time)

    def _session(self, record: Mapping[str, Any]) -> None:
        name = record["session"]
        session = self._sessions.setdefault(name, _Session())
        self._sessions.move_to_end(name)
        session.add(record)
        if len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)

    def summary(self, sessions: int) -> Summary:
        latest = sorted(self._sessions.items(), key=lambda one: (one[1].last, one[0]), reverse=True)[:sessions]
        return Summary(
            bucket=self._bucket,
            first=self._first,
            last=self._last,
            records=self._records,
            verdicts=self._verdicts.told(),
            reasons=self._reasons.told(),
            detectors=self._detectors.told(),
            routes=self._routes.told(),
            clients=self._clients.told(),
            channels=self._channels.told(),
            values=tuple(
                value.told(name)
                for name, value in sorted(self._values.items(), key=lambda one: (one[1].last, one[0]), reverse=True)
            ),
            sessions=tuple(session.told(name) for name, session in latest),
            steps=tuple(self._steps[start].told(start) for start in sorted(self._steps)),
            untold=self._untold,
        )


class _Labels:
    """How often each of some labels came: the first so many to come have a count of their own."""

    __slots__ = ("_counts", "_most")

    def __init__(self, most: int = MOST_LABELS) -> None:
        self._most = most
        self._counts: Counter[str] = Counter()

    def add(self, *labels: str) -> None:
        for label in labels:
            self._count(label, 1)

    def update(self, counts: Mapping[str, int]) -> None:
        for label, count in counts.items():
            self._count(label, count)

    def _count(self, label: str, count: int) -> None:
        room = label in self._counts or len(self._counts) < self._most
        self._counts[label if room else OTHERS] += count

    def told(self) -> dict[str, int]:
        """The most frequent first; those that are as frequent by name."""
        return dict(sorted(self._counts.items(), key=lambda one: (-one[1], one[0])))


class _Step:
    __slots__ = ("detectors", "reasons", "records", "verdicts")

    def __init__(self) -> None:
        self.records = 0
        self.verdicts, self.reasons, self.detectors = (_Labels(MOST_LABELS_OF_A_STEP) for _ in range(3))

    def told(self, start: str) -> Step:
        return Step(
            start=start,
            records=self.records,
            verdicts=self.verdicts.told(),
            reasons=self.reasons.told(),
            detectors=self.detectors.told(),
        )


class _Value:
    __slots__ = ("encoded", "findings", "first", "last")

    def __init__(self) -> None:
        self.findings = self.encoded = 0
        self.first = self.last = ""

    def told(self, name: str) -> Seen:
        return Seen(name=name, findings=self.findings, encoded=self.encoded, first=self.first, last=self.last)


class _Session:
    __slots__ = ("client", "findings", "first", "last", "moments", "records", "verdicts")

    def __init__(self) -> None:
        self.client = self.first = self.last = ""
        self.records = self.findings = 0
        self.verdicts = _Labels(MOST_LABELS_OF_A_STEP)
        self.moments: list[Moment] = []

    def add(self, record: Mapping[str, Any]) -> None:
        time, findings = record["time"], _findings(record)
        if time >= self.last:
            self.client, self.last = record["client"], time
        self.first = _earlier(self.first, time)
        self.records += 1
        self.findings += findings
        self.verdicts.add(record["verdict"])
        if record["verdict"] == "clean" and not record["noted"]:
            return
        moment = Moment(
            time=time,
            id=record["id"],
            route=record["route"],
            verdict=record["verdict"],
            reasons=tuple(record["reasons"]),
            findings=findings,
        )
        self.moments.append(moment)
        if len(self.moments) > 2 * MOST_MOMENTS:
            self._forget()

    def _forget(self) -> None:
        self.moments = sorted(self.moments, key=lambda one: one.time)[-MOST_MOMENTS:]

    def told(self, name: str) -> Session:
        self._forget()
        return Session(
            id=name,
            client=self.client,
            first=self.first,
            last=self.last,
            records=self.records,
            verdicts=self.verdicts.told(),
            findings=self.findings,
            moments=tuple(self.moments),
        )


def _detectors(record: Mapping[str, Any]) -> Counter[str]:
    """How many findings are of each detector. Those without a span, of which a record has no more than so many, count
    for nobody; a detector that has none of them counts once."""
    if not record["detectors"]:
        return _NOTHING
    found = Counter(str(span.get("detector", "")) for span in record["spans"])
    found.update(detector for detector in record["detectors"] if detector not in found)
    return found


def _findings(record: Mapping[str, Any]) -> int:
    found = record.get("findings", 0)
    return found if isinstance(found, int) else 0


def _earlier(first: str, time: str) -> str:
    return time if not first or time < first else first
