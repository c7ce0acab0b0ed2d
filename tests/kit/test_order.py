"""Which tests a worker gets together, and which begin first."""

from __future__ import annotations

import gc
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.conftest import ByRelease, pytest_collection, pytest_collection_modifyitems

RELEASED = "1.18.33"


@pytest.mark.parametrize(
    ("nodeid", "scope"),
    [
        (f"tests/e2e/test_gates.py::test_one[{RELEASED}-x]", f"tests/e2e {RELEASED}"),
        (f"tests/e2e/test_evidence.py::test_one[withheld-{RELEASED}]", f"tests/e2e {RELEASED}"),
        (f"tests/clients/test_asks.py::test_one[{RELEASED}]", f"tests/clients {RELEASED}"),
        (f"tests/wire/test_sweep.py::test_one[{RELEASED}]", "tests/wire/test_sweep.py"),
        ("tests/console/test_browser_looks.py::test_one[a]", "tests/console/test_browser"),
        ("tests/console/test_sso.py::test_one", "tests/console/test_sso.py"),
        ("tests/e2e/test_faults.py::test_one", "tests/e2e/test_faults.py"),
        (
            f"tests/e2e/test_first_minutes.py::test_one[{RELEASED}]",
            f"tests/e2e/test_first_minutes.py::test_one[{RELEASED}]",
        ),
    ],
)
def test_servers_are_shared_by_those_that_have_the_same(nodeid: str, scope: str) -> None:
    assert ByRelease._split_scope(cast("ByRelease", None), nodeid) == scope


def test_what_takes_long_begins_first() -> None:
    files = [
        "tests/audit/test_a.py",
        "tests/test_a.py",
        "tests/test_install.py",
        "tests/scan/test_a.py",
        "tests/e2e/test_a.py",
    ]
    items: list[Any] = [SimpleNamespace(nodeid=f"{file}::test_one[a/b]") for file in files]
    pytest_collection_modifyitems(items)
    assert [item.nodeid.partition("::")[0] for item in items] == [files[4], files[3], files[2], files[0], files[1]]


def test_nothing_is_looked_through_for_garbage_while_tests_are_gathered() -> None:
    gathering = pytest_collection()
    next(gathering)
    assert not gc.isenabled()
    with pytest.raises(StopIteration):
        gathering.send(None)
    assert gc.isenabled()
    assert gc.get_freeze_count()


def test_a_module_that_cannot_be_imported_leaves_it_on() -> None:
    gathering = pytest_collection()
    next(gathering)
    with pytest.raises(ImportError):
        gathering.throw(ImportError())
    assert gc.isenabled()
