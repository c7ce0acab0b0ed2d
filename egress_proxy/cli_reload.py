"""`egress-proxy reload`: have the running proxy read its configuration again, and say what came of it."""

from __future__ import annotations

import os
from pathlib import Path

import click

from egress_proxy.terminal import EPILOG, as_json, configured, print_json, say


@click.command(epilog=EPILOG)
@configured
@as_json
def reload(file: Path, *, as_json: bool) -> int:
    """Put the configuration in force, without a break.

    The running proxy reads it again, with the gate policy, rules, known values and certificates that it names. All is
    in force afterwards, but for the settings that are named, whose change needs a restart; or nothing of it is, and the
    exit code is not 0.
    """
    from egress_proxy.desk.api import Desk
    from egress_proxy.desk.reach import connection
    from egress_proxy.errors import Exit

    found = Desk(connection(file, None, None, os.environ)).reload()
    if as_json:
        print_json({"restart": found.restart})
        return Exit.OK
    click.echo("the configuration is in force")
    if found.restart:
        say(f"needs a restart to be changed, and is as before: {', '.join(found.restart)}")
    return Exit.OK
