"""Private keys: blocks of several lines, and JSON."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Final

from tests.corpus.kinds.planted import Kind, Planted
from tests.corpus.parts import Parts


def armour(label: str, body: str, width: int = 64, before: str = "") -> str:
    """Wrap a body between the lines of RFC 7468."""
    lines = "\n".join(body[start : start + width] for start in range(0, len(body), width))
    return f"-----BEGIN {label}-----\n{before}{lines}\n-----END {label}-----"


def _around(instance: int, block: str) -> Planted:
    indented, quoted = block.replace("\n", "\n    "), block.replace("\n", "\n> ")
    places = (
        (block, block),
        (f"The key of the server:\n\n```\n{block}\n```\n", block),
        (f"cat > key.pem <<'EOF'\n{block}\nEOF", block),
        (f"tls:\n  key: |\n    {indented}\n  port: 443", indented),
        ("> " + quoted, quoted),
    )
    text, secret = places[instance % len(places)]
    return Planted(text, (secret,))


def _pem(label: str, head: str, size: int) -> Kind:
    label += " KEY"

    def kind(parts: Parts, instance: int) -> Planted:
        return _around(instance, armour(label, head + parts.base64(size)))

    return kind


def _encrypted(parts: Parts, instance: int) -> Planted:
    before = f"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,{parts.hex(32).upper()}\n\n"
    return _around(instance, armour("RSA PRIVATE" + " KEY", parts.base64(1190), before=before))


def _openssh(parts: Parts, instance: int) -> Planted:
    body = b"openssh-key-v1\0\0\0\0\x04none\0\0\0\x04none" + parts.random.randbytes(220)
    return _around(instance, armour("OPENSSH PRIVATE" + " KEY", base64.b64encode(body).decode(), 70))


def _pgp(parts: Parts, instance: int) -> Planted:
    return _around(
        instance, armour("PGP PRIVATE" + " KEY BLOCK", "lQOYBGX" + parts.base64(1400) + "=" + parts.base62(4), 64, "\n")
    )


def _putty(parts: Parts, instance: int) -> Planted:
    public, private = ([parts.base64(48) for _ in range(count)] for count in (6, 14))
    secret = "\n".join(private)
    text = (
        f"PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\nComment: ops\nPublic-Lines: 6\n{chr(10).join(public)}\n"
        f"Private-Lines: 14\n{secret}\nPrivate-MAC: {parts.hex(64)}"
    )
    return Planted((text, f"```\n{text}\n```", f"key.ppk:\n{text}\n")[instance % 3], (secret,))


def _one_line(parts: Parts, instance: int) -> Planted:
    block = armour("EC PRIVATE" + " KEY", "MHcCAQEEI" + parts.base64(114))
    escaped = json.dumps(block)[1:-1]
    texts = (
        f'{{"key": "{escaped}", "alg": "ES256"}}',
        f'APNS_KEY="{escaped}"',
        f"const pem = '{escaped}';",
        f'key = "{escaped}\\n"',
        f"echo -e '{escaped}' > key.pem",
    )
    return Planted(texts[instance % 5], (escaped,))


def _jwk(key: Callable[[Parts], dict[str, str]], private: str) -> Kind:
    def kind(parts: Parts, instance: int) -> Planted:
        made = {**key(parts), "kid": parts.base62(12), "use": "sig"}
        texts = (
            json.dumps(made),
            json.dumps({"keys": [made]}, indent=2),
            f"JWK='{json.dumps(made)}'",
            f"```json\n{json.dumps(made, indent=4)}\n```",
            f"The key is `{json.dumps(made, separators=(',', ':'))}`.",
        )
        return Planted(texts[instance % 5], (made[private],))

    return kind


def _wireguard(parts: Parts, instance: int) -> Planted:
    private, shared, public = parts.base64(32), parts.base64(32), parts.base64(32)
    interface = f"[Interface]\nPrivateKey = {private}\nAddress = 10.8.0.2/24\n"
    peer = f"\n[Peer]\nPublicKey = {public}\nPresharedKey = {shared}\nEndpoint = vpn.acme.example:51820\n"
    if instance % 2:
        return Planted(f"/etc/wireguard/wg0.conf:\n\n```ini\n{interface}{peer}```", (private, shared))
    return Planted(interface, (private,))


def _age_file(parts: Parts, instance: int) -> Planted:
    value = "AGE-SECRET" + "-KEY-1" + parts.of("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)
    public = "age1" + parts.of("qpzry9x8gf2tvdw0s3jn54khce6mua7l", 58)
    text = f"# created: 2026-02-{10 + instance}T09:12:33+01:00\n# public key: {public}\n{value}\n"
    return Planted(text, (value,))


KINDS: Final[dict[str, Kind]] = {
    "pem-pkcs8": _pem("PRIVATE", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw", 1180),
    "pem-rsa": _pem("RSA PRIVATE", "MIIEpAIBAAKCAQEA", 1180),
    "pem-ec": _pem("EC PRIVATE", "MHcCAQEEI", 114),
    "pem-encrypted-pkcs8": _pem("ENCRYPTED PRIVATE", "MIIFHDBOBgkqhkiG9w0BBQ0wQTApBgkqhkiG9w0B", 1280),
    "pem-encrypted-rsa": _encrypted,
    "pem-dsa": _pem("DSA PRIVATE", "MIIBugIBAAKBgQD", 430),
    "openssh": _openssh,
    "pgp-private": _pgp,
    "putty": _putty,
    "pem-on-one-line": _one_line,
    "jwk-ec": _jwk(lambda p: {"kty": "EC", "crv": "P-256", "x": p.url64(43), "y": p.url64(43), "d": p.url64(43)}, "d"),
    "jwk-rsa": _jwk(lambda p: {"kty": "RSA", "n": p.url64(342), "e": "AQAB", "d": p.url64(342)}, "d"),
    "jwk-oct": _jwk(lambda p: {"kty": "oct", "alg": "HS256", "k": p.url64(43)}, "k"),
    "wireguard-file": _wireguard,
    "age-file": _age_file,
}
