"""The sheet on which a test takes down what a client did, and the leak guard of the end-to-end tests."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

import pytest

from tests.clients.record import WRITE, Sheet
from tests.e2e.conftest import _no_trace, leak_guard
from tests.kit.canaries import Canaries

__all__ = ["_no_trace", "leak_guard"]
_PASSED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "call":
        item.stash[_PASSED] = report.passed
    return report


@pytest.fixture
def sheet(request: pytest.FixtureRequest, opencode_version: str, canaries: Canaries) -> Iterator[Sheet]:
    """The rows of this test at this server, compared with docs/clients.json when the test has passed."""
    test = request.node.nodeid.partition("[")[0]
    made = Sheet(test, opencode_version, canaries)
    yield made
    if request.node.stash.get(_PASSED, False):
        made.write() if os.environ.get(WRITE) else made.compare()
