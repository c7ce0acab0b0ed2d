"""Where a call may run is looked up anew: what a root was at the start does not count."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from egress_proxy.server.places import real
from tests.server.rig import SESSION, Rig, answer, rig


def turn_into_a_link(proxy: Rig, elsewhere: Path) -> None:
    """Put a symbolic link in the place of the client's root, as the local agent could."""
    elsewhere.mkdir()
    root = Path(proxy.directory)
    root.rmdir()
    root.symlink_to(elsewhere)


@pytest.mark.parametrize(
    ("path", "upstream"),
    [
        (f"/session/{SESSION}/message", "[]"),
        ("/session/status", "{}"),
        ("/permission", "[]"),
    ],
)
async def test_a_root_that_became_a_link_is_refused_though_nobody_names_it(
    tmp_path: Path, path: str, upstream: str
) -> None:
    """Also where it is not the default one, and the client names none."""
    async with rig(tmp_path, Path("/")) as proxy:
        proxy.upstream.answers[f"GET {path}"] = answer(upstream.encode())
        assert await proxy.reason("GET", path) == ""
        turn_into_a_link(proxy, tmp_path / "elsewhere")
        asked = len(proxy.upstream.asked)
        assert await proxy.reason("GET", path) == "directory_forbidden"
        assert len(proxy.upstream.asked) == asked


@pytest.mark.parametrize(
    ("current", "reason"),
    [
        (
            answer(json.dumps({"id": "p", "worktree": "/", "time": {"created": 1, "updated": 1}}).encode()),
            "diff_unavailable",
        ),
        (answer(b"", "500 Internal Server Error"), "upstream_error"),
        (answer(b"{}"), "answer_shape"),
    ],
    ids=["no git", "failed", "another shape"],
)
async def test_an_empty_diff_says_why_it_is_empty(tmp_path: Path, current: bytes, reason: str) -> None:
    """Not that there is no git where it could not be found out."""
    async with rig(tmp_path) as proxy:
        proxy.upstream.answers[f"GET /session/{SESSION}/diff"] = answer(b"[]")
        proxy.upstream.answers["GET /project/current"] = current
        assert await proxy.reason("GET", f"/session/{SESSION}/diff") == reason


def test_a_real_path_is_what_the_library_says(tmp_path: Path) -> None:
    """Whatever is a link, missing, no directory, or spelt in another way."""
    base = tmp_path.resolve()
    (base / "a" / "b").mkdir(parents=True)
    (base / "file").write_text("")
    (base / "link").symlink_to(base / "a")
    (base / "a" / "up").symlink_to("..")
    (base / "loop").symlink_to(base / "loop")
    (base / "gone").symlink_to(base / "nowhere")
    plain = [
        "/",
        "/a",
        "/a/",
        "/a/b",
        "/a//b",
        "/a/./b",
        "/a/../a",
        "/a/..",
        "/file",
        "/file/x",
        "/missing",
        "/missing/x",
    ]
    linked = ["/link", "/link/b", "/a/up", "/a/up/a/b", "/a/up/link/b/..", "/loop", "/loop/x", "/gone", "/gone/x"]
    paths = [str(base), *(f"{base}{rest}" for rest in (*plain, *linked)), "/", "//", f"/{base}", "relative", ".", ""]
    for path in paths:
        assert real(path) == os.path.realpath(path), path
