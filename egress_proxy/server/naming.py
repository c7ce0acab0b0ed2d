"""Known values without their names: the operator may prefer that not even those cross or are recorded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from egress_proxy.scan import TextScanner


class ByFingerprint:
    """The current scanner, with each known value named by a fingerprint: `[redacted:KNOWN:fp-1a2b3c4d]`."""

    def __init__(self, scanner: Callable[[], Awaitable[TextScanner | None]]) -> None:
        self._scanner = scanner
        self._renamed: tuple[TextScanner, TextScanner] | None = None

    async def scanner(self) -> TextScanner | None:
        """The scanner that `scanner` gives, renamed once for each."""
        current = await self._scanner()
        if current is None:
            return None
        if self._renamed is None or self._renamed[0] is not current:
            self._renamed = (current, current.with_known(current.known.by_fingerprint()))
        return self._renamed[1]
