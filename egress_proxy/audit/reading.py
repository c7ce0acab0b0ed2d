"""Reads a ledger: the database of a proxy, also while that writes, or the lines that `audit export` gave.

Where a ledger is meant, a state directory says that it is the SQLite database there; a `Place` says where else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from egress_proxy.audit.chain import ChainError
from egress_proxy.audit.ed25519 import Signer
from egress_proxy.audit.entries import Before, Head, line_of, signed
from egress_proxy.audit.opening import BEFORE_FILE, KEY_FILE, described
from egress_proxy.audit.places import Place, SqlitePlace
from egress_proxy.audit.resuming import resumed
from egress_proxy.audit.sqlite import SqliteReader
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


def opened(where: Path | Place, *, doctored: bool = False) -> Reader:
    """The database of a state directory, or of a place; one that is not as the program makes it only if it may be
    `doctored`.

    Raises `EgressError`.
    """
    place = place_of(where)
    try:
        reader = place.reader()
        if doctored or reader.is_own():
            return reader
    except FileNotFoundError:
        raise EgressError(f"there is no audit log in {place.state_dir}: no proxy has run with it yet") from None
    except StoreError as error:
        raise EgressError(f"the audit log {place.told}: {error}") from None
    reader.close()
    raise EgressError(f"the audit log {place.told} hides something: `egress-proxy audit verify` says more")


def place_of(where: Path | Place) -> Place:
    """The place that is meant."""
    return SqlitePlace(where) if isinstance(where, Path) else where


def head(where: Path | Place) -> str:
    """A signed head of the ledger as it is now: one line of JSON. Raises `EgressError`.

    What stands after the last signature is followed first: a head is not made of what does not hang together.
    """
    state_dir = place_of(where).state_dir
    with closing(opened(where)) as reader:
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


Source = Path | Reader
"""What is verified: a file, which is an SQLite database or lines; or what a place has opened."""


def verify(source: Source, verifier: Verifier, progress: Progress) -> Verdict:
    """Verify a ledger. `progress` is told how many entries were read since it was told last.

    Raises `EgressError` for what cannot be read.
    """
    try:
        with _database(source) as reader:
            if reader is not None and not reader.is_sound():
                verifier.doctored()
            for count, (line, columns) in enumerate(_lines(source, reader), 1):
                verifier.add(line, columns)
                if not count % 1000:
                    progress(1000)
    except (OSError, StoreError) as error:
        told = error.strerror if isinstance(error, OSError) else error
        name = source if isinstance(source, Path) else "the audit log"
        raise EgressError(f"{name}: cannot be read ({told})") from None
    return verifier.end()


def size(source: Source) -> int:
    """About how many entries a database has; 0 where nobody knows."""
    try:
        with _database(source) as reader:
            return 0 if reader is None else reader.count()
    except (OSError, StoreError):
        return 0


def former(state_dir: Path, source: Source) -> str:
    """What became of the log of lines that the first entry tells of: empty, `kept`, `missing` or `changed`."""
    with _database(source) as reader:
        first = next(reader.rows(), None) if reader is not None else None
    try:
        told = _BEGINNING.decode(first.line).before if first else None
        if told is None:
            return ""
        found = described(state_dir / BEFORE_FILE)
    except FileNotFoundError:
        return "missing"
    except (OSError, msgspec.MsgspecError, UnicodeError, RecursionError):
        return "changed"
    return "kept" if (found.sha256, found.bytes) == (told.sha256, told.bytes) else "changed"


def _is_database(source: Path) -> bool:
    with source.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


@contextmanager
def _database(source: Source) -> Iterator[Reader | None]:
    """The database that a source is; None for a file of lines."""
    if isinstance(source, Reader):
        yield source
    elif _is_database(source):
        with closing(SqliteReader(source)) as reader:
            yield reader
    else:
        yield None


def _lines(source: Source, reader: Reader | None) -> Iterator[tuple[str, Mapping[str, object] | None]]:
    if reader is not None:
        for row in reader.all_rows():
            yield str(row.line), row._asdict()  # a copy from elsewhere may hold anything
    if not isinstance(source, Path) or reader is not None:
        return
    with source.open("rb") as file:
        while line := file.readline(_MOST_LINE):
            yield line.removesuffix(b"\n").decode("utf-8", "surrogateescape"), None
