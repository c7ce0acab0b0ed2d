"""Expressions mean the same on every version of Python that the package may be installed on.

Before 3.11.5 (Debian 12 has 3.11.2) a possessive repeat of a group goes on where the last try of the group gave up, not
where it began: `(?:\\d++,)++\\d` does not match `1,2`. A group that is atomic is left whole or not at all, so that
`(?>\\d++,)++\\d` does. One of characters alone is right as it is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from re import _constants as codes  # type: ignore[attr-defined]  # there is no public way to read an expression
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from tests.kit.each import each

PACKAGE = Path(__file__).parents[1] / "egress_proxy"
POSSESSIVE = re.compile(r"(?<![\\(])\)(?:[*+?]|\{[0-9,]+\})\+")
ONE = {codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN}


def strings(source: str) -> Iterator[str]:
    """Texts in a source that may be expressions; what is put into one is a letter here."""
    tree = ast.parse(source)
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)


def is_flat(items: Iterable[Any]) -> bool:
    """Whether it is of characters alone, one after the other: then it is left as it should be."""
    return all(op in ONE or (op is codes.BRANCH and all(map(is_flat, value[1]))) for op, value in items)


def is_safe(body: Any) -> bool:
    items = list(body)
    return (len(items) == 1 and items[0][0] is codes.ATOMIC_GROUP) or is_flat(items)


def repeats(items: Iterable[Any]) -> Iterator[Any]:
    """What is repeated possessively anywhere in an expression."""
    for op, value in items:
        if op is codes.POSSESSIVE_REPEAT:
            yield value[2]
        for part in value if isinstance(value, (tuple, list)) else (value,):
            for own in part if op is codes.BRANCH and isinstance(part, list) else (part,):
                if isinstance(own, parser.SubPattern):
                    yield from repeats(own)


def unsafe(text: str) -> bool:
    if POSSESSIVE.search(text) is None:
        return False
    return not all(map(is_safe, repeats(parser.parse(text))))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"(?:\d++,)++\d", True),
        (r"(?>\d++,)++\d", False),
        (r"x(?P<s>(?:\r?\n[0-9a-f]{8,}+)++)", True),
        (r"(?:(?!x)[^y]|\\.)*+x", True),
        (r"(?:a|(?:\d{1,3},){3,5}+\d)", True),
        (r"(?=(?:\d{4}-){3}+)", True),
        (r"(?:[^\"\\]|\\.)*+", False),
        (r"(?:%[89A-F][0-9A-F])++|%[0-7]", False),
        (r"(?:\.[a-z]++)*+", True),
        (r"\)++a", False),
    ],
)
def test_it_is_told_from_what_is_right(text: str, expected: bool) -> None:
    assert unsafe(text) is expected


@each("file", sorted(PACKAGE.rglob("*.py")), ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_no_group_is_repeated_that_an_older_python_leaves_in_the_middle(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    if POSSESSIVE.search(source.replace("{{", "{").replace("}}", "}")):
        assert [text for text in strings(source) if unsafe(text)] == []
