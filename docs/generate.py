"""Write what the documentation takes from the code and the tests: docs/reasons.md, docs/clients.md,
docs/ocode.schema.json, docs/gates.schema.json, and the table of docs/settings.md.

`python docs/generate.py` writes; with `--check` it only tells what is stale, and exits 1 if anything is.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import msgspec

from egress_proxy.config import settings
from egress_proxy.desk.documents import DOCUMENTS as GATES_DOCUMENTS
from egress_proxy.explanations import EXPLAINED
from egress_proxy.ocode.documents import DOCUMENTS, ErrorDocument
from egress_proxy.reasons import Reason, Stage
from egress_proxy.server.notices import Notice

ROOT: Final = Path(__file__).resolve().parent.parent
STAGES: Final[dict[Stage, str]] = {
    Stage.CONNECT: "Before anything of the request is believed.",
    Stage.ADMIT: "The request names no permitted operation, or asks for more than the operation permits.",
    Stage.UPSTREAM: "The call to the local agent.",
    Stage.PROJECT: "The answer is not of the form that may cross.",
    Stage.SCAN: "What the scanner says of the texts that would cross.",
    Stage.RECORD: "The end of every exchange: what cannot be recorded does not cross.",
}
_START: Final = "<!-- settings: written by `make docs` -->"
_END: Final = "<!-- end of settings -->"


def reasons_page() -> str:
    """Give docs/reasons.md: a section for each stage, a row for each reason."""
    lines = [
        "# Reasons",
        "",
        "Why something did not cross. The same word stands in the reply (`data.reason`), the audit record, the metric",
        "label and here, and never changes its meaning. The status is that of the answer that the reason replaces; 200",
        "marks reasons that only mark parts of an answer. Written by `make docs` from `egress_proxy/explanations.py`.",
    ]
    for stage, meaning in STAGES.items():
        lines += [
            "",
            f"## {stage}",
            "",
            meaning,
            "",
            "| reason | status | what happened | what to do |",
            "|---|---|---|---|",
        ]
        lines += [_reason(reason) for reason in Reason if EXPLAINED[reason].stage is stage]
    return "\n".join(lines) + "\n"


def _reason(reason: Reason) -> str:
    told = EXPLAINED[reason]
    return f"| `{reason}` | {told.status} | {_cell(told.summary)} | {_cell(told.advice)} |"


def settings_page() -> str:
    """Give docs/settings.md with its table brought up to date."""
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    before, start, rest = text.partition(_START)
    _, end, after = rest.partition(_END)
    return f"{before}{start}\n{settings_table()}{end}{after}"


def settings_table() -> str:
    lines = ["| setting | default | meaning |", "|---|---|---|"]
    for setting in settings():
        default = f"`{setting.default}`" if setting.default else "(to be given)"
        bounds = f" {setting.bounds}." if setting.bounds else ""
        lines.append(f"| `{setting.name}` | {default} | {_cell(setting.meaning)}{bounds} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def clients_page() -> str:
    """Give docs/clients.md: a section for each client and entry point, a row for each action."""
    rows: list[dict[str, Any]] = json.loads((ROOT / "docs" / "clients.json").read_text(encoding="utf-8"))
    lines = [
        "# Clients",
        "",
        "What clients do through the proxy, unchanged, with a real opencode of each supported end behind it. Written",
        "by `make docs` from `docs/clients.json`, which the tests in `tests/clients/` hold to what they see;",
        "`make clients` writes both anew. How to point each client at the proxy: [connecting.md](connecting.md).",
        "",
        "*works*: as with bare opencode, but for what is redacted or blank. *differs*: it goes on, and gets another",
        "answer than bare opencode gives. *refused*: it does not cross, for the [reason](reasons.md) that is named.",
        "The last column is what the client's user sees; ids, addresses and times are taken out of it.",
    ]
    for (client, entry), group in groupby(rows, key=lambda row: (row["client"], row["entry"])):
        lines += ["", f"## {client}: {entry}", "", *_client(list(group))]
    return "\n".join(lines) + "\n"


def _client(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Give the table of one client: what works, then what differs, then what is refused."""
    servers = sorted({row["server"] for row in rows}, key=lambda server: [int(part) for part in server.split(".")])
    versions = {server: {row["version"] for row in rows if row["server"] == server} for server in servers}
    heads = [f"{server} (client {', '.join(sorted(versions[server]))})" for server in servers]
    actions: dict[str, dict[str, dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: ("works", "differs", "refused").index(row["outcome"])):
        actions.setdefault(row["action"], {})[row["server"]] = row
    lines = [f"| action | {' | '.join(heads)} | what its user sees |", "|---" * (len(servers) + 2) + "|"]
    for action, found in actions.items():
        cells = [_outcome(found.get(server)) for server in servers]
        lines.append(f"| {_cell(action)} | {' | '.join(cells)} | {_shown(found, servers)} |")
    return lines


def _outcome(row: dict[str, Any] | None) -> str:
    if row is None:
        return "not there"
    return f"{row['outcome']}: `{row['reason']}`" if row["reason"] else str(row["outcome"])


def _shown(found: dict[str, dict[str, Any]], servers: Sequence[str]) -> str:
    """Give what is shown once if it is the same at all servers, else for each."""
    texts = {server: found[server]["shown"] for server in servers if server in found}
    if len(set(texts.values())) == 1:
        return _quoted(next(iter(texts.values())))
    return "; ".join(f"{server}: {_quoted(text)}" for server, text in texts.items())


def _quoted(text: str) -> str:
    return f"`` {_cell(text)} ``" if "`" in text else f"`{_cell(text)}`" if text else ""


def ocode_schema() -> str:
    """Give docs/ocode.schema.json: what each verb of `ocode` prints with --json."""
    title = "What `ocode --json` prints, by verb; of `tail`, each line. `error` is any verb's that failed."
    return _schema(title, {**DOCUMENTS, "error": ErrorDocument})


def gates_schema() -> str:
    """Give docs/gates.schema.json: what the verbs of the queue print with --json, and the notice that hooks get."""
    title = (
        "What `egress-proxy gates … --json` prints, by verb; of `watch`, each line. `error` is any verb's that failed,"
        " `notice` what the hooks of `notify` get."
    )
    return _schema(title, {**GATES_DOCUMENTS, "notice": Notice})


def _schema(title: str, kinds: dict[str, type[msgspec.Struct]]) -> str:
    schemas, components = msgspec.json.schema_components(kinds.values(), ref_template="#/$defs/{name}")
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "verbs": dict(zip(kinds, schemas, strict=True)),
        "$defs": components,
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


PAGES: Final[dict[str, Callable[[], str]]] = {
    "docs/reasons.md": reasons_page,
    "docs/clients.md": clients_page,
    "docs/ocode.schema.json": ocode_schema,
    "docs/gates.schema.json": gates_schema,
    "docs/settings.md": settings_page,
}


def main(arguments: list[str]) -> int:
    stale = []
    for name, write in PAGES.items():
        page = ROOT / name
        text = write()
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in arguments:
                page.write_text(text, encoding="utf-8")
    if "--check" in arguments and stale:
        print(f"stale: {', '.join(stale)}; run `make docs`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
