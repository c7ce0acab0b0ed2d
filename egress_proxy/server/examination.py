"""A projected value, scanned and judged: the pure half between upstream's answer and the record.

Every string of the value is scanned, object keys and the cursor included (invariant 3).
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import Struct

from egress_proxy.model import Judgement, Projected, Scan, Scanner, Verdict
from egress_proxy.scan import TextScanner
from egress_proxy.scan.told_apart import Find, found_in
from egress_proxy.server import strings
from egress_proxy.server.entries import given_away, of_messages
from egress_proxy.server.prefixes import as_released
from egress_proxy.server.strings import spoken
from egress_proxy.server.tree import Remembering

Judge = Callable[[tuple[str, ...], Scan], Judgement]


class Examined(Struct, frozen=True):
    """The bytes that may leave once the judgement is on record. `texts` are those that were judged, before anything was
    taken out of them; `size` is that of all of them, in bytes of UTF-8."""

    texts: tuple[str, ...]
    judgement: Judgement
    size: int
    body: bytes
    cursor: str

    def __repr__(self) -> str:
        return f"Examined({self.judgement.verdict})"


def examine(projected: Projected, scanner: Scanner, judge: Judge) -> Examined:
    """Scan and judge all strings, and encode what is left of the value. Raises what the scanner raises."""
    found = strings.collect(projected.made, projected.cursor)
    texts = found.all
    if isinstance(scanner, Remembering):
        scan = scanner.scan_told(texts, found.told, found.ids)
    else:
        scan = scanner.scan(texts, found.ids)
    if not of_messages(projected.made) and (shared := tuple(given_away(projected.made, texts, _finder(scanner)))):
        scan = msgspec.structs.replace(scan, findings=tuple(sorted({*scan.findings, *shared})))
    judgement = judge(texts, scan)
    if judgement.verdict is not Verdict.CLEAN:
        judgement = as_released(texts, scan, judgement, spoken(projected.value), scanner)
    replaced = _replaced(texts, judgement.texts)
    value = strings.replace(projected.value, replaced) if replaced else projected.made
    if projected.most:
        value = _found(projected.value if replaced else value, value)[: projected.most]
    body = msgspec.json.encode(value)
    return Examined(
        texts=texts,
        judgement=judgement,
        size=_size(texts),
        body=body,
        cursor="" if projected.cursor in replaced else projected.cursor,
    )


def _finder(scanner: Scanner) -> Find | None:
    """What finds the values that a scanner watches for, in texts as they stand; None where there are none."""
    match scanner:
        case Remembering():
            return scanner.found if scanner.watches else None
        case TextScanner() if len(scanner.known):
            return lambda texts: found_in(scanner.known.find(texts), texts, scanner.known.detector)
        case _:
            return None


def _found(given: object, shown: object) -> list[object]:
    """The entries of a search in which nothing was found. Raises `TypeError` where they are not in a list."""
    if not isinstance(given, list) or not isinstance(shown, list):
        raise TypeError("a search gives a list")
    return [after for before, after in zip(given, shown, strict=True) if before == after]


def _replaced(texts: tuple[str, ...], judged: tuple[str, ...]) -> dict[str, str]:
    if judged == texts:
        return {}
    return {old: new for old, new in zip(texts, judged, strict=True) if old != new}


def _size(texts: tuple[str, ...]) -> int:
    beyond = [text for text in texts if not text.isascii()]
    return sum(map(len, texts)) + sum(len(text.encode("utf-8", "surrogatepass")) - len(text) for text in beyond)
