"""A record in words: who, what was found where and by whom, what the client got instead, what can be done. Pure.

Nobody who reads it sees more than the record: places, lengths, names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from msgspec import Struct

from egress_proxy.audit.appearing import done
from egress_proxy.audit.detectors import KNOWN, TAINTED, detector_told
from egress_proxy.audit.record import MAX_SPANS
from egress_proxy.explanations import EXPLAINED
from egress_proxy.model import Form, Verdict
from egress_proxy.reasons import Reason, Stage

_MOST_TOLD: Final = 20  # findings, one by one

FORMS: Final[dict[str, str]] = {
    Form.PLAIN: "Plain: the secret stood there as it is, or, found by a rule, in a writing that was decoded; it alone "
    "was replaced.",
    Form.ENCODED: "Encoded: the secret stood there in another writing, broken up or in part, which is no accident; the "
    "text was withheld from there on, and an alert was counted.",
}
VERDICTS: Final[dict[str, str]] = {
    Verdict.CLEAN: "Nothing was found, and the answer crossed as it was.",
    Verdict.REDACTED: "The answer crossed, with a placeholder in the place of each secret.",
    Verdict.WITHHELD: "At least a part of the answer did not cross.",
    Verdict.REFUSED: "The request was refused, and opencode was not asked.",
}

_OF_PARTS: Final = frozenset(
    reason.value for reason, told in EXPLAINED.items() if told.stage is Stage.SCAN and told.status == HTTPStatus.OK
)


class Chained(Struct, frozen=True, kw_only=True):
    """The place of a record in its ledger. `signed_by` is the number of the first signed entry after it, which covers
    it, of a `kind` (with the `cause` of a checkpoint) and a `time`; 0 while there is none. `last` is the number of the
    ledger's last entry."""

    seq: int
    last: int
    signed_by: int = 0
    kind: str = ""
    cause: str = ""
    time: str = ""


def explain(record: Mapping[str, Any], chained: Chained | None = None) -> list[str]:
    """Sentences about a record, which has the keys of this version's that `filters.search` looks for.

    They quote what clients chose: routes and names, to be shown as such text is.
    """
    return [
        _who(record),
        _verdict(record),
        *(reason_told(word) for word in record["reasons"]),
        *_noted(record),
        *_findings(record),
        *(detector_told(detector) for detector in record["detectors"]),
        *_forms(record),
        *_evidence(record),
        *_remedies(record),
        *(() if chained is None else (chained_told(chained),)),
    ]


def reason_told(word: str) -> str:
    """A sentence or two about a reason; of another version's that it is one."""
    try:
        told = EXPLAINED[Reason(word)]
    except ValueError:
        return f"`{word}` is a reason that this version of the program does not know."
    return f"`{word}`: {told.summary} The client is told: {told.advice}"


def form_told(form: str) -> str:
    """A sentence about how findings stood in the text."""
    return FORMS.get(form, f"`{form}` is a form that this version of the program does not know.")


def chained_told(chained: Chained) -> str:
    """Where a record stands, and what vouches for it."""
    place = f"It is entry {chained.seq} of the ledger, whose last is {chained.last}"
    if not chained.signed_by:
        return f"{place}; no signature covers it yet, so nothing tells whether it was changed."
    what = f"the checkpoint ({chained.cause})" if chained.kind == "checkpoint" else f"the entry `{chained.kind}`"
    return (
        f"{place}; {what} at entry {chained.signed_by}, of {chained.time}, covers it: `egress-proxy audit verify` says "
        "whether that is true."
    )


def _who(record: Mapping[str, Any]) -> str:
    who = f"client `{record['client']}`" if record["client"] else "somebody without a valid token"
    what = "heard an event of" if _is_event(record) else "asked for"
    words = [f"At {record['time']}, {who} {what} `{record['route']}`"]
    if record["session"]:
        words.append(f"session `{record['session']}`")
    if record["directory"]:
        words.append(f"directory `{record['directory']}`")
    return f"{', '.join(words)} (record `{record['id']}`)."


def _is_event(record: Mapping[str, Any]) -> bool:
    return record.get("channel") == "event"


def _verdict(record: Mapping[str, Any]) -> str:
    if record["noted"] and record["verdict"] == Verdict.CLEAN:
        return "Nothing was withheld: it is on record because of what the client was let do."
    if record["verdict"] == Verdict.WITHHELD and _whole(record):
        whole = "event" if _is_event(record) else "answer"
        got = "Nothing came in its place." if _is_event(record) else _refusal(record)
        return f"The whole {whole} was withheld. {got}"
    told = VERDICTS.get(record["verdict"], f"The verdict was `{record['verdict']}`.")
    return f"{told} {_refusal(record)}" if record["verdict"] == Verdict.REFUSED else told


def _whole(record: Mapping[str, Any]) -> bool:
    """Whether nothing of an answer crossed: no reason of its own stands for parts of it."""
    return _OF_PARTS.isdisjoint(record["reasons"])


def _refusal(record: Mapping[str, Any]) -> str:
    return f"The client got HTTP status {record.get('status', 0)} with the reason, and nothing of opencode's."


def _noted(record: Mapping[str, Any]) -> Iterator[str]:
    if record["noted"]:
        first, *about = record["noted"]
        yield f"The client was let do this: {first}{': ' if about else ''}{', '.join(about)}."


def _findings(record: Mapping[str, Any]) -> Iterator[str]:
    spans = record["spans"]
    lengths = dict(zip(sorted({span["text"] for span in spans}), record.get("lengths", ()), strict=False))
    shown = _placeholders(spans[:MAX_SPANS])  # a record of ours has no more
    for index, span in enumerate(spans[:_MOST_TOLD]):
        yield _finding(span, done(span, spans), shown[index], lengths)
    more = max(record.get("findings", 0), len(spans)) - len(spans[:_MOST_TOLD])
    if more > 0:
        yield f"There are {more} findings more."


def _finding(span: Mapping[str, Any], became: str, shown: str, lengths: Mapping[int, int]) -> str:
    length = f", of {lengths[span['text']]} characters" if span["text"] in lengths else ""
    named = f", the value `{span['name']}`" if span["name"] else ""
    place = f"In text {span['text']}{length}, characters {span['start']} to {span['end']}"
    if became == "withheld":
        got = f"in the text's place, or from its line on, stood `[withheld:{Reason.KNOWN_VALUE_ENCODED}]`"
    else:
        got = f"in its place stood `{shown}`"
    return f"{place}: `{span['detector']}`{named}, {span['form']}; {got}."


def _placeholders(spans: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """What stood in the place of each finding, by its number: those that overlap or touch share the placeholder of the
    one that tells most (`scan.redaction.redact`)."""
    shown: dict[int, str] = {}
    group: list[int] = []
    place = (-1, -1)  # a text, and where the group ends in it
    for index in sorted(range(len(spans)), key=lambda one: (spans[one]["text"], spans[one]["start"])):
        span = spans[index]
        if (span["text"], span["start"]) > place:
            group = []
        group.append(index)
        place = max(place, (span["text"], span["end"]))
        best = min(group, key=lambda one: _rank(spans[one]))
        shown |= dict.fromkeys(group, _placeholder(spans[best]))
    return shown


def _rank(span: Mapping[str, Any]) -> tuple[int, int, int]:
    rank = 0 if span["detector"] == KNOWN else 1 if span["detector"] == TAINTED and span["name"] else 2
    return rank, span["start"] - span["end"], span["start"]


def _placeholder(span: Mapping[str, Any]) -> str:
    if span["detector"] == KNOWN:
        return f"[redacted:KNOWN:{span['name']}]"
    if span["detector"] == TAINTED and span["name"]:
        return f"[redacted:TAINTED:{span['name']}]"
    return f"[redacted:{span['detector']}]"


def _forms(record: Mapping[str, Any]) -> Iterator[str]:
    yield from (form_told(form) for form in sorted({span["form"] for span in record["spans"]}))


def _evidence(record: Mapping[str, Any]) -> Iterator[str]:
    match record.get("evidence", ""):
        case "":
            return
        case "full" | "failed" as why:
            yield f"The original should have been sealed, and is not (`{why}`)."
        case name:
            yield f"The original is sealed as `{name}`: whoever has the private key opens it, this machine cannot."


def _remedies(record: Mapping[str, Any]) -> Iterator[str]:
    """What the operator can do where what was found is no secret."""
    detectors = set(record["detectors"])
    if KNOWN in detectors:
        yield (
            "If the known value is no secret, take it out of its source (`known_values`, `egress-proxy fingerprint "
            "remove`) or give it there the name of a setting, and restart the proxy: until then it stays known."
        )
    if TAINTED in detectors:
        yield (
            "If the value that a tool has shown is no secret, a new session that does not read the same file or command"
            " does not know it."
        )
    if detectors - {KNOWN, TAINTED}:
        yield (
            "If what a rule found is no secret, have it said otherwise, by its name or place: there is no switch that "
            "lets a form of secrets cross; a rule of the operator's own is changed in `rules_file`."
        )
