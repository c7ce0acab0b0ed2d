"""A canary for every detector: a text that it must find, whole, before the proxy starts.

Put together from pieces so that no file of ours holds anything with the form of a secret.
"""

from __future__ import annotations

from egress_proxy.scan.canary import DIGITS as _DIGITS
from egress_proxy.scan.canary import LETTERS as _LETTERS
from egress_proxy.scan.canary import LONG as _LONG
from egress_proxy.scan.canary import MIXED as _MIXED
from egress_proxy.scan.canary import Canary
from egress_proxy.scan.own.canaries import own_canaries

__all__ = ["CANARIES", "Canary"]


def _jwt() -> str:
    header, payload = "eyJ" + "hbGciOiJIUzI1NiJ9", "eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0"
    return f"{header}.{payload}.{_MIXED}"


def _block(kind: str) -> str:
    return f"-----BEGIN {kind}-----\n{_LONG}\n-----END {kind}-----"


_OF_PLUGINS: tuple[Canary, ...] = (
    Canary("artifactory-credentials", "AKC" + _MIXED[:20], "key ", " end"),
    Canary("artifactory-credentials", "AP3" + _MIXED[:20], "key ", " end"),
    Canary("aws-access-key", "AK" + "IA" + "Q7Z2L9X4T8B3H6J1", "id ", "."),
    Canary("aws-access-key", (_LONG)[:40], "aws_secret_key = '", "'"),
    Canary("azure-storage-account-access-key", _LONG[:86] + "==", "AccountKey=", ";"),
    Canary("base64-high-entropy-string", _MIXED + "+/zI", 'secret("', '")'),
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
    Canary("hex-high-entropy-string", _DIGITS * 2, "token: '", "'"),
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
)

CANARIES: tuple[Canary, ...] = (*_OF_PLUGINS, *own_canaries())
