"""The section `log`: where the collector may be, and what is refused."""

from __future__ import annotations

import pytest

from egress_proxy.config import Level, Log, LogForm, Ship, load
from egress_proxy.errors import ConfigError
from tests.config.conftest import Site

MARK = "hunt" + "er2"


def test_without_the_section_nobody_else_is_told(site: Site) -> None:
    assert load(site.write()).log == Log()
    assert load(site.write(log="{syslog: none}")).log.syslog is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("unix:/run/syslog.sock", "unix:/run/syslog.sock"),
        ("udp://127.0.0.1:514", "udp://127.0.0.1:514"),
        ("tcp://localhost:601", "tcp://localhost:601"),
        ("tcp://[::1]:601", "tcp://[::1]:601"),
    ],
)
def test_a_collector_of_this_machine(site: Site, text: str, shown: str) -> None:
    log = load(site.write(log=f"{{format: json, syslog: '{text}', ship: records, waiting: 7}}")).log
    assert (log.format, log.ship, log.waiting) == (LogForm.JSON, Ship.RECORDS, 7)
    assert str(log.syslog) == shown


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (f"{{syslog: 'tcp://{MARK}.example:601'}}", "log.syslog"),
        (f"{{syslog: 'udp://10.0.0.1:514/{MARK}'}}", "log.syslog"),
        ("{syslog: 'udp://0.0.0.0:514'}", "log.syslog"),
        ("{syslog: 'tcp://127.0.0.1:0'}", "log.syslog"),
        ("{syslog: 'tcp://127.0.0.1:70000'}", "log.syslog"),
        ("{syslog: 'tcp://127.0.0.1'}", "log.syslog"),
        ("{syslog: 'https://127.0.0.1:1'}", "log.syslog"),
        (f"{{syslog: 'unix:{MARK}'}}", "log.syslog"),
        ("{syslog: /dev/log}", "log.syslog"),
        (f"{{format: {MARK}}}", "log.format"),
        ("{ship: clean}", "log.ship"),
        ("{waiting: 0}", "log.waiting"),
    ],
)
def test_what_is_not_understood_is_refused_without_an_echo(site: Site, value: str, where: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(site.write(log=value))
    assert where in str(refused.value)
    assert MARK not in str(refused.value)


@pytest.mark.parametrize("level", Level)
def test_a_level(site: Site, level: Level) -> None:
    assert load(site.write(log=f"{{level: {level}}}")).log.level is level


def test_a_level_that_is_none_is_told(site: Site) -> None:
    with pytest.raises(ConfigError, match=r"log\.level") as told:
        load(site.write(log=f"{{level: {MARK}}}"))
    assert MARK not in str(told.value)
