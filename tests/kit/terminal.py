"""A terminal for programs that want one: a pseudo-terminal, a screen that pyte draws, and a record of every byte.

Programs ask a terminal what it is and wait for the answers; those of a plain xterm are given here. What pyte does not
know (device control strings, private keyboard protocols) is taken out before it: it would draw it as text.

Nothing here sleeps: `until` reads what the program writes and looks at the screen after each piece.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

import pyte

from tests.kit.canaries import Canaries

COLUMNS, LINES = 110, 40
PATIENCE_S = 120.0
_SLICE_S = 0.05
_STOP_TIMEOUT_S = 10.0
_READ_BYTES = 65536
_OVERLAP = 4096
"""A value may stand across the end of what was searched before."""

_OPENED: Final = 'exec <"$0" >"$0" 2>&1; exec "$@"'
"""A terminal that the first process of a session opens is the one whose Ctrl-C it gets."""

_STRING: Final = rb"\x1b[P_^X].*?\x1b\\"
_OSC: Final = rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
_CSI: Final = rb"\x1b\[[0-?]*[ -/]*[@-~]"
_SEQUENCE: Final = re.compile(rb"(?s:" + _STRING + rb")|" + _OSC + rb"|" + _CSI + rb"|\x1b[ -/]*[0-OQ-WYZ\\`-~]")
_UNKNOWN_TO_PYTE: Final = re.compile(rb"(?s:" + _STRING + rb")|\x1b\[[<=>][0-?]*[ -/]*[@-~]|\x1b\[[0-?]*[ -/]+[@-~]")

_WHITE, _BLACK = b"rgb:ffff/ffff/ffff", b"rgb:0000/0000/0000"
_QUESTIONS: Final[tuple[tuple[re.Pattern[bytes], Callable[[re.Match[bytes]], bytes]], ...]] = (
    (re.compile(rb"\x1b\]10;\?"), lambda _: b"\x1b]10;" + _WHITE + b"\x1b\\"),
    (re.compile(rb"\x1b\]11;\?"), lambda _: b"\x1b]11;" + _BLACK + b"\x1b\\"),
    (re.compile(rb"\x1b\]4;(\d+);\?"), lambda found: b"\x1b]4;" + found[1] + b";" + _WHITE + b"\x1b\\"),
    (re.compile(rb"\x1b\[>0?q"), lambda _: b"\x1bP>|XTerm(370)\x1b\\"),
    (re.compile(rb"\x1b\[(\?\d+)\$p"), lambda found: b"\x1b[" + found[1] + b";0$y"),
    (re.compile(rb"\x1b\[14t"), lambda _: b"\x1b[4;%d;%dt" % (LINES * 16, COLUMNS * 8)),
)


class ScreenNeverShowed(AssertionError):
    """What was waited for did not turn up; the message holds the screen with planted values taken out."""


class _Screen(pyte.Screen):
    """A screen whose own answers (cursor position, device attributes) go back to the program."""

    def __init__(self, answer: Callable[[bytes], None], columns: int) -> None:
        super().__init__(columns, LINES)
        self._answer = answer

    def write_process_input(self, data: str) -> None:
        self._answer(data.encode())


class Terminal:
    """One program in a terminal. `with Terminal(command, environment, cwd, canaries) as terminal: …`

    With `signals` Ctrl-C interrupts it and a closed terminal hangs it up, as in a shell.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        cwd: Path,
        canaries: Canaries,
        *,
        columns: int = COLUMNS,
        signals: bool = False,
    ) -> None:
        self._signals = signals
        self._columns = columns
        self.received = bytearray()
        self._searched = 0
        self._shown: set[int] = set()
        self._unsearched: list[str] = []
        self._leaked: set[str] = set()
        self._command, self._environment, self._cwd, self._canaries = command, environment, cwd, canaries
        self._screen = _Screen(self._write, columns)
        self._stream = pyte.ByteStream(self._screen)
        self._undrawn = b""
        self._terminal = -1
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._terminal, programs = os.openpty()
        termios.tcsetwinsize(self._terminal, (LINES, self._columns))
        try:
            opened = ("/bin/sh", "-c", _OPENED, os.ttyname(programs)) if self._signals else ()
            self._process = subprocess.Popen(
                [*opened, *self._command],
                cwd=self._cwd,
                env={"TERM": "xterm-256color", "COLORTERM": "truecolor", **self._environment},
                stdin=programs,
                stdout=programs,
                stderr=programs,
                start_new_session=True,
            )
        finally:
            os.close(programs)
        return self

    def __exit__(self, *_: object) -> None:
        process = self._process
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(_STOP_TIMEOUT_S)
        os.close(self._terminal)

    @property
    def text(self) -> str:
        """The screen, a line a row, without the blanks at the ends."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    @property
    def words(self) -> str:
        """The screen's words: what was wrapped or framed is one text again."""
        return " ".join(re.sub(r"[\u2500-\u259f]", " ", self.text).split())

    def type(self, text: str) -> None:
        """Press the keys of a text."""
        self._write(text.encode())

    def hang_up(self, number: signal.Signals) -> None:
        """Send the program a signal, as a terminal that is closed does."""
        if self._process is not None:
            self._process.send_signal(number)

    def leaks(self) -> list[str]:
        """Give the names of the planted values among all bytes received and on all screens ever shown."""
        news = bytes(self.received[max(0, self._searched - _OVERLAP) :])
        screens, self._unsearched, self._searched = self._unsearched, [], len(self.received)
        for data in (news, _SEQUENCE.sub(b"", news)):
            self._leaked.update(self._canaries.leaks(data))
        for screen in screens:
            self._leaked.update(self._canaries.leaks(screen))
        return sorted(self._leaked)

    def until(self, shown: Callable[[str], object], what: str, timeout: float = PATIENCE_S) -> None:
        """Read until the screen's words are as they should be. Raise `ScreenNeverShowed`."""
        deadline = time.monotonic() + timeout
        while not shown(self.words):
            if time.monotonic() > deadline or not self._read():
                raise ScreenNeverShowed(f"{what}:\n{self.masked()}")

    def until_text(self, text: str, timeout: float = PATIENCE_S) -> None:
        """Read until the screen shows a text, wrapped or not."""
        self.until(lambda words: text in words, f"the screen never showed {text!r}", timeout)

    def until_ended(self) -> int:
        """Read until the program has ended, and give its exit code. Raise `ScreenNeverShowed`."""
        process = self._process
        if process is None:
            raise ScreenNeverShowed("the program was never started")
        deadline = time.monotonic() + PATIENCE_S
        while self._read() or process.poll() is None:
            if time.monotonic() > deadline:
                raise ScreenNeverShowed(f"the program did not end:\n{self.masked()}")
        return process.wait()

    def masked(self) -> str:
        """The screen with planted values taken out, for messages."""
        text = self.text.strip("\n")
        for name, value in self._canaries.values.items():
            text = text.replace(value, f"<{name}>")
        return text if self._canaries.leaks(text) == [] else "(a screen with a planted value, wrapped or encoded)"

    def _read(self) -> bool:
        """Take what there is within a moment. False when the program has closed its side."""
        ready, _, _ = select.select([self._terminal], [], [], _SLICE_S)
        if not ready:
            return True
        try:
            data = os.read(self._terminal, _READ_BYTES)
        except OSError:  # Linux says EIO when nobody holds the other side any more
            return False
        self.received += data
        self._draw(self._undrawn + data)
        return bool(data)

    def _draw(self, data: bytes) -> None:
        """Draw whole sequences, and keep the beginning of one for the next piece."""
        escape = data.rfind(b"\x1b")
        start = data.rfind(b"\x1b", 0, escape) if data[escape : escape + 2] == b"\x1b\\" else escape
        whole = start < 0 or _SEQUENCE.match(data, start) is not None
        data, self._undrawn = (data, b"") if whole else (data[:start], data[start:])
        for question, answer in _QUESTIONS:
            for found in question.finditer(data):
                self._write(answer(found))
        self._stream.feed(_UNKNOWN_TO_PYTE.sub(b"", data))
        text = self.text
        seen = hash(re.sub(r"\W+", "", text))  # spinners are no news
        if seen not in self._shown:
            self._shown.add(seen)
            self._unsearched.append(text)

    def _write(self, data: bytes) -> None:
        os.write(self._terminal, data)
