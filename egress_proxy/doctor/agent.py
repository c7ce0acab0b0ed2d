"""What opencode itself was told: whether it publishes sessions, what it asks for, where its model is, what it has.

The proxy guards what comes back through opencode's API. What opencode sends elsewhere by itself is seen here only.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from egress_proxy.config import Config, read_password
from egress_proxy.doctor.grades import Check, Grade
from egress_proxy.setup.opencode import configuration
from egress_proxy.setup.processes import servers

_NAME: Final = "local agent"
_ASKED: Final = {"bash": "allow", "webfetch": "allow", "read": "ask", "external_directory": "ask"}
"""What can give values away, and what opencode does where nothing is said of it."""
_LOCAL_NAMES: Final = re.compile(r"localhost|[^.]+|.+\.(?:local|localhost|internal|lan|home\.arpa|intranet|test)")
_CLOUD_KEY: Final = re.compile(
    r"[A-Z0-9_]+_API_KEY|AWS_(?:SECRET_ACCESS_KEY|ACCESS_KEY_ID|BEARER_TOKEN_BEDROCK)"
    r"|GOOGLE_APPLICATION_CREDENTIALS|(?:GITHUB|GITLAB|HF|CLOUDFLARE|ANTHROPIC_AUTH)_(?:API_)?TOKEN"
)
_MOST: Final = 5


def agent(config: Config) -> Iterator[Check]:
    """Look at opencode's configuration in each directory, and at the process that serves."""
    password = read_password(config.upstream)
    place = config.verify.directory
    seen: set[Check] = set()
    for directory in config.directories:
        if place is None or not Path(directory).is_relative_to(place):
            settings = configuration(config.upstream.url, password, directory)
            seen |= {*_sharing(settings), *_asking(settings), *_models(settings, config.models)}
    yield from sorted(seen, key=lambda one: (one.grade, one.told))
    yield from environment(config)


def _sharing(settings: dict[str, Any]) -> Iterator[Check]:
    share = settings.get("share")
    if share == "auto" or settings.get("autoshare") is True:
        told = "opencode publishes every session: `share` is `auto`"
        yield Check(_NAME, Grade.FAIL, told, 'set "share": "disabled" in its opencode.json, and restart it')
    elif share != "disabled":
        yield Check(_NAME, Grade.WARN, "opencode can publish sessions", 'set "share": "disabled" in its opencode.json')


def _asking(settings: dict[str, Any]) -> Iterator[Check]:
    """What is done without asking anybody. A rule for some of its patterns is taken for one that was thought about."""
    given = settings.get("permission")
    rules: dict[str, Any] = given if isinstance(given, dict) else {}
    general = given if isinstance(given, str) else rules.get("*")
    free = []
    for what, default in _ASKED.items():
        rule = rules.get(what, general if isinstance(general, str) else default)
        action = rule.get("*", "") if isinstance(rule, dict) else rule
        if action == "allow" and not (isinstance(rule, dict) and len(rule) > 1):
            free.append(what)
    if free:
        told = f"opencode asks nobody before: {', '.join(free)}"
        do = 'set "permission" in its opencode.json, such as {"bash": "ask", "webfetch": "deny"}'
        yield Check(_NAME, Grade.WARN, told, do)


def _models(settings: dict[str, Any], models: tuple[tuple[str, str], ...]) -> Iterator[Check]:
    """Whether the models that clients may use are at home."""
    providers = settings.get("provider")
    for name in dict.fromkeys(provider for provider, _ in models):
        known = providers.get(name) if isinstance(providers, dict) else None
        options = known.get("options") if isinstance(known, dict) else None
        url = options.get("baseURL") if isinstance(options, dict) else None
        host = _host(url)
        if host is None or not _at_home(host):
            where = "a cloud service" if host is None else f"at {host}, which is no address of a private network"
            told = f"the models of {name} are {where}: what the local agent reads leaves this network"
            yield Check(_NAME, Grade.WARN, told, "decide whether you mean it; models says which clients may use")


def _host(url: object) -> str | None:
    try:
        return urlsplit(url).hostname if isinstance(url, str) else None
    except ValueError:
        return None


def _at_home(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return _LOCAL_NAMES.fullmatch(host.lower().rstrip(".")) is not None


def environment(config: Config) -> Iterator[Check]:
    """Keys of clouds in the environment that opencode was started with: names, never values."""
    port = urlsplit(config.upstream.url).port
    for process in servers():
        names = sorted(name for name in process.names if _CLOUD_KEY.fullmatch(name))
        if process.port == port and names:
            shown = ", ".join(names[:_MOST]) + (" …" if names[_MOST:] else "")
            told = (
                f"opencode was started with {shown}: all that the local agent runs has them, and it may use that cloud"
            )
            yield Check(_NAME, Grade.WARN, told, "start it without them (`env -u NAME …`)")
