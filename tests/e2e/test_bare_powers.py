"""The negative controls of admission: against bare opencode, every power works.

Were one of these to fail on a new release, its twin against the proxy would prove nothing any more.
"""

from __future__ import annotations

import base64

import pytest

from tests.conftest import Bare, Launch
from tests.e2e.powers import POWERS, Place, Power, always_reply
from tests.kit.client import Client
from tests.kit.opencode import USER

pytestmark = pytest.mark.e2e


def _place(bare: Bare) -> Place:
    return Place(bare.agent(), bare.model, bare.world, "bare")


@pytest.mark.parametrize("power", POWERS, ids=lambda power: power.__name__)
def test_a_caller_has_this_power(bare: Bare, power: Power) -> None:
    assert power(_place(bare))


def test_an_answer_of_always_lasts_for_later_sessions(launch: Launch, opencode_version: str) -> None:
    assert always_reply(_place(launch(opencode_version)))


def test_without_any_power_a_read_of_env_is_asked_for(bare: Bare) -> None:
    """The near miss: what the powers over permissions take away."""
    place = _place(bare)
    assert not place.reads_unasked(place.agent.session(), "no-power")


def test_a_token_in_the_query_overrides_the_header(bare: Bare) -> None:
    token = base64.b64encode(f"{USER}:{bare.opencode.password}".encode()).decode()
    nobody = Client(bare.opencode.url, "Basic bm9ib2R5")
    assert nobody.get("/path").status == 401
    assert nobody.get("/path", auth_token=token).status == 200
