"""What a running proxy puts behind the console."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from egress_proxy.audit.ed25519 import read_public
from egress_proxy.audit.opening import PUBLIC_FILE
from egress_proxy.audit.reading import opened
from egress_proxy.config import Config, read_sso_secret
from egress_proxy.console.seam import Behind
from egress_proxy.ledgers import place
from egress_proxy.server.known import Known
from egress_proxy.server.recorder import Recorder
from egress_proxy.server.sso import Sso
from egress_proxy.server.survey import Survey


def behind_console(config: Config, recorder: Recorder, known: Known, server: Survey) -> Behind:
    """Give the console what it shows. Raises `ConfigError` for a secret that cannot be read."""
    state = Path(config.state_dir)
    secret = read_sso_secret(config.console)
    return Behind(
        opened=partial(opened, place(config)),
        keys=partial(read_public, state / PUBLIC_FILE),
        listen=recorder.recorded.listen,
        known=known.named,
        server=server,
        sso=Sso(config.console, secret) if secret else None,
    )
