"""One run: the directory is planted, opencode told to read it, a token made; and in the end all of it is taken back.

A run that is killed leaves its files, its token and its sessions. All have fixed names, and the next run removes them
first. Two runs at a time wait for each other.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from egress_proxy import private
from egress_proxy.config import Address, Config, read_password
from egress_proxy.errors import ConfigError, EgressError, StartError
from egress_proxy.model import VERIFIER, Secret
from egress_proxy.tokens import Tokens, prepare
from egress_proxy.trial.canaries import Canaries
from egress_proxy.trial.client import Client, NotReachedError, Target
from egress_proxy.trial.field import Field
from egress_proxy.trial.probes import Probes
from egress_proxy.trial.report import Report
from egress_proxy.trial.scripts import opencode_config, scripts
from egress_proxy.trial.speaker import Speaker
from egress_proxy.trial.talks import Talks
from egress_proxy.trial.watch import Watch

_HERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - recognised, not bound


def run(
    config: Config, *, url: str | None, token: Secret | None, ca_file: Path | None, bare: bool, seconds: float
) -> Report:
    """Try the proxy of a configuration, or, `bare`, the opencode behind it. Raise `EgressError` if that is impossible.

    `url` is where the proxy is reached if not where it listens; `token` is used instead of one made for the run.
    `seconds` is the patience with one step.
    """
    directory = config.verify.directory
    if directory is None:
        raise ConfigError("verify.directory: is not set; name an empty directory of your own, and restart the proxy")
    canaries = Canaries()
    field = Field(Path(directory))
    watch = Watch(canaries)
    speaker = Speaker(scripts(canaries, field), canaries.found)
    provider, model = config.models[0]
    upstream = Client(_opencode(config, None), str(field.inside), seconds)
    with ExitStack() as stack:
        stack.enter_context(_alone(Path(config.state_dir)))
        stack.enter_context(speaker.running())
        target = _opencode(config, url) if bare else stack.enter_context(_proxy(config, url, token, ca_file))
        client = Client(target, str(field.inside), seconds)
        stack.callback(_take_back, client, upstream, field)
        field.plant(canaries, opencode_config(speaker.url, speaker.key, provider, model, canaries))
        _read_anew(upstream)
        _forget_sessions(client)
        Talks(client, speaker, field, watch, own=not bare, seconds=seconds).run()
        Probes(client, field, watch, strict=not bare).run()
    what = "opencode without a proxy" if bare else "the proxy"
    return Report(f"{what} at {target.unix or target.url}", watch.channels)


def _opencode(config: Config, url: str | None) -> Target:
    password = read_password(config.upstream)
    login = base64.b64encode(f"opencode:{password.reveal()}".encode()).decode() if password else ""
    return Target(url or config.upstream.url, Secret(f"Basic {login}" if login else ""))


def certificate_of(config: Config) -> Path | None:
    """The certificate that the cloud-facing socket shows, if it speaks TLS."""
    tls = getattr(config, "tls", None)
    found = getattr(tls, "certificate_file", None)
    return None if found is None else Path(found)


def reached(address: Address, certificate: Path | None = None) -> Target:
    """Where a socket of this machine's own proxy is reached, without a login."""
    host = _HERE.get(address.host, address.host)
    scheme = "http" if certificate is None else "https"
    origin = f"{scheme}://{f'[{host}]' if ':' in host else host}:{address.port}"
    return Target(origin, Secret(""), address.path, certificate, pinned=certificate is not None)


@contextmanager
def _proxy(config: Config, url: str | None, token: Secret | None, ca_file: Path | None) -> Iterator[Target]:
    """The cloud-facing socket, with a token for the planted directory alone, which ends with the context."""
    target = reached(config.listen, certificate_of(config)) if url is None else Target(url, Secret(""), "", ca_file)
    if token is not None:
        yield replace(target, authorization=Secret(f"Bearer {token.reveal()}"))
        return
    tokens = Tokens(Path(config.state_dir))
    _revoke(tokens)
    made = tokens.create(VERIFIER, (str(config.verify.root),))
    try:
        yield replace(target, authorization=Secret(f"Bearer {made.reveal()}"))
    finally:
        _revoke(tokens)


def _revoke(tokens: Tokens) -> None:
    if any(entry.name == VERIFIER for entry in tokens.list()):
        tokens.revoke(VERIFIER)


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    try:
        prepare(state)
        with private.locked(state / "verify.lock"):
            yield
    except OSError as error:
        raise StartError(f"{state}: cannot be used ({error.strerror})") from None


def _read_anew(upstream: Client) -> None:
    """Have opencode read the directory's configuration. It ends turns of this directory only, which are a trial's."""
    answer = upstream.post("/instance/dispose")
    if answer.status != 200:  # noqa: PLR2004 - HTTP
        raise NotReachedError(f"opencode does not read its configuration anew (status {answer.status})")


def _forget_sessions(client: Client) -> None:
    """Delete the sessions of this run, or of one that was killed."""
    listed = client.get("/session").json
    for session in listed if isinstance(listed, list) else ():
        client.call("DELETE", f"/session/{session['id']}")


def _take_back(client: Client, upstream: Client, field: Field) -> None:
    """Leave nothing behind. What fails here, the next run does."""
    with suppress(EgressError, OSError):
        (field.inside / "opencode.json").unlink(missing_ok=True)
        _read_anew(upstream)
        _forget_sessions(client)
    with suppress(EgressError, OSError):
        field.sweep()
        _read_anew(upstream)
