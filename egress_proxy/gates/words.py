"""Nodes of the syntax tree become words: quotes and escapes are taken off, what is not known becomes a marker."""

from __future__ import annotations

import re
from typing import Final

from tree_sitter import Node

from egress_proxy.gates.shell import GLOB, HOLE, HOME

_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_IN_QUOTES: Final = re.compile(r"\\([$`\"\\\n])")
_BRACES: Final = re.compile(r"[{}]")
_GLOBS: Final = re.compile(r"[*?\[\]]")
_TILDE: Final = re.compile(r"~(?=/|$)")
_HOMES: Final = frozenset({"$HOME", "${HOME}"})
_ANSI: Final = re.compile(
    r"\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})|c(.)|(.))", re.DOTALL
)
_NAMED: Final = {"a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_EXPANSIONS: Final = frozenset(
    {"simple_expansion", "expansion", "command_substitution", "arithmetic_expansion", "process_substitution"}
)


def text_of(node: Node, source: bytes) -> str:
    """Give a node's text as it is written."""
    return source[node.start_byte : node.end_byte].decode("utf-8", "replace")


def word(node: Node, source: bytes, *, first: bool = True) -> str:
    """Give the text of a word after quoting, with markers. `first`: whether it stands at the beginning of its word."""
    if node.type in {"concatenation", "command_name"}:
        parts = [word(child, source, first=first and index == 0) for index, child in enumerate(node.children)]
        return HOLE if _is_split(node, source) else "".join(parts)
    text = text_of(node, source)
    match node.type:
        case "word" | "number" | "file_descriptor" | "variable_name":
            made = _bare(text, first=first)
        case "raw_string":
            made = text[1:-1]
        case "ansi_c_string":
            made = ansi(text[2:-1])
        case "string":
            made = _quoted(node, source)
        case _:
            made = HOME if first and text in _HOMES else HOLE
    return made


def _is_split(node: Node, source: bytes) -> bool:
    """Whether a word is a brace expansion, which becomes several, or has a gap that no node accounts for."""
    bare = "".join(text_of(child, source) for child in node.children if child.type == "word")
    ends = [child.end_byte for child in node.children[:-1]]
    return bool(_BRACES.search(bare)) or ends != [child.start_byte for child in node.children[1:]]


def _bare(text: str, *, first: bool) -> str:
    """Take escapes off unquoted text."""
    if text == "{}":  # `find -exec` and `xargs -I` put something in its place
        return text
    made: list[str] = []
    end = 0
    for found in _ESCAPED.finditer(text):
        made += (_marked(text[end : found.start()], first=first and end == 0), "" if found[1] == "\n" else found[1])
        end = found.end()
    return "".join(made) + _marked(text[end:], first=first and end == 0)


def _marked(text: str, *, first: bool) -> str:
    if _BRACES.search(text):
        return HOLE
    return _GLOBS.sub(GLOB, _TILDE.sub(HOME, text, count=1) if first and text.startswith("~") else text)


def _quoted(node: Node, source: bytes) -> str:
    """Double quotes: all is literal but expansions."""
    made: list[str] = []
    end = node.start_byte + 1
    for child in node.children:
        if child.type in _EXPANSIONS:
            made.append(_IN_QUOTES.sub(_unescape, source[end : child.start_byte].decode("utf-8", "replace")))
            made.append(HOME if text_of(child, source) in _HOMES and not made[0] and len(made) == 1 else HOLE)
            end = child.end_byte
    made.append(_IN_QUOTES.sub(_unescape, source[end : node.end_byte - 1].decode("utf-8", "replace")))
    return "".join(made)


def _unescape(found: re.Match[str]) -> str:
    return "" if found[1] == "\n" else found[1]


def ansi(text: str) -> str:
    """Decode what stands between `$'` and `'`."""
    return _ANSI.sub(_ansi, text)


def _ansi(found: re.Match[str]) -> str:
    for digits in (found[1], found[2], found[3]):
        if digits:
            code = int(digits, 16)
            return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else HOLE  # noqa: PLR2004 - Unicode's ends
    if found[4]:
        return chr(int(found[4], 8) & 0xFF)
    return chr(ord(found[5]) & 0x1F) if found[5] else _NAMED.get(found[6], found[6])
