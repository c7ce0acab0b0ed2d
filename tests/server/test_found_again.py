"""Fingerprints in records: the same for one value in whatever form it was caught, and nobody else's.

The attack: a value leaves in pieces, encoded or caught by a rule that does not know it, and whoever asks later is told
that it never did. And its reverse: the record itself becomes a copy of what it tells of.
"""

from __future__ import annotations

import base64
import pickle
import zlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from egress_proxy.audit import SearchKey, found_in
from egress_proxy.errors import EgressError, StartError
from egress_proxy.model import Finding, Form, Judgement, Secret, Verdict
from egress_proxy.scan import KnownValues, TaintedScanner, TextScanner, build_scanner, judge
from egress_proxy.scan.tainted import DETECTOR as TAINTED
from egress_proxy.server.tree import Remembering, Tree

KEY = bytes(range(32))
VALUE = "Vq7" + "xTnW2pLk9sRd4mZc8bHy"
OLDER = "Vq7" + "xTnW2pLk9sRd-older-one"
TOKEN = "AKIA" + "Q6MXWZ3D" + "NVT5KRYH"
SEARCH = SearchKey(b"s" * 32)
MAC = KnownValues.build((), KEY).mac


def fingerprint(value: str) -> str:
    return SEARCH.fingerprint(MAC(value))


@pytest.fixture(scope="module")
def scanner() -> TextScanner:
    entries = [("DB_PASSWORD", Secret(VALUE)), ("DB_PASSWORD", Secret(OLDER))]
    return build_scanner(KnownValues.build(entries, KEY))


def recorded(scanner: TextScanner | TaintedScanner | Remembering, texts: Sequence[str]) -> dict[str, set[str]]:
    """The fingerprints of a record, by detector. Nothing in it is the value."""
    found = found_in(judge(texts, scanner.scan(texts)), texts, SEARCH.telling(MAC))
    line = msgspec.json.encode(found).decode()
    for value in (VALUE, OLDER, TOKEN):
        assert value not in line
        assert MAC(value).hex() not in line
    told: dict[str, set[str]] = {}
    for span in found["spans"]:
        told.setdefault(span.detector, set()).add(span.fingerprint)
    return told


FORMS = {
    "plain": VALUE,
    "base64": base64.b64encode(VALUE.encode()).decode(),
    "hex": VALUE.encode().hex(),
    "reversed": VALUE[::-1],
    "upper case": VALUE.upper(),
    "spaced": " ".join(VALUE),
    "two lines": f"{VALUE[:11]}\n{VALUE[11:]}",
    "its end": VALUE[-14:],
    "compressed": base64.b64encode(zlib.compress(f"it is {VALUE}, is it not?".encode())).decode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_known_value_has_its_fingerprint_in_every_form(scanner: TextScanner, form: str) -> None:
    assert fingerprint(VALUE) in recorded(scanner, ["nothing", f"see {FORMS[form]} there"])["known-value"]


def test_of_several_values_of_one_name_each_has_its_own(scanner: TextScanner) -> None:
    for value in (VALUE, OLDER):
        assert recorded(scanner, [f"it is {value}."])["known-value"] == {fingerprint(value)}
    assert recorded(scanner, [f"{VALUE} {OLDER}"])["known-value"] == {fingerprint(VALUE), fingerprint(OLDER)}


def test_a_part_that_several_values_share_is_of_all_of_them(scanner: TextScanner) -> None:
    assert recorded(scanner, [f"it begins {VALUE[:15]}"])["known-value"] == {fingerprint(VALUE), fingerprint(OLDER)}


def test_what_a_rule_finds_has_the_fingerprint_of_what_stands_there(scanner: TextScanner) -> None:
    assert fingerprint(TOKEN) in recorded(scanner, [f"key: {TOKEN}"])["aws-access-key"]


def test_what_a_rule_finds_in_a_decoded_text_has_that_of_the_decoded(scanner: TextScanner) -> None:
    hidden = base64.b64encode(f"the key is {TOKEN} indeed".encode()).decode()
    assert recorded(scanner, [f"see {hidden}"])["aws-access-key"] == {fingerprint(TOKEN)}


@pytest.mark.parametrize("form", ["plain", "base64", "two lines"])
def test_a_tainted_value_has_the_same_under_the_same_key(form: str) -> None:
    tainted = KnownValues.build([("", Secret(VALUE))], KEY, detector=TAINTED, few=True)
    scanner = TaintedScanner(build_scanner(KnownValues.none()), (tainted,))
    assert fingerprint(VALUE) in recorded(scanner, [f"see {FORMS[form]} there"])[TAINTED]


def test_a_value_in_pieces_over_two_texts_has_its_fingerprint() -> None:
    """Each piece alone is too short to be one; also when the text that was withheld is asked for again."""
    value = VALUE[:18]
    scanner = build_scanner(KnownValues.build([("DB_PASSWORD", Secret(value))], KEY))
    remembering = Remembering(scanner, (Tree(KEY),))
    first, second = f"first {value[:9]}", f"and {value[9:]}"
    for text, expected in ((first, set()), (second, {fingerprint(value)}), (second, {fingerprint(value)})):
        found = remembering.scan_told([text], frozenset([text]))
        spans = found_in(judge([text], found), [text], SEARCH.telling(MAC))["spans"]
        assert {span.fingerprint for span in spans} == expected


def test_of_a_finding_that_nobody_knows_the_value_of_there_is_no_fingerprint() -> None:
    finding = Finding(0, 0, 8, TAINTED, "", Form.ENCODED)
    found = found_in(Judgement(("",), Verdict.WITHHELD, (), (finding,)), ["12345678"], SEARCH.telling(MAC))
    assert found["spans"][0].fingerprint == ""
    assert b"fingerprint" not in msgspec.json.encode(found)


def test_another_key_gives_other_fingerprints() -> None:
    assert SearchKey(b"t" * 32).fingerprint(MAC(VALUE)) != fingerprint(VALUE)
    assert SEARCH.fingerprint(KnownValues.build((), bytes(32)).mac(VALUE)) != fingerprint(VALUE)
    assert fingerprint(f" {VALUE}\n") == fingerprint(VALUE)
    assert len(fingerprint(VALUE)) == 32


def test_the_key_is_made_once_for_its_owner_alone_and_shown_to_nobody(tmp_path: Path) -> None:
    with pytest.raises(EgressError, match="is missing"):
        SearchKey.read(tmp_path)
    key = SearchKey.of(tmp_path)
    file = tmp_path / "audit-search.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert (
        SearchKey.of(tmp_path).fingerprint(b"x") == SearchKey.read(tmp_path).fingerprint(b"x") == key.fingerprint(b"x")
    )
    assert repr(key) == "SearchKey(…)"
    with pytest.raises(TypeError):
        pickle.dumps(key)
    file.chmod(0o640)
    with pytest.raises(StartError, match="others may read"):
        SearchKey.of(tmp_path)
    file.chmod(0o600)
    file.write_text("eas_short")
    with pytest.raises(StartError, match="no key"):
        SearchKey.read(tmp_path)
