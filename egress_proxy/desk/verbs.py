"""What each verb does, once its options are read. All raise `DeskError`, and `OutputLost` from their console."""

from __future__ import annotations

import re
from collections.abc import Callable
from shutil import get_terminal_size
from typing import Final

from egress_proxy.desk import shown
from egress_proxy.desk.api import Desk
from egress_proxy.desk.documents import AskDocument, ListDocument, ShowDocument, WatchDocument
from egress_proxy.desk.faults import DeskError, Word, refused, usage
from egress_proxy.desk.following import Following, News
from egress_proxy.desk.plain import line
from egress_proxy.errors import Exit
from egress_proxy.ocode.console import Console

MOST_NOTE: Final = 2000
_DIGEST: Final = re.compile(r"[0-9a-f]{16,128}")
_MOST_NAMED: Final = 5


def width(console: Console) -> int | None:
    """How wide to print: as the terminal is, and without bounds elsewhere."""
    try:
        return get_terminal_size().columns if console.out.isatty() else None
    except ValueError:  # it is closed
        return None


def list_asks(desk: Desk, console: Console) -> None:
    """Print what waits."""
    found = desk.asks()
    if console.json:
        console.document(found)
    else:
        shown.table(console, found, width(console))


def show(desk: Desk, console: Console, given: str) -> None:
    """Print one ask and what led to it."""
    found = desk.ask(find(desk.asks(), given).id)
    if console.json:
        console.document(found)
    else:
        shown.whole(console, found, width(console))


def decide(
    desk: Desk,
    console: Console,
    given: str,
    verb: str,
    *,
    digest: str,
    note: str,
    confirm: Callable[[ShowDocument], None],
) -> None:
    """Approve or reject. `confirm` sees the ask that is about to be decided, and raises where it is not to be."""
    if len(note) > MOST_NOTE:
        raise usage(f"--note: at most {MOST_NOTE} characters")
    if digest and _DIGEST.fullmatch(digest) is None:
        raise usage("--digest: the whole digest is expected, as `gates show` prints it")
    ask = find(desk.asks(), given)
    if verb == "approve" and ask.kind == "question":
        raise refused(Word.QUESTION, "a question is the agent's to answer: reject it, or leave it")
    found = desk.ask(ask.id)
    if digest and found.ask.digest != digest:
        raise refused(Word.CHANGED, "this is not the ask that the digest means: look at it again with `gates show`")
    confirm(found)
    made = desk.decide(found.ask.id, verb, found.ask.digest, note)
    if console.json:
        console.document(made)
    else:
        console.say(shown.sentence(made.decision))


def watch(desk: Desk, console: Console, say: Callable[[str], None]) -> None:
    """Print each change until interrupted."""

    def tell(news: News, now: float) -> None:
        if not console.json:
            shown.news(console, news, now, width(console))
            return
        if isinstance(news, AskDocument):
            console.document(WatchDocument("asked", ask=news))
        else:
            console.document(WatchDocument("decided", decision=news))
        console.flush()

    Following(desk, tell, say).run()


def find(found: ListDocument, given: str) -> AskDocument:
    """Find the ask that an id, whole or shortened, means. Raise `DeskError`."""
    exact = [ask for ask in found.asks if ask.id == given]
    begun = exact or [ask for ask in found.asks if given and ask.id.startswith(given)]
    if len(begun) == 1:
        return begun[0]
    if begun:
        named = ", ".join(line(ask.id) for ask in begun[:_MOST_NAMED])
        raise DeskError(Exit.USAGE, Word.AMBIGUOUS, f"{len(begun)} asks begin so, such as {named}: give more of it")
    past = [one for one in found.decided if given and one.id.startswith(given)]
    if past:
        raise refused(Word.UNKNOWN, f"it waits no longer: {shown.sentence(past[-1])}")
    raise refused(Word.UNKNOWN, "no ask that waits begins so; `egress-proxy gates list` shows them")
