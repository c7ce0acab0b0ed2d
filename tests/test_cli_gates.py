"""`egress-proxy gates` as an operator meets it: which rule decides an ask, and whether a policy is valid."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest

from egress_proxy.cli import main
from egress_proxy.errors import Exit

EXAMPLE = Path(__file__).parents[1] / "config" / "gates.yaml"
MINE = """\
rules:
  - {id: look, verdict: self, permission: bash, commands: [git status], client: builder}
  - {id: push, verdict: human, kinds: git-push}
"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path.resolve()
    (root / "shop").mkdir()
    (root / "shop" / ".env").write_text("MODE=test\n")
    return root


@pytest.fixture
def run(root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def run_it(*arguments: str, policy: str | None = None, given: bytes = b"", where: str = "") -> tuple[int, str, str]:
        config = root / "config.yaml"
        if policy is not None:
            (root / "gates.yaml").write_text(policy)
        named = where or (f"gates_file: {root}/gates.yaml" if policy is not None else "")
        config.write_text(
            "upstream: {url: 'http://127.0.0.1:9'}\n"
            f"directories: [{root}/shop]\nmodels: [local/coder]\nstate_dir: {root}/state\n"
            f"known_values: [{{env_file: {root}/shop/.env}}]\n{named}\n"
        )
        monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(given)))
        code = main(["gates", *arguments, "--config", str(config)])
        return code, *capsys.readouterr()

    return run_it


def explained(run: Run, *arguments: str, **options: Any) -> tuple[int, Any]:
    code, out, _ = run("explain", *arguments, "--json", **options)
    return code, json.loads(out)


def test_it_says_which_rule_decides_and_why(run: Run) -> None:
    code, out, err = run("explain", "--permission", "bash", "--command", "git status; git push -f")
    assert (code, err) == (Exit.FOR_HUMAN, "")
    assert out.startswith("human: a human decides\n  rule  force-push\n  why   it overwrites or deletes")
    assert "force-push            git push -f\n" in out
    assert "(no rule)             git status\n" in out


def test_in_json(run: Run) -> None:
    code, found = explained(run, "--permission", "read", "--pattern", ".env")
    assert code == Exit.OK
    assert found["verdict"] == "self"
    assert found["rule"] == "declared-env-files"
    assert found["subjects"] == [{"subject": ".env"} | {key: found[key] for key in ("verdict", "rule", "why")}]


def test_what_is_nobodys(run: Run, root: Path) -> None:
    code, found = explained(run, "--permission", "read", "--pattern", f"{root}/state/tokens.json")
    assert (code, found["verdict"], found["rule"]) == (Exit.NEVER, "never", "own-state")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"permission": "bash", "command": "git status", "client": "builder"}, "self"),
        ({"permission": "bash", "command": "git status", "client": "other"}, "human"),
        ({"permission": "bash", "patterns": ["git status"], "client": "builder"}, "human"),
        (
            {
                "id": "per_1",
                "sessionID": "ses_1",
                "permission": "bash",
                "patterns": ["git status"],
                "always": ["git status *"],
                "metadata": {"command": "git status"},
                "tool": {"messageID": "msg_1", "callID": "x"},
                "client": "builder",
            },
            "self",
        ),
    ],
)
def test_an_ask_as_opencode_shows_it(run: Run, given: dict[str, object], expected: str) -> None:
    code, found = explained(run, policy=MINE, given=json.dumps(given).encode())
    assert found["verdict"] == expected
    assert code == (Exit.OK if expected == "self" else Exit.FOR_HUMAN)


@pytest.mark.parametrize(
    "given", [b"", b"x", b"[]", b"{}", b'{"permission": 1}', b'{"permission": "read", "x": "hunter2"}', b"\xff"]
)
def test_an_ask_that_is_none_is_not_repeated(run: Run, given: bytes) -> None:
    code, out, err = run("explain", given=given)
    assert (code, out) == (Exit.USAGE, "")
    assert "hunter2" not in err
    assert "stdin is not an ask" in err


def test_half_an_ask_in_options_is_an_error(run: Run) -> None:
    assert run("explain", "--command", "ls")[0] == Exit.USAGE
    assert run("explain", "--permission", "read", "--directory", "shop")[0] == Exit.FAILED


def test_signs_that_a_terminal_obeys_are_escaped(run: Run) -> None:
    _, out, _ = run("explain", "--permission", "webfetch", "--pattern", "\x1b[2J\u202e\n" + "x" * 300)
    assert "\\x1b[2J\\u202e" in out
    assert "\x1b" not in out


@pytest.mark.parametrize(
    "policy",
    [
        "",
        "rules: []\n",
        "rules: x\n",
        "rule: []\n",
        "{",
        "rules: [{id: a, verdict: allow, permission: read}]\n",
        "- 1\n",
    ],
)
def test_a_broken_policy_is_shown_and_leaves_everything_to_a_human(run: Run, policy: str) -> None:
    code, out, err = run("check", policy=policy)
    assert (code, out) == (Exit.USAGE, "")
    assert "gates.yaml" in err
    code, out, err = run("explain", "--permission", "read", "--pattern", ".env", policy=policy)
    assert code == Exit.FOR_HUMAN
    assert "every ask is for a human" in err
    assert "there is no policy in force" in out


def test_a_missing_policy_leaves_everything_to_a_human(run: Run, root: Path) -> None:
    where = f"gates_file: {root}/missing.yaml"
    assert run("check", where=where)[0] == Exit.USAGE
    assert run("explain", "--permission", "read", "--pattern", ".env", where=where)[0] == Exit.FOR_HUMAN


def test_a_policy_is_checked_and_printed(run: Run) -> None:
    code, out, err = run("check", policy=MINE)
    assert code == Exit.OK
    assert out.splitlines() == [
        "self   look                      permissions: bash; clients: builder; commands: git status",
        "human  push                      kinds: git-push",
    ]
    assert "2 rules" in err


def test_the_example_and_what_is_in_force_without_one_are_the_same(run: Run) -> None:
    _, named, _ = run("check", str(EXAMPLE), "--json")
    _, default, _ = run("check", "--json")
    assert json.loads(named) == json.loads(default)
    assert len(json.loads(named)) > 10
