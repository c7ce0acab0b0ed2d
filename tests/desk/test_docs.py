"""docs/gates.md shows documents that are printed and notices that are sent, and names every verb and reason."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from egress_proxy.desk.documents import DOCUMENTS
from egress_proxy.desk.faults import Word
from egress_proxy.server.hooks import Outcome
from egress_proxy.server.notices import Event, Notice

PAGE = (Path(__file__).parents[2] / "docs" / "gates.md").read_text(encoding="utf-8")
SHOWN = dict(re.findall(r"^### `(\w+)`\n.*?```json\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL))


def test_every_verb_has_its_document() -> None:
    assert list(SHOWN) == list(DOCUMENTS)


@pytest.mark.parametrize("verb", DOCUMENTS)
def test_what_is_shown_is_what_is_printed(verb: str) -> None:
    found = msgspec.json.decode(SHOWN[verb], type=DOCUMENTS[verb])
    assert json.loads(msgspec.json.encode(found)) == json.loads(SHOWN[verb])


def test_the_notice_that_is_shown_is_one_that_is_sent() -> None:
    shown = PAGE.partition("## Being told")[2].partition("```json\n")[2].partition("```")[0]
    found = msgspec.json.decode(shown, type=Notice)
    assert json.loads(msgspec.json.encode(found)) == json.loads(shown)


@pytest.mark.parametrize("word", [*Word, *Event, *Outcome, "configuration"])
def test_every_word_is_named(word: str) -> None:
    assert f"`{word}`" in PAGE
