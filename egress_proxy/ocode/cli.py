"""`ocode`: arguments to verb to exit code.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | refused by the proxy |
| 2 | wrong arguments or environment |
| 3 | the session waits for an answer |
| 4 | a human has to answer |
| 5 | no usable token, or not accepted |
| 6 | unreachable, or something else than the proxy answered |
| 7 | no such session, message or pending ask |
| 8 | the turn ended with an error or without a reply, or its whole reply was withheld |
| 9 | no git repository, so no diff |
| 10 | the proxy or the local agent failed or is busy |
| 70 | a defect of ocode |
| 124 | no answer in time |
| 130 | interrupted |
| 141 | standard output closed |

`exits.MEANING` is the source; a test holds this table to it. No argument is quoted in an error: it could be a token.
"""

from __future__ import annotations

import math
import os
import re
import sys
from argparse import SUPPRESS, Action, ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from itertools import takewhile
from textwrap import fill
from typing import BinaryIO, Final, Never

from egress_proxy import __version__
from egress_proxy.ocode.arguments import COMPLETE, Complete
from egress_proxy.ocode.completion import arguments_of, complete, ids_of
from egress_proxy.ocode.console import Console, OutputLost, abandon_stdout
from egress_proxy.ocode.context import Connect, Context
from egress_proxy.ocode.exits import Exit
from egress_proxy.ocode.faults import Fault, Local, usage
from egress_proxy.ocode.manual import DESCRIPTION, WIDTH, epilog, verb_epilog
from egress_proxy.ocode.reach import reach
from egress_proxy.ocode.verbs import VERBS

_LONGEST_TIMEOUT: Final = 86_400.0
_COMMON: Final = {"url": None, "token_file": None, "directory": None, "json": False, "timeout": None}
_SECTIONS: Final = {
    "first:": ("login", "doctor"),
    "a task:": ("new", "prompt", "send", "wait", "read", "diff"),
    "what it waits for:": ("perms", "allow", "answer"),
    "sessions:": ("sessions", "status", "tail", "rm"),
    "other programs:": ("mcp", "completion"),
}
"""The verbs as the help lists them: in the order in which one meets them."""
_ORDER: Final = [name for names in _SECTIONS.values() for name in names]
_TITLES: Final = {names[0]: title for title, names in _SECTIONS.items()}
_QUOTING: Final = (
    (re.compile(r"^unrecognized arguments:.*", re.DOTALL), "there are arguments that this verb does not take"),
    (re.compile(r"invalid choice: .*\(choose from (.*)\)$", re.DOTALL), r"no such word; choose from \1"),
    (re.compile(r"ignored explicit argument .*", re.DOTALL), "takes no value"),
    (re.compile(r"invalid \w+ value: .*", re.DOTALL), "not a value that it takes"),
)
"""Where argparse quotes an argument in its message, and what is said instead."""


class _Formatter(RawDescriptionHelpFormatter):
    """The same help whatever the terminal's width, so that it can be tested and searched."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=WIDTH)


class _Sections(_Formatter):
    """The list of verbs, with a title before the first of each section."""

    def _format_action(self, action: Action) -> str:
        told = super()._format_action(action)
        title = "" if action.option_strings else _TITLES.get(action.dest, "")
        return f"\n  {title}\n{told}" if title else told


class _Parser(ArgumentParser):
    def error(self, message: str) -> Never:
        """Raise a usage fault that quotes no argument."""
        for pattern, instead in _QUOTING:
            message = pattern.sub(instead, message)
        raise usage(f"{message}. See `{self.prog} --help`.")


class _VerbParser(_Parser):
    """Takes flags between arguments: plain argparse reads `prompt SESSION --json TEXT` as a prompt without TEXT."""

    _inside = False

    def parse_known_args(  # type: ignore[override]  # argparse's own overloads, narrowed to what it calls itself
        self, args: Sequence[str] | None = None, namespace: Namespace | None = None
    ) -> tuple[Namespace, list[str]]:
        if self._inside:
            return super().parse_known_args(args, namespace)
        self._inside = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._inside = False


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= _LONGEST_TIMEOUT:
        raise ArgumentTypeError(f"expected a number of seconds up to {_LONGEST_TIMEOUT:g}")
    return seconds


def _add_common(parser: ArgumentParser) -> None:
    """Add the flags that may stand before the verb and after it."""
    common = parser.add_argument_group("common flags")
    common.add_argument("--url", metavar="URL", default=SUPPRESS, help="the proxy's address")
    common.add_argument("--token-file", metavar="FILE", default=SUPPRESS, help="a private file that holds the token")
    common.add_argument(
        "--dir", dest="directory", metavar="DIR", default=SUPPRESS, help="the directory, for `new` and `sessions`"
    )
    common.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_seconds,
        default=SUPPRESS,
        help="how long to wait (30; prompt and wait: 600; tail: no end)",
    )
    common.add_argument("--json", action="store_true", default=SUPPRESS, help="print one JSON document")


def build_parser(find: Complete | None = None) -> ArgumentParser:
    """Make the parser from the table of verbs. `find` gives ids for a TAB."""
    parser = _Parser(
        prog="ocode",
        description=fill(DESCRIPTION, WIDTH),
        epilog=epilog(),
        formatter_class=_Sections,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"ocode {__version__}")
    _add_common(parser)
    rows = parser.add_subparsers(title="verbs", metavar="VERB", required=True, parser_class=_VerbParser)
    for verb in sorted(VERBS, key=lambda one: _ORDER.index(one.name)):
        row = rows.add_parser(
            verb.name,
            help=verb.summary,
            description=fill(verb.details, WIDTH),
            epilog=verb_epilog(verb.examples, verb.exits),
            formatter_class=_Formatter,
            allow_abbrev=False,
        )
        verb.arguments(row)
        _add_common(row)
        row.set_defaults(verb=verb, waits=verb.waits, **{COMPLETE: find})
    return parser


def _parse(arguments: Sequence[str]) -> Namespace:
    flags = takewhile(lambda argument: argument != "--", arguments)
    if any(flag == "--token" or flag.startswith("--token=") for flag in flags):
        raise usage(
            "A token is never an argument: others can read it there. If it was a real one, have it revoked; then set"
            " OCODE_TOKEN or OCODE_TOKEN_FILE."
        )
    return build_parser().parse_args(arguments, Namespace(**_COMMON))


def _run(
    arguments: Sequence[str],
    console: Console,
    environment: Mapping[str, str],
    stdin: BinaryIO | None,
    open_transport: Connect,
) -> Exit:
    parsed = _parse(arguments)
    console.json = parsed.json
    run: Exit = parsed.verb.run(Context(parsed, console, environment, stdin, open_transport))
    return run


def run_verb(
    arguments: Sequence[str], console: Console, environment: Mapping[str, str], open_transport: Connect
) -> int:
    """Run a command line within another program, without standard input. Give its exit code."""
    return _settle(lambda: _run(arguments, console, environment, None, open_transport), console)


def _complete(open_transport: Connect) -> None:
    """Answer a shell's TAB."""

    def find(parsed: Namespace, kinds: tuple[str, ...]) -> list[str]:
        silent = Console(StringIO(), StringIO())
        return ids_of(Context(arguments_of(parsed), silent, os.environ, None, open_transport), kinds)

    complete(build_parser(find))


def _settle(run: Callable[[], Exit], console: Console) -> int:
    """Run, and make of every way to end an exit code. Raise `OutputLost`."""
    try:
        return run()
    except SystemExit as done:  # --help and --version
        return done.code if isinstance(done.code, int) else Exit.OK
    except Fault as fault:
        return console.fault(fault)
    except KeyboardInterrupt:
        return console.fault(Fault(Exit.INTERRUPTED, Local.INTERRUPTED, "interrupted"))
    except OutputLost:
        raise
    except Exception as error:  # noqa: BLE001 - the one place: a traceback would show a reply's text
        return console.fault(
            Fault(Exit.INTERNAL, Local.INTERNAL, f"a defect of ocode ({type(error).__name__}). Please report it.")
        )


def main(argv: Sequence[str] | None = None, open_transport: Connect = reach) -> int:
    """Run `ocode` with these arguments (default: the process's) and give its exit code."""
    _complete(open_transport)
    arguments = sys.argv[1:] if argv is None else list(argv)
    console = Console.standard(json="--json" in arguments)
    try:
        stdin = sys.stdin.buffer if sys.stdin is not None else None
        code = _settle(lambda: _run(arguments, console, os.environ, stdin, open_transport), console)
        console.flush()
    except (OutputLost, BrokenPipeError):
        abandon_stdout()
        return int(Exit.OUTPUT_LOST)
    except KeyboardInterrupt:  # a second one, while the first was being told
        return int(Exit.INTERRUPTED)
    return int(code)


if __name__ == "__main__":
    raise SystemExit(main())
