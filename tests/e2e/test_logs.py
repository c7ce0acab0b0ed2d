"""A real run's log is events of the closed list, and the collector has every record that is not clean, and no content.

One release of opencode is enough: what is told is the proxy's.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from egress_proxy.logs import TOLD, Saying
from tests.conftest import Proxied
from tests.kit import binaries
from tests.kit.agent import poll
from tests.kit.collector import Collector
from tests.kit.script import Text

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.parametrize("opencode_version", binaries.VERSIONS[-1:], indirect=True),
]


def test_the_collector_hears_of_every_record_that_is_not_clean(proxied: Proxied, collector: Collector) -> None:
    agent, secret = proxied.agent(), proxied.canaries["API_TOKEN"]
    session = agent.session(title="Of the collector")
    agent.prompt(session, proxied.model.script("shipped", Text(f"Prefix of the log. {secret} Suffix.")))
    agent.prompt(session, proxied.model.script("shipped-in-code", Text(f"It is {secret.encode().hex()}.")))
    agent.client.get("/file/content")
    records = {line["id"]: line for line in proxied.proxy.audit_lines() if line["verdict"] != "clean"}
    assert len([one for one in records.values() if one["session"] == session]) >= 2
    shipped = {
        message.body["id"]: message.body
        for message in poll(lambda: heard(collector, len(records)))
        if message.word == "audit_record"
    }
    for key, record in records.items():
        told = shipped[key]
        same = set(told) - {"level", "event", "encoded"}
        assert {name: told[name] for name in same} == {name: record[name] for name in same}
        assert told["encoded"] == sum(span["form"] == "encoded" for span in record["spans"])
        assert not {"spans", "noted", "lengths"} & set(told)
    assert any(one["encoded"] and one["verdict"] == "withheld" for one in shipped.values())
    assert b"Prefix of the log" not in collector.raw
    assert proxied.canaries.leaks(collector.raw) == []
    assert proxied.proxy.series()['egress_log_shipped_total{outcome="dropped"}'] == 0


def heard(collector: Collector, records: int) -> list[Any]:
    messages = collector.messages
    return messages if sum(message.word == "audit_record" for message in messages) >= records else []


def test_every_line_of_the_log_is_an_event_with_its_fields(proxied: Proxied, collector: Collector) -> None:
    lines = written(proxied)
    events = {line["event"] for line in lines}
    assert {"config_risk", "opencode_found", "values_known", "serving"} <= events <= {event.value for event in Saying}
    for line in lines:
        fields = TOLD[Saying(line["event"])].fields
        assert list(line) == ["time", "level", "event", *fields]
    told = [message.body for message in collector.messages if message.word != "audit_record"]
    assert told
    poll(lambda: all(event in written(proxied) for event in told))


def written(proxied: Proxied) -> list[Any]:
    """The whole lines of the log."""
    lines = proxied.proxy.log.read_text("utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]
