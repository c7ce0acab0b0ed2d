"""Carries lines to a collector that speaks syslog (RFC 5424), and never makes anybody wait.

Lines wait in a queue with a bound; a thread sends them. While the collector is away it is tried again and again with
the same line, so that a short absence loses nothing; what there is no room for meanwhile is dropped and counted.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import queue
import select
import socket
import threading
from collections.abc import Callable
from enum import StrEnum
from logging.handlers import SysLogHandler
from typing import Final, Literal, NamedTuple

from egress_proxy.logs.events import Saying
from egress_proxy.logs.lines import line_of, time_of
from egress_proxy.logs.saying import log, say

_SEND_SECONDS: Final = 10.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 30.0
_LAST_SECONDS: Final = 2.0
"""For what still waits, when the proxy stops."""
_NEVER: Final = frozenset({errno.EMSGSIZE})
"""Failures that trying again does not mend."""
_APP: Final = "egress-proxy"


class Shipped(StrEnum):
    """What became of a line."""

    SENT = "sent"
    DROPPED = "dropped"  # too many waited
    FAILED = "failed"  # an attempt: the line is tried again


class Collector(NamedTuple):
    """Where lines go: `unix` with a path, or `udp` or `tcp` with host and port."""

    kind: Literal["unix", "udp", "tcp"]
    host: str = ""
    port: int = 0
    path: str = ""


class Line(NamedTuple):
    """One message. `word` says what kind it is, `body` is JSON; `facility` and `level` are as in `logging`."""

    created: float
    level: int
    facility: int
    word: str
    body: bytes


class Shipper(logging.Handler):
    """Takes what is said, and lines, and sends them. `count` hears of each what became of it, in any thread."""

    def __init__(self, collector: Collector, most: int, count: Callable[[Shipped], None]) -> None:
        super().__init__(logging.INFO)
        self._collector = collector
        self._count = count
        self._lines: queue.Queue[Line | None] = queue.Queue(most)
        self._stopping = threading.Event()
        self._away = False
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Take what was said."""
        word = str(getattr(record, "event", "other"))
        self.offer(Line(record.created, record.levelno, SysLogHandler.LOG_DAEMON, word, line_of(record)))

    def offer(self, line: Line) -> None:
        """Take a line, or drop it. Never waits, never raises."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._count(Shipped.DROPPED)

    def close(self) -> None:
        """Send what waits if that is soon done, and end."""
        log.removeHandler(self)
        self._stopping.set()  # no line is tried for ever any more
        with contextlib.suppress(queue.Full):  # a thread that is at work ends without being told
            self._lines.put_nowait(None)
        self._thread.join(_LAST_SECONDS)
        super().close()

    def _run(self) -> None:
        link: Syslog | None = None
        while True:
            try:
                line = self._lines.get(timeout=None if not self._stopping.is_set() else 0)
            except queue.Empty:
                break
            if line is None:
                break
            link = self._carried(line, link)
        if link is not None:
            link.close()

    def _carried(self, line: Line, link: Syslog | None) -> Syslog | None:
        """Send a line, however long that takes, over the connection that there is or a new one."""
        pause = _FIRST_PAUSE
        while True:
            try:
                link = link or Syslog(self._collector)
                link.send(line)
            except OSError as error:
                if link is not None:
                    link.close()
                link = None
                self._count(Shipped.FAILED)
                if error.errno in _NEVER:
                    return None
                self._failed(error)
                if self._stopping.wait(pause):
                    return None
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                self._count(Shipped.SENT)
                if self._away:
                    self._away = False
                    say(Saying.COLLECTOR_BACK)
                return link

    def _failed(self, error: OSError) -> None:
        if not self._away:  # told once, until it is back
            self._away = True
            say(Saying.COLLECTOR_AWAY, error=type(error).__name__)


class Syslog(SysLogHandler):
    """One connection. `send` raises what `logging` would only report. Raises `OSError`."""

    append_nul = False  # of RFC 3164's receivers

    def __init__(self, collector: Collector) -> None:
        self._stream = collector.kind == "tcp"
        kind = socket.SOCK_STREAM if self._stream else socket.SOCK_DGRAM
        address = collector.path or (collector.host, collector.port)
        self._host = _header_word(socket.gethostname(), 255)
        self.socket: socket.socket
        super().__init__(address, socktype=kind)
        self.socket.settimeout(_SEND_SECONDS)

    def send(self, line: Line) -> None:
        """Send one message. Over TCP a line's end closes it (RFC 6587, 3.4.2): JSON has none of its own."""
        if self._stream and self._is_closed():
            raise ConnectionResetError
        self.facility = line.facility
        text = f"1 {time_of(line.created)} {self._host} {_APP} {os.getpid()} {_header_word(line.word, 32)} - "
        message = text + line.body.decode() + ("\n" if self._stream else "")
        self.emit(logging.makeLogRecord({"msg": message, "levelname": logging.getLevelName(line.level)}))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802, ARG002 - as `logging` has it
        raise  # noqa: PLE0704 - it is called where an exception is handled

    def _is_closed(self) -> bool:
        """Whether the other end has hung up: what is written then vanishes without an error. It never says anything."""
        heard = select.poll()
        heard.register(self.socket, select.POLLIN)
        return bool(heard.poll(0))


def _header_word(text: str, most: int) -> str:
    """A word of RFC 5424's header: printable ASCII without spaces, `-` if there is none."""
    return "".join(character for character in text if "!" <= character <= "~")[:most] or "-"
