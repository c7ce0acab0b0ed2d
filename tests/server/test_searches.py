"""What a search gives tells nothing of what does not cross: whether an entry is there depends on the text that was
looked for, so whoever asks letter by letter would read what is redacted."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.rig import SECOND, SESSION, Rig, answer, rig

TOKEN = "ghp_" + "8Kx2mQ9vTz4Rb7Lw3Nc6Yd1Hf5Js0Pa2Ge4U"
NAMES = [f"keys/{TOKEN}.txt", "README.md", "docs/README.md"]


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path) as started:
        yield started


def titled(proxy: Rig, session: str, title: str) -> dict[str, Any]:
    return {"id": session, "title": title, "directory": proxy.directory, "time": {"created": 1, "updated": 1}}


async def _titles(proxy: Rig, query: str) -> list[str]:
    sessions = [titled(proxy, SESSION, f"Use {TOKEN} here"), titled(proxy, SECOND, "Use the other")]
    proxy.upstream.answers["GET /session"] = answer(json.dumps(sessions).encode())
    status, body, _ = await proxy.ask("GET", f"/session{query}")
    assert status == 200
    return [one["title"] for one in json.loads(body)]


async def _names(proxy: Rig, query: str) -> list[str]:
    proxy.upstream.answers["GET /find/file"] = answer(json.dumps(NAMES).encode())
    status, body, _ = await proxy.ask("GET", f"/find/file?{query}")
    assert status == 200
    return list(json.loads(body))


async def test_a_session_is_not_found_by_what_is_redacted_in_its_title(proxy: Rig) -> None:
    assert await _titles(proxy, f"?search={TOKEN[:5]}") == ["Use the other"]
    shown = await _titles(proxy, "")
    assert len(shown) == 2
    assert TOKEN not in shown[0]


async def test_a_file_is_not_found_by_what_is_redacted_in_its_name(proxy: Rig) -> None:
    assert await _names(proxy, f"query={TOKEN[:5]}") == NAMES[1:]


async def test_what_does_not_cross_takes_no_place_of_what_does(proxy: Rig) -> None:
    assert await _titles(proxy, "?search=Use&limit=1") == ["Use the other"]
    assert await _names(proxy, "query=e&limit=1") == ["README.md"]
    asked = b"".join(proxy.upstream.heads)
    assert b"search=Use&limit=1000" in asked
    assert b"query=e&limit=200" in asked


async def test_a_list_that_is_no_search_is_as_long_as_it_was_asked_for(proxy: Rig) -> None:
    await _titles(proxy, "?limit=1")
    assert b"?limit=1 " in b"".join(proxy.upstream.heads)
