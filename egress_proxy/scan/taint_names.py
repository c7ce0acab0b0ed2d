"""Names of tainted values: which say that their value is secret, and which may be shown in its place.

A name stands in files and output, so the local agent can choose it: one made of anything but ordinary words would
carry out what it was made of. So a name is shown only if each of its words is in a closed list.
"""

from __future__ import annotations

import re
from typing import Final

NAMELESS: Final = "-"
WORDLY: Final = "--"  # of a value made of words under a name that does not say secret
_LONGEST: Final = 64
_WORDS: Final = re.compile(r"[A-Z]++(?![a-z])|[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]++|\d++")
# fmt: off
_SECRET: Final = frozenset({
    "pass", "passwd", "password", "passwords", "passphrase", "passcode", "pwd", "pw", "secret", "secrets", "token",
    "credential", "credentials", "cred", "creds", "apikey", "authtoken", "jwt", "pat", "salt", "dsn", "mnemonic",
    "authorization", "bearer", "cookie", "secretkey", "accesskey", "privatekey", "pepper", "otp", "psk",
})
_KEYS: Final = frozenset({
    "api", "access", "account", "auth", "client", "database", "db", "deploy", "encryption", "encrypt", "license",
    "master", "private", "secret", "service", "session", "shared", "signing", "storage", "webhook", "hmac", "app",
    "admin", "crypto", "aes", "stripe", "openai", "anthropic", "sendgrid", "twilio", "datadog", "sentry", "consumer",
    "subscription", "project", "write", "recovery", "ssh", "tls", "ssl", "jwt",
})
# A last word that makes it the name of something about a secret.
_ABOUT: Final = frozenset({
    "path", "file", "filename", "dir", "name", "id", "ids", "limit", "length", "len", "size", "count", "type", "ttl",
    "expiry", "expires", "expiration", "timeout", "header", "prefix", "suffix", "field", "policy", "version", "format",
    "env", "var", "variable", "regex", "pattern", "hint", "label", "placeholder", "endpoint", "uri", "url", "host",
    "enabled", "required", "error", "class", "method", "function", "algorithm", "alg", "strength", "reset", "rotation",
    "manager", "store", "provider", "source", "ref", "arn", "kind", "mode", "status", "usage", "budget", "max", "min",
})
_SHOWN: Final = frozenset({
    "db", "database", "postgres", "postgresql", "pg", "mysql", "mariadb", "redis", "mongo", "mongodb", "smtp", "mail",
    "email", "ftp", "sftp", "ssh", "aws", "azure", "gcp", "google", "github", "gitlab", "bitbucket", "slack", "discord",
    "stripe", "openai", "anthropic", "twilio", "sendgrid", "datadog", "sentry", "jwt", "api", "app", "admin", "root",
    "user", "client", "server", "service", "access", "auth", "oauth", "session", "signing", "encryption", "encrypt",
    "master", "license", "webhook", "bot", "deploy", "registry", "npm", "pypi", "docker", "vault", "token", "key",
    "keys",
    "passwd", "password", "pass", "passphrase", "passcode", "pwd", "pin", "credential", "credentials", "cred", "url",
    "uri", "dsn", "connection", "string", "value", "salt", "cookie", "hash", "account", "storage", "bucket", "cache",
    "queue", "broker", "celery", "django", "flask", "rails", "laravel", "next", "react", "vite", "node", "prod",
    "production", "dev", "development", "staging", "local", "main", "backup", "old", "new", "read", "write",
    "private", "public", "secret", "shared", "login", "proxy", "ldap", "kafka", "rabbitmq", "elastic", "elasticsearch",
    "minio", "hmac", "webhooks", "internal", "external", "primary", "replica", "seed", "phrase", "mnemonic",
    "authorization",
    "bearer", "data", "apikey", "id", "certificate", "tls", "ssl", "consumer", "subscription", "wifi", "psk",
})
# fmt: on


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(name[-_LONGEST:])]


def says_secret(name: str) -> bool:
    """Whether a name says that what it is set to is secret: `DB_PASSWORD`, `clientSecret`, not `TOKEN_LIMIT`."""
    words = [word for word in _words(name) if not word.isdigit()]
    if not words or words[-1] in _ABOUT:
        return False
    if not _SECRET.isdisjoint(words[-3:]):
        return True
    return words[-1] == "key" and len(words) > 1 and words[-2] in _KEYS


def label(name: str) -> str:
    """The name if it is made of ordinary words alone, else nothing."""
    if not name or len(name) > _LONGEST or re.fullmatch(r"[A-Za-z][A-Za-z_.-]*", name) is None:
        return ""
    return name if set(_words(name)) <= _SHOWN else ""
