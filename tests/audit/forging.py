"""Ledgers made without a database, and what somebody might do to them. Numbers are those of entries; lines are text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, Final

from egress_proxy.audit.chain import Tip, Writing, first_row
from egress_proxy.audit.ed25519 import Signer
from egress_proxy.audit.entries import DOMAIN, Head, hash_of, line_of, signed
from tests.audit.kit import record

OWN: Final = Signer.from_seed(bytes(range(32)))
OTHER: Final = Signer.from_seed(bytes(range(1, 33)))
LEDGER: Final = "00112233445566778899aabbccddeeff"
TIME: Final = "2026-01-31T12:00:00.000+00:00"


def ledger(records: int = 12, every: int = 4, name: str = LEDGER, signer: Signer = OWN) -> list[str]:
    """A closed ledger: genesis, a checkpoint after so many records, one of the cause `rotation` in the middle."""
    row = first_row(name, TIME, signer.public, signer.sign, None)
    writing = Writing(Tip(ledger=name, seq=1, hash=hash_of(row.line)), signer.public, signer.sign)
    for number in range(records):
        writing.record(record(number, directory='/srv/Übung\u2028\x01"\\'))
        if number % every == every - 1:
            writing.checkpoint("rotation" if number // every == 1 else "interval", TIME)
    writing.checkpoint("close", TIME)
    return [row.line, *(one.line for one in writing.rows)]


def head(lines: list[str], seq: int = 0, signer: Signer = OWN, name: str = LEDGER) -> str:
    """A head of the entry of a number; of the last one."""
    at = seq or len(lines)
    made = Head(ledger=name, seq=at, hash=hash_of(lines[at - 1]), time=TIME, key=signer.public)
    return line_of(signed(made, signer.sign))


def canonical(entry: object) -> str:
    return json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def changed(line: str, **fields: Any) -> str:
    return canonical({**json.loads(line), **fields})


def chained(lines: Iterable[str], signer: Signer | None = None) -> list[str]:
    """Number and chain lines anew, as somebody does who has no key, or has one and signs them anew."""
    found: list[str] = []
    for number, line in enumerate(lines, 1):
        entry = {**json.loads(line), "seq": number, "prev": hash_of(found[-1]) if found else "0" * 64}
        if signer is not None and "signature" in entry:
            entry["key"] = signer.public
            del entry["signature"]
            entry["signature"] = signer.sign(DOMAIN + canonical(entry).encode())
        found.append(canonical(entry))
    return found


def grown(lines: list[str], add: Callable[[Writing], None], signer: Signer = OWN) -> list[str]:
    """The ledger with more at its end."""
    tip = Tip(ledger=LEDGER, seq=len(lines), hash=hash_of(lines[-1]))
    writing = Writing(tip, signer.public, signer.sign)
    add(writing)
    return [*lines, *(row.line for row in writing.rows)]
