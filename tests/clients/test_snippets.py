"""The snippets of docs/connecting.md run as they stand there, but for the address, directory and model."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.clients.driver import MissingClient, interpreter, node_binary
from tests.conftest import Proxied

pytestmark = pytest.mark.e2e

PAGE = Path(__file__).parents[2] / "docs" / "connecting.md"
SNIPPETS = re.findall(r"^```(js|python)\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
_TIMEOUT_S = 120


def filled(proxied: Proxied, snippet: str) -> str:
    """Put this server's values in the place of the page's. The packages of an SDK's releases stand side by side."""
    values = {
        "https://proxy.example": proxied.proxy.url,
        "/srv/projects/shop": str(proxied.world.project),
        "qwen3-coder-30b": "small",
        '"@opencode-ai/sdk"': f'"sdk-{proxied.bare.version}"',
    }
    for name, value in values.items():
        snippet = snippet.replace(name, value)
    return snippet


@pytest.mark.parametrize(("language", "snippet"), SNIPPETS, ids=["sdk", "opencode-client-python", "opencode-ai"])
def test_a_snippet_prints_the_reply(opencode_version: str, proxied: Proxied, language: str, snippet: str) -> None:
    try:
        home = interpreter().parents[2]
        command = [node_binary(), "--input-type=module", "--eval"] if language == "js" else [str(interpreter()), "-c"]
    except MissingClient as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
    done = subprocess.run(
        [*command, filled(proxied, snippet)],
        cwd=home,
        env={"PATH": os.environ.get("PATH", os.defpath), "TOKEN": proxied.proxy.token},
        capture_output=True,
        timeout=_TIMEOUT_S,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"\[ ?'Done\.' ?\]\n", done.stdout)
