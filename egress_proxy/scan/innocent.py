"""What the patterns of detect-secrets match and is no secret where it stands: templates, masks, words, hashes, ids."""

from __future__ import annotations

import re

from egress_proxy.scan import random_tokens
from egress_proxy.scan.random_text import MOST, masked
from egress_proxy.scan.rule import Innocent
from egress_proxy.scan.values import NOT_A_VALUE, not_placeholder

_WORDS_OF_A_SENTENCE = 3
_NEAR = 32
# `load_secret("client-team")`, `'x-password' == 'index'`: words that name something.
_LABEL = re.compile(r"[a-z]+(?:[-_][a-z]+)*")
_ASKED_FOR = re.compile(r"(?:\w\(|[\"'] [=!]{2,3} )[\"'`]\Z")


def innocent_of(detector: str) -> Innocent | None:
    """What tells for this detector, or nothing where every match is meant."""
    if detector.endswith("-high-entropy-string"):
        return random_tokens.innocent
    return {"secret-keyword": _no_value, "basic-auth-credentials": _template, "private-key": None}.get(
        detector, _masked
    )


def _masked(line: str, start: int, end: int) -> bool:
    return masked(line[start : min(end, start + MOST)])


def _template(line: str, start: int, end: int) -> bool:
    return not not_placeholder(line[start:end])


def _no_value(line: str, start: int, end: int) -> bool:
    """A quoted value beside a word such as `password`: what is a word for one, a label or a sentence is none."""
    value = line[start:end]
    if value.strip().lower() in NOT_A_VALUE or not not_placeholder(value) or value.endswith((":", " ", "...", "…")):
        return True
    if _LABEL.fullmatch(value) and _ASKED_FOR.search(line, max(0, start - _NEAR), start):
        return True
    sentence = value.count(" ") >= _WORDS_OF_A_SENTENCE and (value[0].isupper() or "," in value or "`" in value)
    return sentence or "xxxx" in value.lower() or "****" in value
