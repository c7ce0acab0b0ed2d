"""Whether a value in a derived text is one that stands in the original as it is, and so no encoding of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from egress_proxy.scan.forms import REVEAL
from egress_proxy.scan.search import outside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from egress_proxy.model import Finding
    from egress_proxy.scan.decoded import Derived
    from egress_proxy.scan.known import KnownValues
    from egress_proxy.scan.rule import Span


def says_itself(derived: Derived, found: Finding, plain: Sequence[Span], known: KnownValues) -> bool:
    """Whether a finding in a derived text is of a value that stands in `plain` spans of the original as it is."""
    return bool(plain) and (_is_too_little(derived, found, plain) or not _is_more(derived, found, plain, known))


def _is_too_little(derived: Derived, found: Finding, plain: Sequence[Span]) -> bool:
    """Whether what stands elsewhere is too little to say anything."""
    left = length = 0
    at = found.start
    for word in derived.text[found.start : found.end].split("\n"):
        if word:
            span = derived.span(at, at + len(word))
            left += outside(span, plain)
            length += span[1] - span[0]
        at += len(word) + 1
    return left < min(REVEAL, length)


def _is_more(derived: Derived, found: Finding, plain: Sequence[Span], known: KnownValues) -> bool:
    """Whether a value is found without what stands for `plain` spans, too.

    A value with its letters moved is a form of it, and so is found in the derived text that moves them back the other
    way: there it is the whole word, with a name before it and an equals sign.
    """
    kept = list(derived.text)
    for at in range(found.start, found.end):
        if kept[at] != "\n" and not outside(derived.span(at, at + 1), plain):
            kept[at] = " "
    left = known.find(["".join(kept)])
    return bool(left.undecided) or any(hit.start < found.end and found.start < hit.end for hit in left.findings)
