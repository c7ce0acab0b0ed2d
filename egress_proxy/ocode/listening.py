"""Events as they happen: a thread reads the stream, and opens it again where it stopped when it breaks.

The thread is there because a read of http.client that timed out cannot be gone on with, and who waits wants to look at
a clock now and then.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, Full, Queue
from types import TracebackType
from typing import Final, Self

from egress_proxy.ocode.exits import Exit
from egress_proxy.ocode.faults import Fault
from egress_proxy.ocode.heard import Event, Frames
from egress_proxy.ocode.transport import Stream

LOST: Final = "ocode.lost"
"""An event of our own: the stream broke, and is being opened again."""
RESUMED: Final = "ocode.resumed"
"""An event of our own: it stands again. What was missed follows, or a notice of the proxy's that says it is gone."""
PATIENCE: Final = 60.0
"""Seconds of trying to get a lost stream back."""
_FIRST_PAUSE: Final = 0.1  # seconds, doubled up to
_LONGEST_PAUSE: Final = 5.0
_MOST_WAITING: Final = 4096
_TRY_AGAIN: Final = frozenset({Exit.UNREACHABLE, Exit.TIMEOUT, Exit.UNAVAILABLE})

Open = Callable[[str], Stream]


class Listener:
    """A context that hears events. `open_stream` opens a stream after an id (or none), or raises `Fault`."""

    def __init__(self, open_stream: Open, patience: float = PATIENCE) -> None:
        self._open = open_stream
        self._patience = patience
        self._events: Queue[Event | Fault] = Queue(_MOST_WAITING)
        self._stop = threading.Event()
        self._last_id = ""
        self._stream: Stream | None = None
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)

    def __enter__(self) -> Self:
        """Open the stream: what happens from now on is heard. Raise `Fault`."""
        self._stream = self._open("")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        stream = self._stream
        if stream is not None:
            stream.close()
        self._thread.join(2.0)

    def next(self, seconds: float) -> Event | None:
        """Give the next event, or None if there is none within `seconds`. Raise `Fault` once the stream is gone."""
        try:
            found = self._events.get(timeout=max(0.0, seconds)) if seconds > 0 else self._events.get_nowait()
        except Empty:
            return None
        if isinstance(found, Fault):
            raise found
        return found

    def _run(self) -> None:
        while (stream := self._stream) is not None and not self._stop.is_set():
            try:
                self._read(stream)
            finally:
                stream.release()
            if self._stop.is_set():
                return
            self._put(Event(LOST))
            self._stream = self._opened_again()
            if self._stream is not None:
                self._put(Event(RESUMED))

    def _read(self, stream: Stream) -> None:
        frames = Frames()
        for chunk in stream.chunks():
            for event in frames.feed(chunk):
                self._last_id = event.id or self._last_id
                self._put(event)
            if self._stop.is_set():
                return

    def _opened_again(self) -> Stream | None:
        """Open the stream where it stopped, or tell why that cannot be done."""
        deadline, pause = time.monotonic() + self._patience, _FIRST_PAUSE
        while not self._stop.wait(pause):
            pause = min(2 * pause, _LONGEST_PAUSE)
            try:
                return self._open(self._last_id)
            except Fault as fault:
                if fault.exit not in _TRY_AGAIN or time.monotonic() > deadline:
                    self._put(fault)
                    return None
        return None

    def _put(self, item: Event | Fault) -> None:
        while not self._stop.is_set():
            try:
                self._events.put(item, timeout=0.5)
            except Full:
                continue
            return
