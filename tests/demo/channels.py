"""The ways out, each asked of bare opencode and of the proxy: what a client of either would hold in its hands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.demo.stage import Stage


@dataclass(frozen=True)
class Row:
    """One channel: the names that came out of bare opencode and through the proxy, and the proxy's status."""

    channel: str
    bare: tuple[str, ...]
    proxied: tuple[str, ...]
    status: int
    reason: str


def compare(on: Stage, session: str) -> list[Row]:
    """Ask both for everything that leaks."""
    rows = [_row(on, name, path, on.world.project) for name, path in _channels(session).items()]
    return [
        *rows,
        _row(on, "a directory that is not the client's", "/file/content?path=secret.txt", on.world.forbidden),
    ]


def _channels(session: str) -> dict[str, str]:
    return {
        "messages of the session": f"/session/{session}/message",
        "the session and its title": f"/session/{session}",
        "resolved configuration": "/config",
        "the same, spelt /%63onfig": "/%63onfig",
        "the same, spelt //config": "//config",
        "global configuration": "/global/config",
        "providers with keys": "/config/providers",
        "any file": "/file/content?path=.env",
        "search in files": "/find?pattern=TOKEN",
        "uncommitted changes": "/vcs/diff?mode=git",
    }


def _row(on: Stage, name: str, path: str, directory: Path) -> Row:
    through = on.proxy.client(directory).get(path)
    bare = on.opencode.client(directory).get(path)
    reason = through.json["data"]["reason"] if through.status >= 400 else ""
    leaks = on.canaries.leaks
    return Row(name, tuple(leaks(bare.everything)), tuple(leaks(through.everything)), through.status, reason)
