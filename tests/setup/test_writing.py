"""What was begun and not finished is taken back, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from egress_proxy.errors import StartError
from egress_proxy.setup.writing import Writer


def begun(writer: Writer, *steps: Callable[[], object]) -> None:
    """What ends before it is done."""
    with writer.whole():
        for step in steps:
            step()
        raise StartError("a reason")


def test_what_others_put_there_meanwhile_stays(tmp_path: Path) -> None:
    """Perhaps a proxy was started there, and what came is its audit log."""
    state = tmp_path / "state"
    writer = Writer(lambda _: None, dry=False)
    with pytest.raises(StartError):
        begun(
            writer,
            lambda: writer.fills(state, ("tokens.json", "never-made")),
            lambda: (state / "tokens.json").write_text("ours"),
            lambda: (state / "audit.db").write_text("theirs"),
            (state / "more").mkdir,
        )
    assert sorted(one.name for one in state.iterdir()) == ["audit.db", "more"]


def test_another_interrupt_does_not_leave_half_of_it(tmp_path: Path) -> None:
    impatient = [KeyboardInterrupt]
    writer = Writer(lambda _: None, dry=False)

    def interrupted() -> None:
        if impatient:
            raise impatient.pop()

    with pytest.raises(StartError):
        begun(
            writer,
            lambda: writer.file(tmp_path / "first", "", "a file"),
            lambda: writer.undone_by(interrupted),
        )
    assert not (tmp_path / "first").exists()
