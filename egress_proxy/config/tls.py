"""TLS on the cloud-facing socket, and what the certificates of clients are worth."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct


class Login(StrEnum):
    """What a client shows to be let in."""

    TOKEN = "token"  # noqa: S105 - the word of the setting
    CERTIFICATE = "certificate"
    EITHER = "either"
    BOTH = "both"


class TlsVersion(StrEnum):
    """The oldest version that is spoken. Older ones than these are never."""

    V1_2 = "1.2"
    V1_3 = "1.3"


class CertificateOf(Struct, frozen=True):
    """Whose certificate it is that has this URI among its alternative names, or this common name: exactly these."""

    client: str
    uri: str = ""
    common_name: str = ""
    directories: tuple[str, ...] | None = None

    def __str__(self) -> str:
        return f"{self.client}: {self.uri or self.common_name}"


class Tls(Struct, frozen=True, kw_only=True):
    """The proxy's certificate, and those of its clients. Files are looked at again while it runs."""

    certificate_file: Annotated[
        str | None,
        Meta(
            description="Certificate of the cloud-facing socket and those above it, PEM. With it, TLS is all that is "
            "spoken there. See [network.md](network.md)."
        ),
    ] = None
    key_file: Annotated[
        str | None, Meta(description="Its private key, PEM, readable by its owner only, without a passphrase.")
    ] = None
    minimum_version: Annotated[TlsVersion, Meta(description="Oldest version of TLS: `1.2` or `1.3`.")] = TlsVersion.V1_2
    client_ca_file: Annotated[
        str | None, Meta(description="Authorities whose certificates clients may show, PEM; no others are looked at.")
    ] = None
    login: Annotated[
        Login,
        Meta(
            description="What a client shows: `token`, `certificate`, `either`, or `both`, which have to be of one "
            "client."
        ),
    ] = Login.TOKEN
    clients: Annotated[
        tuple[CertificateOf, ...],
        Meta(
            description="Whose certificate is whose: `client`, and the `uri` or the `common_name` of the certificate. "
            "One that is not listed is worth nothing, so taking a line out revokes it."
        ),
    ] = ()

    def problem(self, *, on_a_path: bool) -> str:
        """What does not go together, or nothing. `on_a_path` is whether the socket is a Unix socket."""
        if (self.certificate_file is None) != (self.key_file is None):
            return "certificate_file and key_file go together"
        if self.certificate_file is None and (self.client_ca_file or self.clients or self.login is not Login.TOKEN):
            return "certificates of clients need TLS: name certificate_file and key_file"
        if self.certificate_file is not None and on_a_path:
            return "is for a TCP socket: `listen` is a Unix socket"
        if self.login is not Login.TOKEN and not (self.client_ca_file and self.clients):
            return f"login: {self.login} needs client_ca_file and clients"
        if self.clients and self.login is Login.TOKEN:
            return "clients are looked at with another login than token only"
        return ""
