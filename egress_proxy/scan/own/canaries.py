"""Canaries of our own rules. A token's comes from its shape; the others stand here."""

from __future__ import annotations

from collections.abc import Iterator

from egress_proxy.scan.canary import DIGITS, LONG, MIXED, Canary
from egress_proxy.scan.own import TOKENS
from egress_proxy.scan.tokens import sample_of

_UUID = "4f9d8c2a-b17e-4035-8c2a-b17e60354f9d"
_BASE64 = LONG[:43] + "="

_IN_CONTEXT: tuple[Canary, ...] = (
    Canary("ansible-vault", DIGITS * 5 + "\n" + DIGITS * 2, "$ANSIBLE_VAULT;1.1;AES256\n", "\n"),
    Canary("api-key-header", MIXED[:24], "X-Api-Key: "),
    Canary("authorization-header", MIXED[:24], "Authorization: Basic "),
    Canary("authorization-header", MIXED[:24], "authorization: "),
    Canary("aws-secret-key", LONG[:40], '"SecretAccessKey": "', '"'),
    Canary("azure-sas-signature", LONG[:44], "https://a.blob.core.windows.net/c?sv=1&sig=", " end"),
    Canary("bearer-token", MIXED[:24], "use Bearer ", " now"),
    Canary("command-login", "hunter2", "curl -s -u admin:", " https://host/"),
    Canary("command-password", "hunter2", "mysqldump -u root -p", " shop"),
    Canary("command-password", "hunter2", "sshpass -p ", " ssh host"),
    Canary("command-password", "hunter2", "tool --password ", " run"),
    Canary("connection-string", LONG[:86] + "==", "DefaultEndpointsProtocol=https;AccountKey=", ";"),
    Canary("connection-string", "hunter2", "Server=db;User Id=sa;Password=", ";Encrypt=yes"),
    Canary("connection-string", "hunter2", "dsn=root:", "@tcp(db:3306)/shop"),
    Canary("cookie-value", MIXED[:24], "Cookie: theme=dark; sid=", "; x=1"),
    Canary("device-password", "hunter2hunter2", "snmp-server community ", " RO"),
    Canary("digest-response", DIGITS * 2, 'Authorization: Digest username="u", response="', '"'),
    Canary("discord-webhook", LONG[:68], "https://discord" + ".com/api/webhooks/123456789012345678/", " end"),
    Canary("jwk-private", LONG[:43], '{"kty": "EC", "d": "', '"}'),
    Canary("key-data", LONG[:64], "client-key-data: "),
    Canary("kubernetes-secret", "aHVudGVyMg==", "kind: Secret\ndata:\n  password: ", "\n"),
    Canary("login-call", "hunter2", 'client.login("bot", "', '")'),
    Canary("netrc-password", "hunter2", "machine host login bot password "),
    Canary("noted-login", "Hunt3r2!", "ID/PW: root/"),
    Canary("npmrc-token", MIXED[:24], "//registry/:_auth="),
    Canary("one-time-code", "482917", "your OTP is ", "."),
    Canary("password-hash", "$2" + "b$12$" + LONG[:53], "admin:"),
    Canary("pgpass-entry", "hunter2", "db.host:5432:shop:app:"),
    Canary("presigned-url", DIGITS * 4, "https://host/o?X-Amz-Signature=", " end"),
    Canary("putty-key", LONG[:64] + "\n" + LONG[:40], "Private-Lines: 2\n"),
    Canary("query-credential", MIXED[:24], "https://host/p?access_token=", "&x=1"),
    Canary("random-token", MIXED[:32], "we used ", " for it"),
    Canary("random-token", DIGITS * 2, "the staging API key ", ""),
    Canary("recovery-codes", "4829-1705", "Recovery codes:\n- 7701-5528\n- ", "\n"),
    Canary("registry-auth", MIXED[:24], '"auth": "', '"'),
    Canary("saml-response", LONG * 2, "SAMLResponse=", "&x=1"),
    Canary("secret-assignment", "hunter2", "DB_PASSWORD="),
    Canary("secret-assignment", MIXED[:16], "  access_token: ", "  # of the bot"),
    Canary("secret-assignment", "hunter2", "- name: DB_PASSWORD\n  value: "),
    Canary("product-key", "Q7ZR2-LK9XV-4TN8B-M3HS6-JD1FP", "Windows: ", " end"),
    Canary("secret-below-its-name", MIXED[:24], "The API key:\n\n```\n", "\n```"),
    Canary("secret-in-prose", "hunter2", "the admin password is ", "."),
    Canary("secret-in-prose", "hunter2", "use `", "` as the password"),
    Canary("secret-in-prose", "hunter2", "log in with admin / ", ""),
    Canary("secret-in-table", "hunter2", "| user | password |\n|---|---|\n| anna | ", " |"),
    Canary("secret-phrase", "correct horse battery staple", "password: "),
    Canary("service-account-key-id", DIGITS[:8] * 5, '"private_key_id": "', '"'),
    Canary("session-cookie", MIXED[:24], "got session_id=", " from it"),
    Canary("slack-workflow-webhook", "T0" + LONG[:60], "https://hooks.slack" + ".com/workflows/", " end"),
    Canary("sql-password", "hunter2", "CREATE USER app IDENTIFIED BY ", ";"),
    Canary("static-key", DIGITS * 2 + "\n" + DIGITS * 2, "-----BEGIN OpenVPN Static key V1-----\n", "\n"),
    Canary("sql-password", "hunter2", "CREATE USER app IDENTIFIED BY '", "'"),
    Canary("token-in-path", MIXED[:24], "https://host/reset/", " end"),
    Canary("twitter-token", "A" * 22 + "M" + "Lhe" + "A" * 6 + "0%2B" + LONG[:20] + "%3D" + LONG[:50], "use ", " end"),
    Canary("url-password", "p@ss$w0rd!", "postgres://app:", "@db.internal/prod"),
    Canary("url-token", MIXED[:32], "https://", "@git.host/repo"),
    Canary("webhook-token", "1234567/" + MIXED[:7].lower(), "https://hooks.zapier" + ".com/hooks/catch/", " end"),
    Canary("wireguard-key", _BASE64, "PrivateKey = "),
)


def own_canaries() -> Iterator[Canary]:
    """A canary for every shape of a token, and those above."""
    for token in TOKENS:
        yield Canary(token.detector, sample_of(token.shape), "key ", " end")
    yield from _IN_CONTEXT
