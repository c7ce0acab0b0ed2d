"""Texts of one tree that are written at the same time: of agents that work side by side, or one that gets no end."""

from __future__ import annotations

import random
import string
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from egress_proxy.model import Secret
from egress_proxy.scan import KnownValues, TextScanner, build_scanner
from egress_proxy.server import tree as tree_module
from tests.server.growth import LINE, begun, delta_of, ended, pieces, said
from tests.server.rig import END, SESSION, STREAM, Rig, answer, frame, rig
from tests.server.stream import stream

VALUE: Final = "".join(random.Random("at once").choices(string.ascii_letters + string.digits, k=20))
EVENTS: Final = "GET /event"
CHILD: Final = "ses_00000000000000000000000009"
MOST: Final = 11  # characters in a row that may cross


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Rig]:
    known = build_scanner(KnownValues.build([("DB_PASSWORD", Secret(VALUE))], bytes(32)))

    async def ready() -> TextScanner:
        return known

    async with rig(tmp_path, ready=ready) as started:
        started.upstream.answers[EVENTS] = STREAM + frame("server.connected")
        started.upstream.answers[f"GET /session/{CHILD}/message"] = answer(b"[]")
        started.upstream.held.add(EVENTS)
        yield started


async def heard(proxy: Rig, *frames: bytes) -> list[Any]:
    """What a reader hears of these frames."""
    info = {"id": CHILD, "parentID": SESSION, "directory": proxy.directory, "title": "", "time": {}}
    created = frame("session.created", sessionID=CHILD, info={**info, "time": {"created": 1, "updated": 1}})
    async with stream(proxy) as events:
        await events.next()
        await proxy.upstream.send(EVENTS, created, *frames, END)
        got: list[Any] = []
        while not got or got[-1]["type"] != "message.removed":
            got.append(await events.next())
    return got


def lines(piece: str) -> str:
    """A text with a line apart and prose behind it, so that the line can leave before the text has its end."""
    return f"{LINE}Part: `{piece}`\n{LINE * 4}"


def name(number: int) -> tuple[str, str, str]:
    """A part, its message and its session: the root's, or that of a sub-agent."""
    return f"prt_000000000000Text{number:011}", f"msg_000000000000Reply{number:010}", (SESSION, CHILD)[number % 2]


def writing(number: int, text: str) -> list[bytes]:
    part, message, session = name(number)
    return [said(message, session), begun(part, message, session), *pieces(text, 50, part, message, session)]


def crossed(events: list[Any]) -> str:
    return "".join(map(delta_of, events))


@pytest.mark.parametrize("half", [VALUE[:10], VALUE[10:]])
async def test_a_half_alone_is_shown_while_it_is_written(proxy: Rig, half: str) -> None:
    """The negative control."""
    assert f"`{half}`" in crossed(await heard(proxy, *writing(1, lines(half))))


@pytest.mark.parametrize("size", [10, 5, 2])
async def test_pieces_in_texts_that_are_all_being_written_are_put_together(proxy: Rig, size: int) -> None:
    """Agents work side by side, and none has come to its end."""
    texts = [lines(VALUE[at : at + size]) for at in range(0, len(VALUE), size)]
    frames = [one for number, text in enumerate(texts) for one in writing(number, text)]
    told = crossed(await heard(proxy, *frames))
    assert f"`{VALUE[:size]}`" in told
    shown = "".join("x" * size if f"`{VALUE[at : at + size]}`" in told else " " for at in range(0, len(VALUE), size))
    assert max(map(len, shown.split())) <= MOST


async def test_what_is_withheld_while_it_is_written_counts_as_said(proxy: Rig) -> None:
    """Of what four agents say side by side, the last piece would cross behind the third one, which did not."""
    cuts = [VALUE[at : at + 5] for at in range(0, len(VALUE), 5)]
    texts = [f"{LINE}There is {cut} in the middle of a line.\n{LINE * 4}" for cut in cuts]
    told = crossed(await heard(proxy, *(one for number, text in enumerate(texts) for one in writing(number, text))))
    assert [cut in told for cut in cuts] == [True, True, False, False]


async def test_what_one_has_shown_counts_for_the_end_of_another(proxy: Rig) -> None:
    two = lines(VALUE[10:])
    events = await heard(proxy, *writing(1, lines(VALUE[:10])), begun(*name(2)), ended(two, *name(2)))
    assert VALUE[:10] in crossed(events)
    assert VALUE[10:] not in str(events)


async def test_a_text_that_went_on_otherwise_than_it_was_shown_has_said_what_was_shown(proxy: Rig) -> None:
    """As after a connection of opencode's to its model that broke: the part begins anew."""
    again = [begun(*name(1)), *pieces(LINE * 3, 50, *name(1)), ended(LINE * 3, *name(1))]
    events = await heard(proxy, *writing(1, lines(VALUE[:10])), *again, ended(lines(VALUE[10:]), *name(2)))
    assert VALUE[:10] in crossed(events)
    assert VALUE[10:] not in str(events)


async def test_a_text_is_not_put_together_with_its_own_beginning(proxy: Rig) -> None:
    text = f"{lines(VALUE[:6])}{lines('aB3xY9')}"
    events = await heard(proxy, *writing(1, text), ended(text, *name(1)), ended(text, *name(2)))
    assert str(events).count("withheld") == 0
    assert crossed(events) == text


async def test_texts_without_an_end_are_bounded_and_what_they_have_shown_is_not_forgotten(
    proxy: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree_module, "MOST_OPEN", 3)
    frames = [one for number in range(1, 7) for one in writing(number, lines(VALUE[:10] if number == 1 else "all"))]
    events = await heard(proxy, *frames, ended(lines(VALUE[10:]), *name(9)))
    assert VALUE[:10] in crossed(events)
    assert VALUE[10:] not in str(events)
