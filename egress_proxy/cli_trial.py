"""`egress-proxy verify`: whether the running proxy lets a canary through. (`audit verify` is about the audit log.)"""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from egress_proxy.config import load
from egress_proxy.errors import ConfigError, EgressError
from egress_proxy.model import Secret
from egress_proxy.private import NotPrivateError, read_private
from egress_proxy.terminal import EPILOG, as_json, configured, print_json, say

if TYPE_CHECKING:
    from egress_proxy.trial.report import Report, Result

_MOST_BYTES = 4096


@click.command(epilog=EPILOG)
@click.option("--url", metavar="URL", help="Where the proxy is reached, if not where it listens.")
@click.option(
    "--ca-file", metavar="FILE", type=click.Path(path_type=Path), help="Trust this certificate authority for https://."
)
@click.option(
    "--token-file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A client's token, instead of one made for the run.",
)
@click.option("--bare", is_flag=True, help="Ask opencode itself, without the proxy: this must find leaks.")
@click.option(
    "--textfile",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write metrics for node_exporter's collector here.",
)
@click.option("--seconds", metavar="N", type=click.IntRange(1, 600), default=30, help="Patience with one step (30).")
@configured
@as_json
def verify(
    url: str | None,
    ca_file: Path | None,
    token_file: Path | None,
    textfile: Path | None,
    seconds: int,
    file: Path,
    *,
    bare: bool,
    as_json: bool,
) -> int:
    """Try the running proxy: does a canary come back?

    Plants values made for this run in `verify.directory`, has opencode read and repeat them in every way that it can,
    asks the proxy for all that a client can ask for, and searches what comes back. Exits with 0 if none came, with 1
    if one did (naming the channel, never the value), and with 3 if it could not be checked, in part or at all.
    """
    from egress_proxy.trial.report import Result, export, keep
    from egress_proxy.trial.run import run

    config = load(file)
    token = None if token_file is None else _token(token_file)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was planted is taken back then too
    report: Report | None = None
    try:
        report = run(config, url=url, token=token, ca_file=ca_file, bare=bare, seconds=seconds)
    except EgressError as error:
        say(f"could not check: {error}")
    except Exception as error:  # noqa: BLE001 - a defect here must not look like a leak; its text may hold a canary
        say(f"could not check: internal error ({type(error).__name__})")
    result = Result.NOT_CHECKED if report is None else report.result
    if not bare:  # a negative control says nothing of the proxy
        found = keep(Path(config.state_dir), result, time.time())
        if textfile is not None:
            export(textfile, found)
    _show(report, result, as_json=as_json)
    return result


def _show(report: Report | None, result: Result, *, as_json: bool) -> None:
    if as_json:
        empty: dict[str, object] = {"result": result.name.lower(), "target": None, "channels": []}
        print_json(empty if report is None else report.plain())
    elif report is not None:
        for line in report.lines():
            click.echo(line)


def _token(file: Path) -> Secret:
    try:
        text = read_private(file.expanduser().resolve(), _MOST_BYTES).decode("ascii", "replace").strip()
    except NotPrivateError as error:
        raise ConfigError(f"--token-file: {error}") from None
    except OSError as error:
        raise ConfigError(f"--token-file: cannot be read ({error.strerror})") from None
    if not text.isprintable() or not text or " " in text:
        raise ConfigError("--token-file: holds no token: one line of visible characters is expected")
    return Secret(text)
