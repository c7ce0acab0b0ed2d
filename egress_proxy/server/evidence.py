"""Originals are sealed and kept before the record that names them is written, and that before anything is released.

All of it happens in the recorder's thread, for the records that are written together: one more sync for all of them.
An original that cannot be sealed or kept withholds its answer, and the record says so (`evidence: failed`). So does one
that there is no room for (`full`), unless the operator lets such answers go as they were judged.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Never, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from egress_proxy.audit import Ledger, Record
from egress_proxy.clocks import since_boot
from egress_proxy.config import Config, Evidence, recipient_lines
from egress_proxy.errors import AuditError, ConfigError, StartError
from egress_proxy.evidence import (
    BEFORE,
    DATABASE,
    BadKey,
    EvidenceStore,
    Found,
    Keeping,
    Original,
    PublicKey,
    Sealed,
    Shredded,
    StoreError,
    Terms,
    excerpts,
    left_out,
    recipient,
    seal,
)
from egress_proxy.evidence_rules import Full, Keep
from egress_proxy.logs import Saying, say
from egress_proxy.metrics import UNKNOWN_ROUTE, Metrics
from egress_proxy.model import Judgement, Verdict
from egress_proxy.reasons import Reason

FULL: Final = "full"
FAILED: Final = "failed"
RECIPIENTS: Final = "evidence recipients"
SHREDDED: Final = "evidence shredded"
_MAX_FINDINGS: Final = 1000
_AT_ONCE: Final = 200  # originals that are shredded, or named in a note: records wait meanwhile
_OF_ONE_CLIENT: Final = 0.75  # of a day's bytes: what one floods, the others still have the rest of
_WIPE_SECONDS: Final = 0.2  # for readers to end: records wait meanwhile, and the next time is soon
_DAY: Final = 86_400.0


class Judged(Struct, frozen=True):
    """Texts of an answer, as they were before it was judged, and the judgement. Not shown, and not pickled."""

    texts: tuple[str, ...]
    judgement: Judgement

    def __repr__(self) -> str:
        return "Judged(…)"

    def __reduce__(self) -> Never:
        raise TypeError("an original is not pickled")


Outcome: TypeAlias = tuple[Record, AuditError | None]


class Sealing:
    """Seals what is recorded. Used by one thread at a time; nothing of it opens what it sealed."""

    def __init__(
        self,
        store: Keeping,
        recipients: Sequence[PublicKey],
        settings: Evidence,
        ledger: str,
        metrics: Metrics,
        *,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] | None = None,
    ) -> None:
        """`ledger` is its name. `clock` gives seconds since the epoch, and may be set; `steady` is never."""
        self._store = store
        self._recipients = tuple(recipients)
        self._settings = settings
        keep = settings.keep if recipients else Keep.NONE
        self._terms = Terms(keep=keep, context=settings.context, most=settings.exchange_chars)
        self._ledger = ledger
        self._metrics = metrics
        self._clock = clock
        self._steady = steady or (since_boot if clock is time.time else clock)
        self._apart: Final = clock() - self._steady()
        self._day, self._of_clients = "", Counter[str]()
        """What was sealed of each client on a day, since the start, in bytes."""
        self._wiped = False
        """Whether nothing that was shredded is in the store's log."""
        self.failure = ""
        """Why the last originals could not be sealed or kept; empty if they could."""

    def __repr__(self) -> str:
        return f"Sealing({', '.join(one.id for one in self._recipients)})"

    def seal(self, batch: Sequence[tuple[Record, Judged | None]]) -> list[Outcome]:
        """Seal the originals of records and keep them: each record with what it says of its evidence, and why its
        answer must not cross, if so. Never raises."""
        made = [self._sealed(record, judged) if judged else (record, None) for record, judged in batch]
        charged = self._day, self._of_clients.copy()
        try:
            return self._kept(made)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, originals may not be on the disk: fail closed
            self._day, self._of_clients = charged  # what was not kept is nobody's
            self._failed(error)
            return [self._without(record, FAILED) if sealed is not None else (record, None) for record, sealed in made]

    def tend(self, ledger: Ledger) -> bool:
        """Shred what is old, and tell the ledger of what was shredded. Whether there is more to do.

        Raises `AuditError`.
        """
        try:
            if self.failure:
                self._store.reopen()
                self._recovered()
            more = self._expire()
            try:
                while unnoted := self._store.unnoted()[:_AT_ONCE]:
                    self._wiped = False  # whoever shredded it may have been killed, or somebody read
                    ledger.append([self._note(*note) for note in _notes(unnoted)])
                    self._store.note(unnoted)
            finally:  # a ledger that cannot be written keeps nothing longer
                if not (self._wiped or more):
                    self._wiped = self._store.wipe(_WIPE_SECONDS)
                self._metrics.count_evidence(0, self._store.usage(self._today()).total)
        except StoreError as error:
            self._failed(error)
            return False
        return more

    def begin(self, ledger: Ledger) -> None:
        """Put on record for whom is sealed from now on. Raises `AuditError`."""
        if self._recipients and self._terms.keep is not Keep.NONE:
            ledger.append([self._note(RECIPIENTS, *(one.id for one in self._recipients))])

    def close(self) -> None:
        self._store.close()

    def _sealed(self, record: Record, judged: Judged) -> tuple[Record, Sealed | AuditError | None]:
        """The record, and its original sealed: None if there is none to keep."""
        try:
            original = self._original(record, judged)
            return record, seal(original, self._recipients) if original is not None else None
        except Exception as error:  # noqa: BLE001 - see `seal`
            self._failed(error)
            return record, AuditError("the evidence cannot be sealed")

    def _original(self, record: Record, judged: Judged) -> Original | None:
        kept = excerpts(judged.texts, judged.judgement, self._terms)
        if not kept:
            return None
        findings = judged.judgement.findings
        return Original(
            ledger=self._ledger,
            record=record.id,
            time=record.time,
            client=record.client,
            route=record.route,
            directory=record.directory,
            session=record.session,
            channel=record.channel,
            verdict=record.verdict.value,
            reasons=tuple(reason.value for reason in record.reasons),
            findings=tuple(map(Found.of, findings[:_MAX_FINDINGS])),
            excerpts=kept,
            left_out=left_out(findings, kept),
        )

    def _kept(self, made: Sequence[tuple[Record, Sealed | AuditError | None]]) -> list[Outcome]:
        kept: list[Sealed] = []
        outcomes: list[Outcome] = []
        if any(isinstance(sealed, Sealed) for _, sealed in made) and self.failure:
            self._store.reopen()
        for record, sealed in made:
            if sealed is None:
                outcomes.append((record, None))
            elif isinstance(sealed, AuditError):
                outcomes.append(self._without(record, FAILED))
            elif bound := self._over(record, sealed, kept):
                self._metrics.count_evidence_dropped(bound)
                outcomes.append(self._no_room(record))
            else:
                kept.append(sealed)
                outcomes.append((replace(record, evidence=sealed.name), None))
        if kept:
            self._store.put(kept)
            self._metrics.count_evidence(len(kept), self._store.usage(made[0][0].time[:10]).total)
            self._recovered()
        return outcomes

    def _over(self, record: Record, sealed: Sealed, beside: Sequence[Sealed]) -> str:
        """The bound that an original would be over, with those that are kept together with it."""
        day = record.time[:10]
        used = self._store.usage(day)
        more = sealed.size + sum(one.size for one in beside)
        if used.total + more > self._settings.total_bytes:
            return "total"
        if used.since + more > self._settings.day_bytes:
            return "day"
        if day != self._day:
            self._day, self._of_clients = day, Counter()
        of_client = self._of_clients[record.client] + sealed.size
        if of_client > self._settings.day_bytes * _OF_ONE_CLIENT:
            return "client"
        self._of_clients[record.client] = of_client
        return ""

    def _no_room(self, record: Record) -> Outcome:
        if self._settings.full is Full.RELEASE:
            return replace(record, evidence=FULL), None
        return self._withheld(record, FULL)

    def _without(self, record: Record, word: str) -> Outcome:
        self._metrics.count_evidence_failures(1)
        return self._withheld(record, word)

    @staticmethod
    def _withheld(record: Record, word: str) -> Outcome:
        reasons = (*record.reasons, Reason.AUDIT_UNAVAILABLE)
        told = replace(record, verdict=Verdict.WITHHELD, reasons=reasons, evidence=word)
        return told, AuditError("the evidence cannot be kept")

    def _failed(self, error: Exception) -> None:
        told = str(error) if isinstance(error, StoreError) else type(error).__name__
        if not self.failure:
            say(Saying.EVIDENCE_FAILED, why=told)
        self.failure = f"evidence: {told}"

    def _recovered(self) -> None:
        if self.failure:
            say(Saying.EVIDENCE_BACK)
        self.failure = ""

    def _expire(self) -> bool:
        """Shred some of what is older than it need be; whether there is more. Nothing while the clock was set ahead."""
        now = self._clock()
        if not self._settings.days or now - self._steady() - self._apart > _DAY:
            return False
        before = _written(now - self._settings.days * _DAY)[:10]
        expired = self._store.expire(before, _written(now), _AT_ONCE)
        self._wiped = self._wiped and not expired
        return expired == _AT_ONCE

    def _note(self, *noted: str) -> Record:
        return Record(
            time=_written(self._clock()),
            id=f"egr_{secrets.token_hex(10)}",
            client="",
            route=UNKNOWN_ROUTE,
            directory="",
            session="",
            verdict=Verdict.CLEAN,
            reasons=(),
            status=200,
            noted=noted,
        )

    def _today(self) -> str:
        return _written(self._clock())[:10]


def sealing(config: Config, ledger: Ledger, metrics: Metrics) -> Sealing | None:
    """What seals by a configuration; None if nothing is sealed and nothing was. Raises `ConfigError`, `StartError`."""
    recipients, path = recipients_of(config.evidence), Path(config.state_dir) / DATABASE
    if not recipients and not path.exists():
        return None
    try:
        made = Sealing(EvidenceStore(path), recipients, config.evidence, ledger.name, metrics)
        made.begin(ledger)
    except (StoreError, AuditError) as error:
        raise StartError(f"the evidence {path} cannot be opened: {error}") from None
    return made


def recipients_of(settings: Evidence) -> tuple[PublicKey, ...]:
    """The keys of the recipients, in their order. Raises `ConfigError`."""
    keys: list[PublicKey] = []
    for place, line in recipient_lines(settings):
        try:
            key = recipient(line)
        except BadKey:
            raise ConfigError(
                f"{place}: is no recipient, or was cut or changed: the line that `egress-proxy evidence keygen` printed"
            ) from None
        if any(key.id == one.id for one in keys):
            raise ConfigError(f"{place}: is named already")
        keys.append(key)
    return tuple(keys)


def _notes(shredded: Sequence[Shredded]) -> Iterator[tuple[str, ...]]:
    """What the ledger is told: by age, by name, and by name for a recipient."""
    for recipient_id in sorted({one.recipient for one in shredded}):
        names = [one.what for one in shredded if one.recipient == recipient_id]
        for age in (name for name in names if name.startswith(BEFORE)):
            yield SHREDDED, age
        if named := [name for name in names if not name.startswith(BEFORE)]:
            yield (SHREDDED, *([f"for {recipient_id}"] if recipient_id else ()), *named)


def _written(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
