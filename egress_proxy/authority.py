"""A certificate authority of one machine: for the proxy's certificate, and for those of its clients.

The authority is made once, for the names under which the proxy is reached, and is confined to them (name constraints):
whoever has it trusted for the proxy has not trusted it for anything else. It says so itself in every certificate: those
of the proxy are for servers and live for days, those of clients are for clients. All keys are ECDSA over P-256.
Times are given. What is made is PEM; nothing is written here.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from egress_proxy.errors import ConfigError

CA_DAYS: Final = 3650
SERVER_DAYS: Final = 30
CLIENT_DAYS: Final = 90
CLIENT_URI: Final = "urn:egress-proxy:client:"
"""How the name begins that a client's certificate has; the client's own follows."""
_SKEW: Final = timedelta(minutes=5)  # by which the clock of who looks may be slow
_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_COMMON_NAME_CHARS: Final = 64  # X.520


class Issued(NamedTuple):
    """A certificate and its private key, PEM."""

    certificate: bytes
    key: bytes

    def __repr__(self) -> str:
        return "Issued()"


class Facts(Struct, frozen=True):
    """What a certificate says. Times are UTC; `sha256` is the certificate's digest, hexadecimal."""

    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    sha256: str


def new_authority(names: Sequence[str], now: datetime, days: int = CA_DAYS) -> Issued:
    """Make an authority for these names and addresses, and no others. Raises `ConfigError` for what is neither."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "egress-proxy local authority")])
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    made = (
        _builder(subject, subject, key, now, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(_confined(names), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _issued(made, key)


def issue_server(authority: Issued, names: Sequence[str], now: datetime, days: int = SERVER_DAYS) -> Issued:
    """Make the proxy's certificate. Raises `ConfigError`, also where the authority is not for one of the names."""
    issuer = x509.load_pem_x509_certificate(authority.certificate)
    allowed = _permitted(issuer)
    if not names or not {_general(name) for name in names} <= allowed:
        raise ConfigError("the authority is not for one of these names: make another one with all of them")
    alternative = x509.SubjectAlternativeName([_general(name) for name in names])
    return _issue(authority, names[0], alternative, ExtendedKeyUsageOID.SERVER_AUTH, now, days)


def issue_client(authority: Issued, client: str, now: datetime, days: int = CLIENT_DAYS) -> Issued:
    """Make the certificate of a client, whose name has been checked."""
    alternative = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(CLIENT_URI + client)])
    # With a blank: OpenSSL takes a common name with a dot for one of a machine, which the authority may not speak for.
    return _issue(authority, f"client {client}", alternative, ExtendedKeyUsageOID.CLIENT_AUTH, now, days)


def facts(certificate: bytes) -> Facts:
    """Read the first certificate of a PEM file. Raises `ConfigError`."""
    try:
        found = x509.load_pem_x509_certificates(certificate)[0]
        names = _names(found)
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        raise ConfigError("is not a certificate in PEM") from None
    return Facts(names, found.not_valid_before_utc, found.not_valid_after_utc, found.fingerprint(hashes.SHA256()).hex())


def _issue(
    authority: Issued,
    common_name: str,
    alternative: x509.SubjectAlternativeName,
    usage: x509.ObjectIdentifier,
    now: datetime,
    days: int,
) -> Issued:
    issuer = x509.load_pem_x509_certificate(authority.certificate)
    signer = serialization.load_pem_private_key(authority.key, None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey) or signer.public_key() != issuer.public_key():
        raise ConfigError("the authority's key is not that of its certificate")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:_COMMON_NAME_CHARS])])
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    made = (
        _builder(subject, issuer.subject, key, now, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_SIGNS, critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
        .add_extension(alternative, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(signer, hashes.SHA256())
    )
    return _issued(made, key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
    return builder.not_valid_before(now - _SKEW).not_valid_after(now + timedelta(days=days))


_SIGNS: Final = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


def _confined(names: Sequence[str]) -> x509.NameConstraints:
    """The names that the authority may speak for. A kind of name that is not among them would be left open, so what it
    never speaks for is excluded. URIs, which clients' certificates have, are no names of hosts, and not confined."""
    general = [_general(name) for name in names]
    permitted: list[x509.GeneralName] = [
        x509.IPAddress(ipaddress.ip_network(one.value)) if isinstance(one, x509.IPAddress) else one for one in general
    ]
    if not permitted:
        raise ConfigError("an authority is for a name at least")
    excluded: list[x509.GeneralName] = []
    if not any(isinstance(one, x509.IPAddress) for one in general):
        every = ("0.0.0.0/0", "::/0")
        excluded += [x509.IPAddress(ipaddress.ip_network(one)) for one in every]
    if not any(isinstance(one, x509.DNSName) for one in general):
        excluded.append(x509.DNSName(""))
    return x509.NameConstraints(permitted, excluded or None)


def _permitted(authority: x509.Certificate) -> set[x509.GeneralName]:
    """The names that an authority is confined to, as certificates have them."""
    try:
        found = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        raise ConfigError("the authority is not one that was made here: it is not confined to names") from None
    return {
        x509.IPAddress(one.value.network_address)
        if isinstance(one, x509.IPAddress) and isinstance(one.value, (ipaddress.IPv4Network, ipaddress.IPv6Network))
        else one
        for one in found.permitted_subtrees or ()
    }


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    if _HOST.fullmatch(name) is None:
        raise ConfigError("a name must be one of a machine, in lower case, or an address")
    return x509.DNSName(name)


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(one.value) for one in found)


def _issued(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Issued:
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Issued(certificate.public_bytes(pem), private)
