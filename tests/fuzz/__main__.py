"""`python -m tests.fuzz TARGET [--seconds N | --runs N]`: let atheris look for inputs that a target fails on.

It starts from the target's corpus. What it finds new is kept in `--into`, by default a directory that is thrown away.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
from pathlib import Path

import atheris

from tests.fuzz import CORPUS, TARGETS

_INSTRUMENTED = {
    "admission": ["egress_proxy.routes"],
    "frames": ["egress_proxy.server.sse"],
    "gates": ["egress_proxy.gates"],
    "ledger": ["egress_proxy.audit"],
    "projection": ["egress_proxy.wire"],
    "scanning": ["egress_proxy.scan"],
}
"""What coverage is counted in."""
_LONGEST = 4096  # bytes of an input
_SLOW_SECONDS = 60  # of one input; the machine may be busy


def main() -> None:
    """Fuzz one target. Ends the process: with 77 if an input was found that fails, which is then left where we are."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz one target.")
    parser.add_argument("target", choices=TARGETS)
    until = parser.add_mutually_exclusive_group()
    until.add_argument("--seconds", type=int, default=60)
    until.add_argument("--runs", type=int, help="so many inputs, always the same ones")
    parser.add_argument("--into", type=Path, help="where to keep inputs that reach something new")
    given = parser.parse_args()
    with atheris.instrument_imports(include=_INSTRUMENTED[given.target]):
        target = importlib.import_module(f"tests.fuzz.{given.target}")
        target.one(b"")  # what is made once takes longer than an input may
    into = given.into or Path(tempfile.mkdtemp(prefix="egress-fuzz-"))
    ends = ["-seed=1", f"-runs={given.runs}"] if given.runs is not None else [f"-max_total_time={given.seconds}"]
    kept = CORPUS / given.target
    atheris.Setup(
        [
            sys.argv[0],
            *ends,
            f"-max_len={_LONGEST}",
            f"-timeout={_SLOW_SECONDS}",
            "-len_control=0",
            "-rss_limit_mb=0",
            f"-artifact_prefix={into}/",
            str(into),
            str(kept),
        ],
        target.one,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
