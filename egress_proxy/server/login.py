"""Who calls: the token in the request's headers, and the limit on failed attempts."""

from __future__ import annotations

import base64
import binascii
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

_WINDOW: Final = 60.0  # seconds
_MAX_ADDRESSES: Final = 10_000  # remembered at once; a few hundred bytes each


def presented_token(authorization: str) -> str | None:
    """The token of a `Bearer` or `Basic` credential (any user, the token as password), or None."""
    scheme, _, rest = authorization.strip().partition(" ")
    rest = rest.strip()
    if scheme.lower() == "bearer":
        return rest or None
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(rest, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    return decoded.partition(":")[2] or None


class FailureLimit:
    """Counts failed logins by address over a minute. Its memory is bounded; the oldest address is forgotten first."""

    def __init__(self, per_minute: int | Callable[[], int]) -> None:
        """`per_minute` is how many there may be, or says how many now."""
        self._now = per_minute if callable(per_minute) else None
        self._per_minute = per_minute if isinstance(per_minute, int) else per_minute()
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    @property
    def per_minute(self) -> int:
        """How many there may be."""
        return self._per_minute

    def bound(self, per_minute: int) -> None:
        """Count to another number from now on."""
        if per_minute != self._per_minute:
            self._per_minute = per_minute
            # Each keeps as many as there may be: what has failed so far stays, as far as that goes.
            self._failures = OrderedDict((who, deque(times, per_minute)) for who, times in self._failures.items())

    def exceeded(self, address: str, now: float) -> bool:
        if self._now is not None:
            self.bound(self._now())
        failures = self._failures.get(address)
        if failures is None:
            return False
        while failures and failures[0] <= now - _WINDOW:
            failures.popleft()
        return len(failures) >= self._per_minute

    def failed(self, address: str, now: float) -> None:
        failures = self._failures.setdefault(address, deque(maxlen=self._per_minute))
        failures.append(now)
        self._failures.move_to_end(address)
        if len(self._failures) > _MAX_ADDRESSES:
            self._failures.popitem(last=False)
