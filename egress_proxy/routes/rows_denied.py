"""The operations of the first API, `/api/*` aside, that do not cross, each with its reason.

`(versions, operation, why)`. That a row is here and not merely absent tells a known danger from an unknown operation.
"""

from __future__ import annotations

from egress_proxy.model import RouteClass, Row
from egress_proxy.routes.rows_open import BOTH, NEWEST

Denial = tuple[tuple[str, ...], str, str]

_NEW = (NEWEST,)
_SESSION = "/session/{sessionID}"
_PART = "/session/{sessionID}/message/{messageID}/part/{partID}"
_COPY = "/experimental/project/{projectID}/copy"

_CREDENTIALS: tuple[Denial, ...] = (
    (BOTH, "PUT /auth/{providerID}", "Rewrites a provider's credentials."),
    (BOTH, "DELETE /auth/{providerID}", "Removes a provider's credentials."),
    (BOTH, "GET /provider/auth", "Shows how each provider logs in; only the operator logs in."),
    (BOTH, "POST /provider/{providerID}/oauth/authorize", "Starts a login that ends in stored credentials."),
    (BOTH, "POST /provider/{providerID}/oauth/callback", "Stores credentials from a login."),
    (BOTH, "GET /experimental/console", "Names the operator's cloud account and its providers."),
    (BOTH, "GET /experimental/console/orgs", "Lists the operator's cloud accounts and organisations."),
    (BOTH, "POST /experimental/console/switch", "Switches the cloud account that pays for and sees the work."),
)

_SERVER: tuple[Denial, ...] = (
    (BOTH, "GET /global/config", "Holds keys, headers and resolved environment values in clear."),
    (BOTH, "PATCH /global/config", "Writes configuration that runs commands and outlives the session."),
    (BOTH, "PATCH /config", "Writes configuration that runs commands and outlives the session."),
    (BOTH, "POST /global/dispose", "Kills every running turn and drops pending asks silently."),
    (BOTH, "POST /instance/dispose", "Kills running turns of a directory and drops pending asks silently."),
    (BOTH, "POST /global/upgrade", "Replaces the server's program."),
    (BOTH, "POST /log", "Forges lines in the server's log."),
    (BOTH, "GET /experimental/tool", "Descriptions of tools: prompt text of the operator and of MCP servers."),
    (BOTH, "GET /experimental/resource", "Lists resources of MCP servers, with their addresses."),
)

_EXECUTION: tuple[Denial, ...] = (
    (BOTH, "GET /pty/shells", "Belongs to terminals, which do not cross."),
    (BOTH, "GET /pty", "Lists the operator's terminals with command lines."),
    (BOTH, "POST /pty", "Runs a command without asking anyone."),
    (BOTH, "GET /pty/{ptyID}", "Shows a terminal's command line and directory."),
    (BOTH, "PUT /pty/{ptyID}", "Changes a terminal."),
    (BOTH, "DELETE /pty/{ptyID}", "Kills a terminal."),
    (BOTH, "POST /pty/{ptyID}/connect-token", "Gives a ticket to type into a terminal."),
    (BOTH, "GET /pty/{ptyID}/connect", "A WebSocket into a terminal, unscanned in both directions."),
    (BOTH, "POST /mcp", "Adds an MCP server, which is a command to run."),
    (BOTH, "POST /mcp/{name}/auth", "Starts a login of an MCP server."),
    (BOTH, "DELETE /mcp/{name}/auth", "Removes an MCP server's credentials."),
    (BOTH, "POST /mcp/{name}/auth/callback", "Stores credentials of an MCP server; no state is checked."),
    (BOTH, "POST /mcp/{name}/auth/authenticate", "Opens a browser on the operator's machine to log in."),
    (BOTH, "POST /mcp/{name}/connect", "Starts an MCP server that the operator may have turned off: more tools."),
    (BOTH, "POST /mcp/{name}/disconnect", "Takes tools away from every session of the directory."),
)

_FILES: tuple[Denial, ...] = (
    (BOTH, "GET /find", "Lines of any file that match, .env included, without an ask."),
    (BOTH, "GET /find/symbol", "Code text and paths from language servers, outside the directory too."),
    (BOTH, "GET /file/content", "Any file's content, .env included, without an ask."),
    (BOTH, "GET /vcs/diff", "Changed lines of any file, .env included, without an ask."),
    (BOTH, "GET /vcs/diff/raw", "Changed lines of any file, .env included, without an ask."),
    (BOTH, "POST /vcs/apply", "Writes files without an ask."),
)

_PROJECTS: tuple[Denial, ...] = (
    (BOTH, "GET /project", "Lists every project of the machine."),
    (BOTH, "POST /project/git/init", "Makes a repository, which changes what the agent may reach."),
    (BOTH, "PATCH /project/{projectID}", "Sets a project's start commands, which run later."),
    (_NEW, "GET /project/{projectID}/directories", "Lists directories of the machine."),
    (_NEW, f"POST {_COPY}/generate-name", "Runs a model that is not the permitted one on free text."),
    (_NEW, f"POST {_COPY}", "Copies a project to a directory outside the allowed ones."),
    (_NEW, f"DELETE {_COPY}", "Deletes a directory."),
    (_NEW, f"POST {_COPY}/refresh", "Rewrites a copy of a project."),
    (BOTH, "GET /experimental/worktree", "Lists directories outside the allowed ones."),
    (BOTH, "POST /experimental/worktree", "Its `startCommand` runs a command without an ask."),
    (BOTH, "DELETE /experimental/worktree", "Deletes a directory and its branch."),
    (BOTH, "POST /experimental/worktree/reset", "Throws away changes in a directory."),
    (BOTH, "GET /experimental/workspace/adapter", "Belongs to workspaces, which cross directories."),
    (BOTH, "GET /experimental/workspace", "Lists workspaces, which cross directories."),
    (BOTH, "POST /experimental/workspace", "Makes a workspace, which crosses directories."),
    (BOTH, "POST /experimental/workspace/sync-list", "Registers workspaces, which cross directories."),
    (BOTH, "GET /experimental/workspace/status", "Shows workspaces, which cross directories."),
    (BOTH, "DELETE /experimental/workspace/{id}", "Removes a workspace of the operator."),
    (BOTH, "POST /experimental/workspace/warp", "Moves a session's history to another workspace."),
    (_NEW, "POST /experimental/control-plane/move-session", "Moves a session and its changes to another directory."),
)

_SESSIONS: tuple[Denial, ...] = (
    (BOTH, "GET /experimental/session", "Lists sessions of every directory and client."),
    (_NEW, "POST /experimental/session/{sessionID}/background", "Detaches sub-agents: their asks outlive the turn."),
    (BOTH, f"POST {_SESSION}/init", "Takes a model of the caller's choice and runs a command template."),
    (BOTH, f"POST {_SESSION}/command", "Its arguments run commands and inline files without an ask."),
    (BOTH, f"POST {_SESSION}/shell", "Runs a command without an ask."),
    (BOTH, f"POST {_SESSION}/share", "Publishes the transcript."),
    (BOTH, f"DELETE {_SESSION}/share", "Undoes what only the operator may have shared."),
    (BOTH, f"POST {_SESSION}/revert", "Rewrites files and hides messages without an ask."),
    (BOTH, f"POST {_SESSION}/unrevert", "Rewrites files without an ask."),
    (BOTH, f"DELETE {_SESSION}/message/{{messageID}}", "Forges the history that the agent and the audit see."),
    (BOTH, f"DELETE {_PART}", "Forges the history that the agent and the audit see."),
    (BOTH, f"PATCH {_PART}", "Forges the history that the agent and the audit see."),
    (BOTH, "POST /sync/start", "Belongs to workspace replication, which copies whole transcripts."),
    (BOTH, "POST /sync/replay", "Writes a forged history of events."),
    (BOTH, "POST /sync/steal", "Takes over a session that belongs elsewhere."),
    (BOTH, "POST /sync/history", "Every event of every session, uncut."),
)

_TUI: tuple[Denial, ...] = (
    (BOTH, "POST /tui/append-prompt", "Types into the operator's terminal UI."),
    (BOTH, "POST /tui/open-help", "Drives the operator's terminal UI."),
    (BOTH, "POST /tui/open-sessions", "Drives the operator's terminal UI."),
    (BOTH, "POST /tui/open-themes", "Drives the operator's terminal UI."),
    (BOTH, "POST /tui/open-models", "Drives the operator's terminal UI."),
    (BOTH, "POST /tui/submit-prompt", "Sends what is typed in the operator's terminal UI, with the operator's rights."),
    (BOTH, "POST /tui/clear-prompt", "Clears what the operator has typed."),
    (BOTH, "POST /tui/execute-command", "Runs commands of the operator's terminal UI."),
    (BOTH, "POST /tui/show-toast", "Shows the operator a message that looks like the program's own."),
    (BOTH, "POST /tui/publish", "Publishes events to the operator's terminal UI."),
    (BOTH, "POST /tui/select-session", "Switches the session in the operator's terminal UI."),
    (BOTH, "GET /tui/control/next", "Takes a request away from the operator's terminal UI and shows it."),
    (BOTH, "POST /tui/control/response", "Answers a request in the place of the operator's terminal UI."),
)


def denied(denials: tuple[Denial, ...]) -> tuple[Row, ...]:
    """Give the rows of a table of denials."""
    return tuple(
        Row(method=method, template=template, route_class=RouteClass.DENY, why=why, versions=versions)
        for versions, operation, why in denials
        for method, template in (operation.split(" "),)
    )


DENIED: tuple[Row, ...] = denied(
    _CREDENTIALS + _SERVER + _EXECUTION + _FILES + _PROJECTS + _SESSIONS + _TUI,
)
