"""What a start is doing, which takes seconds: a line of the log for each step, and systemd's status of the unit."""

from __future__ import annotations

from enum import StrEnum

from egress_proxy.config import Config, LogForm
from egress_proxy.logs import Saying, begin, say
from egress_proxy.server.notify import notify


class Step(StrEnum):
    """A step of the start, in their order."""

    PROGRAM = "loading the program"
    LEDGER = "opening the audit log"
    OPENCODE = "waiting for opencode"
    VALUES = "reading known values"
    SCANNER = "building and testing the scanner"
    SOCKETS = "opening the sockets"


def doing(step: Step) -> None:
    """Say what comes next."""
    say(Saying.STARTING, step=step.value)
    notify(f"STATUS=starting: {step}")


def begun(config: Config) -> None:
    """Begin the log, and say the first step: before the program is there, which takes a second."""
    begin(structured=config.log.format is LogForm.JSON, level=config.log.level.upper())
    doing(Step.PROGRAM)
