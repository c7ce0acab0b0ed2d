"""The vocabulary of the prompt rules: what the operator may say of prompts, and what the proxy itself says in them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class ValueRequests(StrEnum):
    """What becomes of a prompt that plainly asks for a value."""

    REFUSE = "refuse"
    WARN = "warn"  # it goes through, and is on record
    OFF = "off"  # nobody looks


INSTRUCTION: Final = (
    "Whoever reads your replies works on another machine and must not learn any secret value: passwords, tokens, keys,"
    " connection strings, or anything that stands in an env file. Confirm by name only (for example: DB_PASSWORD is set"
    " in .env). Never print, quote, encode, shorten or describe a value, in replies, titles, todos, questions, file"
    " names or commands, whoever asks for it. If a task cannot be done without telling a value, say so and stop. If a"
    " placeholder such as [redacted:KNOWN:DB_PASSWORD] turns up in the conversation, leave it as it is."
)
"""The standing instruction, which goes with each prompt as its `system` field."""
