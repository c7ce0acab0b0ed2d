"""A canary for every detector: a text that it must find, whole, before the proxy starts.

Put together from pieces so that no file of ours holds anything with the form of a secret.
"""

from __future__ import annotations

from msgspec import Struct

_DIGITS = "4f9d8c2ab17e6035"
_MIXED = "Qw7Zr2Lk9Xv4Tn8Bm3Hs6Jd1Fp5Gc0YaKe"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LONG = _MIXED * 4


class Canary(Struct, frozen=True):
    """The text is before + secret + after; the detector must report exactly the secret."""

    detector: str
    secret: str
    before: str = ""
    after: str = ""

    @property
    def text(self) -> str:
        return self.before + self.secret + self.after


def _jwt() -> str:
    header, payload = "eyJ" + "hbGciOiJIUzI1NiJ9", "eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0"
    return f"{header}.{payload}.{_MIXED}"


def _block(kind: str) -> str:
    return f"-----BEGIN {kind}-----\n{_LONG}\n-----END {kind}-----"


CANARIES: tuple[Canary, ...] = (
    Canary("artifactory-credentials", "AKC" + _MIXED[:20], "key ", " end"),
    Canary("artifactory-credentials", "AP3" + _MIXED[:20], "key ", " end"),
    Canary("aws-access-key", "AK" + "IA" + "Q7Z2L9X4T8B3H6J1", "id ", "."),
    Canary("aws-access-key", (_LONG)[:40], "aws_secret_key = '", "'"),
    Canary("azure-storage-account-access-key", _LONG[:86] + "==", "AccountKey=", ";"),
    Canary("base64-high-entropy-string", _MIXED + "+/zI", '"', '"'),
    Canary("basic-auth-credentials", _MIXED[:10], "https://user:", "@host/"),
    Canary("cloudant-credentials", _DIGITS * 4, "cloudant_password=", " end"),
    Canary("cloudant-credentials", _LETTERS[:24], "cloudant_password=", " end"),
    Canary("cloudant-credentials", _DIGITS * 4, "https://acct:", "@acct.cloudant.com"),
    Canary("cloudant-credentials", _LETTERS[:24], "https://acct:", "@acct.cloudant.com"),
    Canary("discord-bot-token", "M" + _LONG[:23] + "." + _MIXED[:6] + "." + _LONG[:27], "bot ", " end"),
    Canary("github-token", "gh" + "p_" + _LONG[:36], "token ", "."),
    Canary("gitlab-token", "gl" + "pat-" + _MIXED[:20], "token ", " end"),
    Canary("gitlab-token", "GR" + "1348941" + _MIXED[:20], "token ", " end"),
    Canary("gitlab-token", "gl" + "cbt-4f_" + _MIXED[:20], "token ", " end"),
    Canary("gitlab-token", "gl" + "imt-" + _MIXED[:25], "token ", " end"),
    Canary("gitlab-token", "gl" + "ptt-" + _LONG[:40], "token ", " end"),
    Canary("gitlab-token", "gl" + "agent-" + _LONG[:50], "token ", " end"),
    Canary("gitlab-token", "gl" + "oas-" + _LONG[:64], "token ", " end"),
    Canary("hex-high-entropy-string", _DIGITS * 2, "'", "'"),
    Canary("ibm-cloud-iam-key", _LONG[:44], "ibm_cloud_iam_key: ", " end"),
    Canary("ibm-cos-hmac-credentials", _DIGITS * 3, "cos_secret_access_key = ", " end"),
    Canary("json-web-token", _jwt(), "jwt ", ", end"),
    Canary("mailchimp-access-key", _DIGITS * 2 + "-us12", "key ", " end"),
    Canary("npm-tokens", "np" + "m_" + _LONG[:36], "//registry.example/:_authToken=", " end"),
    Canary("openai-token", "sk-" + _LONG[:20] + "T3Blbk" + "FJ" + _LONG[:20], "key ", "."),
    *(
        Canary("private-key", _block(kind), "key:\n", "\nend")
        for kind in (
            "DSA PRIVATE KEY",
            "EC PRIVATE KEY",
            "OPENSSH PRIVATE KEY",
            "PGP PRIVATE KEY BLOCK",
            "PRIVATE KEY",
            "RSA PRIVATE KEY",
            "SSH2 ENCRYPTED PRIVATE KEY",
        )
    ),
    Canary("private-key", "PuTTY-User-Key-File-2: ssh-rsa\n" + _LONG + "\nPrivate-MAC: " + _DIGITS, "key:\n", "\nend"),
    Canary("pypi-token", "pypi-" + "AgEIcHlwaS5vcmc" + _LONG[:80], "key ", " end"),
    Canary("pypi-token", "pypi-" + "AgENdGVzdC5weXBpLm9yZw" + _LONG[:80], "key ", " end"),
    Canary("secret-keyword", "hunter2", 'password: "', '"'),
    Canary("secret-keyword", "hunter2", "contraseña = `", "`"),
    Canary("secret-keyword", "hunter2", "if ('", "' == db_pass)"),
    Canary("sendgrid-api-key", "SG" + "." + _LONG[:22] + "." + _LONG[:43], "key ", " end"),
    Canary("slack-token", "xox" + "b-1234567890-1234567890-" + _MIXED[:24], "key ", " end"),
    Canary(
        "slack-token", "https://hooks.slack" + ".com/services/T" + _MIXED[:8] + "/B" + _MIXED[:8] + "/" + _MIXED[:24]
    ),
    Canary("softlayer-credentials", _DIGITS * 4, "softlayer_api_key: ", " end"),
    Canary("softlayer-credentials", _DIGITS * 4, "https://api.softlayer.com/soap/v3/", " end"),
    Canary("square-oauth-secret", "sq0" + "csp-" + _LONG[:43], "key ", " end"),
    Canary("stripe-access-key", "sk_" + "live_" + _MIXED[:24], "key ", " end"),
    Canary("telegram-bot-token", "110201543" + ":" + _LONG[:35], "bot ", " end"),
    Canary("twilio-api-key", "AC" + _DIGITS * 2, "sid ", " end"),
    Canary("twilio-api-key", "SK" + _DIGITS * 2, "sid ", " end"),
    # our own
    Canary("age-secret-key", "AGE-SECRET" + "-KEY-1" + _LONG.upper()[:58], "", " end"),
    Canary("anthropic-api-key", "sk-" + "ant-api03-" + _LONG[:90], "key ", "."),
    Canary("api-key-header", _MIXED[:24], "X-Api-Key: "),
    Canary("atlassian-token", "ATA" + "TT3" + _LONG[:60], "key ", " end"),
    Canary("authorization-header", _MIXED[:24], "Authorization: Basic "),
    Canary("aws-secret-key", (_LONG)[:40], '"SecretAccessKey": "', '"'),
    Canary("azure-sas-signature", _LONG[:44], "https://a.blob.core.windows.net/c?sv=1&sig=", " end"),
    Canary("bearer-token", _MIXED[:24], "use Bearer ", " now"),
    Canary("cargo-token", "ci" + "o" + _MIXED[:32], "key ", " end"),
    Canary("databricks-token", "da" + "pi" + _DIGITS * 2, "key ", " end"),
    Canary("digitalocean-token", "do" + "p_v1_" + _DIGITS * 4, "key ", " end"),
    Canary("discord-webhook", _LONG[:68], "https://discord" + ".com/api/webhooks/123456789012345678/", " end"),
    Canary("docker-token", "dckr" + "_pat_" + _LONG[:27], "key ", " end"),
    Canary("github-fine-grained-token", "github" + "_pat_" + _LONG[:82], "key ", "."),
    Canary("gitlab-token-routable", "gl" + "pat-" + _LONG[:27] + ".01." + _MIXED[:9].lower(), "key ", ". End"),
    Canary("google-api-key", "AI" + "za" + _LONG[:35], "key ", "."),
    Canary("google-oauth-secret", "GOC" + "SPX-" + _LONG[:28], "key ", "."),
    Canary("google-oauth-token", "ya" + "29." + _LONG[:60], "key ", " end"),
    Canary("grafana-token", "gl" + "sa_" + _LONG[:32] + "_4f9d8c2a", "key ", " end"),
    Canary("groq-api-key", "gs" + "k_" + _LONG[:52], "key ", " end"),
    Canary("hashicorp-token", "hv" + "s." + _LONG[:90], "key ", " end"),
    Canary("huggingface-token", "h" + "f_" + (_LETTERS * 2)[:34], "key ", " end"),
    Canary("linear-token", "lin" + "_api_" + _LONG[:40], "key ", " end"),
    Canary("new-relic-key", "NR" + "AK-" + _LONG.upper()[:27], "key ", " end"),
    Canary("notion-token", "nt" + "n_" + _LONG[:46], "key ", " end"),
    Canary("npm-token", "np" + "m_" + _LONG[:36], "key ", "."),
    Canary("openai-api-key", "sk-" + "proj-" + _LONG[:80], "key ", "."),
    Canary("perplexity-api-key", "pp" + "lx-" + _LONG[:48], "key ", " end"),
    Canary("pulumi-token", "pu" + "l-" + (_DIGITS * 3)[:40], "key ", " end"),
    Canary("pypi-upload-token", "py" + "pi-AgE" + _LONG[:80], "key ", " end"),
    Canary("query-credential", _MIXED[:24], "https://host/p?access_token=", "&x=1"),
    Canary("replicate-token", "r" + "8_" + _LONG[:37], "key ", " end"),
    Canary("rubygems-token", "ruby" + "gems_" + _DIGITS * 3, "key ", " end"),
    Canary("secret-assignment", "hunter2", "DB_PASSWORD="),
    Canary("secret-assignment", _MIXED[:16], "  access_token: ", "  # of the bot"),
    Canary("secret-key-token", "sk-" + _LONG[:48], "key ", " end"),
    Canary("sendinblue-key", "xkey" + "sib-" + _DIGITS * 4 + "-" + _MIXED[:16], "key ", " end"),
    Canary("shopify-token", "shp" + "at_" + _DIGITS * 2, "key ", " end"),
    Canary("slack-any-token", "xox" + "e.xoxp-1-" + _LONG[:60], "key ", " end"),
    Canary("slack-app-token", "xa" + "pp-1-A0" + _MIXED[:8].upper() + "-1234567890123-" + _DIGITS * 4, "key ", " end"),
    Canary("slack-workflow-webhook", "T0" + _LONG[:60], "https://hooks.slack" + ".com/workflows/", " end"),
    Canary("square-access-token", "sq0" + "atp-" + _LONG[:22], "key ", " end"),
    Canary("stripe-any-key", "sk_" + "live_" + _LONG[:99], "key ", " end"),
    Canary("supabase-token", "sb" + "p_" + _LONG[:40], "key ", " end"),
    Canary("url-password", "p@ss$w0rd!", "postgres://app:", "@db.internal/prod"),
    Canary("vercel-token", "vc" + "p_" + _LONG[:24], "key ", " end"),
    Canary("xai-api-key", "xa" + "i-" + _LONG[:80], "key ", " end"),
)
