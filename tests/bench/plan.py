"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Numbers of rounds and of texts, and how long one lasts."""

    known_values: int = 1_000  # that the proxy watches for, wherever it is not said otherwise
    reply_rounds: int = 4
    reply_seconds: float = 2.0
    histories: tuple[tuple[int, int], ...] = ((1_000_000, 9), (10_000_000, 5), (100_000_000, 2))  # bytes, rounds
    # Characters of a text; texts a round of ours and of detect-secrets', which takes 6 s for a megabyte; rounds.
    rules: tuple[tuple[int, int, int, int], ...] = ((1_024, 200, 50, 5), (16_384, 40, 4, 5), (1_000_000, 4, 1, 2))
    planted: tuple[int, int] = (8_192, 6)  # characters and number of texts with secrets, of each sort
    value_counts: tuple[int, ...] = (10, 1_000, 10_000, 100_000)
    value_seconds: float = 60.0  # a size that takes longer to measure is given up on
    rate_characters: int = 1_000_000  # of each sort of text, in texts of 16 KB
    gate: tuple[tuple[int, int, int], ...] = ((1_024, 400, 3), (4_096, 300, 3), (65_536, 60, 3), (1_000_000, 10, 3))
    gate_seconds: float = 1.0  # of load through the passthrough and the whole proxy, for each size
    stall_rounds: int = 3
    stall_seconds: float = 2.0
    # Clients, sessions of each, readers of all; frames of a directory under way at a time; rounds; seconds of each.
    readers: tuple[int, int, int] = (10, 5, 1_000)
    reader_windows: tuple[int, ...] = (1, 32)
    reader_rounds: int = 3
    reader_seconds: float = 3.0
    soak_seconds: float = 180.0  # by half of it, all that is kept up to a bound has come to it
    deltas: tuple[int, int, int] = (4_000, 4, 3)  # characters of a text that grows, texts of each sort, rounds
    delta_seconds: float = 0.002  # between two of its pieces, of four characters
    audit: tuple[int, int, float] = (100, 5, 3.0)  # answers at a time, rounds, seconds of each
    worst_characters: int = 262_144
    worst_seconds: float = 20.0  # for one text, before it is given up on


FULL = Plan()
QUICK = Plan(
    known_values=10,
    reply_rounds=1,
    reply_seconds=0.3,
    histories=((200_000, 1),),
    rules=((1_024, 4, 2, 1),),
    planted=(1_024, 1),
    value_counts=(10,),
    rate_characters=20_000,
    gate=((1_024, 5, 1), (4_096, 3, 1)),
    gate_seconds=0.2,
    stall_rounds=1,
    stall_seconds=0.3,
    readers=(2, 2, 20),
    reader_rounds=1,
    reader_seconds=0.3,
    soak_seconds=1.0,
    deltas=(800, 1, 1),
    audit=(5, 1, 0.3),
    worst_characters=8_192,
)
"""Enough to see that it works. The figures mean nothing."""
