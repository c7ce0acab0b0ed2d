"""`egress-proxy doctor` and `egress-proxy support`: is it as it should be, and what to send to whoever helps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from egress_proxy.config import load
from egress_proxy.errors import ConfigError, Exit
from egress_proxy.terminal import EPILOG, as_json, bar, configured, print_json, say

if TYPE_CHECKING:
    from egress_proxy.doctor.grades import Check


@click.command(epilog=EPILOG, short_help="Look whether all is as it should be.")
@configured
@as_json
def doctor(file: Path, *, as_json: bool) -> int:
    """Look whether all is as it should be, and say what to do where it is not.

    Exits with 1 if a check fails; a warning is none. Nothing is changed.
    """
    checks = examined(file)
    if as_json:
        print_json({"ok": all(check.grade != "fail" for check in checks), "checks": msgspec.to_builtins(checks)})
    else:
        for line in shown(checks):
            click.echo(line)
    return Exit.FAILED if any(check.grade == "fail" for check in checks) else Exit.OK


def examined(file: Path) -> tuple[Check, ...]:
    """Do all checks. A configuration that is not valid is the only finding there is then."""
    from egress_proxy.doctor.checks import CHECKS, examine
    from egress_proxy.doctor.grades import Check, Grade

    try:
        config = load(file)
    except ConfigError as error:
        return (
            Check(
                "configuration",
                Grade.FAIL,
                str(error),
                "docs/settings.md has every setting" if file.expanduser().exists() else "egress-proxy init",
            ),
        )
    with bar("looking", len(CHECKS) + 1) as done:
        found = examine(config, file.expanduser(), done)
    return (Check("configuration", Grade.OK, str(file)), *found)


def shown(checks: tuple[Check, ...]) -> list[str]:
    """Give a line for each finding."""
    width = max(len(check.name) for check in checks)
    lines = [
        f"{check.grade:<4}  {check.name:<{width}}  {check.told}{f' -> {check.do}' if check.do else ''}".rstrip()
        for check in checks
    ]
    return ["".join(sign if sign.isprintable() else "?" for sign in line) for line in lines]


@click.command(epilog=EPILOG, short_help="Pack what somebody who helps needs, and no secret.")
@click.argument("bundle", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--log", "logs", metavar="FILE", type=click.Path(path_type=Path), multiple=True, help="Add its last lines."
)
@configured
def support(bundle: Path, logs: tuple[Path, ...], file: Path) -> int:
    """Write FILE (.tar.gz) for whoever helps: configuration, versions, checks, metrics, the last lines of the log.

    It is searched first, with the proxy's own scanner and the known values, and not written if anything is found.
    """
    from egress_proxy.doctor.bundle import write

    config = load(file)
    for name, size in write(bundle, config, shown(examined(file)), logs):
        click.echo(f"{size:>9}  {name}")
    say(f"{bundle} holds no known value and nothing of the form of a secret; look at it before you send it")
    return Exit.OK
