"""The page of figures, made from docs/score.json alone."""

from __future__ import annotations

import platform
import textwrap
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Final

from msgspec import Struct

from tests.corpus.benign.real import PACKAGES
from tests.corpus.benign.real import SORTS as REAL
from tests.corpus.kinds import INSTANCES
from tests.corpus.known_recall import RUN
from tests.corpus.score import COVERED, FULL, GROUPS, Figure, Score
from tests.corpus.secrets import LONG_KINDS, SHORT_KINDS, SORT_OF

PLAIN_AIM: Final = 1.0
FORMS_AIM: Final = 0.99
KINDS_AIM: Final = 0.9
NOISE_AIM: Final = 1.0  # false redactions per MB
QUIET: Final = (  # the sorts of prose and code
    "prose", "prose about secrets", "Markdown", "Python", "TypeScript", "Go", "Rust", "Java", "SQL", "shell",
    "settings without secrets", "standard library", "packages' code", "packages' pages",
)  # fmt: skip


_ENGINE: Final = ("detect-secrets", "hyperscan", "numpy", "msgspec")


class Report(Struct, frozen=True):
    """A documented run: the figures of the page, and those of the small sample that the tests repeat."""

    seed: int
    date: str
    versions: dict[str, str]
    full: Score
    quick: Score


def versions() -> dict[str, str]:
    """Give what the figures depend on."""
    return {"Python": platform.python_version(), **{name: version(name) for name in (*_ENGINE, *PACKAGES)}}


def page(report: Report) -> str:
    """Give the whole page."""
    full = report.full
    on = ", ".join(f"{name} {report.versions[name]}" for name in ("Python", *_ENGINE))
    return "\n".join(
        (
            _INTRODUCTION,
            _told(f"Run on {report.date} by `make score` with seed {report.seed}: {on}.").removesuffix("\n"),
            _aims(full),
            _forms(full),
            _values(full),
            _short(full),
            _kinds(full),
            _noise(full),
        )
    )


_INTRODUCTION: Final = """# What the scanner finds

Written by `make score` from a corpus that `tests/corpus` makes: the same seed gives the same corpus, and no secret
stands in a file. The lists of forms, of kinds of secrets and of benign replies are made from what people do and what
providers document, without a look at the scanner's own lists. What is missed stands here with its low figure. The same
figures are in `score.json`, together with those of a small sample, which a test measures anew: it fails where one is
worse. Another test does so with another seed.
"""


def covered_recall(score: Score, *, verbatim: bool) -> Figure:
    """Add up the covered forms, either those that are verbatim or the others."""
    names = [name for name in score.forms if name in COVERED and (GROUPS[name] == "verbatim") is verbatim]
    return total(score.forms[name] for name in names)


def total(figures: Iterable[Figure]) -> Figure:
    """Add figures up."""
    rows = [(one.withheld, one.redacted, one.leaked, one.missed, one.refused) for one in figures]
    return Figure(*(sum(column) for column in zip(*rows, strict=True))) if rows else Figure()


def whole(score: Score) -> float:
    """Give the share of instances of kinds that were found whole."""
    return sum(kind.whole for kind in score.kinds.values()) / max(1, INSTANCES * len(score.kinds))


def quiet(score: Score) -> float:
    """Give the false redactions per MB of prose and code."""
    chosen = [score.noise[sort] for sort in QUIET if sort in score.noise]
    return 1e6 * sum(one.redactions + one.withheld for one in chosen) / max(1, sum(one.characters for one in chosen))


def _aims(score: Score) -> str:
    covered = [name for name in score.forms if name in COVERED]
    good = sum(score.forms[name].recall >= FORMS_AIM for name in covered)
    complete = sum(kind.whole == INSTANCES for kind in score.kinds.values())
    seen = sum(kind.whole > 0 for kind in score.kinds.values())
    rows = (
        (
            "known values of 16 characters and more, verbatim",
            "100 %",
            _percent(covered_recall(score, verbatim=True).recall),
        ),
        (
            "the same, in all other covered forms together",
            "99 %",
            _percent(covered_recall(score, verbatim=False).recall),
        ),
        ("covered forms that reach 99 % each", str(len(covered)), str(good)),
        ("secrets of kinds that are not registered, found whole", "90 %", _percent(whole(score))),
        (f"kinds found whole {INSTANCES} times out of {INSTANCES}", "", f"{complete} of {len(score.kinds)}"),
        ("kinds found whole at least once", "", f"{seen} of {len(score.kinds)}"),
        ("false redactions per MB of prose and code", "1", f"{quiet(score):.2f}"),
    )
    return "## In short\n\n" + _table(("figure", "aim", "measured"), rows, 1)


def _forms(score: Score) -> str:
    rows = []
    before = ""
    for name, figure in score.forms.items():
        group = GROUPS[name]
        sorts = score.sorts[name]
        by_sort = (_percent(sorts[sort].recall) if sort in sorts else "" for sort in _LONG_SORTS)
        found, *counts = _figures(figure)
        shown, covered = group if group != before else "", "yes" if name in COVERED else ""
        rows.append((shown, _cell(name), covered, found, *by_sort, *counts))
        before = group
    head = ("group", "form", "covered", _COLUMNS[0], *_LONG_SORTS, *_COLUMNS[1:])
    told = f"""{len(LONG_KINDS)} kinds of values of 16 characters and more, {FULL.instances} of each, each form in
        {FULL.contexts} contexts (sentence, Markdown, code block, JSON, YAML, log line, diff, HTML, table, URL, shell
        command) between 100 and 16,000 characters of prose. *Found*: the text is withheld, or so redacted that neither
        {RUN} characters in a row of the value nor {RUN} of its writing are left; of a value that stands verbatim no
        character may be left. *Leaked*: some was redacted, and more is left than that. *Refused*: the value could not
        be registered, which the product says; it counts as not found. A *covered* form is one that the product says
        it recognises. Partial reveals are of what is secret in a value: not of a token's header or a URL's host; those
        of less than 20 characters are promised of values that are not made of words, so passphrases have rows of their
        own there. Each text is looked at as the first reply of a session, so what it says in pieces counts.
        The columns after *found* are the same by sort of value."""
    return f"## Forms of known values\n\n{_told(told)}" + _table(head, rows, 3)


def _values(score: Score) -> str:
    rows = [(SORT_OF[kind], kind, *_figures(figure)) for kind, figure in score.values.items()]
    places = [(name, *_figures(figure)) for name, figure in score.contexts.items()]
    return (
        "## The same by kind of value, and by context\n\nCovered forms only.\n\n"
        + _table(("sort", "value", *_COLUMNS), rows, 2)
        + "\n"
        + _table(("context", *_COLUMNS), places, 1)
    )


def _short(score: Score) -> str:
    plain = [(name, *_figures(figure)) for name, figure in score.short_values.items()]
    groups = [(name, *_figures(figure)) for name, figure in score.short.items()]
    told = f"""{len(SHORT_KINDS)} kinds of 6 to 12 characters: verbatim by kind, then the covered forms by group. No aim
        is set for them: what is very short is recognised as a whole word only, or refused when it is registered."""
    return (
        f"## Short values\n\n{_told(told)}"
        + _table(("verbatim", *_COLUMNS), plain, 1)
        + "\n"
        + _table(("group", *_COLUMNS), groups, 1)
    )


def _kinds(score: Score) -> str:
    rows = [
        (
            f"`{kind.kind}`",
            *(str(count) for count in (kind.whole, kind.part, kind.missed, kind.beyond)),
            ", ".join(kind.detectors),
        )
        for kind in sorted(score.kinds.values(), key=lambda one: (one.whole, one.part, one.kind))
    ]
    told = f"""Nothing of these is registered: rules alone. {len(score.kinds)} kinds, {INSTANCES} instances of each, in
        prose, Markdown, JSON, environment files, shell commands, or files of their own form. *Whole*: every character
        of the secret is redacted. *Beyond*: how many characters that are not of the secret were redacted in all. The
        list was written before it was measured for the first time, and rules must not be written from it; but whoever
        reads this table has seen it."""
    head = ("kind", "whole", "in part", "missed", "beyond", "detectors")
    return f"## Kinds of secrets\n\n{_told(told)}" + _table(head, rows, 1, last=1)


def _noise(score: Score) -> str:
    rows = [
        (
            sort,
            "real" if sort in REAL else "made",
            f"{one.characters / 1e6:.2f}",
            str(one.redactions),
            str(one.withheld),
            f"{one.per_mb:.2f}",
            ", ".join(f"{name} {count}" for name, count in one.detectors),
        )
        for sort, one in score.noise.items()
    ]
    head = ("sort", "text", "MB", "redactions", "withheld", "per MB", "detectors")
    told = """Replies without a secret: made ones, and real ones from the standard library and the pinned packages
        (not of those whose purpose is secrets, nor of tests). Detectors are listed with
        their findings, of which several can be one redaction."""
    return f"## False redactions\n\n{_told(told)}" + _table(head, rows, 2, last=1)


_LONG_SORTS: Final = tuple(dict.fromkeys(SORT_OF[kind] for kind in LONG_KINDS))
_COLUMNS: Final = ("found", "withheld", "redacted", "leaked", "missed", "refused")


def _figures(figure: Figure) -> tuple[str, ...]:
    counts = (figure.withheld, figure.redacted, figure.leaked, figure.missed, figure.refused)
    return (_percent(figure.recall), *(str(count) for count in counts))


def _percent(share: float) -> str:
    """Give a share in percent, never rounded up to what it is not."""
    return f"{int(share * 1000 + 1e-9) / 10:.1f} %"


def _told(text: str) -> str:
    """Lay out a paragraph."""
    return textwrap.fill(" ".join(text.split()), 120, break_long_words=False, break_on_hyphens=False) + "\n\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], left: int, last: int = 0) -> str:
    """Lay out: so many columns on the left, and the last ones, hold words; the others hold numbers."""
    rule = ["---"] * left + ["---:"] * (len(head) - left - last) + ["---"] * last
    return "".join("| " + " | ".join(line) + " |\n" for line in (head, rule, *rows))
