"""`ocode mcp`: the verbs as tools of an MCP server on standard input and output, by the official SDK.

It needs the extra `mcp` (`pip install egress-proxy[mcp]`), which nothing else of the package imports. Each call runs
its verb in a thread, with the address and token that `ocode mcp` was started with; what a person would read on standard
error comes as text, the document as the structured result.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from io import StringIO
from typing import Any, Final

import anyio
import msgspec
from anyio.to_thread import run_sync
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)

from egress_proxy import __version__
from egress_proxy.ocode.console import Console
from egress_proxy.ocode.exits import MEANING, Exit
from egress_proxy.ocode.tools import TOOLS, line_of

Run = Callable[[list[str], Console], int]
"""Runs a command line and gives its exit code."""
PROGRESS_SECONDS: Final = 2.0
_NO_ERROR: Final = frozenset({Exit.OK, Exit.BLOCKED, Exit.HUMAN})
INSTRUCTIONS: Final = (
    "Drives a local agent that works where secrets are, through a proxy that lets no secret value through: where one"
    " stood in a reply there is a placeholder such as [redacted:KNOWN:DB_PASSWORD]. Work with names; never ask for"
    " values. Make a session with `new`, then `prompt`. If its state is `blocked`, it asks for something: answer with"
    " `allow` or `answer` what is the point of your task and `reject` the rest, then `wait` and `read`. If its state is"
    " `human`, a person has to answer: `wait` with `human`."
)


def serve(run: Run, details: dict[str, str]) -> None:
    """Serve until standard input ends. `details` describe the verbs."""
    anyio.run(_serve, run, details)


async def _serve(run: Run, details: dict[str, str]) -> None:
    server = server_of(run, details)
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


def server_of(run: Run, details: dict[str, str]) -> Server[Any]:
    """Make the server."""

    async def listed(_: object, __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=[_tool(tool.verb, details) for tool in TOOLS])

    async def called(context: Any, call: CallToolRequestParams) -> CallToolResult:  # noqa: ANN401  the SDK's own
        tool = next((tool for tool in TOOLS if tool.verb == call.name), None)
        if tool is None:
            return _failed("There is no such tool.")
        try:
            line = line_of(tool, call.arguments or {})
        except ValueError as wrong:
            return _failed(str(wrong))
        return await _called(run, line, context.session.report_progress)

    return Server("ocode", version=__version__, instructions=INSTRUCTIONS, on_list_tools=listed, on_call_tool=called)


def _tool(verb: str, details: dict[str, str]) -> Tool:
    tool = next(tool for tool in TOOLS if tool.verb == verb)
    return Tool(
        name=verb,
        description=details[verb],
        input_schema=tool.input_schema,
        output_schema=tool.output_schema,
        annotations=ToolAnnotations(read_only_hint=not tool.changes, destructive_hint=verb == "rm"),
    )


async def _called(run: Run, line: list[str], report: Callable[..., Any]) -> CallToolResult:
    out, err = StringIO(), StringIO()
    console = Console(out, err, json=True)
    began, code = time.monotonic(), Exit.INTERNAL

    async def work() -> None:
        nonlocal code
        # A call that the client gives up goes on to its end, as a turn does: nobody waits for it.
        code = Exit(await run_sync(partial(run, line, console), abandon_on_cancel=True))
        working.cancel_scope.cancel()

    async with anyio.create_task_group() as working:
        working.start_soon(work)
        while True:
            await anyio.sleep(PROGRESS_SECONDS)
            elapsed = round(time.monotonic() - began, 1)
            await report(elapsed, None, f"{line[0]}: the local agent is at work, {elapsed:.0f} s")
    return _result(code, out.getvalue(), err.getvalue())


def _result(code: Exit, document: str, told: str) -> CallToolResult:
    found = msgspec.json.decode(document) if document.strip() else {}
    if "error" in found and "state" not in found:
        return _failed(f"{found['error']['message']} ({found['error']['reason']}; {MEANING[code]})")
    text = "\n".join(part for part in (document.strip(), told.strip()) if part)
    return CallToolResult(
        content=[TextContent(type="text", text=text)], structured_content=found, is_error=code not in _NO_ERROR
    )


def _failed(told: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=told)], is_error=True)
