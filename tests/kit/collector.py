"""A collector of syslog, and a parser of RFC 5424 that is written from the RFC and knows nothing of the proxy's."""

from __future__ import annotations

import json
import re
import socket
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.kit.agent import poll

# RFC 5424, 6: HEADER = PRI VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID, then SD and MSG.
_MESSAGE = re.compile(
    rb"<(?P<pri>0|[1-9][0-9]{0,2})>1 "
    rb"(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})) "
    rb"(?P<host>[!-~]{1,255}) (?P<app>[!-~]{1,48}) (?P<process>[!-~]{1,128}) (?P<word>[!-~]{1,32}) "
    rb"(?P<data>-|(?:\[[^\]]+\])+)(?: (?P<body>.*))?",
    re.DOTALL,
)


@dataclass(frozen=True)
class Message:
    """One message of syslog; facility and severity are the RFC's numbers."""

    facility: int
    severity: int
    time: str
    host: str
    app: str
    process: str
    word: str
    body: Any


def parsed(data: bytes) -> Message:
    """Take a message apart. Raise `ValueError`."""
    found = _MESSAGE.fullmatch(data)
    if found is None or int(found["pri"]) > 191:
        raise ValueError("no message of RFC 5424")
    facility, severity = divmod(int(found["pri"]), 8)
    words = {name: found[name].decode("ascii") for name in ("time", "host", "app", "process", "word")}
    return Message(facility=facility, severity=severity, body=json.loads(found["body"]), **words)


class Collector:
    """Reads datagrams of a Unix socket until its context ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._data: list[bytes] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._thread = threading.Thread(target=self._read, name="collector")

    @property
    def address(self) -> str:
        """As the setting `log.syslog` has it."""
        return f"unix:{self.path}"

    @property
    def raw(self) -> bytes:
        """All that came."""
        return b"\n".join(self._data)

    @property
    def messages(self) -> list[Message]:
        """All that came, taken apart."""
        return [parsed(data) for data in list(self._data)]

    def wait(self, count: int) -> list[Message]:
        """Wait until so many came, and give them."""
        poll(lambda: len(self._data) >= count)
        return self.messages

    def __enter__(self) -> Self:
        self._socket.bind(str(self.path))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", str(self.path))
        self._thread.join()
        self._socket.close()
        self.path.unlink()

    def _read(self) -> None:
        while data := self._socket.recv(1 << 20):
            self._data.append(data)
