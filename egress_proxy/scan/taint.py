"""What of a stripped text is tainted: which values of files and command output a reply must not repeat.

    text, where it came from ── extract ──► Taint(label, value, …)

Out of a file or command that looks secret (`taint_sources`), that is every value that can be watched for: of
assignments in any common syntax, of whole lines where there is nothing else, decoded once where it is base64. Out of
anything else: values under a name that says secret, passwords in URLs, the lines of private keys, and tokens that look
random. Words, paths, numbers, identifiers, hashes, ids and versions are not tainted there: a reply must be able to say
which commit, file, test or port it means.

Every expression reads its text once; names are looked at in Python, on the few lines that have a telling word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

from msgspec import Struct

from egress_proxy.model import Secret
from egress_proxy.scan.derive import derive
from egress_proxy.scan.derive.escapes import bare
from egress_proxy.scan.policy import SHORTEST_ANYWHERE, expand, refuse, weak
from egress_proxy.scan.taint_names import NAMELESS, WORDLY, label, says_secret
from egress_proxy.scan.taint_places import values as placed
from egress_proxy.scan.taint_sources import Source, source_of
from egress_proxy.scan.taint_values import bare_lines, decoded, numberless, pairs, random_tokens, url_passwords

MAX_CHARS: Final = 2_097_152  # of one text; no local model's context holds more of one
MOST_SURE: Final = 8_192  # values of texts: more than a session keeps, so that more close it (`server.tree`)
MOST_UNSURE: Final = 4_096  # and those that only look random, of which there are too many sooner
_LINE: Final = 4_096
_HEAD: Final = 512  # of a text, where the read tool says which file it is
# fmt: off
_TELLING: Final = (
    "pass", "pwd", "secret", "token", "cred", "auth", "jwt", "key", "cookie", "dsn", "salt", "mnemonic", "otp", "psk",
    "bearer",
)
# fmt: on
_THEN_ASSIGNED: Final = re.compile(r"[\w.\]\"'-]{0,48}+(?:[ \t]{0,4}+[=:]|>)")
_WRAPPED: Final = re.compile(r"<path>([^<\n]{1,1024}+)</path>|<file\b[^>\n]{0,20}path=\"([^\"\n]{1,1024}+)\"")
_PRIVATE: Final = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_PRIVATE_END: Final = "-----END"
_MOST_OF_A_KEY: Final = 16_384
_KEY_LINE: Final = 16
_MOST_DECODED: Final = 262_144  # characters of a text that are looked at for what they say in another writing
# In a secret file alone: `awk -F= '{print $1, $2}'`.
_TOLD: Final = re.compile(r"\s*+(?P<name>[A-Za-z_][\w.-]{0,63}+)[ \t]+(?:(?:is|->|=>)[ \t]+)?(?P<value>\S{1,256}+)\s*+")


class Taint(Struct, frozen=True):
    """A tainted value. `sure`: by its name or where it came from; else it only looks random.

    `label` may be shown in its place: an ordinary name, or one of `taint_names.NAMELESS` and `WORDLY`.
    """

    label: str
    value: Secret
    sure: bool

    def __repr__(self) -> str:
        return f"Taint({self.label})"


def extract(texts: tuple[str, ...], sources: tuple[str, ...]) -> tuple[Taint, ...]:
    """Give the tainted values of texts that came from `sources` (paths, commands), each once."""
    secret = max((source_of(source) for source in sources if source), default=Source.ORDINARY)
    found: dict[str, Taint] = {}
    left = {True: MOST_SURE, False: MOST_UNSURE}
    for text in map(bare, texts):
        for name, value, sure in chain(_values(text[:MAX_CHARS], secret), _decoded_values(text, secret)):
            if not left[sure]:
                continue
            for inner_name, inner in expand(name, value.strip()):
                if inner not in found and left[sure] and refuse(inner_name, inner) is None:
                    found[inner] = Taint(_label(inner_name, inner), Secret(inner), sure)
                    left[sure] -= 1
    return tuple(found.values())


def _decoded_values(text: str, secret: Source) -> Iterator[Value]:
    """Values in what a text says in another writing: who reads a dump, or base64 twice over, can say what is in it.
    Only those that something there says to be one: what is decoded is often nothing. What cannot be decoded in bounds
    is not."""
    text = text[:_MOST_DECODED]
    read = [own.text for own in derive(text, rearranged=False).texts]
    if _source(text, secret) is not Source.ORDINARY and "\\n" in text:  # lines in a string
        read.append(text.replace("\\n", "\n"))
    for one in read:
        yield from _said_values(one)


def _label(name: str, value: str) -> str:
    """A name that may be shown, or one of two that are not: for values of words under a name that does not say secret,
    only the very same words count."""
    if not says_secret(name) and weak(value):
        return WORDLY
    return label(name) or NAMELESS


Value = tuple[str, str, bool]  # name, value, sure


def _values(text: str, secret: Source) -> Iterator[Value]:
    secret = _source(text, secret)
    if secret is not Source.ORDINARY:
        yield from _all_values(text, secret)
        return
    yield from _said_values(text)
    for token in random_tokens(text):
        yield "", token, False


def _source(text: str, secret: Source) -> Source:
    within = (source_of(path) for found in _WRAPPED.findall(text[:_HEAD]) for path in found if path)
    return max([secret, *within])


def _said_values(text: str) -> Iterator[Value]:
    """Values that something beside them says to be one."""
    yield from _named_values(text)
    for password in url_passwords(text):
        yield "url.password", password, True
    yield from _key_lines(text)
    for name, value in placed(text):
        yield name, value, True


def _all_values(text: str, secret: Source, *, again: bool = True) -> Iterator[Value]:
    yield from _key_lines(text)
    for line in numberless(text):
        paired = False
        for name, value, _ in pairs(line):
            paired = True
            yield name, value, True
            if again and (inner := decoded(value)):
                yield name, inner.strip(), True
                yield from _all_values(inner, Source.SECRET, again=False)
        if not paired and (told := _TOLD.fullmatch(line)) and says_secret(told["name"]):
            paired = True
            yield told["name"], told["value"], True
        if not paired:
            for bare in bare_lines(line, words=secret is Source.BARE):
                yield "secret" if secret is Source.BARE else "", bare, True
                if again and (inner := decoded(bare)):
                    yield from _all_values(inner, Source.SECRET, again=False)
    for name, value in placed(text):
        yield name, value, True
    for password in url_passwords(text):
        yield "url.password", password, True


def _named_values(text: str) -> Iterator[Value]:
    """Values under names that say secret, on the lines where a word of such a name stands before a sign."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = text  # a letter whose small form is two: places must stay the same
    for start, end in sorted(set(_telling_lines(lowered))):
        for line in numberless(text[start:end]):
            for name, value, shape in pairs(line):
                if says_secret(name) and shape.credible(value):
                    yield name, value, True


def _telling_lines(text: str) -> Iterator[tuple[int, int]]:
    for word in _TELLING:
        at = text.find(word)
        while at >= 0:
            end = at + len(word)
            if _THEN_ASSIGNED.match(text, end):
                start = max(text.rfind("\n", 0, at) + 1, at - _LINE)
                stop = text.find("\n", end)
                end = min(len(text) if stop < 0 else stop, end + _LINE)
                yield start, end
            at = text.find(word, end)


def _key_lines(text: str) -> Iterator[Value]:
    begin = _PRIVATE.search(text)
    while begin is not None:
        limit = begin.end() + _MOST_OF_A_KEY
        end = text.find(_PRIVATE_END, begin.end(), limit)
        stop = min(limit, len(text)) if end < 0 else end
        for line in numberless(text[begin.end() : stop].replace("\\n", "\n")):
            if len(line.strip()) >= _KEY_LINE:
                yield "private.key", line.strip(), True
        begin = _PRIVATE.search(text, stop)


def is_random(token: str) -> bool:
    """Whether a token of a reply would have been tainted by its looks, wherever it stood."""
    return len(token) >= SHORTEST_ANYWHERE and any(True for _ in random_tokens(token))
