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
    shares = {
        "start": (0.0, 0.04),
        "a quarter": (0.23, 0.27),
        "middle": (0.48, 0.52),
        "three quarters": (0.73, 0.77),
        "end": (0.96, 1.0),
    }
    sizes = {"idle": float(measured.idle)} | {name: measured.resident(*share) for name, share in shares.items()}
    grown = [megabytes(later - earlier) for earlier, later in itertools.pairwise(sizes.values())]
    done = [f"{measured.done(quarter / 4, (quarter + 1) / 4):,}" for quarter in range(4)]
    rows = zip(sizes, map(megabytes, sizes.values()), ["", *grown], ["", "", *done], strict=True)
    head = ("when", "resident memory", "growth since the line above", "texts and exchanges since")
    return (
        _paragraph(_done(measured)) + table(head, rows, left=1) + "\n" + _paragraph(_meaning(measured)).rstrip() + "\n"
    )


def _done(measured: Soak) -> str:
    return (
        f"{measured.seconds:.0f} seconds at full speed, in place of half an hour: {CLIENTS} clients with {SESSIONS} "
        f"lasting sessions each did {measured.exchanges:,} exchanges, prompts for the most part; made, prompted and "
        f"deleted {measured.sessions:,} sessions; and answered {measured.asks:,} asks. Beside these {measured.sent:,} "
        "texts were said, no two of them alike, and "
        f"delivered {measured.delivered:,} times: to {READERS} steady readers of each client, to "
        f"readers that hung up and took their stream up again {measured.returns:,} times with `Last-Event-ID`, and to "
        f"some that slept, of whom {measured.cut_off:,} were cut off. {measured.wrong:,} frames were missing, repeated "
        "or out of order. At the start the proxy already keeps as many frames as it ever does, 4 MiB of each client."
    )


def _meaning(measured: Soak) -> str:
    slope, done = measured.growth(0.75, 1), measured.done(0.75, 1)
    each = slope * measured.seconds / 4 / done if done else 0.0
    way = "falls" if slope < 0 else "rises"
    return (
        f"In the last quarter the line through all samples {way} by {abs(slope) * 60 / 1e3:,.0f} KB a minute, which is "
        f"{abs(each):,.1f} bytes for each text and exchange of that time. Were anything kept of each of them, that "
        "would be a hundred bytes at least, and the same in every quarter. From idle to the start memory grows by the "
        "frames that are kept. What grows after that grows to a bound: facts of the last 256 deleted sessions, digests "
        "of 20,000 asks, and what the allocator holds ready for as many requests as there ever were at once. Verdicts "
        "about texts are 1 MiB from the start, of all sessions together. `tests/server/test_memory.py` and "
        "`tests/server/test_deleted.py` see that nothing stays of a text or of a deleted session."
    )


def _paragraph(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False) + "\n\n"
