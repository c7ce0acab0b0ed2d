"""docs/benchmarks.md: parts that can be measured one by one. A part that is not measured again keeps its figures."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final

from tests.bench.plan import FULL

PARTS: Final[Mapping[str, str]] = {
    "replies": "A prompt and its reply of 1 KB",
    "histories": "A session's history, 95 % of it tool output",
    "readers": "Many readers of events",
    "soak": "A soak",
    "rules": "The rules against detect-secrets",
    "values": "Known values",
    "gate": "The gate, with everything on",
    "stalls": "A large reply and the event loop",
    "deltas": "Texts that grow",
    "audit": "What recording costs",
    "worst": "The worst texts",
}
"""The parts in their order, with their headings."""
_INTRODUCTION: Final = f"""\
# Benchmarks

Written by `make bench`. Figures are of one run, so what counts is the ratio to the bare passthrough: an aiohttp server
that hands each request to an aiohttp client, reads the whole answer and sends it, without any check. Arms take turns;
each figure is the median of the rounds, each ratio the median of the rounds' own ratios. Client, upstream and proxy
share the machine's processors. The upstream is a stand-in with fixed answers; the proxy is the real command from a
written configuration, with {FULL.known_values:,} known values, and records nothing, since every answer is clean. No
figure is a promise, and no test asserts one.

`python -m tests.bench --only NAME` measures one part, or `scan` for those of the scanner, and leaves the figures of
the others as they were: each says when it ran. The parts are {", ".join(f"`{name}`" for name in PARTS)}.
"""
_NOT_MEASURED: Final = "Not measured.\n"
_PART: Final = re.compile(r"<!-- part: (\w+) -->\n## [^\n]*\n\n(.*?)(?=\n<!-- part: |\Z)", re.DOTALL)


def machine(date: str, load: float) -> str:
    """Say on what this ran. Neither names nor paths of the machine."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("aiohttp", "msgspec", "hyperscan", "detect-secrets"))
    return (
        f"Run on {date}: {os.cpu_count()} cores, {_processor()}, Linux, Python {platform.python_version()},\n"
        f"{packages}. Load average before the run: {load:.1f}.\n"
    )


def parts_measured(text: str) -> dict[str, str]:
    """Give the parts of a page that have been measured, by name."""
    found = {name: body.rstrip("\n") + "\n" for name, body in _PART.findall(text)}
    return {name: body for name, body in found.items() if body != _NOT_MEASURED}


def page(parts: Mapping[str, str]) -> str:
    """Give the whole page. `parts` are what is said under the headings, by name."""
    told = (
        f"<!-- part: {name} -->\n## {heading}\n\n{parts.get(name, _NOT_MEASURED)}" for name, heading in PARTS.items()
    )
    return "\n".join([_INTRODUCTION, *told])


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.machine()
