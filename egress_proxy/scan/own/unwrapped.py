"""What is given to something that lets somebody in, where no bracket of a call stands before it: behind the address
of a data source, in a call without brackets, wrapped in another call, typed into a field.

"jdbc:oracle:thin:@//…", "bob", "…"        f.request :authorization, :basic, 'bob', '…'        let key = hex!("…");
"""

from __future__ import annotations

import re

from egress_proxy.scan.own.shell import SECRET_NAME, likely
from egress_proxy.scan.passwords import unmistakable
from egress_proxy.scan.patterns import Pattern
from egress_proxy.scan.values import looks_random

_STRING = r"[\"'][^\"'\n]{1,160}[\"']"
_NEXT = r"[ \t]*,[ \t]*"
_CONSTANT = re.compile(r"[A-Z0-9_]+|[\w.-]*[./][\w./-]*")


def _wrapped(value: str) -> bool:
    """Which is no name of a variable or of a text."""
    return looks_random(value) and not _CONSTANT.fullmatch(value)


PATTERNS = (
    # An address of a data source, who, and the password.
    Pattern(
        "login-call",
        rf"[\"'](?:jdbc:|dbi:|dsn=)[^\"'\n]{{0,200}}+[\"']"
        rf"{_NEXT}{_STRING}{_NEXT}[\"'](?P<s>[^\"'\n]{{4,200}}+)[\"']",
        likely,
        prefilter=r"(?:jdbc:|dbi:|dsn=)[^\"'\n]*[\"']"
        r"[ \t]*,[ \t]*[\"'][^\"'\n]+[\"'][ \t]*,[ \t]*[\"'][^\"'\n]{4}",
        strong=False,
    ),
    # A call without brackets: Ruby's, Elixir's, Visual Basic's.
    Pattern(
        "login-call",
        rf"(?:(?<!\w)(?:basic(?:_auth)?|digest_auth|authenticate)|\.(?:open|connect)|authenticate_with)"
        rf"[,:]?[ \t]++"
        rf"(?:{_STRING}{_NEXT}){{1,2}}[\"'](?P<s>[^\"'\n]{{4,200}}+)[\"']",
        unmistakable,
        prefilter=r"(?:basic|_auth|authenticate|\.open|\.connect|authenticate_with)[,:]?[ \t]+[\"']"
        r"[^\"'\n]+[\"']"
        r"[ \t]*,[ \t]*[\"']",
        strong=False,
    ),
    Pattern(
        "login-call",
        r"\.(?:un)?protect[ \t]++(?:password:=)?\"(?P<s>[^\"\n]{4,100}+)\"",
        likely,
        prefilter=r"protect[ \t]+(?:password:=)?\"[^\"\n]{4}",
        strong=False,
    ),
    # What is typed into a field, and the key that ends it.
    Pattern(
        "login-call",
        r"(?:send_?keys|type|sendtext|input[ ]text)[ \t]*+\(?[ \t]*+[\"'](?P<s>[^\"'\s{}]{6,100}+)(?:\{(?:enter"
        r"|return|tab)\})[\"']",
        unmistakable,
        prefilter=r"\{(?:enter|return|tab)\}[\"']",
        strong=False,
    ),
    # Wrapped: `key = hex!("…")`, `TOKEN: JSON.stringify("…")`.
    Pattern(
        "secret-assignment",
        rf"{SECRET_NAME}[\"']?[ \t]*+(?::[ \t]*+[\w<>\[\]&; ]{{1,40}}[ \t]*+)?[:=]{{1,2}}[ \t]*+(?:new )?[A-Za-z_]"
        rf"[\w.:]{{1,60}}!?"
        r"\([&b]{0,2}[\"'`](?P<s>[^\s\"'`]{16,400}+)[\"'`]",
        _wrapped,
        prefilter=r"(?:pass\w*|pwd|pw|secret|token|key|credentials?|auth)(?:_\d)?[\"']?[ \t]*(?::[ \t]*"
        r"[\w<>\[\]&; ]+)?"
        r"[:=]{1,2}[ \t]*(?:new )?[A-Za-z_][\w.:]+!?\([&b]{0,2}[\"'`~][^\s\"'`]{16}",
        strong=False,
        named=True,
    ),
)
