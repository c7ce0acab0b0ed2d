"""What a check of `egress-proxy doctor` gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum

from msgspec import Struct

from egress_proxy.config import Config


class Grade(StrEnum):
    """How it stands."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Check(Struct, frozen=True):
    """One finding. `do` says what to do about it."""

    name: str
    grade: Grade
    told: str
    do: str = ""


Look = Callable[[Config], Iterator[Check]]
