r"""An operator's expression as one for the prefilter: looser, so that it matches wherever the exact one does.

The prefilter sees projected text (`projection`): each code point as one ASCII byte of its class. So what excludes
characters (`[^a]`, `\W`, `.`) becomes any character, what asserts (`^`, `\b`) is dropped, and what RE2 writes in its
own way (named groups, quoting, Unicode classes) is rewritten or refused.
"""

from __future__ import annotations

import re

from egress_proxy.scan.prefilter import expression

_ANY = r"[^\n]"
_TOKEN = re.compile(
    r"(?P<quoted>\\[QEC])|(?P<unicode>\\[pP])|(?P<wide>\\x\{)|(?P<assertion>\\[bBAz]|[$^])|(?P<negated>\\[WDS])"
    r"|(?P<escape>\\.)|(?P<named>\(\?P?<[^>]*>)|(?P<flags>\(\?[a-zA-Z-]*[:)])|(?P<class>\[)|(?P<dot>\.)|(?P<other>.)",
    re.DOTALL,
)
_CLASS = re.compile(r"\[(?P<not>\^?)\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]", re.DOTALL)
_IN_CLASS = re.compile(r"\\[pPWDSQEC]|\\x\{|\[:\^")


class LooseningError(ValueError):
    """It cannot be done; the message says why."""


def loosen(pattern: str) -> str:
    """The prefilter's expression for a pattern that RE2 takes. Raises `LooseningError`."""
    if not pattern.isascii():
        raise LooseningError("only ASCII characters can be written in a pattern; use a class such as \\S for others")
    pieces, position = [], 0
    while position < len(pattern):
        token = _TOKEN.match(pattern, position)
        if token is None:
            raise LooseningError("it ends amid an escape")
        if token["class"]:
            token = _CLASS.match(pattern, position)
            if token is None:
                raise LooseningError("a class of characters has no end")
            pieces.append(_ANY if token["not"] or _IN_CLASS.search(token[0]) else token[0])
        else:
            pieces.append(_piece(token))
        position = token.end()
    return expression("".join(pieces))


def _piece(token: re.Match[str]) -> str:
    kind = token.lastgroup
    if kind in {"quoted", "unicode", "wide"}:
        raise LooseningError(r"\Q, \C, \p and \x{…} are not taken; write the characters or a class of them")
    if kind == "assertion":
        return ""
    if kind in {"negated", "dot"}:
        return _ANY
    if kind == "named":
        return "(?:"
    if kind == "flags":
        if token[0].endswith(")"):
            raise LooseningError("flags in the pattern are not taken; `caseless: true` is the one there is")
        if token[0] != "(?:":
            raise LooseningError("groups with flags are not taken; `caseless: true` is the one there is")
    return token[0]
