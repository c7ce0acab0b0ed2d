"""Tokens of chat, telephony, mail and social networks."""

from __future__ import annotations

from egress_proxy.scan.tokens import Token

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
