"""The reply as it is written, for somebody who watches.

Pieces (`message.part.delta`) are shown as they come; the whole text of a part (`message.part.updated`) is the truth, so
what it adds is shown, and if it says something else than the pieces did it is shown anew. Texts of sub-agents and of
the prompt are not shown.
"""

from __future__ import annotations

from egress_proxy.ocode.console import Console
from egress_proxy.ocode.heard import Event


class LiveReply:
    """Shows the texts of one session's replies. `hear` takes each event once."""

    def __init__(self, console: Console, session: str) -> None:
        self._console = console
        self._session = session
        self._roles: dict[str, str] = {}  # by message
        self._pieces: dict[str, str] = {}  # by part: what was shown of it
        self._whole: dict[str, dict[str, str]] = {}  # by message: its parts' texts, shown to their end
        self._open = ""  # the part whose line is not ended

    def hear(self, event: Event) -> None:
        """Show what an event adds."""
        if event.session != self._session:
            return
        match event.type:
            case "message.updated":
                self._roles[event.text("info", "id")] = event.text("info", "role")
            case "message.part.delta" if event.text("field") == "text" and self._is_reply(event.text("messageID")):
                self._show(event.text("partID"), event.text("delta"))
            case "message.part.updated" if self._is_reply(event.text("part", "messageID")):
                self._finish(event)
            case _:
                pass

    def end(self) -> None:
        """End a line that was left open."""
        if self._open:
            self._console.end_line()
            self._open = ""

    def has_shown(self, message: str, text: str) -> bool:
        """Whether this is what was shown of a message."""
        return bool(text) and "\n".join(self._whole.get(message, {}).values()) == text

    def _is_reply(self, message: str) -> bool:
        return self._roles.get(message) == "assistant"

    def _show(self, part: str, text: str) -> None:
        if self._open != part:
            self.end()
            self._open = part
        self._pieces[part] = self._pieces.get(part, "") + text
        self._console.piece(text)

    def _finish(self, event: Event) -> None:
        part, text = event.text("part", "id"), event.text("part", "text")
        stub = event.properties.get("part", {})
        if event.text("part", "type") != "text" or not text or stub.get("synthetic") or stub.get("ignored"):
            return
        shown = self._pieces.get(part, "")
        if shown == text and self._open != part:
            return  # told twice
        if not text.startswith(shown):
            self.end()
            self._console.note("the text above was replaced by this one")
            shown = self._pieces[part] = ""
        self._show(part, text[len(shown) :])
        self.end()
        self._whole.setdefault(event.text("part", "messageID"), {})[part] = text
