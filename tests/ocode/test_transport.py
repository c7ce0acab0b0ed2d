"""Answers that a healthy proxy never gives, and what is never done with the token."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from egress_proxy.model import Secret
from egress_proxy.ocode import transport as transport_module
from egress_proxy.ocode.api import QUICK_SECONDS, Api
from egress_proxy.ocode.cli import main
from egress_proxy.ocode.exits import Exit
from egress_proxy.ocode.faults import Fault
from egress_proxy.ocode.settings import address
from egress_proxy.ocode.transport import Answer, HttpTransport, Outgoing
from egress_proxy.reasons import Reason
from tests.kit.client import free_port
from tests.ocode.conftest import TOKEN, Run
from tests.ocode.peer import SESSION, Got, Peer, RawPeer, Says, refusal, session

JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def api(url: str, timeout: float | None = None) -> Api:
    return Api(HttpTransport(address(url, {}), Secret(TOKEN)), seconds=timeout or QUICK_SECONDS)


def fault_of(url: str, timeout: float = 10.0) -> Fault:
    with pytest.raises(Fault) as raised:
        api(url, timeout).sessions()
    assert TOKEN not in raised.value.message
    assert raised.value.__cause__ is None
    return raised.value


def test_nothing_listens() -> None:
    fault = fault_of(f"http://127.0.0.1:{free_port()}")
    assert fault.exit is Exit.UNREACHABLE
    assert "Nothing listens at http://127.0.0.1:" in fault.message


def test_a_name_that_does_not_resolve() -> None:
    assert fault_of("https://nowhere.invalid").exit is Exit.UNREACHABLE


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(peer: Peer, status: int) -> None:
    with Peer() as other:
        peer.answers["GET /session"] = Says(b"", status, {"Location": other.url + "/session"})
        assert fault_of(peer.url).exit is Exit.UNREACHABLE
        assert other.got == []


def test_a_proxy_of_the_environment_never_sees_the_token(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    peer.answers["GET /session"] = Says([])
    with Peer() as other:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, other.url)
        assert api(peer.url).sessions() == ()
        assert other.got == []


RAW = {
    "hangs up": b"",
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "half a status line": b"HTTP/1.1 2",
    "short body": JSON + b"Content-Length: 10\r\n\r\n[]",
    "short chunk": JSON + b"Transfer-Encoding: chunked\r\n\r\n5\r\n[",
    "bad chunk": JSON + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n[]\r\n",
    "cut JSON": JSON + b"\r\n[",
    "no type": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
    "HTML": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\n[]",
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "compressed": JSON + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b",
    "not UTF-8": JSON + b'Content-Length: 5\r\n\r\n["\xff"]',
    "another shape": JSON + b'Content-Length: 11\r\n\r\n{"a": "bc"}',
    "deep": JSON + b"\r\n" + b"[" * 100_000,
    "upgrade": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "many headers": b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 200 + b"\r\n",
    "error page": b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<h1>",
}


@pytest.mark.parametrize("answer", RAW.values(), ids=RAW.keys())
def test_what_is_not_the_proxys_answer(answer: bytes) -> None:
    with RawPeer(answer) as peer:
        assert fault_of(peer.url).exit is Exit.UNREACHABLE


def test_whole_answers_in_every_framing() -> None:
    """The near misses of the table above."""
    for answer in (
        JSON + b"Content-Length: 2\r\n\r\n[]",
        JSON + b"Transfer-Encoding: chunked\r\n\r\n1\r\n[\r\n1\r\n]\r\n0\r\n\r\n",
        JSON + b"\r\n[]",
        b"HTTP/1.1 100 Continue\r\n\r\n" + JSON + b"Content-Length: 2\r\n\r\n[]",
        b"HTTP/1.0 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n\r\n[]",
    ):
        with RawPeer(answer) as peer:
            assert api(peer.url).sessions() == ()


@pytest.mark.parametrize("answer", [b"", JSON, JSON + b"Content-Length: 9\r\n\r\n[]"], ids=["head", "mid", "body"])
def test_a_peer_that_falls_silent_times_out(answer: bytes) -> None:
    with RawPeer(answer, hang=True) as peer:
        fault = fault_of(peer.url, timeout=0.2)
    assert fault.exit is Exit.TIMEOUT
    assert fault.message == "No answer within 0.2 seconds."


def test_the_timeout_is_of_the_whole_answer() -> None:
    """A drip of bytes, each well before a timeout of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    end = threading.Event()

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(JSON + b"Content-Length: 100000\r\n\r\n")
            while not end.wait(0.02):
                try:
                    connection.sendall(b" ")
                except OSError:
                    return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        assert fault_of(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.3).exit is Exit.TIMEOUT
    finally:
        end.set()
        thread.join(5)
        listener.close()


def test_an_endless_answer_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_module, "MAX_ANSWER_BYTES", 1000)
    with RawPeer(JSON + b"\r\n" + b" " * 100_000, hang=True) as peer:
        assert fault_of(peer.url).message == "The answer is larger than any the proxy gives."


def test_a_refusal_before_the_body_was_read_is_still_heard() -> None:
    """A proxy that finds a body too large does not read it."""
    body = json.dumps({"name": "X", "data": {"message": "Too large.", "reason": "body_too_large"}}).encode()
    head = b"HTTP/1.1 413 X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    with RawPeer(head + body) as peer, pytest.raises(Fault) as raised:
        api(peer.url, 10).prompt(SESSION, "x" * 8_000_000)
    assert (raised.value.reason, raised.value.exit) == ("body_too_large", Exit.REFUSED)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Says({"error": "x"}, 401), "ocode_token"),
        (Says(b"", 401, type="text/plain"), "ocode_token"),
        (refusal(Reason.UNAUTHENTICATED), "unauthenticated"),
    ],
    ids=["other JSON", "empty, as bare opencode", "the proxy"],
)
def test_a_token_that_is_not_accepted(peer: Peer, answer: Says, reason: str) -> None:
    peer.answers["GET /session"] = answer
    fault = fault_of(peer.url)
    assert (fault.exit, fault.reason, fault.status) == (Exit.UNAUTHENTICATED, reason, 401)


def test_a_prefix_stands_before_every_path(peer: Peer, run: Run) -> None:
    peer.answers["GET /a/b/session"] = Says([])
    assert run("sessions", "--url", peer.url + "/a/b/").code == 0


def test_a_call_says_who_it_is_and_asks_for_plain_json(peer: Peer) -> None:
    peer.answers["POST /session"] = Says(session())
    api(peer.url).create_session()
    headers = {name.lower(): value for name, value in peer.got[0].headers.items()}
    assert headers["user-agent"].startswith("ocode/")
    assert (headers["accept"], headers["accept-encoding"]) == ("application/json", "identity")
    assert headers["content-type"] == "application/json"


def test_a_cursor_cannot_forge_a_query(peer: Peer) -> None:
    peer.answers[f"GET /session/{SESSION}/message"] = [
        Says([], headers={"X-Next-Cursor": "a&limit=9#b c%"}),
        Says([]),
    ]
    assert list(api(peer.url).history(SESSION)) == []
    asked: list[Got] = peer.got
    assert asked[1].query == {"limit": "50", "before": "a&limit=9#b c%"}


def test_nothing_prints_a_token_or_a_text() -> None:
    call = Outgoing(method="POST", path="/x", body=TOKEN.encode(), timeout=1)
    answer = Answer(status=200, content_type="", next_cursor="", body=TOKEN.encode())
    assert TOKEN not in repr(
        (call, answer, HttpTransport(address("http://127.0.0.1", {}), Secret(TOKEN)), Secret(TOKEN))
    )


# TLS


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A key and a certificate for `localhost`, signed by itself."""
    root = tmp_path_factory.mktemp("tls")
    key, certificate = root / "key.pem", root / "cert.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-keyout",
            str(key),
            "-out",
            str(certificate),
        ],
        check=True,
        capture_output=True,
    )
    return key, certificate


class TlsPeer(Peer):
    """A peer behind TLS."""

    def __init__(self, key: Path, certificate: Path) -> None:
        super().__init__()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])


def test_certificates_are_checked(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    with TlsPeer(*certificate) as peer:
        peer.answers["GET /session"] = Says([])
        untrusted = fault_of(f"https://localhost:{peer.port}")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
        other_name = fault_of(f"https://127.0.0.1:{peer.port}")
        assert peer.got == []
        assert api(f"https://localhost:{peer.port}").sessions() == ()
    for fault in (untrusted, other_name):
        assert fault.exit is Exit.UNREACHABLE
        assert "not trusted or not for this host" in fault.message


def test_plain_http_to_a_tls_port_is_unreachable(certificate: tuple[Path, Path]) -> None:
    with TlsPeer(*certificate) as peer:
        assert fault_of(f"http://127.0.0.1:{peer.port}").exit is Exit.UNREACHABLE


@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(head=st.binary(max_size=60), body=st.binary(max_size=60), whole=st.booleans())
def test_no_bytes_make_it_crash(
    head: bytes, body: bytes, whole: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = head + body if whole else JSON + head + b"\r\n\r\n" + body
    with RawPeer(answer) as peer:
        monkeypatch.setenv("OCODE_URL", peer.url)
        monkeypatch.setenv("OCODE_TOKEN", TOKEN)
        assert main(["sessions", "--timeout", "5"]) in {Exit.OK, Exit.UNREACHABLE, Exit.TIMEOUT}
    assert "Traceback" not in capsys.readouterr().err
