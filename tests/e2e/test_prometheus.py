"""A real Prometheus scrapes a real run, and is asked every query that is shipped: of docs/metrics.md, of the dashboard
and of the rules.

One release of opencode is enough: what the queries speak of is the proxy's.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import pytest

from tests.conftest import Proxied
from tests.e2e.test_queue import Operator, asking
from tests.kit import binaries
from tests.kit.agent import poll
from tests.kit.client import Client
from tests.kit.prometheus import Prometheus, needs_prometheus, promtool
from tests.kit.script import Text
from tests.telemetry.queries import metrics_of, shipped

pytestmark = [
    pytest.mark.e2e,
    needs_prometheus,
    pytest.mark.parametrize("opencode_version", binaries.VERSIONS[-1:], indirect=True),
]

_VERIFIED: Final = """\
# TYPE egress_verify_last_success_timestamp_seconds gauge
egress_verify_last_success_timestamp_seconds {}
# TYPE egress_verify_last_result gauge
egress_verify_last_result 0
"""
EMPTY: Final = {
    "egress_event_streams_cut_total": "no reader was late",
    "egress_evidence_dropped_total": "there was room",
    "egress_connections_closed_total": "no bound was reached",
    "alert: ": "an alert's query gives what is wrong, and nothing is but what the run was made for",
}
"""Queries that may be without an answer, by metric or by where they stand, and why."""
FIRES: Final = {"EgressEvasion"}


@dataclass(frozen=True)
class Run:
    """What was scraped, of which proxy, and when."""

    prometheus: Prometheus
    proxied: Proxied
    began: float

    def records(self, verdict: str) -> set[str]:
        """The ids of the records with a verdict."""
        return {line["id"] for line in self.proxied.proxy.audit_lines() if line["verdict"] == verdict}

    def exemplars(self, series: str) -> set[str]:
        """The audit ids of a series' exemplars, since the run began."""
        found = self.prometheus.exemplars(series, self.began, time.time())
        return {one["labels"]["audit_id"] for one in found}


@pytest.fixture(scope="module")
def run(proxied: Proxied, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    operator, began = str(proxied.proxy.config["operator"]), time.time()
    with (
        verified() as verify,
        Prometheus(tmp_path_factory.mktemp("prometheus"), {"egress-proxy": operator, "node": verify}) as prometheus,
    ):
        drive(proxied)
        scraped = prometheus.scrapes()
        poll(lambda: prometheus.scrapes() >= scraped + 2)
        yield Run(prometheus, proxied, began)


class verified:  # noqa: N801 - a context, used as a function
    """Serves what the node exporter would of a run of `egress-proxy verify`."""

    def __enter__(self) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(_VERIFIED.format(time.time()).encode())

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False  # so that closing waits for them
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return f"127.0.0.1:{self._server.server_port}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def drive(proxied: Proxied) -> None:
    """A redaction, refusals, an evasion, an event stream with a growing text, and an ask that is answered."""
    agent, model, secret = proxied.agent(), proxied.model, proxied.canaries["API_TOKEN"]
    session = agent.session()
    with agent.client.events() as events:
        events.wait_type("server.connected")
        agent.prompt(session, model.script("scraped", Text(f"It is {secret}.")))
        agent.prompt(session, model.script("scraped-evasion", Text(f"It is {secret.encode().hex()}.")))
        agent.prompt(session, model.script("scraped-growing", Text([f"Line {number}.\n" for number in range(20)])))
        events.wait_type("message.part.delta")
    agent.client.get("/file/content")
    agent.client.get("/no/such/path")
    Client(proxied.proxy.url).get("/path")
    operator, asked = Operator(proxied.proxy), asking(proxied, "scraped-ask", "touch never-scraped")
    operator.decide(operator.ask(asked), "reject")
    agent.until_idle(asked)


def test_every_query_that_is_shipped_has_an_answer(run: Run) -> None:
    asked, silent = 0, []
    for place, query in shipped():
        asked += 1
        excused = any(place.startswith(word) for word in EMPTY) or metrics_of(query) & set(EMPTY)
        if not run.prometheus.query(query) and not excused:
            silent.append(place)
    assert asked > 100
    assert silent == []


def test_a_query_of_what_is_not_there_has_none(run: Run) -> None:
    """Else the test before this one would say nothing."""
    assert run.prometheus.query("egress_no_such_metric") == []
    with pytest.raises(AssertionError, match="parse error"):
        run.prometheus.query("sum by (")


def test_the_rules_are_evaluated_and_the_evasion_alone_fires(run: Run) -> None:
    evaluated = poll(lambda: run.prometheus.rules() if all_healthy(run) else None)
    alerts = {rule["name"] for rule in evaluated if rule["type"] == "alerting" and rule["alerts"]}
    assert alerts >= FIRES
    # What other tests of this proxy did before may be in reach of a counter; what stands now is not.
    assert not alerts & {"EgressProxyDown", "EgressAuditUnwritable", "EgressUpstreamDown", "EgressVerifyLeaked"}
    evasion = next(rule for rule in evaluated if rule["name"] == "EgressEvasion")
    assert {alert["labels"]["severity"] for alert in evasion["alerts"]} == {"page"}
    assert "message" in {alert["labels"]["channel"] for alert in evasion["alerts"]}


def all_healthy(run: Run) -> bool:
    found = run.prometheus.rules()
    return bool(found) and all(rule["health"] == "ok" for rule in found)


def test_exemplars_lead_to_records(run: Run) -> None:
    kinds = run.exemplars('egress_redactions_total{detector="known-value"}')
    assert kinds
    assert kinds <= run.records("redacted") | run.records("withheld")
    refused = run.exemplars('egress_refusals_total{reason="operation_denied"}')
    assert refused
    assert refused <= run.records("refused")
    assert run.exemplars("egress_alerts_total") & run.records("withheld")
    slow = run.exemplars('egress_exchange_seconds_bucket{route="POST /session/{sessionID}/message"}')
    assert slow & (run.records("redacted") | run.records("withheld"))


def test_what_is_scraped_is_of_prometheus_conventions(run: Run) -> None:
    text = run.proxied.proxy.metrics()
    checked = promtool("check", "metrics", given=text.encode())
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
    assert "audit_id" not in text, "the text format has no exemplars"


def test_prometheus_is_given_openmetrics(run: Run) -> None:
    operator = Client(run.proxied.proxy.operator_url)
    accept = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,*/*;q=0.1"
    answer = operator.call("GET", "/metrics", headers={"Accept": accept})
    assert answer.header("content-type").startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")
    assert '# {audit_id="egr_' in answer.text
    assert run.proxied.canaries.leaks(answer.everything) == []
