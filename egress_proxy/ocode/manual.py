"""The parts of the help that are tables."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap
from typing import Final

from egress_proxy.ocode.address import DEFAULT_URL
from egress_proxy.ocode.exits import MEANING, Exit
from egress_proxy.ocode.settings import DEFAULT_TOKEN_FILE, URL_FILE

WIDTH: Final = 100
DESCRIPTION: Final = (
    "Drive the local agent through the egress proxy. Secret values do not cross: where one stood in a reply there is a"
    " placeholder such as [redacted:KNOWN:DB_PASSWORD]. Work with the names. A SESSION or ID may be shortened to as"
    " much of its start as tells it from the others."
)

ENVIRONMENT: Final = {
    "OCODE_URL": f"the proxy's address (default: as `ocode login` stored it, or {DEFAULT_URL})",
    "OCODE_TOKEN": "the token; it is never an argument, where others could read it",
    "OCODE_TOKEN_FILE": f"a file with the token, mode 600 (default {DEFAULT_TOKEN_FILE})",
    "OCODE_CA_FILE": "authorities to trust in the place of the system's, PEM",
    "OCODE_CERT_FILE": "the certificate to show to a proxy that asks for one, PEM",
    "OCODE_KEY_FILE": "its key, PEM, mode 600",
    "OCODE_DIRECTORY": "the directory to work in, on the proxy's machine (default: the proxy's)",
    "OCODE_ALLOW_PLAIN_HTTP": "1 permits http:// to another machine, on a network that you trust",
    "OCODE_SSH": "the command for ssh:// addresses, with options if need be (default ssh)",
}

_ADDRESSES: Final = {
    "http://127.0.0.1:8642": "this machine",
    "https://proxy.example": "another, over TLS",
    "unix:///run/egress-proxy/cloud.sock": "a Unix socket of this machine",
    "ssh://user@host:22/127.0.0.1:8642": "loopback of another machine, through OpenSSH",
    "ssh://user@host/run/egress.sock": "a Unix socket of another machine, through OpenSSH",
}

_EXAMPLES: Final = (
    "ocode login --url https://proxy.example",
    'session=$(ocode new --dir /srv/projects/shop --title "Populate .env")',
    'ocode prompt "$session" --expect read:.env --file brief.md',
    'ocode perms && ocode allow per_0a1 once && ocode wait "$session" && ocode read "$session"',
)


def epilog() -> str:
    """The tables of examples, addresses, the environment, files and exit codes."""
    return "\n".join(
        [
            *_section("examples", _EXAMPLES),
            *_section("addresses (OCODE_URL, --url)", _table(_ADDRESSES)),
            *_section("environment (a flag goes before its variable)", _table(ENVIRONMENT)),
            *_section(
                "files", _table({DEFAULT_TOKEN_FILE: "the token", URL_FILE: "the address; `ocode login` writes both"})
            ),
            *_section("exit codes", _codes(Exit)),
            'With --json standard output is one JSON document, for errors too: {"error": {"reason", ...}}.',
            "`tail --json` prints a document a line. docs/ocode.md has every document.",
        ]
    )


def verb_epilog(examples: Iterable[str], exits: Iterable[Exit]) -> str:
    """The examples of a verb, and the exit codes that say something of it."""
    lines = _section("examples", examples)
    codes = tuple(exits)
    if codes:
        lines += _section("exit codes to go by (`ocode --help` has all)", _codes(codes))
    return "\n".join(lines).rstrip()


def _section(title: str, lines: Iterable[str]) -> list[str]:
    return [f"{title}:", *(f"  {line}" for line in lines), ""]


def _table(rows: dict[str, str]) -> list[str]:
    width = max(map(len, rows))
    return [line for name, meaning in rows.items() for line in _row(f"{name:<{width}}  ", meaning)]


def _codes(codes: Iterable[Exit]) -> list[str]:
    return [line for code in codes for line in _row(f"{code.value:>3}  ", MEANING[code])]


def _row(start: str, text: str) -> list[str]:
    return wrap(text, WIDTH - 2, initial_indent=start, subsequent_indent=" " * len(start), break_on_hyphens=False)
