"""`egress-proxy catalogue` as whoever adds a version of opencode meets it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from egress_proxy.cli import main
from egress_proxy.cli_catalogue import known_fields
from egress_proxy.errors import Exit
from egress_proxy.model import Resource, RouteClass
from egress_proxy.routes.catalogue import ROWS
from egress_proxy.routes.comparison import NOT_READ
from tests.routes.test_comparison import answered, document, encoded

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def before(tmp_path: Path) -> Path:
    path = tmp_path / "before.json"
    path.write_bytes(encoded(document()))
    return path


@pytest.fixture
def after(tmp_path: Path) -> Path:
    doc = document()
    doc["paths"]["/vault"] = {"get": answered({})}
    del doc["paths"]["/agent"]
    doc["paths"]["/command"]["get"] = answered({"items": {"properties": {"secret": {"type": "string"}}}})
    path = tmp_path / "after.json"
    path.write_bytes(encoded(doc))
    return path


def test_a_diff_says_what_is_new_gone_and_changed(before: Path, after: Path, capsys: Capture) -> None:
    assert main(["catalogue", "diff", str(after), "--against", str(before)]) == Exit.FAILED
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        "new      GET /vault",
        "gone     GET /agent  (clients could call it)",
        "changed  GET /command",
        "         + answer:[]",
        "         + answer:[].secret",
    ]
    assert "1 new (denied), 1 gone, 1 changed" in told.err


def test_a_diff_as_json(before: Path, after: Path, capsys: Capture) -> None:
    assert main(["catalogue", "diff", str(after), "--against", str(before), "--json"]) == Exit.FAILED
    found = json.loads(capsys.readouterr().out)
    assert found["new"] == ["GET /vault"]
    assert found["crossing"] == ["GET /agent"]
    assert [changed["operation"] for changed in found["changed"]] == ["GET /command"]


def test_no_difference_is_a_success(before: Path, capsys: Capture) -> None:
    assert main(["catalogue", "diff", str(before), "--against", str(before)]) == Exit.OK
    assert capsys.readouterr().out == ""


def test_a_draft_is_rows_that_deny(after: Path, capsys: Capture) -> None:
    assert main(["catalogue", "draft", "1.19.0", str(after)]) == Exit.OK
    assert capsys.readouterr().out == '    (("1.19.0",), "GET /vault", "Not looked at yet."),\n'


@pytest.mark.parametrize("version", ["2.0.0", "1.19", "'); import os", "0.1.0"])
def test_a_draft_for_what_is_no_supported_version_is_refused(after: Path, version: str, capsys: Capture) -> None:
    assert main(["catalogue", "draft", version, str(after)]) == Exit.USAGE
    assert "import os" not in capsys.readouterr().err


def test_what_is_no_document_is_told_in_a_line(tmp_path: Path, capsys: Capture) -> None:
    wrong = tmp_path / "wrong"
    for content in (b"{", b'{"openapi": "3.1.0"}'):
        wrong.write_bytes(content)
        for words in (["diff"], ["draft", "1.19.0"], ["shapes"]):
            assert main(["catalogue", *words, str(wrong)]) == Exit.FAILED
            told = capsys.readouterr()
            assert told.out == ""
            assert told.err.count("\n") == 1
            assert "the document cannot be used: it " in told.err
    assert main(["catalogue", "diff", str(tmp_path / "none")]) == Exit.FAILED
    assert "cannot be read" in capsys.readouterr().err


def test_without_a_document_the_running_opencode_is_asked(
    before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    app = ModuleType("egress_proxy.app")
    app.live_document = lambda _config: before.read_bytes()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "egress_proxy.app", app)
    monkeypatch.setattr("egress_proxy.app", app, raising=False)
    (tmp_path / "shop").mkdir()
    file = tmp_path / "config.yaml"
    file.write_text(
        f"upstream: {{url: 'http://127.0.0.1:4096'}}\ndirectories: [{tmp_path.resolve()}/shop]\nmodels: [local/coder]\n"
        f"state_dir: {tmp_path.resolve()}/state\n"
    )
    arguments = ["catalogue", "diff", "--against", str(before), "--config", str(file)]
    assert main(arguments) == Exit.OK
    assert "0 new (denied), 0 gone, 0 changed" in capsys.readouterr().err


def test_the_newest_version_is_known_by_what_crosses() -> None:
    rows = [row for row in ROWS if row.route_class is not RouteClass.DENY and row.name not in NOT_READ]
    told = [row for row in rows if row.response not in (Resource.NOTHING, Resource.BOOLEAN)]
    known = known_fields()
    assert len(told) > 30
    for row in told:
        assert any(name.startswith("answer:") for name in known(row.method, row.template)), row.name
    assert "answer:[].content" in known("GET", "/session/{sessionID}/todo")
