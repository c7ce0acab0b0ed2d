"""`egress-proxy tls`: a certificate authority of this machine's own, the proxy's certificate, and those of clients.

What is made lies in `tls` of the state directory, for the proxy's user only. Keys are never printed.
"""

from __future__ import annotations

import datetime as dt
import re
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import click

from egress_proxy import authority, private
from egress_proxy.authority import CLIENT_DAYS, CLIENT_URI, SERVER_DAYS, Issued
from egress_proxy.config import Config, load
from egress_proxy.errors import ConfigError, EgressError, Exit, StartError
from egress_proxy.terminal import EPILOG, as_json, configured, print_json, say
from egress_proxy.tokens import prepare

_ALWAYS: Final = ("localhost", "127.0.0.1", "::1")
_CLIENT: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MOST_BYTES: Final = 65_536
_MOST_DAYS: Final = 397
_LEFT: Final = 3  # a certificate is made anew when less than one part in so many of its time is left
_CA, _CA_KEY = "ca.pem", "ca.key"
_SERVER, _SERVER_KEY = "server.pem", "server.key"


@click.group(epilog=EPILOG)
def tls() -> None:
    """Make and renew the certificates of the cloud-facing socket. A serving proxy takes a new one by itself."""


@tls.command(epilog=EPILOG)
@click.option("--name", "names", metavar="NAME", multiple=True, help="Name or address clients use (may be repeated).")
@click.option("--days", metavar="DAYS", type=click.IntRange(1, _MOST_DAYS), default=SERVER_DAYS, show_default=True)
@configured
def init(names: tuple[str, ...], days: int, file: Path) -> int:
    """Make an authority, and the proxy's certificate.

    The authority is for the names given, or this machine's, and loopback, and for no others. Prints the settings.
    """
    place = _place(load(file))
    wanted = tuple(dict.fromkeys((*(names or (socket.gethostname().lower(),)), *_ALWAYS)))
    now = _now()
    with private.locked(place / "lock"):
        if (place / _CA_KEY).exists():
            raise EgressError("there is an authority: `tls show`; move its directory away to make another one")
        made = authority.new_authority(wanted, now)
        _store(place, authority.issue_server(made, wanted, now, days), _SERVER, _SERVER_KEY)
        _store(place, made, _CA, _CA_KEY)
    click.echo(f"tls:\n  certificate_file: {place / _SERVER}\n  key_file: {place / _SERVER_KEY}")
    click.echo(f"  client_ca_file: {place / _CA}")
    say(f"give clients {place / _CA} (OCODE_CA_FILE), which is no secret; the certificate is for {', '.join(wanted)}")
    return Exit.OK


@tls.command(epilog=EPILOG)
@click.argument("client")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, metavar="DIR", help="Where to write."
)
@click.option("--days", metavar="DAYS", type=click.IntRange(1, _MOST_DAYS), default=CLIENT_DAYS, show_default=True)
@configured
def issue(client: str, out: Path, days: int, file: Path) -> int:
    """Make a certificate for CLIENT.

    Writes CLIENT.pem and CLIENT.key, which nobody else may read. Prints the line of `tls.clients` that lets it in.
    """
    if _CLIENT.fullmatch(client) is None:
        raise ConfigError("CLIENT: letters, digits, dots, underscores and hyphens, at most 64")
    place = _place(load(file))
    made = authority.issue_client(_authority(place), client, _now(), days)
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        _store(out, made, f"{client}.pem", f"{client}.key")
    except OSError as error:
        raise StartError(f"{out}: cannot be written ({error.strerror})") from None
    click.echo(f'- {{client: {client}, uri: "{CLIENT_URI}{client}"}}')
    say("give both files to the client (OCODE_CERT_FILE, OCODE_KEY_FILE), and add the line to tls.clients")
    return Exit.OK


@tls.command(epilog=EPILOG, short_help="Make the proxy's certificate anew, when it is due.")
@click.option("--days", metavar="DAYS", type=click.IntRange(1, _MOST_DAYS), default=SERVER_DAYS, show_default=True)
@click.option("--force", is_flag=True, help="Even if the present one will do for long.")
@configured
def renew(days: int, file: Path, *, force: bool) -> int:
    """Make the proxy's certificate anew, for the same names, when a third of its time is left. For a timer."""
    place, now = _place(load(file)), _now()
    with private.locked(place / "lock"):
        found = _facts(place / _SERVER)
        left = found.not_after - now
        if not force and left * _LEFT > found.not_after - found.not_before:
            say(f"it is good for {left.days} days more: nothing was done")
            return Exit.OK
        made = authority.issue_server(_authority(place), found.names, now, days)
        _store(place, made, _SERVER, _SERVER_KEY)
    say(f"made anew, for {days} days; a serving proxy takes it within seconds")
    return Exit.OK


@tls.command(epilog=EPILOG, short_help="Show the authority and the certificate.")
@configured
@as_json
def show(file: Path, *, as_json: bool) -> int:
    """Show the authority, and the certificate that is configured: names, times, digests. Exits with 1 past the end."""
    config = load(file)
    place, now = _place(config), _now()
    wanted = {"authority": place / _CA, "made here": place / _SERVER}
    if config.tls.certificate_file:
        wanted["configured"] = Path(config.tls.certificate_file)
    rows = [_row(kind, path, now) for kind, path in wanted.items() if path.exists()]
    if as_json:
        print_json(rows)
    for row in () if as_json else rows:
        click.echo(
            f"{row['kind']}: {row['file']}\n  until {row['until']}, {row['days']} days\n  sha256 {row['sha256']}"
        )
        if row["names"]:
            click.echo(f"  for {', '.join(row['names'])}")
    if not rows:
        raise EgressError("there is no certificate: `egress-proxy tls init` makes one")
    return Exit.FAILED if any(row["days"] < 0 for row in rows) else Exit.OK


def _row(kind: str, path: Path, now: dt.datetime) -> dict[str, Any]:
    found = _facts(path)
    until, days = found.not_after.isoformat(), (found.not_after - now).days
    return {"kind": kind, "file": str(path), "until": until, "days": days, "sha256": found.sha256, "names": found.names}


def _facts(path: Path) -> authority.Facts:
    try:
        return authority.facts(path.read_bytes()[:_MOST_BYTES])
    except OSError as error:
        raise EgressError(f"{path}: cannot be read ({error.strerror}); `egress-proxy tls init` makes one") from None
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def _authority(place: Path) -> Issued:
    try:
        return Issued((place / _CA).read_bytes(), private.read_private(place / _CA_KEY, _MOST_BYTES))
    except private.NotPrivateError as error:
        raise ConfigError(f"{place / _CA_KEY}: {error}") from None
    except OSError as error:
        raise EgressError(
            f"{place}: no authority can be read there ({error.strerror}); `egress-proxy tls init` makes one"
        ) from None


def _place(config: Config) -> Path:
    state = Path(config.state_dir)
    place = state / "tls"
    try:
        prepare(state)
        place.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StartError(f"{place}: cannot be written ({error.strerror})") from None
    return place


def _store(place: Path, made: Issued, certificate: str, key: str) -> None:
    """The key first: what comes between the two is not a pair, and a serving proxy goes on with the old one."""
    pairs: Iterable[tuple[str, bytes]] = ((key, made.key), (certificate, made.certificate))
    for name, content in pairs:
        private.replace(place / f".{name}.new", place / name, content)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)
