"""The parts of the help that are tables."""

from __future__ import annotations

from typing import Final

from egress_proxy.ocode.exits import MEANING
from egress_proxy.ocode.settings import DEFAULT_TOKEN_FILE, DEFAULT_URL

DESCRIPTION: Final = (
    "Drive the local agent through the egress proxy. Secret values do not cross: where one stood in a reply there is a"
    " placeholder such as [redacted:KNOWN:DB_PASSWORD]. Work with the names."
)

ENVIRONMENT: Final = {
    "OCODE_URL": f"the proxy's address (default {DEFAULT_URL})",
    "OCODE_TOKEN": "the token; it is never an argument, where others could read it",
    "OCODE_TOKEN_FILE": f"a file with the token, mode 600 (default {DEFAULT_TOKEN_FILE})",
    "OCODE_DIRECTORY": "the directory to work in, on the proxy's machine (default: the proxy's)",
    "OCODE_ALLOW_PLAIN_HTTP": "1 permits http:// to another machine, on a network that you trust",
}


def epilog() -> str:
    """The tables of the environment and of the exit codes."""
    width = max(map(len, ENVIRONMENT))
    lines = ["environment (a flag goes before its variable):"]
    lines += [f"  {name:<{width}}  {meaning}" for name, meaning in ENVIRONMENT.items()]
    lines += ["", "exit codes:"]
    lines += [f"  {code.value:>3}  {meaning}" for code, meaning in MEANING.items()]
    lines += ["", 'With --json standard output is one JSON document, for errors too: {"error": {"reason", ...}}.']
    return "\n".join(lines)
