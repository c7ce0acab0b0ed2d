"""Imports run one way, and each outside thing has one door.

    vocabulary <- routes, wire, scan, sources, gates, prompts, audit, evidence, config, metrics, tokens
    <- fingerprints, ledgers
    <- server, ocode <- console <- app, desk <- cli

Modules of one level never import each other. The tests read the source, so an import inside a function, for types only
or by a relative path counts as well.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.kit.each import each

PACKAGE = Path(__file__).parents[1] / "egress_proxy"
FILES = sorted(PACKAGE.rglob("*.py"))

LEVELS: dict[str, int] = {
    "__init__": 0,
    "model": 0,
    "reasons": 0,
    "explanations": 0,
    "errors": 0,
    "native": 0,
    "markup": 0,
    "private": 0,
    "databases": 0,
    "clocks": 0,
    "evidence_rules": 0,
    "logs": 0,
    "gate_rules": 0,
    "prompt_rules": 0,
    "routes": 1,
    "wire": 1,
    "scan": 1,
    "sources": 1,
    "gates": 1,
    "prompts": 1,
    "audit": 1,
    "evidence": 1,
    "config": 1,
    "metrics": 1,
    "tokens": 1,
    "authority": 1,
    "fingerprints": 2,
    "terminal": 2,
    "trial": 3,
    "setup": 4,
    "server": 3,
    "ocode": 3,
    "console": 4,
    "network": 4,
    "app": 5,
    "desk": 5,
    "cli_records": 5,
    "doctor": 6,
    "cli_audit": 6,
    "cli_catalogue": 6,
    "cli_evidence": 6,
    "cli_evidence_keys": 5,
    "ledgers": 2,
    "cli_ledgers": 6,
    "cli_fingerprint": 6,
    "cli_questions": 6,
    "cli_queue": 6,
    "cli_completion": 6,
    "cli_init": 6,
    "cli_init_asks": 5,
    "cli_sections": 5,
    "cli_usage": 5,
    "cli_reload": 6,
    "cli_trial": 6,
    "cli_tls": 6,
    "cli_verify": 6,
    "cli_doctor": 7,
    "cli_gates": 7,
    "cli": 8,
    "__main__": 9,
}
VOCABULARY = {
    name: set[str]()
    for name in (
        "__init__",
        "reasons",
        "errors",
        "native",
        "markup",
        "private",
        "databases",
        "clocks",
        "logs",
        "gate_rules",
        "prompt_rules",
        "evidence_rules",
    )
} | {"model": {"reasons", "prompt_rules"}, "explanations": {"reasons"}}

DOORS: dict[str, tuple[str, ...]] = {
    "detect_secrets": ("scan/",),
    "hyperscan": ("scan/",),
    "yaml": ("markup.py",),
    "re2": ("scan/",),
    "tree_sitter": ("gates/",),
    "tree_sitter_bash": ("gates/parse.py",),
    "prometheus_client": ("metrics/families.py",),
    # Three things that have nothing in common: signing the ledger, sealing originals, and certificates.
    "cryptography": ("audit/ed25519.py", "evidence/hpke.py", "authority.py"),
    "psycopg": ("audit/pg_schema.py", "audit/pg_session.py", "audit/postgres.py"),
    "aiohttp": ("server/", "ocode/", "console/"),
    "jinja2": ("console/pages.py",),
    "argcomplete": ("ocode/completion.py",),
    "mcp": ("ocode/mcp_server.py",),
    "mcp_types": ("ocode/mcp_server.py",),
    "anyio": ("ocode/mcp_server.py",),
    "click": (
        "cli.py",
        "cli_audit.py",
        "cli_catalogue.py",
        "cli_evidence.py",
        "cli_evidence_keys.py",
        "cli_fingerprint.py",
        "cli_gates.py",
        "cli_questions.py",
        "cli_ledgers.py",
        "cli_queue.py",
        "cli_records.py",
        "cli_completion.py",
        "cli_doctor.py",
        "cli_init.py",
        "cli_init_asks.py",
        "cli_sections.py",
        "cli_usage.py",
        "cli_reload.py",
        "cli_trial.py",
        "cli_tls.py",
        "cli_verify.py",
        "terminal.py",
        "ocode/",
    ),
}
SINGLE = ("detect_secrets", "prometheus_client", "re2", "yaml")  # cryptography has three doors, each a single file

PURE = ("model.py", "reasons.py", "explanations.py", "errors.py", "routes/", "wire/", "scan/", "gates/", "prompts/")
IMPURE_MODULES = {
    "asyncio", "glob", "io", "logging", "os", "pathlib", "random", "secrets", "shutil", "signal", "socket", "sqlite3",
    "ssl", "subprocess", "tempfile", "threading", "time", "urllib.request", "http.client", "uuid", "contextvars",
    "egress_proxy.logs",
}  # fmt: skip


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def unit_of(path: Path) -> str:
    """Give the level's unit that a file belongs to: a sub-package or a module."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Give every node of a file's syntax tree."""
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


@cache
def imported(path: Path) -> tuple[str, ...]:
    """Give the full name of everything that a file imports."""
    return tuple(_imported(path))


def _imported(path: Path) -> Iterator[str]:
    package = ["egress_proxy", *path.relative_to(PACKAGE).parent.parts]
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *filter(None, [node.module])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def own_units(path: Path) -> set[str]:
    """Give the units of this package that a file imports; the package's own attributes (its version) count as one."""
    names = [name.split(".") for name in imported(path) if name.split(".")[0] == "egress_proxy"]
    return {name[1] if len(name) > 1 and name[1] in LEVELS else "__init__" for name in names}


@each("path", FILES, ids=name_of)
def test_every_module_has_a_level(path: Path) -> None:
    assert unit_of(path) in LEVELS, "give the new unit its place in LEVELS and in docs/architecture.md"


@each("path", FILES, ids=name_of)
def test_imports_run_one_way(path: Path) -> None:
    unit = unit_of(path)
    wrong = {
        other
        for other in own_units(path) - {unit}
        if LEVELS[other] >= LEVELS[unit] and other not in VOCABULARY.get(unit, set())
    }
    assert not wrong


@each("path", FILES, ids=name_of)
def test_outside_things_come_in_by_their_door(path: Path) -> None:
    name = name_of(path)
    for top in {module.split(".")[0] for module in imported(path)} & set(DOORS):
        assert name.startswith(DOORS[top]), f"{top} is not for {name}"


DISTRIBUTIONS = {
    "yaml": "pyyaml",
    "dotenv": "python-dotenv",
    "yarl": "aiohttp",
    "re2": "google-re2",
    "mcp_types": "mcp",
    "anyio": "mcp",
}
"""Where a module's distribution has another name than the module; yarl is a part of aiohttp's own interface, and
mcp_types and anyio are of the SDK's."""
EXTRA, NEEDS_EXTRA = "mcp", "ocode/mcp_server.py"


@pytest.fixture(scope="module")
def project() -> Any:
    return tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text("utf-8"))["project"]


@each("path", FILES, ids=name_of)
def test_every_outside_import_is_a_declared_dependency(path: Path, project: Any) -> None:
    lines = [
        *project["dependencies"],
        *(project["optional-dependencies"][EXTRA] if name_of(path) == NEEDS_EXTRA else ()),
    ]
    declared = {re.split(r"[<>=~!\[; ]", line)[0].replace("-", "_") for line in lines}
    tops = {module.split(".")[0] for module in imported(path)} - sys.stdlib_module_names - {"egress_proxy"}
    assert {DISTRIBUTIONS.get(top, top).replace("-", "_") for top in tops} <= declared


@pytest.mark.parametrize("top", SINGLE)
def test_some_have_a_single_importer(top: str) -> None:
    importers = [name_of(path) for path in FILES if any(module.split(".")[0] == top for module in imported(path))]
    assert len(importers) <= 1, importers


@each("path", [p for p in FILES if name_of(p).startswith(PURE)], ids=name_of)
def test_pure_modules_have_no_clock_file_network_or_log(path: Path) -> None:
    names = {name for name in imported(path) if not name.startswith("pathlib.Pure")}
    wrong = {module for module in IMPURE_MODULES for name in names if f"{name}.".startswith(f"{module}.")}
    wrong |= {name for name in names if name in {"datetime.datetime.now", "datetime.datetime.utcnow"}}
    assert not wrong


@each("path", FILES, ids=name_of)
def test_nothing_is_imported_run_or_unpickled_by_name(path: Path) -> None:
    """A module found by name at run time would not be seen by these tests, and nor would code made from text."""
    banned = {"importlib", "pickle", "marshal", "shelve", "runpy"}
    if name_of(path) == "scan/rules.py":
        banned -= {"importlib"}  # detect-secrets has no list of its plug-ins: the adapter imports all that are there
    assert not {name.split(".")[0] for name in imported(path)} & banned
    calls = (node.func for node in nodes(path) if isinstance(node, ast.Call))
    assert not {func.id for func in calls if isinstance(func, ast.Name)} & {"__import__", "eval", "exec", "compile"}


def test_the_reader_of_imports_sees_every_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.test_imports.PACKAGE", tmp_path)
    path = tmp_path / "scan" / "x.py"
    path.parent.mkdir()
    path.write_text(
        "from typing import TYPE_CHECKING\n"
        "import yaml.nodes as y\n"
        "from . import rules\n"
        "from ..wire import view\n"
        "from egress_proxy import config, __version__\n"
        "if TYPE_CHECKING:\n    from egress_proxy.server.cloud import Cloud\n"
        "def f():\n    import egress_proxy.audit\n"
    )
    assert set(imported(path)) >= {"yaml.nodes", "egress_proxy.scan.rules", "egress_proxy.wire.view"}
    assert own_units(path) == {"scan", "wire", "config", "__init__", "server", "audit"}
