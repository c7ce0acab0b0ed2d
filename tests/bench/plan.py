"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Numbers of rounds, and how long one lasts."""

    known_values: int = 1_000  # that the proxy and the scanner watch for
    reply_rounds: int = 5
    reply_seconds: float = 3.0
    histories: tuple[tuple[int, int], ...] = ((1_000_000, 9), (10_000_000, 7), (100_000_000, 3))  # bytes, rounds
    scan_rounds: int = 9
    scan_texts: int = 20


FULL = Plan()
QUICK = Plan(
    known_values=10,
    reply_rounds=1,
    reply_seconds=0.3,
    histories=((200_000, 1),),
    scan_rounds=1,
    scan_texts=3,
)
"""Enough to see that it works. The figures mean nothing."""
