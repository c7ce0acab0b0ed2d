"""Verification: a ledger that is not what was written is never said to be whole, and no line ends the verifier."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

from egress_proxy.audit import reading
from egress_proxy.audit.filters import Filters, search
from egress_proxy.audit.store import Reader
from egress_proxy.audit.verify import Verifier, head_of
from egress_proxy.errors import EgressError
from tests.audit.forging import OTHER, OWN, canonical, chained, head, ledger
from tests.fuzz.given import Given, as_text

_WHOLE: Final = ledger()
_TEXT: Final = "".join(f"{line}\n" for line in _WHOLE).encode()
_HEAD: Final = head_of(head(_WHOLE))
_KEYS: Final = (
    "seq",
    "prev",
    "kind",
    "hash",
    "key",
    "signature",
    "ledger",
    "verdict",
    "client",
    "time",
    "cause",
    "reasons",
)
_LEAVES: Final = (
    0,
    1,
    -1,
    2**64,
    1.5,
    True,
    None,
    "",
    "0" * 64,
    "record",
    "genesis",
    "checkpoint",
    "key",
    "x",
    "\ud800",
)
_PIECES: Final = (
    "{",
    "}",
    "[",
    "]",
    '"',
    ",",
    ":",
    "\n",
    "1",
    "e9",
    "null",
    '"seq":',
    '"kind":"record"',
    "\\u0000",
    "[[[[",
)
_FILE: Final = Path(tempfile.mkdtemp(prefix="egress-fuzz-")) / "ledger.jsonl"


def one(data: bytes) -> None:
    """Verify a ledger that somebody changed."""
    given = Given(data)
    text = _changed(given)
    _FILE.write_bytes(text)
    # As lines: what stands after the last newline is one too, if it is anything.
    found, whole = (part.removesuffix(b"\n").split(b"\n") for part in (text, _TEXT))
    same = found == whole
    assert _HEAD is not None
    try:
        verdict = reading.verify(_FILE, Verifier([OWN.public], [_HEAD]), lambda _count: None)
    except EgressError:
        assert not same
    else:
        # Anybody can chain more to the end: nothing signs it yet, and each line of it has to be counted as such.
        counted = verdict.unsigned == len(found) - len(whole)
        assert (found[: len(whole)] == whole and counted) if verdict.ok else not same
    lines = text.decode("utf-8", "surrogateescape").split("\n")
    _check_search(lines, given)
    for line in lines[:3]:
        head_of(line)


def _check_search(lines: list[str], given: Given) -> None:
    """A search gives records alone, and each is a line that was there."""
    rows = [SimpleNamespace(line=line, ledger="") for line in lines]
    reader = SimpleNamespace(search=lambda *_, **__: iter(rows))
    filters = Filters(
        reason=given.pick(("", "known_value")), detector=given.pick(("", "x")), name=given.pick(("", "A"))
    )
    found: Iterator[tuple[str, dict[str, Any]]] = search(cast("Reader", reader), filters)
    assert all(line in lines and isinstance(record, dict) for line, record in found)


def _changed(given: Given) -> bytes:
    way = given.number(6)
    if way == 0:
        return given.rest()
    if way == 1:
        return "\n".join(given.pieces(_PIECES, 16) for _ in range(1 + given.number(3))).encode(
            "utf-8", "surrogateescape"
        )
    lines = list(_WHOLE)
    for _ in range(1 + given.number(3)):
        lines = _spoilt(lines, given) if lines else lines
    if way == 2 and all(map(_is_entry, lines)):
        with contextlib.suppress(UnicodeEncodeError):  # half a surrogate pair is no line of any ledger
            lines = chained(lines, given.pick((None, OTHER)))
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")


def _spoilt(lines: list[str], given: Given) -> list[str]:
    here, there = given.number(len(lines)), given.number(len(lines))
    line, place = lines[here], given.number(4096)
    match given.number(7):
        case 0:
            return [*lines[:here], *lines[here + 1 :]]
        case 1:
            return [*lines[:here], lines[there], *lines[here:]]
        case 2:
            lines[here], lines[there] = lines[there], lines[here]
            return lines
        case 3:
            return lines[: here + 1]
        case 4:
            lines[here] = _edited(line, given)
        case 5:
            lines[here] = line[: place % (len(line) + 1)] + as_text(given.data(8)) + line[place % (len(line) + 1) :]
        case _:
            lines[here] = line[: place % (len(line) + 1)] + line[(place % (len(line) + 1)) + given.number(8) :]
    return lines


def _is_entry(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _edited(line: str, given: Given) -> str:
    if not _is_entry(line):
        return line
    value = given.pick(_LEAVES) if given.number(3) else given.json(_KEYS, _LEAVES, 3)
    return canonical({**json.loads(line), given.pick(_KEYS): value})
