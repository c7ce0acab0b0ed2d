"""The two ways out for a notice: a command of the operator's, and a webhook. Neither raises, and neither says what it
carried: what is logged is a status, an exit code or the type of an error.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Final

import aiohttp
import msgspec

from egress_proxy import __version__
from egress_proxy.config import HookSecrets
from egress_proxy.logs import Saying, say
from egress_proxy.model import Secret
from egress_proxy.server.notices import Notice

_PATH: Final = "/usr/local/bin:/usr/bin:/bin"
_PASSED_ON: Final = ("HOME", "USER", "LOGNAME", "LANG", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")
"""What a program needs to find its configuration and a desktop; nothing else of the proxy's environment."""
_LONGEST_PAUSE: Final = 60.0
_AGAIN: Final = frozenset({408, 425, 429})

Wanted = Callable[[], bool]
"""Whether a notice still matters; asked before each try."""
Pause = Callable[[float], Awaitable[object]]


class Outcome(StrEnum):
    """What became of a notice at a hook; also the metric's label."""

    DELIVERED = "delivered"
    FAILED = "failed"
    DROPPED = "dropped"  # too many waited
    OUTDATED = "outdated"  # what it tells of was decided meanwhile


Hook = Callable[[Notice, Wanted], Awaitable[Outcome]]
"""Hands one notice on."""


class CommandHook:
    """Runs a program, without a shell, with the notice as JSON on its stdin. Its output is thrown away."""

    def __init__(self, command: Sequence[str], seconds: float) -> None:
        self._command = tuple(command)
        self._seconds = seconds

    async def __call__(self, notice: Notice, wanted: Wanted) -> Outcome:
        if not wanted():
            return Outcome.OUTDATED
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                cwd="/",
                env=_environment(notice),
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            say(Saying.COMMAND_NOT_RUN, error=type(error).__name__)
            return Outcome.FAILED
        try:
            await asyncio.wait_for(process.communicate(msgspec.json.encode(notice) + b"\n"), self._seconds)
        except TimeoutError:
            say(Saying.COMMAND_TIMEOUT, seconds=self._seconds)
            return Outcome.FAILED
        finally:
            await _end(process)
        if process.returncode:
            say(Saying.COMMAND_FAILED, code=process.returncode)
            return Outcome.FAILED
        return Outcome.DELIVERED


async def _end(process: asyncio.subprocess.Process) -> None:
    """Leave nothing running of a command that did not end by itself."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _environment(notice: Notice) -> dict[str, str]:
    """What the program may look at without reading JSON."""
    own = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    told = {"EGRESS_EVENT": notice.event.value, "EGRESS_CLIENT": notice.client, "EGRESS_LOOK": notice.look}
    more = {"EGRESS_ASK": notice.ask, "EGRESS_PERMISSION": notice.permission, "EGRESS_LINK": notice.link}
    return {"PATH": _PATH, "LANG": "C.UTF-8"} | own | told | {name: value for name, value in more.items() if value}


class WebhookHook:
    """Posts the notice. Redirects are not followed, the answer's body is not read, cookies are not kept."""

    def __init__(
        self,
        url: str,
        secrets: HookSecrets,
        *,
        seconds: float,
        tries: int,
        clock: Callable[[], float],
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._url = url
        self._secrets = secrets
        self._timeout = aiohttp.ClientTimeout(total=seconds)
        self._tries = tries
        self._clock = clock
        self._pause = pause
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close what is open."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def __call__(self, notice: Notice, wanted: Wanted) -> Outcome:
        body = msgspec.json.encode(notice)
        told = ""
        for number in range(self._tries):
            if number:
                await self._pause(min(2.0 ** (number - 1), _LONGEST_PAUSE))
            if not wanted():
                return Outcome.OUTDATED
            told, again = await self._post(notice, body)
            if not told:
                return Outcome.DELIVERED
            if not again:
                break
        say(Saying.WEBHOOK_FAILED, cause=told)
        return Outcome.FAILED

    async def _post(self, notice: Notice, body: bytes) -> tuple[str, bool]:
        """Post once: what was wrong, if anything, and whether to try again."""
        try:
            async with self._opened().post(
                self._url, data=body, headers=self._headers(notice, body), allow_redirects=False
            ) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return type(error).__name__, True
        if 200 <= status < 300:
            return "", False
        return f"status {status}", status >= 500 or status in _AGAIN

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),
                connector=aiohttp.TCPConnector(force_close=True),
                timeout=self._timeout,
                trust_env=False,
                auto_decompress=False,
            )
        return self._session

    def _headers(self, notice: Notice, body: bytes) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"egress-proxy/{__version__}",
            "Egress-Event": notice.event.value,
            "Egress-Notice": notice.id,
        }
        if self._secrets.key is not None:
            headers["Egress-Signature"] = signature(self._secrets.key, int(self._clock()), body)
        if self._secrets.header is not None:
            name, value = self._secrets.header
            headers[name] = value.reveal()
        return headers


def signature(key: Secret, seconds: int, body: bytes) -> str:
    """Sign a body and the time: `t=SECONDS,v1=HEX`, HEX the HMAC-SHA256 of `SECONDS.` and the body under the key."""
    made = hmac.new(key.reveal().encode(), b"%d." % seconds + body, hashlib.sha256)
    return f"t={seconds},v1={made.hexdigest()}"
