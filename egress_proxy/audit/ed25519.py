"""Ed25519, and the files of the key: the one place that knows the library.

    state_dir/audit.key     the private key, PKCS#8 in PEM, for its owner alone
    state_dir/audit.pub     the public keys of the ledger, the oldest first: 64 hexadecimal digits on a line each

A public key is written as its 32 bytes in hexadecimal everywhere else too: it is short enough to be its own name.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Never

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from egress_proxy import private
from egress_proxy.errors import ConfigError, StartError

KEY: Final = re.compile(r"[0-9a-f]{64}")
SIGNATURE: Final = re.compile(r"[0-9a-f]{128}")
_MOST: Final = 4096


class Signer:
    """A private key. It is not shown or pickled."""

    __slots__ = ("_key", "public")

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key: Final = key
        self.public: Final = key.public_key().public_bytes_raw().hex()
        """The public key, 64 hexadecimal digits."""

    def __repr__(self) -> str:
        return f"Signer({self.public[:16]})"

    def __reduce__(self) -> Never:
        raise TypeError("a key is not pickled")

    def sign(self, message: bytes) -> str:
        """The signature, 128 hexadecimal digits."""
        return self._key.sign(message).hex()

    @classmethod
    def new(cls) -> Signer:
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> Signer:
        """The key of 32 bytes (RFC 8032): for test vectors."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    def write(self, file: Path) -> None:
        """Keep the key in a new file. Raises `OSError` as it comes, `FileExistsError` too."""
        private.create(file, self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    @classmethod
    def read(cls, file: Path) -> Signer:
        """Read a key. Raises `FileNotFoundError`, and `StartError` for a file that is not to be believed."""
        try:
            key = load_pem_private_key(private.read_private(file, _MOST), None)
        except FileNotFoundError:
            raise
        except private.NotPrivateError as error:
            raise StartError(f"{file}: {error}") from None
        except OSError as error:
            raise StartError(f"{file}: cannot be read ({error.strerror})") from None
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise StartError(f"{file}: is no private key in PEM") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise StartError(f"{file}: is no key of Ed25519")
        return cls(key)


def verified(public: str, signature: str, message: bytes) -> bool:
    """Whether a signature is the key's over the message. What is no key or no signature is not."""
    if KEY.fullmatch(public) is None or SIGNATURE.fullmatch(signature) is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def read_public(file: Path) -> tuple[str, ...]:
    """The public keys of a file, one on a line, but for what follows `#`. Raises `ConfigError`."""
    try:
        lines = file.read_text("ascii").splitlines()
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: is no list of public keys") from None
    keys = tuple(word for word in (line.partition("#")[0].strip() for line in lines) if word)
    if not keys or not all(KEY.fullmatch(key) for key in keys):
        raise ConfigError(f"{file}: is no list of public keys: 64 hexadecimal digits on a line each")
    return keys
