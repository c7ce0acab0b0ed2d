"""What a verb gets: its arguments, the console, standard input, and the API, opened when it is first used."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Final

from egress_proxy.model import Secret
from egress_proxy.ocode import memory, settings
from egress_proxy.ocode.address import Address
from egress_proxy.ocode.answers import Session
from egress_proxy.ocode.api import QUICK_SECONDS, Api
from egress_proxy.ocode.console import Console
from egress_proxy.ocode.exits import Exit
from egress_proxy.ocode.faults import Fault, usage
from egress_proxy.ocode.references import ask_id, session_id
from egress_proxy.ocode.transport import Transport

TURN_SECONDS: Final = 600.0
"""Default timeout of a verb that waits for the local agent's turn."""
MAX_PROMPT_BYTES: Final = 8 * 1024 * 1024
"""Far above what the proxy takes: it is the one to refuse, this only keeps a wrong file from filling the memory."""

Connect = Callable[[Address, Secret, Mapping[str, str]], Transport]


class Context:
    """One command. A verb that needs no proxy never touches `api`, and so needs no token."""

    def __init__(
        self,
        arguments: Namespace,
        console: Console,
        environment: Mapping[str, str],
        stdin: BinaryIO | None,
        connect: Connect,
    ) -> None:
        self.arguments = arguments
        self.console = console
        self.environment = environment
        self.stdin = stdin
        self.connect = connect

    @cached_property
    def address(self) -> Address:
        """Where the proxy is. Raise a usage fault."""
        return settings.address(self.arguments.url, self.environment)

    @cached_property
    def directory(self) -> str | None:
        """The directory that was asked for. Raise a usage fault."""
        return settings.directory(self.arguments.directory, self.environment)

    @cached_property
    def api(self) -> Api:
        """The proxy's API. Raise a usage or authentication fault."""
        address, directory = self.address, self.directory
        return self.api_with(address, settings.token(self.arguments.token_file, self.environment), directory)

    def api_with(self, address: Address, token: Secret, directory: str | None = None) -> Api:
        """Give the API at an address with a token."""
        seconds = self.arguments.timeout or QUICK_SECONDS
        if getattr(self.arguments, "waits", False):
            seconds = min(seconds, QUICK_SECONDS)
        return Api(self.connect(address, token, self.environment), directory, seconds)

    @property
    def wait_seconds(self) -> float:
        """How long a verb that waits may wait."""
        seconds: float = self.arguments.timeout or TURN_SECONDS
        return seconds

    @cached_property
    def session(self) -> str:
        """The whole id of the session that was named. Raise a fault when it is none, or more than one."""
        return session_id(self.arguments.session, lambda: (session.id for session in self.sessions()))

    def ask(self, given: str, *kinds: str) -> str:
        """Give the whole id of a pending ask, likewise."""

        def listed() -> Iterator[str]:
            yield from (one for one in self.api.asks().ids if one.partition("_")[0] in kinds)

        return ask_id(given, kinds, listed)

    def sessions(self) -> tuple[Session, ...]:
        """Give the own sessions of the directory that was asked for, or of all that `new` was used in."""
        found = {session.id: session for session in self.api.sessions()}
        for directory in () if self.directory else memory.remembered(self.address.origin):
            try:
                found |= {session.id: session for session in self.api.sessions(directory)}
            except Fault as fault:
                if fault.exit is not Exit.REFUSED:  # it may be another token's, or no longer permitted
                    raise
        return tuple(found.values())

    def remember(self, directory: str) -> None:
        """Keep a directory in which a session was made."""
        memory.remember(self.address.origin, directory)

    def prompt_text(self, argument: str | None, file: str | None = None) -> str:
        """Give the prompt: file, argument, or standard input for `-` and, unless that is a terminal, for none."""
        if file is not None and argument is not None:
            raise usage("Give TEXT or --file, not both.")
        if file is not None:
            text: str | None = _text_of(file)
        else:
            text = self._read_stdin(asked=argument == "-") if argument in {None, "-"} else argument
        if not text or not text.strip():
            raise usage("The prompt is empty: give TEXT, or --file, or send it on standard input.")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise usage("The prompt is not valid UTF-8.") from None
        return text

    def _read_stdin(self, *, asked: bool) -> str:
        if self.stdin is None or (self.stdin.isatty() and not asked):
            raise usage("No prompt: give TEXT, or --file, or send it on standard input.")
        try:
            return _decoded(self.stdin.read(MAX_PROMPT_BYTES + 1), "on standard input")
        except (OSError, ValueError):
            raise usage("Standard input cannot be read.") from None


def _text_of(file: str) -> str:
    try:
        with Path(file).open("rb") as stream:
            return _decoded(stream.read(MAX_PROMPT_BYTES + 1), "in the file")
    except FileNotFoundError:
        raise usage("The file of --file does not exist.") from None
    except (OSError, ValueError):
        raise usage("The file of --file cannot be read.") from None


def _decoded(content: bytes, where: str) -> str:
    if len(content) > MAX_PROMPT_BYTES:
        raise usage("The prompt is too large: send less at a time.")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise usage(f"The prompt {where} is not valid UTF-8.") from None
