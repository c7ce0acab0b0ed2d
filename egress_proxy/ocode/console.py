r"""The only writer of `ocode`: answers on stdout, everything about them on stderr.

Without `--json`, stdout holds the answer as text; with it, exactly one JSON document on one line, also for an error.
stderr is for people in both cases, and carries a progress line only if it is a terminal.

A reply is untrusted text: a control sequence in it could rewrite a terminal's screen, its title or its clipboard, a
bidirectional override could show another text than the one there. So every control, bidirectional and invisible tag
character but newline and tab is written as a visible escape (`\x1b`), on a terminal or not: what a pipe reads today a
terminal shows tomorrow. In JSON the same characters are JSON escapes, so that no text is lost: `--json` is exact.
"""

from __future__ import annotations

import os
import re
import sys
from enum import Enum
from io import StringIO
from shutil import get_terminal_size
from typing import Final, TextIO

import msgspec
from msgspec import Struct

from egress_proxy.ocode.documents import error_document
from egress_proxy.ocode.exits import Exit
from egress_proxy.ocode.faults import Fault

_UNSAFE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)


class OutputLost(Exception):
    """Standard output was closed or cannot be written."""


def visible(text: str) -> str:
    """Write unsafe characters as escapes; line ends become newlines."""
    return _UNSAFE.sub(lambda found: _escape(ord(found[0])), text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """Like `visible`, for a text that must stay on its line."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def _escape(code: int) -> str:
    digits = f"{code:x}"
    if len(digits) <= 2:  # noqa: PLR2004 - the widths that Python's own escapes have
        return f"\\x{digits:0>2}"
    return f"\\u{digits:0>4}" if len(digits) <= 4 else f"\\U{digits:0>8}"  # noqa: PLR2004


def _json_escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


class Paint(Enum):
    """Colours, for terminals only."""

    GOOD = 32
    BAD = 31
    LOUD = 33
    FAINT = 2


class Console:
    """Standard output and error of one command."""

    def __init__(self, out: TextIO, err: TextIO, *, json: bool = False) -> None:
        self.out, self.err, self.json = out, err, json
        self._held = ""  # of the text that is being shown in pieces: half a line end
        self._at_start = True

    @classmethod
    def standard(cls, *, json: bool = False) -> Console:
        """The process's own streams; where one is closed, what is written to it goes nowhere."""
        return cls(sys.stdout or StringIO(), sys.stderr or StringIO(), json=json)

    def say(self, text: str) -> None:
        """Write a text and one newline to stdout. Raise `OutputLost`."""
        safe = visible(text)
        self._write(safe if safe.endswith("\n") else safe + "\n")

    @property
    def live(self) -> bool:
        """Whether somebody watches the answer come."""
        return not self.json and _is_terminal(self.out)

    def piece(self, text: str) -> None:
        """Write a piece of a text to stdout at once, however it is cut. Raise `OutputLost`."""
        text = self._held + text
        self._held = "\r" if text.endswith("\r") else ""  # the other half of a line end may follow
        safe = visible(text.removesuffix("\r"))
        if safe:
            self._write(safe)
            self._at_start = safe.endswith("\n")
        self.flush()

    def end_line(self) -> None:
        """End what was written in pieces, with a newline unless it has one. Raise `OutputLost`."""
        safe, self._held = visible(self._held), ""
        if safe or not self._at_start:
            self._write(safe + "\n")
        self._at_start = True
        self.flush()

    def document(self, document: Struct) -> None:
        """Write the one JSON document to stdout. Raise `OutputLost`."""
        encoded = msgspec.json.encode(document).decode()
        # Outside its strings JSON holds none of these characters, so replacing them anywhere replaces them in strings.
        self._write(_UNSAFE.sub(_json_escape, encoded) + "\n")

    def note(self, text: str) -> None:
        """Tell people something beside the answer."""
        self._tell(f"ocode: {text}")

    def progress(self, text: str) -> None:
        """Tell a person who watches; silent where nobody does."""
        if _is_terminal(self.err):
            self.note(text)

    def fitted(self, line: str) -> str:
        """Cut a line to the terminal's width; give it whole where stdout is none."""
        if not _is_terminal(self.out):
            return line
        width = get_terminal_size().columns
        return line if len(line) <= width else line[: max(1, width - 1)] + "…"

    def painted(self, text: str, paint: Paint) -> str:
        """Give a safe text in a colour, if stdout is a terminal and nobody asked for none (NO_COLOR, TERM=dumb).

        The result goes to `say_painted` alone, since `say` would show the colour as an escape.
        """
        safe = visible(text)
        plain = not _is_terminal(self.out) or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        return safe if plain else f"\x1b[{paint.value}m{safe}\x1b[0m"

    def say_painted(self, *painted: str) -> None:
        """Write a line of what `painted` gave. Raise `OutputLost`."""
        self._write("".join(painted) + "\n")

    def fault(self, fault: Fault) -> Exit:
        """Tell of a fault, as a document too with `--json`, and give its exit code. Raise `OutputLost`."""
        record = f" (auditID {one_line(fault.audit_id)})" if fault.audit_id else ""
        self._tell(f"ocode: {one_line(fault.message)}{record}")
        if self.json:
            self.document(error_document(fault))
        return fault.exit

    def flush(self) -> None:
        """Write out what is buffered. Raise `OutputLost`."""
        try:
            self.out.flush()
        except (OSError, ValueError):
            raise OutputLost from None

    def _write(self, text: str) -> None:
        try:
            self.out.write(_encodable(text, self.out))
        except (OSError, ValueError):
            raise OutputLost from None

    def _tell(self, text: str) -> None:
        try:
            self.err.write(_encodable(visible(text), self.err) + "\n")
            self.err.flush()
        except (OSError, ValueError):
            pass  # nobody is left to tell; the exit code still does


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # it is closed
        return False


def _encodable(text: str, stream: TextIO) -> str:
    """Write what the stream's encoding lacks as escapes."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def abandon_stdout() -> None:
    """Point stdout at nothing, so that the interpreter's own flush at exit has no error to print."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
    except (OSError, ValueError, AttributeError):
        pass  # there is no such stream, so nothing will be flushed
