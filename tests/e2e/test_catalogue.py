"""The catalogue against the documents that the real servers give of themselves."""

from __future__ import annotations

import pytest

from egress_proxy.cli_catalogue import known_fields
from egress_proxy.routes import catalogue
from egress_proxy.routes.comparison import compare
from tests.conftest import Bare

pytestmark = pytest.mark.e2e


def test_a_running_server_differs_from_the_newest_version_only_if_it_is_older(bare: Bare) -> None:
    """What `egress-proxy catalogue diff` would say: nothing of the newest, and of the older one what it has not yet."""
    answer = bare.agent().client.get("/doc")
    assert answer.status == 200
    found = compare(answer.body, known_fields())
    assert found.new == ()
    if bare.version == catalogue.versions()[-1]:
        assert not found
    else:
        assert "GET /api/health" in found.crossing
        assert "GET /session/{sessionID}/message" in {changed.operation for changed in found.changed}
