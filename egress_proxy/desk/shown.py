"""What the verbs print for people. Pure but for the colours, which `Console` gives to terminals only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from egress_proxy.desk.documents import AskDocument, DecisionDocument, ListDocument, SaidDocument, ShowDocument
from egress_proxy.desk.plain import columns, fitted, line, ruled, unusual
from egress_proxy.ocode.console import Console, Paint

_LEAST_ID: Final = 12
_MOST_TITLE: Final = 28
_MOST_CLIENT: Final = 16
_SOON: Final = 60.0
"""Seconds: less is loud."""
_MOST_SAID: Final = 1500
"""Characters of one text of the conversation; its end is shown."""
_LABEL: Final = 11
_LEAST_WIDTH: Final = 20
_OUTCOMES: Final = {"approved": Paint.GOOD, "rejected": Paint.BAD, "expired": Paint.BAD}


def left(ask: AskDocument, now: float) -> str:
    """How long an ask still waits: `12:05`, `2:00:00`, `expired`."""
    seconds = int(ask.expires_at - now)
    if seconds <= 0:
        return "expired"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def asked(ask: AskDocument) -> str:
    """What is asked for, on one line."""
    what = ask.command if ask.command is not None else ", ".join(ask.patterns)
    return line(f"{ask.permission}: {what}" if ask.kind == "permission" else what)


def short_ids(ids: Iterable[str]) -> dict[str, str]:
    """Shorten ids as far as they stay apart."""
    known = sorted(set(ids))
    return {one: _short(one, [other for other in known if other != one]) for one in known}


def _short(one: str, others: Sequence[str]) -> str:
    length = _LEAST_ID
    while any(other.startswith(one[:length]) for other in others) and length < len(one):
        length += 1
    return one[:length]


def table(console: Console, found: ListDocument, width: int | None) -> None:
    """Print what waits, a line each: cut to the terminal, and whole without one."""
    if not found.asks:
        console.say("nothing waits")
        return
    ids = short_ids(ask.id for ask in found.asks) if width else {}
    rows = [_row(ask, ids, found.now) for ask in found.asks]
    heads = ("ID", "KIND", "GATE", "LEFT", "CLIENT", "SESSION", "ASKS FOR")
    widths = [max(map(columns, column)) for column in zip(heads, *rows, strict=True)]
    if width:
        widths[4], widths[5] = min(widths[4], _MOST_CLIENT), min(widths[5], _MOST_TITLE)
        widths[6] = max(_LEAST_WIDTH, width - sum(widths[:6]) - 2 * 6)
    console.say_painted(console.painted(_joined(heads, widths), Paint.FAINT))
    for ask, row in zip(found.asks, rows, strict=True):
        console.say_painted(_painted(console, _joined(row, widths), ask, found.now))


def _row(ask: AskDocument, ids: dict[str, str], now: float) -> tuple[str, ...]:
    name = line(ids.get(ask.id, ask.id))
    return name, line(ask.kind), line(ask.gate), left(ask, now), line(ask.client), line(ask.title), asked(ask)


def _joined(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(fitted(cell, width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _painted(console: Console, text: str, ask: AskDocument, now: float) -> str:
    return console.painted(text, Paint.LOUD) if ask.expires_at - now < _SOON else text


def whole(console: Console, found: ShowDocument, width: int | None) -> None:
    """Print one ask with all that it says, and what led to it."""
    ask = found.ask
    head = f"{line(ask.id)}  {line(ask.kind)}  {line(ask.gate)}  {_expiry(ask, found.now)}"
    console.say_painted(console.painted(head, Paint.LOUD))
    for row in (*_fields(ask, found.now, width), *_context(found.context, width)):
        console.say(row)


def _expiry(ask: AskDocument, now: float) -> str:
    rest = left(ask, now)
    return rest if rest == "expired" else f"expires in {rest}"


def _fields(ask: AskDocument, now: float, width: int | None) -> Iterator[str]:
    yield from _field("client", ask.client, width)
    yield from _field("session", f"{ask.title} ({ask.session})", width)
    if ask.root != ask.session:
        yield from _field("below", ask.root, width)
    yield from _field("directory", ask.directory, width)
    if ask.kind == "permission":
        yield from _field("permission", ask.permission, width)
    if ask.command is not None:
        yield from _field("command", ask.command, width)
    if ask.workdir:
        yield from _field("runs in", ask.workdir, width)
    yield from _field("patterns" if ask.kind == "permission" else "questions", "\n".join(ask.patterns), width)
    if signs := unusual("".join((ask.permission, ask.command or "", ask.workdir, *ask.patterns))):
        yield from _field("note", f"beyond ASCII, and may look like something else: {signs}", width)
    yield from _field("rule", ask.rule or "(none)", width)
    yield from _field("why", ask.why, width)
    yield from _field("expected", "the client said that it expects this" if ask.expected else "no", width)
    yield from _field("asked", f"{_time(ask.asked_at)} ({int(max(0, now - ask.asked_at))} s ago)", width)
    yield from _field("digest", ask.digest, width)


def _context(said: Sequence[SaidDocument], width: int | None) -> Iterator[str]:
    if said:
        yield "  the conversation, its end:"
    for one in said:
        cut = len(one.text) - _MOST_SAID
        text = (
            f"({cut} characters before are left out; --json has them)\n{one.text[-_MOST_SAID:]}"
            if cut > 0
            else one.text
        )
        yield from _field(one.role, text, width)


def _field(name: str, text: str, width: int | None) -> Iterator[str]:
    """A label, and the text behind its rule."""
    room = None if width is None else max(_LEAST_WIDTH, width - _LABEL - 3)
    label = fitted(line(name), _LABEL)
    for row in ruled(text, room):
        yield f"  {label} {row}"
        label = " " * _LABEL


def news(console: Console, news: AskDocument | DecisionDocument, now: float, width: int | None) -> None:
    """Print a change: one line."""
    if isinstance(news, AskDocument):
        paint, text = Paint.LOUD, _news_of_ask(news, now)
    else:
        paint, text = _OUTCOMES.get(news.outcome, Paint.FAINT), _news_of_decision(news)
    text = fitted(text, width).rstrip() if width else text
    console.say_painted(console.painted(text, paint))
    console.flush()


def _news_of_ask(ask: AskDocument, now: float) -> str:
    who = f"{line(ask.client)}  {_expiry(ask, now)}"
    return f"{_clock(ask.asked_at)}  asked     {line(ask.id)}  {line(ask.gate)}  {who}  {asked(ask)}"


def _news_of_decision(decision: DecisionDocument) -> str:
    return f"{_clock(decision.at)}  {line(decision.outcome):<8}  {line(decision.id)}  {_by(decision)}"


def sentence(decision: DecisionDocument) -> str:
    """Tell of a decision that was just made."""
    return f"{line(decision.outcome)} {line(decision.id)} {_by(decision)}"


def _by(decision: DecisionDocument) -> str:
    note = f": {line(decision.note)}" if decision.note else ""
    return f"by {line(decision.by)}{note}"


def _clock(seconds: float) -> str:
    return _moment(seconds).strftime("%H:%M:%S")


def _time(seconds: float) -> str:
    return _moment(seconds).strftime("%Y-%m-%d %H:%M:%S")


def _moment(seconds: float) -> dt.datetime:
    """A time in this machine's own zone; the epoch for a number that is no time."""
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC).astimezone()
    except (OverflowError, ValueError, OSError):
        return dt.datetime.fromtimestamp(0, dt.UTC)
