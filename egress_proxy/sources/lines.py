"""Bare values, one a line: the output of `pass show`, a mounted secret."""

from __future__ import annotations

from egress_proxy.sources.entries import Found


def parse_lines(text: str) -> Found:
    """Each line that is not blank is a value, without the white space around it, under the source's own label; the
    second and later ones are numbered (`token`, `token.2`)."""
    count = 0
    for line in text.splitlines():
        if value := line.strip():
            count += 1
            yield "" if count == 1 else f".{count}", value
