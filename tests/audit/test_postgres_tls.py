"""The audit log reaches another machine by TLS, from a server that proves its name."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from egress_proxy.audit.places import PostgresPlace
from egress_proxy.audit.store import Database
from egress_proxy.errors import StartError
from tests.audit.servers import preset, store
from tests.kit.postgres import Cluster
from tests.kit.stores import Ledger


def certified(name: str) -> tuple[bytes, bytes]:
    """A key and a certificate of it that is its own authority, for a name."""
    key, told = generate_private_key(SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(told)
        .issuer_name(told)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private, made.public_bytes(Encoding.PEM)


@pytest.fixture
def secure(postgres: Cluster, tmp_path: Path) -> Iterator[Path]:
    """The server has a certificate for `localhost`; gives the file of its authority."""
    private, public = certified("localhost")
    for file, content in (("server.key", private), ("server.crt", public)):
        place = postgres.data / file
        place.write_bytes(content)
        place.chmod(0o600)
        if os.geteuid() == 0:
            shutil.chown(place, "nobody")
    (tmp_path / "ca.pem").write_bytes(public)
    with preset(postgres, "ssl", "on"):
        yield tmp_path / "ca.pem"


def reached(postgres: Cluster, state: Path, database: str, host: str, options: str) -> Ledger:
    url = f"postgresql://proxy@{host}:{postgres.port}/{database}?{options}"
    place = PostgresPlace(state, Database(url=url, ledger="box", password=postgres.password))
    return Ledger(state, place=place)


def test_a_server_proves_its_name(postgres: Cluster, secure: Path, tmp_path: Path) -> None:
    database = postgres.database()
    (tmp_path / "other.pem").write_bytes(certified("localhost")[1])
    ledger = reached(postgres, tmp_path, database, "localhost", f"sslmode=verify-full&sslrootcert={secure}")
    told = store(ledger)._db.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()
    assert told == (True,)
    ledger.close()
    for host, options in (
        ("localhost", f"sslmode=verify-full&sslrootcert={tmp_path / 'other.pem'}"),
        ("127.0.0.1", f"sslmode=verify-full&sslrootcert={secure}"),
        ("localhost", "sslmode=verify-full&sslrootcert=system"),
    ):
        with pytest.raises(StartError, match=r"cannot be reached: .*(certificate|SSL)"):
            reached(postgres, tmp_path, database, host, options)
    postgres.give_back(database)


def test_a_server_without_tls_is_not_talked_to(postgres: Cluster, tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"cannot be reached: .*SSL"):
        reached(postgres, tmp_path, "postgres", "localhost", "sslmode=require")
