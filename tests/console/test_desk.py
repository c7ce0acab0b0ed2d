"""The pages of an operator: what they show, and what a decision does."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from egress_proxy.console.pages import left, utc
from egress_proxy.model import Refused
from egress_proxy.reasons import Reason
from egress_proxy.server.queued import Said
from tests.console.rig import DIRECTORY, NOW, OPERATOR, Clock, FakeOperators, FakeQueue, Visitor, application, ask
from tests.server.rig import until

SCRIPT = "<script>alert(1)</script>"
HOSTILE = f"\"'>{SCRIPT}<img src=x onerror=alert(1)> {{{{7*7}}}} \u202e\x00</pre></textarea>"


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


@pytest.fixture
def operators() -> FakeOperators:
    return FakeOperators()


@pytest.fixture
async def visitor(queue: FakeQueue, operators: FakeOperators) -> AsyncIterator[Visitor]:
    server = TestServer(application(queue, operators, Clock()))
    async with TestClient(server, cookie_jar=aiohttp.DummyCookieJar()) as client:
        made = Visitor(client)
        await made.login()
        yield made


async def page(visitor: Visitor, path: str) -> str:
    """A page's text, as a reader would see it."""
    return html.unescape(re.sub(r"<[^>]*>", "", await (await visitor.get(path)).text()))


async def test_an_empty_queue_says_so(visitor: Visitor) -> None:
    assert "Nothing waits." in await page(visitor, "")


async def test_the_queue_shows_each_ask_with_what_the_policy_said(visitor: Visitor, queue: FakeQueue) -> None:
    queue.add(ask(), ask("per_2", gate="never", permission="read", command=None, patterns=("/etc/shadow", ".env")))
    shown = await page(visitor, "")
    for text in ("git push origin main", "Release 1.4", DIRECTORY, "agent", "it sends commits to others", "git-push"):
        assert text in shown
    assert "/etc/shadow\n.env" in shown
    assert "nobody may approve" in shown
    assert re.search(r"expires in (4\d|50) min \d\d s", shown)
    assert re.search(r"Waiting\s+2", shown)


async def test_a_long_ask_is_cut_in_the_queue_aloud_and_whole_on_its_page(visitor: Visitor, queue: FakeQueue) -> None:
    command = "true;" * 200 + " rm -rf ~"
    queue.add(ask(command=command))
    assert "There is more of it:" in await page(visitor, "")
    assert "rm -rf" not in await page(visitor, "")
    assert command in await page(visitor, "asks/per_1")


ENDLESS: dict[str, dict[str, Any]] = {
    "command": {"command": "x" * 65_536},
    "patterns": {"patterns": ("x" * 60,) * 600},
    "empty patterns": {"patterns": ("",) * 1100},
}


@pytest.mark.parametrize("changes", ENDLESS.values(), ids=ENDLESS)
async def test_an_ask_that_nobody_can_look_through_is_not_approved_here(
    visitor: Visitor, queue: FakeQueue, changes: dict[str, Any]
) -> None:
    queue.add(ask(**changes))
    shown = await page(visitor, "asks/per_1")
    assert "too long to be looked through" in shown
    assert "Approve once" not in shown
    form = await visitor.form("per_1")
    assert (await visitor.post("asks/per_1/approve", form)).status == 403
    assert queue.decisions == []
    assert (await visitor.post("asks/per_1/reject", form)).status == 303


async def test_a_long_ask_is_shown_to_its_end(visitor: Visitor, queue: FakeQueue) -> None:
    queue.add(ask(command="true;" * 12_000 + "rm -rf ~"))
    assert "true;rm -rf ~" in await page(visitor, "asks/per_1")
    assert (await visitor.post("asks/per_1/approve", await visitor.form("per_1"))).status == 303


async def test_the_list_is_bounded_aloud(visitor: Visitor, queue: FakeQueue) -> None:
    queue.add(*(ask(f"per_{number}") for number in range(60)))
    shown = await page(visitor, "")
    assert "10 more wait." in shown
    assert re.search(r"Waiting\s+60", shown)
    assert (await (await visitor.get("")).text()).count('id="ask-per_') == 50


async def test_many_asks_of_one_client_do_not_hide_those_of_others(visitor: Visitor, queue: FakeQueue) -> None:
    """Of each client the oldest first, then of each the second: who asks most is cut."""
    queue.add(*(ask(f"per_{number}", client="loud") for number in range(60)))
    queue.add(ask("per_first", client="quiet"), ask("per_second", client="quiet"), ask("per_other", client="other"))
    shown = re.findall(r'id="ask-(\w+)"', await (await visitor.get("")).text())
    assert shown[:6] == ["per_0", "per_first", "per_other", "per_1", "per_second", "per_2"]
    assert shown[6:] == [f"per_{number}" for number in range(3, 47)]
    assert "13 more wait." in await page(visitor, "")


async def test_an_asks_page_shows_all_that_is_asked_and_the_conversation(visitor: Visitor, queue: FakeQueue) -> None:
    queue.add(ask(workdir="/srv/other", session="ses_child", patterns=("git push *", "git *"), expected=True))
    shown = await page(visitor, "asks/per_1")
    for text in (
        "git push origin main", "git push *", "git *", DIRECTORY, "/srv/other", "ses_1",
        "asked by its sub-agent ses_child",
        "it sends commits to others", "git-push", ", declared beforehand", "Publish it.", "I push now.", utc(NOW - 20),
    ):  # fmt: skip
        assert text in shown, text


async def test_a_command_that_is_not_known_is_said_not_to_be(visitor: Visitor, queue: FakeQueue) -> None:
    queue.add(ask(command=None))
    assert "The whole command is not known." in await page(visitor, "asks/per_1")


async def test_a_conversation_that_cannot_be_read_leaves_the_ask(visitor: Visitor, queue: FakeQueue) -> None:
    queue.add(ask())
    queue.said = Refused(Reason.UPSTREAM_UNREACHABLE)
    shown = await page(visitor, "asks/per_1")
    assert "It could not be read." in shown
    assert "upstream_unreachable" in shown
    assert (await visitor.post("asks/per_1/approve", await visitor.form("per_1"))).status == 303


@pytest.mark.parametrize(
    ("changes", "can"),
    [({}, True), ({"gate": "self"}, True), ({"gate": "never"}, False), ({"kind": "question"}, False)],
)
async def test_what_nobody_may_approve_has_no_button(
    visitor: Visitor, queue: FakeQueue, changes: dict[str, str], can: bool
) -> None:
    queue.add(ask(**changes))
    text = await (await visitor.get("asks/per_1")).text()
    assert ("Approve once</button>" in text) is can
    assert "Reject</button>" in text
    if can:
        assert text.index("Reject</button>") < text.index("Approve once</button>")


@pytest.mark.parametrize(("verb", "outcome"), [("approve", "approved"), ("reject", "rejected")])
async def test_a_decision_is_the_operators_with_its_note(
    visitor: Visitor, queue: FakeQueue, verb: str, outcome: str
) -> None:
    queue.add(ask())
    form = await visitor.form("per_1")
    answer = await visitor.post(f"asks/per_1/{verb}", {**form, "note": "  Not on\r\nFridays. "})
    assert (answer.status, answer.headers["Location"]) == (303, f"{visitor.home}?done=per_1")
    (decision,) = queue.decisions
    assert (decision.id, decision.outcome, decision.by) == ("per_1", outcome, OPERATOR)
    assert decision.note == "Not on\nFridays."
    assert f"{outcome} per_1 by {OPERATOR}" in await page(visitor, "?done=per_1")
    assert "Not on\nFridays." in await page(visitor, "decided")
    gone = await visitor.get("asks/per_1")
    assert gone.status == 410
    assert "This ask was decided" in await gone.text()


async def test_the_page_names_nothing_that_was_not_decided(visitor: Visitor) -> None:
    assert 'class="done"' not in await (await visitor.get("?done=per_9")).text()


async def test_a_form_whose_ask_has_changed_decides_nothing_and_shows_the_ask_as_it_is(
    visitor: Visitor, queue: FakeQueue
) -> None:
    queue.add(ask())
    stale = await visitor.form("per_1")
    queue.add(ask(command="git push --force origin main", digest="d2" * 16))
    answer = await visitor.post("asks/per_1/approve", {**stale, "note": "Go on."})
    text = await answer.text()
    assert answer.status == 409
    assert "Nothing was decided." in text
    assert "git push --force origin main" in text
    assert "Go on.</textarea>" in text
    assert queue.decisions == []
    assert (await visitor.post("asks/per_1/approve", await visitor.form("per_1"))).status == 303


@pytest.mark.parametrize("outcome", ["answered", "expired", "gone", "rejected"])
async def test_a_form_whose_ask_was_decided_elsewhere_says_what_became_of_it(
    visitor: Visitor, queue: FakeQueue, outcome: str
) -> None:
    queue.add(ask())
    stale = await visitor.form("per_1")
    queue.answer("per_1", outcome, "somebody")
    answer = await visitor.post("asks/per_1/approve", stale)
    text = html.unescape(re.sub(r"<[^>]*>", "", await answer.text()))
    assert answer.status == 409
    assert "Nothing was decided." in text
    assert outcome in text
    assert "somebody" in text
    assert len(queue.decisions) == 1


@pytest.mark.parametrize(
    ("reason", "status"),
    [(Reason.ASK_UNKNOWN, 409), (Reason.UPSTREAM_UNREACHABLE, 502), (Reason.AUDIT_UNAVAILABLE, 502)],
)
async def test_a_decision_that_could_not_be_made_is_told(
    visitor: Visitor, queue: FakeQueue, reason: Reason, status: int
) -> None:
    queue.add(ask())
    queue.refusal = reason
    answer = await visitor.post("asks/per_1/approve", await visitor.form("per_1"))
    assert answer.status == status
    assert "Nothing was decided." in await answer.text()


@pytest.mark.parametrize("digest", ["", "d1", "d2" * 16])
async def test_a_decision_names_the_ask_exactly(visitor: Visitor, queue: FakeQueue, digest: str) -> None:
    queue.add(ask())
    form = await visitor.form("per_1")
    assert (await visitor.post("asks/per_1/approve", {**form, "digest": digest})).status == 409
    assert (await visitor.post("asks/per_2/approve", form)).status == 409
    assert queue.decisions == []


async def test_a_note_is_bounded(visitor: Visitor, queue: FakeQueue) -> None:
    queue.add(ask())
    form = await visitor.form("per_1")
    assert (await visitor.post("asks/per_1/reject", {**form, "note": "é" * 2001})).status == 403
    assert (await visitor.post("asks/per_1/reject", {**form, "note": "é\r\n" * 1000})).status == 303


FIELDS = ("title", "client", "directory", "permission", "command", "workdir", "rule", "why")


@pytest.mark.parametrize("field", [*FIELDS, "patterns", "said", "note"])
async def test_hostile_text_is_text_wherever_it_stands(visitor: Visitor, queue: FakeQueue, field: str) -> None:
    if field in FIELDS:
        queue.add(ask(**{field: HOSTILE}))
    else:
        queue.add(ask(patterns=(HOSTILE,) if field == "patterns" else ("*",)))
    queue.said = (Said("user", HOSTILE), Said(HOSTILE, "x"))
    found = 0
    if field == "note":
        queue.answer("per_1", "rejected", HOSTILE, HOSTILE)
    for path in ("", "asks/per_1", "decided"):
        text = await (await visitor.get(path)).text()
        found += f"{html.escape(SCRIPT)}&lt;img src=x onerror=alert(1)&gt; {{{{7*7}}}} <span" in text
        assert SCRIPT not in text
        assert "<img" not in text
        assert "\u202e" not in text
        assert "\x00" not in text
        assert re.findall(r"<script\b[^>]*>", text) == ['<script src="/console/static/console.js" defer>']
    assert found


async def test_a_line_end_at_the_beginning_is_shown(visitor: Visitor, queue: FakeQueue) -> None:
    """A browser drops the first one of a `pre` and of a `textarea`."""
    queue.add(ask(command="\nls"))
    assert '">\n\nls</pre>' in await (await visitor.get("asks/per_1")).text()


async def test_the_stream_says_which_ask_changed_and_nothing_of_it(visitor: Visitor, queue: FakeQueue) -> None:
    answer = await visitor.get("changes")
    assert answer.content_type == "text/event-stream"
    assert await answer.content.readuntil(b"\n\n") == b"retry: 1000\n\n"
    queue.add(ask())
    assert await answer.content.readuntil(b"\n\n") == b'event: asked\ndata: {"id":"per_1"}\n\n'
    queue.answer("per_1", "approved", "ada")
    assert await answer.content.readuntil(b"\n\n") == b'event: decided\ndata: {"id":"per_1"}\n\n'
    queue.end()
    assert await answer.content.read() == b""
    assert queue.readers == 0


async def test_the_stream_ends_with_the_session(visitor: Visitor, queue: FakeQueue, operators: FakeOperators) -> None:
    answer = await visitor.get("changes")
    await answer.content.readuntil(b"\n\n")
    operators.revoked = True
    queue.add(ask())
    assert await answer.content.read() == b""
    assert queue.readers == 0


async def test_a_stream_whose_browser_has_gone_is_let_go(visitor: Visitor, queue: FakeQueue) -> None:
    answer = await visitor.get("changes")
    await answer.content.readuntil(b"\n\n")
    assert queue.readers == 1
    answer.close()
    await until(lambda: queue.readers == 0)


async def test_streams_are_bounded(visitor: Visitor) -> None:
    streams = [await visitor.get("changes") for _ in range(65)]
    assert [answer.status for answer in streams] == [200] * 64 + [503]
    for answer in streams:
        answer.close()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (0.9, "0 s"),
        (59.9, "59 s"),
        (60, "1 min 00 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 00 min"),
        (90_000, "25 h 00 min"),
    ],
)
def test_how_long_is_left_is_said_in_words(seconds: float, words: str) -> None:
    assert left(seconds) == words


@pytest.mark.parametrize("moment", [float("nan"), float("inf"), 1e30])
def test_a_moment_that_is_none_is_no_failure(moment: float) -> None:
    assert utc(moment) == "?"
