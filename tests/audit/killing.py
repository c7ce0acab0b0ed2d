"""Kills a writer at random instants, and says what is in its ledger afterwards: run as a program, by the test.

    python -m tests.audit.killing DIRECTORY ROUNDS SEED [SOCKETS PORT DATABASE]

It forks: a writer that had to import everything first would take longer to start than to kill. Each round goes on with
the ledger that the last one left; some begin a new one.
"""

from __future__ import annotations

import json
import os
import random
import select
import shutil
import signal
import sys
import traceback
from contextlib import closing
from pathlib import Path
from typing import Final, NoReturn

import msgspec

from egress_proxy.audit import Ledger, Terms, reading
from egress_proxy.audit.ed25519 import Signer
from egress_proxy.audit.places import Place, PostgresPlace, SqlitePlace
from egress_proxy.audit.store import Database
from egress_proxy.audit.verify import Verdict, Verifier
from egress_proxy.errors import EgressError
from tests.audit.kit import record

ROUNDS_OF_A_LEDGER: Final = 10
_TERMS: Final = Terms(checkpoint_records=7, checkpoint_seconds=1e9, segment_records=100, retention_days=1)
_MOST_ACKNOWLEDGED: Final = 12
_SECONDS: Final = 0.003


def write(place: Place, prefix: str, acknowledge: int, seed: int) -> NoReturn:
    """Write records until somebody stops it, and say after each write how many there are."""
    chance = random.Random(seed)
    ledger = Ledger(place.state_dir, _TERMS, place=place)
    number = 0
    while True:
        batch = [record(0, id=f"{prefix}{number + one}") for one in range(chance.randint(1, 4))]
        ledger.append(batch)
        number += len(batch)
        os.write(acknowledge, f"{number}\n".encode())
        if chance.random() < 0.1:
            ledger.tend()


def kill_one(place: Place, prefix: str, chance: random.Random) -> int:
    """Start a writer, kill it at a random instant, and give how many of its records it called kept."""
    said, acknowledge = os.pipe()
    seed = chance.getrandbits(32)
    child = os.fork()
    if not child:
        try:
            write(place, prefix, acknowledge, seed)
        except BaseException:  # noqa: BLE001  none is expected: whoever reads of the failure wants to know which it was
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(1)
    os.close(acknowledge)
    heard = b""
    wanted = chance.randint(0, _MOST_ACKNOWLEDGED)
    while heard.count(b"\n") < wanted and (news := os.read(said, 4096)):
        heard += news
    select.select([], [], [], chance.random() * _SECONDS)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        raise SystemExit("a writer ended by itself")
    while news := os.read(said, 4096):
        heard += news
    os.close(said)
    return int(heard.split(b"\n")[-2]) if b"\n" in heard else 0


def place_of(state: Path, server: list[str]) -> Place:
    """The state directory, or a ledger of its name on a server in PostgreSQL."""
    if not server:
        return SqlitePlace(state)
    sockets, port, database = server
    url = f"postgresql://proxy@{sockets.replace('/', '%2F')}:{port}/{database}"
    return PostgresPlace(state, Database(url=url, ledger=f"box-{state.name}"))


def found(place: Place) -> tuple[Verdict, set[str]] | None:
    """What the verifier says of a ledger, and the ids of its records; None if there is none."""
    try:
        with closing(reading.opened(place, doctored=True)) as reader:
            told = reading.verify(reader, Verifier([public(place.state_dir)]), lambda _: None)
            kept = {msgspec.json.decode(row.line).get("id", "") for row in reader.rows()}
    except (EgressError, FileNotFoundError):
        return None
    return (told, kept) if told.entries else None


def main(directory: str, rounds: str, seed: str, *server: str) -> None:
    chance = random.Random(int(seed))
    acknowledged = entries = unsigned = 0
    wrong: list[str] = []
    expected: set[str] = set()
    for number in range(int(rounds)):
        state = Path(directory) / str(number // ROUNDS_OF_A_LEDGER)
        if not state.exists():
            state.mkdir()
            expected = set()
        place = place_of(state, list(server))
        kept = kill_one(place, f"r{number}-", chance)
        acknowledged += kept
        expected |= {f"r{number}-{one}" for one in range(kept)}
        now = found(place)
        if now is None:
            wrong += [f"round {number}: no ledger"] * bool(expected)
            continue
        told, there = now
        wrong += [f"round {number}: {one.told}" for one in told.findings]
        missing = expected - there
        wrong += [f"round {number}: {len(missing)} records are missing"] * bool(missing)
        entries, unsigned = entries + told.entries, unsigned + told.unsigned
    shutil.rmtree(directory)
    print(json.dumps({"acknowledged": acknowledged, "entries": entries, "unsigned": unsigned, "wrong": wrong[:20]}))


def public(state: Path) -> str:
    """The key, which there is before the first entry; the list of public keys may not be there yet."""
    return Signer.read(state / "audit.key").public


if __name__ == "__main__":
    main(*sys.argv[1:])
