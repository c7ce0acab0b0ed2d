"""Credentials in URLs: user information, parameters, signed links, webhooks with a token in the path."""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress_proxy.scan.patterns import Pattern
from egress_proxy.scan.rule import Rule, Span
from egress_proxy.scan.values import concrete, looks_random, not_placeholder

_PARAMETERS = (
    r"access_?token|api_?key|apikey|auth_?token|auth|token|client_?secret|password|passwd|pwd|pass|secret|id_?token"
    r"|refresh_?token|private_?key|app_?key|appid|subscription-key|session_?token|session|jwt|code|otp|signature|sign|hash_?key"
    r"|key|api_?token|tkn|ticket|magic|invite|reset_?token|confirmation_?token|sas|se?cret_?key|hmac|x-goog-signature"
)
_HOOKS = (
    r"hooks\.slack\.com/(?:workflows|triggers|services)/(?P<s>[0-9A-Za-z_/-]{20,}+)",
    r"discord(?:app)?\.com/api/(?:v\d{1,2}/)?webhooks/\d{15,21}/(?P<s1>[0-9A-Za-z_-]{40,}+)",
    r"webhook\.office\.com/webhookb?2?/(?P<s2>[0-9A-Za-z@-]{36,}+/IncomingWebhook/[0-9A-Za-z/_-]{32,}+)",
    r"hooks\.zapier\.com/hooks/catch/(?P<s3>\d{4,12}/[0-9A-Za-z]{5,}+)",
    r"maker\.ifttt\.com/trigger/[^\s/]{1,60}+/(?:json/)?with/key/(?P<s4>[0-9A-Za-z_-]{10,}+)",
    r"hook\.(?:[a-z0-9]{2,4}\.)?(?:make|integromat)\.com/(?P<s5>[0-9a-z]{20,}+)",
    r"api\.telegram\.org/(?:file/)?bot(?P<s6>\d{6,12}:[0-9A-Za-z_-]{30,}+)",
    r"calendar\.google\.com/calendar/ical/[^\s/\"']{1,200}+/private-(?P<s8>[0-9a-f]{32})",
    r"://(?P<s9>eo[0-9a-z]{12,18})\.m\.pipedream\.net",
    r"logic\.azure\.com[^\s\"']{0,200}?[?&]sig=(?P<s7>[0-9A-Za-z_%+/=-]{20,}+)",
)

PATTERNS = (
    Pattern(
        "url-password",
        r"://[^\s/?#:@\"'<>`]*+:(?!\d{1,5}[?#])(?P<s>[^\s/\"'<>`]{2,})@(?=[\w\[])",
        not_placeholder,
        caseless=False,
    ),
    Pattern("url-token", r"https?://(?P<s>[0-9A-Za-z_.~%-]{20,}+)@(?=[\w\[])", looks_random),
    Pattern("slack-workflow-webhook", _HOOKS[0]),
    Pattern("discord-webhook", _HOOKS[1]),
    *(Pattern("webhook-token", hook) for hook in _HOOKS[2:]),
    Pattern("azure-sas-signature", r"[?&;]sig=(?P<s>[0-9A-Za-z%+/=]{40,}+)"),
    Pattern(
        "presigned-url",
        r"[?&;]x-(?:amz|goog|oss|cos)-(?:signature|security-token|credential)=(?P<s>[0-9A-Za-z%+/=_.-]{32,}+)",
        looks_random,
    ),
    Pattern("presigned-url", r"[?&](?:signature|sign|sig|hmac|policy)=(?P<s>[0-9A-Za-z%+/=_.~-]{24,}+)", looks_random),
    Pattern(
        "query-credential",
        rf"[?&#;](?:amp;)?(?:[a-z]{{2,12}}[_-])?(?:{_PARAMETERS})=(?P<s>[0-9A-Za-z._~%+/=:!*-]{{8,}}+)",
        concrete,
    ),
)

_URL = re.compile(r"://([^\s\"'<>`\\]{1,500}+)")
_TOKEN_IN_PATH = re.compile(
    r"hook|/bot|callback|trigger|invite|reset|verify|magic|confirm|unsubscribe|activate|/token|/share|/join|ingest|collector|/t(?=/)",
    re.IGNORECASE,
)
_SEGMENT = re.compile(r"(?<=/)[0-9A-Za-z_.~-]{16,}+(?![^/?#),.;\]}])")
_SLUG, _WORD = 4, 4  # parts, and letters of a word
_HEXES = re.compile(r"[0-9a-f-]+")
_SHORT_HEX = re.compile(r"[0-9a-f]{1,31}|[0-9a-f]{40}|[0-9a-f]{64}")


def _slug(value: str) -> bool:
    """Whether it is a title, as pages are addressed by: `0-76-0-i18n-gone-wrong`."""
    parts = value.split("-")
    wordy = sum(part.isalpha() and len(part) >= _WORD for part in parts)
    return len(parts) >= _SLUG and wordy >= 2 and value.islower() and not _HEXES.fullmatch(value)  # noqa: PLR2004


def _in_paths(line: str) -> Iterator[Span]:
    """The random parts of the paths of URLs that give something to whoever has them."""
    for url in _URL.finditer(line):
        if cue := _TOKEN_IN_PATH.search(url[1]):
            for segment in _SEGMENT.finditer(line, url.start(1) + cue.start(), url.end(1)):
                value = segment[0].rstrip(".")
                if looks_random(value) and "." not in value and not (_SHORT_HEX.fullmatch(value) or _slug(value)):
                    yield segment.start(), segment.start() + len(value)


RULES = (
    Rule(
        "token-in-path",
        r"://[^\s\"'<>`\\]*(?:hook|/bot|callback|trigger|invite|reset|verify|magic|confirm|unsubscribe|activate|/token|/share|/join"
        r"|ingest|collector|/t)[^\s\"'<>`\\]*/[0-9A-Za-z_.~-]{16}",
        _in_paths,
        caseless=True,
    ),
)
