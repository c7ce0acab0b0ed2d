"""What a run comes to: the exit code, what a person reads, and what is kept of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from egress_proxy.errors import StartError
from egress_proxy.metrics import Metrics
from egress_proxy.trial.canaries import Kind
from egress_proxy.trial.report import FILE, Last, Report, Result, export, keep, last, verified
from egress_proxy.trial.watch import Channel, State

CLEAN = Channel("replies", State.CLEAN)
LEAKED = Channel("reads", State.LEAKED, (Kind.KNOWN,), tuple(f"GET /{n}" for n in range(7)))
OPEN = Channel("denied operations", State.LEAKED, (), ("GET /find",))
UNTRIED = Channel("asks", State.NOT_EXERCISED, told="the local agent did not ask")
ABSENT = Channel("diffs", State.ABSENT, told="there is no git")


@pytest.mark.parametrize(
    ("channels", "result"),
    [
        ((CLEAN,), Result.CLEAN),
        ((CLEAN, ABSENT), Result.CLEAN),
        ((CLEAN, UNTRIED), Result.NOT_CHECKED),
        ((CLEAN, UNTRIED, LEAKED), Result.LEAKED),
        ((CLEAN, OPEN), Result.LEAKED),
        ((ABSENT,), Result.NOT_CHECKED),
        ((), Result.NOT_CHECKED),
    ],
    ids=["clean", "absent", "untried", "leaked", "crossed", "nothing there", "nothing"],
)
def test_what_it_comes_to(channels: tuple[Channel, ...], result: Result) -> None:
    report = Report("the proxy", channels)
    assert report.result is result
    assert report.plain()["result"] == result.name.lower()


def test_what_a_person_reads() -> None:
    assert list(Report("the proxy", (CLEAN, LEAKED, OPEN, UNTRIED, ABSENT)).lines()) == [
        "the proxy",
        "  ok    replies",
        "  LEAK  reads              known value; GET /0, GET /1, GET /2, GET /3, GET /4 and 2 more",
        "  LEAK  denied operations  answered though it must be refused; GET /find",
        "  ?     asks               the local agent did not ask",
        "  -     diffs              there is no git",
        "LEAKED: 2 channels gave away what must not cross; 1 of 4 channels are clean",
    ]


def test_the_last_clean_run_is_remembered_through_others(tmp_path: Path) -> None:
    assert last(tmp_path) == Last(0.0, 3, 0.0)
    keep(tmp_path, Result.CLEAN, 100.0)
    keep(tmp_path, Result.LEAKED, 200.0)
    assert last(tmp_path) == Last(200.0, 1, 100.0)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    metrics = Metrics()
    metrics.follow_verify(lambda: verified(tmp_path))
    assert b"egress_verify_last_success_timestamp_seconds 100.0\n" in metrics.render()
    assert b"egress_verify_last_result 1.0\n" in metrics.render()


@pytest.mark.parametrize("content", [b"", b"{", b'{"at": "x"}', b'{"success": 1e999}', b"\xff"])
def test_what_cannot_be_believed_counts_as_never(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    (tmp_path / FILE).chmod(0o600)
    assert verified(tmp_path) == (0.0, Result.NOT_CHECKED)
    (tmp_path / FILE).write_bytes(b'{"success": 5.0}')
    assert verified(tmp_path) == (5.0, Result.NOT_CHECKED)
    (tmp_path / FILE).chmod(0o666)
    assert verified(tmp_path) == (0.0, Result.NOT_CHECKED)


def test_the_textfile_is_there_as_a_whole_and_anyone_may_read_it(tmp_path: Path) -> None:
    file = tmp_path / "verify.prom"
    export(file, Last(200.0, 1, 100.0))
    assert "egress_verify_last_success_timestamp_seconds 100.0\n" in file.read_text()
    assert "egress_verify_last_result 1\n" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [file]
    with pytest.raises(StartError, match="--textfile"):
        export(tmp_path / "nowhere" / "verify.prom", Last())
