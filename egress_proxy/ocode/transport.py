"""How a call reaches the proxy: HTTP over TCP, TLS, a Unix socket, or a socket at which ssh listens (`tunnel`).

http.client and not aiohttp: a command makes a few calls, and importing aiohttp takes longer than all of them.

- One connection a call, nothing retried: a prompt sent twice is two prompts.
- Certificates are checked against the system's store (`SSL_CERT_FILE` names another, as for every OpenSSL program), or
  against `OCODE_CA_FILE` alone. `OCODE_CERT_FILE` and `OCODE_KEY_FILE` are shown to a proxy that asks for them.
- `http_proxy`, `https_proxy` and `all_proxy` are ignored, always: such a proxy could read the token.
- Redirects are not followed: the token would go where the answer says.
- `timeout` bounds the whole call from the first byte sent, connecting apart, which has `CONNECT_SECONDS`. Of a stream
  it bounds the silence between two pieces: the proxy sends a heartbeat every ten seconds.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final, Protocol, TypeVar
from urllib.parse import quote, urlencode

from msgspec import Struct

from egress_proxy import __version__
from egress_proxy.model import Secret
from egress_proxy.ocode.address import Address
from egress_proxy.ocode.faults import Fault, not_the_proxy, timed_out, unreachable
from egress_proxy.ocode.trust import SYSTEM, Trust

CONNECT_SECONDS: Final = 10.0
MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
EVENT_STREAM: Final = "text/event-stream"
_CHUNK: Final = 65536
_OK: Final = 200

_T = TypeVar("_T")


class Outgoing(Struct, frozen=True, kw_only=True):
    """One call. `path` is encoded already, `query` is not; `timeout` is in seconds."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    directory: str | None = None
    accept: str = "application/json"
    last_event_id: str = ""
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


class Stream(Protocol):
    """An answer that lasts. Used by one thread; `close` may be called by another, and ends `chunks`."""

    def chunks(self) -> Iterator[bytes]:
        """Give pieces as they come, to the end, whatever ends it."""

    def close(self) -> None: ...

    def release(self) -> None:
        """Let go of the connection. For the thread that has read `chunks` to its end."""


class Transport(Protocol):
    """Raises `Fault` (unreachable, timed out, not the proxy) and nothing else."""

    def send(self, call: Outgoing) -> Answer: ...

    def stream(self, call: Outgoing) -> Answer | Stream:
        """Open an event stream, or give the answer that says why there is none."""


class Carrier(Protocol):
    """Brings a far socket to a Unix socket here. Both raise `Fault`."""

    def path(self) -> str:
        """Where the Unix socket is, or will be."""

    def start(self) -> None:
        """Have something listen there."""


class HttpTransport:
    """HTTP to one address with one token, through `carrier` if there is one.

    `setting` is where the address comes from, for messages; `program` is who calls, for the other side's log.
    """

    def __init__(
        self,
        address: Address,
        token: Secret,
        carrier: Carrier | None = None,
        *,
        setting: str = "OCODE_URL",
        program: str = "ocode",
        trust: Trust = SYSTEM,
    ) -> None:
        self._address = address
        self._token = token
        self._carrier = carrier
        self._setting = setting
        self._program = program
        self._trust = trust

    def send(self, call: Outgoing) -> Answer:
        connection = self._connection()
        try:
            self._connect(connection)
            return self._exchange(connection, call)
        finally:
            connection.close()

    def stream(self, call: Outgoing) -> Answer | Stream:
        connection = self._connection()
        try:
            self._connect(connection)
            opened = self._guarded(lambda: self._open(connection, call), call)
        except BaseException:
            connection.close()
            raise
        if isinstance(opened, Answer):
            connection.close()
        return opened

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._address.host, self._address.port
        if self._carrier is not None:
            return _UnixConnection(self._carrier.path(), timeout=CONNECT_SECONDS)
        if self._address.path:
            return _UnixConnection(self._address.path, timeout=CONNECT_SECONDS)
        if self._address.scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=CONNECT_SECONDS, context=self._trust.context())
        return http.client.HTTPConnection(host, port, timeout=CONNECT_SECONDS)

    def _connect(self, connection: http.client.HTTPConnection) -> None:
        where = self._address.origin
        try:
            self._connect_or_start(connection)
        except ssl.SSLCertVerificationError:
            raise unreachable(
                f"The certificate of {where} is not trusted or not for this host. Check {self._setting}; for a private"
                " authority set OCODE_CA_FILE."
            ) from None
        except (ConnectionRefusedError, FileNotFoundError):
            raise unreachable(
                f"Nothing listens at {where}. Is the proxy running, and is {self._setting} right?"
            ) from None
        except PermissionError:
            raise unreachable(f"You may not connect to {where}: it is another user's socket.") from None
        except (OSError, UnicodeError):
            raise unreachable(f"Cannot connect to {where}. Check {self._setting} and the network.") from None

    def _connect_or_start(self, connection: http.client.HTTPConnection) -> None:
        try:
            connection.connect()
        except (ConnectionRefusedError, FileNotFoundError):
            if self._carrier is None:
                raise
            self._carrier.start()
            connection.connect()

    def _exchange(self, connection: http.client.HTTPConnection, call: Outgoing) -> Answer:
        return self._guarded(lambda: self._request(connection, call), call)

    def _guarded(self, exchange: Callable[[], _T], call: Outgoing) -> _T:
        try:
            return exchange()
        except Fault:
            raise
        except TimeoutError:
            raise timed_out(f"No answer within {call.timeout:g} seconds.") from None
        except (OSError, http.client.HTTPException):
            raise unreachable(
                "The connection broke before the whole answer was there. See what became of it before sending it again."
            ) from None

    def _request(self, connection: http.client.HTTPConnection, call: Outgoing) -> Answer:
        deadline = time.monotonic() + call.timeout
        # Kept because http.client lets go of its socket once the answer's headers say that it will be closed.
        sock = connection.sock
        with self._responding(connection, call, deadline) as response:
            return _answer(response, sock, deadline)

    def _open(self, connection: http.client.HTTPConnection, call: Outgoing) -> Answer | Stream:
        deadline = time.monotonic() + call.timeout
        sock = connection.sock
        response = self._responding(connection, call, deadline)
        if response.status != _OK or _content_type(response) != EVENT_STREAM:
            with response:
                return _answer(response, sock, deadline)
        sock.settimeout(call.timeout)
        return HttpStream(sock, response)

    def _responding(
        self, connection: http.client.HTTPConnection, call: Outgoing, deadline: float
    ) -> http.client.HTTPResponse:
        sock = connection.sock
        sock.settimeout(call.timeout)
        # A refusal may have been sent before the whole body was read, and is worth more than these errors.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.request(call.method, self._target(call), call.body, self._headers(call))
        sock.settimeout(_left(deadline))
        try:
            return connection.getresponse()
        except ConnectionResetError:
            if self._address.via is None:
                raise
            # ssh took the connection here, and found nobody to hand it on to.
            raise unreachable(
                f"ssh reached the machine, but nothing answered behind it: {self._address.origin}. Is the proxy"
                f" running there, and is {self._setting} right?"
            ) from None

    def _target(self, call: Outgoing) -> str:
        return self._address.prefix + call.path + ("?" + urlencode(call.query) if call.query else "")

    def _headers(self, call: Outgoing) -> dict[str, str]:
        headers = {
            "Host": self._host(),
            "Authorization": f"Bearer {self._token.reveal()}",
            "Accept": call.accept,
            "Accept-Encoding": "identity",
            "Connection": "close",
            "User-Agent": f"{self._program}/{__version__}",
        }
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        if call.directory is not None:
            headers["x-opencode-directory"] = quote(call.directory, safe="/")
        if call.last_event_id:
            headers["Last-Event-ID"] = call.last_event_id
        return headers

    def _host(self) -> str:
        """The name for the proxy: behind a Unix socket or ssh it is loopback's."""
        host, port = self._address.host or "localhost", self._address.port
        named = f"[{host}]" if ":" in host else host
        return f"{named}:{port}" if port else named


class HttpStream:
    """The body of one answer, as it comes."""

    def __init__(self, sock: socket.socket, response: http.client.HTTPResponse) -> None:
        self._sock = sock
        self._response = response

    def chunks(self) -> Iterator[bytes]:
        # Silence, a broken connection and the end are the same to who reads: it is over.
        with suppress(OSError, ValueError, AttributeError, http.client.HTTPException):
            while chunk := self._response.read1(_CHUNK):
                yield chunk

    def close(self) -> None:
        with suppress(OSError):  # it may have ended by itself
            self._sock.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Let go of the connection. For the thread that has read `chunks` to its end."""
        with suppress(OSError):
            self._response.close()
            self._sock.close()


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(self.timeout)
            sock.connect(self._path)
        except BaseException:
            sock.close()
            raise
        self.sock = sock


def _answer(response: http.client.HTTPResponse, sock: socket.socket, deadline: float) -> Answer:
    return Answer(
        status=response.status,
        content_type=_content_type(response),
        next_cursor=response.getheader("X-Next-Cursor", ""),
        body=_read_body(response, sock, deadline),
    )


def _content_type(response: http.client.HTTPResponse) -> str:
    return response.getheader("Content-Type", "").partition(";")[0].strip().lower()


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
