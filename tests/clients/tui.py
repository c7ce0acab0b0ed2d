"""`opencode attach`, the TUI, as its user drives it: keys in, a screen out."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

from tests.kit import binaries
from tests.kit.canaries import Canaries
from tests.kit.terminal import PATIENCE_S, ScreenNeverShowed, Terminal

RIGHT: Final = "\x1b[C"
ENTER: Final = "\r"
ESCAPE: Final = "\x1b"
ERASE_LINE: Final = "\x15"
DIALOG: Final = "Permission required"
_HOME: Final = "Ask anything"
_BUSY: Final = "esc interrupt"
_HOME_AGAIN_S: Final = 15.0


class Tui:
    """One user at one server. `with Tui(version, url, password, directory, root, canaries) as tui: tui.prompt("…")`

    The terminal is started when it is first needed, and anew by `home` when nothing else leads back there.
    """

    def __init__(self, version: str, url: str, password: str, directory: Path, root: Path, canaries: Canaries) -> None:
        self._command = [str(binaries.opencode(version)), "attach", url, "--dir", str(directory)]
        self._password, self._root, self._canaries = password, root, canaries
        self._stack = ExitStack()
        self._terminal: Terminal | None = None
        self._past: list[Terminal] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def terminal(self) -> Terminal:
        """The terminal that runs. Raise `ScreenNeverShowed` when there is none."""
        if self._terminal is None:
            raise ScreenNeverShowed("the TUI was not started")
        return self._terminal

    def start(self, *arguments: str) -> None:
        """Start it, in a home of its own; what ran before ends."""
        self._stack.close()
        home = self._root / f"home-{len(self._past)}"
        home.mkdir(parents=True)
        command = [*self._command, *arguments]
        self._terminal = self._stack.enter_context(Terminal(command, self._environment(home), home, self._canaries))
        self._past.append(self._terminal)

    def home(self) -> None:
        """Be at the start, with an empty prompt and no session."""
        if self._terminal is not None:
            try:
                self.slash("/new", "New session", _HOME_AGAIN_S)
                self._terminal.until_text(_HOME, _HOME_AGAIN_S)
                return
            except (ScreenNeverShowed, OSError):
                pass  # it ended, or a failed test left it somewhere
        self.start()
        self.until(_HOME)

    def until(self, text: str) -> None:
        """Wait until the screen shows a text."""
        self.terminal.until_text(text)

    def until_gone(self, text: str) -> None:
        """Wait until the screen does not show a text."""
        self.terminal.until(lambda words: text not in words, f"the screen went on showing {text!r}")

    def until_true(self, condition: Callable[[], object], what: str) -> None:
        """Wait for something outside the terminal, which goes on being read."""
        self.terminal.until(lambda _: condition(), what)

    def until_idle(self) -> None:
        """Wait until the session of the screen is not at work."""
        self.until_gone(_BUSY)

    def keys(self, *keys: str) -> None:
        """Press keys."""
        for key in keys:
            self.terminal.type(key)

    def prompt(self, text: str) -> None:
        """Type a prompt, see it on the screen, and send it."""
        self.keys(text)
        self.until(text)
        self.keys(ENTER)

    def slash(self, command: str, title: str, timeout: float = PATIENCE_S) -> None:
        """Type a command of the TUI, and choose it once it is offered by its title."""
        self.keys(command)
        self.terminal.until_text(f"{command} {title}", timeout)
        self.keys(ENTER)

    def between(self, start: str, end: str) -> str:
        """Wait for the last `start` on the screen and an `end` after it, and give the words from one to the other."""

        def look(words: str) -> str:
            _, found, rest = words.rpartition(start)
            kept, closed, _ = rest.partition(end)
            return f"{start}{kept}{end}" if found and closed else ""

        self.terminal.until(look, f"the screen never showed {start!r} and then {end!r}")
        return look(self.terminal.words)

    def leaks(self) -> list[str]:
        """Give the names of the planted values among all bytes that its terminals received, and on their screens."""
        return sorted({name for terminal in self._past for name in terminal.leaks()})

    def _environment(self, home: Path) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(home),
            "OPENCODE_DISABLE_AUTOUPDATE": "1",
            "OPENCODE_DISABLE_MODELS_FETCH": "1",
            "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
            "OPENCODE_SERVER_PASSWORD": self._password,
        }
