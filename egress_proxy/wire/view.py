"""What a projection may depend on besides the bytes: whose they are, and what the operator's lists name."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Final

from msgspec import Struct

_BUILT_IN_AGENTS: Final = frozenset(
    {"build", "plan", "general", "explore", "scout", "title", "summary", "compaction"},
)
"""opencode's own agents: they work inside a session whatever the allow-list says, and their names are constants."""
_CALL: Final = b"call of a tool"  # no longer than 16 bytes: what else has the same key is told apart by it


class View(Struct, frozen=True):
    """The asking client's part of the world."""

    owns: Callable[[str], bool]  # is this session id, root or child, one of the client's
    directories: frozenset[str]  # canonical allowed directories
    models: tuple[tuple[str, str], ...]  # (provider, model), the default first
    agents: tuple[str, ...]  # the default first
    patch_text: bool = False  # may the text of a diff cross
    key: bytes = b""  # of the names that calls of tools get

    def agent(self, name: str) -> str:
        """Give `name` if it is an allowed or a built-in agent, else `""`."""
        return name if name in self.agents or name in _BUILT_IN_AGENTS else ""

    def model(self, provider: str, model: str) -> tuple[str, str]:
        """Give the pair if it is on the allow-list, else `("", "")`."""
        pair = (provider, model)
        return pair if pair in self.models else ("", "")

    def call(self, given: str) -> str:
        """Give the name of a tool's call, the same wherever it is named.

        Its id is the model's in some servers of models: it tells nothing but which call is meant."""
        return (
            f"call_{blake2b(given.encode(), key=self.key, digest_size=12, person=_CALL).hexdigest()}" if given else ""
        )

    def __repr__(self) -> str:
        return "View(…)"
