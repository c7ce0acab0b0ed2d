"""The parts of a prompt: text, and if the operator turns them on, files that carry their own content.

A `file` part with any other URL reads any file of the host unasked; `synthetic` text is taken for the server's own;
`subtask` and `agent` parts switch the agent (FACTS "What a caller could do"). Plain text is not expanded by either
version, `@file`, `/command` and `` !`command` `` in it included, and is forwarded exactly.

Ids of parts are checked and not forwarded: an id that exists already *overwrites* that part, also in another client's
session (seen on both versions). The server gives its own.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct, field

from egress_proxy.model import Policy, Refused
from egress_proxy.reasons import Reason
from egress_proxy.routes import forms
from egress_proxy.routes.reading import Object, read_typed

MIMES: Final = frozenset(("text/plain", "image/png", "image/jpeg", "image/gif", "image/webp"))
"""What both versions hand to the model as it is; other text types are not inlined and most models refuse them."""

_DATA_URL: Final = re.compile(r"data:([a-z]+/[a-z0-9.+-]+);base64,([A-Za-z0-9+/]+={0,2})")
# `filePath` of a made-up Read call upstream, so it must not look like a path: no slash, no leading dot
_FILENAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._()+-]{0,99}")
_PART_ID: Final = forms.PART.pattern


class AskedText(Struct, frozen=True, forbid_unknown_fields=True):
    """A text part as a client sends it. Flags are checked beforehand: here they are false or absent."""

    type: Literal["text"]
    text: str
    id: Annotated[str, Meta(pattern=rf"\A{_PART_ID}\Z")] | None = None
    synthetic: bool = False
    ignored: bool = False


class AskedFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A file part as a client sends it."""

    type: Literal["file"]
    mime: str
    url: str
    filename: str | None = None
    id: Annotated[str, Meta(pattern=rf"\A{_PART_ID}\Z")] | None = None


class TextPart(Struct, frozen=True):
    """A text part as it is sent upstream."""

    text: str
    type: Literal["text"] = "text"


class FilePart(Struct, frozen=True, omit_defaults=True):
    """A file part as it is sent upstream. `url` is a `data:` URL of the type `mime`."""

    mime: str
    url: str
    type: str = field(default_factory=lambda: "file")  # a made default is not left out
    filename: str | None = None


Part = TextPart | FilePart


def read_parts(value: object, policy: Policy) -> tuple[Part, ...] | Refused:
    """Give the parts of a prompt, at least one of them a text that is not empty."""
    if not isinstance(value, list):
        return Refused(Reason.BODY_INVALID)
    if len(value) > policy.max_parts:
        return Refused(Reason.PARTS_LIMIT)
    parts: list[Part] = []
    for asked in value:
        part = _read_part(asked, policy)
        if isinstance(part, Refused):
            return part
        parts.append(part)
    if not any(isinstance(part, TextPart) and part.text for part in parts):
        return Refused(Reason.BODY_INVALID)
    return tuple(parts)


def _read_part(asked: object, policy: Policy) -> Part | Refused:
    if not isinstance(asked, dict):
        return Refused(Reason.BODY_INVALID)
    kind = asked.get("type")
    if not isinstance(kind, str):
        return Refused(Reason.BODY_INVALID)
    if kind not in {"text", "file"}:
        return Refused(Reason.PART_TYPE_FORBIDDEN)
    if any(asked.get(flag, False) is not False for flag in ("synthetic", "ignored")) or "metadata" in asked:
        return Refused(Reason.SYNTHETIC_FORBIDDEN)
    if kind == "text":
        return _text(asked, policy)
    return _file(asked) if policy.file_parts else Refused(Reason.FILE_PART_FORBIDDEN)


def _text(asked: Object, policy: Policy) -> TextPart | Refused:
    part = read_typed(asked, AskedText)
    if isinstance(part, Refused):
        return part
    if len(part.text) > policy.max_text_chars:
        return Refused(Reason.PARTS_LIMIT)
    return TextPart(part.text)


def _file(asked: Object) -> FilePart | Refused:
    part = read_typed(asked, AskedFile)
    if isinstance(part, Refused):
        return part
    if not _carries_itself(part.mime, part.url):
        return Refused(Reason.FILE_URL_FORBIDDEN)
    if part.filename is not None and _FILENAME.fullmatch(part.filename) is None:
        return Refused(Reason.BODY_INVALID)
    return FilePart(part.mime, part.url, filename=part.filename)


def _carries_itself(mime: str, url: str) -> bool:
    """Say whether `url` is a `data:` URL in its one canonical spelling, of a permitted type that `mime` repeats."""
    found = _DATA_URL.fullmatch(url)
    if found is None or found[1] != mime or mime not in MIMES:
        return False
    try:
        base64.b64decode(found[2], validate=True)
    except binascii.Error:
        return False
    return True
