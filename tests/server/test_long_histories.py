"""Long histories: read page by page, each message once, and so that others go on meanwhile."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from egress_proxy.model import Call, Refused, Reply
from egress_proxy.scan import Taint
from egress_proxy.server import taints as taints_module
from egress_proxy.server.owners import Owners
from egress_proxy.server.sessions import Sessions
from egress_proxy.server.taints import Taints
from egress_proxy.server.tree import MOST_MESSAGES, Tree
from egress_proxy.wire import SessionFacts, read_messages
from tests.server.rig import SESSION
from tests.server.test_taints import ASKED, ENV, bash, message, say

_MESSAGES: Final = 3 * MOST_MESSAGES


class OnePage:
    """An upstream that gives a whole history as one page."""

    def __init__(self, *history: dict[str, Any]) -> None:
        self.body = json.dumps(history).encode()

    async def call(self, _: Call, __: float) -> Reply:
        return Reply(200, "application/json", "", "", self.body)


@contextmanager
def learning(upstream: Any, tmp_path: Path) -> Iterator[Taints]:
    """Taints of `SESSION`, from such an upstream."""
    owners = Owners(tmp_path / "sessions.db")
    try:
        sessions = Sessions(upstream, owners, 5.0)
        sessions.learn(SessionFacts(SESSION, "", "/w"))
        yield Taints(upstream, sessions, 5.0)
    finally:
        owners.close()


async def test_what_is_no_longer_noted_of_a_long_page_is_not_learnt_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the newest messages are noted as learnt; that nothing comes to those before them is what noted means."""
    read: list[bytes] = []
    actual = taints_module._learn

    def noting(parts: Sequence[bytes]) -> object:
        read.extend(parts)
        return actual(parts)

    monkeypatch.setattr(taints_module, "_learn", noting)
    history = [say(number, "Working.") for number in range(_MESSAGES)]
    upstream = OnePage(*history, message(_MESSAGES, bash("ok"), done=False))
    with learning(upstream, tmp_path) as taints:
        await taints.look(SESSION)
        assert len(read) == _MESSAGES + 1
        upstream.body = OnePage(*history, message(_MESSAGES, bash("ok"), ENV, done=False)).body
        tree = await taints.look(SESSION)
        assert isinstance(tree, Tree)
        assert len(read) == _MESSAGES + 2
        assert "DB_PASSWORD" in tree.values.names


async def test_others_go_on_while_many_small_messages_are_learnt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of them is large enough for a thread, and together they take seconds."""
    output = "word " * 2_000
    history = [message(number, bash(output)) for number in range(200)]
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    with learning(OnePage(*history), tmp_path) as taints:
        other = asyncio.create_task(others())
        tree = taints.tree(SESSION)
        learnt: list[int] = []
        remember = tree.remember

        def noting(values: Sequence[Taint]) -> None:
            learnt.append(turns)
            remember(values)

        monkeypatch.setattr(tree, "remember", noting)
        await taints.look(SESSION)
        other.cancel()
    assert len(learnt) == len(history)
    assert len(set(learnt)) > len(history) * len(output) // 100_000


async def test_a_long_history_is_read_page_by_page_and_not_held(tmp_path: Path) -> None:
    pages = 40

    class Answering:
        async def call(self, call: Call, _: float) -> Reply:
            number = int(dict(call.query).get("before", pages))
            page = [ASKED, message(2 * number, bash("word " * 40_000)), say(2 * number + 1, f"Page {number}.")]
            return Reply(200, "application/json", "", str(number - 1) if number else "", json.dumps(page).encode())

    with learning(Answering(), tmp_path) as taints:
        pages = 0
        await taints.look(SESSION)  # what is loaded at the first use
        taints.forget(SESSION)
        pages = 40
        tracemalloc.start()
        try:
            tree = await taints.look(SESSION)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert isinstance(tree, Tree)
        assert len(tree._unjudged) == pages + 1
        assert most < pages * 200_000 / 2


async def test_a_part_of_a_message_under_way_is_read_once(tmp_path: Path) -> None:
    upstream = OnePage(ASKED, message(2, ENV, done=False))
    with learning(upstream, tmp_path) as taints:
        tree = await taints.look(SESSION)
        assert isinstance(tree, Tree)
        pages = read_messages(upstream.body)
        assert not isinstance(pages, Refused)
        assert [tree.log(SESSION).fresh(page.parts) for page in pages] == [[], []]
        assert (tree.log(SESSION).open, len(tree.log(SESSION).anchored)) == (True, 1)
