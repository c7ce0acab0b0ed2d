"""Scanning: any text is decided, spans lie in it, and a known value is gone from it whatever stands around."""

from __future__ import annotations

from functools import cache
from typing import Final

from egress_proxy.model import Secret
from egress_proxy.scan import KnownValues, TextScanner, build_scanner, judge
from egress_proxy.scan.redaction import WITHHELD_UNDECIDED
from tests.fuzz.given import Given, as_text
from tests.kit.growing import examiner, pieces, streamed, whole
from tests.scan.fragments import fragments

_VALUES: Final = (
    "Zq8Kd03mXw" + "7Tn2Bv5H",
    "castle-nectar-" + "violet-thimble",
    "postgres://app:" + "pW9xQ2zL@db/prod",
)
_PIECES: Final = (
    *fragments(),
    *(
        "%41",
        "\\u0041",
        "&#65;",
        "\\x41",
        "%",
        "\\",
        "base64",
        "data:;base64,",
        "H4sIAAAA",
        "```",
        "\n\n",
        "\u202e",
        "\u00ad",
    ),
    *(f"{number:02x}" for number in range(0, 256, 17)),
)


@cache
def _scanner() -> TextScanner:
    entries = [(f"V{number}", Secret(value)) for number, value in enumerate(_VALUES)]
    return build_scanner(KnownValues.build(entries, bytes(range(32))))


def one(data: bytes) -> None:
    """Scan one text, alone and beside another, whole and in pieces."""
    given = Given(data)
    planted = _VALUES[given.number(len(_VALUES))] if given.chance() else ""
    places = [given.number(512) for _ in range(given.number(4))]
    before = given.pieces(_PIECES, 1 + given.number(24))
    after = given.pieces(_PIECES, 24) if given.chance() else as_text(given.rest())
    text = before + planted + after
    scanner = _scanner()
    scan = scanner.scan([text, "ok"])
    for found in scan.findings:
        assert 0 <= found.start < found.end <= len([text, "ok"][found.text])
    released = judge([text, "ok"], scan).texts
    assert not scanner.known.find(released).findings
    if planted:
        assert planted not in released[0]
    examine = examiner(scanner)
    result = whole(text, examine)
    growing, shown = streamed(pieces(text, places), examine)
    assert result.text.startswith("".join(shown))
    assert growing.finish(result.text) == result.text[len("".join(shown)) :]
    assert not planted or planted not in result.text
    assert result.withheld or scan.undecided or WITHHELD_UNDECIDED not in released[0]
