"""Which asks the calling agent may approve itself, which only a human, and which nobody should.

Every rule is looked at; the order of the file decides only which of several is named. An ask is taken apart
(`subjects`), and of each thing that it is about

    a rule that says *never* or *human* holds if it fits in any way,
    a rule that says *self* holds if it fits exactly and there is no doubt about the whole,
    and where no rule holds, it is a human's.

Of all verdicts the strongest is the ask's. So a rule that says *human* or *never* can be added without weakening
anything, and one that says *self* cannot weaken what another says. No rules at all make everything a human's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from egress_proxy.gate_rules import MEANING, STRENGTH, Gate, GateRule
from egress_proxy.gates import commands, paths
from egress_proxy.gates.shell import GLOB, HOLE, HOME
from egress_proxy.gates.subjects import Own, Subject, subjects_of
from egress_proxy.model import Ask

NO_RULE: Final = "no rule lets the agent approve it"
NO_RULES: Final = "there is no policy in force"
_SHOWN: Final = str.maketrans({HOLE: "…", GLOB: "*", HOME: "~"})


class GatePolicy(Struct, frozen=True):
    """What the operator declared. Paths are absolute and canonical. The empty one leaves everything to a human.

    `env_files`: those that rules mean by declared files. `own`: the places that rules mean by touches.
    """

    rules: tuple[GateRule, ...] = ()
    env_files: frozenset[str] = frozenset()
    own: Own = Own()


class Ruling(Struct, frozen=True):
    """The verdict about one thing that an ask is about. `rule` is empty where none holds. Holds unscanned text."""

    subject: str
    gate: Gate
    rule: str
    why: str

    def __repr__(self) -> str:
        return f"Ruling({self.gate}, {self.rule})"


class Decision(Struct, frozen=True):
    """The verdict about an ask, the rule that decided, why, and what it was made from. Holds unscanned text."""

    gate: Gate
    rule: str
    why: str
    rulings: tuple[Ruling, ...]

    def __repr__(self) -> str:
        return f"Decision({self.gate}, {self.rule})"


def decide(ask: Ask, client: str, policy: GatePolicy) -> Decision:
    """Say who decides a client's ask, and why. Never raises; what cannot be decided is a human's."""
    rules = tuple(rule for rule in policy.rules if _is_for(rule, ask, client))
    rulings = tuple(_ruling(subject, ask, rules, policy) for subject in subjects_of(ask, policy.own))
    places = {rule.id: -index for index, rule in enumerate(rules, start=1)}
    # Of the strongest, the one whose rule stands first in the file is named: the rest differ in words only.
    first = max(rulings, key=lambda ruling: (STRENGTH[ruling.gate], bool(ruling.rule), places.get(ruling.rule, 0)))
    return Decision(first.gate, first.rule, first.why, rulings)


def classify(ask: Ask, client: str, policy: GatePolicy) -> Gate:
    """Say who decides an ask."""
    return decide(ask, client, policy).gate


def _is_for(rule: GateRule, ask: Ask, client: str) -> bool:
    return (
        (not rule.permissions or ask.permission in rule.permissions)
        and (not rule.directories or ask.directory in rule.directories)
        and (not rule.clients or client in rule.clients)
    )


def _ruling(subject: Subject, ask: Ask, rules: tuple[GateRule, ...], policy: GatePolicy) -> Ruling:
    held = [rule for rule in rules if _holds(rule, subject, ask, policy)]
    text = subject.text.translate(_SHOWN)
    if not held:
        why = subject.doubts[0] if subject.doubts else NO_RULE if policy.rules else NO_RULES
        return Ruling(text, Gate.HUMAN, "", why)
    rule = max(held, key=lambda one: STRENGTH[one.gate])
    if rule.gate is Gate.SELF and subject.doubts:
        return Ruling(text, Gate.HUMAN, "", subject.doubts[0])
    return Ruling(
        text, rule.gate, rule.id, rule.why or "; ".join(_meanings(rule, subject)) or f"the rule {rule.id} says so"
    )


def _meanings(rule: GateRule, subject: Subject) -> Iterator[str]:
    yield from (MEANING[kind] for kind in rule.kinds if kind in subject.kinds)


def _holds(rule: GateRule, subject: Subject, ask: Ask, policy: GatePolicy) -> bool:
    """Whether all selectors of a rule fit. One that says *self* needs one that names exactly what it means."""
    if rule.gate is Gate.SELF and not (rule.files or rule.paths or rule.patterns or rule.commands):
        return False
    return (
        (rule.files is None or _is_declared(subject.path, ask, policy))
        and (not rule.paths or _names_one_of(rule, subject))
        and (not rule.patterns or (subject.command is None and _is_among(subject.text, rule.patterns)))
        and (not rule.commands or commands.fits(subject.command, rule, ask.directory))
        and (not rule.kinds or not subject.kinds.isdisjoint(rule.kinds))
        and (not rule.touches or not subject.touches.isdisjoint(rule.touches))
    )


def _names_one_of(rule: GateRule, subject: Subject) -> bool:
    """Whether a path is one of a rule's; of a command, any of its words, for a rule that does not let pass."""
    named = () if rule.gate is Gate.SELF else subject.named
    return any(_is_among(path, rule.paths) for path in (subject.path, *named))


def _is_among(text: str | None, globs: tuple[str, ...]) -> bool:
    return text is not None and any(paths.glob(one).fullmatch(text) for one in globs)


def _is_declared(path: str | None, ask: Ask, policy: GatePolicy) -> bool:
    """Say whether a path is a declared file of the ask's own directory: another's may belong to another client."""
    return path is not None and path in policy.env_files and paths.below(path, ask.directory, itself=False)
