"""Every row of our own table: a true example found whole, and a near miss that is not."""

from __future__ import annotations

import pytest

from egress_proxy.scan.assignments import looks_random
from egress_proxy.scan.canaries import CANARIES
from egress_proxy.scan.engine import TextScanner
from egress_proxy.scan.own import own_rules

MIXED = "Qw7Zr2Lk9Xv4Tn8Bm3Hs6Jd1Fp5Gc0Yu"
HEX = "4f9d8c2ab17e6035"

# What looks alike and is none: too short, another alphabet, the end of a longer word, a placeholder.
NEAR_MISSES: dict[str, tuple[str, ...]] = {
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
    ),
    "secret-key-token": ("sk-" + MIXED[:20], "risk-" + MIXED * 2, "sk-learn-compatible-estimators-in-general"),
    "sendinblue-key": ("xkey" + "sib-" + HEX,),
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


def test_every_row_has_a_canary_and_a_near_miss() -> None:
    names = {rule.detector for rule in own_rules()}
    assert names == set(NEAR_MISSES)
    assert names <= {canary.detector for canary in CANARIES}


@pytest.mark.parametrize(
    ("detector", "text"), [(detector, text) for detector, texts in NEAR_MISSES.items() for text in texts]
)
def test_a_near_miss_is_none(scanner: TextScanner, detector: str, text: str) -> None:
    assert detector not in {found.detector for found in scanner.scan([text]).findings}


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
