"""Strings in pieces, as code has them: literals that signs or statements join, and lists of pieces of one length."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from egress_proxy.scan.derive.escapes import rewritten, windows
from egress_proxy.scan.derive.spans import Span, Woven

_LEAD = r"[\s>|#+-]{0,32}+"  # a new line, and what marks it
_NAME = r"[\w$@.\[\]:]{0,48}+"
_APPENDS = "|".join(
    f"(?<={name})" for name in ("append", "concat", "push", "add", "write", "extend", "String", "_string", "_str")
)
# What stands between: signs; or the end of a statement and one that appends to it, in plain or by assigning anew.
_SIGNS = r"[\s+.&\\~]{1,24}+|\s{0,8}\|\|[\s>|]{0,24}+"
_STATEMENT = (
    rf"\)?;?{_LEAD}{_NAME} ?(?:=\s?{_NAME} ?)?(?:\+=|\.=|~=|<<|(?<=\.)=|(?<=[\w ])[+.]|(?:{_APPENDS})\()\s{{0,8}}+"
)
_PIECE = r"[\w\-+/=.~!#$%*?@^&]"
JOINT: Final = re.compile(rf"""(["'](?:{_SIGNS}|{_STATEMENT})["']|(?<={_PIECE})(?:""|'')(?={_PIECE}))""")
COMMA: Final = re.compile(r"""("\s{0,4}+,[\s>|+]{0,32}+"|'\s{0,4}+,[\s>|+]{0,32}+')""")
_AROUND = 48  # characters beside a list that go with it


def literals(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """Pieces of a string in code, without what stands between them."""
    if made := rewritten("pieces", JOINT, lambda _: "", text, windows(text, spans)):
        yield made


def listed(text: str, spans: Iterable[Span], _room: int) -> Iterator[Woven]:
    """The strings of lists, as if they were one. To a rule that would be a word that nobody wrote."""
    around = ((max(start - _AROUND, 0), min(end + _AROUND, len(text))) for start, end in spans)
    if made := rewritten("listed", COMMA, lambda _: "", text, _apart(around)):
        yield made


def _apart(spans: Iterable[Span]) -> Iterator[Span]:
    """The spans in order, without what two of them share."""
    last = 0
    for start, end in sorted(spans):
        if end > last:
            yield max(start, last), end
            last = end
