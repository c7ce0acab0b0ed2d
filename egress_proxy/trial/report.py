"""What a run found: for a person, for a program, and for whoever looks later whether there was one."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from egress_proxy import private
from egress_proxy.errors import StartError
from egress_proxy.tokens import prepare
from egress_proxy.trial.watch import Channel, State

FILE: Final = "verify.json"
_MOST_BYTES: Final = 4096
_MARKS: Final = {State.CLEAN: "ok  ", State.LEAKED: "LEAK", State.NOT_EXERCISED: "?   ", State.ABSENT: "-   "}


class Result(IntEnum):
    """Exit codes of `egress-proxy verify`, and the value of its metric."""

    CLEAN = 0
    LEAKED = 1
    NOT_CHECKED = 3


class Report(Struct, frozen=True):
    """What a run found. `target` says what was asked."""

    target: str
    channels: tuple[Channel, ...]

    @property
    def result(self) -> Result:
        """Clean only if all that there is was tried: what could not be tried is no evidence."""
        states = {channel.state for channel in self.channels}
        if State.LEAKED in states:
            return Result.LEAKED
        if State.NOT_EXERCISED in states or State.CLEAN not in states:
            return Result.NOT_CHECKED
        return Result.CLEAN

    def plain(self) -> dict[str, Any]:
        """Give it as JSON builtins."""
        return {
            "result": self.result.name.lower(),
            "target": self.target,
            "channels": msgspec.to_builtins(self.channels),
        }

    def lines(self) -> Iterator[str]:
        """Give it as a person reads it."""
        width = max((len(channel.name) for channel in self.channels), default=0)
        yield self.target
        for channel in self.channels:
            yield f"  {_MARKS[channel.state]}  {channel.name:<{width}}  {_told(channel)}".rstrip()
        yield self._conclusion()

    def _conclusion(self) -> str:
        count = {state: sum(channel.state is state for channel in self.channels) for state in State}
        tried = f"{count[State.CLEAN]} of {len(self.channels) - count[State.ABSENT]} channels are clean"
        match self.result:
            case Result.CLEAN:
                return f"clean: {tried}; no canary came back"
            case Result.LEAKED:
                return f"LEAKED: {count[State.LEAKED]} channels gave away what must not cross; {tried}"
            case Result.NOT_CHECKED:
                return f"could not check: {count[State.NOT_EXERCISED]} channels were not exercised; {tried}"


def _told(channel: Channel) -> str:
    if channel.state is not State.LEAKED:
        return channel.told
    shown = ", ".join(channel.through[:5]) + (f" and {len(channel.through) - 5} more" if channel.through[5:] else "")
    return "; ".join(filter(None, (", ".join(channel.canaries) or "answered though it must be refused", shown)))


class Last(Struct, frozen=True):
    """The last run, and the last one that was clean. Times are seconds since the epoch, 0 for never."""

    at: float = 0.0
    result: int = Result.NOT_CHECKED
    success: float = 0.0


def last(state_dir: Path) -> Last:
    """Read what is known of the last run. What cannot be read or believed counts as never."""
    try:
        found = msgspec.json.decode(private.read_private(state_dir / FILE, _MOST_BYTES), type=Last)
    except (OSError, private.NotPrivateError, msgspec.MsgspecError, UnicodeDecodeError):
        return Last()
    return found if all(map(math.isfinite, (found.at, found.success))) else Last()


def verified(state_dir: Path) -> tuple[float, int]:
    """Give when a run was last clean, and the result of the last one."""
    found = last(state_dir)
    return found.success, found.result


def keep(state_dir: Path, result: Result, now: float) -> Last:
    """Write down that there was a run. Raise `StartError`."""
    found = Last(now, result, now if result is Result.CLEAN else last(state_dir).success)
    try:
        prepare(state_dir)
        private.replace(state_dir / f"{FILE}.new", state_dir / FILE, msgspec.json.encode(found) + b"\n")
    except OSError as error:
        raise StartError(f"{state_dir}: cannot be written ({error.strerror})") from None
    return found


def export(file: Path, found: Last) -> None:
    """Write the metrics for node_exporter's textfile collector, which reads whole files only. Raise `StartError`."""
    text = (
        "# HELP egress_verify_last_success_timestamp_seconds When `egress-proxy verify` last found nothing; 0: never.\n"
        "# TYPE egress_verify_last_success_timestamp_seconds gauge\n"
        f"egress_verify_last_success_timestamp_seconds {found.success}\n"
        "# HELP egress_verify_last_result Exit code of the last `egress-proxy verify`: 1 leaked, 3 not checked.\n"
        "# TYPE egress_verify_last_result gauge\n"
        f"egress_verify_last_result {int(found.result)}\n"
    )
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        new.write_text(text, encoding="utf-8")
        new.chmod(0o644)
        new.replace(file)
    except OSError as error:
        raise StartError(f"--textfile: cannot be written ({error.strerror})") from None
