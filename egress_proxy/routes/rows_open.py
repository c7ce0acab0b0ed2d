"""The operations on a server and its directories that cross: what may be sent, what the answer is projected to.

`why` says why the answer is safe to give once projected and scanned; what is cut from an answer is `wire`'s business.
"""

from __future__ import annotations

from egress_proxy.model import BodyRule, Resource, RouteClass, Row, Scope

OLDEST, NEWEST = "1.15.13", "1.18.33"
BOTH = (OLDEST, NEWEST)

_ALLOW, _PROJECT, _SCAN = RouteClass.ALLOW, RouteClass.PROJECT, RouteClass.SCAN


def row(
    operation: str,
    route_class: RouteClass,
    scope: Scope,
    response: Resource,
    why: str,
    *,
    query: tuple[str, ...] = (),
    body: BodyRule = BodyRule.NONE,
    versions: tuple[str, ...] = BOTH,
) -> Row:
    """Give the row of `METHOD template`."""
    method, template = operation.split(" ")
    return Row(
        method=method,
        template=template,
        route_class=route_class,
        why=why,
        versions=versions,
        scope=scope,
        query=query,
        body=body,
        response=response,
    )


_SERVER: tuple[Row, ...] = (
    row("GET /global/health", _ALLOW, Scope.NONE, Resource.HEALTH, "A boolean and the version number."),
    row(
        "GET /api/health",
        _ALLOW,
        Scope.NONE,
        Resource.HEALTH,
        "A boolean, the only v2 operation that shows nothing of the work.",
        versions=(NEWEST,),
    ),
    row(
        "GET /experimental/capabilities",
        _ALLOW,
        Scope.DIRECTORY,
        Resource.CAPABILITIES,
        "Booleans naming features of the server.",
        versions=(NEWEST,),
    ),
    row(
        "GET /event",
        _SCAN,
        Scope.STREAM,
        Resource.EVENT,
        "Clients cannot follow a turn without it; each frame is typed, filtered by owner and scanned.",
    ),
    row(
        "GET /global/event",
        _SCAN,
        Scope.GLOBAL_STREAM,
        Resource.GLOBAL_EVENT,
        "The TUI needs it; frames of other directories and the `sync` copies are dropped, the rest scanned.",
    ),
    row(
        "GET /config",
        _PROJECT,
        Scope.DIRECTORY,
        Resource.CONFIG,
        "Only the model's name crosses: without it the TUI picks a cloud model by itself.",
    ),
    row(
        "GET /config/providers",
        _PROJECT,
        Scope.DIRECTORY,
        Resource.CONFIG_PROVIDERS,
        "Names and limits of the permitted models; keys, options and headers stay.",
    ),
    row(
        "GET /provider",
        _PROJECT,
        Scope.DIRECTORY,
        Resource.PROVIDERS,
        "Names of the permitted models; keys, options and headers stay.",
    ),
    row(
        "GET /agent",
        _PROJECT,
        Scope.DIRECTORY,
        Resource.AGENTS,
        "Names and modes of the permitted agents; prompts, options and rules stay.",
    ),
    row(
        "GET /command",
        _PROJECT,
        Scope.DIRECTORY,
        Resource.COMMANDS,
        "Names of commands; their templates may inline files and stay.",
    ),
    row(
        "GET /skill",
        _PROJECT,
        Scope.DIRECTORY,
        Resource.SKILLS,
        "Names and descriptions of skills; content and location stay.",
    ),
    row(
        "GET /experimental/tool/ids",
        _PROJECT,
        Scope.DIRECTORY,
        Resource.TOOL_IDS,
        "Names of tools, which a prompt may turn off by name.",
    ),
    row("GET /lsp", _PROJECT, Scope.DIRECTORY, Resource.LSP, "Names and states of language servers."),
    row("GET /formatter", _PROJECT, Scope.DIRECTORY, Resource.FORMATTERS, "Names and states of formatters."),
    row(
        "GET /mcp",
        _PROJECT,
        Scope.DIRECTORY,
        Resource.MCP,
        "Names and states of MCP servers; their error texts may hold addresses and headers and stay.",
    ),
)

_FILES: tuple[Row, ...] = (
    row(
        "GET /path",
        _PROJECT,
        Scope.DIRECTORY,
        Resource.PATHS,
        "Directory and worktree, which clients need; home, state and configuration paths stay.",
    ),
    row(
        "GET /project/current",
        _PROJECT,
        Scope.DIRECTORY,
        Resource.PROJECT,
        "Id and worktree of the directory that the client already named.",
    ),
    row("GET /vcs", _PROJECT, Scope.DIRECTORY, Resource.VCS, "Names of branches."),
    row(
        "GET /vcs/status",
        _SCAN,
        Scope.DIRECTORY,
        Resource.FILE_STATUS,
        "Names of changed files and counts of lines, no content.",
    ),
    row(
        "GET /file/status",
        _SCAN,
        Scope.DIRECTORY,
        Resource.FILE_STATUS,
        "Names of changed files and counts of lines, no content.",
    ),
    row(
        "GET /file",
        _SCAN,
        Scope.DIRECTORY,
        Resource.FILE_NODES,
        "Names in one directory, no content; symbolic links that lead outside are refused.",
        query=("path",),
    ),
    row(
        "GET /find/file",
        _SCAN,
        Scope.DIRECTORY,
        Resource.FILE_NAMES,
        "Names of files, no content.",
        query=("query", "dirs", "type", "limit"),
    ),
)

OPEN: tuple[Row, ...] = _SERVER + _FILES
