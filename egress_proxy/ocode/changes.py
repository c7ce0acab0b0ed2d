"""The files that a session, or one turn of it, changed. Pure but for the calls it is given.

opencode's `/session/{id}/diff` (tried against the real servers):
- 1.15.13 ignores `messageID` and answers the whole session's net changes.
- 1.18.33 answers `[]` unless `messageID` is a *user* message, and then that turn's changes; `[]` for an assistant's.
So an answer without `messageID` that is not empty is the session's; otherwise the turns are asked one by one, and
merged.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from egress_proxy.ocode.answers import FileChange
from egress_proxy.ocode.api import Api

_ADDED, _DELETED, _MODIFIED = "added", "deleted", "modified"


class Changes(Struct, frozen=True):
    """Files changed, by name. `message` is the user message whose turn it is, None for the whole session."""

    files: tuple[FileChange, ...]
    message: str | None = None


def of_session(api: Api, session: str) -> Changes:
    """Find what the whole session changed."""
    whole = api.diff(session)
    if not whole:
        prompts = [message.info.id for message in api.history(session) if message.info.role == "user"]
        whole = merge(api.diff(session, prompt) for prompt in reversed(prompts))
    return Changes(_sorted(whole))


def of_turn(api: Api, session: str, message: str) -> Changes:
    """Find what one turn changed, named by its prompt or by a reply. Whole session where the server knows no turns."""
    info = api.message(session, message).info
    prompt = info.parent if info.role == "assistant" and info.parent else info.id
    whole = api.diff(session)
    if whole:
        return Changes(_sorted(whole))
    return Changes(_sorted(api.diff(session, prompt)), prompt)


def merge(turns: Iterable[tuple[FileChange, ...]]) -> tuple[FileChange, ...]:
    """Merge the changes of turns, oldest first, by file.

    Counts are summed; a file that was added and deleted again drops out.
    """
    files: dict[str, FileChange] = {}
    for turn in turns:
        for change in turn:
            before = files.pop(change.file, None)
            after = change if before is None else _then(before, change)
            if after is not None:
                files[change.file] = after
    return tuple(files.values())


def _then(before: FileChange, after: FileChange) -> FileChange | None:
    match before.status, after.status:
        case "added", "deleted":
            return None
        case "added", _:
            status: str | None = _ADDED
        case "deleted", "added":
            status = _MODIFIED
        case _, None:
            status = before.status
        case _:
            status = after.status
    return FileChange(before.additions + after.additions, before.deletions + after.deletions, before.file, status)


def _sorted(files: tuple[FileChange, ...]) -> tuple[FileChange, ...]:
    return tuple(sorted(files, key=lambda change: change.file))
