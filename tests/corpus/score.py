"""The figures of one measurement: recall on known values by form, recall by kind, and false redactions by sort."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Final, Self

from msgspec import Struct
from msgspec.structs import replace

from egress_proxy.model import Scanner
from egress_proxy.scan import KnownValues, build_scanner
from tests.corpus.benign import SORTS
from tests.corpus.benign.real import SORTS as REAL
from tests.corpus.forms import FORMS
from tests.corpus.kind_recall import KindRecall, kind_recall
from tests.corpus.known_recall import KnownRecall, Result, Sample
from tests.corpus.noise import Noise, made, read
from tests.corpus.secrets import LONG_KINDS, SHORT_KINDS, SORT_OF

SEED: Final = 20_260_301  # of the documented figures


class Plan(Struct, frozen=True):
    """How much is measured."""

    instances: int  # values of each kind
    contexts: int  # for each value and form
    benign: int  # characters of each benign sort
    named: str


FULL: Final = Plan(3, 2, 1_000_000, "full")
QUICK: Final = Plan(1, 1, 60_000, "quick")


class Figure(Struct, frozen=True, omit_defaults=True):
    """What became of so many texts."""

    withheld: int = 0
    redacted: int = 0
    leaked: int = 0
    missed: int = 0
    refused: int = 0

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> Self:
        """Count."""
        results = [sample.result for sample in samples]
        return cls(*(results.count(result) for result in Result))

    @property
    def texts(self) -> int:
        return self.withheld + self.redacted + self.leaked + self.missed + self.refused

    @property
    def found(self) -> int:
        """Texts of which nothing crossed."""
        return self.withheld + self.redacted

    @property
    def recall(self) -> float:
        return self.found / self.texts if self.texts else 0.0


class Score(Struct, frozen=True):
    """All figures of a run. `forms`, `sorts` (by form and sort of value), `values` and `contexts` are of values of 16
    characters and more; the latter two count covered forms only. `short` is by group of forms, `short_values` of
    verbatim forms."""

    forms: dict[str, Figure] = {}
    sorts: dict[str, dict[str, Figure]] = {}
    values: dict[str, Figure] = {}
    contexts: dict[str, Figure] = {}
    short: dict[str, Figure] = {}
    short_values: dict[str, Figure] = {}
    kinds: dict[str, KindRecall] = {}
    noise: dict[str, Noise] = {}


PARTS: Final = ("forms", "kinds", "noise")
COVERED: Final = frozenset(form.name for form in FORMS if form.covered)
GROUPS: Final[dict[str, str]] = {form.name: form.group for form in FORMS}


def score(plan: Plan, seed: int, parts: Iterable[str] = PARTS) -> Score:
    """Measure. What it is at is told on stderr."""
    tell(f"{plan.named} sample, seed {seed}")
    known = Score()
    kinds: dict[str, KindRecall] = {}
    noise: dict[str, Noise] = {}
    if "kinds" in parts:
        tell("kinds")
        kinds = {found.kind: found for found in kind_recall(build_scanner(KnownValues.none()), seed)}
    if "forms" in parts or "noise" in parts:
        recalled = KnownRecall(seed, LONG_KINDS, plan.instances)
        if "forms" in parts:
            known = _known(recalled, KnownRecall(seed, SHORT_KINDS, plan.instances), plan)
        if "noise" in parts:
            noise = _noise(recalled.scanner, plan, seed)
    return replace(known, kinds=kinds, noise=noise)


def _noise(scanner: Scanner, plan: Plan, seed: int) -> dict[str, Noise]:
    found: dict[str, Noise] = {}
    for sort in SORTS:
        tell(f"benign: {sort}")
        found[sort] = made(scanner, seed, sort, plan.benign)
    for sort in REAL:
        tell(f"benign: {sort}")
        found[sort] = read(scanner, sort, plan.benign)
    return found


def _known(long: KnownRecall, short: KnownRecall, plan: Plan) -> Score:
    samples = _measured(long, plan, "forms")
    covered = [sample for sample in samples if sample.form in COVERED]
    forms = _grouped(samples, lambda sample: sample.form)
    short_samples = _measured(short, plan, "forms of short values")
    plain = [sample for sample in short_samples if GROUPS[sample.form] == "verbatim"]
    return Score(
        forms=_by(samples, lambda sample: sample.form),
        sorts={form: _by(own, lambda sample: SORT_OF[sample.kind]) for form, own in forms.items()},
        values=_by(covered, lambda sample: sample.kind),
        contexts=_by(covered, lambda sample: sample.context),
        short=_by((sample for sample in short_samples if sample.form in COVERED), lambda sample: GROUPS[sample.form]),
        short_values=_by(plain, lambda sample: sample.kind),
    )


def _measured(recalled: KnownRecall, plan: Plan, what: str) -> list[Sample]:
    samples: list[Sample] = []
    for group in dict.fromkeys(GROUPS.values()):
        tell(f"{what}: {group}")
        samples += recalled.measure(plan.contexts, [form for form in FORMS if form.group == group])
    return samples


def _by(samples: Iterable[Sample], key: Callable[[Sample], str]) -> dict[str, Figure]:
    return {name: Figure.of(own) for name, own in _grouped(samples, key).items()}


def _grouped(samples: Iterable[Sample], key: Callable[[Sample], str]) -> dict[str, list[Sample]]:
    groups: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        groups[key(sample)].append(sample)
    return groups


def tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
