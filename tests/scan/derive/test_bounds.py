"""What is derived is bounded by the text, and what would exceed the bounds is undecided."""

from __future__ import annotations

import base64
import bz2
import gzip
import lzma
import random
import zlib
from collections.abc import Callable

import pytest

from egress_proxy.scan import derive as package
from egress_proxy.scan.derive import Derivation, derive
from tests.scan.derive.writers import b64

SIZE = 65_536
WORDS = "hello world, this is a text that is quite ordinary. "
DICE = random.Random(3)


def layers(count: int) -> str:
    text = WORDS * 8
    for _ in range(count):
        text = b64(text)
    return text


def derived_chars(derivation: Derivation) -> int:
    return sum(len(one.text) for one in derivation.texts)


WORST: dict[str, Callable[[], str]] = {
    "base64": lambda: b64(WORDS * 1000),
    "base64-of-noise": lambda: b64(DICE.randbytes(SIZE)),
    "short-base64": lambda: " ".join(b64(f"hello world {number}") for number in range(SIZE // 24)),
    "hex": lambda: (WORDS * 700).encode().hex(),
    "percent": lambda: "%41" * (SIZE // 3),
    "percent-apart": lambda: "%41a" * (SIZE // 4),
    "percent-layers": lambda: "%25252541" * (SIZE // 9),
    "unicode": lambda: "\\u0041a" * (SIZE // 7),
    "entities": lambda: "&amp;amp;amp; " * (SIZE // 14),
    "json-quotes": lambda: '\\"a\\":' * (SIZE // 6),
    "numbered-same": lambda: "1. a\n" * (SIZE // 5),
    "numbered": lambda: "\n".join(f"{number}. {WORDS[number % 40]}" for number in range(SIZE // 8)),
    "ordinals": lambda: "first second third fourth fifth " * (SIZE // 32),
    "words-and-labels": lambda: "1 aa bb cc dd ee " * (SIZE // 17),
    "quotes": lambda: '"' * SIZE,
    "literals": lambda: '"a" + ' * (SIZE // 6),
    "pieces-appended": lambda: 'a").append("' * (SIZE // 12),
    "pieces-assigned": lambda: 'a";\nvalue = value + "' * (SIZE // 21),
    "pieces-in-json": lambda: 'a\\";\\nvalue += \\"' * (SIZE // 18),
    "lists": lambda: '"abcd", ' * (SIZE // 8),
    "lists-of-other-lengths": lambda: '"abcd", "abcde", ' * (SIZE // 17),
    "lines-that-go-on": lambda: "a\\\n" * (SIZE // 3),
    "rows-of-dumps": lambda: "00000000: 4142\n" * (SIZE // 15),
    "rows-in-json": lambda: "00000000: 4142\\n" * (SIZE // 16),
    "files-that-begin": lambda: "begin 644 x\n" * (SIZE // 12),
    "files-that-begin-in-json": lambda: "begin 644 x\\n" * (SIZE // 13),
    "files-that-end": lambda: "`\nend\n" * (SIZE // 6),
    "integers": lambda: ("1234567890" * 5 + " ") * (SIZE // 51),
    "glued-base85": lambda: "=!ABzY8" * (SIZE // 7),
    "all-escapes": lambda: "%2541&amp;\\u0041" * (SIZE // 16),
    "letters-apart": lambda: "a b " * (SIZE // 4),
    "numbers": lambda: "104, " * (SIZE // 5),
    "initials": lambda: "a 1 b 2 C 3 " * (SIZE // 12),
    "columns": lambda: "ab1Z\n" * (SIZE // 5),
    "names": lambda: "alpha bravo " * (SIZE // 12),
    "brackets": lambda: "<~aaaaaaaaaaaaaaaaaaaaaaaa~>" * (SIZE // 28),
    "brackets-open": lambda: "<~aaaaaaaa" * (SIZE // 10),
    "tags": lambda: chr(0xE0041) * SIZE,
    "bits": lambda: "\u200b\u200c" * (SIZE // 2),
    "look-alikes": lambda: ("a" + chr(0x430)) * (SIZE // 2),
    "one-letter": lambda: "x" * SIZE,
    "dashes": lambda: "-" * SIZE,
    "many-gzips": lambda: " ".join(b64(gzip.compress(b"hello %d" % number)) for number in range(SIZE // 45)),
    "short-lines": lambda: "\n".join(b64(DICE.randbytes(6)) for _ in range(SIZE // 9)),
    "soft-breaks": lambda: "a=\nb" * (SIZE // 4),
}


@pytest.mark.parametrize("name", WORST)
def test_what_is_derived_is_bounded_by_the_text(name: str) -> None:
    """And it is done in time: quadratic searches would take minutes here."""
    text = WORST[name]()
    derivation = derive(text)
    assert derived_chars(derivation) <= package.ROOM_TIMES * len(text) + package.ROOM_MORE
    assert len(derivation.texts) < 400


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress,
        zlib.compress,
        bz2.compress,
        lzma.compress,
    ],
    ids=["gzip", "zlib", "bz2", "xz"],
)
@pytest.mark.parametrize("written", [b64, lambda data: data.hex()], ids=["base64", "hex"])
def test_a_bomb_is_undecided(packed: Callable[[bytes], bytes], written: Callable[[bytes], str]) -> None:
    bomb = written(packed(b"a" * 10_000_000))
    derivation = derive(f"see {bomb}")
    assert derivation.undecided
    assert derived_chars(derivation) <= package.ROOM_TIMES * len(bomb) + package.ROOM_MORE


def test_many_small_bombs_are_undecided() -> None:
    bomb = b64(gzip.compress(WORDS.encode() * 800, mtime=0))
    assert not derive(f"see {bomb}").undecided
    assert derive(" ".join([bomb] * 4)).undecided


def test_layers_are_taken_off_to_a_depth() -> None:
    """Known values see through one more; a text with more than that is undecided."""
    assert WORDS * 8 in [one.text for one in derive(layers(package.DEPTH)).texts]
    assert not derive(layers(package.DEPTH)).undecided
    assert derive(layers(package.DEPTH + 1)).undecided
    assert derive(layers(package.DEPTH + 4)).undecided


def test_layers_of_escapes_end_as_well() -> None:
    text = "%" + "25" * 40 + "41 and some more"
    assert len(derive(text).texts) < 40


def test_nothing_is_derived_twice() -> None:
    run = base64.b64encode(b"the same text, and once more").decode()
    texts = [one.text for one in derive(f"{run}\n\n. {run}").texts]
    assert len(texts) == len(set(texts))


def test_what_all_decoders_give_together_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of them alone would exceed the room that is left here."""
    text = f"see {b64('the first of some words')} and %41%42%43%44%45%46 and then some more text"
    assert len(derive(text).texts) > 2
    assert not derive(text).undecided
    monkeypatch.setattr(package, "ROOM_TIMES", 0)
    monkeypatch.setattr(package, "ROOM_MORE", 60)
    assert derive(text).undecided
    assert derived_chars(derive(text)) <= 60
