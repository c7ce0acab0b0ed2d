"""Run the demonstration and say what crossed. Exit 0: nothing secret did; 1: something did; 3: could not run."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.demo.channels import Row, compare
from tests.demo.stage import Stage, encode, harmless, rotate, spell, stage
from tests.demo.task import Driver
from tests.kit.binaries import VERSIONS, MissingBinary
from tests.kit.opencode import OpenCodeFailed
from tests.kit.proxy import ProxyFailed

_SHOWN_METRICS = (
    "egress_redactions_total{",
    "egress_refusals_total{",
    "egress_alerts_total{",
    "egress_requests_total{",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--version", choices=VERSIONS, default=VERSIONS[-1], help="the opencode to run")
    version = parser.parse_args().version
    started = time.monotonic()
    _say(f"Starting opencode {version}, a scripted model, a project with planted secrets, and the proxy …")
    try:
        with tempfile.TemporaryDirectory(prefix="egress-demo-") as root, stage(version, Path(root)) as on:
            crossed = _perform(on)
    except (MissingBinary, OpenCodeFailed, ProxyFailed) as error:
        print(f"demo: could not run: {error}", file=sys.stderr)
        return 3
    _say(f"Took {time.monotonic() - started:.0f} s.")
    if crossed:
        print(f"\nRESULT: LEAKED through the proxy: {', '.join(crossed)}")
        return 1
    print("\nRESULT: nothing secret crossed the proxy, and the task was done.")
    return 0


def _perform(on: Stage) -> list[str]:
    ocode = Driver(on)
    session = ocode("new").strip()
    for prompt in (rotate(on), encode(on), spell(on), harmless(on)):
        ocode("prompt", session, prompt)
    for arguments in (("read", session, "--full"), ("sessions",), ("diff", session)):
        ocode(*arguments)
    _show_task(ocode)
    rows = compare(on, session)
    _show_rows(rows)
    ocode("rm", session)
    _show_evidence(on)
    return _verdict(on, ocode, rows)


def _verdict(on: Stage, ocode: Driver, rows: Sequence[Row]) -> list[str]:
    """Everything that would make the demonstration a failure, by name."""
    wrong = [f"{name} in ocode's output" for name in on.canaries.leaks(ocode.everything)]
    wrong += [f"{name} in {row.channel}" for row in rows for name in row.proxied]
    wrong += [f"{name} in the proxy's log, state or metrics" for name in on.canaries.leaks(on.proxy.traces())]
    if not any(row.bare for row in rows):
        wrong.append("(nothing came out of bare opencode: the demonstration proves nothing)")
    if b"All 14 tests pass." not in ocode.everything or on.canaries["ROTATED_DB_PASSWORD"] not in _env(on):
        wrong.append("(the task was not done)")
    return wrong


def _env(on: Stage) -> str:
    return on.world.env_file.read_text(encoding="utf-8")


def _show_task(ocode: Driver) -> None:
    _head("What the cloud agent ran, and what it saw ([[script:…]] tells the scripted model what to say)")
    for ran in ocode.ran:
        print(f"$ {ran.command}")
        for line in ran.output.decode("utf-8", "replace").splitlines():
            print(f"    {line}")
        if ran.exit_code:
            print(f"    (exit {ran.exit_code})")


def _show_rows(rows: Sequence[Row]) -> None:
    _head("The same questions to bare opencode and through the proxy (names of the secrets in the answer)")
    width = max(len(row.channel) for row in rows)
    for row in rows:
        through = "LEAK: " + ", ".join(row.proxied) if row.proxied else f"nothing ({row.reason or row.status})"
        print(f"{row.channel:<{width}}  through the proxy: {through}")
        print(f"{'':<{width}}  bare opencode:     {', '.join(row.bare) or 'nothing'}")


def _show_evidence(on: Stage) -> None:
    lines = on.proxy.audit_lines()
    _head(f"Audit: {len(lines)} exchanges were not clean; the last three")
    for line in lines[-3:]:
        print(json.dumps({key: value for key, value in line.items() if value not in ("", [], 0)}))
    kinds = sorted({reason for line in lines for reason in line["reasons"]})
    print(f"reasons on record: {', '.join(kinds)}")
    verified = on.proxy.command("audit", "verify", "--config", str(on.proxy.config_file))
    print(f"egress-proxy audit verify: {verified.stdout.decode().strip()}")
    _head("Metrics")
    for line in on.proxy.metrics().splitlines():
        if line.startswith(_SHOWN_METRICS) and 'verdict="clean"' not in line:
            print(line)


def _head(text: str) -> None:
    print(f"\n== {text}")


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
