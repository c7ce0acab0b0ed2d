"""A sealed original: its format, how it is made and how it is opened (docs/evidence.md, "The format").

    manifest    canonical JSON: which record it is of, who may open it, and the digests of the other two
    stanzas     one for each recipient: the content's key, sealed with HPKE
    payload     the content, encrypted with that key

The SHA-256 of the manifest is the name of the whole, and stands in the record. What is sealed is bound to the ledger,
the record and its time, in each stanza and in the payload: moved to another record it does not open. As the manifest
holds digests only, a stanza or the payload can be shredded, and what is left still is what the record named.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from egress_proxy.evidence.excerpts import Excerpt
from egress_proxy.evidence.hpke import KEY_BYTES, SUITE, NotOpened, PrivateKey, PublicKey, decrypt, encrypt
from egress_proxy.model import Finding, Form

FORMAT: Final = 1
_DOMAIN: Final = b"egress-proxy evidence 1 "
_CONTENT, _KEY, _COMMIT = _DOMAIN + b"content\n", _DOMAIN + b"key\n", _DOMAIN + b"commit\n"


class Unreadable(Exception):
    """What is no sealed original, or is not what its name says. The text quotes nothing of it."""


class Bound(Struct, frozen=True, kw_only=True):
    """What a sealed original is of: the ledger's name, and the id and time of its record."""

    ledger: str
    record: str
    time: str


class For(Struct, frozen=True, kw_only=True):
    """A recipient: the key's id, and the SHA-256 of its stanza."""

    key: str
    sha256: str


class Manifest(Bound, frozen=True, kw_only=True):
    """`commit` and `payload` are the SHA-256 of the content's key (after a word of ours) and of the payload: nobody can
    make one that opens as two contents for two recipients."""

    format: int
    suite: str
    commit: str
    payload: str
    recipients: tuple[For, ...]


class Found(Struct, frozen=True):
    """A finding as it is sealed: without the MAC of its value, which is nobody's business elsewhere."""

    text: int
    start: int
    end: int
    detector: str
    name: str
    form: Form

    @classmethod
    def of(cls, finding: Finding) -> Found:
        return cls(finding.text, finding.start, finding.end, finding.detector, finding.name, finding.form)


class Original(Struct, frozen=True, kw_only=True):
    """What is sealed of an exchange. `left_out` findings are not wholly in the excerpts."""

    ledger: str
    record: str
    time: str
    client: str
    route: str
    directory: str
    session: str
    channel: str
    verdict: str
    reasons: tuple[str, ...]
    findings: tuple[Found, ...]
    excerpts: tuple[Excerpt, ...]
    left_out: int = 0

    def __repr__(self) -> str:
        return f"Original({self.record})"


class Sealed(Struct, frozen=True, kw_only=True):
    """A sealed original as it is kept and carried. `payload` is None, and a stanza missing, once they are shredded."""

    name: str
    manifest: str
    stanzas: dict[str, bytes]
    payload: bytes | None

    def __repr__(self) -> str:
        return f"Sealed({self.name})"

    @property
    def size(self) -> int:
        """Bytes of its three parts."""
        return len(self.manifest) + sum(map(len, self.stanzas.values())) + len(self.payload or b"")


class _Line(Struct, frozen=True, kw_only=True, tag_field="kind", tag="egress-evidence"):
    manifest: str
    stanzas: dict[str, bytes]
    payload: bytes | None


_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_MANIFEST: Final = msgspec.json.Decoder(Manifest)
_EXPORTED: Final = msgspec.json.Decoder(_Line)


def seal(original: Original, recipients: Sequence[PublicKey]) -> Sealed:
    """Seal an original for each recipient. Needs one recipient at least."""
    if not recipients:
        raise ValueError("sealed for nobody")
    bound = Bound(ledger=original.ledger, record=original.record, time=original.time)
    key = secrets.token_bytes(KEY_BYTES)
    payload = encrypt(key, _content(original), _CONTENT + _ENCODER.encode(bound))
    commit, digest = _sha256(_COMMIT + key), _sha256(payload)
    stanzas = {one.id: one.wrap(key, _info(bound, commit, digest, one.id)) for one in recipients}
    manifest = Manifest(
        format=FORMAT,
        suite=SUITE,
        ledger=bound.ledger,
        record=bound.record,
        time=bound.time,
        commit=commit,
        payload=digest,
        recipients=tuple(For(key=name, sha256=_sha256(stanza)) for name, stanza in stanzas.items()),
    )
    text = _ENCODER.encode(manifest)
    return Sealed(name=_sha256(text), manifest=text.decode(), stanzas=stanzas, payload=payload)


def manifest_of(sealed: Sealed) -> Manifest:
    """The manifest of what is sealed, once all its parts are what it says. Raises `Unreadable`."""
    try:
        text = sealed.manifest.encode()
        manifest = _MANIFEST.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise Unreadable("its manifest is none") from None
    if _sha256(text) != sealed.name:
        raise Unreadable("its manifest was changed")
    if manifest.format != FORMAT or manifest.suite != SUITE:
        raise Unreadable("it is of another version of this program")
    if sealed.payload is not None and _sha256(sealed.payload) != manifest.payload:
        raise Unreadable("its content was changed")
    digests = {one.key: one.sha256 for one in manifest.recipients}
    if any(digests.get(key) != _sha256(stanza) for key, stanza in sealed.stanzas.items()):
        raise Unreadable("the key of a recipient in it was changed")
    return manifest


def unseal(sealed: Sealed, keys: Iterable[PrivateKey]) -> Original:
    """Open it with the first of the keys that it is sealed for.

    Raises `Unreadable` for what was changed or shredded, and `NotOpened` where none of the keys opens it.
    """
    manifest = manifest_of(sealed)
    if sealed.payload is None:
        raise Unreadable("its content was shredded")
    bound = Bound(ledger=manifest.ledger, record=manifest.record, time=manifest.time)
    for private in keys:
        name = private.public.id
        stanza = sealed.stanzas.get(name)
        if stanza is None:
            continue
        key = private.unwrap(stanza, _info(bound, manifest.commit, manifest.payload, name))
        if _sha256(_COMMIT + key) != manifest.commit:
            raise Unreadable("it would open as something else for somebody else")
        return _original(decrypt(key, sealed.payload, _CONTENT + _ENCODER.encode(bound)), bound)
    raise NotOpened


def exported(sealed: Sealed) -> str:
    """One line of JSON, to be carried."""
    line = _Line(manifest=sealed.manifest, stanzas=sealed.stanzas, payload=sealed.payload)
    return _ENCODER.encode(line).decode()


def imported(line: bytes) -> Sealed:
    """What was exported as a line; its name is what its manifest gives. Raises `Unreadable`."""
    try:
        found = _EXPORTED.decode(line)
        name = _sha256(found.manifest.encode())
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise Unreadable("is no sealed original, as `egress-proxy evidence export` writes it") from None
    return Sealed(name=name, manifest=found.manifest, stanzas=found.stanzas, payload=found.payload)


def _info(bound: Mapping[str, object] | Bound, commit: str, payload: str, key: str) -> bytes:
    """What a stanza is bound to: the record, the content and its key's commitment, and whom it is for."""
    return _KEY + _ENCODER.encode({"bound": bound, "commit": commit, "key": key, "payload": payload, "suite": SUITE})


def _content(original: Original) -> bytes:
    # A text may hold half a character, which is no UTF-8: json escapes it, and msgspec would refuse it.
    return json.dumps(msgspec.to_builtins(original), ensure_ascii=True, sort_keys=True).encode("ascii")


def _original(content: bytes, bound: Bound) -> Original:
    try:
        original = msgspec.convert(json.loads(content), Original)
    except (ValueError, RecursionError):  # msgspec's errors are of ValueError too
        raise Unreadable("its content is of another version of this program") from None
    if Bound(ledger=original.ledger, record=original.record, time=original.time) != bound:
        raise Unreadable("its content tells of another record")
    return original


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
