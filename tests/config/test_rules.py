"""A file of rules is read strictly: every mistake is named with its line and key, and no example is quoted."""

from __future__ import annotations

from pathlib import Path

import pytest

from egress_proxy.config import OperatorRule, load, read_rules
from egress_proxy.errors import ConfigError
from tests.config.conftest import Site

EXAMPLE = Path(__file__).parents[2] / "config" / "rules.example.yaml"
GOOD = """
rules:
  - id: house-token
    pattern: 'house-(\\d{8})'
    group: 1
    caseless: true
    keywords: [house]
    min_entropy: 2.5
    matches: ['house-12345678']
    ignores: ['house-1']
"""


def test_a_rule_is_read(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(GOOD)
    assert read_rules(file) == (
        OperatorRule(
            id="house-token",
            pattern=r"house-(\d{8})",
            group=1,
            caseless=True,
            keywords=("house",),
            min_entropy=2.5,
            matches=("house-12345678",),
            ignores=("house-1",),
        ),
    )
    assert "12345678" not in repr(read_rules(file))


def test_the_example_reads() -> None:
    assert {rule.id for rule in read_rules(EXAMPLE)} == {"acme-token", "badge-number"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("id: house-token", "id: House Token", r"rules.yaml:3: rules\[0\].id: must be lower-case"),
        ("    matches: ['house-12345678']\n", "", "the key matches is missing"),
        ("    ignores: ['house-1']\n", "", "the key ignores is missing"),
        ("matches: ['house-12345678']", "matches: []", "must name at least one"),
        ("group: 1", "group: one", "whole number from 0 to 99"),
        ("min_entropy: 2.5", "min_entropy: 9", "from 0 to 8"),
        ("caseless: true", "caseless: yes", "must be true or false"),
        ("group: 1", "groups: 1", "unknown key"),
        ("pattern: 'house-(\\d{8})'", "pattern: " + "x" * 2001, "at most 2000"),
        ("rules:", "rule:", "unknown key"),
        ("keywords: [house]", "keywords: house", "must be a list"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    file = tmp_path / "rules.yaml"
    assert old in GOOD
    file.write_text(GOOD.replace(old, new))
    with pytest.raises(ConfigError, match=message) as refused:
        read_rules(file)
    assert "12345678" not in str(refused.value)


def test_an_id_stands_once(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(GOOD + GOOD.removeprefix("\nrules:\n"))
    with pytest.raises(ConfigError, match="there twice"):
        read_rules(file)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_rules(tmp_path / "none.yaml")


def test_the_setting_names_an_existing_file_outside_the_directories(site: Site) -> None:
    project = site.project("shop")
    inside = project / "rules.yaml"
    inside.write_text(GOOD)
    with pytest.raises(ConfigError, match="does not exist"):
        load(site.write(minimal(project) + f"rules_file: {site.root}/missing.yaml\n"))
    with pytest.raises(ConfigError, match="contains rules_file"):
        load(site.write(minimal(project) + f"rules_file: {inside}\n"))
    outside = site.secret("rules.yaml", GOOD.encode())
    assert load(site.write(minimal(project) + f"rules_file: {outside}\n")).rules_file == str(outside)
    assert load(site.write(minimal(project) + "rules_file: none\n")).rules_file is None


def minimal(project: Path) -> str:
    return f"upstream:\n  url: http://127.0.0.1:4096\ndirectories: [{project}]\nmodels: [local/x]\n"
