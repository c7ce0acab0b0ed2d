"""Kills who seals and records at random instants, and says whether all that records name is kept: run as a program.

python -m tests.evidence.killing DIRECTORY ROUNDS SEED
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sys
from contextlib import closing
from pathlib import Path
from typing import NoReturn

from egress_proxy.audit import Ledger
from egress_proxy.config import Evidence
from egress_proxy.evidence import EvidenceStore, unseal
from egress_proxy.evidence.checking import Named, Notes, State, check
from egress_proxy.evidence.store import Reader
from egress_proxy.metrics import Metrics
from egress_proxy.model import Finding, Judgement, Verdict
from egress_proxy.server.evidence import Judged, Sealing
from tests.audit.kit import record
from tests.evidence.kit import ONE
from tests.kit.ledger import records

JUDGED = Judged(("it is kept",), Judgement(("it is […]",), Verdict.REDACTED, (), (Finding(0, 6, 10, "mark"),)))


def write(state: Path, prefix: str, acknowledge: int, seed: int) -> NoReturn:
    """Seal and record until somebody stops it, and say after each write how many there are."""
    chance = random.Random(seed)
    ledger = Ledger(state)
    sealing = Sealing(EvidenceStore(state / "evidence.db"), [ONE.public], Evidence(days=0), ledger.name, Metrics())
    number = 0
    while True:
        batch = [record(0, id=f"{prefix}{number + one}") for one in range(chance.randint(1, 3))]
        outcomes = sealing.seal([(one, JUDGED) for one in batch])
        ledger.append([one for one, _ in outcomes])
        number += len(batch)
        os.write(acknowledge, f"{number}\n".encode())


def kill_one(state: Path, prefix: str, chance: random.Random) -> int:
    """Start a writer, kill it at a random instant, and give how many of its records it called kept."""
    said, acknowledge = os.pipe()
    seed = chance.getrandbits(32)
    child = os.fork()
    if not child:
        try:
            write(state, prefix, acknowledge, seed)
        finally:
            os._exit(1)
    os.close(acknowledge)
    heard, wanted = b"", chance.randint(0, 5)
    while heard.count(b"\n") < wanted and (news := os.read(said, 4096)):
        heard += news
    select.select([], [], [], chance.random() * 0.005)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        raise SystemExit("a writer ended by itself")
    while news := os.read(said, 4096):
        heard += news
    os.close(said)
    return int(heard.split(b"\n")[-2]) if b"\n" in heard else 0


def faults(state: Path, expected: set[str]) -> tuple[list[str], int]:
    """What is wrong, and how many originals no record names."""
    kept = {one["id"]: one for one in records(state) if one["evidence"]}
    wrong = [f"{len(expected - set(kept))} records are missing"] * bool(expected - set(kept))
    ledger = Ledger(state)
    ledger.close()
    named = [Named(one["id"], one["time"], one["evidence"]) for one in kept.values()]
    with closing(Reader(state / "evidence.db")) as reader:
        found = list(check(named, ledger.name, Notes(), reader))
        last = reader.load(named[-1].name) if named else None
        wrong += [] if last is None or unseal(last, [ONE]).excerpts else ["it does not open"]
    wrong += [f"{one.record} is {one.state}" for one in found if one.state not in {State.KEPT, State.UNNAMED}]
    return wrong, sum(one.state is State.UNNAMED for one in found)


def main(directory: str, rounds: str, seed: str) -> None:
    chance, state = random.Random(int(seed)), Path(directory)
    expected: set[str] = set()
    wrong: list[str] = []
    unnamed = 0
    for number in range(int(rounds)):
        kept = kill_one(state, f"r{number}-", chance)
        expected |= {f"r{number}-{one}" for one in range(kept)}
        if (state / "evidence.db").exists():
            told, unnamed = faults(state, expected)
            wrong += [f"round {number}: {one}" for one in told]
    print(json.dumps({"acknowledged": len(expected), "unnamed": unnamed, "wrong": wrong[:20]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
