"""The scanner on a reply that is already at hand, against detect-secrets as it is used: on a file."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from detect_secrets.core.scan import scan_file
from detect_secrets.settings import default_settings

from egress_proxy.model import Secret, Verdict
from egress_proxy.scan import KnownValues, build_scanner, judge
from tests.bench.history import prose
from tests.bench.plan import Plan
from tests.bench.rounds import Figures, Table, in_turns
from tests.bench.stand import known_values

OURS, THEIRS = "egress-proxy", "detect-secrets"
CHARACTERS: Final = (1_024, 16_384)


@dataclass(frozen=True)
class Scanner:
    """A way to tell whether a text has no secret."""

    name: str
    is_clean: Callable[[str], bool]


def measure(plan: Plan) -> Iterator[tuple[int, Table]]:
    """Give a table of `seconds` (processor time a text) for each length of text."""
    with scanners(plan.known_values) as both:
        for characters in CHARACTERS:
            dice = random.Random(characters)
            texts = [prose(dice, characters) for _ in range(plan.scan_texts)]
            for scanner in both:
                assert all(map(scanner.is_clean, texts)), f"{scanner.name} finds a secret where there is none"

            def one(scanner: Scanner, texts: Sequence[str] = texts) -> Figures:
                started = time.process_time()
                for text in texts:
                    scanner.is_clean(text)
                return {"seconds": (time.process_time() - started) / len(texts)}

            yield characters, in_turns(f"scan of {characters} characters", both, plan.scan_rounds, one)


@contextmanager
def scanners(values: int) -> Iterator[tuple[Scanner, Scanner]]:
    """Give ours, with so many known values, and theirs, with all its plugins."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory, default_settings():
        yield _ours(values), _theirs(Path(directory) / "reply.md")


def _ours(count: int) -> Scanner:
    entries = [(name, Secret(value)) for name, value in known_values(count).items()]
    scanner = build_scanner(KnownValues.build(entries, bytes(32)))

    def is_clean(text: str) -> bool:
        return judge((text,), scanner.scan((text,))).verdict is Verdict.CLEAN

    return Scanner(OURS, is_clean)


def _theirs(file: Path) -> Scanner:
    """It scans files: a text that is at hand has to become one first."""

    def is_clean(text: str) -> bool:
        file.write_text(text, encoding="utf-8")
        return not list(scan_file(str(file)))

    return Scanner(THEIRS, is_clean)
