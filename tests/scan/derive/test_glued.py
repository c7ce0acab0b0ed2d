"""A run of an encoding behind a word that is glued to it: `token…`, `name_…`."""

from __future__ import annotations

import base64
import random
import string
from hashlib import sha256
from itertools import product

from egress_proxy.model import Secret
from egress_proxy.scan import KnownValues, build_scanner
from egress_proxy.scan.derive import derive
from egress_proxy.scan.derive.hints import hinted
from egress_proxy.scan.derive.kinds import Kind

INSIDE = "".join(random.Random("glued").choices(string.ascii_letters + string.digits, k=24))
WORDS = ("token", "key", "name_", "the-code-", "a_", "My", "X9", "data/", "cafe", "bed", "VALUE_", "session_token_")


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _runs() -> dict[str, str]:
    base32 = base64.b32encode(INSIDE.encode()).decode().rstrip("=")
    return {
        "base64": _base64(INSIDE),
        "hex": INSIDE.encode().hex(),
        "base32": base32,
        "base32, small": base32.lower(),
    }


def test_what_is_glued_to_a_word_is_read() -> None:
    missed = [
        (word, name)
        for word, (name, run) in product(WORDS, _runs().items())
        if not any(INSIDE[4:-4] in one.text for one in derive(f"see {word}{run} there").texts)
    ]
    # Small letters behind small letters: no one can tell where the word ends.
    assert {(word, name) for word, name in missed if not (name == "base32, small" and word[-1].islower())} == set()


def test_a_key_that_only_its_form_tells_is_found_behind_a_word() -> None:
    key = "AK" + "IA" + "Q3EGRLKXW7N2PZVM"
    scanner = build_scanner(KnownValues.build([("OTHER", Secret(INSIDE))], bytes(32)))
    for word in WORDS:
        for text in (_base64(key), _base64(f"{key}\n"), key.encode().hex()):
            assert scanner.scan([f"It is {word}{text}."]).findings, word
            assert not scanner.scan([f"It is {word}{_base64('a name of no importance')}."]).findings, word


def test_hashes_and_names_behind_a_word_are_none() -> None:
    """The near misses: what ends like a run, and says nothing."""
    digest = sha256(b"x").hexdigest()
    for text in (f"commit_{digest}", f"build-{digest[:40]}", f"sha{digest[:32]}", "test_a_very_long_name_indeed2345"):
        assert set(hinted(f"see {text} there")) <= {Kind.OPAQUE}
