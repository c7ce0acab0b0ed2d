"""HPKE (RFC 9180) with the hybrid of ML-KEM-768 and X25519, and what locks a private key with a passphrase: the one
place of sealed originals that knows the library (docs/decisions/0030).

A public key is its 1,184 bytes of ML-KEM and 32 of X25519; a private one the 64 bytes of seed of the first and the 32
of the second. The program that seals never has a private key, nor means to make one of what it has.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final, Never

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

SUITE: Final = "mlkem768x25519-hkdf-sha256-aes256gcm"
"""The name of what is used, in manifests."""
KEY_BYTES: Final = 32
PUBLIC_BYTES: Final = 1184 + 32
SEED_BYTES: Final = 64 + 32
SCRYPT_COST: Final = 17
"""Of a passphrase: 2 to this power; 128 MiB and about half a second."""
_SUITE: Final = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_ONCE: Final = bytes(12)  # the nonce of a key that encrypts a single message


class NotOpened(Exception):
    """It does not open: the key is another one, or what is sealed was changed. Says no more, since no more is known."""


class BadKey(Exception):
    """Bytes that are no key."""


class PublicKey:
    """Whom to seal for."""

    __slots__ = ("_key", "id", "raw")

    def __init__(self, raw: bytes) -> None:
        """Take the 1,216 bytes of a public key. Raises `BadKey`, also for one that nothing can be sealed for."""
        if len(raw) != PUBLIC_BYTES:
            raise BadKey
        try:
            self._key: Final = MLKEM768X25519PublicKey(
                MLKEM768PublicKey.from_public_bytes(raw[:-32]), X25519PublicKey.from_public_bytes(raw[-32:])
            )
            _SUITE.encrypt(b"", self._key)
        except (ValueError, UnsupportedAlgorithm):
            raise BadKey from None
        self.raw: Final = raw
        self.id: Final = hashlib.sha256(raw).hexdigest()[:32]
        """What a key is called: 32 hexadecimal digits of its SHA-256."""

    def __repr__(self) -> str:
        return f"PublicKey({self.id})"

    def wrap(self, key: bytes, info: bytes) -> bytes:
        """Seal a key for the holder of the private half; it opens with the same `info` only."""
        return _SUITE.encrypt(key, self._key, info)


class PrivateKey:
    """What opens. It is not shown or pickled."""

    __slots__ = ("_key", "_seed", "public")

    def __init__(self, seed: bytes) -> None:
        """Take 96 bytes. Raises `BadKey`."""
        if len(seed) != SEED_BYTES:
            raise BadKey
        kem, curve = MLKEM768PrivateKey.from_seed_bytes(seed[:64]), X25519PrivateKey.from_private_bytes(seed[64:])
        self._key: Final = MLKEM768X25519PrivateKey(kem, curve)
        self._seed: Final = seed
        self.public: Final = PublicKey(kem.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"PrivateKey({self.public.id})"

    def __reduce__(self) -> Never:
        raise TypeError("a key is not pickled")

    @classmethod
    def new(cls) -> PrivateKey:
        return cls(secrets.token_bytes(SEED_BYTES))

    def reveal(self) -> bytes:
        """The seed: for its file alone."""
        return self._seed

    def unwrap(self, wrapped: bytes, info: bytes) -> bytes:
        """The key that was sealed with this `info`. Raises `NotOpened`."""
        try:
            return _SUITE.decrypt(wrapped, self._key, info)
        except (InvalidTag, ValueError):
            raise NotOpened from None


def encrypt(key: bytes, content: bytes, bound: bytes) -> bytes:
    """Encrypt with a key that is used for nothing else. It decrypts with the same `bound` only."""
    return AESGCM(key).encrypt(_ONCE, content, bound)


def decrypt(key: bytes, content: bytes, bound: bytes) -> bytes:
    """The content that was encrypted. Raises `NotOpened`."""
    try:
        return AESGCM(key).decrypt(_ONCE, content, bound)
    except (InvalidTag, ValueError):
        raise NotOpened from None


def locking_key(passphrase: str, salt: bytes, cost: int) -> bytes:
    """The key that a passphrase and a salt of its own give, by scrypt; `cost` is a power of two."""
    return Scrypt(salt=salt, length=KEY_BYTES, n=1 << cost, r=8, p=1).derive(
        passphrase.encode("utf-8", "surrogatepass")
    )
