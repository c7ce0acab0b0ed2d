"""Values whose characters or codes are moved by a little: found like any other form, and no other value for them."""

from __future__ import annotations

import random
import re
import string

from egress_proxy.model import Form, Secret
from egress_proxy.scan import KnownValues
from tests.corpus.forms.letters import FORMS as LETTERS
from tests.corpus.forms.moved import FORMS

WRITERS = {form.name: form.write for form in (*FORMS, *LETTERS) if form.covered and form.group in {"moved", "ciphers"}}


def _values(seed: str) -> list[str]:
    of = random.Random(seed)
    return [
        "".join(of.choices(string.ascii_letters + string.digits, k=size)) for size in (16, 20, 24, 40) for _ in range(5)
    ] + ["".join(of.choices(string.ascii_letters + string.digits + "-_/+!$%", k=24)) for _ in range(5)]


def test_each_is_found_and_is_of_its_value_alone() -> None:
    values, others = _values("moved"), _values("others")
    known = KnownValues.build([(f"V{at}", Secret(value)) for at, value in enumerate(values)], bytes(32))
    assert len(WRITERS) == 10
    for name, write in WRITERS.items():
        found = known.find([f"so it is {write(value)} in all" for value in values]).findings
        assert {(hit.text, hit.name) for hit in found} == {(at, f"V{at}") for at in range(len(values))}, name
        assert {hit.form for hit in found} == {Form.ENCODED}, name
        assert known.find([f"so it is {write(value)} in all" for value in others]).findings == (), name


def test_what_ids_hold_by_accident_is_no_form() -> None:
    """Moved by 47 places letters become signs, and these drop out: of a name and a year six hex digits may be left."""
    value = "Ott" + "er2016."
    known = KnownValues.build([("V", Secret(value))], bytes(32))
    moved = "".join(chr(33 + (ord(char) + 14) % 94) for char in value)
    left = "".join(filter(str.isalnum, moved)).lower()
    assert re.fullmatch("[0-9a-f]{6}", left)
    assert known.find([f"see 7{left[:4]}-{left[4:]}1-4c22 there"]).findings == ()
    assert [hit.name for hit in known.find([f"it is {value[::-1]}"]).findings] == ["V"]
