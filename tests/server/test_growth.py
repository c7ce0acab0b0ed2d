"""A watched file that grew too large closes the proxy until it is smaller, and reading one never hangs."""

from __future__ import annotations

from pathlib import Path

import pytest

from egress_proxy.metrics import Metrics
from egress_proxy.scan import KnownValues
from egress_proxy.server.known import Known
from egress_proxy.server.watched import MORE_BYTES, MORE_VALUES, Values, WatchedFile
from egress_proxy.sources import parse, salvaged
from tests.server.rig import scanner

OLD, NEW = "velvet" + "Anchor" + "58", "copper" + "Lantern" + "73"


def watched(path: Path) -> Known:
    path.write_text(f"PASSWORD={OLD}\n", "utf-8")
    file = WatchedFile(path, Values("env"))
    with file.reading():
        first = KnownValues.build(file.read().entries, bytes(32))
    return Known(scanner().with_known(first), first, [file], Metrics())


@pytest.mark.parametrize(
    "content",
    [f"PASSWORD={OLD}\n" + "#" * (MORE_BYTES + 1), "A=b\n" * (MORE_VALUES + 2), "x" * 4_194_305],
    ids=["bytes", "values", "larger than any file"],
)
async def test_a_file_that_grew_too_large_closes_all_until_it_is_smaller(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    """A secret could stand behind whatever else was written into it."""
    path = tmp_path / ".env"
    known = watched(path)
    assert await known.scanner() is not None
    path.write_text(content, "utf-8")
    assert await known.scanner() is None
    assert await known.scanner() is None
    assert caplog.text.count("nothing crosses until it is not") == 1
    path.unlink()
    assert await known.scanner() is None
    path.write_text(f"PASSWORD={NEW}\n", "utf-8")
    current = await known.scanner()
    assert current is not None
    assert len(current.scan([f"{OLD} {NEW}"]).findings) >= len((OLD, NEW))


async def test_a_file_may_grow_as_files_do(tmp_path: Path) -> None:
    known = watched(tmp_path / ".env")
    lines = "".join(f"NAME_{number}={number * 7919:08x}{number * 104729:08x}\n" for number in range(300))
    (tmp_path / ".env").write_text(lines, "utf-8")
    assert await known.scanner() is not None


@pytest.mark.parametrize(
    ("form", "text"),
    [("env", f"PASSWORD={OLD}\nA=b" + " " * 2_000_000 + "\nB=" + NEW), ("toml", "a" + ".a" * 1_000_000 + ' = "x"')],
)
def test_no_text_keeps_a_parser_for_long(form: str, text: str) -> None:
    """Each of these took their readers the square of its length, which is days."""
    if form == "env":
        values = [secret.reveal() for _, secret in parse(text.encode(), form, place="here", label="env")]
        assert values[0] == OLD
        assert values[-1] == NEW
    else:
        salvaged(text.encode(), form, label="toml")
