"""What the operator's socket says of the gate policy."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import TestClient, TestServer

from egress_proxy.metrics import Metrics
from egress_proxy.server.operator import operator_app


@pytest.mark.parametrize(("gated", "told"), [(True, "in force"), (False, "none: every ask is for a human")])
async def test_health_says_whether_a_gate_policy_is_in_force(gated: bool, told: str) -> None:
    async with TestClient(TestServer(operator_app(Metrics(), "127.0.0.1", gated=gated))) as client:
        answer = await client.get("/health")
        assert await answer.json() == {"healthy": True, "gate_policy": told, "audit": "written"}


async def test_the_number_of_rules_is_a_metric() -> None:
    metrics = Metrics()
    metrics.set_gate_rules(15)
    assert b"\negress_gate_rules 15.0\n" in metrics.render()


async def test_health_says_that_the_audit_log_cannot_be_written() -> None:
    app = operator_app(Metrics(), "127.0.0.1", gated=True, audit=lambda: "the disk is full")
    async with TestClient(TestServer(app)) as client:
        answer = await client.get("/health")
        assert answer.status == 503
        assert await answer.json() == {"healthy": False, "gate_policy": "in force", "audit": "the disk is full"}
