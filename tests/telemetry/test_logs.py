"""docs/logs.md names every event and field and no other; the code says none but those, and logs in no other way."""

from __future__ import annotations

import ast
import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from egress_proxy.logs import FIELDS, TOLD, Saying, say
from egress_proxy.logs.lines import JsonLines
from tests.telemetry.queries import ROOT

PACKAGE: Final = ROOT / "egress_proxy"
PAGE: Final = (ROOT / "docs" / "logs.md").read_text("utf-8")
ROWS: Final = [
    [cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| `")
]
FILES: Final = [file for file in sorted(PACKAGE.rglob("*.py")) if "logs" not in file.relative_to(PACKAGE).parts]


@cache
def calls(file: Path) -> list[ast.AST]:
    """Every node of a file that says something."""
    text = file.read_text("utf-8")
    return list(ast.walk(ast.parse(text))) if "from egress_proxy.logs import" in text else []


def said() -> Iterator[tuple[str, ast.Call]]:
    """Every call of `say`, with where it stands."""
    for file in FILES:
        for node in calls(file):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
                yield f"{file.name}:{node.lineno}", node


def event_of(call: ast.Call) -> Saying:
    (word,) = call.args
    assert isinstance(word, ast.Attribute)
    return Saying[word.attr]


def test_every_event_is_on_the_page_and_no_other() -> None:
    told = {row[0].strip("`"): row for row in ROWS if len(row) == 4}
    assert set(told) == {event.value for event in Saying} == {event.value for event in TOLD}
    for event, what in TOLD.items():
        _, level, fields, meaning = told[event.value]
        assert level == logging.getLevelName(what.level).lower(), event
        assert tuple(re.findall(r"`(\w+)`", fields)) == what.fields, event
        assert len(meaning) > 8


def test_every_field_is_on_the_page_and_no_other() -> None:
    told = {row[0].strip("`"): row[1] for row in ROWS if len(row) == 2}
    assert told == FIELDS
    assert {field for what in TOLD.values() for field in what.fields} == set(FIELDS)
    assert not set(FIELDS) & {"time", "level", "event"}


def test_every_event_is_said_somewhere_with_its_fields() -> None:
    found = set()
    for place, call in said():
        event = event_of(call)
        assert {keyword.arg for keyword in call.keywords} == set(TOLD[event].fields), place
        found.add(event)
    collectors = {Saying.COLLECTOR_AWAY, Saying.COLLECTOR_BACK}  # said where lines are shipped
    assert found | collectors == set(Saying)


def test_an_error_is_said_by_its_type_alone() -> None:
    """The text of an exception may quote what must not be quoted."""
    for place, call in said():
        for keyword in call.keywords:
            text = ast.unparse(keyword.value)
            if keyword.arg == "error":
                assert re.fullmatch(r"type\(.+\)\.__name__", text), place
            assert "traceback" not in text
            if keyword.arg != "why":
                assert text not in {"str(error)", "error", "repr(error)"}, place


def test_nothing_is_logged_in_another_way() -> None:
    levels = "debug|info|warn|error|exception|critical|fatal|log"
    other = re.compile(rf"\blog(?:ger|ging)?\.(?:{levels})|getLogger|basicConfig")
    assert other.search("logging.getLogger(x)")
    assert other.search("log.warning(x)")
    for file in FILES:
        assert not other.search(file.read_text("utf-8").replace("_log.", "log.")), file


def sample(event: Saying) -> dict[str, Any]:
    """Fields for an event, numbers where its sentence has them."""
    numbers = set(re.findall(r"%\((\w+)\)[dg]", TOLD[event].text))
    return {name: 7 if name in numbers else "x" for name in TOLD[event].fields}


@pytest.mark.parametrize("event", Saying)
def test_a_line_of_json_holds_the_event_and_its_fields_alone(event: Saying, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "egress_proxy"):
        say(event, **sample(event))
    (record,) = caplog.records
    line = JsonLines().format(record)
    assert "\n" not in line
    told = json.loads(line)
    assert list(told) == ["time", "level", "event", *TOLD[event].fields]
    assert (told["level"], told["event"]) == (record.levelname.lower(), event.value)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told["time"])
    assert "%(" not in record.getMessage()


@pytest.mark.parametrize("text", ["a\nERROR forged", "a\r\x1b[2J", "half\udc80", "\u2028next"])
def test_a_field_cannot_begin_a_line(text: str, caplog: pytest.LogCaptureFixture) -> None:
    say(Saying.VALUES_MALFORMED, path=text)
    (record,) = caplog.records
    assert record.getMessage().isprintable()
    assert json.loads(JsonLines().format(record))["path"].isprintable()
    record.getMessage().encode()


def test_what_was_not_said_is_not_quoted() -> None:
    record = logging.makeLogRecord({"msg": "secret %s", "args": ("text",), "levelname": "ERROR"})
    assert json.loads(JsonLines().format(record)).keys() == {"time", "level", "event"}


@pytest.mark.parametrize("structured", [True, False])
def test_libraries_are_not_heard(structured: bool) -> None:
    code = f"""
import asyncio, logging
from egress_proxy.logs import Saying, begin, say
begin(structured={structured})
logging.getLogger("aiohttp.server").error("quoted")
logging.getLogger("asyncio").critical("quoted", exc_info=ValueError("quoted"))
logging.error("quoted")
say(Saying.STOPPING)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, timeout=120, check=True)
    (line,) = ran.stderr.decode().splitlines()
    assert ("quoted" not in line, ran.stdout) == (True, b"")
    assert ("stopping" in line, line.startswith("{")) == (True, structured)


def test_what_is_below_the_level_is_not_written() -> None:
    code = """
from egress_proxy.logs import Saying, begin, say
begin(structured=True, level="ERROR")
say(Saying.STOPPING)
say(Saying.SCAN_TIMEOUT)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, timeout=120, check=True)
    assert [json.loads(line)["event"] for line in ran.stderr.splitlines()] == ["scan_timeout"]
