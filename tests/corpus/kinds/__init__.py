"""Kinds of secrets as people meet them, none of them registered as a known value.

Written from what providers document, and from how such things stand in chats, files and commands; not from the
scanner's rules, which must not be written from this list either: it is there to see what happens to what the rules have
not seen. A kind is a function of `Parts` and an instance's number to a text and the secrets in it.
"""

from __future__ import annotations

from typing import Final

from tests.corpus.kinds import blocks, commands, files, people
from tests.corpus.kinds.planted import Kind, Planted
from tests.corpus.kinds.tokens import TOKENS, placed

INSTANCES: Final = 5  # of each kind: a token's stand in prose, Markdown, JSON, an environment file, a shell command

KINDS: Final[dict[str, Kind]] = {
    **{name: placed(token) for name, token in TOKENS.items()},
    **blocks.KINDS,
    **commands.KINDS,
    **files.KINDS,
    **people.KINDS,
}

__all__ = ["INSTANCES", "KINDS", "Kind", "Planted"]
