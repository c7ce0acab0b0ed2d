"""Notices reach a real command and a real receiver, signed and without content; and nobody waits for a hook."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer

from egress_proxy.config import HookSecrets, Notify
from egress_proxy.metrics import Metrics
from egress_proxy.model import Secret
from egress_proxy.server.hooks import Outcome, WebhookHook
from egress_proxy.server.notices import Notice, Noticing
from egress_proxy.server.notifications import Line, notifying
from egress_proxy.server.queue import Queue
from egress_proxy.server.queued import Decision, Waiting
from tests.kit.client import free_port
from tests.server.test_notices import PLANTED, ROOT, decision, waiting

KEY = "k" * 8 + "ey of the webhook" * 2
HEADER = "Bearer " + "tok" + "en-of-the-receiver"
NOW = 1000.0


class FakeQueue:
    """A queue with the names of the true one."""

    def __init__(self, *asks: Waiting) -> None:
        self.asks = asks
        self.past: tuple[Decision, ...] = ()
        self.news: asyncio.Queue[Waiting | Decision | None] = asyncio.Queue()
        self.readers = 0

    def waiting(self) -> tuple[Waiting, ...]:
        return self.asks

    def decided(self) -> tuple[Decision, ...]:
        return self.past

    def changes(self) -> AsyncGenerator[Waiting | Decision, None]:
        self.readers += 1
        return self._changes()

    async def _changes(self) -> AsyncGenerator[Waiting | Decision, None]:
        while (found := await self.news.get()) is not None:
            yield found


@dataclass
class Receiver:
    """A webhook's other end. `statuses` are answered one after the other, then 204."""

    statuses: list[int] = field(default_factory=list)
    hold: asyncio.Event | None = None
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list, repr=False)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)
    server: BaseTestServer | None = None

    @property
    def url(self) -> str:
        assert self.server is not None
        return str(self.server.make_url("/hook/secret-path?key=1"))

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        async with self.news:
            self.got.append((dict(request.headers), body))
            self.news.notify_all()
        if self.hold is not None:
            await self.hold.wait()
        status = self.statuses.pop(0) if self.statuses else 204
        headers = {"Location": "/elsewhere"} if status == 307 else {}
        return web.Response(status=status, headers=headers, text=PLANTED if status >= 400 else None)

    async def until(self, count: int) -> None:
        async with self.news:
            await asyncio.wait_for(self.news.wait_for(lambda: len(self.got) >= count), 20)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", found._take)
    async with TestServer(app) as server:
        found.server = server
        yield found


@asynccontextmanager
async def telling(queue: FakeQueue, notify: Notify, hidden: HookSecrets | None = None) -> AsyncIterator[Metrics]:
    metrics = Metrics()
    hidden = hidden or HookSecrets()
    async with notifying(notify, hidden, (ROOT,), cast("Queue", queue), metrics, lambda: NOW):
        yield metrics


def counted(metrics: Metrics, hook: str, outcome: Outcome) -> float:
    name = f'egress_notifications_total{{hook="{hook}",outcome="{outcome}"}} '
    return next((float(row.removeprefix(name)) for row in metrics.render().decode().splitlines() if name in row), 0.0)


async def until(found: Callable[[], object]) -> None:
    async with asyncio.timeout(90):
        while not found():  # noqa: ASYNC110 - of files and metrics nobody tells
            await asyncio.sleep(0.005)


def script(path: Path, text: str) -> tuple[str, ...]:
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o700)
    return str(path), str(path.parent)


RECORD = 'cat > "$1/stdin.new"; env > "$1/env"; echo noise; pwd > "$1/pwd"; mv "$1/stdin.new" "$1/stdin.json"\n'


async def test_a_command_gets_a_notice_and_a_small_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPENCODE_SERVER_PASSWORD", PLANTED)
    queue = FakeQueue(waiting())
    async with telling(queue, Notify(command=script(tmp_path / "tell", RECORD))) as metrics:
        await until(lambda: counted(metrics, "command", Outcome.DELIVERED) == 1)
    notice, environment = (tmp_path / "stdin.json").read_text(), (tmp_path / "env").read_text()
    assert json.loads(notice)["look"] == "egress-proxy gates show per_1"
    assert "EGRESS_EVENT=waiting\n" in environment
    assert "EGRESS_ASK=per_1\n" in environment
    assert (tmp_path / "pwd").read_text() == "/\n"
    assert PLANTED not in notice + environment + caplog.text
    names = {row.partition("=")[0] for row in environment.splitlines()}
    assert names <= {
        *("PATH", "LANG", "HOME", "USER", "LOGNAME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"),
        *("EGRESS_EVENT", "EGRESS_CLIENT", "EGRESS_LOOK", "EGRESS_ASK", "EGRESS_PERMISSION", "EGRESS_LINK"),
        *("PWD", "OLDPWD", "SHLVL", "_"),  # the shell's own
    }


async def test_words_of_the_command_are_no_shells(tmp_path: Path) -> None:
    command = (*script(tmp_path / "tell", 'printf %s "$2" > "$1/new"; mv "$1/new" "$1/word"\n'), "$(id); `id` && *")
    async with telling(FakeQueue(waiting()), Notify(command=command)) as metrics:
        await until(lambda: counted(metrics, "command", Outcome.DELIVERED) == 1)
    assert (tmp_path / "word").read_text() == "$(id); `id` && *"


_TOLD = '> "$1/new"; mv "$1/new" "$1/pid"'


@pytest.mark.parametrize(
    ("text", "said", "starts"),
    [
        ("exit 3\n", "the command failed (exit 3)", False),
        (f"echo $$ {_TOLD}; exec sleep 1000\n", "did not end within 3 seconds", True),
        (f"(echo $PPID >/dev/null; sleep 1000) & echo $! {_TOLD}; wait\n", "did not end within 3 seconds", True),
    ],
)
async def test_a_command_that_fails_or_hangs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, said: str, *, starts: bool
) -> None:
    notify = Notify(command=script(tmp_path / "tell", text), command_seconds=3)
    async with telling(FakeQueue(waiting()), notify) as metrics:
        await until(lambda: counted(metrics, "command", Outcome.FAILED) == 1)
    assert said in caplog.text
    assert PLANTED not in caplog.text
    pid = tmp_path / "pid"
    assert pid.exists() == starts
    if starts:  # what it had started is gone with it
        await until(lambda: _gone(pid.read_text().strip()))


def _gone(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


async def test_a_command_that_is_gone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with telling(FakeQueue(waiting()), Notify(command=(str(tmp_path / "gone"),))) as metrics:
        await until(lambda: counted(metrics, "command", Outcome.FAILED) == 1)
    assert "cannot be run (FileNotFoundError)" in caplog.text


async def test_so_many_commands_at_once_and_no_more(tmp_path: Path) -> None:
    """They wait for a FIFO that nobody writes to until all have been looked at."""
    os.mkfifo(tmp_path / "go")
    command = script(tmp_path / "tell", 'cat >/dev/null; mktemp "$1/run.XXXXXX" >/dev/null; read x < "$1/go"\n')
    queue = FakeQueue(*(waiting(id=f"per_{number}") for number in range(5)))
    async with telling(queue, Notify(command=command, commands_at_once=2, waiting=2, command_seconds=30)) as metrics:
        await until(lambda: len(list(tmp_path.glob("run.*"))) == 2)
        # The look at the start is one go: the workers had taken none of the five, two of which fitted.
        assert counted(metrics, "command", Outcome.DROPPED) == 3
        queue.news.put_nowait(waiting(id="per_a"))
        queue.news.put_nowait(waiting(id="per_b"))
        queue.news.put_nowait(waiting(id="per_c"))
        await until(lambda: counted(metrics, "command", Outcome.DROPPED) == 4)
        await until(lambda: len(list(tmp_path.glob("run.*"))) == 2)


async def test_a_webhook_gets_a_signed_notice_with_the_header(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    hidden = HookSecrets(("Authorization", Secret(HEADER)), Secret(KEY))
    queue = FakeQueue()
    async with telling(queue, Notify(webhook=receiver.url), hidden) as metrics:
        queue.news.put_nowait(waiting())
        await receiver.until(1)
        queue.news.put_nowait(decision())
        await receiver.until(2)
        await until(lambda: counted(metrics, "webhook", Outcome.DELIVERED) == 2)
    assert [json.loads(body)["event"] for _, body in receiver.got] == ["waiting", "expired"]
    for headers, body in receiver.got:
        assert headers["Authorization"] == HEADER
        assert headers["Content-Type"] == "application/json"
        assert headers["Egress-Event"] == json.loads(body)["event"]
        made = hmac.new(KEY.encode(), b"1000." + body, hashlib.sha256).hexdigest()
        assert headers["Egress-Signature"] == f"t=1000,v1={made}"
        assert PLANTED not in body.decode() + str(headers)
    for secret in (KEY, HEADER, PLANTED, "secret-path"):
        assert secret not in caplog.text + repr(hidden) + metrics.render().decode()


def hook(url: str, *, seconds: float = 5.0, tries: int = 4) -> tuple[WebhookHook, list[float]]:
    pauses: list[float] = []

    async def pause(length: float) -> None:
        pauses.append(length)

    made = WebhookHook(url, HookSecrets(), seconds=seconds, tries=tries, clock=lambda: NOW, pause=pause)
    return made, pauses


def a_notice() -> Notice:
    found = Noticing([ROOT], None, 3).asked(waiting(), "ntc_1", NOW)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("statuses", "outcome", "calls", "pauses"),
    [
        ([500, 503, 429], Outcome.DELIVERED, 4, [1.0, 2.0, 4.0]),
        ([500] * 9, Outcome.FAILED, 4, [1.0, 2.0, 4.0]),
        ([400], Outcome.FAILED, 1, []),
        ([404], Outcome.FAILED, 1, []),
        ([307], Outcome.FAILED, 1, []),
        ([200], Outcome.DELIVERED, 1, []),
    ],
)
async def test_what_a_receiver_answers(
    receiver: Receiver,
    caplog: pytest.LogCaptureFixture,
    statuses: list[int],
    outcome: Outcome,
    calls: int,
    pauses: list[float],
) -> None:
    """A redirect is not followed: the header and the notice would go where the answer says."""
    receiver.statuses = statuses
    made, paused = hook(receiver.url)
    assert await made(a_notice(), lambda: True) is outcome
    await made.close()
    assert (len(receiver.got), paused) == (calls, pauses)
    assert PLANTED not in caplog.text
    assert len({headers["Egress-Notice"] for headers, _ in receiver.got}) == 1


async def test_a_receiver_that_is_down_or_slow(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    down, paused = hook(f"http://127.0.0.1:{free_port()}/secret-path", tries=3)
    assert await down(a_notice(), lambda: True) is Outcome.FAILED
    assert paused == [1.0, 2.0]
    receiver.hold = asyncio.Event()
    slow, _ = hook(receiver.url, seconds=0.2, tries=2)
    assert await slow(a_notice(), lambda: True) is Outcome.FAILED
    assert len(receiver.got) == 2
    receiver.hold.set()
    await down.close()
    await slow.close()
    assert "TimeoutError" in caplog.text
    assert "secret-path" not in caplog.text


async def test_what_was_decided_meanwhile_is_not_told_again(receiver: Receiver) -> None:
    receiver.statuses = [500] * 9
    made, _ = hook(receiver.url)
    assert await made(a_notice(), lambda: not receiver.got) is Outcome.OUTDATED
    await made.close()
    assert len(receiver.got) == 1


async def test_pauses_grow_to_a_minute_and_no_longer() -> None:
    made, paused = hook(f"http://127.0.0.1:{free_port()}/", tries=10)
    assert await made(a_notice(), lambda: True) is Outcome.FAILED
    await made.close()
    assert paused == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]


async def test_a_receiver_that_hangs_holds_nobody_up(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    """The queue's changes are read on, and what does not fit is dropped, counted, and said once."""
    receiver.hold = asyncio.Event()
    queue = FakeQueue()
    async with telling(queue, Notify(webhook=receiver.url, waiting=3, asks_per_minute=1000)) as metrics:
        for number in range(4):
            queue.news.put_nowait(waiting(id=f"per_{number}"))
            await receiver.until(number + 1)
        for number in range(100):
            queue.news.put_nowait(waiting(id=f"per_x{number}"))
        await until(lambda: counted(metrics, "webhook", Outcome.DROPPED) == 97)
        assert queue.news.empty()
        receiver.hold.set()
        await until(lambda: counted(metrics, "webhook", Outcome.DELIVERED) == 7)
    assert caplog.text.count("too many notices") == 1


async def test_a_reader_that_was_too_slow_begins_anew(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("egress_proxy.server.notifications._AFTER_LOSS", 0)
    queue = FakeQueue(waiting())
    async with telling(queue, Notify(webhook=receiver.url)):
        await receiver.until(1)
        queue.asks, queue.past = (waiting(id="per_2"),), (decision(), decision(id="per_0"))
        queue.news.put_nowait(None)
        await receiver.until(3)
    assert queue.readers >= 2
    told = {(json.loads(body)["event"], json.loads(body)["ask"]) for _, body in receiver.got}
    assert told == {("waiting", "per_1"), ("expired", "per_1"), ("waiting", "per_2")}


async def test_a_defect_does_not_end_the_line(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[str] = []

    async def broken(notice: Notice, _: Callable[[], bool]) -> Outcome:
        seen.append(notice.id)
        if len(seen) == 1:
            raise RuntimeError(PLANTED)
        return Outcome.DELIVERED

    metrics = Metrics()
    line = Line("webhook", broken, workers=1, most=5, metrics=metrics, waits=lambda _: True)
    task = asyncio.create_task(line.run())
    line.offer(a_notice())
    line.offer(a_notice())
    await until(lambda: counted(metrics, "webhook", Outcome.DELIVERED) == 1)
    task.cancel()
    await asyncio.wait([task])
    assert counted(metrics, "webhook", Outcome.FAILED) == 1
    assert "RuntimeError" in caplog.text
    assert PLANTED not in caplog.text


async def test_without_hooks_nothing_runs(caplog: pytest.LogCaptureFixture) -> None:
    queue = FakeQueue(waiting())
    with caplog.at_level(logging.DEBUG):
        async with telling(queue, Notify()):
            await asyncio.sleep(0)
    assert queue.readers == 0


async def test_a_proxy_that_stops_leaves_no_command(tmp_path: Path) -> None:
    command = script(tmp_path / "tell", 'echo $$ > "$1/new"; mv "$1/new" "$1/pid"; exec sleep 1000\n')
    async with telling(FakeQueue(waiting()), Notify(command=command, command_seconds=300)):
        await until((tmp_path / "pid").exists)
        pid = (tmp_path / "pid").read_text().strip()
    assert _gone(pid)


def test_types_of_the_fake_are_those_of_the_queue() -> None:
    made: Any = FakeQueue()
    for name in ("waiting", "decided", "changes"):
        assert callable(getattr(made, name))
        assert callable(getattr(Queue, name))
