"""What of a value may stand in an innocent text: words, dates, and the beginnings that all keys of a kind share.

Whether a run of letters is a word is judged by how surprising each letter is after the one before, in words of English
prose and of program text (24,000 different ones; those of other languages that are written in ASCII are near enough).
Of random runs of 8 letters some 11 % pass for words, of 16 letters 1 %; of words of 8 letters less than 1 % do not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import compress
from typing import Final, TypeAlias

from egress_proxy.scan.canonical import canonical

# Bits of surprise, at most 9: a row for each letter before, a digit for each letter after.
_SURPRISE: Final = (
    "75448759596343959343667669", "35553569359366469446488858", "37563683594467269553588979",
    "45652578288566468545578879", "46436568798453757334766579", "47554378299476369454498969",
    "47662654498554469346477978", "27762799397566369554598959", "55455559998442459544959795",
    "36663698476877369636375888", "47652656377565558635586969", "37752679298377369745568949",
    "25762789398657438746589969", "47443537486676469733569979", "65448658686442549344465789",
    "38663785497377359354598959", "57667676797365876546167987", "37552759396656369544678969",
    "58463774396567447742477969", "37572684299667469345587958", "54564659598443649343999899",
    "27671877399767459757888889", "28653784387574369436878899", "46454597499546528652669469",
    "56554667598444528634766876", "38861696399866469667888866",
)  # fmt: skip
_BITS: Final = {
    chr(97 + first) + chr(97 + second): int(bits)
    for first, row in enumerate(_SURPRISE)
    for second, bits in enumerate(row)
}
# The mean surprise up to which a run of so many letters is a word. The longer, the surer.
_SHORT, _LONG = 8, 13
_MOST_SHORT, _MOST, _MOST_LONG = 5.0, 4.8, 4.6
_RUN = re.compile(
    r"(?P<word>[A-Z]?[a-z]{3,}+|(?<![A-Za-z])[A-Z]{4,}+|[A-Z]{4,}+(?![a-z]))"  # not capitals with small letters around
    r"|(?P<date>(?<!\d)(?:19|20)\d\d(?>[-_./]?[01]\d(?>[-_./]?[0-3]\d)?+)?+(?!\d))"
    r"|(?P<short>(?<![^\s_-])[A-Za-z][a-z]?(?![^\s_-]))"  # to, be, a: alone among others
    r"|(?P<foreign>[^\W\d_a-zA-Z][^\W\d_]{2,}+)"
)
# What stands at the same place in every key of a kind, private or public: headers of DER in base64, of SSH keys, of
# tokens. In canonical codes; anything shorter than a window needs no mention.
_PUBLIC: Final = tuple(
    canonical(text)
    for text in (
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA",
        "MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEA",
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ",
        "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQ",
        "MIIJQgIBADANBgkqhkiG9w0BAQEFAASCCSwwggkoAgEAAoICAQ",
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE",
        "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg",
        "MC4CAQAwBQYDK2VwBCIEI",
        "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAAB",
        "AAAAB3NzaC1yc2EAAAADAQABAAAB",
        "AAAAC3NzaC1lZDI1NTE5AAAAI",
        "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t",
        "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tL",
        "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t",
    )
)
# In a value that has hardly any words the short ones are there by chance.
_BY_CHANCE, _NO_CHANCE, _SURELY_NONE = 0.35, 6, 8
_INNOCENT = "\u00aa"  # a letter that is in no secret
_ALPHANUMERIC = re.compile(r"[^\W_]++")
# Of a JSON web token the signature is the secret: headers are alike, and claims are in every token of one issuer.
_TOKEN = re.compile(r"eyJ[\w-]*+(?>\.eyJ[\w-]*+)?+(?=\.)")


Spans: TypeAlias = Sequence[tuple[int, int]]
"""Where something stands in a value: places, half-open."""


def innocent_spans(value: str) -> Spans:
    """Where words and dates stand in a value."""
    return [run.span() for run in _RUN.finditer(value) if run.lastgroup != "word" or _is_word(run[0].lower())]


def letters_and_digits(value: str) -> int:
    """How many letters and digits a value has."""
    if value.isalnum():
        return len(value)
    return len(canonical(value)) if value.isascii() else sum(map(str.isalnum, value))


def _is_word(letters: str) -> bool:
    most = _MOST_SHORT if len(letters) < _SHORT else _MOST if len(letters) < _LONG else _MOST_LONG
    total = sum(map(_BITS.__getitem__, map(str.__add__, letters, letters[1:])))
    return total <= most * (len(letters) - 1)


def innocent_share(value: str, spans: Spans) -> float:
    """The part of the letters and digits that stands in words and dates, given where these stand: 1 for prose, near 0
    for random ones."""
    total = letters_and_digits(value)
    return sum(letters_and_digits(value[start:end]) for start, end in spans) / total if total else 1.0


def longest_telling(value: str, spans: Spans) -> int:
    """Of the runs of letters and digits, how many in the one that has most outside words and dates."""
    runs = _ALPHANUMERIC.finditer(_without(value, spans))
    return max((len(run[0]) - run[0].count(_INNOCENT) for run in runs), default=0)


def _without(value: str, spans: Spans) -> str:
    """The value with its spans in the letter that stands for innocent ones."""
    pieces, position = [], 0
    for start, end in spans:
        pieces += [value[position:start], _INNOCENT * (end - start)]
        position = end
    return "".join([*pieces, value[position:]])


def _meant(value: str, start: int, end: int) -> bool:
    """Whether a word in a value that has hardly any is one: long, or at the edge of letters and digits."""
    if end - start < _SURELY_NONE:
        edge = start == 0 or end == len(value) or not (value[start - 1].isalnum() and value[end].isalnum())
        return edge and end - start >= _NO_CHANCE
    return True


def innocent_codes(value: str, codes: bytes, spans: Spans) -> bytes:
    """Which of a value's canonical codes may stand in an innocent text (1, else 0), given where words and dates stand
    in it; empty if none."""
    if spans and sum(end - start for start, end in spans) < _BY_CHANCE * len(value):
        spans = [span for span in spans if _meant(value, *span)]
    if token := _TOKEN.match(value):
        spans = [*spans, token.span()]
    public = [(at, at + len(text)) for text in _PUBLIC if (at := codes.find(text)) >= 0]
    if not spans and not public:
        return b""
    marks = bytearray(len(value))
    for start, end in spans:
        marks[start:end] = b"\1" * (end - start)
    kept = bytearray(compress(marks, map(str.isalnum, value) if value.isascii() else map(canonical, value)))
    for start, end in public:
        kept[start:end] = b"\1" * (end - start)
    return bytes(kept)
