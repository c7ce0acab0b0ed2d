"""Lines and records reach a collector as RFC 5424 has it, nobody waits for that, and they hold what they may."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from egress_proxy.audit import Ledger, Record
from egress_proxy.audit.record import Span
from egress_proxy.config import Log, Ship
from egress_proxy.config.log import CollectorAddress
from egress_proxy.errors import AuditError
from egress_proxy.logs import Collector as Address
from egress_proxy.logs import Line, Saying, Shipped, Shipper, log, say
from egress_proxy.metrics import Metrics
from egress_proxy.model import Verdict
from egress_proxy.reasons import Reason
from egress_proxy.server.recorder import Recorder
from egress_proxy.server.shipping import shipping
from tests.kit.agent import poll
from tests.kit.client import free_port
from tests.kit.collector import Collector, parsed
from tests.kit.ledger import lines

SAID: Final = {"time", "level", "event", "count"}
FIELDS: Final = {
    "time", "level", "event", "id", "client", "route", "directory", "session", "verdict", "reasons", "status",
    "channel", "findings", "encoded", "detectors",
}  # fmt: skip
PLANTED: Final = "velvet" + "Anchor" + "58"


def record(verdict: Verdict = Verdict.REDACTED, **changes: Any) -> Record:
    """A record that has everything in it, a planted text where one could be."""
    given: dict[str, Any] = {
        "time": "2026-11-23T03:12:54.106Z",
        "id": "egr_1",
        "client": "agent",
        "route": "GET /session",
        "directory": "/srv/shop",
        "session": "ses_1",
        "verdict": verdict,
        "reasons": (Reason.KNOWN_VALUE_ENCODED,),
        "status": 200,
        "channel": "message",
        "findings": 2,
        "detectors": ("known-value",),
        "spans": (Span(0, 3, 9, "known-value", PLANTED, "encoded"), Span(0, 12, 15, "known-value", PLANTED, "plain")),
        "noted": ("asks-for-value", PLANTED),
        "lengths": (40,),
    }
    return Record(**{**given, **changes})


@pytest.fixture(autouse=True)
def _as_when_serving(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "egress_proxy")


def counted() -> tuple[Counter[Shipped], Any]:
    found: Counter[Shipped] = Counter()
    return found, lambda outcome: found.update([outcome])


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    with Collector(tmp_path / "log.sock") as running:
        yield running


def settings_for(where: Path, **changes: Any) -> Log:
    return Log(syslog=CollectorAddress("unix", path=str(where)), **changes)


def test_what_is_said_reaches_the_collector(collector: Collector) -> None:
    metrics = Metrics()
    with shipping(settings_for(collector.path), metrics):
        say(Saying.REQUESTS_GIVEN_UP, count=3)
        say(Saying.AUDIT_UNWRITABLE)
        first, second = collector.wait(2)
    assert (first.facility, first.severity, first.app, first.word) == (3, 4, "egress-proxy", "requests_given_up")
    assert set(first.body) == SAID
    assert (first.body["count"], first.body["time"]) == (3, first.time)
    assert (second.facility, second.severity, second.word) == (3, 2, "audit_unwritable")
    assert b'egress_log_shipped_total{outcome="sent"} 2.0' in metrics.render()
    say(Saying.STOPPING)  # nobody hears it any more
    assert len(collector.messages) == 2


def test_a_record_is_shipped_without_content(collector: Collector) -> None:
    with shipping(settings_for(collector.path), Metrics()) as ship:
        ship([record(), record(Verdict.CLEAN), record(Verdict.WITHHELD, id="egr_2"), record(Verdict.REFUSED)])
        first, second, third = collector.wait(3)
    assert set(first.body) == FIELDS
    assert (first.facility, first.severity, first.word) == (10, 6, "audit_record")
    assert (second.severity, second.body["id"], second.body["level"]) == (4, "egr_2", "warning")
    assert third.body["verdict"] == "refused"
    assert (first.body["findings"], first.body["encoded"], first.body["reasons"]) == (2, 1, ["known_value_encoded"])
    assert PLANTED.encode() not in collector.raw


@pytest.mark.parametrize(("ship", "words"), [(Ship.EVENTS, {"stopping"}), (Ship.RECORDS, {"audit_record"})])
def test_what_is_shipped_is_chosen(collector: Collector, ship: Ship, words: set[str]) -> None:
    with shipping(settings_for(collector.path, ship=ship), Metrics()) as hand_on:
        say(Saying.STOPPING)
        hand_on([record()])
        collector.wait(1)
    assert {message.word for message in collector.messages} == words


def test_without_a_collector_there_is_nothing() -> None:
    handlers = list(log.handlers)
    with shipping(Log(), Metrics()) as ship:
        ship([record()])
        assert log.handlers == handlers


async def test_a_record_is_shipped_once_it_is_on_the_disk(tmp_path: Path) -> None:
    """And not at all if it cannot be written."""
    told: list[tuple[str, int]] = []
    ledger = Ledger(tmp_path)

    def on_disk() -> int:
        return sum(b'"kind":"record"' in line for line in stored(tmp_path))

    recorder = Recorder(ledger, told=lambda records: told.extend((one.id, on_disk()) for one in records))
    await recorder.record(record())
    assert told == [("egr_1", 1)]
    with pytest.raises(AuditError):
        await recorder.record(record(id="half\ud800"))
    assert len(told) == 1
    await recorder.close()


def stored(state: Path) -> list[bytes]:
    return [line.encode() for line in lines(state)]


def test_a_collector_that_is_away_costs_nobody_time_and_lines_are_counted(tmp_path: Path) -> None:
    found, count = counted()
    shipper = Shipper(Address("unix", path=str(tmp_path / "nobody")), 5, count)
    for number in range(50):
        shipper.offer(Line(time.time(), logging.INFO, 3, "stopping", b"%d" % number))
    # One is with the thread, perhaps, and five wait.
    assert found[Shipped.DROPPED] in {44, 45}
    poll(lambda: found[Shipped.FAILED])
    assert found[Shipped.SENT] == 0
    shipper.close()


def test_a_line_that_a_collector_did_not_take_is_sent_when_it_is_back(tmp_path: Path) -> None:
    metrics, path = Metrics(), tmp_path / "late.sock"
    with shipping(settings_for(path), metrics):
        say(Saying.REQUESTS_GIVEN_UP, count=7)
        poll(lambda: b'egress_log_shipped_total{outcome="failed"} 0.0' not in metrics.render())
        with Collector(path) as collector:
            words = [message.word for message in collector.wait(3)]
    assert words == ["requests_given_up", "collector_away", "collector_back"]


def test_a_line_that_is_too_large_is_given_up(tmp_path: Path) -> None:
    """Else those behind it would wait for ever."""
    found, count = counted()
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", port))
        receiver.settimeout(30)
        shipper = Shipper(Address("udp", "127.0.0.1", port), 5, count)
        for body in (b'"%s"' % (b"x" * 70_000), b"{}"):
            shipper.offer(Line(time.time(), logging.INFO, 3, "stopping", body))
        assert parsed(receiver.recv(70_000)).body == {}
        shipper.close()
    assert found == {Shipped.FAILED: 1, Shipped.SENT: 1}


def test_a_tcp_collector_that_hung_up_is_connected_to_anew() -> None:
    found, count = counted()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        shipper = Shipper(Address("tcp", "127.0.0.1", server.getsockname()[1]), 5, count)
        for word in ("first", "second"):
            shipper.offer(Line(time.time(), logging.INFO, 3, word, b"{}"))
            connection, _ = server.accept()
            with connection, connection.makefile("rb") as stream:
                line = stream.readline()
            assert line.endswith(b"\n")
            assert parsed(line.rstrip(b"\n")).word == word
        shipper.close()
    assert found[Shipped.SENT] == 2


async def test_answers_do_not_wait_for_a_collector_that_hangs(tmp_path: Path) -> None:
    """It takes the connection and reads nothing: records are on the disk all the same, and the loop goes on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        where = CollectorAddress("tcp", "127.0.0.1", server.getsockname()[1])
        with shipping(Log(syslog=where, waiting=3), Metrics()) as ship:
            recorder = Recorder(Ledger(tmp_path), told=ship)
            big = tuple(f"detector-{number}" for number in range(20_000))
            async with asyncio.timeout(60):
                for number in range(30):
                    await recorder.record(record(id=f"egr_{number}", detectors=big))
            await recorder.close()
        connection, _ = server.accept()
        connection.close()
    assert len([line for line in stored(tmp_path) if b'"kind":"record"' in line]) == 30


RSYSLOG: Final = """
global(workDirectory="{root}" maxMessageSize="64k")
module(load="imtcp")
module(load="imudp")
module(load="imuxsock" SysSock.Use="off")
input(type="imtcp" address="127.0.0.1" port="{tcp}")
input(type="imudp" address="127.0.0.1" port="{udp}")
input(type="imuxsock" Socket="{root}/syslog.sock" UseSpecialParser="off" ParseHostname="on")
template(name="all" type="list") {{ property(name="jsonmesg") constant(value="\\n") }}
action(type="omfile" file="{root}/all.log" template="all")
"""


@pytest.mark.skipif(
    not shutil.which("rsyslogd", path="/usr/sbin:/usr/bin:/sbin"),
    reason="there is no rsyslogd: apt install --no-install-recommends rsyslog",
)
def test_a_real_rsyslogd_reads_all_of_it(tmp_path: Path) -> None:
    tcp, udp = free_port(), free_port()
    (tmp_path / "rsyslog.conf").write_text(RSYSLOG.format(root=tmp_path, tcp=tcp, udp=udp))
    daemon = shutil.which("rsyslogd", path="/usr/sbin:/usr/bin:/sbin") or ""
    with (tmp_path / "rsyslogd.log").open("wb") as output:
        process = subprocess.Popen(
            [daemon, "-n", "-f", str(tmp_path / "rsyslog.conf"), "-i", str(tmp_path / "pid")],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        poll((tmp_path / "syslog.sock").exists)
        ways = [
            CollectorAddress("tcp", "127.0.0.1", tcp),
            CollectorAddress("udp", "127.0.0.1", udp),
            CollectorAddress("unix", path=str(tmp_path / "syslog.sock")),
        ]
        for way in ways:
            with shipping(Log(syslog=way), Metrics()) as ship:
                say(Saying.REQUESTS_GIVEN_UP, count=3)
                ship([record()])
        taken = poll(lambda: found if len(found := received(tmp_path / "all.log")) == 6 else None)
    finally:
        process.terminate()
        process.wait(30)
    for event, shipped in zip(taken[::2], taken[1::2], strict=True):
        assert (event["app-name"], event["msgid"]) == ("egress-proxy", "requests_given_up")
        assert (event["syslogfacility"], event["syslogseverity"]) == ("3", "4")
        assert set(json.loads(event["msg"])) == SAID
        assert (shipped["msgid"], shipped["syslogfacility"]) == ("audit_record", "10")
        assert set(json.loads(shipped["msg"])) == FIELDS
        assert shipped["hostname"] == socket.gethostname()


def received(file: Path) -> list[Any]:
    """What rsyslogd wrote of its own messages' reading, but for what it says of itself."""
    if not file.exists():
        return []
    found = [json.loads(line) for line in file.read_text("utf-8").splitlines(keepends=True) if line.endswith("\n")]
    return [one for one in found if one["programname"] == "egress-proxy"]
