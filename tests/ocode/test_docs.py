"""docs/ocode.md says what there is, and nothing else."""

from __future__ import annotations

import re
import shlex
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import msgspec
import pytest

from egress_proxy.ocode import settings
from egress_proxy.ocode.address import DEFAULT_URL
from egress_proxy.ocode.api import QUICK_SECONDS
from egress_proxy.ocode.cli import build_parser
from egress_proxy.ocode.context import TURN_SECONDS
from egress_proxy.ocode.documents import DOCUMENTS, ErrorDocument
from egress_proxy.ocode.exits import Exit
from egress_proxy.ocode.faults import Local
from egress_proxy.ocode.manual import ENVIRONMENT
from egress_proxy.ocode.verbs import VERBS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "ocode.md").read_text("utf-8")
SHAPES: dict[str, type[msgspec.Struct]] = {f"`{verb}`": kind for verb, kind in DOCUMENTS.items()} | {
    "Errors": ErrorDocument
}


def section(title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def flags_of(parser: ArgumentParser) -> set[str]:
    return {flag for action in parser._actions for flag in action.option_strings} - {"-h", "--help"}


def parser_of(verb: str) -> ArgumentParser:
    rows: Any = next(action for action in build_parser()._actions if action.dest == "==SUPPRESS==" and action.choices)
    found: ArgumentParser = rows.choices[verb]
    return found


def test_every_verb_is_there_with_all_its_flags() -> None:
    rows = re.findall(r"^\| `ocode (\w+)([^|]*)\| ([^|]*)\|", section("Verbs"), re.MULTILINE)
    assert list(dict.fromkeys(verb for verb, _, _ in rows)) == [verb.name for verb in VERBS]
    common = flags_of(build_parser())
    for verb in VERBS:
        told = "".join(usage + text for name, usage, text in rows if name == verb.name)
        assert set(re.findall(r"--[a-z-]+", told)) - common == flags_of(parser_of(verb.name)) - common, verb.name


def test_every_common_flag_is_there() -> None:
    assert set(re.findall(r"^\| `(--[a-z-]+)", section("Verbs"), re.MULTILINE)) == flags_of(build_parser())


def test_every_variable_is_there() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", section("Environment"), re.MULTILINE)) == set(ENVIRONMENT)
    sources = [path.read_text("utf-8") for path in Path(settings.__file__).parent.glob("*.py")]
    assert set(re.findall(r"\bOCODE_[A-Z_]+", "".join(sources))) == set(ENVIRONMENT)
    assert set(re.findall(r"\bOCODE_[A-Z_]+", PAGE)) == set(ENVIRONMENT)


def test_every_exit_code_is_there() -> None:
    documented = re.findall(r"^\| (\d+) \|", section("Exit codes"), re.MULTILINE)
    assert [int(code) for code in documented] == [code.value for code in Exit]


def test_every_reason_of_its_own_is_there() -> None:
    assert set(re.findall(r"`(ocode_\w+)`", section("JSON"))) == {reason.value for reason in Local}


def test_the_defaults_are_those() -> None:
    assert f"default `{DEFAULT_URL}`" in PAGE
    assert f"default `{settings.DEFAULT_TOKEN_FILE}`" in PAGE
    assert f"{QUICK_SECONDS:g} by default, {TURN_SECONDS:g} for `prompt` and `wait`" in PAGE


def examples() -> dict[str, str]:
    return dict(re.findall(r"^### (\S+)\n.*?^```json\n(.*?)\n```$", section("JSON"), re.MULTILINE | re.DOTALL))


def test_every_document_has_an_example() -> None:
    assert examples().keys() == SHAPES.keys()
    assert SHAPES.keys() == {f"`{verb.name}`" for verb in VERBS if verb.name != "mcp"} | {"Errors"}


@pytest.mark.parametrize("name", SHAPES)
def test_an_example_has_every_field_and_no_other(name: str) -> None:
    example = examples()[name].encode()
    decoded = msgspec.json.decode(example, type=SHAPES[name], strict=True)
    assert msgspec.json.decode(msgspec.json.encode(decoded)) == msgspec.json.decode(example)


BLOCKS = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    lines = [line for block in BLOCKS.findall(PAGE) for line in block.splitlines()]
    return [one for line in lines if line.startswith("$ ") for one in re.findall(r"\bocode [^|)<>&]*", line)]


@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_page_is_one_that_works(command: str) -> None:
    parsed = build_parser().parse_args(shlex.split(command)[1:])
    assert parsed.verb in VERBS


def test_there_are_commands_to_test() -> None:
    assert {command.split()[1] for command in commands()} >= {verb.name for verb in VERBS} - {"completion"}
