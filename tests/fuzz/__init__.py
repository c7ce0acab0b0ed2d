"""Coverage-guided fuzzing: each target is a module with `one(data)`, which raises when an invariant does not hold.

    python -m tests.fuzz admission --seconds 600     looks for inputs that nobody thought of (atheris)
    pytest tests/fuzz                                replays those that were found worth keeping, without atheris

A target builds its input from bytes by `Given`, so that a mutation of the bytes is a mutation of what they mean.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

CORPUS: Final = Path(__file__).parent / "corpus"
"""Inputs, a directory a target, that together reach all that was ever reached."""
TARGETS: Final = ("admission", "frames", "gates", "ledger", "projection", "scanning")
