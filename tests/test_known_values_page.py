"""docs/known-values.md tells the truth: its tables are complete, its configuration loads, its commands do as shown."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from egress_proxy.config import Source, load
from egress_proxy.config.sources import OPTIONS
from egress_proxy.scan.policy import Why
from egress_proxy.server.known import MAX_GROWTH
from egress_proxy.server.watched import MORE_BYTES, MORE_VALUES
from tests.config.conftest import Site

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "known-values.md").read_text("utf-8")
VPN = "velvet" + "Anchor" + "58"
LEGACY = (
    '{"db": {"password": "' + "copper" + "Lantern" + '73", "port": "5432"},'
    ' "queue": {"url": "amqp://app:' + "marble" + "Willow" + '91@queue.internal/"}}'
)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path.resolve())


def table(first: str) -> list[list[str]]:
    """Give the cells of the rows of the table whose head begins with `first`."""
    rows = PAGE.partition(f"| {first} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_every_source_has_its_row_with_its_options() -> None:
    rows = {row[0].strip("`"): row[3] for row in table("key")}
    assert set(rows) == set(Source)
    for source in Source:
        assert sorted(re.findall(r"`([a-z_]+)`", rows[source])) == sorted(OPTIONS.get(source, ())), source


def test_every_reason_has_its_row() -> None:
    assert table("reason") == [[f"`{why.value}`", why.told] for why in Why]


def test_the_bound_is_the_one_in_force() -> None:
    assert f"{MAX_GROWTH:,} values" in PAGE
    assert f"{MORE_VALUES:,} values or half a megabyte" in PAGE
    assert MORE_BYTES == 524_288


def test_the_configuration_is_valid(site: Site) -> None:
    (text,) = blocks("yaml")
    for path in re.findall(r"(?<=[ \[])/[\w/.-]+", text):
        real = site.root / "named" / path.lstrip("/")
        real.parent.mkdir(parents=True, exist_ok=True)
        real.touch(mode=0o700)
        text = re.sub(rf"(?<=[ \[]){re.escape(path)}(?=[,\s])", str(real), text)
    config = load(site.write(site.write().read_text() + text))
    assert len(config.known_values) == 8


class Shell:
    """Runs the page's commands, with the proxy's configuration and a `pass` that knows one password."""

    def __init__(self, site: Site) -> None:
        config = site.write(state_dir=str(site.root / "state"))
        tools = site.project("tools")
        self.directory = site.project("work")
        python = f'exec {sys.executable} -m egress_proxy "$@" --config {config}\n'
        for name, line in {"egress-proxy": python, "pass": f"printf %s {VPN}\n"}.items():
            (tools / name).write_text(f"#!/bin/sh\n{line}")
            (tools / name).chmod(0o755)
        (self.directory / "legacy.json").write_text(LEGACY)
        modules = f"{ROOT}:{os.environ['PYTHONPATH']}"
        self.environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "PYTHONPATH": modules}

    def run(self, line: str) -> str:
        done = subprocess.run(
            ["/bin/sh", "-c", line],
            cwd=self.directory,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert VPN not in done.stdout
        told = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", "TIME", done.stdout)
        return re.sub(r"\b[0-9a-f]{16}\b", "ID", told)


def shown() -> Iterator[tuple[str, str]]:
    """Each command of the page, in order, and what is printed below it."""
    for block in blocks("console"):
        for command, output in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
            yield command, re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", "TIME", output)


@pytest.mark.skipif(not Path("/usr/bin/rev").exists(), reason="the page uses `rev`")
def test_the_commands_do_what_is_shown(site: Site) -> None:
    shell = Shell(site)
    commands = list(shown())
    assert len(commands) == 10
    for command, output in commands:
        assert shell.run(command) == output, command
