"""Private keys and sealed files as blocks, wallets, and tokens that are made of several parts."""

from __future__ import annotations

from egress_proxy.scan.blocks import private_keys
from egress_proxy.scan.patterns import Pattern
from egress_proxy.scan.prefilter import expression
from egress_proxy.scan.rule import Rule, Scope
from egress_proxy.scan.tokens import Token

TOKENS = (
    # Encrypted by a key that both sides share: of five parts, the second is empty (RFC 7516, 7.1; `dir`).
    Token("json-web-encryption", "eyJ{w10-600}..{s40}"),
    Token("macaroon", "MDA{A2}2xvY2F0aW9u{w40}"),
    Token("nostr-key", "nsec1{a58}"),
    Token("paseto-token", "v(1|2|3|4).(local|public).{w60}"),
    Token("wallet-key", "(x|y|z|t|u|v)prv{A100}"),
)

# What detect-secrets' own list of headers does not have.
_HEADERS = r"BEGIN (?:ENCRYPTED|ED25519|X25519|ED448|SM2) PRIVATE KEY|PuTTY-User-Key-File-3"

PATTERNS = (
    # .NET's way to write an RSA key.
    Pattern("private-key", r"<(?:D|P|Q|DP|DQ|InverseQ)>(?P<s>[0-9A-Za-z+/]{40,2000}+={0,2})</", caseless=False),
    # As Hardhat and Foundry are given whom to sign for.
    Pattern("wallet-key", r"\baccounts[\"']?[ \t]*+[:=][ \t]*+\[[ \t]*+[\"'](?P<s>(?:0x)?[0-9a-f]{64})[\"']"),
    Pattern(
        "ansible-vault",
        r"\$ANSIBLE_VAULT;[0-9.]{3,5};AES256[^\n]{0,80}+\n[ \t]*+(?P<s>[0-9a-f]{8,120}+(?>\r?\n[ \t]*+"
        r"[0-9a-f]{8,120}+)*+)",
        scope=Scope.TEXT,
        prefilter=r"\$ANSIBLE_VAULT;[0-9.]{3,5};AES256",
    ),
    Pattern(
        "static-key",
        r"BEGIN OpenVPN (?:Static|tls-crypt[\w-]{0,10}) key[^\n]{0,20}+"
        r"(?:\\r)?(?:\\n|\n)[ \t]*+(?P<s>[0-9a-f]{16,64}+(?>(?:\\r)?(?:\\n|\r?\n)[ \t]*+[0-9a-f]{16,64}+)*+)",
        scope=Scope.TEXT,
        prefilter=r"BEGIN OpenVPN (?:Static|tls-crypt[\w-]{0,10}) key",
    ),
    Pattern(
        "wallet-key",
        r"(?:wallet|privatekeytoaccount|private_key_to_account|from_?private_?key|importrawkey|account\.from_key)"
        r"\([ \t]*+[\"'`]?(?:0x)?(?P<s>[0-9a-f]{64})(?![0-9a-f])",
    ),
    Pattern(
        "wallet-key",
        r"(?:secret|private|network|encryption|aes|master)[ _-]?key[\"'`*]{0,3}[ \t]*+[:=][ \t]*+"
        r"(?P<s>\[[ \t]*+(?>\d{1,3},[ \t]?){15,63}+\d{1,3}[ \t]*+\])",
        prefilter=r"(?:secret|private|network|encryption|aes|master)[ _-]?key[\"'`*]{0,3}[ \t]*[:=][ \t]*\["
        r"[ \t]*\d{1,3},",
        named=True,
    ),
)
RULES = (Rule("private-key", expression(f"(?:{_HEADERS})"), private_keys(_HEADERS), scope=Scope.TEXT),)
