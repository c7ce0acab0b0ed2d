"""Texts that are nearly secrets: pieces of patterns, in any order, with the characters that confuse classes."""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st

from egress_proxy.scan.canaries import CANARIES

ALPHABETS = {
    "base62": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "hex": "0123456789abcdef",
    "digits": "0123456789",
    "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
}
# U+017F, U+212A, U+0130 and U+0131 fold to ASCII; the rest are white space, digits or words to one engine only.
ODD = [
    "\u017f",
    "\u212a",
    "\u0130",
    "\u0131",
    "\u0663",
    "\u00a0",
    "\u2028",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x1f",
    "\x85",
    "\r",
    "\x00",
]
ODD += ["é", "ñ", "Ñ", "\ud800", "\U0001f511", "\u200b", "字"]
PUNCTUATION = [
    *list(" \t\n'\"`=:;,._-/@+()[]{}<>!?#$%&*|\\~"),
    " = ",
    ": ",
    '": "',
    "='",
    '=="',
    "`;",
    "';",
    " == ",
    "=>",
    ":=",
    '("',
]
WORDS = [
    "password",
    "PASSWORD",
    "paſſword",
    "secret",
    "db_pass",
    "api_key",
    "apikey",
    "contraseña",
    "CONTRASEÑA",
    "pwd",
    "key",
    "token",
    "aws",
    "cloudant",
    "ibm_cloud",
    "softlayer",
    "cos_hmac",
    "secret_access_key",
    "AccountKey=",
    "https://",
    "://u:",
    "AKC",
    "AP1",
    "AK" + "IA",
    "sk-",
    "eyJ",
    "SG.",
    "AC",
    "SK",
    "M",
    "xox" + "b-12-",
    "gh" + "p_",
    "gl" + "pat-",
    "T3Blbk" + "FJ",
    "-us1",
    "sk_" + "live_",
    "sq0" + "csp-",
    "np" + "m_",
    "/:_authToken=",
    "//r/",
    "BEGIN RSA PRIVATE" + " KEY",
    "12345678:",
    "@h",
    ".assign",
    "user",
    "the",
    "value",
    "hunter2",
    "��",
]


@cache
def fragments() -> tuple[str, ...]:
    """Pieces for a text, canaries and their parts among them."""
    canaries = [
        piece for canary in CANARIES for piece in (canary.text, canary.secret, canary.before, canary.secret[:-1])
    ]
    return (*ODD, *PUNCTUATION * 3, *WORDS * 2, *canaries)


def runs() -> st.SearchStrategy[str]:
    """Runs of one alphabet, of the lengths at which patterns decide."""
    lengths = st.sampled_from([1, 5, 8, 10, 16, 20, 22, 24, 27, 32, 35, 36, 40, 43, 44, 48, 64, 65])
    return st.builds(
        lambda alphabet, length, step: "".join(alphabet[(step * i) % len(alphabet)] for i in range(length)),
        st.sampled_from(sorted(ALPHABETS.values())),
        lengths,
        st.sampled_from([1, 7, 11, 17]),
    )


def texts() -> st.SearchStrategy[str]:
    """A text of fragments, runs and anything."""
    piece = st.one_of(st.sampled_from(fragments()), runs(), st.sampled_from([*ODD, *PUNCTUATION]), st.text(max_size=4))
    return st.lists(piece, max_size=14).map("".join)
