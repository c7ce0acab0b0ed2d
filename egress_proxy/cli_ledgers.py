"""`egress-proxy audit ledgers` and `audit migrate`: the database of a fleet of proxies."""

from __future__ import annotations

from pathlib import Path

import click

from egress_proxy.config import load
from egress_proxy.errors import EgressError, Exit
from egress_proxy.ledgers import shared
from egress_proxy.terminal import EPILOG, as_json, configured, print_json, printable, say


@click.command(epilog=EPILOG)
@configured
@as_json
def ledgers(file: Path, *, as_json: bool) -> int:
    """List the ledgers of the database in PostgreSQL, by their names."""
    from egress_proxy.audit.store import StoreError

    try:
        names = shared(load(file)).ledgers()
    except StoreError as error:
        raise EgressError(f"the audit log: {error}") from None
    if as_json:
        print_json(names)
        return Exit.OK
    for name in names:
        click.echo(printable(name))
    return Exit.OK


@click.command(epilog=EPILOG)
@click.option("--sql", is_flag=True, help="Only print what makes the tables, for an empty database.")
@configured
def migrate(file: Path, *, sql: bool) -> int:
    """Make the tables in PostgreSQL, or bring them up to date.

    The proxy does it by itself at its start if its role may. If it may not, run this with a configuration that names
    the role of the owner in `audit.database`.
    """
    from egress_proxy.audit.store import StoreError

    if sql:
        from egress_proxy.audit.pg_schema import as_sql

        click.echo(as_sql())
        return Exit.OK
    try:
        before = shared(load(file)).migrate()
    except StoreError as error:
        raise EgressError(f"the audit log: {error}") from None
    say(
        "the tables are up to date"
        if before
        else "the tables were made; docs/audit-store.md has what a proxy is granted"
    )
    return Exit.OK
