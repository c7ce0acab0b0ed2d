"""Env files: every assignment, in order, duplicates too (an older value is a secret still)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Final

from dotenv.parser import Binding, parse_stream

from egress_proxy.sources.entries import FormatError, Found

_BLANK: Final = re.compile(r"[^\S\n]{129,}+")
"""The parser looks at a run of white space once from each of its characters: four megabytes would keep it for days."""


def parse_env(text: str) -> Found:
    """Quotes, `export`, comments, `=` in values, CRLF, values over several lines. Nothing is interpolated: `${X}` stays
    as it is, and the process environment is not read. Raises `FormatError` with the line that is no assignment."""
    for binding in parse_stream(io.StringIO(_BLANK.sub(_SPACES, text))):
        if binding.error:
            raise FormatError("not an assignment", binding.original.line)
        yield from _assigned(binding)


def salvage_env(text: str) -> Found:
    """The same of a file that is being written: a line that is no assignment must not hide the others, and what stands
    in it after its first `=` is taken for a value."""
    for binding in parse_stream(io.StringIO(_BLANK.sub(_SPACES, text))):
        if binding.error:
            yield from _after_signs(binding.original.string, binding.original.line)
        yield from _assigned(binding)


_SPACES: Final = " " * 128


def _assigned(binding: Binding) -> Iterator[tuple[str, str]]:
    if binding.key is not None and binding.value is not None:
        yield binding.key, binding.value


def _after_signs(lines: str, number: int) -> Found:
    for offset, line in enumerate(lines.splitlines()):
        _, sign, value = line.partition("=")
        if sign:
            yield f"line-{number + offset}", value.strip().strip("\"'")
