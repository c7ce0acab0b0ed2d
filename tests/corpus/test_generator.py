"""The corpus is what it says: forms decode back to the value, secrets stand where they are said to, seeds are kept."""

from __future__ import annotations

import ast
import base64
import binascii
import bz2
import codecs
import gzip
import html
import json
import lzma
import quopri
import re
import zlib
from collections.abc import Callable
from random import Random
from typing import Final
from urllib.parse import unquote

import pytest

from egress_proxy.model import Finding, Scan
from egress_proxy.model import Form as Shape
from tests.corpus.benign import SORTS, replies
from tests.corpus.contexts import contexts, place
from tests.corpus.forms import FORMS, Form
from tests.corpus.kinds import INSTANCES, KINDS
from tests.corpus.known_recall import leaks
from tests.corpus.noise import made
from tests.corpus.outcome import Outcome, beyond, outcome
from tests.corpus.parts import BASE62, Parts, crc_base62
from tests.corpus.secrets import LONG, LONG_KINDS, SHORT_KINDS, Value, values
from tests.kit.each import each

FORM: Final = {form.name: form for form in FORMS}
VALUES: Final = values(3, LONG_KINDS, 1)


def squeezed(text: str) -> str:
    return re.sub(r"[\s>]", "", text)


def unbase64(text: str) -> bytes:
    return base64.b64decode(squeezed(text).replace("-", "+").replace("_", "/") + "==")


def numbers(base: int) -> Callable[[str], str]:
    return lambda text: bytes(int(number, base) for number in re.findall(r"[0-9a-fA-F]+", text)).decode()


def of_file(data: bytes) -> str:
    """Give the value out of the file that is compressed."""
    return data.decode().split("VALUE=")[1].removesuffix("\nDEBUG=false\n")


def xxd(text: str) -> str:
    rows = [line[10:].split("  ")[0] for line in text.splitlines()]
    return bytes.fromhex("".join(rows).replace(" ", "")).decode().removesuffix("\n")


def hexdump(text: str) -> str:
    rows = [line[10:].split("  |")[0] for line in text.splitlines()]
    return bytes.fromhex("".join(rows).replace(" ", "")).decode().removesuffix("\n")


def uudecode(text: str) -> str:
    return b"".join(binascii.a2b_uu(line) for line in text.splitlines()[1:-2]).decode()


def from_json(text: str) -> str:
    return str(json.loads(json.loads(json.loads(text))["a"])["value"]).removesuffix("\n")


INVERSES: Final[dict[str, Callable[[str], str]]] = {
    "verbatim": str,
    "swapped case": str.swapcase,
    "reversed": lambda text: text[::-1],
    "rot13": lambda text: codecs.decode(text, "rot13"),
    "base64": lambda text: unbase64(text).decode(),
    "base64, one byte before": lambda text: unbase64(text).decode()[1:],
    "base64, two bytes before": lambda text: unbase64(text).decode()[2:-1],
    "base64url": lambda text: unbase64(text).decode()[2:-1],
    "base64, no padding": lambda text: unbase64(text).decode(),
    **{f"base64 in lines of {width}": lambda text: unbase64(text).decode() for width in (8, 20, 64, 76)},
    "base64 in indented lines": lambda text: unbase64(text).decode(),
    "base64 in quoted lines": lambda text: unbase64(text).decode(),
    "base32": lambda text: base64.b32decode(text).decode(),
    "base32, one byte before": lambda text: base64.b32decode(text).decode()[1:],
    "base32hex": lambda text: base64.b32hexdecode(text).decode(),
    "base85": lambda text: base64.b85decode(text).decode(),
    "ascii85": lambda text: base64.a85decode(text).decode(),
    "ascii85 of Adobe": lambda text: base64.a85decode(text, adobe=True).decode(),
    "hex": lambda text: bytes.fromhex(text).decode(),
    "hex, upper case": lambda text: bytes.fromhex(text).decode(),
    "hex with colons": lambda text: bytes.fromhex(text.replace(":", "")).decode(),
    "hex with spaces": lambda text: bytes.fromhex(text).decode(),
    "hex in lines": lambda text: bytes.fromhex(text).decode(),
    "xxd": xxd,
    "hexdump -C": hexdump,
    "\\x": lambda text: bytes.fromhex(text.replace("\\x", "")).decode(),
    "\\u": lambda text: str(json.loads(f'"{text}"')),
    "%XX": unquote,
    "%XX where needed": unquote,
    "%XX on some": unquote,
    "%25XX": lambda text: unquote(unquote(text)),
    "JSON escapes": lambda text: str(json.loads(text))[1:-1],
    "&#d;": html.unescape,
    "&#x;": html.unescape,
    "named entities": html.unescape,
    "decimal": numbers(10),
    "decimal, three digits": numbers(10),
    "list of ord()": numbers(10),
    "octal": numbers(8),
    "binary": numbers(2),
    "UTF-16 LE in hex": lambda text: bytes.fromhex(text).decode("utf-16-le"),
    "UTF-16 BE in hex": lambda text: bytes.fromhex(text).decode("utf-16-be"),
    "UTF-16 LE in base64": lambda text: unbase64(text).decode("utf-16-le"),
    "UTF-16 BE in base64": lambda text: unbase64(text).decode("utf-16-be"),
    "quoted-printable": lambda text: quopri.decodestring(text).decode().removeprefix("value="),
    "quoted-printable on each": lambda text: quopri.decodestring(text).decode(),
    "uuencode": uudecode,
    "base64 of hex": lambda text: bytes.fromhex(unbase64(text).decode()).decode(),
    "hex of base64": lambda text: unbase64(bytes.fromhex(text).decode()).decode(),
    "base64 twice": lambda text: unbase64(unbase64(text).decode()).decode(),
    "base64 three times": lambda text: unbase64(unbase64(unbase64(text).decode()).decode()).decode(),
    "hex twice": lambda text: bytes.fromhex(bytes.fromhex(text).decode()).decode(),
    "base64, reversed": lambda text: base64.b64decode(text[::-1]).decode(),
    "rot13 of base64": lambda text: base64.b64decode(codecs.decode(text, "rot13")).decode(),
    "JSON in JSON": from_json,
    "JSON in base64": lambda text: str(json.loads(unbase64(text))["value"]),
    "gzip in base64": lambda text: of_file(gzip.decompress(unbase64(text))),
    "gzip in base64, in lines": lambda text: of_file(gzip.decompress(unbase64(text))),
    "gzip in hex": lambda text: of_file(gzip.decompress(bytes.fromhex(text))),
    "zlib in base64": lambda text: of_file(zlib.decompress(unbase64(text))),
    "deflate in base64": lambda text: of_file(zlib.decompress(unbase64(text), wbits=-15)),
    "bzip2 in base64": lambda text: of_file(bz2.decompress(unbase64(text))),
    "xz in base64": lambda text: of_file(lzma.decompress(unbase64(text))),
    "gzip in base64 in base64": lambda text: of_file(gzip.decompress(unbase64(unbase64(text).decode()))),
    "gzip in base85": lambda text: of_file(gzip.decompress(base64.b85decode(text))),
    "spaces": lambda text: text[::2],
    "every second character": lambda text: text[::2],
    "every third character": lambda text: text[::3],
    "acrostic of lines": lambda text: "".join(line[:1] or "\n" for line in text.splitlines()),
    "a list": lambda text: "".join(ast.literal_eval(text)),
    "halves on lines": lambda text: text.replace("\nThe rest of it:\n", ""),
}
# Their inverse is that of text without line ends, or of letters and digits only.
_ONE_LINE: Final = frozenset({"acrostic of lines"})


@each("name", INVERSES)
def test_a_form_decodes_back_to_the_value(name: str) -> None:
    form = FORM[name]
    for value in VALUES:
        text = value.core if form.core else value.text
        if name not in _ONE_LINE or "\n" not in text:
            assert INVERSES[name](form.write(text)) == text, value.kind


def test_forms_are_many_and_differ() -> None:
    """What two forms write alike for every value is one form, unless they are of other values."""
    assert len(FORMS) == len(FORM) >= 70
    written = {
        (form.of_words, *(form.write(value.core if form.core else value.text) for value in VALUES)) for form in FORMS
    }
    assert len(written) == len(FORMS)


@each("form", [form for form in FORMS if not form.core], ids=lambda form: form.name)
def test_a_form_depends_on_the_value_alone(form: Form) -> None:
    text, other = VALUES[0].text, VALUES[1].text
    assert form.write(text) == form.write(text) != form.write(other)


@pytest.mark.parametrize("length", [12, 16, 20])
@pytest.mark.parametrize("where", ["start", "middle", "end"])
def test_a_partial_reveal_is_a_piece_of_what_is_secret(length: int, where: str) -> None:
    for value in VALUES:
        piece = FORM[f"{length} characters from the {where}"].write(value.core)
        assert piece in value.core
        assert len(piece) == min(length, len(value.core))


def test_values_have_the_length_that_their_sort_says() -> None:
    for value in values(11, LONG_KINDS, 3):
        assert len(value.text) >= LONG
        assert len(value.core) >= LONG
        assert value.core in value.text
    assert all(len(value.text) < LONG for value in values(11, SHORT_KINDS, 3))


def test_a_seed_gives_the_same_values_and_another_gives_others() -> None:
    def texts(seed: int, kinds: tuple[str, ...] = LONG_KINDS) -> list[str]:
        return [value.text for value in values(seed, kinds, 2)]

    assert texts(1) == texts(1)
    assert not set(texts(1)) & set(texts(2))
    assert texts(1)[2:4] == texts(1, LONG_KINDS[1:2])  # whatever else is made


def test_neither_values_nor_texts_are_printed() -> None:
    value = values(1, ("UUID",), 1)[0]
    placed = place(Random(1), "sentence", value.text)
    assert value.text not in f"{value!r} {placed!r}"


def test_a_writing_stands_where_the_context_says() -> None:
    for seed, value in enumerate(VALUES):
        for context in contexts(value.text):
            placed = place(Random(seed), context, value.text)
            assert placed.text[placed.start : placed.end] == placed.written
            assert squeezed(value.text[-6:]) in unquote(squeezed(placed.written).replace("+\\n", ""))


@each("name", KINDS)
def test_the_secrets_of_a_kind_stand_in_its_texts_and_differ(name: str) -> None:
    planted = [KINDS[name](Parts(Random(f"1 {at}")), at) for at in range(INSTANCES)]
    for one in planted:
        assert [one.text[start:end] for start, end in one.spans()] == list(one.secrets)
    assert len({one.secrets for one in planted}) == INSTANCES
    assert planted[0] == KINDS[name](Parts(Random("1 0")), 0)


def test_kinds_are_at_least_sixty() -> None:
    assert len(KINDS) >= 60


@pytest.mark.parametrize("sort", SORTS)
def test_benign_replies_vary_and_have_their_size(sort: str) -> None:
    texts = replies(SORTS[sort], Random(1), 40_000)
    assert 40_000 <= sum(map(len, texts)) < 60_000
    assert texts == replies(SORTS[sort], Random(1), 40_000)
    assert len({line for text in texts for line in text.splitlines()}) > 100 or sort == "minified scripts"


def test_checksums_are_those_of_the_providers() -> None:
    """The CRC-32 whose check value is in every catalogue of CRCs, in base 62 with leading zeros."""
    digits = crc_base62("123456789")
    assert sum(BASE62.index(digit) * 62**at for at, digit in enumerate(reversed(digits))) == 0xCBF43926
    assert crc_base62("") == "000000"


@pytest.mark.parametrize(
    ("spans", "expected", "spare"),
    [
        ([], Outcome.MISSED, 0),
        ([(0, 10)], Outcome.MISSED, 10),
        ([(0, 11)], Outcome.PART, 10),
        ([(10, 20)], Outcome.PART, 0),
        ([(9, 19), (19, 20), (30, 36)], Outcome.WHOLE, 2),
        ([(0, 40)], Outcome.WHOLE, 25),
        ([(10, 20), (30, 34)], Outcome.PART, 0),
    ],
)
def test_an_outcome_is_of_all_characters_of_all_secrets(
    spans: list[tuple[int, int]], expected: Outcome, spare: int
) -> None:
    findings = [Finding(0, start, end, "any") for start, end in spans]
    assert outcome(40, [(10, 20), (30, 35)], findings) is expected
    assert beyond(40, [(10, 20), (30, 35)], findings) == spare


def test_a_leak_is_a_run_of_the_value_or_of_its_writing() -> None:
    value, twin = (Value("any", parts.base62(24), 0, 24) for parts in (Parts(Random(1)), Parts(Random(2))))
    written, other = (f"value = {one.core.encode().hex()}" for one in (value, twin))
    assert leaks(f"so {value.core[3:15]} it is", value.core, written, other)
    assert not leaks(f"so {value.core[3:14]} it is", value.core, written, other)
    assert leaks(f"so {written[-12:]} it is", value.core, written, other)
    assert not leaks("value = [redacted]", value.core, written, other)


class _Fixed:
    """Finds the same in every batch of one text."""

    def __init__(self, *findings: Finding, undecided: tuple[int, ...] = ()) -> None:
        self._scan = Scan(findings, undecided)

    def scan(self, texts: object, ids: object = None) -> Scan:
        return self._scan


def test_noise_counts_placeholders_and_texts_that_are_withheld() -> None:
    some = (Finding(0, 1, 5, "a"), Finding(0, 4, 9, "b"), Finding(0, 9, 10, "a"), Finding(0, 12, 15, "a"))
    noise = made(_Fixed(*some), 1, "prose", 1)
    assert (noise.redactions, noise.withheld, noise.detectors) == (2, 0, (("a", 3), ("b", 1)))
    noise = made(_Fixed(*some, Finding(0, 20, 30, "c", "V", Shape.ENCODED)), 1, "prose", 1)
    assert (noise.redactions, noise.withheld) == (0, 1)
    assert made(_Fixed(undecided=(0,)), 1, "prose", 1).withheld == 1
