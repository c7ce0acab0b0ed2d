"""Every event type of the supported versions' documents that does not cross, and why.

A type that is neither here nor released (`event_properties`) is news: it is dropped like these, and reported as
unknown so that the operator hears of it. A test compares this list with both documents.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class DropKind(StrEnum):
    """Why a frame does not cross. Closed, for metrics."""

    UNKNOWN_TYPE = "unknown-type"
    FOREIGN_SESSION = "foreign-session"
    FOREIGN_DIRECTORY = "foreign-directory"
    DELTA = "delta"
    SYNC = "sync"
    NOT_RELEASED = "not-released"


SYNC: Final = "sync"
"""On `/global/event`, a second copy of everything that is stored: the first copy is enough."""

DELTAS: Final = frozenset(
    {
        "message.part.delta",
        "session.next.compaction.delta",
        "session.next.reasoning.delta",
        "session.next.text.delta",
        "session.next.tool.input.delta",
    }
)
"""Pieces of a text: a secret arrives split over several, so none crosses as it comes. Those of `message.part.delta` are
put together (`growth`); the others are of another API, or of what does not cross."""

NOT_RELEASED: Final = frozenset(
    {
        # another API's copies of the same turn, with inputs and outputs of tools in them
        "permission.v2.asked",
        "permission.v2.replied",
        "question.v2.asked",
        "question.v2.rejected",
        "question.v2.replied",
        "session.next.agent.switched",
        "session.next.compaction.ended",
        "session.next.compaction.started",
        "session.next.context.updated",
        "session.next.model.switched",
        "session.next.moved",
        "session.next.prompt.admitted",
        "session.next.prompted",
        "session.next.reasoning.ended",
        "session.next.reasoning.started",
        "session.next.retried",
        "session.next.revert.cleared",
        "session.next.revert.committed",
        "session.next.revert.staged",
        "session.next.shell.ended",
        "session.next.shell.started",
        "session.next.step.ended",
        "session.next.step.failed",
        "session.next.step.started",
        "session.next.synthetic",
        "session.next.text.ended",
        "session.next.text.started",
        "session.next.tool.called",
        "session.next.tool.failed",
        "session.next.tool.input.ended",
        "session.next.tool.input.started",
        "session.next.tool.progress",
        "session.next.tool.success",
        # the machine's affairs: files, terminals, accounts, plugins, the TUI in front of it
        "account.added",
        "account.removed",
        "account.switched",
        "catalog.model.updated",
        "catalog.updated",
        "command.executed",
        "file.edited",
        "file.watcher.updated",
        "global.disposed",
        "installation.update-available",
        "installation.updated",
        "integration.connection.updated",
        "integration.updated",
        "lsp.client.diagnostics",
        "lsp.updated",
        "mcp.browser.open.failed",
        "mcp.tools.changed",
        "models-dev.refreshed",
        "plugin.added",
        "project.directories.updated",
        "project.updated",
        "pty.created",
        "pty.deleted",
        "pty.exited",
        "pty.updated",
        "reference.updated",
        "server.instance.disposed",
        "session.compacted",
        "tui.command.execute",
        "tui.prompt.append",
        "tui.session.select",
        "tui.toast.show",
        "vcs.branch.updated",
        "workspace.failed",
        "workspace.ready",
        "workspace.status",
        "worktree.failed",
        "worktree.ready",
    }
)
