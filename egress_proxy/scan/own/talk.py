"""Tokens of chat, telephony, mail and social networks."""

from __future__ import annotations

from egress_proxy.scan.patterns import Pattern
from egress_proxy.scan.random_text import masked, random_score
from egress_proxy.scan.tokens import Token

_RANDOM = 0.4


def _app_secret(value: str) -> bool:
    secret = value.partition("|")[2]
    return random_score(secret) >= _RANDOM and not masked(secret)


PATTERNS = (
    # An app's token is its number and its secret with a bar between: of these, shapes have another use.
    Pattern(
        "facebook-token",
        r"(?<![\w|])(?P<s>\d{15,16}\|[0-9A-Za-z_-]{25,40})(?![\w|-])",
        _app_secret,
        caseless=False,
        prefilter=r"\d\|[0-9A-Za-z_-]{25}",
    ),
)
TOKENS = (
    Token("brevo-key", "x(keysib|smtpsib)-{h64}-{A16}"),
    Token("courier-key", "pk_(prod|test)_{U28}"),
    Token("facebook-token", "EAA{A80}"),
    Token("facebook-token", "EAACEdEose0cBA{A10}"),
    Token("instagram-token", "IGQ(V|W){w80}"),
    Token("linkedin-secret", "WPL_AP1.{s10}"),
    Token("mailersend-key", "mlsn.{h64}"),
    Token("mailgun-key", "(key|pubkey)-{h32}"),
    Token("mandrill-key", "md-{w22}", weak=True),
    Token("matrix-token", "(syt|mat|mct)_{s4-60}_{A20}_{A6}"),
    Token("onesignal-key", "os_v2_(app|org)_{a40}"),
    Token("resend-key", "re_{W24}", weak=True),
    Token("sendgrid-key", "SG.{w16-32}.{w32}"),
    Token("slack-any-token", "xox(a|b|c|d|e|o|p|r|s|v)(|.xoxp|.xoxb)-{w10}"),
    Token("slack-app-token", "xapp-{d1}-{A8-14}-{d8-16}-{A20}"),
    Token("slack-any-token", "xwfp-{w10-60}"),
    Token("telegram-token", "{d8-10}:A{w33}"),
    Token("tiktok-token", "act.{A40}", weak=True),
    Token("twilio-key", "SK{h32}"),
)
