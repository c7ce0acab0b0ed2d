"""`mcp`: starts the MCP server, if its SDK is installed."""

from __future__ import annotations

import os

from egress_proxy.ocode.console import Console
from egress_proxy.ocode.context import Context
from egress_proxy.ocode.exits import Exit
from egress_proxy.ocode.faults import usage


def mcp(context: Context) -> Exit:
    """Serve the verbs as tools until standard input ends."""
    try:
        from egress_proxy.ocode import mcp_server  # noqa: PLC0415 - the extra may not be installed, and takes a second
    except ModuleNotFoundError:
        raise usage("`ocode mcp` needs the MCP SDK: pip install 'egress-proxy[mcp]'.") from None
    from egress_proxy.ocode.cli import run_verb  # noqa: PLC0415 - its table has this verb in it
    from egress_proxy.ocode.verbs import VERBS  # noqa: PLC0415 - likewise

    common = [
        f"--{name}={value}"
        for name, value in (
            ("url", context.arguments.url),
            ("token-file", context.arguments.token_file),
            ("dir", context.arguments.directory),
        )
        if value is not None
    ]

    def run(line: list[str], console: Console) -> int:
        return run_verb([*common, *line], console, os.environ, context.connect)

    mcp_server.serve(run, {verb.name: verb.details for verb in VERBS})
    return Exit.OK
