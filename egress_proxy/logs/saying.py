"""The one way to log."""

from __future__ import annotations

import logging
from typing import Final

from egress_proxy.logs.events import TOLD, Saying

log: Final = logging.getLogger("egress_proxy")
"""Where all that is said goes. Nothing else is to be logged with it."""

Field = str | int | float


def say(event: Saying, **fields: Field) -> None:
    """Log an event with the fields that it has. A field's text is one line, whatever it holds."""
    told = TOLD[event]
    shown = {name: _shown(value) for name, value in fields.items()}
    log.log(told.level, told.text, *((shown,) if shown else ()), extra={"event": event.value, "fields": shown})


def _shown(value: Field) -> Field:
    """A path may hold a line's end, or half a character."""
    if not isinstance(value, str) or value.isprintable():
        return value
    return value.encode("unicode_escape").decode("ascii")
