"""One browser and one console for all tests of a process: starting chromium takes longer than most of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.console.browsing import Site
from tests.kit.browser import Browser, MissingBrowser, required


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Browser, Site]]:
    try:
        required()
    except MissingBrowser as error:
        pytest.skip(str(error))
    with Site(tmp_path_factory.mktemp("ledgers")) as site, Browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser, site


@pytest.fixture
def site(running: tuple[Browser, Site]) -> Site:
    found = running[1]
    found.fresh()
    return found


@pytest.fixture
def browser(running: tuple[Browser, Site], site: Site) -> Browser:
    running[0].fresh()
    return running[0]
