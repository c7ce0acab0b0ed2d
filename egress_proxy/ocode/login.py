"""`login`: stores the proxy's address and the token, for their owner alone."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path
from typing import Final

from egress_proxy.model import Secret
from egress_proxy.ocode import settings
from egress_proxy.ocode.address import DEFAULT_URL, parse
from egress_proxy.ocode.context import Context
from egress_proxy.ocode.documents import LoginDocument
from egress_proxy.ocode.exits import Exit
from egress_proxy.ocode.faults import no_token, usage
from egress_proxy.private import locked, replace

_MOST_BYTES: Final = 8192


def login(context: Context) -> Exit:
    """Ask for what is not given, try it, store it."""
    console, arguments = context.console, context.arguments
    plain = context.environment.get("OCODE_ALLOW_PLAIN_HTTP") == "1"
    url = arguments.url or context.environment.get("OCODE_URL") or settings.stored_url() or DEFAULT_URL
    address = parse(url, plain=plain)
    console.progress(f"the proxy is {address.origin}")
    token = settings.checked(_typed() if _is_terminal(context) else _piped(context), "the input")
    if not arguments.no_check:
        context.api_with(address, token).place()
    _store(url, token)
    if console.json:
        console.document(LoginDocument(address.origin, stored=True, checked=not arguments.no_check))
    else:
        told = "not tried" if arguments.no_check else "and accepted"
        console.note(f"stored for {address.origin}, {told}: {settings.DEFAULT_TOKEN_FILE}")
    for name in ("OCODE_URL", "OCODE_TOKEN", "OCODE_TOKEN_FILE"):
        if context.environment.get(name) and not (name == "OCODE_URL" and context.environment[name] == url):
            console.note(f"{name} is set, and goes before what was stored")
    return Exit.OK


def _is_terminal(context: Context) -> bool:
    return context.stdin is not None and context.stdin.isatty()


def _typed() -> str:
    """Ask for the token on the terminal, without showing it."""
    try:
        return getpass.getpass("Token (not shown): ", stream=sys.stderr)
    except (EOFError, OSError, getpass.GetPassWarning):
        raise no_token("No token was typed.") from None


def _piped(context: Context) -> str:
    try:
        content = b"" if context.stdin is None else context.stdin.read(_MOST_BYTES)
    except (OSError, ValueError):
        raise usage("Standard input cannot be read.") from None
    return content.decode("ascii", "replace")


def _store(url: str, token: Secret) -> None:
    """Put both in their places, so that nobody else can read them at any moment."""
    token_file, url_file = Path(settings.DEFAULT_TOKEN_FILE).expanduser(), Path(settings.URL_FILE).expanduser()
    try:
        token_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with locked(token_file.parent / ".lock"):
            for file, content in ((token_file, token.reveal()), (url_file, url)):
                replace(file.with_name(f".{file.name}.{os.getpid()}"), file, content.encode() + b"\n")
    except OSError:
        raise usage("~/.config/ocode cannot be written: nothing was stored, or not all.") from None
