"""What a browser sends, before anything is done with it: where the request comes from, and the fields of a form.

`SameSite=Strict` stops other sites, and not other ports of this host, which are the same site to a browser. So a form
is taken only from a page of this very origin, and only with the token of its session (`sessions.py`).
"""

from __future__ import annotations

import asyncio
import hmac
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from aiohttp import StreamReader, web

_FORM: Final = "application/x-www-form-urlencoded"
_MAX_BYTES: Final = 64 * 1024
_MOST_FIELDS: Final = 8
SECONDS: Final = 10.0
"""In which a form must have come whole: it is read before anybody is logged in, too."""


class BadForm(Exception):
    """A form that is not taken. The text says why and quotes nothing."""


def from_this_origin(request: web.Request) -> bool:
    """Whether a browser says that one of our own pages sent this. Browsers say so of every POST (RFC 6454)."""
    origins = request.headers.getall("Origin", [])
    hosts = request.headers.getall("Host", [])
    if len(origins) != 1 or len(hosts) != 1:
        return False
    try:
        told = urlsplit(origins[0])
    except ValueError:
        return False
    return (
        told.scheme in {"http", "https"}
        and told.netloc.lower() == hosts[0].lower()
        and request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
    )


async def read_form(request: web.Request) -> dict[str, str]:
    """Read the fields of a form of ours. Raise `BadForm`."""
    if not from_this_origin(request):
        raise BadForm("The form came from a page of another origin.")
    if request.content_type != _FORM or (request.content_length or 0) > _MAX_BYTES:
        raise BadForm("The form has another type or is larger than the console's own.")
    try:
        async with asyncio.timeout(SECONDS):
            body = await _body(request.content)
    except TimeoutError:
        raise BadForm("The form did not come in time.") from None
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        raise BadForm("The form cannot be read.") from None
    if len({name for name, _ in pairs}) != len(pairs):
        raise BadForm("The form has a field twice.")
    return dict(pairs)


async def _body(content: StreamReader) -> bytes:
    """All that comes, in however many pieces. Raise `BadForm` as soon as it is too much."""
    body = bytearray()
    async for piece in content.iter_any():
        body += piece
        if len(body) > _MAX_BYTES:
            raise BadForm("The form is larger than the console's own.")
    return bytes(body)


def check_token(form: dict[str, str], csrf: str) -> None:
    """Raise `BadForm` unless the form was made for this session."""
    if not hmac.compare_digest(form.get("csrf", "").encode(), csrf.encode()):
        raise BadForm("The form was not made for this login.")
