"""Credentials in HTTP headers, and in what looks like one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress_proxy.scan.patterns import Pattern
from egress_proxy.scan.rule import Rule, Span
from egress_proxy.scan.values import concrete, looks_random

_SIGN = r"[\\\"'`*]{0,3}[ \t]*+[:=,|][ \t*]*+[\\\"'`]{0,2}"
_CHARS = r"[0-9A-Za-z._~+/=|:-]"

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def _of_session(value: str) -> bool:
    return looks_random(value) and _UUID.fullmatch(value) is None


PATTERNS = (
    Pattern(
        "authorization-header",
        rf"authorization{_SIGN}(?:bearer|basic|token|apikey|api-key|digest|key|negotiate|ssws|genie[_-]?key|bot|jwt)"
        rf"(?:[ \t]++|%20)(?:token=|key=)?[\"']?(?P<s>{_CHARS}{{8,}}+)",
        concrete,
        named=True,
    ),
    # As servers are told to add it, between quotes.
    Pattern(
        "authorization-header",
        rf"authorization[ \t]++[\"'](?:basic|bearer)[ \t]++(?P<s>{_CHARS}{{8,}}+)[\"']",
        concrete,
    ),
    Pattern("authorization-header", rf"authorization{_SIGN}(?P<s>{_CHARS}{{16,}}+)", concrete, named=True),
    Pattern(
        "authorization-header",
        r"\baws4-hmac-sha256[ \t][^\n]{0,400}?\bsignature=(?P<s>[0-9a-f]{64})",
        prefilter=r"signature=[0-9a-f]{64}",
    ),
    Pattern(
        "authorization-header",
        r"\boauth_(?:token|token_secret|signature|consumer_secret|verifier)=\"(?P<s>[^\"\s]{16,300}+)\"",
        concrete,
        named=True,
    ),
    Pattern(
        "saml-response", r"SAMLResponse[\"']?(?:[ \t]*+[:=]|[ \t]++value=)[ \t]*+[\"']?(?P<s>[0-9A-Za-z+/%=_-]{100,}+)"
    ),
    Pattern(
        "digest-response",
        r"\bdigest [^\n]{0,400}?\bresponse=\"?(?P<s>[0-9a-f]{32,64})",
        prefilter=r"response=\"?[0-9a-f]{32}",
    ),
    Pattern(
        "twitter-token",
        r"(?<![0-9A-Za-z+/])(?P<s>A{20,24}[0-9A-Za-z]{4,12}A{4,9}[0-9A-Za-z%]{10,60}%3D[0-9A-Za-z]{30,}+)",
        caseless=False,
    ),
    Pattern("bearer-token", rf"(?<![\w-])bearer[ \t]++[\"'`]?(?P<s>{_CHARS}{{16,}}+)", concrete),
    Pattern(
        "api-key-header",
        r"(?:x-(?:[a-z]{2,12}-){0,3}(?:key|token|secret|auth|authorization|signature-key|password)|api-key|apikey|private-token"
        r"|job-token|deploy-token|dd-api-key|dd-application-key|circle-token|ocp-apim-subscription-key|proxy-authorization"
        rf"|cf-access-client-secret|xi-api-key){_SIGN}(?P<s>{_CHARS}{{12,}}+)",
        concrete,
        named=True,
    ),
    # In a sentence: what only names a session, in a log, has no `your` before it.
    Pattern(
        "session-cookie",
        r"\b(?:your|the|my|his|her|their|our)[ ](?:[a-z]{1,12}[ ]){0,2}session[ _-]?(?:id|cookie|key|value)[ ]"
        r"(?:is|was)[ :`\"']{1,3}"
        r"(?P<s>(?!ses_)[0-9A-Za-z%._~+/-]{20,200}+(?<!\.))",
        _of_session,
        prefilter=r"session[ _-]?(?:id|cookie|key|value)[ ](?:is|was)[ :`\"']{1,3}[0-9A-Za-z]",
        strong=False,
    ),
    Pattern(
        "session-cookie",
        r"(?:\b|_)(?:session(?:[_-]?id|[_-]?token)?|sessid|phpsessid|jsessionid|connect\.sid|sid|auth[_-]?token|remember[_-]?token"
        r"|csrf[_-]?token|xsrf-token|access[_-]?token|refresh[_-]?token)=(?P<s>[^\s;,&\"'<>`)]{16,}+)",
        concrete,
    ),
)

_COOKIES = re.compile(
    r"(?<![0-9A-Za-z])(?:set-)?cookies?[\"']?[ \t]*+[:=][ \t]*+[\"']?(?=[^\s=;\"']{1,60}+=)", re.IGNORECASE
)
_COOKIE = re.compile(r"[^\s=;\"']{1,60}+=([^\s;,\"']*+);?[ \t]*+")
_MOST_COOKIES = 50


def _cookies(line: str) -> Iterator[Span]:
    """The random values of a `Cookie` or `Set-Cookie` header."""
    position = 0
    for header in _COOKIES.finditer(line):
        if header.end() < position:  # amid the cookies of the one before, which were looked at
            continue
        position = header.end()
        for _ in range(_MOST_COOKIES):
            cookie = _COOKIE.match(line, position)
            if cookie is None:
                break
            if len(cookie[1]) >= 16 and concrete(cookie[1]):  # noqa: PLR2004  shorter ones are settings
                yield cookie.span(1)
            position = cookie.end()


_A_COOKIE = 400  # what judging one costs, in characters


RULES = (
    Rule(
        "cookie-value",
        r"cookies?[\"']?[ \t]*[:=][ \t]*[\"']?[^\s=;\"']{1,60}=",
        _cookies,
        caseless=True,
        cost=lambda line: _A_COOKIE * line.count("="),
    ),
)
