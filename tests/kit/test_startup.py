"""A database that was kept finds what a new one finds, in whatever process, and what cannot be read is compiled."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hyperscan
import pytest

from tests.kit.startup import sitecustomize

ROOT = Path(__file__).parents[2]
TEXT = b"xx token_0123456789 yy secret3z"
OTHER = b"nothing of it"


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Hyperscan with its databases kept in a folder of this test's, and with a count of those it compiles."""
    monkeypatch.setattr(sitecustomize, "WORTH_S", -1.0)
    kept: Any = hyperscan
    made = SimpleNamespace(**vars(hyperscan), compiled=0)
    real = type(kept.Database().own)

    class Counted(real):  # type: ignore[misc,valid-type]
        def compile(self, *plain: Any, **given: Any) -> None:
            made.compiled += 1
            super().compile(*plain, **given)

    made.Database, made.Scratch = Counted, lambda given: kept.Scratch(SimpleNamespace(own=given))
    sitecustomize.keep(made, tmp_path / "kept")
    return made


def found(library: Any, *expressions: bytes, text: bytes = TEXT) -> list[tuple[int, int]]:
    database = library.Database()
    count = len(expressions)
    database.compile(expressions=expressions, ids=range(3, 3 + count), elements=count, flags=[0] * count)
    ends: list[tuple[int, int]] = []

    def hit(rule: int, _start: int, end: int, _flags: int, _context: object) -> None:
        ends.append((rule, end))

    database.scan(text, hit, 0, None, library.Scratch(database))
    return ends


def test_what_was_kept_finds_the_same_and_is_not_compiled_again(library: Any) -> None:
    first = found(library, rb"token_[0-9]{4}", rb"secret\d")
    assert sorted(first) == [(3, 13), (4, 30)]
    assert library.compiled == 1
    assert found(library, rb"token_[0-9]{4}", rb"secret\d") == first
    assert library.compiled == 1
    assert found(library, rb"token_[0-9]{4}", rb"secret\d", text=OTHER) == []


def test_expressions_by_place_are_told_apart_too(library: Any) -> None:
    for expressions in ([b"abc"], [b"abd"], [b"abc"]):
        library.Database().compile(expressions)
    assert library.compiled == 2


def test_another_set_is_another_database(library: Any) -> None:
    found(library, rb"token_[0-9]{4}", rb"secret\d")
    assert {rule for rule, _ in found(library, rb"secret\d")} == {3}
    assert library.compiled == 2


def test_what_cannot_be_read_is_compiled(library: Any, tmp_path: Path) -> None:
    first = found(library, rb"secret\d")
    (file,) = (tmp_path / "kept").iterdir()
    file.write_bytes(file.read_bytes()[:-9])
    assert found(library, rb"secret\d") == first
    assert library.compiled == 2


def test_of_those_that_begin_at_once_one_compiles(library: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each waits for who is at it, and then reads what that one has kept."""
    monkeypatch.setattr(sitecustomize, "LONG", 0)
    expressions = [rb"token_[0-9]{4}", rb"secret\d"]
    with ThreadPoolExecutor(4) as threads:
        every = list(threads.map(lambda _: sorted(found(library, *expressions)), range(8)))
    assert every == [[(3, 13), (4, 30)]] * 8
    assert library.compiled == 1


def test_where_nothing_can_be_kept_each_compiles(library: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitecustomize, "LONG", 0)
    (tmp_path / "kept").write_text("no folder")
    for _ in range(2):
        assert sorted(found(library, rb"token_[0-9]{4}", rb"secret\d")) == [(3, 13), (4, 30)]
    assert library.compiled == 2


def test_what_another_user_has_kept_is_read(library: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    first = found(library, rb"secret\d")
    monkeypatch.setattr("os.utime", refuse)
    assert (found(library, rb"secret\d"), library.compiled) == (first, 1)


@pytest.mark.parametrize("module", ["egress_proxy.scan.prefilter", "tests.kit.ready"])
def test_a_process_from_nothing_keeps_them_too(module: str) -> None:
    code = f"import {module}, sys; print('hyperscan' in sys.modules); import hyperscan; print(hyperscan.Database.own)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(module != "tests.kit.ready"), "None"]
