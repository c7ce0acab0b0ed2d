"""What so many known values cost, measured in this process: `python -m tests.bench.weigh COUNT CHARACTERS`."""

from __future__ import annotations

import gc
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from statistics import median
from typing import Final

import hyperscan

from egress_proxy.model import Secret
from egress_proxy.scan import KnownValues, build_scanner, judge
from egress_proxy.scan.forms import forms
from tests.bench.apart import tell
from tests.bench.corpora import PROSE, SORTS, texts
from tests.bench.process import peak_bytes, resident_bytes
from tests.bench.stand import known_values

_TEXT_CHARACTERS: Final = 16_384
_SMALL: Final = (1_024, 300)  # characters and number of texts, for the time of one call
_SLOW_ARMS_UP_TO: Final = 1_000  # values
_SLOW_CHARACTERS: Final = 50_000
Scan = Callable[[str], object]


def main(count: int, characters: int) -> None:
    """Tell figures by name: seconds of processor time, bytes, characters a second."""
    known = _built(count)
    some = {sort: texts(sort, _TEXT_CHARACTERS, max(1, characters // _TEXT_CHARACTERS), seed=5) for sort in SORTS}
    small = texts(PROSE, *_SMALL, seed=6)
    _tell_rates("known", lambda text: known.find((text,)), some, small)
    tell(resident=resident_bytes())
    scanner = build_scanner(known)
    _tell_rates("everything", lambda text: judge((text,), scanner.scan((text,))), some, small)
    if count:
        _tell_others([value for _, value in known_values(count)], some[PROSE])


def _built(count: int) -> KnownValues:
    entries = ((name, Secret(value)) for name, value in known_values(count))
    gc.collect()
    started = time.process_time()
    known = KnownValues.build(entries, bytes(32))
    seconds = time.process_time() - started
    peak = peak_bytes()
    gc.collect()
    tell(build=seconds, peak=peak, held=resident_bytes(), values=len(known), forms=_forms())
    return known


def _forms() -> int:
    ((_, value),) = islice(known_values(1), 1)
    return len(tuple(forms(value)))


def _tell_rates(what: str, scan: Scan, some: dict[str, list[str]], small: Iterable[str]) -> None:
    for sort, own in some.items():
        scan(texts(sort, 1_024, 1, seed=7)[0])
        tell(**{f"{what} {sort}": _rate(scan, own)})
    tell(**{f"{what} call": median(_each(scan, small))})


def _rate(scan: Scan, some: Sequence[str]) -> float:
    """Characters a second of processor time."""
    return sum(map(len, some)) / sum(_each(scan, some))


def _each(scan: Scan, some: Iterable[str]) -> Iterator[float]:
    for text in some:
        started = time.process_time()
        scan(text)
        yield time.process_time() - started


def _tell_others(values: Sequence[str], some: list[str]) -> None:
    """What finds nothing but the values as they are, and keeps them: the most that could be had, and the simplest."""
    tell(**{"literals prose": _rate(_literals(values), some)})
    if len(values) > _SLOW_ARMS_UP_TO:
        return
    few = some[: _SLOW_CHARACTERS // _TEXT_CHARACTERS]
    pattern = re.compile("|".join(map(re.escape, values)))
    tell(**{"loop prose": _rate(lambda text: [value for value in values if value in text], few)})
    tell(**{"re prose": _rate(pattern.findall, few)})


def _literals(values: Sequence[str]) -> Scan:
    database = hyperscan.Database()
    database.compile([value.encode() for value in values], literal=True, flags=hyperscan.HS_FLAG_SINGLEMATCH)

    def ignore(*_: object) -> None:
        pass

    return lambda text: database.scan(text.encode(), match_event_handler=ignore)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.flush()
    os._exit(0)  # taking apart what was built takes seconds
