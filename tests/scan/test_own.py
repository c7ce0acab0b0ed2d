"""Every rule of our own: a true example found whole, and a near miss that is not."""

from __future__ import annotations

import re

import pytest

from egress_proxy.scan.canaries import CANARIES
from egress_proxy.scan.engine import TextScanner
from egress_proxy.scan.own import TOKENS, own_rules
from egress_proxy.scan.tokens import Token, pattern_of, sample_of
from egress_proxy.scan.values import looks_random
from tests.scan.examples import EXAMPLES

MIXED = "Qw7Zr2Lk9Xv4Tn8Bm3Hs6Jd1Fp5Gc0Yu"
HEX = "4f9d8c2ab17e6035"


def found(scanner: TextScanner, text: str, detector: str = "") -> set[str]:
    """What is found in a text, by a detector or by any."""
    return {text[item.start : item.end] for item in scanner.scan([text]).findings if detector in {"", item.detector}}


def test_every_detector_has_a_canary_and_an_example() -> None:
    names = {rule.detector for rule in own_rules()}
    assert names <= {canary.detector for canary in CANARIES}
    assert {token.detector for token in TOKENS} == {detector for detector, _ in EXAMPLES}
    assert names == set(NEAR_MISSES) | {token.detector for token in TOKENS}
    assert names == set(IN_CONTEXT) | {token.detector for token in TOKENS}


@pytest.mark.parametrize(("detector", "token"), EXAMPLES, ids=[detector for detector, _ in EXAMPLES])
@pytest.mark.parametrize(
    "context",
    ["it is %s.", 'f("%s")', '{"note": "first\\n%s"}', "| x | `%s` |", "?next=%%3D%s", "%s"],
)
def test_a_token_is_found_whole_wherever_it_stands(
    scanner: TextScanner, detector: str, token: str, context: str
) -> None:
    text = context % token
    assert any(token in one for one in found(scanner, text)), "whole, if perhaps with more"
    assert token in found(scanner, text, detector) or detector not in {name for name, _ in EXAMPLES}


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: token.shape)
def test_a_token_of_every_shape_is_found_and_its_near_misses_are_not(scanner: TextScanner, token: Token) -> None:
    sample = sample_of(token.shape)
    assert re.fullmatch(pattern_of(token.shape), sample)
    assert sample in found(scanner, f"key {sample} end", token.detector)
    if not token.shape.startswith("{"):
        assert not found(scanner, f"key Q{sample} end", token.detector), "the end of a longer word"
    masked = sample[: len(sample) // 3] + re.sub("[0-9A-Za-z]", "x", sample[len(sample) // 3 :])
    assert not found(scanner, f"key {masked} end", token.detector), "a mask"
    short = sample[: len(sample) * 2 // 3]
    if not any(re.match(pattern_of(other.shape), short) for other in TOKENS if other.detector == token.detector):
        assert not found(scanner, f"key {short} end", token.detector), "too short"


# What looks alike and is none: templates, words, ids, too short, another alphabet.
NEAR_MISSES: dict[str, tuple[str, ...]] = {
    "ansible-vault": ("$ANSIBLE_VAULT;1.1;AES256 is the header", "$ANSIBLE_VAULT;1.1;AES256\nnot hexadecimal\n"),
    "device-password": (
        "snmp-server community public RO",
        "snmp-server community <name> RO",
        "the password 7 characters long",
        "key 5 of the map",
        "psk=short",
        ': PSK "<secret>"',
        "WIFI:S:home;T:nopass;;",
        '"$9$" is a prefix',
    ),
    "one-time-code": (
        "the OTP is sent by mail",
        "status code 200",
        "PIN: 13",
        "verification code: 482.917",
        "the pin is 2026-01-02",
        "totp setup: with your code this will work once",
    ),
    "private-key": ("BEGIN ENCRYPTED PRIVATE", "a PuTTY-User-Key-File"),
    "recovery-codes": (
        "Recovery codes:\n\nnone were made\n",
        "backup codes of 2024\n",
        "the backup code path: see main.py\nrun it\n",
        "Recovery codes: 2024-01-02, 2025-01-02",
    ),
    "saml-response": ("SAMLResponse=short", "the SAMLResponse parameter"),
    "static-key": ("-----BEGIN OpenVPN Static key V1-----\n<key>\n",),
    "facebook-token": ("1234567890123456|" + "a" * 27, "123|" + MIXED),
    "wallet-key": ("new Wallet(privateKey)", "secret_key: [1, 2, 3]", "Wallet(0x" + HEX + ")"),
    "command-login": ("curl -u $USER:$PASS https://host", "curl -u admin https://host:8080", "id -u user:group"),
    "command-password": (
        "tool --password-file /run/secrets/db",
        "aws x list --next-token a1b2c3d4e5f6",
        "docker run -u 1000:1000 -p 8080:80 nginx",
        "#define TOKEN_MAX 128",
        "net use Z: \\\\srv\\x /user:bob",
        "reg add key /v Start /t REG_DWORD /d 2 /f",
        "ENV API_TOKEN $API_TOKEN",
        "ENV TOKEN_LIMIT 4096",
        "mosquitto_sub -p 1883 -t t",
        "AUTH LOGIN",
        "openssl rsa -passin pass:$PASS",
        'expect "Continue?"\nsend "yes1\\r"',
        "tool --token $TOKEN",
        "tool --password <password>",
        "mkdir -p src/lib9",
        "docker run -p 8080:80 nginx",
        "mysql -p shop",
        "ssh -p 2222 host",
        "az login -p",
    ),
    "connection-string": ("Server=db;Password={password};", "AccountKey=<key>;", "user:pass@tcp(host)"),
    "cookie-value": ("Cookie: theme=dark; lang=en", "cookie: consent=accepted-all-cookies"),
    "digest-response": ('Digest realm="x", nonce="' + HEX * 2 + '"', 'response="ok"'),
    "jwk-private": (
        '{"d": "a short one"}',
        '{"kty": "EC", "x": "' + MIXED * 2 + '"}',
        '"k": "not-a-key-but-several-words-in-a-row"',
    ),
    "key-data": ("client-certificate-data: " + MIXED * 2, "client-key-data: REDACTED"),
    "kubernetes-secret": (
        "kind: ConfigMap\ndata:\n  password: aHVudGVyMg==\n",
        "kind: SecretStore\ndata:\n  x: aHVudGVyMg==\n",
        "kind: Secret\n---\nkind: ConfigMap\ndata:\n  x: aHVudGVyMg==\n",
        "kind: Secret\nmetadata:\n  name: aHVudGVyMg==\n",
    ),
    "login-call": ('login("admin", "password")', 'auth=("user", PASSWORD)', 'credentials("name", "a value of words")'),
    "netrc-password": ("login and password are required", "login bot password ****"),
    "npmrc-token": ("_auth=true", "always_auth=false", "_authToken=${NPM_TOKEN}"),
    "password-hash": ("costs $2 and $3 a month", "$1$ is md5crypt", "use $argon2id$ with m=65536"),
    "pgpass-entry": ("host:5432:db:user", "a:1:b:c:d", "10:11:12:13:14", "db:5432:shop:app:*"),
    "presigned-url": ("?X-Amz-Signature=<signature>", "?signature=see-the-documentation-of-the-service"),
    "putty-key": ("Private-Lines: 2", "private-lines: few\n" + MIXED),
    "random-token": (
        "commit " + HEX * 2 + HEX[:8],
        "sha256:" + HEX * 4,
        '"integrity": "sha512-' + MIXED * 2 + 'AA=="',
        "request 4f9d8c2a-b17e-4035-8c2a-b17e60354f9d failed",
        "etag: " + HEX * 2,
        "the token authentication_middleware_v2_handler",
        "src/components/Base64HighEntropyString2Impl.tsx",
        "https://host/assets/index-" + MIXED[:12] + ".js",
        "ses_4f9d8c2ab17eQw7Zr2Lk9Xv4Tn",
        "public key " + HEX * 4,
        "key_hash = '" + HEX * 2 + "'",
        "qwen3-coder-30b-a3b-instruct-2507-q4_K_M",
        "data:image/png;base64,iVBORw0KGgo" + MIXED,
        "PKCS8_PRIV_KEY_INFO_new2 (key)",
        "dGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcw==",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdef",
        "order 01JBY2FWRNMJNF6537F6TY5PGY was made",
        '{"kty": "EC", "x": "' + MIXED + 'KwQzTnRmXcV"',
        '"KeyArn": "arn:aws:kms:us-west-2:123456789012:key/' + MIXED[:16].lower() + '"',
        "Cache restored from key: Linux-npm-" + HEX * 4,
        '"NextToken": "' + MIXED + '"',
        "Sec-WebSocket-Accept: " + MIXED[:27] + "=",
        "-----BEGIN CERTIFICATE-----\n" + MIXED * 2 + "\n" + MIXED + "\n-----END CERTIFICATE-----",
        "XMLSEC_EXPORT xmlSecKeyPtr   xmlSecGCryptAppPkcs12Load   (const char *name)",
    ),
    "registry-auth": ('"auth": "none"', '"auth": ""'),
    "secret-below-its-name": (
        "the token:\n\nauthentication-middleware-two\n",
        "Set the password:\n\n```\nsudo passwd root\n```",
        "the cache key:\n\n" + HEX * 2 + "\n",
        "echo $API_TOKEN\nfor file in one two\n",
    ),
    "secret-in-prose": (
        "the password is required",
        "the token is invalid",
        "the password is case-sensitive and at least 8 characters",
        "the password is stored as sha256",
        "your password is: <password>",
        "the key is user_id_2",
        "password is `required`",
        "the secret is to use utf-8",
        "use `x` as the key",
        "log in with your account and the password you chose",
        "the pin is pin 13 of the chip",
        "the password was reset on 2026-01-02",
        "le mot de passe est obligatoire",
        "login at https://host:8443/a1",
        "it should pass capacity_hint=0",
        "flags to pass down to libxml2 only",
        "users can join camera1 and camera2",
        "USER WARNING: ML_DSA_44, ML_DSA_65 and ML_DSA_87 are new",
    ),
    "secret-in-table": (
        "| user | password |\n|---|---|\n| anna | required |",
        "| name | id |\n|---|---|\n| x | " + HEX * 2 + " |",
        "| token | count |\n|---|---|\n| the | 1234567 |",
    ),
    "secret-phrase": (
        "password: enter the new password for your account",
        "the password is the same as before",
        "seed: one two three four",
        "recovery: the words that you wrote down when you made the wallet are needed now to go on",
    ),
    "service-account-key-id": ('"private_key_id": "short"',),
    "session-cookie": ("session=default", "sid=" + "a" * 20, "session_id=not-really-random-at-all"),
    "sql-password": (
        "read.password('New password: ')",
        "INSERT INTO users (name, password) VALUES ('anna7', ?)",
        "is identified by unique;",
        "PASSWORD 'password'",
        "identified by the name 'x'",
        "IDENTIFIED BY '${PASSWORD}'",
    ),
    "token-in-path": (
        "https://host/reset/password-of-the-account",
        "https://host/commit/" + HEX * 2 + HEX[:8],
        "https://host/hooks/pre-commit-configuration-2.md",
        "https://host/blob/" + MIXED,
    ),
    "twitter-token": ("A" * 60, "A" * 22 + MIXED * 2),
    "url-token": ("https://www.example-of-a-long-host-name.org/@x", "https://user@host/"),
    "webhook-token": ("https://hooks.zapier.com/hooks", "https://api.telegram.org/bot<token>/sendMessage"),
    "wireguard-key": ("PublicKey = " + MIXED + "Qw7Zr2Lk9Xv=", "PrivateKey = <key>"),
    "age-secret-key": ("AGE-SECRET" + "-KEY-1" + "QPZRY9X8", "AGE-PLUGIN-YUBIKEY-1"),
    "anthropic-api-key": ("sk-" + "ant-short", "the sk-ant- prefix"),
    "api-key-header": ("X-Api-Key: your-key-here-please", "x-api-key: <key>"),
    "atlassian-token": ("ATA" + "TT3short",),
    "authorization-header": (
        "Authorization: Bearer <token>",
        "authorization: `Bearer ${token}`",
        "Authorization: Basic auth",
    ),
    "aws-secret-key": ("aws_secret_access_key = <redacted>", "secret_access_key: " + "a" * 40, "secret_key = " + HEX),
    "azure-sas-signature": ("https://a/b?sig=short", "?signature=" + MIXED * 2),
    "bearer-token": (
        "bearer authentication-middleware",
        "Bearer $TOKEN",
        "the bearer of bad news: internationalisation",
    ),
    "cargo-token": ("ci" + "o" + MIXED[:10], "precio" + MIXED),
    "databricks-token": ("da" + "pi" + HEX, "da" + "pi" + HEX.upper() * 2),
    "digitalocean-token": ("do" + "p_v1_" + HEX,),
    "discord-webhook": ("https://discord.com/api/webhooks/123/abc",),
    "docker-token": ("dckr" + "_pat_short",),
    "github-fine-grained-token": ("github" + "_pat_short", "my_github_patches_" + MIXED),
    "gitlab-token-routable": ("gl" + "pat-short", "glpatterns-" + MIXED),
    "google-api-key": ("AI" + "zaShort",),
    "google-oauth-secret": ("GOC" + "SPX-short",),
    "google-oauth-token": ("ya" + "29.short",),
    "grafana-token": ("gl" + "sa_short", "glc_short"),
    "groq-api-key": ("gs" + "k_short",),
    "hashicorp-token": ("hv" + "s.short", "shvs." + MIXED),
    "huggingface-token": ("h" + "f_short", "h" + "f_" + HEX * 3),
    "linear-token": ("lin" + "_api_short",),
    "new-relic-key": ("NR" + "AK-short",),
    "notion-token": ("nt" + "n_short",),
    "npm-token": ("np" + "m_config_registry", "np" + "m_lifecycle_event"),
    "openai-api-key": ("sk-" + "proj-short", "task-proj-" + MIXED),
    "perplexity-api-key": ("pp" + "lx-70b-online",),
    "pulumi-token": ("pu" + "l-" + HEX,),
    "pypi-upload-token": ("py" + "pi-AgEshort",),
    "query-credential": ("?token=short", "&secret=your-secret-value-here", "/search?tokenizer=" + MIXED),
    "replicate-token": ("r" + "8_short",),
    "rubygems-token": ("ruby" + "gems_" + HEX,),
    "secret-assignment": (
        "TOKEN_LIMIT=4096 ",
        "max_tokens = 128000",
        "password = get_password()",
        "token = self.tokens.get(user1)",
        "secret: uint256",
        "password: str | None = None",
        "PWD=/home/anna/projects1",
        "DB_PASSWORD=$OTHER1",
        "PASSWORD=${DB_PASSWORD:-}",
        "DB_PASSWORD=[redacted:KNOWN:DB_PASSWORD]",
        "API_KEY=your-api-key-123",
        "SSH_KEY_PATH=/home/anna/.ssh/id_ed25519",
        "password: hunter",
        "primary_key: created_at_2",
        "nextToken: " + MIXED,
        'idempotency_token="' + MIXED + '"',
        "BAG_SECRET: PKCS-12",
        'auth: "scram-sha-256"',
        "secret = r'([a-z0-9]{64})'",
        "my $pwd = $ftp->pwd;",
        "def f(client_secret=None):",
        "<passphrase>optional; leave it empty</passphrase>",
    ),
    "secret-key-token": ("sk-" + MIXED[:20], "risk-" + MIXED * 2, "sk-learn-compatible-estimators-in-general"),
    "brevo-key": ("xkey" + "sib-" + HEX,),
    "shopify-token": ("shp" + "at_" + HEX,),
    "slack-any-token": ("xox" + "b-short", "boxob-" + MIXED),
    "slack-app-token": ("xa" + "pp-1-A0-12",),
    "slack-workflow-webhook": ("https://hooks.slack.com/workflows/short",),
    "square-access-token": ("sq0" + "atp-short",),
    "stripe-any-key": ("sk_" + "test_short", "disk_test_" + MIXED),
    "supabase-token": ("sb" + "p_short",),
    "url-password": (
        "postgres://user@host/db",
        "http://host:8080/@scope/package",
        "postgres://user:${PASSWORD}@host/db",
        "postgres://user:[redacted:KNOWN:DB_URL.password]@host",
        "postgres://user:****@host/db",
        "ssh://git@host:22/x",
    ),
    "vercel-token": ("vc" + "p_short",),
    "xai-api-key": ("xa" + "i-short",),
}


# The text with the secret between two marks.
IN_CONTEXT: dict[str, tuple[str, ...]] = {
    "ansible-vault": ("$ANSIBLE_VAULT;1.1;AES256«\n" + HEX * 5 + "\n" + HEX * 5 + "\n" + HEX + "»\n",),
    "device-password": (
        "username admin privilege 15 password 7 «0822455D0A16»",
        "snmp-server community «Qw7Zr2Lk» RO",
        "createUser bob SHA «Qw7Zr2Lk9X» AES other",
        'encrypted-password "«$9$' + MIXED + '»";',
        'host1 host2 : PSK "«Qw7Zr2Lk9X»"',
        "key-mgmt=wpa-psk\npsk=«correct4horse»",
        "WIFI:S:home;T:WPA;P:«hunter2»;;",
    ),
    "one-time-code": (
        "Your OTP is «482917».",
        "verification code: «482917»",
        "PIN: «4829»",
        "2FA setup key: «qw7z r2lk x4tn b3hs»",
    ),
    "private-key": (
        "«-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + MIXED * 2 + "\n-----END ENCRYPTED PRIVATE KEY-----»",
        "«PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\n" + MIXED * 2 + "\nPrivate-MAC: " + HEX * 4 + "»",
    ),
    "recovery-codes": (
        "Backup codes: 48291705, «77015528»",
        "Recovery codes:\n\n- qw7z-r2lk-9xv4\n- «tn8b-m3hs-6jd1»\n",
        "your backup codes:\n```\n1. 4f9d8-c2ab1\n2. «7e603-54f9d»\n```\n",
    ),
    "saml-response": ("SAMLResponse=«" + MIXED * 4 + "»&RelayState=x",),
    "static-key": (
        "-----BEGIN OpenVPN Static key V1-----«\n"
        + HEX * 2
        + "\n"
        + HEX * 2
        + "»\n-----END OpenVPN Static key V1-----",
    ),
    "facebook-token": ("FB=«482917053648291|" + MIXED[:27] + "» x",),
    "wallet-key": (
        'new ethers.Wallet("0x«' + HEX * 4 + '»")',
        "secret key: «[" + ", ".join(str(7 * number % 256) for number in range(64)) + "]»",
    ),
    "api-key-header": (
        "X-Api-Key: «" + MIXED + "»",
        '{"x-goog-api-key": "«' + MIXED + '»"}',
        "PRIVATE-TOKEN: «" + MIXED + "»",
    ),
    "authorization-header": (
        "Authorization: Bearer «" + MIXED + "»",
        '-H "Authorization: token «' + MIXED + '»"',
        '"Authorization": "Basic «dXNlcjpodW50ZXIyIQ==»"',
        "Authorization: AWS4-HMAC-SHA256 Credential=x/y, SignedHeaders=host, Signature=«" + HEX * 4 + "»",
        'OAuth oauth_token="«' + MIXED + '»"',
        "Authorization: SSWS «00" + MIXED + "»",
        "authorization: «" + MIXED + "»",
    ),
    "aws-secret-key": (
        "aws_secret_access_key = «" + (MIXED * 2)[:40] + "»",
        '"SecretAccessKey": "«' + (MIXED * 2)[:40] + '»"',
    ),
    "azure-sas-signature": ("?sv=1&sig=«" + MIXED + "abcdefgh%3D»",),
    "bearer-token": ("send Bearer «" + MIXED + "» along",),
    "command-login": ("curl -u admin:«s3cr3t!» https://host", "curl --user 'admin:«s3cr3t!»' https://host"),
    "command-password": (
        "tool login --password «hunter2» --quiet",
        'deploy --api-key="«' + MIXED + '»"',
        "mysql -u root -p«hunter2» shop",
        "sshpass -p '«correct horse»' ssh host",
        "docker login -u anna -p «hunter2!» registry",
        "redis-cli -h host -a «hunter2»",
        "echo «hunter2» | docker login --password-stdin",
        "keytool -list -storepass «hunter2» -v",
        "rdesktop -u bob -p «hunter2» host",
        "xfreerdp /v:h /u:bob /p:«hunter2»",
        "7z x a.7z -p«hunter2»",
        "snmpwalk -v3 -u bob -A «Qw7Zr2Lk9X» -X other host",
        "security add-generic-password -a bob -s svc -w «hunter2»",
        "printf '«hunter2»' | docker secret create db -",
        '#define WIFI_PASSWORD "«hunter2»"',
        "rootpw --plaintext «hunter2»",
        "openssl rsa -passin pass:«hunter2» -in k.pem",
        "openssl enc -aes-256-cbc -k «hunter2» -in a",
        "net use Z: \\\\srv\\x «hunter2» /user:bob",
        "net user bob «hunter2» /add",
        "rabbitmqctl add_user app «hunter2»",
        "reg add key /v DefaultPassword /t REG_SZ /d «hunter2» /f",
        "sqlplus scott/«tiger2»@//db:1521/XE",
        "poetry config http-basic.x bob «hunter2»",
        "mosquitto_pub -h x -u bob -P «hunter2» -t t",
        "ConvertTo-SecureString '«hunter2»' -AsPlainText -Force",
        "kubectl create secret generic x --from-literal=password=«hunter2»",
        "ENV API_TOKEN «" + MIXED + "»",
        'setx DB_PASSWORD "«hunter2»"',
        "requirepass «hunter2»",
        "127.0.0.1:6379> AUTH «hunter2»",
        "a1 LOGIN bob «hunter2»",
        'expect "Password:"\nsend "«hunter2»\\r"',
    ),
    "connection-string": (
        "Server=db;User Id=sa;Password=«hunter2»;Encrypt=yes",
        "AccountName=x;AccountKey=«" + MIXED * 2 + "==»;EndpointSuffix=y",
        "root:«hunter2»@tcp(db:3306)/shop",
    ),
    "cookie-value": ("Cookie: theme=dark; sid=«" + MIXED + "»; lang=en", "Set-Cookie: id=«" + MIXED + "»; Path=/"),
    "digest-response": ('Authorization: Digest username="u", nonce="x", response="«' + HEX * 2 + '»"',),
    "discord-webhook": ("https://discord" + ".com/api/webhooks/123456789012345678/«" + MIXED * 2 + "abcd»",),
    "jwk-private": ('{"kty": "OKP", "d": "«' + MIXED + 'KwQzTnRmXcV»", "x": "y"}',),
    "key-data": ("    client-key-data: «" + MIXED * 4 + "==»",),
    "kubernetes-secret": (
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\ndata:\n  password: «aHVudGVyMg==»\ntype: Opaque\n",
        "kind: Secret\nstringData:\n  user: «anna»\n",
    ),
    "login-call": (
        'mysqli_connect("db", "app", "«hunter2»", "shop")',
        'ssh.connect("host", 22, "root", "«hunter2»")',
        "createHmac('sha256', '«hunter2»')",
        "jwt.sign(payload, '«hunter2»', { expiresIn: '1h' })",
        'Client("AC' + HEX * 2 + '", "«' + HEX * 2 + '»")',
        'requests.get(url, auth=("admin", "«Tr0ub4dor&3»"))',
        'HTTPBasicAuth("admin", "«hunter2»")',
    ),
    "netrc-password": ("machine host login bot password «hunter2»",),
    "npmrc-token": ("//registry/:_auth=«" + MIXED + "=»", "//registry/:_password=«" + MIXED + "»"),
    "password-hash": (
        "Administrator:500:" + HEX * 2 + ":«" + HEX[::-1] * 2 + "»:::",
        "bob::CORP:" + HEX + ":«" + HEX * 2 + ":" + HEX * 5 + "»",
        "«$krb5" + "tgs$23$*svc$X$y*$" + HEX * 6 + "»",
        "anna:«$2" + "b$12$" + (MIXED * 2)[:53] + "»",
        "root:«$6" + "$rounds=5000$" + MIXED[:16] + "$" + (MIXED * 3)[:86] + "»:19000:0:99999:7:::",
        "«$argon2id" + "$v=19$m=65536,t=3,p=4$" + MIXED[:22] + "$" + (MIXED * 2)[:43] + "»",
        "«pbkdf2_sha256" + "$260000$" + MIXED[:22] + "$" + (MIXED * 2)[:43] + "=»",
    ),
    "pgpass-entry": ("bob:{PLAIN}«hunter2»", "db.host:5432:shop:app:«hunter2»", "*:*:*:app:«hunter2»"),
    "presigned-url": (
        "https://b/o?X-Amz-Date=1&X-Amz-Signature=«" + HEX * 4 + "»",
        "https://b/o?Signature=«" + MIXED + "%3D»&x=1",
    ),
    "putty-key": ("Private-Lines: 2«\n" + MIXED * 2 + "\n" + MIXED + "»",),
    "query-credential": ("https://h/p?api_key=«" + MIXED + "»&x=1", "/callback?code=«" + MIXED + "»"),
    "random-token": (
        "I used «" + MIXED + "» and it worked",
        "the Datadog key «" + HEX * 2 + "» was in the chat",
        'Client("«' + HEX * 2 + '»")  # the signing secret',
        '{"commit": "' + HEX * 2 + '", "apiToken": "«' + HEX * 2 + '»"}',
        "rotate the token «4f9d8c2a-b17e-4035-8c2a-b17e60354f9d» today",
    ),
    "registry-auth": ('{"auths": {"host": {"auth": "«dXNlcjpodW50ZXIyIQ==»"}}}',),
    "secret-assignment": (
        "DB_PASSWORD=«hunter2»",
        "export API_TOKEN=«a1b2c3d4»",
        "PASSWORD_PROD=«hunter2»",
        "<password>«hunter2!»</password>",
        '<add key="ApiKey" value="«' + MIXED + '»"/>',
        '{"name": "DB_PASSWORD", "value": "«hunter2»"}',
        "- name: DB_PASSWORD\n  value: «hunter2»\n",
        '{\\"client_secret\\": \\"«' + MIXED + '»\\"}',
        ":password => '«$ecret1!»'",
        'password: str = "«hunter2!»"',
        'var ApiKey = @"«' + MIXED + '»";',
        "**Password:** «hunter2!»",
        "`password`: `«hunter2!»`",
        'password = "«it\'s 4 secret»"',
        "passwort=«geheim1»",
        "contraseña: «segura99»",
        "A=1\\nDB_PASSWORD=«hunter2»\\nB=2",
        "azureDevopsToken = «" + MIXED + "»",
        "| DB_PASS | «s3cr3t!!» |",
        'let db_password: &str = "«hunter2!»";',
        'let apiKey: String? = "«' + MIXED + '»"',
        "ENV['DB_PASSWORD'] ||= '«hunter2!»'",
        "DB_PASSWORD ?= '«hunter2!»'",
        "db.password=«N3wYork#1»",
        "remotepass = «hunter2!»",
        "<key>ApiSecret</key>\n<string>«" + MIXED + "»</string>",
        '{"ParameterKey": "DBPassword", "ParameterValue": "«hunter2»"}',
        "define( 'DB_PASSWORD', '«hunter2!»' );",
        "Secret ID    = «4f9d8c2a-b17e-4035-8c2a-b17e60354f9d»",
        'variable "db_password" {\n  default = "«hunter2»"\n}',
        'form-data; name="password"\r\n\r\n«hunter2»\r\n',
        "<AdminPassword>\n  <Value>«hunter2»</Value>",
    ),
    "secret-below-its-name": (
        "Here is the API key:\n\n```\n«" + MIXED + "»\n```\n",
        "The new password:\n«hunter2!»\n",
        "the Kucoin key:\n\n«" + HEX * 2 + "»\n",
        "$ echo $API_TOKEN\n«" + MIXED + "»\n",
    ),
    "secret-in-prose": (
        "The admin password is «hunter2».",
        "the password for the staging database is now «S3cr3t!»",
        "use `«hunter2!»` as the password",
        "log in with admin / «s3cr3t!»",
        "Das Passwort lautet «geheim99!»",
        "le mot de passe est «secret99»",
        "la contraseña es «segura99»",
        "set the password to “«hunter2!»”",
        "your key is «" + MIXED + "»",
        "пароль: «hunter2»",
        "пароль от базы: «hunter2!!»",
        "パスワード：«hunter2!»",
        "Password (staging) for bob: «s3cr3t!!»",
        "the root password has been changed to «s3cr3t!!»",
        "Password changed from «hunter2!» to another.",
        "I hardcoded the password («hunter2!») there",
        "The password was leaked: «hunter2!»",
        "パスワードは «hunter2!» です",
        "the wifi password's «hunter2!» by the way",
        "I found the secret key `«4f9d8c2ab17e»` there",
    ),
    "secret-in-table": (
        "| user | password |\n|:---|---:|\n| anna | «hunter2» |\n",
        "| name | value |\n|---|---|\n| API key | `«" + HEX * 2 + "»` |\n",
    ),
    "secret-phrase": (
        "password: «correct horse battery staple»",
        "the passphrase is «correct-horse-battery-staple».",
        'the passphrase for the key is "«correct horse battery staple»"',
        "mnemonic:\n```\n«" + " ".join(f"{first}{second}ver" for first in "abc" for second in "lnrt") + "»\n```",
        "seed phrase: «" + " ".join(f"{first}{second}ver" for first in "abc" for second in "lnrt") + "»",
    ),
    "service-account-key-id": ('"private_key_id": "«' + HEX * 2 + HEX[:8] + '»"',),
    "session-cookie": ("PHPSESSID=«" + MIXED + "»; path=/",),
    "slack-workflow-webhook": ("https://hooks.slack" + ".com/workflows/«T012345/A012345/" + MIXED + "»",),
    "sql-password": (
        'CREATE USER app IDENTIFIED BY "«hunter2»";',
        "INSERT INTO users (email, password) VALUES ('b@x', 'a, b'), ('c@x', '«hunter2»');",
        "CREATE USER app IDENTIFIED BY «hunter2»;",
        "CREATE LOGIN app WITH PASSWORD = N'«hunter2!»';",
        "CREATE USER app IDENTIFIED BY '«hunter2»'",
        "ALTER ROLE app WITH PASSWORD '«hunter2»'",
    ),
    "token-in-path": ("https://host/reset/«" + MIXED + "»", "https://chat.host/hooks/«" + MIXED.lower() + "»"),
    "twitter-token": ("«" + "A" * 22 + "MLhe" + "A" * 6 + "0%2B" + MIXED + "%3D" + MIXED * 2 + "»",),
    "url-password": (
        "postgres://app:«p@ss»@db/prod",
        "redis://:«hunter2»@cache:6379",
        "mongodb+srv://u:«a$b!c»@[::1]/x",
    ),
    "url-token": ("git clone https://«" + MIXED + "»@git.host/repo",),
    "webhook-token": (
        "https://calendar.google" + ".com/calendar/ical/b%40x/private-«" + HEX * 2 + "»/basic.ics",
        "https://hooks.zapier" + ".com/hooks/catch/«1234567/abc12de»/",
        "https://api.telegram" + ".org/bot«110201543:" + MIXED + "abc»/sendMessage",
    ),
    "wireguard-key": ("PrivateKey = «" + MIXED + "abcdefghijk=»",),
}


@pytest.mark.parametrize(
    ("detector", "marked"), [(detector, text) for detector, texts in IN_CONTEXT.items() for text in texts]
)
def test_what_its_context_gives_away_is_found_whole(scanner: TextScanner, detector: str, marked: str) -> None:
    before, _, rest = marked.partition("«")
    secret, _, after = rest.partition("»")
    assert secret in found(scanner, before + secret + after, detector)


@pytest.mark.parametrize(
    ("detector", "text"), [(detector, text) for detector, texts in NEAR_MISSES.items() for text in texts]
)
def test_a_near_miss_is_none(scanner: TextScanner, detector: str, text: str) -> None:
    assert not found(scanner, text, detector)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("DB_PASSWORD=hunter2", "hunter2"),
        ("export API_TOKEN=a1b2c3d4", "a1b2c3d4"),
        ("MYSQLPASSWORD=hunter2", "hunter2"),
        ("db_password=letmein", "letmein"),
        ("password=correct horse battery  # of the db", "correct horse battery"),
        ("the line `DB_PASSWORD=hunter2` is", "hunter2"),
        ("docker run -e DB_PASSWORD=hunter2 image", "hunter2"),
        ("db_password: hunter2", "hunter2"),
        ("  password: hunter2,", "hunter2"),
        ("passphrase = tr0ub4dor&3", "tr0ub4dor&3"),
        ('"access_token": "' + MIXED + '"', MIXED),
        ("'authToken' => '" + MIXED + "'", MIXED),
        ("apiKey: " + MIXED, MIXED),
        ("STRIPE_KEY=" + MIXED, MIXED),
        ("SIGNING_KEY=" + HEX, HEX),
        ("DB_PASSWORD='$ecret1!'", "$ecret1!"),
        ("A=1\nDB_PASSWORD=hunter2\nB=2", "hunter2"),
        ("DB_PASSWORD=" + "aB3" * 2000, "aB3" * 2000),
    ],
)
def test_assignments(scanner: TextScanner, text: str, secret: str) -> None:
    start = text.index(secret)
    assert (start, start + len(secret)) in {(found.start, found.end) for found in scanner.scan([text]).findings}


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("postgres://app:p@ss@db/prod", "p@ss"),
        ("redis://:hunter2@cache:6379", "hunter2"),
        ("mongodb+srv://u:a$b!c@[::1]/x", "a$b!c"),
        ("Authorization: Bearer " + MIXED, MIXED),
        ("authorization: Basic dXNlcjpodW50ZXIyIQ==", "dXNlcjpodW50ZXIyIQ=="),
        ('-H "Authorization: token ' + MIXED + '"', MIXED),
        ("gh" + "p_" + MIXED + "abcd1234", "gh" + "p_" + MIXED + "abcd1234"),
        ("gh" + "p_" + MIXED + "abcd1234longer", "gh" + "p_" + MIXED + "abcd1234longer"),
        ("sk_" + "live_" + MIXED * 3, "sk_" + "live_" + MIXED * 3),
    ],
)
def test_whole_secrets(scanner: TextScanner, text: str, secret: str) -> None:
    start = text.index(secret)
    assert (start, start + len(secret)) in {(found.start, found.end) for found in scanner.scan([text]).findings}


@pytest.mark.parametrize(
    ("value", "random"),
    [
        (MIXED, True),
        (HEX, True),
        ("dXNlcjpodW50ZXIyIQ==", True),
        ("authentication-middleware-2", False),
        ("onlyletters", False),
        ("1234567890", False),
        ("aaaa1111", False),
        ("application/json; charset=utf8", False),
        ("", False),
    ],
)
def test_looks_random(value: str, random: bool) -> None:
    assert looks_random(value) is random
