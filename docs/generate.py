"""Write what the documentation takes from the code: docs/reasons.md, docs/ocode.schema.json, and the table of settings
in README.md.

`python docs/generate.py` writes; with `--check` it only tells what is stale, and exits 1 if anything is.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from egress_proxy.config import settings
from egress_proxy.ocode.documents import DOCUMENTS, ErrorDocument
from egress_proxy.reasons import EXPLAINED, Reason, Stage

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
        "marks reasons that only mark parts of an answer. Written by `make docs` from `egress_proxy/reasons.py`.",
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


def readme_page() -> str:
    """Give README.md with its table of settings brought up to date, if it has a place for one."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    before, start, rest = text.partition(_START)
    _, end, after = rest.partition(_END)
    return f"{before}{start}\n{settings_table()}{end}{after}" if end else text


def settings_table() -> str:
    lines = ["| setting | default | meaning |", "|---|---|---|"]
    for setting in settings():
        default = f"`{setting.default}`" if setting.default else "(to be given)"
        bounds = f" {setting.bounds}." if setting.bounds else ""
        lines.append(f"| `{setting.name}` | {default} | {_cell(setting.meaning)}{bounds} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def ocode_schema() -> str:
    """Give docs/ocode.schema.json: what each verb of `ocode` prints with --json."""
    kinds = {**DOCUMENTS, "error": ErrorDocument}
    schemas, components = msgspec.json.schema_components(kinds.values(), ref_template="#/$defs/{name}")
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What `ocode --json` prints, by verb; of `tail`, each line. `error` is any verb's that failed.",
        "verbs": dict(zip(kinds, schemas, strict=True)),
        "$defs": components,
    }
    return json.dumps(whole, indent=2) + "\n"


PAGES: Final[dict[str, Callable[[], str]]] = {
    "docs/reasons.md": reasons_page,
    "docs/ocode.schema.json": ocode_schema,
    "README.md": readme_page,
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
