"""The operator's side: live routes, metrics, the socket's own names, what lies on the disk."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

import pytest

from egress_proxy.gate_rules import Gate
from egress_proxy.model import Resource, RouteClass, Verdict
from egress_proxy.reasons import Reason
from egress_proxy.routes import OWN
from egress_proxy.routes.catalogue import ROWS
from egress_proxy.server.connections import Closed
from tests.conftest import Proxied
from tests.e2e.answers import exchange, refusal
from tests.kit.agent import text_part
from tests.kit.client import Client, bearer
from tests.kit.script import Text

pytestmark = pytest.mark.e2e

HEALTH: Final = "/_egress/health"
OPERATIONS: Final = {"1.15.13": 131, "1.18.33": 188}


def test_live_routes_know_the_running_server(proxied: Proxied) -> None:
    done = proxied.proxy.command("routes", "--live", "--json", "--config", str(proxied.proxy.config_file))
    assert done.returncode == 0
    version = proxied.bare.version
    assert done.stderr.decode().strip() == f"egress-proxy: opencode {version}: 0 operations unknown, 0 missing"
    assert len(json.loads(done.stdout)) == OPERATIONS[version]


def _grown(proxied: Proxied, before: Mapping[str, float], series: str) -> float:
    return proxied.proxy.series().get(series, 0) - before.get(series, 0)


def test_metrics_count_what_happens(proxied: Proxied) -> None:
    agent, before = proxied.agent(), proxied.proxy.series()
    session = agent.session()
    agent.client.get("/path")
    agent.client.get("/file/content")
    agent.client.get("/no/such/path")
    Client(proxied.proxy.url).get("/path")
    agent.prompt(session, proxied.model.script("counted", Text(f"It is {proxied.canaries['API_TOKEN']}.")))
    coded = proxied.canaries["API_TOKEN"].encode().hex()
    agent.prompt(session, proxied.model.script("counted-in-code", Text(f"It is {coded}.")))
    expected = {
        'egress_requests_total{class="project",route="GET /path",verdict="clean"}': 1,
        'egress_requests_total{class="deny",route="GET /file/content",verdict="refused"}': 1,
        'egress_requests_total{class="scan",route="POST /session/{sessionID}/message",verdict="redacted"}': 1,
        'egress_requests_total{class="scan",route="POST /session/{sessionID}/message",verdict="withheld"}': 1,
        'egress_redactions_total{channel="message",detector="known-value"}': 2,
        'egress_alerts_total{channel="message"}': 1,
        'egress_refusals_total{reason="operation_denied"}': 1,
        'egress_refusals_total{reason="operation_unknown"}': 1,
        'egress_refusals_total{reason="unauthenticated"}': 1,
        "egress_login_failures_total": 1,
        'egress_upstream_seconds_count{route="GET /path"}': 1,
    }
    assert {series: _grown(proxied, before, series) for series in expected} == expected
    assert _grown(proxied, before, "egress_scan_seconds_count") >= 3
    assert _grown(proxied, before, "egress_scan_bytes_total") > 100
    now = proxied.proxy.series()
    assert now["egress_unknown_operations"] == 0
    assert now["egress_known_values"] >= 14
    assert now["egress_gate_rules"] > 10
    assert any(name.startswith("egress_build_info") and f'opencode="{proxied.bare.version}"' in name for name in now)


def test_labels_are_bounded(proxied: Proxied) -> None:
    agent = proxied.agent()
    for path in ("/made/up", "/session/ses_madeup", "/MADE-UP", "//made-up", "/provider/made-up/oauth/authorize"):
        agent.client.get(path)
    allowed = {
        "route": {row.name for row in (*ROWS, *OWN)} | {"unknown"},
        "class": {found.value for found in RouteClass},
        "verdict": {found.value for found in Verdict},
        "reason": {found.value for found in Reason},
        "channel": {found.value for found in Resource},
        "gate": {found.value for found in Gate},
        "hook": {"command", "webhook"},
        "cause": {"unready", "timeout", "crashed", "resynchronised", "too-slow", *Closed},
        "bound": {"client", "day", "total"},
    }
    text = proxied.proxy.metrics()
    for label, values in allowed.items():
        found = set(re.findall(rf'[{{,]{label}="([^"]*)"', text))
        assert found <= values
        assert found or label in {"hook", "gate"}
    assert not re.search("made.?up", text, re.IGNORECASE)
    names = set(re.findall(r'[{,]([a-z_]+)="', text))
    assert names <= {*allowed, "detector", "outcome", "fate", "le", "version", "opencode", "catalogue"}


@pytest.mark.parametrize("path", ["/metrics", "/health", "/_egress/metrics"])
def test_the_operators_pages_are_not_on_the_cloud_facing_socket(proxied: Proxied, path: str) -> None:
    assert refusal(proxied.agent().client.get(path)) == (404, "operation_unknown")


@pytest.mark.parametrize("path", [HEALTH, "/session", "/config", "/event", "/doc"])
def test_the_cloud_facing_pages_are_not_on_the_operators_socket(proxied: Proxied, path: str) -> None:
    operator = Client(proxied.proxy.operator_url, bearer(proxied.proxy.token))
    answer = operator.get(path)
    assert answer.status == 404
    assert proxied.canaries.leaks(answer.everything) == []


def test_the_operators_socket_answers_to_its_own_names_alone(proxied: Proxied) -> None:
    """A page that rebinds its name to the loopback address gets nothing."""
    port = int(proxied.proxy.config["operator"].rpartition(":")[2])
    lines = "GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n"
    _, (rebound,) = exchange(port, lines.format(f"evil.example:{port}").encode())
    _, (own,) = exchange(port, lines.format(f"localhost:{port}").encode())
    assert (rebound.status, own.status) == (403, 200)


def test_what_is_at_rest_is_for_its_owner_alone(proxied: Proxied) -> None:
    kept = [path for path in proxied.proxy.state.rglob("*") if path.is_file()]
    assert {path.name for path in kept} >= {"audit.db", "audit.key", "audit.pub", "sessions.db", "tokens.json"}
    assert {oct(path.stat().st_mode & 0o077) for path in kept} == {"0o0"}


def test_an_audit_line_has_no_content(proxied: Proxied) -> None:
    agent, session = proxied.agent(), proxied.agent().session(title="Of the audit")
    said = f"Prefix of the audit. {proxied.canaries['API_TOKEN']} Suffix."
    agent.client.post(f"/session/{session}/message", {"parts": [text_part(proxied.model.script("audit", Text(said)))]})
    line = proxied.proxy.audit_lines()[-1]
    assert (line["client"], line["session"], line["verdict"]) == ("agent", session, "redacted")
    assert line["directory"] == str(proxied.world.project)
    # Rules may see a secret there too; the value that is known is one.
    (span,) = (one for one in line["spans"] if one["detector"] == "known-value")
    assert (span["detector"], span["name"]) == ("known-value", "API_TOKEN")
    start = said.index(proxied.canaries["API_TOKEN"])
    assert (span["start"], span["end"]) == (start, start + len(proxied.canaries["API_TOKEN"]))
    assert line["lengths"] == [len(said)]
    assert "Prefix" not in proxied.proxy.traces().decode("utf-8", "replace")
