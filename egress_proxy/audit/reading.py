"""Reads a ledger: the database of a proxy, also while that writes, or the lines that `audit export` gave."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from egress_proxy.audit.chain import ChainError
from egress_proxy.audit.ed25519 import Signer
from egress_proxy.audit.entries import Before, Head, line_of, signed
from egress_proxy.audit.opening import BEFORE_FILE, DATABASE, KEY_FILE, described
from egress_proxy.audit.resuming import resumed
from egress_proxy.audit.store import Reader, StoreError
from egress_proxy.audit.verify import Verdict, Verifier
from egress_proxy.errors import EgressError

_MAGIC: Final = b"SQLite format 3\x00"
_MOST_LINE: Final = 64 << 20


class _Beginning(Struct):
    """What a first entry may say."""

    before: Before | None = None


_BEGINNING: Final = msgspec.json.Decoder(_Beginning)
Progress = Callable[[int], None]


def opened(state_dir: Path, *, doctored: bool = False) -> Reader:
    """The database of a state directory; one that is not as the program makes it only if it may be `doctored`.

    Raises `EgressError`.
    """
    path = state_dir / DATABASE
    try:
        reader = Reader(path)
        if doctored or reader.is_own():
            return reader
    except FileNotFoundError:
        raise EgressError(f"there is no audit log in {state_dir}: no proxy has run with it yet") from None
    except StoreError as error:
        raise EgressError(f"the audit log {path}: {error}") from None
    reader.close()
    raise EgressError(f"the audit log {path} hides something: `egress-proxy audit verify` says more")


def head(state_dir: Path) -> str:
    """A signed head of the ledger as it is now: one line of JSON. Raises `EgressError`.

    What stands after the last signature is followed first: a head is not made of what does not hang together.
    """
    with closing(opened(state_dir)) as reader:
        try:
            public, tip = resumed(reader)
        except (ChainError, StoreError):
            raise EgressError("the audit log is not what was signed: `egress-proxy audit verify` says more") from None
    try:
        signer = Signer.read(state_dir / KEY_FILE)
    except FileNotFoundError:
        raise EgressError(f"{state_dir / KEY_FILE}: the key of the audit log is missing") from None
    if signer.public != public:
        raise EgressError(f"{state_dir / KEY_FILE}: is not the key of the audit log")
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    made = Head(ledger=tip.ledger, seq=tip.seq, hash=tip.hash, time=now, key=public)
    return line_of(signed(made, signer.sign))


def verify(source: Path, verifier: Verifier, progress: Progress) -> Verdict:
    """Verify a database or a file of lines. `progress` is told how many entries were read since it was told last.

    Raises `EgressError` for what cannot be read.
    """
    try:
        if _is_database(source) and not _is_sound(source):
            verifier.doctored()
        for count, (line, columns) in enumerate(_lines(source), 1):
            verifier.add(line, columns)
            if not count % 1000:
                progress(1000)
    except (OSError, StoreError) as error:
        told = error.strerror if isinstance(error, OSError) else error
        raise EgressError(f"{source}: cannot be read ({told})") from None
    return verifier.end()


def size(source: Path) -> int:
    """About how many entries a database has; 0 where nobody knows."""
    try:
        if not _is_database(source):
            return 0
        with closing(Reader(source)) as reader:
            return reader.count()
    except (OSError, StoreError):
        return 0


def former(state_dir: Path, source: Path) -> str:
    """What became of the log of lines that the first entry tells of: empty, `kept`, `missing` or `changed`."""
    with closing(Reader(source)) as reader:
        first = next(reader.rows(), None)
    try:
        told = _BEGINNING.decode(first.line).before if first else None
        if told is None:
            return ""
        found = described(state_dir / BEFORE_FILE)
    except FileNotFoundError:
        return "missing"
    except (OSError, msgspec.MsgspecError, UnicodeError):
        return "changed"
    return "kept" if (found.sha256, found.bytes) == (told.sha256, told.bytes) else "changed"


def _is_database(source: Path) -> bool:
    with source.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def _is_sound(source: Path) -> bool:
    with closing(Reader(source)) as reader:
        return reader.is_sound()


def _lines(source: Path) -> Iterator[tuple[str, Mapping[str, object] | None]]:
    if _is_database(source):
        with closing(Reader(source)) as reader:
            for row in reader.all_rows():
                yield str(row.line), row._asdict()  # a copy from elsewhere may hold anything
        return
    with source.open("rb") as file:
        while line := file.readline(_MOST_LINE):
            yield line.removesuffix(b"\n").decode("utf-8", "surrogateescape"), None
