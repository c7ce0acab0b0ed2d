"""Recall on kinds of secrets that nobody has registered: five instances of each, between paragraphs of prose."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from msgspec import Struct

from egress_proxy.model import Scanner
from tests.corpus.kinds import INSTANCES, KINDS
from tests.corpus.outcome import Outcome, beyond, by_text, outcome, scanned
from tests.corpus.parts import Parts
from tests.corpus.prose import paragraph


class KindRecall(Struct, frozen=True):
    """Of a kind's instances, how many came out how, what else was redacted, and which detectors had a hand in it."""

    kind: str
    whole: int
    part: int
    missed: int
    beyond: int  # characters that were redacted and are of no secret, of all instances
    detectors: tuple[str, ...] = ()


def kind_recall(scanner: Scanner, seed: int, names: Iterable[str] = KINDS) -> list[KindRecall]:
    """Measure the named kinds. An instance does not depend on which others are measured."""
    return [_one(scanner, seed, name) for name in names]


def _one(scanner: Scanner, seed: int, name: str) -> KindRecall:
    texts, spans = [], []
    for instance in range(INSTANCES):
        random = Random(f"{seed} {name} {instance}")
        planted = KINDS[name](Parts(random), instance)
        before = paragraph(random, random.randint(1, 3)) + "\n\n"
        texts.append(f"{before}{planted.text}\n\n{paragraph(random, random.randint(1, 3))}")
        spans.append([(len(before) + start, len(before) + end) for start, end in planted.spans()])
    scan = scanned(scanner, texts)
    found = by_text(scan, len(texts))
    outcomes = [
        Outcome.WHOLE if index in scan.undecided else outcome(len(text), spans[index], found[index])
        for index, text in enumerate(texts)
    ]
    whole, part, missed = (outcomes.count(one) for one in Outcome)
    spare = sum(beyond(len(text), spans[index], found[index]) for index, text in enumerate(texts))
    return KindRecall(name, whole, part, missed, spare, tuple(sorted({one.detector for one in scan.findings})))
