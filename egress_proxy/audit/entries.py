"""The entries of a ledger as they are written: one line of canonical JSON each, chained by SHA-256.

docs/audit-format.md says what stands here, for whoever reads it with something else than this program. The verifier
shares none of this: it reads lines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import asdict, replace

from egress_proxy.audit.record import Record
from egress_proxy.errors import AuditError

FORMAT: Final = 1
NOTHING: Final = "0" * 64
"""What the first entry follows."""
DOMAIN: Final = b"egress-proxy audit 1\n"
"""What a signature covers begins with this, so that it is good for nothing else."""

_ENCODER: Final = msgspec.json.Encoder(order="sorted")


class Before(Struct, frozen=True, kw_only=True):
    """The log of lines that a proxy kept before it had a ledger: name in the state directory, digest, size."""

    name: str
    sha256: str
    bytes: int
    lines: int


class RecordEntry(Record, frozen=True, kw_only=True, tag="record", tag_field="kind"):
    """A record in its place."""

    seq: int
    prev: str


class Signed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every signed entry has. `key` is the public key, 64 hexadecimal digits; `signature` 128 of them."""

    ledger: str
    seq: int
    prev: str
    time: str
    key: str
    signature: str = ""


class Genesis(Signed, frozen=True, kw_only=True, tag="genesis", tag_field="kind", omit_defaults=True):
    """The first entry of a ledger."""

    format: int
    before: Before | None = None


class Checkpoint(Signed, frozen=True, kw_only=True, tag="checkpoint", tag_field="kind", omit_defaults=True):
    """A signature over all before it. `cause` is `start`, `interval`, `rotation` or `close`."""

    cause: str


class Retention(Signed, frozen=True, kw_only=True, tag="retention", tag_field="kind", omit_defaults=True):
    """Leave to drop all entries before `until`, a checkpoint of the cause `rotation`, whose hash is `hash`."""

    until: int
    hash: str


class KeyChange(Signed, frozen=True, kw_only=True, tag="key", tag_field="kind", omit_defaults=True):
    """The key that signs from here on, told by the one that signed until here."""

    next: str


class Head(Struct, frozen=True, kw_only=True, tag="head", tag_field="kind", omit_defaults=True):
    """What is kept elsewhere: the place and the hash of the last entry there was. No entry of a ledger itself."""

    ledger: str
    seq: int
    hash: str
    time: str
    key: str
    signature: str = ""


Entry = RecordEntry | Genesis | Checkpoint | Retention | KeyChange
S = TypeVar("S", bound=Signed | Head)
Sign = Callable[[bytes], str]
_DECODER: Final[msgspec.json.Decoder[Entry]] = msgspec.json.Decoder(Entry)


def line_of(entry: Entry | Head) -> str:
    """The one line that an entry is: RFC 8785, without a newline. Raises `msgspec` or Unicode errors for text that is
    none."""
    return _ENCODER.encode(entry).decode()


def hash_of(line: str) -> str:
    """What the next entry's `prev` is."""
    return hashlib.sha256(line.encode()).hexdigest()


def entry_of(line: str) -> Entry:
    """The entry that a line is. Raises `msgspec.MsgspecError`."""
    return _DECODER.decode(line)


def record_entry(record: Record, seq: int, prev: str) -> RecordEntry:
    return RecordEntry(**asdict(record), seq=seq, prev=prev)


def refuse_no_text(record: Record) -> None:
    """Raise `AuditError` for a record that no line or no column can hold: it has half a character, or what is of no
    JSON type; or a zero in what it is looked up by, which no text of PostgreSQL has."""
    if any("\x00" in word for word in (record.time, record.id, record.client, record.route, record.session)):
        raise AuditError("a record cannot be written: it is looked up by what is no text")
    try:
        _ENCODER.encode(record)
    except (msgspec.MsgspecError, UnicodeError, TypeError) as error:
        raise AuditError(f"a record cannot be written: {type(error).__name__}") from None


def signed(entry: S, sign: Sign) -> S:
    """The entry with its signature, which covers all that it says."""
    return replace(entry, signature=sign(signed_bytes(entry)))


def signed_bytes(entry: Signed | Head) -> bytes:
    """What the signature of an entry covers."""
    return DOMAIN + _ENCODER.encode(replace(entry, signature=""))
