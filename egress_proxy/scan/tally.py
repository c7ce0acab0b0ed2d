"""What one scan found so far and what it may still cost: every bound counts findings or characters, never time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from egress_proxy.model import Finding
from egress_proxy.scan.joined import LARGE
from egress_proxy.scan.rule import TooMuchError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from egress_proxy.scan.rule import Rule, Span

MAX_FINDINGS: Final = 1024  # in one text; more is no reply, and merging them would cost more than it tells
# Characters of one text that may be read, over all passes and in all that is decoded from it: for each of its own,
# prose needs 0.01 and dense logs 3; of 510 files of packages nine need more than the first, and up to 8 each. Whatever
# else takes time is counted as characters too, of some 25 ns each.
FIRST_CHARACTERS: Final = 524_288
CHARACTERS_EACH: Final = 12
A_CALL: Final = 300  # of a rule, beside its reading
A_TOKEN: Final = 1400  # judged, with what stands around it
A_FINDING: Final = 200  # kept, masked, and read again


class HeavyError(Exception):
    """More would have to be done than may be done here; elsewhere it may."""


class Allowance:
    """What may be done in some scans, one after the other. Serves one thread."""

    __slots__ = ("_left",)

    def __init__(self, work: int) -> None:
        self._left = work

    def spend(self, work: int) -> None:
        """Do so much. Raises `HeavyError` where that is too much."""
        self._left -= work
        if self._left < 0:
            raise HeavyError


class Tally:
    """Findings of a batch, and the texts given up on. Serves one scan in one thread."""

    __slots__ = (
        "_allowance",
        "_fresh",
        "_left",
        "_origin",
        "_spans",
        "_texts",
        "findings",
        "late",
        "undecided",
        "work",
    )

    def __init__(
        self,
        texts: Sequence[str] | Mapping[int, str],
        undecided: set[int],
        origin: tuple[Tally, Sequence[int]] | None = None,
        allowance: Allowance | None = None,
    ) -> None:
        """`origin`: of texts that were derived from others, the tally that pays for them, and the number there of the
        text that each is of. So a text that says much in other writings is no cheaper than one that says it plainly."""
        self.findings: set[Finding] = set()
        self.late: set[Finding] = set()  # of the findings (`Scan.late`)
        self.undecided = undecided
        self.work = 0  # characters that were spent, of all texts
        self._texts = texts
        self._allowance = allowance
        self._origin = origin
        self._left: dict[int, int] = {}
        self._spans: dict[int, list[Span]] = {}  # by text
        self._fresh: dict[int, list[Span]] = {}  # those of them that nobody took yet

    def take_fresh(self) -> dict[int, list[Span]]:
        """Spans of what is new since the last call, by text, sorted; of texts that are not given up."""
        fresh, self._fresh = self._fresh, {}
        return {text: sorted(spans) for text, spans in fresh.items() if text not in self.undecided}

    @property
    def over(self) -> bool:
        """Whether every text is given up."""
        return len(self.undecided) == len(self._texts)

    def text(self, text: int) -> str:
        return self._texts[text]

    def masked(self, text: int) -> str:
        """A text with all findings covered: as long, and in place of each what begins like a placeholder."""
        return masked(self._texts[text], sorted(self._spans[text]))

    def spend(self, text: int, characters: int) -> bool:
        """Whether so many more characters of a text may be read. Where not, the text is undecided. Raises what
        `Allowance` does, if there is one."""
        if self._origin is not None:
            tally, numbers = self._origin
            if not tally.spend(numbers[text], characters):
                self.undecided.add(text)
            return text not in self.undecided
        self.work += characters
        if self._allowance is not None:
            self._allowance.spend(characters)
        left = self._left.get(text)
        if left is None:
            left = FIRST_CHARACTERS + CHARACTERS_EACH * len(self._texts[text])
        self._left[text] = left = left - characters
        if left < 0:
            self.undecided.add(text)
        return left >= 0

    def add(self, finding: Finding, *, late: bool = False) -> bool:
        """Keep one; False when its text has had enough. What is found in two ways is `late` only if both are."""
        if finding in self.findings:
            if not late:
                self.late.discard(finding)
        else:
            span = finding.start, finding.end
            spans = self._spans.setdefault(finding.text, [])
            if len(spans) >= MAX_FINDINGS or not self.spend(finding.text, A_FINDING):
                self.undecided.add(finding.text)
                return False
            self.findings.add(finding)
            if late:
                self.late.add(finding)
            spans.append(span)
            self._fresh.setdefault(finding.text, []).append(span)
        return True

    def examine(self, rule: Rule, seen: str, text: int, base: int, least: int = 0) -> None:
        """Run a rule on what begins at `base` of a text. What it finds before `least` of this is not taken."""
        more = rule.cost(seen) if rule.cost else 0
        if not self.spend(text, len(seen) + more + A_CALL):
            return
        try:
            for start, end in rule.find(seen):
                # Findings may lie in each other: each is read again by what asks whether it is innocent.
                if not self.spend(text, end - start):
                    return
                if start < least or (rule.innocent is not None and rule.innocent(seen, start, end)):
                    continue
                if rule.in_text is not None and rule.in_text(self._texts[text], base + start, base + end):
                    continue
                found = Finding(text, base + start, base + end, rule.detector)
                if start < end and not self.add(found, late=rule.scope in LARGE):
                    return
        except TooMuchError:
            self.undecided.add(text)

    def judge(self, rule: Rule, line: str, span: Span, text: int, base: int) -> None:
        """Ask a rule about a token of a line that begins at `base` of a text."""
        if rule.judge is None or text in self.undecided or not self.spend(text, span[1] - span[0] + A_TOKEN):
            return
        for start, end in rule.judge(line, *span):
            if rule.in_text is not None and rule.in_text(self._texts[text], base + start, base + end):
                continue
            self.add(Finding(text, base + start, base + end, rule.detector))


def masked(text: str, spans: Iterable[Span]) -> str:
    """The text with spans (sorted; they may overlap) covered: `[` and as many `]` as it takes."""
    pieces, position = [], 0  # up to where all is in pieces
    for start, end in spans:
        if start > position or not position:
            pieces += [text[position:start], "["]
            position = start + 1
        if end > position:
            pieces.append("]" * (end - position))
            position = end
    return "".join([*pieces, text[position:]])
