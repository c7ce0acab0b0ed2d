"""Passwords of network devices: what their configurations hold, in the clear or in a form that can be undone."""

from __future__ import annotations

import re

from egress_proxy.scan.own.shell import likely
from egress_proxy.scan.patterns import Pattern
from egress_proxy.scan.prose import bare_password
from egress_proxy.scan.random_text import words
from egress_proxy.scan.values import mixed, not_placeholder

_COMMON = {"public", "private", "none", "optional", "required"}
_SHORTEST = 8
_SAID = words(
    """
    which that this allowed field fields value values setting settings option options parameter access authentication
    support for from with into used using must should when where cannot configured default
    """
)
_NUMBER = re.compile(r"(?i:no)\.?\d+|\?[A-Z][a-z]+")


def _given(value: str) -> bool:
    return not_placeholder(value) and value.lower() not in _COMMON


def _of_community(value: str) -> bool:
    """No word that goes on a sentence, `the SNMP community which …`."""
    return _given(value) and value.lower().strip(".,;:)") not in _SAID


def _bare_community(value: str) -> bool:
    """No address: `Gao Feng Community No.1001`."""
    return bare_password(value) and _NUMBER.fullmatch(value) is None


def _mixed(value: str) -> bool:
    return mixed(value) and not_placeholder(value)


def _network_key(value: str) -> bool:
    return len(value) >= _SHORTEST and _given(value)


PATTERNS = (
    # Types 0, 5, 7, 8 and 9 of Cisco's: in the clear, hashed, or hidden by a table that everybody has.
    Pattern(
        "device-password",
        r"\b(?:password|secret|key|key-string|auth-key|md5)[ \t]++[05789][ \t]++(?P<s>[^\s\"',;]{6,}+)",
        _mixed,
    ),
    Pattern(
        "device-password",
        r"\b(?:snmp(?:-server)?[ \t]++community|rocommunity6?|rwcommunity6?)[ \t]++"
        r"(?!(?:strings?|names?)(?![^ \t.,;:)]))(?P<s>[^\s\"']{4,}+)",
        _of_community,
        prefilter=r"community6?[ \t]+[^\s\"']{4}",
    ),
    Pattern(
        "device-password",
        r"\bcommunit(?:y|ies)(?:[ ](?:strings?|names?))?(?:[ ](?:is|was|of|named|called))?[ :=]{1,2}"
        r"(?:(?:public|private)[ ]\(\w{2,12}\),?[ ](?:and[ ])?)?[`\"'*]{0,2}(?P<s>[^\s\"'`*(),;]{6,64})",
        _bare_community,
        prefilter=r"communit(?:y|ies)(?:[ ](?:strings?|names?))?(?:[ ](?:is|was|of|named|called))?[ :=]{1,2}"
        r"(?:(?:public|private)[ ]\(\w+\),?[ ](?:and[ ])?)?[`\"'*~]{0,2}[^\s\"'`<>(){}\[\]|]{0,24}[0-9!@#$%^&*+?~]",
        strong=False,
    ),
    Pattern(
        "device-password",
        r"\b(?:tacacs|radius|ldap)(?:-server)?[ \t][^\n]{0,120}?[ \t](?:key|secret)[ \t]++(?P<s>[^\s\"']{5,}+)",
        likely,
    ),
    Pattern(
        "device-password",
        r"\bcreateuser[ \t]++(?:-e[ \t]++\S++[ \t]++)?\S++[ \t]++(?:md5|sha(?:-?\d{3})?)[ \t]++"
        r"\"?(?P<s>[^\s\"]{8,}+)\"?"
        r"(?:[ \t]++(?:des|aes(?:-?\d{3})?)[ \t]++\"?(?P<s2>[^\s\"]{8,}+))?",
        _given,
    ),
    # GRUB's: `password bob …`.
    Pattern(
        "device-password",
        r"^[ \t]*+password[ \t]++(?!(?:is|was|are|for|to|must|and|or)[ \t])"
        r"[\w.-]{1,40}+[ \t]++(?P<s>[^\s\"']{6,100}+)[ \t]*+\r?(?![^\n])",
        bare_password,
        prefilter=r"(?:\n|\A)[ \t]*password[ \t]+[\w.-]+[ \t]+[^\s\"']{6,}[ \t]*(?:\r?\n|\z)",
        strong=False,
    ),
    Pattern("device-password", r"\bplain-text-password(?:-value)?[ \t]++\"?(?P<s>[^\s\"';]{4,}+)", likely),
    Pattern(
        "device-password",
        r"\b(?:ssid|wi-?fi|wlan|hotspot)\b[^\n]{0,100}?\b(?:key|pass|pw|psk)[ \t]*+[:=][ \t]*+"
        r"[\"'`]?(?P<s>[^\s\"'`,;]{8,63}+)",
        likely,
        prefilter=r"(?:ssid|wi-?fi|wlan|hotspot)[^\n]*(?:key|pass|pw|psk)[ \t]*[:=][ \t]*[\"'`]?[^\s\"'`]{8}",
    ),
    # Who, on which machine, the secret, from where: `bob * … *` for PPP.
    Pattern(
        "device-password",
        r"^\"?[^\s\"#*]{1,60}+\"?[ \t]++(?:\*|pptpd|x?l2tpd|ppp\w*+)[ \t]++\"?"
        r"(?P<s>[^\s\"*][^\s\"]{5,}+)\"?[ \t]++(?:\*|\d[\d./]*)[ \t]*+(?![^\n])",
        likely,
        prefilter=r"(?:\" \*|\"\t\*|pptpd|l2tpd|ppp[a-z]*\"?)[ \t]+[^\s*][^\s]{5,}[ \t]+[*\d]",
        strong=False,
    ),
    Pattern("device-password", r"\"(?P<s>\$9\$[0-9A-Za-z./-]{8,100}+)\"", caseless=False),
    Pattern("device-password", r":[ \t]*+(?:PSK|XAUTH|EAP)[ \t]++\"(?P<s>[^\"\n]{4,}+)\"", _given, caseless=False),
    Pattern(
        "device-password",
        r"\b(?:wpa_)?psk[ \t]*+=[ \t]*+(?:\"(?P<s1>[^\"\n]{8,63}+)\"|(?P<s>[^\s\"]{8,64}+))",
        _network_key,
    ),
    Pattern("device-password", r"\bWIFI:(?:[A-OQ-Z]:[^;\s]{0,64}+;){1,4}P:(?P<s>[^;\s]{4,}+);", caseless=False),
)
