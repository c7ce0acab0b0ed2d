"""Asks as they stand upstream, whole, and the answers that the operator gives them. Original text: see `queued`.

Only opencode's reply routes of both supported versions are used, and of a permission's three words only `once` and
`reject`: `always` cannot be said here.
"""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
from msgspec import Struct, structs

from egress_proxy.model import Ask, Call, Refused
from egress_proxy.reasons import Reason
from egress_proxy.server.asked import digest_of
from egress_proxy.server.places import Places
from egress_proxy.server.queued import Kind, Said
from egress_proxy.server.upstream import Upstream
from egress_proxy.wire import read_asks, read_questions, read_said, read_title

_MESSAGES_SHOWN: Final = "20"
_MOST_SAID: Final = 12
_MOST_CHARACTERS: Final = 8_000  # of a text that is shown: its end


class Original(Struct, frozen=True):
    """An ask as it was read, and that with what was looked up for it. Of a question, `patterns` are its texts."""

    kind: Kind
    read: Ask
    whole: Ask

    @property
    def id(self) -> str:
        return self.read.id

    @property
    def digest(self) -> str:
        return digest_of(self.whole)

    def __repr__(self) -> str:
        return f"Original({self.read.id})"


class Originals:
    """Reads and answers. `seconds` bounds each call."""

    def __init__(self, upstream: Upstream, places: Places, seconds: float) -> None:
        self._upstream = upstream
        self._places = places
        self._seconds = seconds

    async def pending(self, directory: str) -> tuple[Original, ...] | Refused:
        """All asks that are pending in a directory, anybody's, as they were read."""
        permissions, questions = await asyncio.gather(self._permissions(directory), self._questions(directory))
        if isinstance(permissions, Refused):
            return permissions
        return questions if isinstance(questions, Refused) else permissions + questions

    async def now(self, original: Original) -> Original | Refused | None:
        """The same ask as it stands now, whole. None if it is not pending."""
        directory = original.read.directory
        of = self._permissions if original.kind == "permission" else self._questions
        found = await of(directory)
        if isinstance(found, Refused):
            return found
        now = next((one for one in found if one.id == original.id), None)
        return None if now is None else await self.whole(now)

    async def whole(self, original: Original) -> Original:
        """An ask with what is looked up for it."""
        if original.kind == "question":
            return original
        return structs.replace(original, whole=await self._places.whole(original.read))

    async def title(self, session: str) -> str:
        """A session's title; empty if it cannot be had."""
        reply = await self._upstream.call(Call("GET", f"/session/{session}", (), None, None), self._seconds)
        title = reply if isinstance(reply, Refused) else read_title(reply.body)
        return "" if isinstance(title, Refused) else title

    async def said(self, session: str) -> tuple[Said, ...] | Refused:
        """The end of a session's conversation."""
        query = (("limit", _MESSAGES_SHOWN),)
        reply = await self._upstream.call(Call("GET", f"/session/{session}/message", query, None, None), self._seconds)
        said = reply if isinstance(reply, Refused) else read_said(reply.body)
        if isinstance(said, Refused):
            return said
        return tuple(Said(one.role, one.text[-_MOST_CHARACTERS:]) for one in said[-_MOST_SAID:])

    async def approve(self, ask: Ask) -> Reason | None:
        """Let a permission pass once. A reason where it did not, or it is not known whether it did."""
        return await self._answer(f"/permission/{ask.id}/reply", ask.directory, {"reply": "once"})

    async def reject(self, original: Original, message: str) -> Reason | None:
        """Reject an ask; the local agent is told the message, if there is one and it is a permission."""
        ask = original.read
        if original.kind == "question":
            return await self._answer(f"/question/{ask.id}/reject", ask.directory, None)
        told = {"message": message} if message else {}
        return await self._answer(f"/permission/{ask.id}/reply", ask.directory, {"reply": "reject", **told})

    async def end(self, session: str, directory: str) -> Reason | None:
        """End a session's turn. A reason where that failed, or it is not known whether it did."""
        return await self._answer(f"/session/{session}/abort", directory, None)

    async def _answer(self, path: str, directory: str, body: dict[str, str] | None) -> Reason | None:
        encoded = None if body is None else msgspec.json.encode(body)
        reply = await self._upstream.call(Call("POST", path, (), directory, encoded), self._seconds)
        if isinstance(reply, Refused):
            return reply.reason
        return None if bytes(reply.body).strip() == b"true" else Reason.UPSTREAM_REJECTED

    async def _permissions(self, directory: str) -> tuple[Original, ...] | Refused:
        body = await self._listed("/permission", directory)
        asks = body if isinstance(body, Refused) else read_asks(body, directory)
        return asks if isinstance(asks, Refused) else tuple(Original("permission", ask, ask) for ask in asks)

    async def _questions(self, directory: str) -> tuple[Original, ...] | Refused:
        body = await self._listed("/question", directory)
        if isinstance(body, Refused):
            return body
        asks, texts = read_asks(body, directory), read_questions(body)
        if isinstance(asks, Refused):
            return asks
        if isinstance(texts, Refused):
            return texts
        told = tuple(structs.replace(ask, patterns=texts.get(ask.id, ())) for ask in asks)
        return tuple(Original("question", ask, ask) for ask in told)

    async def _listed(self, path: str, directory: str) -> bytes | Refused:
        reply = await self._upstream.call(Call("GET", path, (), directory, None), self._seconds)
        return reply if isinstance(reply, Refused) else bytes(reply.body)
