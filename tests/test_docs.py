"""The documentation names what there is, and what there is is documented.

A page that does not exist yet is checked from the day it does. Names are looked for in `code spans` and code blocks.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import pkgutil
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType

import click
import msgspec
import pytest

from egress_proxy import wire
from egress_proxy.audit import Record
from egress_proxy.cli import EXIT_CODES, cli
from egress_proxy.config import Config, Features, Limits, settings
from egress_proxy.explanations import EXPLAINED, message
from egress_proxy.metrics import Metrics
from egress_proxy.model import RouteClass
from egress_proxy.reasons import Reason, Stage
from egress_proxy.routes import body_expect, body_prompt, body_reply, body_session, parts
from egress_proxy.routes.catalogue import ROWS
from egress_proxy.wire.event_properties import RELEASED
from egress_proxy.wire.fields import Wire
from egress_proxy.wire.growth import DELTA
from tests.kit.each import each

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(page for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")] if page.is_file())
CODE_BLOCK = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
CODE_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
SECTIONS = {name.partition(".")[0] for name in (setting.name for setting in settings()) if "." in name}

STATE_FILES = {
    "audit.db",
    "audit.jsonl",
    "audit.key",
    "audit.lock",
    "audit.pub",
    "evidence.db",
    "verify.py",
    "verify.json",
    "verify.lock",
}
"""Files, mostly of the state directory, whose names look like settings."""


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def told_by(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def code(text: str) -> list[str]:
    """Give what stands as code in a page: spans, and the lines of blocks."""
    blocks = [line for block in CODE_BLOCK.findall(text) for line in block.splitlines()]
    return blocks + CODE_SPAN.findall(CODE_BLOCK.sub("", text))


@cache
def anchors(page: Path) -> set[str]:
    """Give what links may name in a page: its headings, as forges write them."""
    headings = re.findall(r"^#+ (.+)$", CODE_BLOCK.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@cache
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def metric_names() -> set[str]:
    """Give the names under which metrics are exposed, without histograms' suffixes."""
    return set(re.findall(r"^# TYPE (egress_\w+) ", Metrics().render().decode(), re.MULTILINE))


def command_words(group: click.Group = cli, prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (*prefix, name)
        if isinstance(command, click.Group):
            yield from command_words(command, (*prefix, name))


def test_every_reason_is_explained() -> None:
    assert set(EXPLAINED) == set(Reason)
    assert set(generator().STAGES) == set(Stage)
    for told in EXPLAINED.values():
        assert 200 <= told.status < 600
        assert told.summary.endswith(".")
        assert told.advice.endswith((".", "`."))


def test_the_page_of_reasons_is_fresh() -> None:
    page = (ROOT / "docs" / "reasons.md").read_text(encoding="utf-8")
    assert page == generator().reasons_page(), "run `make docs`"


def test_the_schema_of_ocode_is_fresh() -> None:
    schema = (ROOT / "docs" / "ocode.schema.json").read_text(encoding="utf-8")
    assert schema == generator().ocode_schema(), "run `make docs`"


def test_the_schema_of_the_queues_verbs_is_fresh() -> None:
    schema = (ROOT / "docs" / "gates.schema.json").read_text(encoding="utf-8")
    assert schema == generator().gates_schema(), "run `make docs`"


def test_the_page_of_reasons_names_each_reason_once() -> None:
    page = (ROOT / "docs" / "reasons.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == sorted(Reason)


def test_the_page_of_clients_is_fresh() -> None:
    """What its rows say is held to what is seen by the tests in tests/clients."""
    page = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
    assert page == generator().clients_page(), "run `make docs`"


def test_the_table_of_settings_is_fresh() -> None:
    assert told_by("settings.md") == generator().settings_page(), "run `make docs`"


def test_every_setting_is_documented() -> None:
    spans = set(code(told_by("settings.md")))
    assert {setting.name for setting in settings()} <= spans


def test_every_metric_is_documented() -> None:
    named = set(re.findall(r"egress_[a-z_]+", " ".join(code(told_by("metrics.md")))))
    assert metric_names() <= named


def test_every_command_is_documented() -> None:
    text = " ".join(span for page in PAGES for span in code(page.read_text(encoding="utf-8")))
    groups = {" ".join(words[:-1]) for words in command_words()}
    for words in command_words():
        if " ".join(words) not in groups:
            assert f"egress-proxy {' '.join(words)}" in text


CROSSING = [row for row in ROWS if row.route_class is not RouteClass.DENY]
ASKED: list[type[msgspec.Struct]] = [
    body_prompt.AskedPrompt,
    body_prompt.AskedSummary,
    body_session.AskedSession,
    body_session.Renaming,
]
ASKED += [body_session.Fork, body_session.DenyRule, body_reply.PermissionReply, body_reply.PermissionResponse]
ASKED += [body_reply.QuestionReply, parts.AskedText, parts.AskedFile, body_expect.Expectations]


def section(page: str, title: str) -> str:
    """Give what stands below a heading of a page, up to the next one of the same or a higher level."""
    level, text = title.partition(" ")[0], told_by(page)
    return re.split(rf"^#{{1,{len(level)}}} ", text.partition(f"\n{title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def code_words(text: str) -> set[str]:
    """Give the words of the code in a text."""
    return set(re.findall(r"\w+", " ".join(code(text))))


def field_names(kinds: Sequence[type[msgspec.Struct]]) -> set[str]:
    return {field.encode_name for kind in kinds for field in msgspec.structs.fields(kind)}


def what_crosses() -> list[type[Wire]]:
    """Give the Structs that answers are made of. `Given…` and private ones are only read; events have a list."""
    names = [info.name for info in pkgutil.iter_modules(wire.__path__) if not info.name.startswith(("event", "facts"))]
    modules = [importlib.import_module(f"{wire.__name__}.{name}") for name in names]
    return [
        kind
        for module in modules
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Wire) and kind.__module__ == module.__name__ and not name.startswith(("Given", "_"))
    ]


def test_the_docs_name_every_operation_that_crosses_and_no_other() -> None:
    named = set(re.findall(r"`((?:GET|POST|PATCH|PUT|DELETE) /[^`\s]*)`", section("api.md", "## Answers")))
    assert named == {row.name for row in CROSSING}


def test_the_docs_name_every_field_that_crosses() -> None:
    assert len(what_crosses()) > 40
    assert field_names(what_crosses()) <= code_words(section("api.md", "## Answers"))


def test_the_docs_name_every_part_that_crosses() -> None:
    tagged = [kind.__struct_config__ for kind in what_crosses()]
    kinds = {config.tag for config in tagged if config.tag_field == "type" and isinstance(config.tag, str)} - {""}
    assert len(kinds) > 12
    assert kinds <= set(code(section("api.md", "## Answers")))


def test_the_docs_name_every_field_and_key_that_may_be_sent() -> None:
    told = code_words(section("api.md", "## What a caller may send"))
    assert field_names(ASKED) <= told
    assert {key for row in CROSSING for key in row.query} <= told
    for row in CROSSING:
        if row.body.value != "none":
            assert row.name in code(section("api.md", "## What a caller may send"))


def test_the_docs_name_every_event_that_crosses_and_no_other() -> None:
    told = set(code(section("api.md", "## Events").partition("These types cross:")[2].partition("All others")[0]))
    assert told == {*RELEASED, DELTA}


def test_the_shown_refusal_is_one_that_is_sent() -> None:
    shown = json.loads(section("api.md", "## Errors").partition("```json\n")[2].partition("```")[0])
    reason = Reason(shown["data"]["reason"])
    assert shown["data"]["message"] == message(reason)
    assert set(shown["data"]) == {"message", "reason", "auditID"}


def test_the_shown_record_is_one_that_is_written() -> None:
    shown = told_by("audit.md").partition("```json\n")[2].partition("```")[0]
    record = msgspec.json.decode(shown, type=Record, strict=True)
    assert json.loads(msgspec.json.encode(record)) == json.loads(shown)
    assert set(Record.__struct_fields__) <= code_words(told_by("audit.md").partition("| field |")[2])


def test_the_docs_name_every_exit_code() -> None:
    told = re.findall(r"^\| (\d+) \|", section("operations.md", "## Exit codes"), re.MULTILINE)
    assert [int(number) for number in told] == [int(number) for number in EXIT_CODES]


@each("page", PAGES, ids=name_of)
def test_every_setting_named_exists(page: Path) -> None:
    known = {setting.name for setting in settings()} | set(Config.__struct_fields__)
    named = {
        span
        for span in code(page.read_text(encoding="utf-8"))
        if re.fullmatch(r"[a-z]+\.[a-z_]+", span) and span.partition(".")[0] in SECTIONS
    } - STATE_FILES
    assert named <= known


@each("page", PAGES, ids=name_of)
def test_every_metric_named_exists(page: Path) -> None:
    """Names may have a histogram's suffix, those with colons are recorded ones; `egress_proxy` is the package."""
    text = " ".join(code(page.read_text(encoding="utf-8")))
    named = set(re.findall(r"(?<!:)\begress_[a-z_]+\b(?!:)", text)) - {"egress_proxy"}
    from_verify = {name for name in named if name.startswith("egress_verify_last_")}  # written by a command, to a file
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in named - from_verify} <= metric_names()


@each("page", PAGES, ids=name_of)
def test_every_command_named_exists(page: Path) -> None:
    known = {words[0] for words in command_words()} | {" ".join(words) for words in command_words()}
    text = "\n".join(code(page.read_text(encoding="utf-8")))
    groups = {words[0] for words in command_words() if len(words) > 1}
    for group, inner in re.findall(r"\begress-proxy ([a-z][a-z-]*)(?: (?!-)([a-z]+))?\b", text):
        assert group in known
        assert group not in groups or not inner or f"{group} {inner}" in known


@each("page", PAGES, ids=name_of)
def test_every_make_target_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = re.findall(r"^(?:\$ )?make ([a-z]+)", "\n".join(code(page.read_text(encoding="utf-8"))), re.MULTILINE)
    assert set(named) <= targets


@each("page", PAGES, ids=name_of)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    text = CODE_BLOCK.sub("", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:", target):
            file, _, anchor = target.partition("#")
            leads_to = page.parent / file if file else page
            assert leads_to.exists(), target
            assert not anchor or anchor in anchors(leads_to), target


@each("page", PAGES, ids=name_of)
def test_every_row_of_a_table_has_its_columns(page: Path) -> None:
    text = CODE_BLOCK.sub("", page.read_text(encoding="utf-8"))
    for table in re.findall(r"(?:^\|.*\|$\n?)+", text, re.MULTILINE):
        columns = [len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()]
        assert len(set(columns)) == 1, table.splitlines()[0]


@each("page", PAGES, ids=name_of)
def test_every_file_of_code_named_exists(page: Path) -> None:
    for span in code(page.read_text(encoding="utf-8")):
        if re.fullmatch(r"(?:egress_proxy|tests|config|deploy|requirements)/[\w./-]*", span):
            assert (ROOT / span).exists(), span


@each("page", PAGES, ids=name_of)
def test_every_method_named_exists(page: Path) -> None:
    source = "\n".join(file.read_text(encoding="utf-8") for file in ROOT.glob("egress_proxy/**/*.py"))
    for span in code(page.read_text(encoding="utf-8")):
        if found := re.fullmatch(r"([A-Z]\w+)\.(\w+)", span):
            assert re.search(rf"^class {found[1]}\b", source, re.MULTILINE), span
            assert re.search(rf"^    (?:async )?def {found[2]}\b", source, re.MULTILINE), span


@pytest.mark.parametrize("name", ["run", "dev", "clients"])
def test_every_pin_has_hashes_and_no_address(name: str) -> None:
    """Where packages come from is each machine's own setting."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    pins = re.split(r"\n(?=[a-z0-9])", text)
    assert len(pins) >= 15
    for pin in pins:
        assert re.match(r"[a-z0-9-]+==\S+ \\\n {4}--hash=sha256:[0-9a-f]{64}", pin), pin[:40]
    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE)


def test_what_runs_is_pinned_alike_for_development() -> None:
    run, dev = ((ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8") for name in ("run", "dev"))
    pinned = set(re.findall(r"^(\S+==\S+)", run, re.MULTILINE))
    assert pinned <= set(re.findall(r"^(\S+==\S+)", dev, re.MULTILINE))


@pytest.mark.parametrize("name", ["opencode", "clients"])
def test_a_lock_of_the_tests_has_hashes_and_no_address(name: str) -> None:
    lock = (ROOT / "tests" / name / "package-lock.json").read_text(encoding="utf-8")
    assert lock.count('"integrity": "sha512-') == lock.count('"node_modules/')
    assert "://" not in lock


@each("name", [*Limits.__struct_fields__, *Features.__struct_fields__])
def test_every_limit_and_feature_is_in_force(name: str) -> None:
    """A documented bound that nothing reads would be a promise not kept."""
    files = [page for page in ROOT.glob("egress_proxy/**/*.py") if "config" not in page.parts]
    assert any(re.search(rf"\b(limits|features)\.{name}\b", page.read_text(encoding="utf-8")) for page in files)
