"""Texts that are being written, on the wire: what of them crosses before they are complete."""

from __future__ import annotations

import asyncio
import json
import random
import string
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self

import pytest

from egress_proxy.audit import Ledger, Record
from egress_proxy.errors import AuditError
from egress_proxy.scan import TextScanner
from egress_proxy.server import journal, use
from tests.server.growth import (
    LINE,
    MESSAGE,
    PART,
    TEXT,
    begun,
    delta_of,
    ended,
    is_end,
    piece,
    pieces,
    said,
    told,
    until_ended,
)
from tests.server.rig import END, HISTORY, OTHER_TOKEN, SECOND, SESSION, STREAM, Rig, answer, frame, rig, scanner, until
from tests.server.stream import Stream, stream

_DICE = random.Random("growing")
KEY = "AKIA" + "".join(_DICE.choices(string.ascii_uppercase + string.digits[2:8], k=16))
OTHER = "prt_000000000000Text00000000002"
EVENTS = "GET /event"


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path) as started:
        started.upstream.answers[EVENTS] = STREAM + frame("server.connected")
        started.upstream.held.add(EVENTS)
        yield started


async def heard(proxy: Rig, *frames: bytes, part: str = PART) -> list[Any]:
    """What a reader hears of these frames, up to a part's end."""
    async with stream(proxy) as one:
        await one.next()
        await proxy.upstream.send(EVENTS, *frames)
        return await until_ended(one, part)


def fates(proxy: Rig) -> dict[str, float]:
    """What became of growing texts, as it was counted."""
    return series(proxy, 'egress_growing_texts_total{fate="')


def series(proxy: Rig, start: str) -> dict[str, float]:
    lines = (line for line in proxy.metrics.render().decode().splitlines() if line.startswith(start))
    return {line.removeprefix(start).partition('"')[0]: float(line.rpartition(" ")[2]) for line in lines}


def records(proxy: Rig) -> list[Any]:
    return proxy.records()


async def test_a_clean_text_comes_in_several_pieces_that_are_the_whole(proxy: Rig) -> None:
    async with stream(proxy) as one, stream(proxy) as two:
        for reader in (one, two):
            await reader.next()
        await proxy.upstream.send(EVENTS, said(), begun(), *pieces(TEXT))
        before = [await one.next() for _ in range(6)]
        assert "".join(map(delta_of, before)), "nothing came before the end"
        await proxy.upstream.send(EVENTS, ended(TEXT))
        events = [*before, *await until_ended(one)]
        assert told(events) == (TEXT, TEXT)
        assert len([event for event in events if delta_of(event)]) > 3
        assert await until_ended(two) == events
        assert one.last == two.last
    delta = next(event for event in events if delta_of(event))
    assert delta["properties"] == {
        "sessionID": SESSION,
        "messageID": MESSAGE,
        "partID": PART,
        "field": "text",
        "delta": delta["properties"]["delta"],
    }
    assert fates(proxy) == {"whole": 1.0}
    assert records(proxy) == []


async def test_a_piece_keeps_the_id_of_the_event_that_brought_it(proxy: Rig) -> None:
    named = json.loads(piece(TEXT)[6:]) | {"id": "evt_205028be0001MxOwwfRXxjm8TR"}
    events = await heard(proxy, said(), begun(), b"data: " + json.dumps(named).encode() + b"\n\n", ended(TEXT))
    assert {event.get("id") for event in events if delta_of(event)} == {named["id"]}


async def test_a_text_of_a_message_whose_beginning_is_written_late_comes_in_pieces(proxy: Rig) -> None:
    """opencode writes a message as it is when the event is sent: a quick reply is complete before it is said to begin.
    The order is that of a busy server, of both versions."""
    text = f"{TEXT}The key is {KEY}, keep it.\n{LINE * 4}"
    frames = (said(completed=2), begun(), *pieces(text), ended(text), said(completed=2), said(completed=2))
    events = await heard(proxy, *frames)
    whole = text.replace(KEY, "[redacted:aws-access-key]")
    assert told(events) == (whole, whole)
    assert len([event for event in events if delta_of(event)]) > 3
    assert KEY not in str(events)
    assert fates(proxy) == {"whole": 1.0}


@pytest.mark.parametrize("size", [1, 3, 11, 40, 5_000])
async def test_a_secret_is_redacted_however_it_is_cut_and_is_recorded_and_counted_once(proxy: Rig, size: int) -> None:
    text = f"{LINE}The key is {KEY}, keep it.\n{LINE * 4}{LINE}"
    events = await heard(proxy, said(), begun(), *pieces(text, size), ended(text))
    whole = text.replace(KEY, "[redacted:aws-access-key]")
    assert told(events) == (whole, whole)
    assert KEY not in str(events)
    counted = series(proxy, 'egress_redactions_total{channel="event",detector="')
    assert "aws-access-key" in counted
    assert set(counted.values()) == {1.0}
    of_pieces, of_end = records(proxy)
    assert {text[span["start"] : span["end"]] for span in of_pieces["spans"]} == {KEY}
    assert (of_pieces["verdict"], of_pieces["reasons"], of_pieces["session"]) == ("redacted", ["detector"], SESSION)
    assert of_end["spans"] == [{**span, "text": of_end["spans"][0]["text"]} for span in of_pieces["spans"]]


async def test_what_is_found_is_on_disk_before_its_piece_leaves(proxy: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    append, sent = Ledger.append, list[int]()

    def watched(ledger: Ledger, rows: list[Record]) -> None:
        sent.append(int(series(proxy, 'egress_events_total{outcome="').get("redacted", 0)))
        append(ledger, rows)

    monkeypatch.setattr(Ledger, "append", watched)
    text = f"The key is {KEY}.\n{LINE * 4}"
    await heard(proxy, said(), begun(), *pieces(text), ended(text))
    assert sent == [0, 1]


UNHEARD = {
    "no beginning": (said(),),
    "a beginning with something in it": (said(), begun(text="It begins. ")),
    "a message that nobody told of": (begun(),),
    "a user's message": (said(role="user"), begun()),
    "reasoning": (said(), begun(type="reasoning")),
    "a synthetic text": (said(), begun(synthetic=True)),
    "a text that never began": (said(), begun(time={"created": 1})),
    "another part of the message": (said(), begun(part=OTHER)),
    "a complete message": (said(), begun(), said(completed=2)),
    "removed with its message": (said(), begun(), frame("message.removed", sessionID=SESSION, messageID=MESSAGE)),
    "removed": (
        said(),
        begun(),
        frame("message.part.removed", sessionID=SESSION, messageID=MESSAGE, partID=PART),
    ),
    "written to otherwise": (said(), begun(), piece(TEXT[:9]), begun(text=TEXT[:20])),
    "an unreadable frame before": (said(), begun(), piece(TEXT[:9]), b"data: {not json\n\n"),
    "a frame that is too large before": (said(), begun(), piece("x" * 200_000)),
    "a piece of another shape before": (
        said(),
        begun(),
        frame("message.part.delta", sessionID=SESSION, partID=PART, field="text", delta=5),
    ),
}


@pytest.mark.parametrize("before", UNHEARD.values(), ids=UNHEARD)
async def test_of_a_text_whose_beginning_was_not_heard_the_end_alone_tells(
    proxy: Rig, before: tuple[bytes, ...]
) -> None:
    events = await heard(proxy, *before, *pieces(TEXT), ended(TEXT))
    assert told(events) == ("", TEXT)


@pytest.mark.parametrize("change", [{"field": "raw"}, {"message": "msg_000000000000Reply0000000009"}])
async def test_pieces_of_other_things_are_dropped(proxy: Rig, change: dict[str, str]) -> None:
    events = await heard(proxy, said(), begun(), piece(LINE * 9, **change), *pieces(TEXT), ended(TEXT))
    assert told(events) == (TEXT, TEXT)
    assert series(proxy, 'egress_events_total{outcome="')["delta"] == 1


async def test_half_a_secret_does_not_cross_when_the_piece_between_is_lost(proxy: Rig) -> None:
    """The pieces around the lost one, put together, would be a text in which nothing is found."""
    text = f"The key is {KEY}, keep it.\n{LINE * 4}"
    lost = b"data: " + b"x" * 200_000 + b"\n\n"
    halves = (piece(text[:20]), lost, piece(text[26:]))
    events = await heard(proxy, said(), begun(), *halves, ended(text))
    assert told(events)[0] == ""
    assert KEY[-10:] not in str(events)
    assert fates(proxy) == {"lost": 1.0}


async def test_parts_are_told_apart(proxy: Rig) -> None:
    one, two = TEXT, f"{LINE}The key is {KEY}.\n{LINE * 5}"
    mixed = [cut for pair in zip(pieces(one, 13), pieces(two, 13, OTHER), strict=False) for cut in pair]
    left = [*pieces(one, 13)[len(mixed) // 2 :], *pieces(two, 13, OTHER)[len(mixed) // 2 :]]
    async with stream(proxy) as reader:
        await reader.next()
        await proxy.upstream.send(EVENTS, said(), begun(), begun(OTHER), *mixed, *left, ended(one), ended(two, OTHER))
        events = await until_ended(reader, OTHER)
    whole = two.replace(KEY, "[redacted:aws-access-key]")
    assert told(events) == (one, one)
    assert told(events, OTHER) == (whole, whole)


async def test_a_text_that_begins_anew_is_told_anew(proxy: Rig) -> None:
    events = await heard(proxy, said(), begun(), *pieces(LINE * 5), begun(), *pieces(TEXT), ended(TEXT))
    again = max(
        index for index, event in enumerate(events) if event["type"] == "message.part.updated" and not is_end(event)
    )
    assert told(events[again:]) == (TEXT, TEXT)


async def test_after_the_connection_was_lost_the_end_alone_tells(proxy: Rig) -> None:
    async with stream(proxy) as one:
        await one.next()
        await proxy.upstream.send(EVENTS, said(), begun(), *pieces(TEXT[:400]))
        while not delta_of(await one.next()):
            pass
        await proxy.upstream.hang_up(EVENTS)
        while (await one.next())["type"] != "egress.stream":
            pass
        await until(lambda: EVENTS in proxy.upstream.standing)
        await proxy.upstream.send(EVENTS, *pieces(TEXT[500:]), ended(TEXT))
        assert told(await until_ended(one)) == ("", TEXT)
    assert fates(proxy) == {"lost": 1.0}


async def test_of_a_text_that_nobody_heard_for_a_while_the_end_alone_tells(
    proxy: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames of a client that has no stream are not scanned, so what they said of a text is not known."""
    monkeypatch.setattr(use, "LINGER", 0.0)
    async with stream(proxy, token=OTHER_TOKEN) as other:
        await other.next()
        async with stream(proxy) as one:
            await one.next()
            await proxy.upstream.send(EVENTS, said(), begun(), *pieces(LINE * 3))
            while not delta_of(await one.next()):
                pass
        async with asyncio.timeout(90):
            while not fates(proxy):  # until nobody listens, and a piece has come then
                await proxy.upstream.send(EVENTS, piece("and so on, "))
                await asyncio.sleep(0.01)
        assert fates(proxy) == {"lost": 1.0}
        async with stream(proxy) as again:
            await again.next()
            await proxy.upstream.send(EVENTS, *pieces(TEXT), ended(TEXT))
            assert told(await until_ended(again)) == ("", TEXT)


async def test_a_reader_that_comes_back_amid_a_text_misses_and_hears_nothing_twice(proxy: Rig) -> None:
    async with stream(proxy) as first:
        await first.next()
        await proxy.upstream.send(EVENTS, said(), begun(), *pieces(TEXT[:500]))
        events = [await first.next() for _ in range(4)]
        last = first.last
    async with stream(proxy) as whole, stream(proxy, last=last) as again:
        await whole.next()
        await again.next()
        await proxy.upstream.send(EVENTS, *pieces(TEXT[500:]), ended(TEXT))
        await until_ended(whole)
        assert told([*events, *await until_ended(again)]) == (TEXT, TEXT)
        assert again.last == whole.last


async def test_a_reader_that_comes_back_too_late_is_told_so_and_has_the_whole_in_the_end(
    proxy: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "MOST_FRAMES", 20)
    async with stream(proxy) as first:
        await first.next()
        await proxy.upstream.send(EVENTS, said(), begun(), *pieces(LINE * 2))
        while not delta_of(await first.next()):
            pass
        last = first.last
    async with stream(proxy) as whole:
        await whole.next()
        await proxy.upstream.send(EVENTS, *pieces(LINE * 6))
        for _ in range(5):
            await proxy.upstream.send(EVENTS, *[frame("session.idle", sessionID=SECOND)] * 10)
            while (await whole.next())["type"] != "session.idle":
                pass
            await whole.types(9)
        async with stream(proxy, last=last) as late:
            assert await late.types(2) == ["server.connected", "egress.stream"]
            await proxy.upstream.send(EVENTS, *pieces(LINE), ended(LINE * 9))
            deltas, end = told(await until_ended(late))
    assert end == LINE * 9
    assert end.endswith(deltas)
    assert deltas


async def test_a_text_that_is_too_long_is_told_at_its_end(proxy: Rig) -> None:
    text = LINE * 900
    events = await heard(proxy, said(), begun(), *pieces(text, 997), ended(text))
    assert told(events) == (text, text)
    assert len(delta_of(events[-2])) > 5_000
    assert fates(proxy) == {"too-long": 1.0}


async def test_a_line_that_does_not_end_is_told_at_the_end(proxy: Rig) -> None:
    text = LINE.replace(".\n", " and ") * 100
    events = await heard(proxy, said(), begun(), *pieces(text, 97), ended(text))
    assert told(events) == (text, text)
    assert [delta_of(event) for event in events[:-2]] == [""] * (len(events) - 2)
    assert fates(proxy) == {"too-long": 1.0}


async def test_what_is_not_the_beginning_of_the_whole_is_replaced_by_it(proxy: Rig) -> None:
    other = "Something else. " + TEXT
    events = await heard(proxy, said(), begun(), *pieces(TEXT), ended(other))
    deltas, end = told(events)
    assert end == other
    assert deltas
    assert TEXT.startswith(deltas)
    assert fates(proxy) == {"diverged": 1.0}


async def test_a_text_that_is_withheld_from_a_line_on_stops_there_and_ends_so(proxy: Rig) -> None:
    value = "".join(random.Random("encoded").choices(string.ascii_letters + string.digits, k=24))
    part = tool(f"API_KEY={value}\n")
    text = f"{LINE * 4}It is {value[::-1]} backwards.\n{LINE * 4}"
    frames = (said(), frame("message.part.updated", part=part), begun(), *pieces(text), ended(text))
    deltas, end = told(await heard(proxy, *frames))
    assert deltas == end
    assert end.startswith(LINE)
    assert end.endswith("[withheld:known_value_encoded]")
    assert fates(proxy) == {"stopped": 1.0}
    assert len(records(proxy)) == 1
    assert b'egress_alerts_total{channel="event"} 1.0' in proxy.metrics.render()


async def test_a_text_that_is_withheld_for_what_became_known_amid_it_is_replaced(proxy: Rig) -> None:
    """Its pieces had passed the place before a tool of a sub-agent showed the value. Nothing can take them back, and
    the end does not repeat them."""
    value = "".join(random.Random("later").choices(string.ascii_letters + string.digits, k=24))
    shown = frame("message.part.updated", part=tool(f"API_KEY={value}\n"))
    text = f"{LINE * 4}It is {value[::-1]} backwards.\n{LINE * 6}"
    at = len(text) - len(LINE)
    frames = (said(), begun(), *pieces(text[:at]), shown, *pieces(text[at:]), ended(text))
    deltas, end = told(await heard(proxy, *frames))
    assert deltas
    assert end.endswith("[withheld:known_value_encoded]")
    assert len(end) < len(deltas)
    assert fates(proxy) == {"diverged": 1.0}


def tool(output: str) -> dict[str, Any]:
    """A part of a tool that printed something."""
    state = {
        "status": "completed",
        "input": {"command": "cat .env"},
        "output": output,
        "title": "",
        "metadata": {},
        "time": {"start": 1, "end": 2},
    }
    name = {"id": "prt_000000000000Tool00000000001", "messageID": MESSAGE, "sessionID": SESSION}
    return {**name, "type": "tool", "tool": "bash", "callID": "call_1", "state": state}


async def test_what_tools_showed_before_the_stream_is_known_to_the_first_piece(proxy: Rig) -> None:
    """The history is read before anything is released, as for whole texts."""
    value = "".join(random.Random("history").choices(string.ascii_letters, k=14))
    state = {
        "status": "completed",
        "input": {"command": "cat .env"},
        "output": f"DB_PASSWORD={value}\n",
        "title": "",
        "metadata": {},
        "time": {"start": 1, "end": 2},
    }
    tool = {"id": "prt_1", "messageID": "msg_0", "sessionID": SESSION, "type": "tool", "tool": "bash", "state": state}
    earlier = {
        "info": {"id": "msg_0", "sessionID": SESSION, "role": "assistant", "time": {"created": 1}},
        "parts": [tool],
    }
    proxy.upstream.answers[HISTORY] = answer(json.dumps([earlier]).encode())
    text = f"It is {value}, as you know.\n{LINE * 5}"
    deltas, end = told(await heard(proxy, said(), begun(), *pieces(text), ended(text)))
    assert deltas == end == text.replace(value, "[redacted:TAINTED:DB_PASSWORD]")


async def test_if_the_history_cannot_be_read_no_piece_crosses(proxy: Rig) -> None:
    proxy.upstream.answers[HISTORY] = answer(b"", "500 No")
    async with stream(proxy) as one:
        await one.next()
        await proxy.upstream.send(EVENTS, said(), begun(), *pieces(TEXT), ended(TEXT), END)
        events = [event async for event in up_to_end(one)]
    assert [event["type"] for event in events] == ["message.updated", "message.part.updated", "message.removed"]


async def up_to_end(one: Stream) -> AsyncIterator[Any]:
    """All events up to the rig's last."""
    while True:
        event = await one.next()
        yield event
        if event["type"] == "message.removed":
            return


async def test_what_cannot_be_recorded_does_not_cross(proxy: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise AuditError("disk full")

    monkeypatch.setattr(Ledger, "append", fail)
    text = f"{LINE * 3}The key is {KEY}.\n{LINE * 5}"
    async with stream(proxy) as one:
        await one.next()
        await proxy.upstream.send(EVENTS, said(), begun(), *pieces(text), ended(text), END)
        events = [event async for event in up_to_end(one)]
    assert not any(is_end(event) for event in events)
    assert text.startswith("".join(map(delta_of, events)))
    assert "[redacted" not in str(events)
    assert KEY not in str(events)
    assert fates(proxy) == {"failed": 1.0}


async def test_a_session_does_not_wait_for_another_one(proxy: Rig) -> None:
    """Its history takes long to read, so its frames wait, in their order. Another's cross meanwhile."""
    proxy.upstream.answers[HISTORY] = answer(b"[]").removesuffix(b"[]")
    proxy.upstream.held.add(HISTORY)
    async with stream(proxy) as one:
        await one.next()
        waiting = (said(), begun(), *pieces(TEXT), ended(TEXT))
        other = (frame("session.idle", sessionID=SECOND),)
        await proxy.upstream.send(EVENTS, *waiting, *other)
        events = [await one.next() for _ in range(3)]
        assert [event["type"] for event in events] == ["message.updated", "message.part.updated", "session.idle"]
        await until(lambda: HISTORY in proxy.upstream.standing)
        await proxy.upstream.send(HISTORY, b"[]")
        assert told(await until_ended(one)) == (TEXT, TEXT)


class Crashing:
    """A scanner that cannot look at long texts."""

    def __init__(self, inner: TextScanner) -> None:
        self._inner = inner
        self.known = inner.known

    def within(self, _work: int) -> Self:
        return self

    def look(self, texts: Any, ids: Any) -> Any:
        if any(len(text) > 200 for text in texts):
            raise RuntimeError("cnry00001x")
        return self._inner.look(texts, ids)

    def scan(self, texts: Any, ids: Any = frozenset()) -> Any:
        return self.look(texts, ids)[0]


@pytest.mark.parametrize("broken", ["absent", "crashes"])
async def test_a_scanner_that_fails_lets_nothing_more_cross(tmp_path: Path, broken: str) -> None:
    failing = [False]

    async def ready() -> Any:
        if failing[0]:
            return None if broken == "absent" else Crashing(scanner())
        return scanner()

    async with rig(tmp_path, ready=ready) as proxy:
        proxy.upstream.answers[EVENTS] = STREAM + frame("server.connected")
        proxy.upstream.held.add(EVENTS)
        async with stream(proxy) as one:
            await one.next()
            await proxy.upstream.send(EVENTS, said(), begun(), *pieces(LINE * 2))
            while not delta_of(await one.next()):
                pass
            failing[0] = True
            await proxy.upstream.send(EVENTS, *pieces(LINE * 9))
            await until(lambda: b'egress_refusals_total{reason="scanner_unavailable"} 1.0' in proxy.metrics.render())
            failing[0] = False
            text = LINE * 20
            await proxy.upstream.send(EVENTS, *pieces(LINE * 9), ended(text), END)
            events = [event async for event in up_to_end(one)]
        deltas, end = told(events)
        assert end == text
        assert end.endswith(deltas)
        assert [bool(delta_of(event)) for event in events].count(True) == 1
        assert fates(proxy) == {"failed": 1.0}


async def test_a_history_is_read_again_if_a_text_of_it_ended_meanwhile(
    proxy: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever hears events would take what was read before for the newer."""
    tree, readings = proxy.exchanges.taints.tree(SESSION), []
    once = proxy.exchanges._ask_once
    for ended_at, expected in (((), 1), ((1,), 2), ((1, 2, 3), 3)):

        async def read(*arguments: Any, ended_at: tuple[int, ...] = ended_at) -> Any:
            readings.append(arguments)
            tree.told += len(readings) in ended_at
            return await once(*arguments)

        monkeypatch.setattr(proxy.exchanges, "_ask_once", read)
        readings.clear()
        await proxy.ask("GET", f"/session/{SESSION}/message")
        assert len(readings) == expected


async def test_the_ends_of_texts_are_counted(proxy: Rig) -> None:
    tree = proxy.exchanges.taints.tree(SESSION)
    await heard(proxy, said(), begun(), *pieces(TEXT), ended(TEXT))
    assert tree.told == 1
