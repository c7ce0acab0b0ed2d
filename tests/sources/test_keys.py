"""Private keys of every kind: each line of the secret half is taken, and nothing of the public one."""

from __future__ import annotations

import base64
import json
from functools import cache

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from egress_proxy.errors import ConfigError
from egress_proxy.model import Secret
from egress_proxy.scan import KnownValues
from egress_proxy.sources import parse
from egress_proxy.sources.public import public_bytes

DASHES = "-" * 5
Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

PEM, OPENSSH = serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH
FORMATS = {
    "pkcs8": serialization.PrivateFormat.PKCS8,
    "traditional": serialization.PrivateFormat.TraditionalOpenSSL,
    "openssh": OPENSSH,
}


@cache
def keys() -> dict[str, Private]:
    return {
        "rsa": rsa.generate_private_key(65537, 2048),
        "ec": ec.generate_private_key(ec.SECP256R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate(),
    }


CASES = [
    (kind, form) for kind in ("rsa", "ec", "ed25519") for form in FORMATS if (kind, form) != ("ed25519", "traditional")
]


def pem(kind: str, form: str, passphrase: bytes | None = None) -> str:
    cipher = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return keys()[kind].private_bytes(PEM, FORMATS[form], cipher).decode()


def taken(text: str) -> list[str]:
    return [secret.reveal() for _, secret in parse(text.encode(), "key", place="id", label="id")]


def known(text: str) -> KnownValues:
    return KnownValues.build(parse(text.encode(), "key", place="id", label="id"), bytes(32))


def secret_numbers(kind: str) -> list[bytes]:
    """What of a key must not be told, as bytes."""
    numbers = keys()[kind]
    if isinstance(numbers, rsa.RSAPrivateKey):
        private = numbers.private_numbers()
        return [number.to_bytes(300, "big").lstrip(b"\0") for number in (private.d, private.p, private.q)]
    if isinstance(numbers, ec.EllipticCurvePrivateKey):
        return [numbers.private_numbers().private_value.to_bytes(32, "big")]
    return [numbers.private_bytes_raw()]


@pytest.mark.parametrize(("kind", "form"), CASES)
def test_every_character_that_tells_of_the_secret_half_is_taken(kind: str, form: str) -> None:
    text = pem(kind, form)
    body = "".join(text.strip().splitlines()[1:-1])
    taken_characters = "".join("".join(taken(text)).split())
    raw = base64.b64decode(body)
    for number in secret_numbers(kind):
        start = raw.index(number)
        first, last = -(-start * 8 // 6), (start + len(number)) * 8 // 6
        assert last - first > 40
        lines = text.strip().splitlines()[1:-1]
        width = len(lines[0])
        for at in range(first, last):
            stretch = body[max(at - at % width, first) : min(at - at % width + width, last)]
            assert stretch in taken_characters


@pytest.mark.parametrize(("kind", "form"), CASES)
def test_a_key_is_known_whole_and_by_its_lines(kind: str, form: str) -> None:
    text = pem(kind, form)
    values = known(text)
    assert values.find([text]).findings
    line = max((value for value in taken(text) if "\n" not in value), key=len)
    assert line in text
    assert values.find([f"it has {line} in it"]).findings


@pytest.mark.parametrize(("kind", "form"), CASES)
def test_the_public_half_may_still_be_said(kind: str, form: str) -> None:
    public = keys()[kind].public_key()
    spelt = [
        public.public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH),
    ]
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    shifted = [base64.b64encode(b"\0" * shift + der) for shift in range(3)]
    assert not known(pem(kind, form)).find([text.decode() for text in (*spelt, *shifted)]).findings


@pytest.mark.parametrize("form", ["pkcs8", "traditional"])
def test_a_key_with_a_passphrase_is_taken_as_it_is(form: str) -> None:
    text = pem("rsa", form, b"passphrase")
    body = [line for line in text.strip().splitlines()[1:-1] if line and ":" not in line]
    assert any(value.endswith("\n".join(body[3:])) for value in taken(text))
    assert body[-2] in taken(text)


def test_certificates_and_public_keys_beside_it_are_not_taken() -> None:
    noise = "QUJD" * 16
    beside = "".join(f"{DASHES}BEGIN {name}{DASHES}\n{noise}\n{DASHES}END {name}{DASHES}\n" for name in (
        "CERTIFICATE", "PUBLIC KEY", "DH PARAMETERS"))  # fmt: skip
    assert not [value for value in taken(beside + pem("rsa", "pkcs8") + beside) if noise in value]
    with pytest.raises(ConfigError, match="no private key in it"):
        taken(beside)


def test_putty() -> None:
    public, private = "cHVi" * 16, "cHJpdmF0" * 8
    text = (
        "PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: none\r\nComment: c\r\nPublic-Lines: 1\r\n"
        f"{public}\r\nPrivate-Lines: 2\r\n{private}\r\nQUJDREVG\r\nPrivate-MAC: {'0' * 64}\r\n"
    )
    assert taken(text) == [f"{private}\nQUJDREVG", private]


def test_age_and_pgp() -> None:
    age = "AGE-SECRET-KEY-1" + "QZRY9X8G" * 7
    assert taken(f"# created: today\n# public key: age1x\n{age}\n") == [age]
    line = "lQOYBF" + "abcd1234" * 7
    block = f"{DASHES}BEGIN PGP PRIVATE KEY BLOCK{DASHES}\nVersion: 1\n\n{line}\n{line[::-1]}\n=abcd\n"
    block += f"{DASHES}END PGP PRIVATE KEY BLOCK{DASHES}\n"
    assert taken(block) == [f"{line}\n{line[::-1]}", line, line[::-1]]


def test_a_key_inside_another_format_is_taken_by_its_lines_too() -> None:
    text = pem("rsa", "pkcs8")
    found = parse(json.dumps({"private_key": text}).encode(), "json", place="f", label="f")
    lines = [secret.reveal() for name, secret in found if name == "private_key.key"]
    assert lines[1:] == taken(text)[1:]
    escaped = text.replace("\n", "\\n")
    assert taken(escaped) == taken(text)


def test_every_line_of_a_key_without_a_public_half_is_taken() -> None:
    body = base64.b64encode(bytes(range(200))).decode()
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    text = "\n".join(
        [f"{DASHES}BEGIN ENCRYPTED PRIVATE KEY{DASHES}", *lines, f"{DASHES}END ENCRYPTED PRIVATE KEY{DASHES}"]
    )
    assert taken(text) == ["\n".join(lines), *(line for line in lines if len(line) >= 16)]


@pytest.mark.parametrize("raw", [b"", b"\x30", b"\x30\x84\xff\xff\xff\xff", b"\x30\x80" * 50, b"openssh-key-v1\0\0\0"])
def test_what_cannot_be_read_has_no_public_half(raw: bytes) -> None:
    assert public_bytes(raw) == frozenset()


def test_the_values_are_secrets() -> None:
    assert all(
        isinstance(secret, Secret) for _, secret in parse(pem("ec", "pkcs8").encode(), "key", place="", label="")
    )
