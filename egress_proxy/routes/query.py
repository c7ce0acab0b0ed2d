"""The query: parsed once, as `URLSearchParams` writes it, and never forwarded as it was spelt.

Upstream takes the first or the last of duplicates and decodes `directory` twice (FACTS "Directory"), so whatever two
readers could read differently is refused. Keys are compared after decoding: `%64irectory` is `directory`.
"""

from __future__ import annotations

from typing import Final

from egress_proxy.model import Refused, Row
from egress_proxy.reasons import Reason
from egress_proxy.routes import forms
from egress_proxy.routes.directory import decode_once

DIRECTORY: Final = "directory"
_WORKSPACE: Final = "workspace"
_MAX_PAIRS: Final = 16


def read(row: Row, raw: str) -> dict[str, str] | Refused:
    """Give the decoded query, `directory` included and not looked into, or a refusal.

    What the row ignores has to be as well-formed as the rest, and is left out.
    """
    pairs = _pairs(raw)
    if pairs is None:
        return Refused(Reason.QUERY_INVALID, row)
    keys = [key for key, _ in pairs]
    if _WORKSPACE in keys:
        return Refused(Reason.WORKSPACE_FORBIDDEN, row)
    if not {DIRECTORY, *row.query, *row.ignored}.issuperset(keys):
        return Refused(Reason.QUERY_UNKNOWN, row)
    if len(set(keys)) < len(keys):
        return Refused(Reason.QUERY_DUPLICATE, row)
    if not all(key == DIRECTORY or forms.is_value(row.template, key, value) for key, value in pairs):
        return Refused(Reason.QUERY_INVALID, row)
    return {key: value for key, value in pairs if key not in row.ignored}


def _pairs(raw: str) -> list[tuple[str, str]] | None:
    if not raw:
        return []
    pieces = raw.split("&", _MAX_PAIRS)
    if len(pieces) > _MAX_PAIRS:
        return None
    pairs = []
    for piece in pieces:
        key, _, value = piece.partition("=")
        decoded_key, decoded_value = _decoded(key), _decoded(value)
        if not decoded_key or decoded_value is None:
            return None
        pairs.append((decoded_key, decoded_value))
    return pairs


def _decoded(text: str) -> str | None:
    return decode_once(text.replace("+", " "))
