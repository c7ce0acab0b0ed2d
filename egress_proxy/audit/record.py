"""What is told of one exchange: who, where, why and how much; never what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypedDict

from msgspec import Struct

from egress_proxy.audit.fingerprint import Tell
from egress_proxy.model import Finding, Judgement, Verdict
from egress_proxy.reasons import Reason

MAX_SPANS: Final = 1000  # a record stays a line that tools can read; `findings` holds the true number


class Span(Struct, frozen=True, omit_defaults=True):
    """Where a finding stood: index of the text in the answer, code-point offsets in the original text. `fingerprint` is
    that of the whole secret (`fingerprint`), 32 hexadecimal digits; empty, and not in the line, if nobody knows it."""

    text: int
    start: int
    end: int
    detector: str
    name: str
    form: str
    fingerprint: str = ""


class Record(Struct, frozen=True, kw_only=True):
    """One exchange. `time` is RFC 3339 in UTC, `route` a catalogue row or `unknown`, lengths are code points."""

    time: str
    id: str
    client: str
    route: str
    directory: str
    session: str
    verdict: Verdict
    reasons: tuple[Reason, ...]
    status: int
    channel: str = ""
    findings: int = 0
    detectors: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    noted: tuple[str, ...] = ()  # what a client was let do: a word for it, and what it was about, as it may be shown
    lengths: tuple[int, ...] = ()  # of the texts that were redacted or withheld, in order of `spans`' text


class Found(TypedDict):
    """The fields of a `Record` that a judgement decides."""

    findings: int
    detectors: tuple[str, ...]
    spans: tuple[Span, ...]
    lengths: tuple[int, ...]


def tell_nothing(_finding: Finding, _text: str) -> str:
    """No fingerprints."""
    return ""


def found_in(judgement: Judgement, texts: Sequence[str], tell: Tell = tell_nothing) -> Found:
    """What a record says of a judgement. `texts` are the batch's originals, as they were judged; `tell` gives findings
    their fingerprints."""
    found = judgement.findings
    return {
        "findings": len(found),
        "detectors": tuple(sorted({finding.detector for finding in found})),
        "spans": tuple(_span(finding, tell(finding, texts[finding.text])) for finding in found[:MAX_SPANS]),
        "lengths": tuple(len(texts[index]) for index in sorted({finding.text for finding in found[:MAX_SPANS]})),
    }


def _span(finding: Finding, fingerprint: str) -> Span:
    place = (finding.text, finding.start, finding.end)
    return Span(*place, finding.detector, finding.name, finding.form.value, fingerprint)
