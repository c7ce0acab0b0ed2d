"""A ledger of exchanges that were not clean: one JSON object a line, appended and flushed to the disk.

A record has no content: detectors, names of known values, spans and lengths only. `append` returns once the lines are
on the disk, so a caller that awaits it before answering satisfies invariant 8. A failed write raises `AuditError`, and
the caller withholds. After a failure the next line starts on a line of its own, so a torn line costs only itself.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

import msgspec
from msgspec import Struct

from egress_proxy.errors import AuditError, StartError
from egress_proxy.model import Finding, Judgement, Verdict
from egress_proxy.reasons import Reason

MAX_SPANS = 1000  # a record stays a line that tools can read; `findings` holds the true number


class Span(Struct, frozen=True):
    """Where a finding stood: index of the text in the answer, code-point offsets in the original text."""

    text: int
    start: int
    end: int
    detector: str
    name: str
    form: str


class Record(Struct, frozen=True, kw_only=True):
    """One exchange. `time` is RFC 3339 in UTC, `route` a catalogue row or `unknown`, lengths are code points."""

    time: str
    id: str
    client: str
    route: str
    directory: str
    session: str
    verdict: Verdict
    reasons: tuple[Reason, ...]
    status: int
    channel: str = ""
    findings: int = 0
    detectors: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    noted: tuple[str, ...] = ()  # what a client was let do: a word for it, and what it was about, as it may be shown
    lengths: tuple[int, ...] = ()  # of the texts that were redacted or withheld, in order of `spans`' text


class Found(TypedDict):
    """The fields of a `Record` that a judgement decides."""

    findings: int
    detectors: tuple[str, ...]
    spans: tuple[Span, ...]
    lengths: tuple[int, ...]


def found_in(judgement: Judgement, lengths: Sequence[int]) -> Found:
    """What a record says of a judgement. `lengths` are those of the batch's original texts."""
    found = judgement.findings
    return {
        "findings": len(found),
        "detectors": tuple(sorted({finding.detector for finding in found})),
        "spans": tuple(_span(finding) for finding in found[:MAX_SPANS]),
        "lengths": tuple(lengths[index] for index in sorted({finding.text for finding in found[:MAX_SPANS]})),
    }


def _span(finding: Finding) -> Span:
    return Span(finding.text, finding.start, finding.end, finding.detector, finding.name, finding.form.value)


class Ledger:
    """An append-only file of records, locked against a second proxy. `append` may be called from any one thread at a
    time."""

    def __init__(self, path: Path) -> None:
        """Open or create `path` with mode 0600. Raises `StartError` when it cannot be written."""
        self._path = path
        self._encoder = msgspec.json.Encoder()
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._torn = not _ends_with_newline(path)
        except BlockingIOError:
            raise StartError(f"the audit log {path} is in use: another proxy runs with this state directory") from None
        except OSError as error:
            raise StartError(f"the audit log {path} cannot be opened: {error.strerror}") from None

    def append(self, records: Sequence[Record]) -> None:
        """Write the records, one line each, and wait until they are on the disk. Raises `AuditError`."""
        lines = b"".join(self._encoder.encode(record) + b"\n" for record in records)
        try:
            self._write(b"\n" + lines if self._torn else lines)
            os.fdatasync(self._file)
        except OSError as error:
            raise AuditError(f"the audit log cannot be written: {error.strerror}") from None

    def _write(self, data: bytes) -> None:
        status = os.fstat(self._file)
        if status.st_nlink == 0:
            raise OSError(errno.ENOENT, "the file was removed")  # what is written now, nobody would ever read
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._file, view) :]
        except OSError:
            self._torn = self._torn or os.fstat(self._file).st_size != status.st_size
            raise
        self._torn = False

    def close(self) -> None:
        os.close(self._file)


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
