"""The readers of the bench notice each frame that is missing, repeated or out of order, in any cut of the stream."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from tests.bench.listeners import Listener, ListeningFailed, Progress
from tests.bench.page_streams import readers, soak
from tests.bench.readers import Readers
from tests.bench.rounds import Table
from tests.bench.soak import Soak
from tests.bench.stand import PASSTHROUGH, PROXY

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


def frames(numbers: Sequence[int]) -> list[bytes]:
    texts = [f'id: 0-{number}\ndata: {{"text":"#0.{number}# and more"}}\n\n' for number in numbers]
    return [b'data: {"type":"server.connected"}\n\n', *(text.encode() for text in texts)]


def chunked(pieces: Sequence[bytes]) -> bytes:
    return HEAD + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


async def heard(stream: bytes, cut: int, due: int | None = None) -> Listener:
    listener = Listener(b"", Progress(), {} if due is None else {0: due})
    for start in range(0, len(stream), cut):
        listener.data_received(stream[start : start + cut])
    return listener


@pytest.mark.parametrize("cut", [1, 7, 100_000])
@pytest.mark.parametrize(
    ("numbers", "due", "wrong"),
    [
        ([3, 4, 5], None, 0),
        ([3, 4, 5], 3, 0),
        ([3, 5, 6], None, 1),
        ([3, 4, 4], None, 1),
        ([4, 3, 4], None, 1),
        ([4, 5], 3, 1),
    ],
    ids=["all", "as due", "one missing", "one repeated", "out of order", "missing at the beginning"],
)
async def test_each_fault_is_counted(cut: int, numbers: list[int], due: int | None, wrong: int) -> None:
    whole = frames(numbers)
    for stream in (PLAIN + b"".join(whole), chunked(whole), chunked([b"".join(whole)])):
        listener = await heard(stream, cut, due)
        assert (listener.heard, listener.wrong) == (len(numbers), wrong)
        assert listener.last_id == f"0-{numbers[-1]}"
        assert listener.opened.done()


async def test_sessions_may_overtake_each_other() -> None:
    texts = [f'data: {{"text":"#{name}#"}}\n\n'.encode() for name in ("0.1", "1.7", "1.8", "0.2", "1.8")]
    listener = await heard(PLAIN + b"".join(texts), 9)
    assert (listener.heard, listener.wrong, listener.due) == (5, 1, {0: 3, 1: 9})


async def test_a_frame_that_is_not_whole_is_not_heard() -> None:
    stream = PLAIN + b"".join(frames([1, 2]))
    listener = await heard(stream[:-1], 10)
    assert (listener.heard, listener.last_id, listener.due) == (1, "0-1", {0: 2})


async def test_what_is_said_to_be_missing_is_not_wrong() -> None:
    notice = b'data: {"type":"egress.stream","properties":{"reason":"place_unknown"}}\n\n'
    first, *rest = frames([9, 10])
    listener = await heard(PLAIN + first + notice + b"".join(rest), 10_000, due=3)
    assert (listener.wrong, listener.told) == (0, 1)


async def test_a_stream_that_is_refused_is_not_open() -> None:
    listener = Listener(b"", Progress())
    listener.data_received(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")
    with pytest.raises(ListeningFailed, match="503"):
        await listener.opened


async def test_progress_is_waited_for() -> None:
    progress = Progress()
    waiting = asyncio.create_task(progress.until(3))
    await asyncio.sleep(0)
    progress.heard(2)
    await asyncio.sleep(0)
    assert not waiting.done()
    progress.heard(1)
    await waiting


def test_the_page_says_what_was_lost() -> None:
    figures = {"per_second": 10.0, "processor": 1e-5, "share": 0.5}
    measured = Readers({1: Table([{PASSTHROUGH: figures, PROXY: figures}])})
    sizes = {"opened": 10_000.0, "used": 12_000.0}
    measured.memory.rounds.append({PASSTHROUGH: sizes, PROXY: sizes})
    measured.counted[PASSTHROUGH].heard = measured.counted[PASSTHROUGH].due = 100
    measured.counted[PROXY].due, measured.counted[PROXY].heard = 100, 98
    text = readers(measured)
    assert "100 heard, none missing" in text
    assert "98 heard, 2 missing" in text
    assert "12.0 KB" in text


def test_the_page_says_how_memory_grew() -> None:
    samples = [(second / 10, int(100e6 + 1e6 * min(second, 50))) for second in range(101)]
    work = [(at, int(at * 1_000)) for at, _ in samples]
    text = soak(Soak(10.0, memory=samples, work=work))
    assert "| middle | 150.0 MB | 24.5 MB | 2,500 |" in text
    assert "| end | 150.0 MB | 0.0 MB | 2,500 |" in text
    assert "rises by 0 KB a minute" in text
    still = soak(Soak(10.0, memory=[(at, int(100e6 + 1e5 * at)) for at, _ in samples], work=work))
    assert "rises by 6,000 KB a minute, which is 100.0 bytes" in " ".join(still.split())
