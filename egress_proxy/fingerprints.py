"""Fingerprints at rest: values that are known without their plaintext being on this machine.

    state_dir/fingerprint.key     256 random bits, made on first use
    state_dir/fingerprints        what is known under that key: names, dates, keyed digests

Whoever has both files can test guesses, as many a second as digests can be made; whoever has one of them can tell
nothing but names and lengths. So both are for their owner alone, and refused when others can read them. A file for
another machine has the same form: it is believed where the key is the same and its MAC is right (docs/decisions/0013).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Final, Never

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from egress_proxy import private
from egress_proxy.errors import ConfigError, EgressError, StartError
from egress_proxy.model import Secret
from egress_proxy.scan import Fingerprint, KnownValues, Rejected
from egress_proxy.sources import read_bytes
from egress_proxy.tokens import prepare

MAX_STORE_BYTES: Final = 1 << 30
"""Some 400,000 values."""
MOST: Final = 200_000
"""Values in a store: a proxy loads them in some seconds."""
_MAGIC: Final = b"egress-proxy fingerprints 1\n"
_KEY_BYTES: Final = 32
_KEY_MARK: Final = "egk_"
_RETIRED: Final = "retired-"
_MAX_KEY_FILE: Final = 256
_ID_BYTES: Final = 8
_MAC_BYTES: Final = 32


class Key:
    """The key that fingerprints are made under. It is not shown, compared or pickled."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        self._secret: Final = secret

    def __repr__(self) -> str:
        return f"Key({self.id})"

    def __reduce__(self) -> Never:
        raise TypeError("a key is not pickled")

    @property
    def id(self) -> str:
        """What may be said of it: two keys are the same if their ids are."""
        return self._sub(b"id", _ID_BYTES).hex()

    @property
    def values(self) -> bytes:
        """The subkey of known values."""
        return self._sub(b"values", 32)

    def mac(self, content: bytes) -> bytes:
        """The MAC of a file."""
        return blake2b(content, key=self._sub(b"file", 32), digest_size=_MAC_BYTES).digest()

    def reveal(self) -> bytes:
        """The line that a key file holds."""
        return _KEY_MARK.encode() + base64.urlsafe_b64encode(self._secret).rstrip(b"=") + b"\n"

    def _sub(self, purpose: bytes, size: int) -> bytes:
        return blake2b(self._secret, person=b"egress-fp-" + purpose, digest_size=size).digest()


class Stored(Struct, frozen=True, array_like=True):
    """One known value, and when it was added (ISO 8601, UTC)."""

    added: str
    fingerprint: Fingerprint

    @property
    def name(self) -> str:
        return self.fingerprint.name


class Added(Struct, frozen=True):
    """What became of values that were to be added, by name."""

    taken: tuple[str, ...]
    known: tuple[str, ...]
    refused: tuple[Rejected, ...]


class FingerprintStore:
    """The fingerprints of one state directory. Every method raises `EgressError`."""

    def __init__(self, state_dir: Path) -> None:
        self._directory: Final = state_dir
        self.file: Final = state_dir / "fingerprints"
        self.key_file: Final = state_dir / "fingerprint.key"

    def key(self) -> Key:
        """The key, made now if there is none."""
        with self._locked():
            return self._key()

    def list(self) -> tuple[Stored, ...]:
        """What is stored, oldest first."""
        if not self.key_file.exists() and not self.file.exists():
            return ()
        return self._read(_read_key(self.key_file))

    def add(self, entries: Iterable[tuple[str, Secret]]) -> Added:
        """Store the fingerprints of values, and of secrets inside them. Their plaintext is not kept."""
        with self._locked():
            key = self._key()
            old = self._read(key)
            made = KnownValues.build(entries, key.values)
            names = {one.fingerprint.mac: one.name for one in old}
            now = datetime.now(UTC).isoformat(timespec="seconds")
            fresh = [Stored(now, one) for one in made.fingerprints if one.mac not in names]
            stored = self._write(key, _named(key, old, tuple(fresh)))
        return Added(
            tuple(one.name for one in stored[len(old) :]),
            tuple(names[one.mac] for one in made.fingerprints if one.mac in names),
            made.rejected,
        )

    def remove(self, names: Iterable[str]) -> tuple[str, ...]:
        """Take away every value of these names, and give the names of what is gone."""
        wanted = set(names)
        with self._locked():
            if not self.file.exists():
                raise EgressError("there is no fingerprint of one of these names; nothing is removed")
            key = self._key()
            old = self._read(key)
            if not wanted <= {one.name for one in old}:
                raise EgressError("there is no fingerprint of one of these names; nothing is removed")
            self._write(key, tuple(one for one in old if one.name not in wanted))
        return tuple(one.name for one in old if one.name in wanted)

    def export(self, file: Path) -> int:
        """Write what is stored to a new file, for a machine with the same key. Give how many values."""
        stored = self.list()
        if not stored:
            raise EgressError("there are no fingerprints to export")
        _create(file, _encode(stored, _read_key(self.key_file)))
        return len(stored)

    def import_(self, file: Path) -> Added:
        """Add what a file from elsewhere holds, made under the same key."""
        with self._locked():
            key = self._key()
            old = self._read(key)
            names = {one.fingerprint.mac: one.name for one in old}
            given = _decode(read_bytes(file, MAX_STORE_BYTES), key, file)
            fresh = tuple(one for one in given if one.fingerprint.mac not in names)
            stored = self._write(key, _named(key, old, fresh))
        known = tuple(names[one.fingerprint.mac] for one in given if one.fingerprint.mac in names)
        return Added(tuple(one.name for one in stored[len(old) :]), known, ())

    def export_key(self, file: Path) -> Key:
        """Write the key to a new file, for another machine. It is made now if there is none."""
        key = self.key()
        _create(file, key.reveal())
        return key

    def import_key(self, file: Path) -> Key:
        """Take the key of another machine. Refused while there are fingerprints under another one."""
        given = _read_key(file)
        with self._locked():
            if self.key_file.exists():
                if hmac.compare_digest(self._key().reveal(), given.reveal()):
                    return given
                if self.file.exists() and self._read(self._key()):
                    raise EgressError("there are fingerprints under another key here: remove them first")
                self.file.unlink(missing_ok=True)
                self._retire(self._key())
            _replace(self.key_file, given.reveal())
        return given

    def every_key(self) -> tuple[Key, ...]:
        """The key, and those that were here before another was imported: the audit log's fingerprints of their time
        hang on them."""
        retired = sorted(self._directory.glob(f"{self.key_file.name}.{_RETIRED}*"))
        return tuple(_read_key(file) for file in (self.key_file, *retired))

    def _retire(self, key: Key) -> None:
        file = self.key_file.with_name(f"{self.key_file.name}.{_RETIRED}{key.id}")
        if not file.exists():
            _create(file, key.reveal())

    def _key(self) -> Key:
        """The key, made now if there is none. Under the lock."""
        if not self.key_file.exists():
            if self.file.exists():
                raise ConfigError(f"{self.key_file}: is missing, and {self.file} cannot be used without it")
            _create(self.key_file, Key(secrets.token_bytes(_KEY_BYTES)).reveal())
        return _read_key(self.key_file)

    def _read(self, key: Key) -> tuple[Stored, ...]:
        try:
            content = read_store(self.file)
        except FileNotFoundError:
            return ()
        return _decode(content, key, self.file)

    def _write(self, key: Key, stored: tuple[Stored, ...]) -> tuple[Stored, ...]:
        """Replace the store, and give what it holds."""
        if len(stored) > MOST:
            raise EgressError(f"that would be more than {MOST} fingerprints")
        _replace(self.file, _encode(stored, key))
        return stored

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with ExitStack() as stack:
            try:
                prepare(self._directory)
                stack.enter_context(private.locked(self._directory / "fingerprints.lock"))
            except OSError as error:
                raise StartError(f"{self._directory}: cannot be written ({error.strerror})") from None
            yield


def _named(key: Key, old: tuple[Stored, ...], fresh: tuple[Stored, ...]) -> tuple[Stored, ...]:
    """Old and new, without names that tell a value of any of them: names are stored in clear."""
    together = (*old, *fresh)
    names = [one.name for one in together]
    telling: set[int] = set()
    for part in (old, fresh) if fresh else ():
        known = KnownValues.build((), key.values, stored=[one.fingerprint for one in part])
        telling.update(found.text for found in known.find(names).findings)
    return tuple(
        replace(one, fingerprint=replace(one.fingerprint, name=f"value-{number}")) if number in telling else one
        for number, one in enumerate(together)
    )


def read_store(file: Path) -> bytes:
    """The bytes of a store, for its owner alone. Raises `ConfigError`, `FileNotFoundError` if there is none."""
    try:
        return private.read_private(file, MAX_STORE_BYTES)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror})") from None
    except private.NotPrivateError as error:
        raise ConfigError(f"{file}: {error}") from None


def decode_fingerprints(content: bytes, key: Key, file: Path) -> tuple[Fingerprint, ...]:
    """The fingerprints in the bytes of a store or an exported file, which `file` names in a `ConfigError`."""
    return tuple(one.fingerprint for one in _decode(content, key, file))


def _read_key(file: Path) -> Key:
    try:
        line = private.read_private(file, _MAX_KEY_FILE)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror})") from None
    except private.NotPrivateError as error:
        raise ConfigError(f"{file}: {error}") from None
    text = line.decode("ascii", "replace").strip()
    try:
        key = base64.b64decode(text.removeprefix(_KEY_MARK) + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(_KEY_MARK) or len(key) != _KEY_BYTES:
        raise ConfigError(f"{file}: is no key of fingerprints")
    return Key(key)


def _encode(stored: tuple[Stored, ...], key: Key) -> bytes:
    content = _MAGIC + bytes.fromhex(key.id) + msgspec.msgpack.encode(stored)
    return content + key.mac(content)


def _decode(content: bytes, key: Key, file: Path) -> tuple[Stored, ...]:
    """Believe nothing of a file before its MAC is right."""
    body = len(_MAGIC) + _ID_BYTES
    if not content.startswith(_MAGIC) or len(content) < body + _MAC_BYTES:
        raise ConfigError(f"{file}: is no file of fingerprints")
    made_under = content[len(_MAGIC) : body].hex()
    if made_under != key.id:
        raise ConfigError(f"{file}: was made under the key {made_under}; the key here is {key.id}")
    if not hmac.compare_digest(key.mac(content[:-_MAC_BYTES]), content[-_MAC_BYTES:]):
        raise ConfigError(f"{file}: is damaged: its MAC is wrong")
    try:
        return msgspec.msgpack.decode(content[body:-_MAC_BYTES], type=tuple[Stored, ...])
    except msgspec.MsgspecError:
        raise ConfigError(f"{file}: was written by another version of this program") from None


def _create(file: Path, content: bytes) -> None:
    try:
        private.create(file, content)
    except FileExistsError:
        raise EgressError(f"{file}: exists already, and is not overwritten") from None
    except OSError as error:
        raise EgressError(f"{file}: cannot be written ({error.strerror})") from None


def _replace(file: Path, content: bytes) -> None:
    try:
        private.replace(file.with_name(file.name + ".new"), file, content)
    except OSError as error:
        raise StartError(f"{file}: cannot be written ({error.strerror})") from None
