"""`egress-proxy catalogue`: what a new version of opencode would bring, before it is there or when it is."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click
import msgspec

from egress_proxy.config import load
from egress_proxy.errors import EgressError, Exit
from egress_proxy.routes.catalogue import supported, versions
from egress_proxy.routes.comparison import Changed, Comparison, Fields, compare, draft, fields_in, shapes
from egress_proxy.routes.document import Document
from egress_proxy.terminal import EPILOG, as_json, configured, print_json, say

_MOST: Final = 64 << 20
_SHAPES: Final = Path(__file__).parent / "routes" / "shapes.json"
_document = click.argument("doc", metavar="[DOC]", type=click.Path(path_type=Path), required=False)


@click.group(epilog=EPILOG)
def catalogue() -> None:
    """Compare a version of opencode with the catalogue.

    DOC is what that version answers to `GET /doc`; without it, the running opencode is asked. What a version has and
    the catalogue has not is denied, and what is new in an answer is not decoded: nothing here changes that.
    """


@catalogue.command(epilog=EPILOG)
@_document
@click.option("--against", metavar="FILE", type=click.Path(path_type=Path), help="Another version's document.")
@configured
@as_json
def diff(doc: Path | None, against: Path | None, file: Path, *, as_json: bool) -> int:
    """Say what is new, gone or changed.

    Of operations that cross, what they take and answer is compared too, with the newest version of the catalogue or
    with the document of --against. Exits with 1 if there is anything.
    """
    found = _compared(_read(doc, file), against)
    if as_json:
        print_json(msgspec.to_builtins(found))
    else:
        _tell(found)
    return Exit.FAILED if found else Exit.OK


@catalogue.command("draft", epilog=EPILOG, short_help="Print rows for what the catalogue does not know.")
@click.argument("version")
@_document
@configured
def draft_rows(version: str, doc: Path | None, file: Path) -> int:
    """Print a row for each operation that the catalogue does not know, all denied.

    VERSION is the document's, such as 1.19.0. The rows are for egress_proxy/routes/rows_denied.py, where each gets its
    reason in place of the drafted one.
    """
    content = _read(doc, file)
    if not supported(version):
        raise click.UsageError("VERSION is one that the proxy supports, such as 1.19.0")
    rows = draft(_compared(content, None), version)
    click.echo(rows, nl=False)
    if not rows:
        say("the catalogue knows every operation")
    return Exit.OK


@catalogue.command("shapes", epilog=EPILOG, short_help="Print what operations take and answer.")
@_document
@configured
def print_shapes(doc: Path | None, file: Path) -> int:
    """Print what operations that cross take and answer: egress_proxy/routes/shapes.json of a version."""
    try:
        click.echo(shapes(_read(doc, file)), nl=False)
    except ValueError as error:
        raise EgressError(f"the document cannot be used: {error}") from None
    return Exit.OK


def known_fields() -> Fields:
    """What operations that cross take and answer in the catalogue's newest version."""
    return fields_in(_SHAPES.read_bytes())


def _compared(doc: bytes, against: Path | None) -> Comparison:
    try:
        before = known_fields() if against is None else Document(_content(against)).fields
        return compare(doc, before)
    except ValueError as error:
        raise EgressError(f"the document cannot be used: {error}") from None


def _read(doc: Path | None, file: Path) -> bytes:
    if doc is not None:
        return _content(doc)
    from egress_proxy.app import live_document

    return live_document(load(file))


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST + 1)
    except OSError as error:
        raise EgressError(f"{path}: cannot be read ({error.strerror})") from None
    if len(content) > _MOST:
        raise EgressError(f"{path}: is too large for a document")
    return content


def _tell(found: Comparison) -> None:
    for name in found.new:
        click.echo(f"new      {name}")
    for name in found.gone:
        click.echo(f"gone     {name}{'  (clients could call it)' if name in found.crossing else ''}")
    for changed in found.changed:
        _tell_changed(changed)
    count = f"{len(found.new)} new (denied), {len(found.gone)} gone, {len(found.changed)} changed"
    say(f"against the catalogue of {', '.join(versions())}: {count}")


def _tell_changed(changed: Changed) -> None:
    click.echo(f"changed  {changed.operation}")
    for sign, names in (("+", changed.new), ("-", changed.gone)):
        for name in names:
            click.echo(f"         {sign} {name}")
