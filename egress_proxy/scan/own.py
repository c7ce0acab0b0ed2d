"""Patterns of our own: what detect-secrets 1.5.0 does not cover, or not as people write it.

One row a kind. A row's expression matches nothing beyond its line, is linear, and its group `s` (or the whole match) is
the secret. `tests/scan/test_own.py` holds true and near-miss examples for every row.
"""

from __future__ import annotations

import re

from egress_proxy.scan.assignments import assigned, looks_random
from egress_proxy.scan.prefilter import expression
from egress_proxy.scan.rule import Check, Rule, spans_of

# Prefixed tokens: the prefix is part of the secret, and must not be the end of a longer word.
_PREFIXED: tuple[tuple[str, str], ...] = (
    ("age-secret-key", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    ("anthropic-api-key", r"sk-ant-[0-9A-Za-z_-]{20,}+"),
    ("atlassian-token", r"ATATT3[0-9A-Za-z_=-]{40,}+"),
    ("cargo-token", r"cio[0-9A-Za-z]{32}(?![0-9A-Za-z])"),
    ("databricks-token", r"dapi[0-9a-f]{32}(?:-\d)?"),
    ("digitalocean-token", r"do[opr]_v1_[0-9a-f]{64}"),
    ("docker-token", r"dckr_(?:pat|oat)_[0-9A-Za-z_-]{27,}+"),
    ("github-fine-grained-token", r"github_pat_[0-9A-Za-z_]{36,}+"),
    ("gitlab-token-routable", r"gl(?:pat|dt|ft|soat|rt|cbt|imt|ptt|agent|ffct|wt)-[0-9A-Za-z_.-]{19,}[0-9A-Za-z_-]"),
    ("google-api-key", r"AIza[0-9A-Za-z_-]{35,}+"),
    ("google-oauth-secret", r"GOCSPX-[0-9A-Za-z_-]{24,}+"),
    ("google-oauth-token", r"ya29\.[0-9A-Za-z_-]{20,}+"),
    ("grafana-token", r"gl(?:sa|c)_[0-9A-Za-z+/_]{32,}+=*+"),
    ("groq-api-key", r"gsk_[0-9A-Za-z]{40,}+"),
    ("hashicorp-token", r"(?:hv[sbr]\.[0-9A-Za-z_-]{24,}+|[0-9A-Za-z]{14}\.atlasv1\.[0-9A-Za-z_=-]{60,}+)"),
    ("huggingface-token", r"(?:hf|api_org)_[A-Za-z]{34,}+"),
    ("linear-token", r"lin_(?:api|oauth)_[0-9A-Za-z]{40,}+"),
    ("new-relic-key", r"NRAK-[0-9A-Z]{27}"),
    ("notion-token", r"ntn_[0-9A-Za-z]{40,}+"),
    ("npm-token", r"npm_[0-9A-Za-z]{36,}+"),
    ("openai-api-key", r"sk-(?:proj|svcacct|admin|None)-[0-9A-Za-z_-]{20,}+"),
    ("perplexity-api-key", r"pplx-[0-9A-Za-z]{40,}+"),
    ("pulumi-token", r"pul-[0-9a-f]{40}"),
    ("pypi-upload-token", r"pypi-AgE[0-9A-Za-z_-]{50,}+"),
    ("replicate-token", r"r8_[0-9A-Za-z]{37,}+"),
    ("rubygems-token", r"rubygems_[0-9a-f]{48}"),
    ("secret-key-token", r"sk-(?:or-v1-)?[0-9A-Za-z]{32,}+"),
    ("sendinblue-key", r"xkeysib-[0-9a-f]{64}-[0-9A-Za-z]{16}"),
    ("shopify-token", r"shp(?:at|ca|pa|ss)_[0-9A-Fa-f]{32}"),
    ("slack-app-token", r"xapp-\d-[0-9A-Za-z]+-\d+-[0-9A-Za-z]{20,}+"),
    ("slack-any-token", r"xox[a-z](?:\.xox[a-z])?-[0-9A-Za-z-]{10,}+"),
    ("square-access-token", r"(?:EAAA[0-9A-Za-z_-]{60}|sq0atp-[0-9A-Za-z_-]{22,}+)"),
    ("stripe-any-key", r"(?:[rs]k_(?:live|test)|whsec)_[0-9A-Za-z]{24,}+"),
    ("supabase-token", r"sb(?:p|_secret)_[0-9A-Za-z_]{30,}+"),
    ("vercel-token", r"vc[pirka]_[0-9A-Za-z]{24,}+"),
    ("xai-api-key", r"xai-[0-9A-Za-z]{60,}+"),
)

_PLACEHOLDER = re.compile(r"[*x.X]+|\[.*|\$.*|\{.*|%.*|redacted", re.IGNORECASE)


def not_placeholder(value: str) -> bool:
    """Whether a password in a URL is one, and not a template, a mask or our own placeholder."""
    return _PLACEHOLDER.fullmatch(value) is None


# (detector, expression, without regard to case, check of the secret's text)
_IN_CONTEXT: tuple[tuple[str, str, bool, Check | None], ...] = (
    ("url-password", r"://[^\s/?#:@\"'<>`]*+:(?P<s>[^\s/?#\"'<>`]+)@(?=[\w\[])", False, not_placeholder),
    (
        "aws-secret-key",
        (
            r"secret_?(?:access_?)?key[\"'\]]{0,2}[ \t]*+(?:=>|:=|[:=])[ \t]*+[\"']?"
            r"(?P<s>[0-9A-Za-z/+]{40}(?![0-9A-Za-z/+=]))"
        ),
        True,
        looks_random,
    ),
    (
        "authorization-header",
        (
            r"authorization[\"']?[ \t]*+[:=,][ \t]*+[\"']?(?:bearer|basic|token|apikey|digest)[ \t]++"
            r"(?P<s>[0-9A-Za-z._~+/=-]{8,}+)"
        ),
        True,
        looks_random,
    ),
    ("bearer-token", r"(?<![\w-])bearer[ \t]++(?P<s>[0-9A-Za-z._~+/=-]{16,}+)", True, looks_random),
    (
        "api-key-header",
        (
            r"x-(?:api-key|auth-token|access-token|gitlab-token|vault-token)[\"']?[ \t]*+[:=,][ \t]*+[\"']?"
            r"(?P<s>[0-9A-Za-z._~+/=-]{12,}+)"
        ),
        True,
        looks_random,
    ),
    (
        "slack-workflow-webhook",
        r"hooks\.slack\.com/(?:workflows|triggers)/(?P<s>[0-9A-Za-z_/-]{20,}+)",
        True,
        None,
    ),
    (
        "discord-webhook",
        r"discord(?:app)?\.com/api/webhooks/\d{15,21}/(?P<s>[0-9A-Za-z_-]{60,}+)",
        True,
        None,
    ),
    ("azure-sas-signature", r"[?&]sig=(?P<s>[0-9A-Za-z%+/=]{40,}+)", True, None),
    (
        "query-credential",
        r"[?&](?:access_token|api_?key|auth_token|token|client_secret|password|secret)=(?P<s>[0-9A-Za-z._~%+/=-]{8,}+)",
        True,
        looks_random,
    ),
)


def own_rules() -> tuple[Rule, ...]:
    """The rules of this table and the unquoted assignments."""
    prefixed = (
        Rule(
            detector,
            expression(pattern),
            spans_of(re.compile(rf"(?<![0-9A-Za-z])(?:{pattern})")),
        )
        for detector, pattern in _PREFIXED
    )
    in_context = (
        Rule(
            detector,
            expression(pattern).replace("?P<s>", "?:"),
            spans_of(re.compile(pattern, re.IGNORECASE if caseless else 0), 1, check),
            caseless=caseless,
        )
        for detector, pattern, caseless, check in _IN_CONTEXT
    )
    return (*prefixed, *in_context, *assigned())
