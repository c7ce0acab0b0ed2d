"""What a verb gets: its arguments, the console, standard input, and the API, opened when it is first used."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import BinaryIO, Final

from egress_proxy.model import Secret
from egress_proxy.ocode import settings
from egress_proxy.ocode.api import Api
from egress_proxy.ocode.console import Console
from egress_proxy.ocode.faults import usage
from egress_proxy.ocode.transport import Transport

MAX_PROMPT_BYTES: Final = 8 * 1024 * 1024
"""Far above what the proxy takes: it is the one to refuse, this only keeps a wrong file from filling the memory."""

Connect = Callable[[settings.Address, Secret], Transport]


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
        self._environment = environment
        self._stdin = stdin
        self._connect = connect

    @cached_property
    def api(self) -> Api:
        """The proxy's API. Raise a usage or authentication fault."""
        flags = self.arguments
        address = settings.address(flags.url, self._environment)
        directory = settings.directory(flags.directory, self._environment)
        token = settings.token(flags.token_file, self._environment)
        return Api(self._connect(address, token), directory, flags.timeout)

    def prompt_text(self, argument: str | None) -> str:
        """Give the prompt: the argument, or standard input for `-` or, unless that is a terminal, for none."""
        text = self._read_stdin(asked=argument == "-") if argument in {None, "-"} else argument
        if not text or not text.strip():
            raise usage("The prompt is empty: give TEXT, or send it on standard input.")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise usage("The prompt is not valid UTF-8.") from None
        return text

    def _read_stdin(self, *, asked: bool) -> str:
        if self._stdin is None or (self._stdin.isatty() and not asked):
            raise usage("No prompt: give TEXT, or send it on standard input.")
        try:
            content = self._stdin.read(MAX_PROMPT_BYTES + 1)
        except (OSError, ValueError):
            raise usage("Standard input cannot be read.") from None
        if len(content) > MAX_PROMPT_BYTES:
            raise usage("The prompt is too large: send less at a time.")
        try:
            return content.decode()
        except UnicodeDecodeError:
            raise usage("The prompt on standard input is not valid UTF-8.") from None
