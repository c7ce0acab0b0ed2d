"""The cloud side on a Unix socket: the same answers, the same token checks, and nobody else may connect."""

from __future__ import annotations

import grp
import os
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from egress_proxy.errors import StartError
from egress_proxy.server.sockets import cloud_unix_socket
from tests.server.rig import TOKEN, Rig, rig

HERE = "http://localhost"


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path) as started:
        yield started


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "cloud.sock")


async def asked(path: str, token: str = "") -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(path)) as client,
        client.get(f"{HERE}/_egress/asks", headers=headers) as response,
    ):
        await response.read()
        return response.status


def content(path: str) -> str | None:
    """A file's text; None if there is no file."""
    file = Path(path)
    return file.read_text(encoding="utf-8") if file.exists() else None


def kept(path: str) -> None:
    Path(path).write_text("kept", encoding="utf-8")


async def test_it_answers_who_has_a_token_and_ends_with_its_file(proxy: Rig, path: str) -> None:
    async with cloud_unix_socket(proxy.cloud, path, None, 10):
        assert [await asked(path, token) for token in (TOKEN, TOKEN + "x", "")] == [200, 401, 401]
        assert stat.S_IMODE(os.lstat(path).st_mode) == 0o600
    assert content(path) is None


async def test_a_group_may_be_let_in(proxy: Rig, path: str) -> None:
    group = grp.getgrgid(os.getegid())
    async with cloud_unix_socket(proxy.cloud, path, group.gr_name, 10):
        found = os.lstat(path)
        assert (stat.S_IMODE(found.st_mode), found.st_gid) == (0o660, group.gr_gid)


async def test_the_socket_of_a_proxy_that_was_killed_is_replaced(proxy: Rig, path: str) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    async with cloud_unix_socket(proxy.cloud, path, None, 10):
        assert await asked(path, TOKEN) == 200


async def test_one_that_is_in_use_is_not(proxy: Rig, path: str) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(path)
        other.listen()
        with pytest.raises(StartError, match="in use"):
            async with cloud_unix_socket(proxy.cloud, path, None, 10):
                pass
        assert stat.S_ISSOCK(os.lstat(path).st_mode)


async def test_what_is_no_socket_is_left_alone(proxy: Rig, path: str) -> None:
    kept(path)
    with pytest.raises(StartError, match="exists"):
        async with cloud_unix_socket(proxy.cloud, path, None, 10):
            pass
    assert content(path) == "kept"
    with pytest.raises(StartError, match="No such file"):
        async with cloud_unix_socket(proxy.cloud, path.replace("cloud", "nowhere/cloud"), None, 10):
            pass
