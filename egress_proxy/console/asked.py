"""What a query asks of the records: filters, and where a page begins. It is a link that somebody may have been sent, so
what cannot be meant is said, not guessed; and nothing is found with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from aiohttp import web
from msgspec import Struct

from egress_proxy.audit.filters import Filters
from egress_proxy.model import Verdict

FILTERS: Final = ("since", "until", "client", "session", "route", "verdict", "reason", "detector", "name", "id")
_OTHERS: Final = frozenset({"below", "clean"})
_MOST_CHARS: Final = 300
_MOST_DIGITS: Final = 15


class Asked(Struct, frozen=True):
    """A query as it was taken. `given` holds the filters as they were written, `problems` what is wrong with it: then
    nothing is to be looked for."""

    filters: Filters
    given: Mapping[str, str]
    below: int = 0
    problems: tuple[str, ...] = ()

    def query(self, **more: object) -> str:
        """The same filters as a query, with something more."""
        return urlencode({**self.given, **{name: str(value) for name, value in more.items() if value}})


def asked(request: web.Request) -> Asked:
    """Take the query of a request. Never raises."""
    query, problems = request.query, []
    if set(query) - set(FILTERS) - _OTHERS or len(set(query)) != len(query):
        problems.append("The address asks by something that there is not, or twice by the same.")
    given = {name: query[name].strip() for name in FILTERS if query.get(name, "").strip()}
    if any(len(text) > _MOST_CHARS or not _can_be(text) for text in given.values()):
        problems.append(f"No record has such a word: more than {_MOST_CHARS} signs, or some that are none.")
    if given.get("verdict", Verdict.CLEAN) not in tuple(Verdict):
        problems.append(f"A verdict is one of {', '.join(Verdict)}.")
    times = {name: _time(given[name]) for name in ("since", "until") if name in given}
    if None in times.values():
        problems.append("A time is such as 2026-01-31 or 2026-01-31 12:00, in UTC.")
    below = query.get("below", "0")
    if not (below.isascii() and below.isdecimal() and len(below) <= _MOST_DIGITS):
        problems.append("A page begins at the number of an entry.")
    if problems:
        shown = {name: text for name, text in given.items() if _can_be(text)}
        return Asked(Filters(), shown, 0, tuple(problems))
    in_utc = {name: time for name, time in times.items() if time is not None}
    return Asked(Filters(**(given | in_utc)), given, int(below))


def _time(given: str) -> str | None:
    """The time as records have it, so that the two compare as text."""
    try:
        moment = datetime.fromisoformat(given)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment.isoformat(timespec="milliseconds")


def _can_be(text: str) -> bool:
    try:
        text.encode()
    except UnicodeError:
        return False
    return "\x00" not in text
