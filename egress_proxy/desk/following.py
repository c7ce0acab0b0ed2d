"""`watch`: every change, from what waits at the start; a connection that breaks is made again, and nothing told twice.

After a connection was made (anew), what waits and what was decided is listed: that is what was missed. The stream is
opened first, so that nothing falls in between.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from egress_proxy.desk.api import Desk
from egress_proxy.desk.documents import AskDocument, DecisionDocument, ListDocument
from egress_proxy.desk.faults import DeskError, Word

News = AskDocument | DecisionDocument
_FIRST_PAUSE: Final = 0.2  # seconds, doubled up to
_LONGEST_PAUSE: Final = 5.0
_MOST_REFUSALS: Final = 10
"""In a row: a proxy that is starting may not have written its token yet, and one that was revoked stays so."""
_MOST_KEPT: Final = 10_000
_MAX_FRAME: Final = 4 * 1024 * 1024
_KINDS: Final[dict[bytes, type[News]]] = {b"asked": AskDocument, b"decided": DecisionDocument}


class Frames:
    """Cuts a stream of server-sent events into changes, however its bytes are cut."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> Iterator[News]:
        """Take bytes and give the changes that they complete. What is no change is left out."""
        self._buffer += chunk
        while (end := self._buffer.find(b"\n\n")) >= 0:
            frame = bytes(self._buffer[:end])
            del self._buffer[: end + 2]
            if (found := _change(frame)) is not None:
                yield found
        if len(self._buffer) > _MAX_FRAME:
            self._buffer.clear()


def _change(frame: bytes) -> News | None:
    fields = {name: value.removeprefix(b" ") for name, _, value in (row.partition(b":") for row in frame.split(b"\n"))}
    kind = _KINDS.get(fields.get(b"event", b""))
    if kind is None:
        return None
    try:
        return msgspec.json.decode(fields.get(b"data", b""), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


class Following:
    """Follows one queue. `tell` is told of each change once, with the time of the proxy; `say` of the connection."""

    def __init__(
        self,
        desk: Desk,
        tell: Callable[[News, float], None],
        say: Callable[[str], None],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._desk = desk
        self._tell = tell
        self._say = say
        self._pause = pause
        self._told: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._started = False

    def run(self) -> None:
        """Follow until interrupted. Raise `DeskError` where the first connection fails, or the token is refused."""
        wait, refusals = _FIRST_PAUSE, 0
        while True:
            try:
                wait = _FIRST_PAUSE if self._follow() else wait
                refusals = 0
                self._say("the connection broke; connecting again")
            except DeskError as error:
                refusals = refusals + 1 if error.reason == Word.TOKEN else 0
                if not self._started or refusals >= _MOST_REFUSALS or not error.passes:
                    raise
            self._pause(wait)
            wait = min(2 * wait, _LONGEST_PAUSE)

    def _follow(self) -> bool:
        """One connection, to its end. Whether anything came over it."""
        stream = self._desk.watch()
        heard = False
        try:
            found = self._desk.asks()
            self._catch_up(found)
            frames, offset = Frames(), found.now - time.time()
            for chunk in stream.chunks():
                heard = True
                for news in frames.feed(chunk):
                    self._once(news, time.time() + offset)
        finally:
            stream.close()
            stream.release()
        return heard

    def _catch_up(self, found: ListDocument) -> None:
        """Tell what waits, and, once connected again, what was decided meanwhile."""
        for decision in found.decided:
            if self._started:
                self._once(decision, found.now)
            else:
                self._remember(decision)
        for ask in found.asks:
            self._once(ask, found.now)
        if self._started:
            self._say("connected again")
        self._started = True

    def _once(self, news: News, now: float) -> None:
        if self._remember(news):
            self._tell(news, now)

    def _remember(self, news: News) -> bool:
        """Whether it was not told before."""
        key = (news.id, news.digest if isinstance(news, AskDocument) else news.outcome)
        if key in self._told:
            return False
        self._told[key] = None
        if len(self._told) > _MOST_KEPT:
            self._told.popitem(last=False)
        return True
