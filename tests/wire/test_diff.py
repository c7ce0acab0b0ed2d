"""Diffs: counts always, text only where the operator permits it and the file may be shown."""

from __future__ import annotations

from typing import Any

import pytest

from egress_proxy.model import Resource
from egress_proxy.wire.diff import looks_secret
from tests.wire.views import crossed, view

PATCH = "--- src/app.py\n+++ src/app.py\n@@ -1 +1 @@\n-a\n+b\n"
DIFF = {"file": "src/app.py", "additions": 1, "deletions": 1, "status": "modified"}

SECRET_FILES = [
    ".env", ".env.local", ".ENV", "config/.env.production", "prod.env", ".envrc", "certs/server.pem", "a.KEY", "id_rsa",
    "id_ed25519.bak", "credentials", "aws-credentials.json", ".aws/config", "secrets.yaml", "app/Secrets/x.txt",
    "client_secret.json", ".npmrc", ".netrc", ".pgpass", ".pypirc", "kubeconfig", "kubeconfig.yaml", ".kube/config",
    "auth.json", "store.p12", "store.pfx", "store.jks", "prod.tfvars", "prod.auto.tfvars.json", "terraform.tfstate",
    "terraform.tfstate.backup", "vault.yml", "group_vars/vault/x", ".ssh/config", "passwords.txt", "api_key.txt",
    ".docker/.dockerconfigjson", "private-key.txt", "dir\\.env", "gcp-service-account.json", ".htpasswd", "token.json",
]  # fmt: skip
PLAIN_FILES = [
    "src/app.py", "README.md", "environment.py", "src/tokenizer.py", "keyboard.ts", "monkey.txt", "envelope.go",
    "author.json", "passport.md", "pem.py", "docs/keys.md", "Makefile", "",
]  # fmt: skip


@pytest.mark.parametrize("path", SECRET_FILES)
def test_a_name_that_files_with_secrets_have(path: str) -> None:
    assert looks_secret(path)


@pytest.mark.parametrize("path", PLAIN_FILES)
def test_a_name_that_other_files_have(path: str) -> None:
    assert not looks_secret(path)


def diff(given: dict[str, Any], *, patch_text: bool = True) -> dict[str, Any]:
    (found,) = crossed(Resource.DIFF, [given], view(patch_text=patch_text))
    assert isinstance(found, dict)
    return found


def test_the_text_of_a_change_does_not_cross_by_default() -> None:
    assert diff({**DIFF, "patch": PATCH}, patch_text=False) == DIFF


def test_the_text_of_a_change_crosses_if_permitted() -> None:
    assert diff({**DIFF, "patch": PATCH}) == {**DIFF, "patch": PATCH}


WITHHELD: list[tuple[str, dict[str, Any]]] = [
    ("secret file", {"file": "deploy/.env"}),
    ("no file", {"file": None}),
    ("renamed from a secret file", {"patch": "rename from .env\nrename to notes.txt\n" + PATCH}),
    ("old name in the header", {"patch": "--- a/.env\n+++ b/notes.txt\n"}),
    ("name in the git header", {"patch": "diff --git a/.env b/notes.txt\n"}),
    ("name in the index header", {"patch": "Index: .env\n"}),
    ("header after a carriage return", {"patch": "x\r\n--- a/.env\r\n+++ b/notes.txt\r\n"}),
    ("no text", {"patch": {"a": "b"}}),
]


@pytest.mark.parametrize("given", [pytest.param(row[1], id=row[0]) for row in WITHHELD])
def test_the_text_of_a_change_that_does_not_cross_even_if_permitted(given: dict[str, Any]) -> None:
    assert "patch" not in diff({**DIFF, "patch": PATCH, **given})


def test_whole_files_never_cross() -> None:
    assert diff({**DIFF, "before": "old", "after": "new"}) == DIFF


def test_an_unknown_status_is_left_out() -> None:
    assert "status" not in diff({**DIFF, "status": "a secret"})
