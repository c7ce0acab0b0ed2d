"""What is remembered of one tree of sessions (a root and its sub-agents): tainted values, and pieces of texts.

Values are fingerprints under a key of this process. When more turn up than are kept, nothing is forgotten instead: the
local agent, which chooses what its tools print, could wash a value out. Values that are tainted by their name or place
then close the session (`full`); tokens that only look random make every such token of a reply be redacted (`guess`).
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable, Container, Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, TypeVar

from msgspec import Raw, Struct
from msgspec.structs import replace

from egress_proxy.model import Finding, Form, Scan
from egress_proxy.scan import EncodedRuns, KnownValues, Pieces, Taint, TaintedScanner, TextScanner, TooManyValuesError
from egress_proxy.scan.decoded import Derived
from egress_proxy.scan.derive import derive
from egress_proxy.scan.derive.escapes import bare
from egress_proxy.scan.encoded_runs import runs_in
from egress_proxy.scan.pieces import by_accident, left_of, pieces_in, tokens_of
from egress_proxy.scan.readings import decoded, pieces_read, telling
from egress_proxy.scan.taint_names import NAMELESS, WORDLY
from egress_proxy.scan.tainted import DETECTOR
from egress_proxy.scan.told_apart import found_in
from egress_proxy.server.apart import THREAD_BYTES
from egress_proxy.server.told import Told, tells_apart
from egress_proxy.server.verdicts import Clean, Verdicts, Withheld

MOST_SURE: Final = 5_000  # values of a tree; some 1 KB each
MOST_RANDOM: Final = 2_000
_MOST_UNJUDGED: Final = 256  # texts of a history that have not crossed: older ones have no piece that is still kept
_MOST_UNNOTED: Final = 2_048  # texts, by their parts
_MOST_TOGETHER: Final = 256  # findings in what was put together: some 20 us each, and an honest text has hardly one
_RUNS_EACH: Final = 256
MOST_OPEN: Final = 128  # texts that are being written, or were and have no end: some 12 KB of each
_MOST_WAITING: Final = 33_554_432  # characters of both
_MOST_STAMPS: Final = 2_000  # some 100 bytes each, and of messages
MOST_MESSAGES: Final = 1_024
_WARY: Final = Finding(0, 0, 0, DETECTOR, NAMELESS, Form.ENCODED)


class _New(Struct, frozen=True):
    """What of a text could be pieces of a secret, or of encoded data."""

    pieces: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.pieces or self.runs)

    def __repr__(self) -> str:
        return f"_New({len(self.pieces)}, {len(self.runs)})"


class _Open(Struct, frozen=True):
    """The beginning of a text that is being written, as far as it was looked at: its pieces, and what it is known by.
    It counts as said: it may have left, and other texts may be judged before it has its end."""

    new: _New
    length: int
    digest: int

    def __repr__(self) -> str:
        return f"_Open({self.length})"


class Log:
    """What was read of one session's history. A history is read back to a message that is `anchored`, so the newest of
    these are enough."""

    def __init__(self) -> None:
        # Messages that were learnt, that nothing more will come to, nor to any before them. The newest last.
        self.anchored: dict[str, None] = {}
        self.stamps: set[int] = set()  # of parts of messages that are not anchored
        self.mark = 0  # of the newest page when all of it was anchored
        self.open = True  # something more may come without a prompt

    def fresh(self, parts: Iterable[Raw]) -> list[bytes]:
        """Those of the parts that were not met before as they are."""
        return [part for part in map(bytes, parts) if hash(part) not in self.stamps]

    def anchor(self, messages: Sequence[str]) -> None:
        """Nothing more will come to messages, which are in their order, nor to any before them."""
        for message in messages:
            self.anchored.pop(message, None)
            self.anchored[message] = None
        for message in list(self.anchored)[:-MOST_MESSAGES]:
            del self.anchored[message]

    def met(self, parts: Iterable[bytes]) -> None:
        """Parts were learnt."""
        if len(self.stamps) >= _MOST_STAMPS:
            self.stamps.clear()  # what is forgotten is read again
        self.stamps.update(map(hash, parts))


class Tree:
    """One root session and its descendants. `lock` is held while its history is read."""

    def __init__(
        self,
        key: bytes,
        *,
        names: bool = True,
        public: Sequence[str] = (),
        clean: Clean | None = None,
        withheld: Withheld | None = None,
    ) -> None:
        """`names`: whether values may be named. `public`: texts that clients know (`TaintedScanner`). `clean` is of all
        trees together, `withheld` of one that was before this one."""
        self._names = names
        self.public = tuple(public)
        self.lock = asyncio.Lock()
        self.logs: dict[str, Log] = {}
        self.values = KnownValues.build((), key, detector=DETECTOR, few=True)
        self.full = False
        self.guess = False
        self.prompted = True  # a prompt may be running that the proxy passed on
        self.told = 0  # texts whose end was released on the event stream
        self._random = 0
        self._pieces = Pieces()
        self._runs = EncodedRuns()
        self._verdicts = Verdicts(clean or Clean(), withheld)
        self._told = Told()
        self._open: OrderedDict[str, _Open] = OrderedDict()  # by their parts, the longest untouched first
        self._unnoted: list[tuple[str, str]] = []  # texts by the ids of their parts
        self._unjudged: list[str] = []
        self._judging = threading.Lock()  # held while texts are scanned
        self._speaking = threading.Lock()  # never for long
        self._remembering = threading.Lock()

    def __repr__(self) -> str:
        return f"Tree({len(self.values)} values)"

    @property
    def withheld(self) -> Withheld:
        """What must not be forgotten of its texts."""
        return self._verdicts.withheld

    @property
    def shows(self) -> bool:
        """Whether there is anything that its tools have shown."""
        return self.guess or len(self.values) > 0

    def log(self, session: str) -> Log:
        """The log of one of its sessions."""
        return self.logs.setdefault(session, Log())

    def remember(self, taints: Sequence[Taint]) -> None:
        """Add values. Blocks for some 0.1 ms a value; may be called in any thread."""
        with self._remembering:
            if taints and not self.full:
                self._remember(taints)

    def _remember(self, taints: Sequence[Taint]) -> None:
        random = [(self._label(taint), taint.value) for taint in taints if not taint.sure]
        room = MOST_RANDOM - self._random
        entries = [(self._label(taint), taint.value) for taint in taints if taint.sure] + random[:room]
        before = len(self.values)
        try:
            self.values = self.values.extended(entries, MOST_SURE + MOST_RANDOM)
        except TooManyValuesError:
            self.full = True
            return
        self._random += min(len(random), len(self.values) - before)
        self.guess = self.guess or len(random) > room

    def _label(self, taint: Taint) -> str:
        return taint.label if self._names or taint.label == WORDLY else NAMELESS

    @property
    def busy(self) -> bool:
        """Whether judging a text takes long now: some thread does, and another one waits until it has done, or much has
        to be judged before."""
        return self._judging.locked() or self._waiting() > THREAD_BYTES

    @property
    def weight(self) -> int:
        """How many characters one of a text counts for, where it is asked what is large: what is kept of encoded data
        is decoded again with that of each text."""
        return 1 + sum(map(len, self._runs.kept)) // _RUNS_EACH

    def _waiting(self) -> int:
        """Characters of texts that are looked at when the next one is judged."""
        with self._speaking:
            return sum(map(len, self._unjudged)) + sum(len(text) for _, text in self._unnoted)

    def spoke(self, texts: Iterable[str]) -> None:
        """Texts of the agent in the order in which it wrote them, whether they have crossed or not. Does not wait for
        those that are being judged."""
        # Of a long one even the digest takes long: whether it was judged is asked when it is.
        fresh = [text for text in texts if len(text) > THREAD_BYTES or not self._judged(text)]
        with self._speaking:
            self._unjudged += fresh
            del self._unjudged[:-_MOST_UNJUDGED]

    def told_by(self, parts: Iterable[tuple[str, str]]) -> None:
        """Texts of the agent by the ids of their parts: what each says apart is noted, at the latest when the next one
        is judged, and of much not before: then that is done in a thread (`busy`). Does not wait for what is being
        judged, unless there is too much by then."""
        with self._speaking:
            self._unnoted += parts
        waiting = self._waiting()
        full = waiting > _MOST_WAITING or len(self._unnoted) > _MOST_UNNOTED
        if (full or waiting <= THREAD_BYTES) and self._judging.acquire(blocking=full):
            try:
                self._note_told()
            finally:
                self._judging.release()

    def pieced(
        self, texts: Sequence[str], told: frozenset[str], scan: Scan, scanner: Remembering
    ) -> tuple[Finding, ...]:
        """Give a finding for each text that, with pieces of earlier ones, gives a value away.

        `told` are the texts that somebody wrote (no ids), `scan` is the scan of `texts`. What was judged before has the
        same verdict again.
        """
        places = {text: index for index, text in enumerate(texts) if text in told}
        with self._judging:
            self._judge_told(scanner)
            self._judge_unjudged(scanner, places)
            found = _Sorted(scan)
            hits = ((index, text, self._judge(index, text, found, scanner)) for text, index in places.items())
            return tuple(
                Finding(index, 0, len(text), hit.detector, hit.name, Form.ENCODED, hit.value)
                for index, text, hit in hits
                if hit is not None
            )

    def gives_away(self, text: str, findings: Sequence[Finding], scanner: Remembering, part: str = "") -> bool:
        """Whether the beginning of a text gives a value away with pieces of earlier ones. Of one that is being
        written now, in a `part`, that counts as said for what is judged before it has its end."""
        with self._judging:
            self._judge_told(scanner)
            self._judge_unjudged(scanner)
            scanner.work = 0
            new = _new(text, findings, scanner)
            if self._verdicts.wary and (new or tells_apart(text)):
                return True
            goes_on = self._told.goes_on(text, scanner.found, part)
            given_away = goes_on or (bool(new) and self._hit(new, scanner, self._beside(part))[0] is not None)
            if part:  # what is withheld counts as said, as of whole texts
                self._told.write(part, text)
                self._write(part, text, new)
            return given_away

    def _write(self, part: str, text: str, new: _New) -> None:
        self._close(part, text)
        kept = _New(new.pieces, EncodedRuns().with_new(new.runs).kept)
        self._open[part] = _Open(kept, len(text), self._verdicts.digest(text))
        while len(self._open) > MOST_OPEN:
            self._close(next(iter(self._open)), "")

    def place(self, text: str) -> int | None:
        """Up to which checkpoint a text was judged that is withheld (`scan.growing`), if it was."""
        return self._verdicts.place(self._verdicts.digest(text))

    def keep_place(self, text: str, place: int, *, pieces: bool) -> None:
        """Remember it; for good if `pieces` of earlier texts have decided it."""
        with self._judging:
            self._verdicts.keep_place(self._verdicts.digest(text), place, pieces=pieces)

    def _note_told(self) -> None:
        with self._speaking:
            parts, self._unnoted = self._unnoted, []
        for part, text in parts:
            self._told.add(part, text, self._verdicts.digest)
            if self._close(part, text):
                # Whatever becomes of the event of its end: what has left of it is said.
                self.spoke((text,))

    def _close(self, part: str, text: str) -> bool:
        """A text is no longer open, or has grown to `text`. Whether that is so: what has left of one that began
        otherwise stays among the pieces."""
        was = self._open.pop(part, None)
        if was is None:
            return False
        goes_on = len(text) >= was.length and self._verdicts.digest(text[: was.length]) == was.digest
        if not goes_on:
            self._keep(was.new)
        return goes_on

    def _beside(self, part: str = "") -> _New:
        """What of the texts that are being written could be pieces, but for one."""
        others = [one.new for name, one in self._open.items() if name != part]
        return _New(
            tuple(piece for one in others for piece in one.pieces), tuple(run for one in others for run in one.runs)
        )

    def _keep(self, new: _New) -> None:
        self._pieces, self._runs = self._pieces.with_new(new.pieces), self._runs.with_new(new.runs)

    def _judge_told(self, scanner: Remembering) -> None:
        """Withhold what gives a value away with what was said apart before it."""
        self._note_told()
        for digest, hit in self._told.given_away(scanner.found):
            self._verdicts.add_hit(digest, hit)

    def _judge_unjudged(self, scanner: Remembering, places: Container[str] = ()) -> None:
        with self._speaking:
            waiting, self._unjudged = self._unjudged, []
        others = (text for text in waiting if text not in places)
        before = [text for text in others if len(text) <= THREAD_BYTES or not self._judged(text)]
        if before:
            try:
                earlier = _Sorted(scanner.scan(before))
            except BaseException:
                with self._speaking:
                    self._unjudged[:0] = waiting
                raise
            for index, text in enumerate(before):
                self._judge(index, text, earlier, scanner)

    def _judged(self, text: str) -> bool:
        return self._verdicts.given(self._verdicts.digest(text))

    def _judge(self, index: int, text: str, found: _Sorted, scanner: Remembering) -> Finding | None:
        """The verdict about a text that was decided; one that was not is withheld anyway."""
        return None if index in found.undecided else self._verdict(text, found.of(index), scanner)

    def _verdict(self, text: str, findings: Sequence[Finding], scanner: Remembering) -> Finding | None:
        digest = self._verdicts.digest(text)
        if self._verdicts.given(digest):
            return self._verdicts.hit(digest)
        if any(finding.form is Form.ENCODED for finding in findings):
            return None  # withheld anyway, so none of it becomes a piece
        new = _new(text, findings, scanner)
        hit, self._pieces, self._runs = self._hit(new, scanner, self._beside())
        if hit is not None:
            self._verdicts.add_hit(digest, hit)
            self._keep(new)  # what is withheld counts as said, or every second piece would cross
            return hit
        if self._verdicts.wary and (new or tells_apart(text)):
            return _WARY
        self._keep(new)
        self._verdicts.add_clean(digest)
        return None

    def _hit(self, new: _New, scanner: Remembering, beside: _New) -> tuple[Finding | None, Pieces, EncodedRuns]:
        """What a text gives away with earlier ones and those `beside` it, and what is left of the earlier ones."""
        hit, pieces = _given_away(self._pieces, new.pieces, beside.pieces, scanner.first_of_pieces, scanner.first)
        found, runs = _given_away(self._runs, new.runs, beside.runs, scanner.first_of_runs, scanner.first_alone)
        return hit or found, pieces, runs


class Shown(Tree):
    """What the tools of another tree have shown, and no more: nothing is put together with what was said there."""

    busy = True  # there are many of them
    weight = 1  # and of what was said there nothing is decoded again

    def __init__(self, tree: Tree) -> None:  # nothing else of it is asked for
        self.values = tree.values
        self.public = tree.public
        self.guess = tree.guess


_Kept = TypeVar("_Kept", Pieces, EncodedRuns)


def _given_away(
    kept: _Kept,
    new: tuple[str, ...],
    beside: tuple[str, ...],
    together: Callable[[_Kept, tuple[str, ...]], Finding | None],
    alone: Callable[[Sequence[str]], Finding | None],
) -> tuple[Finding | None, _Kept]:
    """What is new gives away with what was kept and stands `beside` it; and what was kept but for what tells alone."""
    earlier: _Kept = kept.with_new(beside) if beside else kept
    hit = together(earlier, new)
    if hit is None:
        return None, kept
    # A value that became known since may be in one of them alone: then the join tells nothing new.
    telling = {one for one in (*earlier.kept, *new) if alone([one]) is not None}
    if not telling:
        return hit, kept
    others = tuple(one for one in new if one not in telling)
    return together(earlier.without(telling), others), kept.without(telling)


def _new(text: str, findings: Sequence[Finding], scanner: Remembering) -> _New:
    """Of what leaves of a text, as it stands and, where there is a value to look for, in other writings."""
    left = bare(left_of(text, findings))
    tokens = tokens_of(left)
    own = pieces_in(left, tokens)
    others = pieces_read(left, tokens, scanner.decoded(left)) if scanner.watches else ()
    return _New(tuple(dict.fromkeys((*own, *others))) if others else own, runs_in(left, tokens))


class _Sorted:
    """The findings of a scan by the number of their text."""

    def __init__(self, scan: Scan) -> None:
        self.undecided: Final = frozenset(scan.undecided)
        self._found: Final[dict[int, list[Finding]]] = {}
        for finding in scan.findings:
            self._found.setdefault(finding.text, []).append(finding)

    def of(self, text: int) -> Sequence[Finding]:
        return self._found.get(text, ())


class Remembering:
    """A scanner with what trees remember. Made anew for each answer."""

    def __init__(self, inner: TextScanner, trees: Sequence[Tree]) -> None:
        tainted = tuple(tree.values for tree in trees)
        self._known = (inner.known, *tainted)
        self.work = 0
        """What looking through what was put together took, since somebody set it to 0, as that of a `Scan`."""
        self._trees = tuple(tree for tree in trees if not isinstance(tree, Shown))
        public = {path for tree in trees for path in tree.public}
        self._scanner = TaintedScanner(inner, tainted, guess=any(tree.guess for tree in trees), public=public)
        self._decoded: dict[str, tuple[str, ...]] = {}  # of the texts that were scanned last

    def scan(self, texts: Sequence[str], ids: AbstractSet[str] = frozenset()) -> Scan:
        """As any scanner, tainted values included; pieces are not looked at."""
        scan, derived = self._scanner.look(texts, ids)
        by_text: dict[int, list[Derived]] = {}
        for number, own in derived:
            by_text.setdefault(number, []).append(own)
        # Of what is not decoded, or not at all, nothing is told.
        told = (number for number, text in enumerate(texts) if text not in ids and number not in scan.undecided)
        self._decoded = {texts[number]: telling(by_text.get(number, ())) for number in told}
        return scan

    def decoded(self, text: str) -> tuple[str, ...]:
        """What a text says in other writings."""
        known = self._decoded.get(text)
        return decoded(text) if known is None else known

    def scan_told(self, texts: Sequence[str], told: frozenset[str], ids: AbstractSet[str] = frozenset()) -> Scan:
        """Likewise, and texts of `told` that give a value away together with earlier ones."""
        scan = self.scan(texts, ids)
        found = {finding for tree in self._trees for finding in tree.pieced(texts, told, scan, self)}
        return replace(scan, findings=tuple(sorted({*scan.findings, *found}))) if found else scan

    def gives_away(self, text: str, findings: Sequence[Finding], part: str = "") -> bool:
        """Whether the beginning of a text does so. Nothing is remembered of it but while it is written, in a `part`.
        `work` is what that took, but for what had to be judged before."""
        done, hit = 0, False
        for tree in self._trees:
            hit = tree.gives_away(text, findings, self, part)
            done += self.work
            if hit:
                break
        self.work = done
        return hit

    def place(self, text: str) -> int | None:
        """From which checkpoint on a text was withheld before, if it was; the first, where trees differ."""
        return min((place for tree in self._trees if (place := tree.place(text)) is not None), default=None)

    def keep_place(self, text: str, place: int, *, pieces: bool) -> None:
        """Withhold it from there again, when it is asked for; `pieces` of earlier texts may have decided that."""
        for tree in self._trees:
            tree.keep_place(text, place, pieces=pieces)

    @property
    def watches(self) -> bool:
        """Whether there is any value to look for."""
        return any(map(len, self._known))

    def found(self, texts: Sequence[str]) -> list[Finding]:
        """All known and tainted values in texts as they stand, but for words that a sentence may say."""
        self._work_on(texts)
        found = (one for known in self._known for one in found_in(known.find(texts), texts, known.detector))
        return [finding for finding in found if not finding.name.startswith(WORDLY)]

    def first(self, texts: Sequence[str]) -> Finding | None:
        """A known or tainted value in pieces as they stand, if there is one."""
        found = (finding for known in self._known if texts for finding in known.find(texts).findings)
        return next((one for one in found if not by_accident(texts[one.text], one)), None)

    def first_together(self, texts: Sequence[str], tells: Callable[[Finding], bool] = lambda _: True) -> Finding | None:
        """Likewise, in what was put together, among the findings of which this is so. Where there are more than can be
        decided, that counts as found: else whoever has enough accidents said would hide a value behind them."""
        self._work_on(texts)
        for known in self._known if texts else ():
            scan = known.find(texts, most=_MOST_TOGETHER)
            found = (one for one in scan.findings if tells(one) and not by_accident(texts[one.text], one))
            hit = next(found, _WARY if scan.undecided else None)
            if hit is not None:
                return hit
        return None

    def _work_on(self, texts: Sequence[str]) -> None:
        self.work += sum(map(len, texts)) * len(self._known) // 2

    def first_of_pieces(self, kept: Pieces, new: tuple[str, ...]) -> Finding | None:
        """Likewise, in what pieces say together with earlier ones."""
        joins, rows = kept.joins(new), kept.rows(new)
        return self.first_together(
            (*joins, *(row.text for row in rows)),
            lambda found: found.text < len(joins) or rows[found.text - len(joins)].touched(found),
        )

    def first_of_runs(self, kept: EncodedRuns, new: tuple[str, ...]) -> Finding | None:
        """Likewise, in what encoded data says together with earlier data."""
        return self.first_decoded(kept.joins(new))

    def first_alone(self, texts: Sequence[str]) -> Finding | None:
        """What one run says by itself. The beginning of compressed data alone cannot be decided."""
        return self.first([own.text for text in texts for own in derive(text, rearranged=False).texts])

    def first_decoded(self, texts: Sequence[str]) -> Finding | None:
        """Likewise, in what texts say in another writing. Of one with more than can be decided it counts as found."""
        said: list[str] = []
        for text in texts if self.watches else ():
            made = derive(text, rearranged=False)
            self.work += made.cost
            if made.undecided:
                return _WARY
            said += [own.text for own in made.texts]
        return self.first_together(said)
