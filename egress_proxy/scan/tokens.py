r"""Shapes of tokens: one line a kind, from which come the finder, the prefilter's expression and the canary.

A shape is a literal with runs in braces and alternatives in parentheses: `dop_v1_{h64}`, `xyz-(live|test)_{A24}`. A
run is a class and a length: exact inside a shape, `{A10-30}` within bounds, and at the end of a shape at least that
long, so that the whole of a longer token is its span. Classes:

    d 0-9    h 0-9a-f    H 0-9a-fA-F    a 0-9a-z    U 0-9A-Z    l a-z    L a-zA-Z    A 0-9a-zA-Z
    W A and _    w W and -    s w and . =    b A and + / =

A token may follow whatever is no letter or digit, or an escape: `\nghp_…` in JSON, `%3Dghp_…` in a URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from egress_proxy.scan.checksums import proved
from egress_proxy.scan.prefilter import expression
from egress_proxy.scan.random_text import masked, random_score
from egress_proxy.scan.rule import Finder, Rule, Span

_CLASSES = {
    "d": "0-9",
    "h": "0-9a-f",
    "H": "0-9a-fA-F",
    "a": "0-9a-z",
    "U": "0-9A-Z",
    "l": "a-z",
    "L": "a-zA-Z",
    "A": "0-9A-Za-z",
    "W": "0-9A-Za-z_",
    "w": "0-9A-Za-z_-",
    "s": "0-9A-Za-z_.=-",
    "b": "0-9A-Za-z+/=",
}
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_RUN = re.compile(
    r"\{(?P<kind>[A-Za-z])(?P<least>\d+)(?:-(?P<most>\d+))?\}|\{(?P<uuid>uuid)\}|(?P<meta>[()|])|(?P<text>[^{}()|]+)"
)
_ALTERNATIVES = re.compile(r"\(([^()|]*)[^()]*\)")  # innermost ones
_RUN_BEFORE_LITERAL = re.compile(r"\A\{\w+(?:-\d+)?\}(?=[^{}()|]{3})")
_BEFORE = r"(?:(?<![0-9A-Za-z])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2}))"
_LITERAL = re.compile(r"[0-9A-Za-z_]{2,}(?![?*+{])")  # of its last character as many as there are
_CUE_SCORE = 0.4
_HEXADECIMAL = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_BLOB = re.compile(r"[0-9A-Za-z+/]{40}")


class Token(Struct, frozen=True):
    """A kind of token. A `weak` prefix is one that other things have too: what follows it must look random."""

    detector: str
    shape: str
    weak: bool = False


def pattern_of(shape: str) -> str:
    """A shape as an expression of `re`."""
    pieces = []
    for run in _RUN.finditer(shape):
        last = run.end() == len(shape)
        if run["uuid"]:
            pieces.append(_UUID)
        elif run["kind"]:
            pieces.append(_run(run["kind"], run["least"], run["most"], last=last))
        else:
            pieces.append({"(": "(?:"}.get(run[0], run[0]) if run["meta"] else re.escape(run["text"]))
    return "".join(pieces)


def _run(kind: str, least: str, most: str | None, *, last: bool) -> str:
    count = f"{{{least},}}+" if last else f"{{{least},{most}}}" if most else f"{{{least}}}"
    return f"[{_CLASSES[kind]}]{count}"


_SAMPLE = "Qw7Zr2Lk9Xv4Tn8Bm3Hs6Jd1Fp5Gc0YaKe"


def sample_of(shape: str) -> str:
    """A token of this shape: the first of each alternative, runs as short as they may be."""
    while "(" in shape:
        shape = _ALTERNATIVES.sub(r"\1", shape)
    return "".join(
        _sample_run("h", 8) + "-4f9d-8c2a-b17e-" + _sample_run("h", 12)
        if run["uuid"]
        else _sample_run(run["kind"], int(run["least"]))
        if run["kind"]
        else run["text"]
        for run in _RUN.finditer(shape)
    )


def _sample_run(kind: str, length: int) -> str:
    allowed = re.compile(f"[{_CLASSES[kind]}]")
    source = {"d": "4829170536", "h": "4f9d8c2ab17e6035", "H": "4f9d8c2ab17e6035"}.get(kind, _SAMPLE)
    source = source.upper() if kind == "U" else source.lower() if kind in "al" else source
    letters = [char for char in source if allowed.match(char)]
    return "".join(letters[index % len(letters)] for index in range(length))


def find_tokens(pattern: str, *, weak: bool = False) -> Finder:
    """A finder of whole tokens of a pattern. A mask (`xxxx`) is none; a full stop at the end is the sentence's."""
    literal = _LITERAL.match(pattern)
    compiled = re.compile(_BEFORE + f"(?:{pattern})")

    def find(line: str) -> Iterator[Span]:
        for match in _matches(compiled, literal[0] if literal else "", line):
            token = match[0].rstrip(".")
            ordinary = masked(token) or (weak and _like_others(token)) or _in_blob(line, match.start())
            if not ordinary or proved(token):
                yield match.start(), match.start() + len(token)

    return find


def _like_others(token: str) -> bool:
    """Whether it is made of words, or a hash: what has a weak prefix by chance."""
    return random_score(token) < _CUE_SCORE or _HEXADECIMAL.fullmatch(token) is not None


def _matches(pattern: re.Pattern[str], literal: str, line: str) -> Iterator[re.Match[str]]:
    """As `finditer`, for a pattern that begins with a literal: a long line is searched for that first."""
    if not literal:
        yield from pattern.finditer(line)
        return
    start = line.find(literal)
    while start >= 0:
        match = pattern.match(line, start)
        if match:
            yield match
        start = line.find(literal, match.end() if match else start + 1)


def _in_blob(line: str, start: int) -> bool:
    """Whether the place is amid base64 of something larger, where any prefix comes up some time."""
    return line[start - 1 : start] in {"+", "/"} and _BLOB.fullmatch(line, max(0, start - 40), start) is not None


def rule_of(token: Token) -> Rule:
    pattern = pattern_of(token.shape)
    # Hyperscan is quick where it has a literal to look for: a run before one need not be looked at.
    loose = pattern_of(_RUN_BEFORE_LITERAL.sub("", token.shape))
    return Rule(token.detector, expression(loose), find_tokens(pattern, weak=token.weak), strong=not token.weak)
