"""What looks random and is no secret: hashes, ids, digests, lock files, fingerprints."""

from __future__ import annotations

import base64
from typing import Final

from tests.corpus.benign.reply import Draw, Sort
from tests.corpus.prose import sentence


def _git_log(draw: Draw) -> str:
    subject = sentence(draw.random)[:72].rstrip(" .,;")
    full, short = draw.hex(40), draw.hex(draw.number(7, 10))
    return draw.choice(
        f"commit {full}\nAuthor: {draw.person()} <{draw.noun()}@{draw.noun()}.org>\nDate:   Mon Mar 2 {draw.time()} 2026 +0100\n\n"
        f"    {subject}\n",
        f"{short} {subject}",
        f"* {short} - (HEAD -> {draw.kebab()}) {subject} ({draw.number(2, 50)} hours ago) <{draw.person()}>",
        f"Merge: {short} {draw.hex(7)}\n\n    Merge pull request #{draw.number(10, 9999)} from {draw.noun()}/{draw.kebab()}\n",
        f"{full}\trefs/heads/{draw.noun()}/{draw.kebab()}\n{draw.hex(40)}\trefs/tags/v{draw.version()}^{{}}",
        f"^{draw.hex(8)} ({draw.person()} {draw.day()} {draw.time()} +0000 {draw.number(1, 900)}) {draw.snake()} = {draw.snake()}()",
        f"I fixed it in {full} and cherry-picked {short} on top of {draw.hex(40)}.",
    )


def _uuids(draw: Draw) -> str:
    stamp = f"{draw.day()}T{draw.time()}.{draw.number(100, 999)}Z"
    return draw.choice(
        f"{stamp} INFO {draw.kebab()} request_id={draw.uuid()} user_id={draw.uuid()} {draw.noun()}={draw.number(1, 999)}",
        f"{stamp} WARN [{draw.uuid()}] {draw.pascal()}: {draw.verb()} took {draw.number(1, 9999)} ms",
        f"The {draw.noun()} {draw.uuid()} was created by {draw.uuid()} at {stamp}.",
        f"/dev/disk/by-uuid/{draw.uuid()} /{draw.noun()} ext4 rw,relatime 0 2",
        f"INSERT INTO {draw.noun()}s (id, {draw.noun()}_id) VALUES ('{draw.uuid()}', '{draw.uuid()}');",
        f"session_id: {draw.uuid()}, correlation-id: {draw.uuid().upper()}",
    )


def _package_lock(draw: Draw) -> str:
    name, version, digest = draw.kebab(), draw.version(), draw.base64(64)
    return (
        f'    "node_modules/@{draw.noun()}/{name}": {{\n      "version": "{version}",\n'
        f'      "resolved": "https://packages.acme.example/@{draw.noun()}/{name}/-/{name}-{version}.tgz",\n'
        f'      "integrity": "sha512-{digest}",\n      "license": "MIT",\n      "engines": {{\n        "node": ">=18"\n'
        f"      }}\n    }},"
    )


def _other_locks(draw: Draw) -> str:
    name, version, digest = draw.kebab(), draw.version(), draw.hex(64)
    return draw.choice(
        f'[[package]]\nname = "{name}"\nversion = "{version}"\nsource = "registry+https://github.com/rust-lang/crates.io-index"\n'
        f'checksum = "{digest}"\ndependencies = [\n "{draw.kebab()}",\n "{draw.noun()}",\n]\n',
        f'    {{file = "{name}-{version}-py3-none-any.whl", hash = "sha256:{digest}"}},\n'
        f'    {{file = "{name}-{version}.tar.gz", hash = "sha256:{draw.hex(64)}"}},',
        f"github.com/{draw.noun()}/{name} v{version} h1:{draw.base64(32)}\n"
        f"github.com/{draw.noun()}/{name} v{version}/go.mod h1:{draw.base64(32)}",
        f"{name}=={version} \\\n    --hash=sha256:{digest} \\\n    --hash=sha256:{draw.hex(64)}",
        f'"{name}@npm:^{version}":\n  version: {version}\n  resolution: "{name}@npm:{version}"\n'
        f"  checksum: 10c0/{draw.hex(128)}\n  languageName: node\n",
        f"  {name}@{version}:\n    resolution: {{integrity: sha512-{draw.base64(64)}}}\n    engines: {{node: '>=18'}}",
        f"{draw.hex(64)}  {name}-{version}-linux-amd64.tar.gz",
        f'<script src="https://cdn.{draw.noun()}.com/{name}.js" integrity="sha384-{draw.base64(48)}" crossorigin></script>',
        f'provider "registry.terraform.io/hashicorp/{draw.noun()}" {{\n  version = "{version}"\n  hashes = [\n'
        f'    "h1:{draw.base64(32)}",\n    "zh:{digest}",\n  ]\n}}',
    )


def _digests(draw: Draw) -> str:
    colons = ":".join(draw.hex(2).upper() for _ in range(32))
    return draw.choice(
        f"FROM {draw.noun()}:{draw.version()}@sha256:{draw.hex(64)}",
        f"{draw.noun()}: digest: sha256:{draw.hex(64)} size: {draw.number(500, 4000)}",
        f"sha256 Fingerprint={colons}",
        f"SHA1 Fingerprint={':'.join(draw.hex(2).upper() for _ in range(20))}",
        f"256 SHA256:{draw.base64(32).rstrip('=')} {draw.noun()}@{draw.noun()} (ED25519)",
        f"{draw.noun()}.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{draw.base64(32)[:43]}",
        f"The MD5 of `{draw.path('.bin')}` is {draw.hex(32)}, its SHA-1 {draw.hex(40)}.",
        f'ETag: W/"{draw.hex(32)}"\nX-Request-Id: {draw.hex(32)}\ntraceparent: 00-{draw.hex(32)}-{draw.hex(16)}-01',
        f"Layer already exists {draw.hex(12)}\n{draw.hex(12)}: Pull complete",
        f"        Serial Number:\n            {':'.join(draw.hex(2) for _ in range(18))}\n        X509v3 Subject Key Identifier: "
        f"{':'.join(draw.hex(2).upper() for _ in range(20))}",
        f'_{draw.noun()}-challenge.{draw.noun()}.org. 300 IN TXT "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQ{draw.base62(150)}"',
        f"assets/index-{draw.url64(8)}.js  {draw.number(1, 900)}.{draw.number(10, 99)} kB │ gzip: {draw.number(1, 90)} kB",
        f"chunk-{draw.upper(8)}.js | {draw.noun()}.{draw.hex(20)}.css | /_next/static/{draw.url64(21)}/_buildManifest.js",
        f"arn:aws:iam::{draw.digits(12)}:role/{draw.kebab()} vpc-{draw.hex(17)} subnet-{draw.hex(17)} ami-{draw.hex(17)}",
    )


def _images(draw: Draw) -> str:
    png = base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + draw.random.randbytes(draw.number(200, 2500))).decode()
    jpeg = base64.b64encode(b"\xff\xd8\xff\xe0\0\x10JFIF\0" + draw.random.randbytes(draw.number(200, 2500))).decode()
    lines = "\n".join(png[at : at + 76] for at in range(0, len(png), 76))
    return draw.choice(
        f"![{draw.noun()}](data:image/png;base64,{png})",
        f'<img alt="{draw.noun()}" src="data:image/jpeg;base64,{jpeg}">',
        f"background-image: url(data:image/png;base64,{png});",
        f'{{"type": "image", "mimeType": "image/png", "data": "{png}"}}',
        f"Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n{lines}\n",
        f"src: url(data:font/woff2;charset=utf-8;base64,d09GMgABAAAAA{draw.base64(900)}) format('woff2');",
        f"//# sourceMappingURL=data:application/json;base64,eyJ2ZXJzaW9uIjozLCJzb3VyY2VzIjpb{draw.base64(300)}",
    )


SORTS: Final[dict[str, Sort]] = {
    "git logs": _git_log,
    "UUIDs": _uuids,
    "package-lock.json": _package_lock,
    "other lock files": _other_locks,
    "digests and ids": _digests,
    "base64 images": _images,
}
