"""The trial's client: over TLS it trusts the proxy's own certificate and no other."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from egress_proxy.config import Address
from egress_proxy.trial.client import Client, NotReachedError
from egress_proxy.trial.run import certificate_of, reached


def certificate(folder: Path, name: str) -> Path:
    """Make a certificate that signs itself; its key lies beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "proxy.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("proxy.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.with_suffix(".key").write_bytes(key.private_bytes(serialization.Encoding.PEM, *private))
    return file


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Address, Path]]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    file = certificate(tmp_path, "own")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, file.with_suffix(".key"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield Address("0.0.0.0", server.server_address[1]), file
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_proxys_own_certificate_is_trusted_whatever_its_name(served: tuple[Address, Path]) -> None:
    address, file = served
    assert Client(reached(address, file), "/", 10.0).get("/").status == 200


def test_another_certificate_is_not(served: tuple[Address, Path], tmp_path: Path) -> None:
    """Of the same name, so that only the key tells them apart."""
    with pytest.raises(NotReachedError, match="SSLCertVerificationError"):
        Client(reached(served[0], certificate(tmp_path, "other")), "/", 10.0).get("/")


def test_a_configuration_says_whether_it_is_tls() -> None:
    assert certificate_of(SimpleNamespace()) is None  # type: ignore[arg-type]
    tls = SimpleNamespace(tls=SimpleNamespace(certificate_file="/etc/own.pem"))
    assert certificate_of(tls) == Path("/etc/own.pem")  # type: ignore[arg-type]
    assert reached(Address("", 0, "/run/x.sock")).unix == "/run/x.sock"
