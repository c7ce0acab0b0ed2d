"""Certificates for tests, made by the product's own authority, in files as an operator has them."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from egress_proxy import authority
from egress_proxy.authority import Issued

NAMES = ("proxy.example", "localhost", "127.0.0.1")


class Pki:
    """One authority, and what it has issued."""

    def __init__(self, root: Path, names: Sequence[str] = NAMES) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.root = root
        self.made = authority.new_authority(names, datetime.now(UTC))
        self.ca = root / "ca.pem"
        self.ca.write_bytes(self.made.certificate)

    def server(self, name: str = "server", names: Sequence[str] = NAMES, *, days_ago: int = 0) -> tuple[str, str]:
        """Give the files of a certificate that is good for a day."""
        return self.keep(name, authority.issue_server(self.made, names, _then(days_ago), 1))

    def client(self, client: str, *, days_ago: int = 0) -> tuple[str, str]:
        return self.keep(client, authority.issue_client(self.made, client, _then(days_ago), 1))

    def keep(self, name: str, made: Issued) -> tuple[str, str]:
        certificate, key = self.root / f"{name}.pem", self.root / f"{name}.key"
        certificate.write_bytes(made.certificate)
        key.touch(mode=0o600)
        key.chmod(0o600)
        key.write_bytes(made.key)
        return str(certificate), str(key)

    def trusting(self, shown: tuple[str, str] | None = None) -> ssl.SSLContext:
        """Give the context of a client that trusts this authority alone, and shows a certificate."""
        context = ssl.create_default_context(cafile=str(self.ca))
        if shown is not None:
            context.load_cert_chain(*shown)
        return context


def _then(days_ago: int) -> datetime:
    return datetime.now(UTC) - timedelta(days=days_ago)
