"""The proxy's own secrets: what lies in files that its configuration names. They are nobody's to read in a reply."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from egress_proxy.config import (
    Config,
    read_database_password,
    read_hook_secrets,
    read_password,
    read_sso_secret,
)
from egress_proxy.model import Secret
from egress_proxy.scan.policy import weak
from egress_proxy.sources import Entry

_LEAST_WORD: Final = 12
"""Characters of a word of a webhook's address that is taken for its secret, if it is no ordinary one."""

_SECRET_NAME: Final = re.compile(r"key|tok|pass|pw|cred|secret|auth|sig|code", re.IGNORECASE)


def own_secrets(config: Config) -> list[Entry]:
    """Give them with the names that findings call them by. Raise `ConfigError`, which quotes none."""
    hook = read_hook_secrets(config.notify)
    found = (
        # opencode hands its password on to every command that the local agent runs.
        ("OPENCODE_SERVER_PASSWORD", read_password(config.upstream)),
        ("EGRESS_DATABASE_PASSWORD", read_database_password(config.audit)),
        ("EGRESS_SSO_SECRET", read_sso_secret(config.console)),
        ("EGRESS_WEBHOOK_HEADER", hook.header[1] if hook.header else None),
        ("EGRESS_WEBHOOK_KEY", hook.key),
    )
    entries = [(name, secret) for name, secret in found if secret is not None]
    return [*entries, *(("EGRESS_WEBHOOK_TOKEN", Secret(word)) for word in _words(config.notify.webhook or ""))]


def _words(url: str) -> Iterator[str]:
    """What of a webhook's address lets its holder call it: it may stand anywhere in its path, or in its query."""
    parts = urlsplit(url)
    words = [(word, False) for word in parts.path.split("/")]
    words += [(value, _SECRET_NAME.search(name) is not None) for name, value in parse_qsl(parts.query)]
    for word, surely in words:
        for one in {word, unquote(word)}:
            if len(one) >= _LEAST_WORD and (surely or not weak(one)):
                yield one
