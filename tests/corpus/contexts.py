"""Where a writing of a value stands: what is before and after it, and how the place changes it (JSON escapes it)."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Final
from urllib.parse import quote

from msgspec import Struct

from tests.corpus.prose import paragraph, prose, sentence

# Characters of benign prose around a place. Replies are short more often than long.
_SIZES: Final = (100, 100, 100, 400, 400, 1_500, 1_500, 4_000, 16_000)


class Placed(Struct, frozen=True):
    """A text, and where in it the writing stands (half-open)."""

    text: str
    start: int
    end: int

    @property
    def written(self) -> str:
        return self.text[self.start : self.end]

    def __repr__(self) -> str:
        return f"Placed({len(self.text)} characters)"


_Place = Callable[[Random, str], tuple[str, str, str]]


def contexts(written: str) -> tuple[str, ...]:
    """Name the contexts that can hold a writing: no shell command has twenty lines of Markdown in it."""
    if "\n" in written:
        return _MANY_LINES
    return tuple(_PLACES) if len(written) <= 400 and written.isprintable() else _ONE_LINE


def place(random: Random, context: str, written: str) -> Placed:
    """Put a writing into a context, and that between paragraphs of prose."""
    size = random.choice(_SIZES)
    share = random.random()
    before, inner, after = _PLACES[context](random, written)
    before = prose(random, int(size * share)) + "\n\n" + before
    after += "\n\n" + prose(random, int(size * (1 - share)))
    return Placed(before + inner + after, len(before), len(before) + len(inner))


def _sentence(random: Random, written: str) -> tuple[str, str, str]:
    lead = random.choice(("It is ", "You asked for it: ", "What I found there is ", "Here you are: ", "So we get "))
    return f"{sentence(random)} {lead}", written, f" {sentence(random)}"


def _markdown(random: Random, written: str) -> tuple[str, str, str]:
    quote_ = "`" if "`" not in written and "\n" not in written else ""
    head = f"## Result\n\n{paragraph(random, 2)}\n\n- the first point\n- **value**: {quote_}"
    return head, written, f"{quote_}\n- the last point\n\nShall I go on?"


def _code_block(random: Random, written: str) -> tuple[str, str, str]:
    language = random.choice(("", "text", "python", "sh", "js"))
    return f"{sentence(random)}\n\n```{language}\n", written, "\n```\n"


def _json(random: Random, written: str) -> tuple[str, str, str]:
    inner = json.dumps(written, ensure_ascii=random.random() < 0.5)[1:-1]
    return '{"id": 17, "name": "result", "value": "', inner, '", "tags": ["a", "b"], "ok": true}'


def _yaml(_: Random, written: str) -> tuple[str, str, str]:
    return "result:\n  id: 17\n  value: |\n    ", written.replace("\n", "\n    "), "\n  ok: true\n"


def _table(random: Random, written: str) -> tuple[str, str, str]:
    return (
        f"| what | value | note |\n|---|---|---|\n| first | {random.randint(1, 99)} | fine |\n| second | ",
        written,
        " | done |",
    )


def _url(_: Random, written: str) -> tuple[str, str, str]:
    return "See https://app.acme.example/find?page=2&q=", quote(written, safe=""), "&sort=asc#results for the list."


def _shell(random: Random, written: str) -> tuple[str, str, str]:
    command = random.choice(("echo", "printf '%s\\n'", "./run --value", "grep -rn", "curl -d"))
    inner = written.replace("'", "'\\''")
    return f"```sh\n$ cd project\n$ {command} '", inner, "' | tee out.txt\n```"


def _log(random: Random, written: str) -> tuple[str, str, str]:
    stamp = f"2026-03-{random.randint(10, 28)}T10:{random.randint(10, 59)}:02.{random.randint(100, 999)}Z"
    return f"{stamp} INFO worker[{random.randint(100, 9999)}]: received value=", written, f"\n{stamp} INFO worker: done"


def _diff(random: Random, written: str) -> tuple[str, str, str]:
    at = random.randint(1, 400)
    head = f"--- a/settings.txt\n+++ b/settings.txt\n@@ -{at},3 +{at},3 @@\n port = 8080\n-value = none\n+value = "
    return head, written.replace("\n", "\n+"), "\n retries = 3\n"


def _html(_: Random, written: str) -> tuple[str, str, str]:
    inner = written.replace("&", "&amp;").replace("<", "&lt;") if "&#" not in written else written
    return '<div class="row"><span>value</span><p>', inner, "</p></div>"


_PLACES: Final[dict[str, _Place]] = {
    "sentence": _sentence,
    "Markdown": _markdown,
    "code block": _code_block,
    "JSON": _json,
    "YAML": _yaml,
    "log line": _log,
    "diff": _diff,
    "HTML": _html,
    "table": _table,
    "URL": _url,
    "shell": _shell,
}
_MANY_LINES: Final = ("sentence", "Markdown", "code block", "JSON", "YAML", "diff")
_ONE_LINE: Final = (*_MANY_LINES, "log line", "HTML")
