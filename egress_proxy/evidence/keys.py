"""Keys as they are carried about: a recipient's line, and the file of a private key.

A recipient is one line, `egress-evidence-` and base64url of a byte that is 1, the public key, and the first four bytes
of the SHA-256 of both: a line that was cut or mistyped is refused and not sealed for.

The file of a private key is JSON. Its seed stands there in base64, or encrypted with a key that scrypt makes of a
passphrase.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from egress_proxy import private
from egress_proxy.errors import ConfigError
from egress_proxy.evidence.hpke import (
    PUBLIC_BYTES,
    SCRYPT_COST,
    BadKey,
    NotOpened,
    PrivateKey,
    PublicKey,
    decrypt,
    encrypt,
    locking_key,
)

PREFIX: Final = "egress-evidence-"
_VERSION: Final = b"\x01"
_CHECK_BYTES: Final = 4
_SALT_BYTES: Final = 16
_LEAST_COST, _MOST_COST = 10, 20  # 1 MiB to 1 GiB: a file cannot make its reader work for ever
_MOST: Final = 16_384
_BOUND: Final = b"egress-proxy evidence key 1\n"
_ABOUT: Final = (
    "The private key of a recipient of sealed evidence. Whoever has it reads the secrets that were found: keep it away"
    " from the machine that runs egress-proxy."
)


class Locked(Struct, frozen=True, kw_only=True):
    """How a passphrase becomes the key that a seed is encrypted with."""

    salt: bytes
    cost: int


class KeyFile(
    Struct, frozen=True, kw_only=True, tag_field="kind", tag="egress-evidence-key", forbid_unknown_fields=True
):
    """A private key's file. `secret` is the seed, encrypted if there is `scrypt`."""

    about: str
    format: int
    made: str
    public: str
    secret: bytes
    scrypt: Locked | None = None

    def __repr__(self) -> str:
        return "KeyFile(…)"


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(KeyFile)


def line_of(key: PublicKey) -> str:
    """The recipient's line."""
    body = _VERSION + key.raw
    return PREFIX + base64.urlsafe_b64encode(body + _check(body)).decode().rstrip("=")


def recipient(line: str) -> PublicKey:
    """The key of a recipient's line. Raises `BadKey`."""
    if not line.startswith(PREFIX) or not line.isascii():
        raise BadKey
    text = line.removeprefix(PREFIX)
    try:
        body = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadKey from None
    if len(body) != 1 + PUBLIC_BYTES + _CHECK_BYTES:
        raise BadKey
    key = PublicKey(body[1:-_CHECK_BYTES])
    if line_of(key) != line:  # version, check, and the bits that the last digit of base64 has to spare
        raise BadKey
    return key


def write(file: Path, key: PrivateKey, made: str, passphrase: str = "") -> None:
    """Keep a private key in a new file for its owner alone. Raises `OSError` as it comes, `FileExistsError` too."""
    public, seed, scrypt = line_of(key.public), key.reveal(), None
    if passphrase:
        scrypt = Locked(salt=secrets.token_bytes(_SALT_BYTES), cost=SCRYPT_COST)
        seed = encrypt(locking_key(passphrase, scrypt.salt, scrypt.cost), seed, _BOUND + public.encode())
    content = KeyFile(about=_ABOUT, format=1, made=made, public=public, secret=seed, scrypt=scrypt)
    private.create(file, msgspec.json.format(_ENCODER.encode(content), indent=2) + b"\n")


class Held:
    """A private key's file that was read; locked, perhaps."""

    def __init__(self, place: Path, content: KeyFile) -> None:
        self._place = place
        self._content = content
        self.locked: Final = content.scrypt is not None
        """Whether it takes a passphrase."""

    def __repr__(self) -> str:
        return "Held(…)"

    def key(self, passphrase: str = "") -> PrivateKey:
        """The key. Raises `ConfigError`, for a wrong passphrase as well."""
        content = self._content
        try:
            seed = content.secret
            if content.scrypt is not None:
                lock = locking_key(passphrase, content.scrypt.salt, content.scrypt.cost)
                seed = decrypt(lock, seed, _BOUND + content.public.encode())
            key = PrivateKey(seed)
        except NotOpened:
            raise ConfigError(f"{self._place}: the passphrase is another one, or the file was changed") from None
        except BadKey:
            raise ConfigError(f"{self._place}: is no private key") from None
        if line_of(key.public) != content.public:
            raise ConfigError(f"{self._place}: its two halves are not of one key")
        return key


def read(file: Path) -> Held:
    """Read a private key's file. Raises `ConfigError`, which quotes nothing of it."""
    try:
        content = _DECODER.decode(private.read_private(file, _MOST))
    except private.NotPrivateError as error:
        raise ConfigError(f"{file}: {error}") from None
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror})") from None
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise ConfigError(f"{file}: is no private key, as `egress-proxy evidence keygen` writes it") from None
    if content.format != 1:
        raise ConfigError(f"{file}: is of another version of this program")
    if content.scrypt is not None and not _LEAST_COST <= content.scrypt.cost <= _MOST_COST:
        raise ConfigError(f"{file}: asks for more work than a passphrase is worth")
    return Held(file, content)


def _check(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()[:_CHECK_BYTES]
