"""How a call reaches the proxy. `HttpTransport` is the one there is; another is a class with the same `send`.

http.client and not aiohttp: a command makes one or two calls, and importing aiohttp takes longer than both.

- One connection a call, nothing retried: a prompt sent twice is two prompts.
- Certificates are checked against the system's store (`SSL_CERT_FILE` names another, as for every OpenSSL program).
- `http_proxy`, `https_proxy` and `all_proxy` are ignored, always: such a proxy could read the token.
- Redirects are not followed: the token would go where the answer says.
- `timeout` bounds the whole call from the first byte sent, connecting apart, which has `CONNECT_SECONDS`.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from contextlib import suppress
from typing import Final, Protocol
from urllib.parse import quote, urlencode

from msgspec import Struct

from egress_proxy import __version__
from egress_proxy.model import Secret
from egress_proxy.ocode.faults import Fault, not_the_proxy, timed_out, unreachable
from egress_proxy.ocode.settings import Address

CONNECT_SECONDS: Final = 10.0
MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
_CHUNK: Final = 65536


class Outgoing(Struct, frozen=True, kw_only=True):
    """One call. `path` is encoded already, `query` is not; `timeout` is in seconds."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    directory: str | None = None
    timeout: float

    def __repr__(self) -> str:
        return f"Outgoing({self.method})"


class Answer(Struct, frozen=True):
    """What came back. `next_cursor` is empty on the last page."""

    status: int
    content_type: str
    next_cursor: str
    body: bytes

    def __repr__(self) -> str:
        return f"Answer({self.status}, {len(self.body)} bytes)"


class Transport(Protocol):
    """Raises `Fault` (unreachable, timed out, not the proxy) and nothing else."""

    def send(self, call: Outgoing) -> Answer: ...


class HttpTransport:
    """HTTP or HTTPS to one address with one token."""

    def __init__(self, address: Address, token: Secret) -> None:
        self._address = address
        self._token = token

    def send(self, call: Outgoing) -> Answer:
        connection = self._connection()
        try:
            self._connect(connection)
            return self._exchange(connection, call)
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._address.host, self._address.port
        if self._address.scheme == "https":
            trusted = ssl.create_default_context()
            return http.client.HTTPSConnection(host, port, timeout=CONNECT_SECONDS, context=trusted)
        return http.client.HTTPConnection(host, port, timeout=CONNECT_SECONDS)

    def _connect(self, connection: http.client.HTTPConnection) -> None:
        where = self._address.origin
        try:
            connection.connect()
        except ssl.SSLCertVerificationError:
            raise unreachable(
                f"The certificate of {where} is not trusted or not for this host. Check OCODE_URL; for a private"
                " authority set SSL_CERT_FILE."
            ) from None
        except ConnectionRefusedError:
            raise unreachable(f"Nothing listens at {where}. Is the proxy running, and is OCODE_URL right?") from None
        except (OSError, UnicodeError):
            raise unreachable(f"Cannot connect to {where}. Check OCODE_URL and the network.") from None

    def _exchange(self, connection: http.client.HTTPConnection, call: Outgoing) -> Answer:
        try:
            return self._request(connection, call)
        except Fault:
            raise
        except TimeoutError:
            raise timed_out(f"No answer within {call.timeout:g} seconds.") from None
        except (OSError, http.client.HTTPException):
            raise unreachable(
                "The connection broke before the whole answer was there. Read the session before sending it again."
            ) from None

    def _request(self, connection: http.client.HTTPConnection, call: Outgoing) -> Answer:
        deadline = time.monotonic() + call.timeout
        # Kept because http.client lets go of its socket once the answer's headers say that it will be closed.
        sock = connection.sock
        sock.settimeout(call.timeout)
        # A refusal may have been sent before the whole body was read, and is worth more than these errors.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.request(call.method, self._target(call), call.body, self._headers(call))
        sock.settimeout(_left(deadline))
        with connection.getresponse() as response:
            return Answer(
                status=response.status,
                content_type=response.getheader("Content-Type", "").partition(";")[0].strip().lower(),
                next_cursor=response.getheader("X-Next-Cursor", ""),
                body=_read_body(response, sock, deadline),
            )

    def _target(self, call: Outgoing) -> str:
        return self._address.prefix + call.path + ("?" + urlencode(call.query) if call.query else "")

    def _headers(self, call: Outgoing) -> dict[str, str]:
        headers = {
            "Authorization": f"Bearer {self._token.reveal()}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Connection": "close",
            "User-Agent": f"ocode/{__version__}",
        }
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        if call.directory is not None:
            headers["x-opencode-directory"] = quote(call.directory, safe="/")
        return headers


def _read_body(response: http.client.HTTPResponse, sock: socket.socket, deadline: float) -> bytes:
    """Read to the end, within bounds of time and size. Raise `IncompleteRead` when the end comes too early."""
    body = bytearray()
    while not response.isclosed():
        sock.settimeout(_left(deadline))
        chunk = response.read1(_CHUNK)
        if not chunk:
            break
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise not_the_proxy("The answer is larger than any the proxy gives.", response.status)
    if response.length:
        raise http.client.IncompleteRead(b"")
    return bytes(body)


def _left(deadline: float) -> float:
    """Seconds to the deadline. Raise `TimeoutError` past it: a timeout of zero would mean non-blocking."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def connect(address: Address, token: Secret) -> Transport:
    """Give the transport for an address: the place where a new scheme joins."""
    return HttpTransport(address, token)
