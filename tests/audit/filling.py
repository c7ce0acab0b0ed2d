"""Fills a disk of one megabyte with a ledger, makes room, makes it read-only, and takes the database away.

    unshare --user --map-root-user --mount python -m tests.audit.filling DIRECTORY

It says what the ledger said each time, and what was missing or wrong afterwards.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from egress_proxy.audit import Ledger
from egress_proxy.errors import AuditError, StartError
from tests.audit.kit import record, verdict
from tests.kit.ledger import records


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def failure(ledger: Ledger, number: int) -> str:
    """What the ledger says when it is to keep a record; empty if it does."""
    try:
        ledger.append([record(number, directory="/" + "x" * 400)])
    except AuditError as error:
        return str(error)
    return ""


def start_failure(state: Path) -> str:
    try:
        Ledger(state).close()
    except StartError as error:
        return str(error)
    return ""


def main(directory: str) -> None:
    mount("-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", directory)
    state = Path(directory)
    ballast = state / "ballast"
    ballast.write_bytes(bytes(200_000))
    ledger, number = Ledger(state), 0
    while not (first := failure(ledger, number)):
        number += 1
    told: dict[str, object] = {"kept before": number}
    told["full"] = [text.rpartition(" ")[2] for text in (first, failure(ledger, number), failure(ledger, number))]
    kept = {f"egr_{one}" for one in range(number)}
    wrong = [one.told for one in verdict(state).findings]
    ballast.unlink()
    wrong += ["with room again: " + text for text in [failure(ledger, 1_000_000)] if text]
    ledger.close()
    mount("-o", "remount,ro", directory)
    told["start on a read-only disk"] = start_failure(state)
    mount("-o", "remount,rw", directory)
    ledger = Ledger(state)
    wrong += ["writable again: " + text for text in [failure(ledger, 1_000_002)] if text]
    kept |= {"egr_1000000", "egr_1000002"}
    wrong += [one.told for one in verdict(state).findings]
    wrong += [f"missing: {len(rest)}" for rest in [kept - {one["id"] for one in records(state)}] if rest]
    for file in state.glob("audit.db*"):
        file.unlink()
    told["lost"] = failure(ledger, 1_000_003)
    ledger.close()
    wrong += ["a lost ledger is begun anew"] * (not start_failure(state))
    (state / "audit.pub").unlink()
    while True:
        try:
            with ballast.open("ab") as more:
                more.write(bytes(4096))
        except OSError:
            break
    told["start on a full disk"] = start_failure(state)
    print(json.dumps({**told, "wrong": wrong}))


if __name__ == "__main__":
    main(*sys.argv[1:])
