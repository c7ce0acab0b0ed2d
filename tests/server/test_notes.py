"""An operator's note as clients and the audit log get it: read with what the session's tools have shown, or withheld.

A note may name what the operator has just seen in an ask. What only a session's history tells is no longer known where
the session was deleted, its tree was dropped for room, or the proxy started anew.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import pytest

from egress_proxy.scan.redaction import WITHHELD_UNDECIDED
from egress_proxy.server.queue import EXPIRED, NEVER, Decision
from tests.kit.ledger import lines
from tests.server.waits import CLIENT, OURS, SECONDS, Stand, stand

PASSWORD: Final = "hunter2-" + "blue-dog"
NOTE: Final = f"do not put {PASSWORD} on the command line"
REDACTED: Final = "do not put [redacted:TAINTED:DB_PASSWORD] on the command line"
HISTORY: Final = f"GET /session/{OURS}/message"
WORDS: Final = pytest.mark.parametrize("word", ["approve", "reject"])


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Stand]:
    async with stand(tmp_path) as made:
        made.agent.output = f"DB_PASSWORD={PASSWORD}"
        yield made


async def decided(proxy: Stand, word: str, note: str = NOTE) -> Decision:
    """An ask that an operator decides with a note. The operator is shown the note as it is, whatever else is."""
    proxy.agent.ask(1)
    (ask,) = await proxy.look()
    decision = await getattr(proxy.queue, word)(ask.id, ask.digest, by="op", note=note)
    assert isinstance(decision, Decision)
    assert decision == proxy.queue.decided()[-1]
    assert decision.note == note
    return decision


def given(proxy: Stand) -> list[str]:
    """The note wherever others than operators get it: the client's stream, its lists, the audit log."""
    assert PASSWORD not in "".join(lines(proxy.state))
    (recorded,) = [record for record in proxy.records() if record[0] in {"approved", "rejected", "expired"}]
    (told,), (listed,) = proxy.told, proxy.queue.decided_for(CLIENT)
    return [told.note, listed.note, *recorded[4:]]


@WORDS
async def test_a_note_is_read_with_what_the_history_tells(proxy: Stand, word: str) -> None:
    """Nothing of the session was read before: so it is after a restart, and once its tree was dropped for room."""
    await decided(proxy, word)
    assert given(proxy) == [REDACTED] * 3


@WORDS
async def test_what_is_given_later_is_what_was_read_then(proxy: Stand, word: str) -> None:
    """Also once the client has deleted the session, and with it what was remembered."""
    await decided(proxy, word)
    proxy.exchanges.taints.forget(OURS)
    proxy.exchanges.sessions.deleted(OURS)
    assert given(proxy) == [REDACTED] * 3


def _deleted(proxy: Stand) -> None:
    """A client may delete its session while an operator writes a note to it."""
    proxy.agent.broken.add(HISTORY)
    proxy.exchanges.taints.forget(OURS)


def _full(proxy: Stand) -> None:
    proxy.exchanges.taints.tree(OURS).full = True


def _broken(proxy: Stand) -> None:
    proxy.agent.broken.add(HISTORY)


def _raising(proxy: Stand) -> None:
    proxy.exchanges.taints.look = None  # type: ignore[assignment, method-assign]


@WORDS
@pytest.mark.parametrize("hidden", [_deleted, _full, _broken, _raising])
async def test_a_note_is_withheld_where_the_history_is_not_known(
    proxy: Stand, word: str, hidden: Callable[[Stand], None]
) -> None:
    """The local agent has seen the value itself, and is told the note as it is."""
    hidden(proxy)
    await decided(proxy, word)
    assert given(proxy) == [WITHHELD_UNDECIDED] * 3
    told: dict[str, Any] = {"reply": "once"} if word == "approve" else {"reply": "reject", "message": NOTE}
    assert proxy.agent.answers == [("per_1", told)]


@WORDS
async def test_no_note_needs_no_history(proxy: Stand, word: str) -> None:
    _broken(proxy)
    await decided(proxy, word, "")
    assert given(proxy) == ["", ""]
    assert HISTORY not in proxy.agent.calls


async def test_what_the_proxy_says_itself_needs_none_either(proxy: Stand) -> None:
    _broken(proxy)
    proxy.agent.ask(1, command="cat /srv/proxy-state/audit.jsonl")
    await proxy.look()
    assert given(proxy) == [NEVER] * 3
    proxy.told.clear()
    proxy.agent.ask(2)
    await proxy.look()
    proxy.clock.time += SECONDS
    await proxy.look()
    assert [one.note for one in proxy.told] == [EXPIRED]
