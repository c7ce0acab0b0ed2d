"""Letters of other alphabets are read whatever the case, also those that only an expression knows to be the same."""

from __future__ import annotations

import sys

from egress_proxy.scan.derive import alike
from egress_proxy.scan.engine import TextScanner


def test_every_letter_that_is_taken_for_a_sound_has_one() -> None:
    """U+1C80, a form of a Cyrillic letter, has no other case, and an expression that ignores case takes it for one."""
    taken = [chr(code) for code in range(sys.maxunicode + 1) if alike._SOUNDING.fullmatch(chr(code))]
    assert "\u1c80" in taken
    assert all(len(alike._sound(char)) == 1 for char in taken)


def test_a_text_with_them_is_scanned(scanner: TextScanner) -> None:
    letters = "".join(map(chr, range(0x1C80, 0x1C89)))
    assert not scanner.scan([f"па{letters}роль pass{letters}word привет {letters}"]).undecided
