"""A ledger for the console's tests: records as there are, hostile ones, and one that somebody was at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from egress_proxy.audit import Ledger, Record, Span, Terms
from egress_proxy.audit.ed25519 import Signer, read_public
from egress_proxy.audit.reading import opened
from egress_proxy.console import Behind
from egress_proxy.model import Verdict
from egress_proxy.reasons import Reason
from egress_proxy.server.provenance import Named
from egress_proxy.server.recorded import Recorded
from egress_proxy.server.sso import Sso
from egress_proxy.server.survey import Survey

START: Final = 1_767_261_600.0  # 2026-01-01 10:00 UTC
SERVER: Final = Survey("1.18.33", ("POST /experimental/teleport", "GET /(unprintable)"), ())
NAMED: Final = (
    Named("DB_PASSWORD", 1, ("env_file",)),
    Named("STRIPE_KEY", 2, ("env_file", "process")),
    Named("github.token", 1, ("opencode_auth",)),
)


class Clock:
    """Seconds since the epoch that pass when the test says so."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class Kept:
    """A ledger that a test fills, and what the console is given of it."""

    def __init__(self, state: Path, terms: Terms | None = None) -> None:
        state.mkdir(exist_ok=True)
        self.state = state
        self.clock = Clock()
        # The keys of tests are one key, so that the pictures of the documentation are the same each time.
        Signer.from_seed(bytes(range(32))).write(state / "audit.key")
        self.ledger = Ledger(state, terms or Terms(checkpoint_records=5), self.clock, self.clock)
        self.recorded = Recorded()
        self.named: tuple[Named, ...] = NAMED
        self.server = SERVER

    def add(self, *records: Record) -> None:
        """Put records on the disk; who listens hears of them."""
        self.ledger.append(records)
        self.recorded.tell(records)

    def behind(self, sso: Sso | None = None) -> Behind:
        return Behind(
            opened=lambda: opened(self.state),
            keys=lambda: read_public(self.state / "audit.pub"),
            listen=self.recorded.listen,
            known=lambda: self.named,
            server=self.server,
            sso=sso,
        )

    def close(self) -> None:
        self.recorded.end()
        self.ledger.close()


class Step(Struct, frozen=True):
    """What one record of a plausible afternoon says."""

    minute: int
    fields: dict[str, Any]


def record(number: int, **fields: Any) -> Record:
    """A record; `minute` of the day's eleventh hour."""
    minute = fields.pop("minute", number)
    plain: dict[str, Any] = {
        "time": f"2026-01-01T{10 + minute // 60:02}:{minute % 60:02}:00.000+00:00",
        "id": f"egr_{number:020x}",
        "client": "cloud-agent",
        "route": "GET /session/{sessionID}/message",
        "directory": "/srv/projects/shop",
        "session": "ses_release",
        "verdict": Verdict.REFUSED,
        "status": 400,
        "reasons": (Reason.ID_INVALID,),
    }
    return Record(**{**plain, **fields})


def redacted(number: int, *names: str, detector: str = "known-value", form: str = "plain", **fields: Any) -> Record:
    """A record of a redacted answer: a span for each name, or one of a detector's without a name."""
    spans = tuple(
        Span(index, 14 + 40 * index, 34 + 40 * index, detector, name, form) for index, name in enumerate(names or ("",))
    )
    given: dict[str, Any] = {"verdict": Verdict.REDACTED, "status": 200, "reasons": (), "channel": "messages"}
    given |= {"findings": len(spans), "detectors": (detector,), "spans": spans, "lengths": (412,)}
    return record(number, **{**given, **fields})


def afternoon() -> Sequence[Record]:
    """What a proxy records of some work."""
    prompt = "POST /session/{sessionID}/message"
    replies = "POST /session/{sessionID}/permissions/{permissionID}"
    withheld: dict[str, Any] = {"verdict": Verdict.WITHHELD, "status": 200, "reasons": (Reason.KNOWN_VALUE_ENCODED,)}
    noted: dict[str, Any] = {"verdict": Verdict.CLEAN, "status": 200, "reasons": ()}
    return (
        record(1, route=prompt, noted=("expected", "read:.env"), **noted),
        redacted(2, "DB_PASSWORD"),
        redacted(3, "", detector="aws-access-key", session="ses_deploy", client="ci"),
        record(4, route=replies, noted=("approved", "per_0a1b2c3d4e5f", "declared-env-file"), **noted),
        redacted(5, "DB_PASSWORD", "STRIPE_KEY"),
        redacted(6, "STRIPE_KEY", form="encoded", **withheld),
        record(7, route="unknown", session="", directory="", reasons=(Reason.OPERATION_UNKNOWN,), status=404),
        record(8, route=replies, noted=("rejected", "per_1f2e3d4c5b6a", "force-push", "ada"), **noted),
        redacted(9, "", detector="private-key", session="ses_deploy", client="ci"),
        record(10, route=prompt, session="ses_deploy", client="ci", reasons=(Reason.ID_INVALID,)),
        redacted(11, "DB_PASSWORD"),
        record(12, session="", directory="", client="", reasons=(Reason.UNAUTHENTICATED,), status=401),
    )
