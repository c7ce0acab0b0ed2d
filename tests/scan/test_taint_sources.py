"""Which files and commands look as if what comes out of them is secret, and which only sound like it."""

from __future__ import annotations

import pytest

from egress_proxy.scan.taint_sources import Source, source_of

SECRET = (
    ".env",
    "/srv/shop/.env.local",
    "config/prod.env",
    "cat .env",
    "cat -n ./.env.production | head -3",
    "printf '%s' \"$(cat .env.local)\"",
    "base64 .env.local",
    "token.json",
    "config/secrets.yml",
    "/run/secrets/db_password",
    "/home/anna/.aws/credentials",
    "cat credentials",
    "id_ed25519",
    "certs/server.pem",
    "tls.key",
    "api_keys.txt",
    "auth.json",
    ".npmrc",
    "~/.netrc",
    "pg/.pgpass",
    "kubeconfig",
    "terraform.tfvars",
    "/proc/1/environ",
    "printenv",
    "env",
    "env | sort",
    "FOO=1 sudo env",
    "export -p",
    "kubectl get secret db -o yaml",
    "kubectl -n shop get secrets",
    "vault kv get secret/shop",
    "aws secretsmanager get-secret-value --secret-id shop",
    "docker inspect shop",
    "docker compose config",
    "gcloud auth list",
    "terraform output -json",
)
BARE = (
    "pass show mail/anna",
    "cd /srv && pass mail/anna",
    "op read op://shop/db/password",
    "gh auth token",
    "printenv DB_PASSWORD",
    "vault kv get -field=password secret/shop",
    "for one in a b; do pass show $one; done",
    "kubectl get secret db -o jsonpath='{.data.password}'",
)
ORDINARY = (
    "",
    ".env.example",
    "config/secrets.sample",
    "id_rsa.pub",
    "src/token.py",
    "src/tokenizer.py",
    "src/auth/session.ts",
    "keyboard.py",
    "monkey.ts",
    "docs/keys.md",
    "tests/test_secrets.py::test_one",
    "src/environ/reader.py",
    "node_modules/passport/lib/index.js",
    "package-lock.json",
    "README.md",
    "ls -la",
    "git log --oneline",
    "git commit -m 'rotate the token'",
    "grep -rn password src",
    "python -m pytest tests/test_keys.py",
    "npm run env",
    "env FOO=1 python run.py",
    "set -e",
    "aws s3 ls",
    "docker ps",
    "passport show",
    "echo secret",
    "cat package.json",
)


@pytest.mark.parametrize("named", SECRET)
def test_a_name_that_says_secret(named: str) -> None:
    assert source_of(named) is Source.SECRET


@pytest.mark.parametrize("named", BARE)
def test_a_command_that_prints_nothing_else(named: str) -> None:
    assert source_of(named) is Source.BARE


@pytest.mark.parametrize("named", ORDINARY)
def test_a_name_that_only_sounds_like_it(named: str) -> None:
    assert source_of(named) is Source.ORDINARY


def test_a_very_long_command_is_judged_by_its_beginning() -> None:
    assert source_of("cat .env " + "x" * 1_000_000) is Source.SECRET
