"""Secrets in opencode's own answers: `/config`, `/config/providers` and `/provider` give them away in clear.

Harvested at start, so that what a user of the server's own API could read is recognised in a reply. Taken are strings
under a name that says secret, all headers and environments but the harmless ones, and URLs with credentials. Not taken
are names of environment variables (`env` of a provider), models, prompts and commands.
"""

from __future__ import annotations

import re

from egress_proxy.errors import UpstreamError
from egress_proxy.model import Secret
from egress_proxy.sources.entries import Entry
from egress_proxy.sources.tree import decode, leaves

# FACTS.md, "Secrets it gives away": provider options.apiKey, headers, baseURL; mcp environment and headers; key.
_SECRET_NAME = re.compile(
    r"(?:^|[._-])(?:\w*(?:api|access|private|secret|signing|encryption|account|service|client)_?-?key|key|\w*token|\w*secret"
    r"|\w*passw(?:or)?d|\w*passphrase|pwd|\w*credentials?|auth|authorization|bearer|cookie|jwt|pat)(?:\.\d+)?$",
    re.IGNORECASE,
)
_CONTAINER = re.compile(r"(?:^|\.)(?:headers|environment|env)\.[^.]+(?:\.\d+)?$", re.IGNORECASE)
_ENV_NAMES = re.compile(r"(?:^|\.)env\.\d+$")
_HARMLESS_HEADER = re.compile(
    r"\.(?:accept[\w-]*|content-type|user-agent|(?:http-)?referer|x-title|origin|host|cache-control|connection"
    r"|[\w-]*-(?:version|beta))$",
    re.IGNORECASE,
)
_URL_WITH_CREDENTIALS = re.compile(
    r"[A-Za-z][\w+.-]*://(?:[^\s/?#]*:[^\s/?#]+@\S*|\S*[?&][\w.-]*(?:token|key|secret|passw|sig|auth)[\w.-]*=\S+)",
    re.IGNORECASE,
)
_KEYLESS = ("provider.opencode.apiKey", "public")
"""What every opencode has in place of a key for its own cloud, which nobody chose and nobody can change."""


def harvest_config(body: bytes) -> tuple[Entry, ...]:
    """Secrets of a `GET /config` answer, named by their path: `provider.acme.apiKey`.

    Raises `UpstreamError` for what is not JSON."""
    return _harvest(body, "")


def harvest_providers(body: bytes) -> tuple[Entry, ...]:
    """Secrets of a `GET /config/providers` or `GET /provider` answer: `provider.acme.key`.

    Raises `UpstreamError` for what is not JSON."""
    return _harvest(body, "provider")


def _harvest(body: bytes, prefix: str) -> tuple[Entry, ...]:
    try:
        value = decode(body.decode("utf-8"))
    except ValueError:
        raise UpstreamError("the server's configuration is not the JSON that was expected") from None
    found = []
    for path, text in leaves(value):
        if not text or not _is_secret(path, text):
            continue
        name = re.sub(r"^(?:all|providers)\.", f"{prefix}.", path) if prefix else path
        name = re.sub(r"^(provider\..+?)\.options\.", r"\1.", name)
        if (name, text) == _KEYLESS:
            continue
        found.append((name, Secret(text)))
    return tuple(found)


def _is_secret(path: str, text: str) -> bool:
    """Say whether a setting is taken. The built-in catalogue has tens of thousands, so the end of the path decides."""
    end = ".".join(path.rsplit(".", 3)[-3:])
    taken = _SECRET_NAME.search(end) or _CONTAINER.search(end)
    if not taken and not ("://" in text and _URL_WITH_CREDENTIALS.fullmatch(text)):
        return False
    return not _ENV_NAMES.search(end) and not _HARMLESS_HEADER.search(end)
