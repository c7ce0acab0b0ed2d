"""A second reader of sealed originals: written from docs/evidence.md, with a library for HPKE and nothing of ours."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, Suite


def opened(line: str, seed: bytes) -> tuple[str, Any]:
    """The name and the content of an exported line, with a private key's seed."""
    mlkem, curve = MLKEM768PrivateKey.from_seed_bytes(seed[:64]), X25519PrivateKey.from_private_bytes(seed[64:])
    public = mlkem.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()
    key_id = hashlib.sha256(public).hexdigest()[:32]
    blob = json.loads(line)
    manifest = json.loads(blob["manifest"])
    payload, stanza = base64.b64decode(blob["payload"]), base64.b64decode(blob["stanzas"][key_id])
    assert hashlib.sha256(payload).hexdigest() == manifest["payload"]
    assert {"key": key_id, "sha256": hashlib.sha256(stanza).hexdigest()} in manifest["recipients"]
    bound = {name: manifest[name] for name in ("ledger", "record", "time")}
    info = {"bound": bound, "commit": manifest["commit"], "key": key_id, "payload": manifest["payload"]}
    suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    key = suite.decrypt(
        stanza,
        MLKEM768X25519PrivateKey(mlkem, curve),
        b"egress-proxy evidence 1 key\n" + _canonical({**info, "suite": manifest["suite"]}),
    )
    assert hashlib.sha256(b"egress-proxy evidence 1 commit\n" + key).hexdigest() == manifest["commit"]
    content = AESGCM(key).decrypt(bytes(12), payload, b"egress-proxy evidence 1 content\n" + _canonical(bound))
    return hashlib.sha256(blob["manifest"].encode()).hexdigest(), json.loads(content)


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
