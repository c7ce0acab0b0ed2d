"""What a canary is, and the pieces that canaries are put together from: no file of ours holds the form of a secret."""

from __future__ import annotations

from msgspec import Struct

DIGITS = "4f9d8c2ab17e6035"
MIXED = "Qw7Zr2Lk9Xv4Tn8Bm3Hs6Jd1Fp5Gc0YaKe"
LETTERS = "qwzrlkxvtnbmhsjdfpgcyaueio"
LONG = MIXED * 4


class Canary(Struct, frozen=True):
    """The text is before + secret + after; the detector must report exactly the secret."""

    detector: str
    secret: str
    before: str = ""
    after: str = ""

    @property
    def text(self) -> str:
        return self.before + self.secret + self.after
