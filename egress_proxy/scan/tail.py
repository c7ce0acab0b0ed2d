"""How much of a text that is still being written may be released: up to where nothing open begins.

What stands in whole lines and is found by its own line, or with those above it, stays as it is, whatever follows. The
rest is held:

- the last `HELD_CODES` letters and digits. Every so many in a row that are of a known value, in any of its forms, hold
  a window that is registered (`HELD_CODES` says why), so of a value that is cut off here nothing has been released when
  the next line makes it known;
- whatever may be in another writing and reaches into these: the hints of `derive`, from where they begin;
- the data of a Kubernetes manifest that has not said yet of what kind it is;
- findings, whole, with all that they touch: they are replaced as one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from egress_proxy.scan.checkpoints import sentence_ends
from egress_proxy.scan.derive.hints import hinted
from egress_proxy.scan.derive.kinds import Kind
from egress_proxy.scan.forms import SHAPES
from egress_proxy.scan.search import spans_by_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from egress_proxy.model import Finding
    from egress_proxy.scan.rule import Span

# Windows of a form of a value lie `stride` apart and are of `run` codes, so any `run + stride - 1` codes in a row hold
# one. The most is 127: sixteen characters in binary digits.
HELD_CODES: Final = max(shape.run + shape.stride - 1 for shape in SHAPES)
# Of the whole text: they say that there is something somewhere.
_NOWHERE: Final = frozenset((Kind.ORDINALS, Kind.STRANGE))
_DATA: Final = re.compile(r"^[ \t]*+(?:\"(?:data|stringData)\":[ \t]*+\{|(?:data|stringData):)\s*?$", re.MULTILINE)
_KIND: Final = re.compile(r"^[ \t-]*+[\"']?kind[\"']?:", re.MULTILINE)
_DOCUMENT: Final = re.compile(r"^(?:---|[ \t>]*```)", re.MULTILINE)


def settled_until(text: str, findings: Iterable[Finding], late: int | None = None) -> int:
    """Up to where a text that ends at a checkpoint may be released, given what was found in it, and where the first of
    that begins which may not be released yet."""
    tail = _tail(text)
    spans = next(iter(spans_by_text(findings).values()), [])
    until = min(tail, _hinted(text, tail), _undeclared(text), len(text) if late is None else late, _said(text, spans))
    for start, end in reversed(spans):
        if start < until <= end:
            return start
    return until


def _tail(text: str) -> int:
    """Where the last letters and digits begin that are held."""
    at, left = len(text), HELD_CODES
    while at and left:
        at -= 1
        left -= text[at].isalnum()
    return at


def _said(text: str, spans: Sequence[Span]) -> int:
    """Where the last sentence begins of a line that goes on; all of the line is held if anything was found in it."""
    line = text.rfind("\n") + 1
    if line == len(text):
        return line
    if spans and spans[-1][1] > line:
        return line
    return line + max((end for end in sentence_ends(text[line:]) if end < len(text) - line), default=0)


def _hinted(text: str, tail: int) -> int:
    """Where the first of what may be in another writing begins, of all that reaches into the tail."""
    return min(
        (start for kind, spans in hinted(text).items() if kind not in _NOWHERE for start, end in spans if end >= tail),
        default=tail,
    )


def _undeclared(text: str) -> int:
    """Where data begins of which a line further on may say that it is a secret's."""
    first = max((match.end() for match in _DOCUMENT.finditer(text)), default=0)
    data = _DATA.search(text, first)
    return len(text) if data is None or _KIND.search(text, first) else data.start()
