"""netrc files: the passwords of machines. (The standard library's reader refuses files by their mode, and quotes.)"""

from __future__ import annotations

import re
from typing import Final

from egress_proxy.sources.entries import FormatError, Found

_TOKEN: Final = re.compile(r'"((?:[^"\\]|\\.)*+)"|(\S++)')
_MACRO: Final = re.compile(r"^[ \t]*macdef\b.*?(?:\n[ \t]*\n|\Z)", re.MULTILINE | re.DOTALL)
_COMMENT: Final = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
_SECRET: Final = frozenset({"password", "account"})
_WORDS: Final = frozenset({"machine", "default", "login", "user"}) | _SECRET


def parse_netrc(text: str) -> Found:
    """Each password and account as `MACHINE.password`. Macros are left out. Raises `FormatError` for a text in which a
    word stands where `machine`, `login` or `password` should."""
    tokens = [_bare(found) for found in _TOKEN.finditer(_COMMENT.sub("", _MACRO.sub("\n", text)))]
    machine, at = "default", 0
    while at < len(tokens):
        word = tokens[at]
        if word not in _WORDS:
            raise FormatError("not a netrc file")
        if word == "default":
            machine, at = word, at + 1
            continue
        value = tokens[at + 1] if at + 1 < len(tokens) else ""
        if word == "machine":
            machine = value
        elif word in _SECRET:
            yield f"{machine}.{word}", value
        at += 2


def _bare(found: re.Match[str]) -> str:
    return found[2] if found[2] is not None else re.sub(r"\\(.)", r"\1", found[1])
