"""Who may decide at the operator's socket: tokens of operators, and one of the box itself, made anew at each start.

They are other tokens than clients', in a file of their own: neither is worth anything in the other's place. The box's
token lies in the state directory, for the proxy's own user: whoever can read it could write the audit log too.
"""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256
from pathlib import Path
from typing import Final

from msgspec import Struct

from egress_proxy import private
from egress_proxy.errors import StartError
from egress_proxy.tokens import OPERATOR_PREFIX, OPERATORS, Tokens

LOCAL: Final = "local"
LOCAL_FILE: Final = "operator.token"
_RANDOM_BYTES: Final = 32
_MOST_PRESENTED: Final = 256


class Operator(Struct, frozen=True):
    """Who logged in, and with which token: one that is made anew for the same name is another."""

    name: str
    digest: str  # SHA-256 of the token, hexadecimal; empty for who was signed on elsewhere
    approves: bool = True  # or may look only


class Operators:
    """Gives the name of who presents a token."""

    def __init__(self, state_dir: Path) -> None:
        """Make the box's token and put it in its file. Raises `StartError`."""
        self._tokens = Tokens(state_dir, OPERATORS)
        token = OPERATOR_PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
        self._local = sha256(token.encode()).digest()
        file = state_dir / LOCAL_FILE
        try:
            private.replace(state_dir / f"{LOCAL_FILE}.new", file, f"{token}\n".encode())
        except OSError as error:
            raise StartError(f"{file}: cannot be written ({error.strerror})") from None

    def authenticate(self, presented: str) -> str | None:
        """The name of the operator whose token this is, `local` for the box's, or None.

        Takes the same time whichever it is. Never raises.
        """
        entry = self._tokens.authenticate(presented)
        digest = sha256(presented[:_MOST_PRESENTED].encode("utf-8", "surrogatepass")).digest()
        local = hmac.compare_digest(digest, self._local) and len(presented) <= _MOST_PRESENTED
        return LOCAL if local else entry.name if entry else None

    def login(self, presented: str) -> Operator | None:
        """Like `authenticate`, for somebody who will not present the token again."""
        name = self.authenticate(presented)
        return None if name is None else Operator(name, sha256(presented.encode()).hexdigest())

    def stands(self, operator: Operator) -> bool:
        """Whether the token of a login is still one. Never raises."""
        return operator.name == LOCAL or self._tokens.holds(operator.digest)
