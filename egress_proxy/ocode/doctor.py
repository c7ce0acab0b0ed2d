"""`doctor`: whether the proxy can be reached, with which versions, what may be done with it and what cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from egress_proxy import __version__
from egress_proxy.ocode import settings
from egress_proxy.ocode.api import Api
from egress_proxy.ocode.console import Paint, one_line
from egress_proxy.ocode.context import Context
from egress_proxy.ocode.documents import DoctorDocument, FindingDocument
from egress_proxy.ocode.exits import Exit
from egress_proxy.ocode.faults import Fault
from egress_proxy.ocode.listening import Listener

_EVENT_SECONDS: Final = 5.0
CANNOT: Final = {
    "always": "a permission is answered `once` or `reject`; a lasting rule is nobody's to set from here",
    "more power": "models, agents and directories are those that the operator listed; there is no shell",
    "secrets": "values do not cross in any form; work with names, and have the local agent use the values",
    "MCP OAuth": "an MCP server that wants a browser login cannot be logged in to through the proxy: the login page and"
    " its answer belong to the machine. From where there is a browser: `ssh -L 19876:127.0.0.1:19876 user@machine`;"
    " run `opencode mcp auth NAME` in that ssh session and open the address that it prints in your browser: the answer"
    " comes back through the forwarded port (tried with opencode 1.15.13 and 1.18.33)",
}
"""What no verb can do, and what to do instead."""
_MARKS: Final = {True: ("ok", Paint.GOOD), False: ("no", Paint.BAD), None: ("--", Paint.FAINT)}

Look = Callable[[], str]


def doctor(context: Context) -> Exit:
    """Look at one thing after the other; the first that fails gives the exit code."""
    examined = _Examined()
    for name, look in _looks(context):
        if not examined.look(name, look) and name in {"address", "token", "reachable"}:
            break
    findings = (
        *examined.findings,
        *(FindingDocument(f"cannot: {name}", None, told) for name, told in CANNOT.items()),
    )
    if context.console.json:
        context.console.document(DoctorDocument(examined.exit is Exit.OK, findings))
    else:
        _show(context, findings)
    return examined.exit


class _Examined:
    """What was found so far."""

    def __init__(self) -> None:
        self.findings: list[FindingDocument] = []
        self.exit = Exit.OK

    def look(self, name: str, look: Look) -> bool:
        """Look at one thing. Whether it is as it should be."""
        try:
            self.findings.append(FindingDocument(name, ok=True, told=look()))
        except Fault as fault:
            self.findings.append(FindingDocument(name, ok=False, told=fault.message))
            self.exit = self.exit or fault.exit
            return False
        return True


def _looks(context: Context) -> Iterator[tuple[str, Look]]:
    yield "address", lambda: f"{context.address.origin} ({_where_from(context)})"
    yield "token", lambda: _token(context)
    yield "reachable", lambda: "the proxy answers" if context.api.alive().healthy else "the proxy is not healthy"
    yield "versions", lambda: f"ocode {__version__}, opencode {context.api.upstream().version or 'of unknown version'}"
    yield "directory", lambda: context.api.place().directory
    yield "agents", lambda: ", ".join(agent.name for agent in context.api.agents() if not agent.hidden) or "none"
    yield "models", lambda: ", ".join(_models(context.api)) or "none"
    yield "events", lambda: _events(context.api)
    yield "asks", lambda: _asks(context.api)


def _token(context: Context) -> str:
    settings.token(context.arguments.token_file, context.environment)
    return "found, and private"


def _where_from(context: Context) -> str:
    if context.arguments.url:
        return "--url"
    return "OCODE_URL" if context.environment.get("OCODE_URL") else "ocode login, or the default"


def _models(api: Api) -> Iterator[str]:
    for provider in api.providers().providers:
        yield from (f"{provider.id}/{model}" for model in provider.models)


def _events(api: Api) -> str:
    """Whether events arrive at once: a reverse proxy that collects answers first would hold them back."""
    directory = api.place().directory
    with Listener(lambda last: api.events(directory, last)) as listener:
        if listener.next(_EVENT_SECONDS) is None:
            return "the stream opens, but nothing arrives: something between holds answers back (proxy buffering)"
    return "arrive as they happen"


def _asks(api: Api) -> str:
    asks = api.asks()
    waiting = len(asks.permissions) + len(asks.questions)
    return f"{waiting} pending" if waiting else "none pending"


def _show(context: Context, findings: tuple[FindingDocument, ...]) -> None:
    console = context.console
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        mark, paint = _MARKS[finding.ok]
        console.say_painted(console.painted(mark, paint), "  ", one_line(f"{finding.name:<{width}}  {finding.told}"))
