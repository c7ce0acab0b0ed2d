r"""What commands tell of a secret in a form of their own: a registry's value, a variable's, a stream's key, two typed.

$ netlify env:get CMS_PASSWORD        DefaultPassword    REG_SZ    q7Zr-2Lk9        echo -e 'q7Zr\nq7Zr' | passwd
q7Zr-2Lk9
"""

from __future__ import annotations

import base64
import binascii
import re

from egress_proxy.scan.drawn import drawn
from egress_proxy.scan.own.shell import given, likely
from egress_proxy.scan.passwords import noted, unmistakable
from egress_proxy.scan.patterns import Pattern
from egress_proxy.scan.random_text import masked
from egress_proxy.scan.random_tokens import is_value
from egress_proxy.scan.rule import Scope
from egress_proxy.scan.values import looks_random

_HEX = re.compile(r"[0-9a-f]{16,128}")
_LEAST = 3  # characters of a password beside a user
_VARIABLE = r"(?:PASSWORD|PASSWD|PASSPHRASE|PASS|TOKEN|SECRET|KEY|PWD)"


def _printed(value: str) -> bool:
    """What a variable with a telling name holds."""
    return given(value) and (
        unmistakable(value)
        or noted(value)
        or drawn(value)
        or is_value(value, password=False)
        or bool(_HEX.fullmatch(value))
    )


def _of_user(value: str) -> bool:
    return given(value) and (noted(value) or likely(value) or drawn(value) or bool(_HEX.fullmatch(value)))


def _login(value: str) -> bool:
    """Whether it is base64 of a user, a colon and a password."""
    try:
        user, colon, password = (
            base64.b64decode(value + "=" * (-len(value) % 4), validate=True).decode("ascii").partition(":")
        )
    except (binascii.Error, UnicodeDecodeError):
        return False
    return bool(user and colon) and len(password) >= _LEAST and user.isprintable() and password.isprintable()


def _stream_key(value: str) -> bool:
    return looks_random(value) and not masked(value)


PATTERNS = (
    # A variable that is asked for, at any prompt, and what it holds on the next line.
    Pattern(
        "secret-below-its-name",
        r"^[ \t]*+(?:[\w@:~/.()-]{0,60}[$#%>]|PS[ ][^\n>]{0,60}>)[ ][^\n]{0,200}?(?<![A-Z0-9_])"
        rf"[A-Z][A-Z0-9_]{{0,60}}?_?{_VARIABLE}"
        r"[\"'`)\]}]{0,4}[ \t]*\r?\n[ \t]*(?P<q>[\"']?)(?P<s>[^\s\"'`]{6,400}+)(?P=q)[ \t]*\r?(?![^\n])",
        _printed,
        caseless=False,
        scope=Scope.NEAR,
        strong=False,
        prefilter=rf"[$#%>][ ][^\n]*[A-Z]_?{_VARIABLE}[\"'`)\]}}]{{0,4}}[ \t]*\r?\n",
    ),
    # A registry's value, and what Windows shows of a wireless network.
    Pattern(
        "secret-assignment",
        r"(?:password|passwd|passphrase|pwd|secret)\w{0,20}[ \t]++REG_(?:EXPAND_|MULTI_)?SZ[ \t]++"
        r"(?P<s>[^\s]{4,200}+)",
        given,
        strong=False,
        prefilter=r"REG_(?:EXPAND_|MULTI_)?SZ[ \t]+\S",
    ),
    Pattern(
        "device-password",
        r"\bkey content[ \t]*+:[ \t]*+(?P<s>[^\s][^\r\n]{6,62}[^\s])",
        given,
        strong=False,
    ),
    # The same one twice, for a program that asks twice.
    Pattern(
        "command-password",
        r"\b(?:echo|printf)[ \t]++(?:-\w{1,3}[ \t]++){0,2}[\"']?(?P<s>[^\s\"'\\]{4,100}+)\\n(?P=s)(?:\\n)?"
        r"[\"']?[ \t]*+\|",
        given,
        strong=False,
        prefilter=r"(?:echo|printf)[ \t][^\n|]*[^\s\"'\\]{4}\\n[^\s\"'\\|]{4}[^\n|]*\|",
    ),
    # What a stream is sent to: who knows its key sends another.
    Pattern(
        "token-in-path",
        r"\brtmps?://[^\s\"'<>/]{3,100}/[\w.-]{1,40}/(?P<s>[\w-]{16,120}(?:\?[\w=&.-]{1,200})?)",
        _stream_key,
        strong=False,
        prefilter=r"rtmps?://[^\s\"'<>/]+/[\w.-]+/[\w-]{16}",
    ),
    # A login as HTTP has it, in a file that has no header.
    Pattern(
        "authorization-header",
        r"\bbasic[ ](?P<s>[0-9A-Za-z+/]{8,400}={0,2})(?![\w+/=])",
        _login,
        strong=False,
        prefilter=r"basic[ ][0-9A-Za-z+/]{8}",
    ),
    # A script for ftp: `user bob …`.
    Pattern(
        "command-login",
        r"^user[ ][\w.@-]{2,40}[ ](?P<s>[^\s\"'`]{6,120})[ \t]*+(?![^\n])",
        _of_user,
        strong=False,
        prefilter=r"(?:\n|\A)user[ ][\w.@-]+[ ][^\s\"'`]{6,120}[ \t]*(?:\r?\n|\z)",
    ),
    # A user of a domain with a percent sign behind, as Samba's programs take it.
    Pattern(
        "command-login",
        r"(?<![^ ])-U[ \t]*+[\"']?[\w.\\/@-]{1,80}%(?P<s>[^\s\"'%]{4,120})",
        given,
        caseless=False,
        strong=False,
        prefilter=r"-U[ \t]*[\"']?[\w.\\/@-]{1,80}%[^\s\"'%]{4}",
    ),
    # A digest for logins: `bob:realm:…`.
    Pattern(
        "password-hash",
        r"^[A-Za-z][\w.@-]{1,40}:[A-Za-z][\w .@-]{0,60}:(?P<s>[0-9a-f]{32})[ \t]*+(?![^\n])",
        strong=False,
        prefilter=r"(?:\n|\A)[a-z][\w.@-]{1,40}:[a-z][\w .@-]{0,60}:[0-9a-f]{32}[ \t]*(?:\r?\n|\z)",
    ),
    # A key that is the user, and a password of no meaning: Freshdesk, Stripe.
    Pattern(
        "command-login",
        r"(?<![^ ])-u[ \t]*+[\"']?(?P<s>[\w-]{16,120}):(?:x|api_token|)[\"']?(?![^\s])",
        looks_random,
        strong=False,
        prefilter=r"-u[ \t]*[\"']?[\w-]{16,120}:(?:x|api_token)?[\"']?(?:\s|\z)",
    ),
)
