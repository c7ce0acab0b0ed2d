"""What the page says of event streams, and of a soak."""

from __future__ import annotations

import itertools
import textwrap
from typing import Final

from tests.bench.plan import FULL
from tests.bench.readers import Counted, Readers
from tests.bench.soak import CLIENTS, READERS, SESSIONS, Soak
from tests.bench.speaker import TEXT_CHARACTERS
from tests.bench.stand import PASSTHROUGH, PROXY
from tests.bench.tables import megabytes, micro, ratio, table

_WIDTH: Final = 120
_WAYS: Final = (PASSTHROUGH, PROXY)
_CLIENTS, _SESSIONS, _READERS = FULL.readers
_EACH: Final = _READERS // _CLIENTS
_INTRODUCTION: Final = (
    f"{_CLIENTS} clients, each with a directory and {_SESSIONS} sessions of its own, and {_READERS:,} readers of "
    f"`GET /event`: {_EACH} of each client, who hear all {_SESSIONS} of its sessions. A frame is a complete text of "
    f"{TEXT_CHARACTERS} characters, and is delivered to {_EACH} readers. The next ones are sent when every reader has "
    "the last. The passthrough is an aiohttp server that opens a stream upstream for each reader and hands on each "
    f"piece as it comes; the proxy opens {_CLIENTS}, one a directory, and scans each frame once. The process between "
    "has one processor for itself; readers and stand-in share the others. The bench raises the soft limit of open "
    f"files to {2 * _READERS + 200:,} where it is lower (`setrlimit`). A burst is one read and one write of a reader's "
    "for the passthrough, which does not look at it; the proxy decodes, projects and scans each frame of it."
)


def readers(measured: Readers) -> str:
    rows = [
        (
            f"{window}" if way == PASSTHROUGH else "",
            way,
            f"{one.median(way, 'per_second'):,.0f}",
            ratio(one, way, "per_second"),
            micro(one.median(way, "processor")) if window == 1 else f"{one.median(way, 'processor') * 1e6:.1f} µs",
            ratio(one, way, "processor"),
            f"{one.median(way, 'share') * 100:.0f} %",
        )
        for window, one in measured.windows.items()
        for way in _WAYS
    ]
    head = (
        "frames at once",
        "way",
        "frames/s delivered",
        "ratio",
        "processor time a frame delivered",
        "ratio",
        "share",
    )
    return _paragraph(_INTRODUCTION) + table(head, rows) + "\n" + _memory(measured) + "\n" + _lost(measured)


def _memory(measured: Readers) -> str:
    def most(way: str, figure: str) -> str:
        return f"{max(one[way][figure] for one in measured.memory.rounds) / 1e3:.1f} KB"

    rows = [(way, most(way, "opened"), most(way, "used")) for way in _WAYS]
    head = ("way", "resident memory a reader, the most of a round: streams open", "after the frames")
    return table(head, rows, left=1)


def _lost(measured: Readers) -> str:
    told = []
    for way in _WAYS:
        one = measured.counted[way]
        told.append(
            f"- {way}: {one.sent:,} frames sent, {one.due:,} due to readers, {one.heard:,} heard, {_faults(one)}"
        )
    return "Each reader checks the number of each frame, over all rounds:\n\n" + "\n".join(told) + "\n"


def _faults(one: Counted) -> str:
    faults = [f"{one.due - one.heard:,} missing"] if one.due != one.heard else []
    faults += [f"{one.wrong:,} out of order"] if one.wrong else []
    faults += [f"{one.cut_off:,} readers cut off"] if one.cut_off else []
    return ", ".join(faults) or "none missing, repeated or out of order."


def soak(measured: Soak) -> str:
    shares = {"start": (0, 0.04), "a quarter": (0.23, 0.27), "middle": (0.48, 0.52), "end": (0.96, 1)}
    sizes = {"idle": float(measured.idle)} | {name: measured.resident(*share) for name, share in shares.items()}
    grown = [later - earlier for earlier, later in itertools.pairwise(sizes.values())]
    rows = [
        (name, megabytes(size), growth)
        for (name, size), growth in zip(sizes.items(), ["", *map(megabytes, grown)], strict=True)
    ]
    return _paragraph(_done(measured)) + table(("when", "resident memory", "growth since"), rows, left=1)


def _done(measured: Soak) -> str:
    return (
        f"{measured.seconds:.0f} seconds at full speed, in place of half an hour: {CLIENTS} clients with {SESSIONS} "
        f"lasting sessions each did {measured.exchanges:,} exchanges, prompts for the most part; made, prompted and "
        f"deleted {measured.sessions:,} sessions; and answered {measured.asks:,} asks. Beside these {measured.sent:,} "
        f"texts were said, and delivered {measured.delivered:,} times: to {READERS} steady readers of each client, to "
        f"readers that hung up and took their stream up again {measured.returns:,} times with `Last-Event-ID`, and to "
        f"some that slept, of whom {measured.cut_off:,} were cut off. {measured.wrong:,} frames were missing, repeated "
        "or out of order. At the start the proxy already keeps as many frames as it ever does, 4 MiB of each client. "
        "What grows from then on is bounded as well: verdicts about the texts of a session, 50,000 of some 100 bytes; "
        "facts of 50,000 sessions. `tests/server/test_memory.py` sees that nothing else does."
    )


def _paragraph(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False) + "\n\n"
