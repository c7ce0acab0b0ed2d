"""The gate policy's file: what it may say, and that each mistake is an error that names its place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from egress_proxy.app import gate_policy
from egress_proxy.config import load, read_gates
from egress_proxy.config.gates import MOST_RULES
from egress_proxy.errors import ConfigError
from egress_proxy.gate_rules import MEANING, Files, Gate, GateRule, Kind, Touch
from egress_proxy.gates import DEFAULTS
from tests.config.conftest import Site
from tests.config.test_rules import minimal

EXAMPLE = Path(__file__).parents[2] / "config" / "gates.yaml"


def read(tmp_path: Path, text: str) -> tuple[GateRule, ...]:
    file = tmp_path / "gates.yaml"
    file.write_text(text, encoding="utf-8")
    return read_gates(file)


def test_the_example_is_what_is_in_force_without_one() -> None:
    assert read_gates(EXAMPLE) == DEFAULTS


def test_the_example_names_every_key_verdict_and_kind() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    for word in (*Gate, *Kind, *Touch, *Files, "why", "directory", "client", "paths", "patterns", "commands"):
        assert re.search(rf"\b{word}\b", text), word
    assert set(MEANING) == set(Kind)


def test_what_is_commented_out_in_the_example_is_valid(tmp_path: Path) -> None:
    lines = [line for line in EXAMPLE.read_text(encoding="utf-8").split("\n") if line.startswith("  # ")]
    start = next(index for index, line in enumerate(lines) if "- id: look-around" in line)
    end = next(index for index, line in enumerate(lines) if "`make test` runs" in line)
    found = read(tmp_path, "rules:\n" + "\n".join("  " + line[4:] for line in lines[start:end]))
    assert [rule.id for rule in found] == ["look-around", "own-docs"]


def test_a_rule_with_everything(tmp_path: Path) -> None:
    (found,) = read(
        tmp_path,
        "rules: [{id: a-1, verdict: human, why: because, permission: [bash, read], directory: /srv/,\n"
        "  client: [a, b], files: declared, paths: [/srv/**], patterns: x, commands: [git push *],\n"
        "  kinds: [disks], touches: proxy-state}]",
    )
    assert found == GateRule(
        id="a-1",
        gate=Gate.HUMAN,
        why="because",
        permissions=("bash", "read"),
        directories=("/srv",),
        clients=("a", "b"),
        files=Files.DECLARED,
        paths=("/srv/**",),
        patterns=("x",),
        commands=("git push *",),
        kinds=(Kind.DISKS,),
        touches=(Touch.PROXY_STATE,),
    )


WRONG = [
    ("{id: a, verdict: self}", "what it is about"),
    ("{id: a, verdict: human, why: x}", "what it is about"),
    ("{verdict: human, kinds: disks}", "id is missing"),
    ("{id: a, kinds: disks}", "verdict is missing"),
    ("{id: A, verdict: human, kinds: disks}", "id: must be lower-case"),
    ("{id: a, verdict: ask, kinds: disks}", "verdict: must be one of self, human, never"),
    ("{id: a, verdict: no, kinds: disks}", "in quotes"),
    ("{id: a, verdict: human, kinds: disk}", "kinds: must be one of"),
    ("{id: a, verdict: human, kinds: []}", "at least one"),
    ("{id: a, verdict: human, kinds: [disks, disks]}", "in the list already"),
    ("{id: a, verdict: human, touches: x}", "must be one of proxy-state"),
    ("{id: a, verdict: human, files: all}", "must be one of declared"),
    ("{id: a, verdict: human, kind: disks}", "unknown key"),
    ("{id: a, verdict: human, paths: src/x}", "absolute path"),
    ("{id: a, verdict: human, paths: /srv/../etc}", "plain spelling"),
    ("{id: a, verdict: human, paths: /srv//x}", "plain spelling"),
    ("{id: a, verdict: human, directory: shop}", "absolute path"),
    ("{id: a, verdict: human, permission: 'ba sh'}", "a permission of opencode"),
    ("{id: a, verdict: human, client: 'a b'}", "client's token"),
    ("{id: a, verdict: human, commands: 'git push; ls'}", "plain words"),
    ("{id: a, verdict: human, commands: 'git  push'}", "plain words"),
    ("{id: a, verdict: human, commands: 'git * push'}", "plain words"),
    ("{id: a, verdict: human, commands: '*'}", "plain words"),
    ("{id: a, verdict: human, commands: 'git $x'}", "plain words"),
    ("{id: a, verdict: self, permission: bash}", "exactly one of"),
    ("{id: a, verdict: self, permission: bash, patterns: '**'}", "must name commands"),
    ("{id: a, verdict: self, permission: bash, kinds: disks}", "exactly one of"),
    ("{id: a, verdict: self, permission: bash, commands: ls, paths: /srv/x}", "exactly one of"),
    ("{id: a, verdict: self, permission: bash, commands: ls, touches: proxy-state}", "no kinds or touches"),
    ("{id: a, verdict: self, commands: ls}", "name its permission"),
    ("{id: a, verdict: self, permission: [bash, read], commands: ls}", "of bash alone"),
    ("{id: a, verdict: self, permission: read, commands: ls}", "must name commands"),
    ("{id: a, verdict: self, permission: read, patterns: '**'}", "write `paths`"),
    ("{id: a, verdict: human, kinds: disks}\n  - {id: a, verdict: never, kinds: disks}", "there twice"),
    ("a rule", "must be a mapping"),
]


@pytest.mark.parametrize(("rule", "message"), WRONG, ids=range(len(WRONG)))
def test_every_mistake_is_named(tmp_path: Path, rule: str, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)) as caught:
        read(tmp_path, f"rules:\n  - {rule}\n")
    assert re.match(r".*gates\.yaml:\d+: ", str(caught.value))


@pytest.mark.parametrize(
    "text", ["", "# no\n", "rules: []\n", "rules:\n", "rules: {}\n", "[]", "rules: [&a 1]\n", "\x00"]
)
def test_a_file_without_rules_is_not_valid(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError):
        read(tmp_path, text)


def test_there_are_bounds(tmp_path: Path) -> None:
    rules = "".join(f"  - {{id: r{number}, verdict: human, kinds: disks}}\n" for number in range(MOST_RULES + 1))
    with pytest.raises(ConfigError, match="at most"):
        read(tmp_path, f"rules:\n{rules}")
    with pytest.raises(ConfigError, match="at most"):
        read(tmp_path, f"rules:\n  - {{id: a, verdict: human, patterns: {'x' * 2000}}}\n")


def test_a_missing_file_is_not_valid(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_gates(tmp_path / "missing.yaml")


def test_a_proxy_starts_with_a_broken_policy_and_leaves_everything_to_a_human(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    project = site.project("shop")
    for text in (None, "", "rules: 1\n"):
        file = site.root / "gates.yaml"
        file.unlink(missing_ok=True)
        if text is not None:
            file.write_text(text)
        caplog.clear()
        policy = gate_policy(load(site.write(minimal(project) + f"gates_file: {file}\n")))
        assert policy.rules == ()
        (record,) = caplog.records
        assert record.levelname == "CRITICAL"
        assert "every ask is for a human" in record.getMessage()
    assert gate_policy(load(site.write(minimal(project)))).rules == DEFAULTS


def test_the_policy_knows_what_is_not_the_agents(site: Site) -> None:
    project = site.project("shop")
    real = site.root / "real-state"
    real.mkdir()
    (site.root / "link").symlink_to(real)
    policy = gate_policy(load(site.write(minimal(project) + f"state_dir: {site.root}/link\n")))
    assert {str(real), str(site.root / "link")} <= set(policy.own.proxy_state)
    assert policy.own.opencode_logins[0].endswith("/.local/share/opencode/auth.json")


def test_rules_about_a_link_mean_what_it_leads_to(site: Site) -> None:
    project = site.project("shop")
    (site.root / "link").symlink_to(project)
    (site.root / "gates.yaml").write_text(
        f"rules: [{{id: a, verdict: never, directory: {site.root}/link, paths: ['{site.root}/link/s*', '/x/**']}}]"
    )
    (rule,) = gate_policy(load(site.write(minimal(project) + f"gates_file: {site.root}/gates.yaml\n"))).rules
    assert {str(project), f"{site.root}/link"} == set(rule.directories)
    assert {f"{project}/s*", f"{site.root}/link/s*", "/x/**"} == set(rule.paths)


def test_the_local_agent_cannot_write_the_policy(site: Site) -> None:
    project = site.project("shop")
    with pytest.raises(ConfigError, match="contains gates_file"):
        load(site.write(minimal(project) + f"gates_file: {project}/gates.yaml\n"))
