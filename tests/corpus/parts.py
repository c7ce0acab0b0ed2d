"""Random parts of which secrets, identifiers and hashes are put together: the same `Random` gives the same corpus."""

from __future__ import annotations

import base64
import json
import zlib
from random import Random
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits
from typing import Any, Final, TypeVar

HEX: Final = digits + "abcdef"
BASE62: Final = digits + ascii_uppercase + ascii_lowercase
URL64: Final = ascii_letters + digits + "-_"
BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_SHA256: Final = 32  # bytes of a signature with HS256
PUNCTUATION: Final = "!#$%&*+-.:;=?@^_~"

T = TypeVar("T")


def words(text: str) -> tuple[str, ...]:
    """Take a list of words apart."""
    return tuple(text.split())


class Parts:
    """Draws parts from one source of randomness."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def of(self, alphabet: str, length: int) -> str:
        """Draw characters of an alphabet."""
        return "".join(self.random.choices(alphabet, k=length))

    def hex(self, length: int) -> str:
        return self.of(HEX, length)

    def base62(self, length: int) -> str:
        return self.of(BASE62, length)

    def lower(self, length: int) -> str:
        """Draw lower-case letters and digits."""
        return self.of(ascii_lowercase + digits, length)

    def upper(self, length: int) -> str:
        """Draw upper-case letters and digits."""
        return self.of(ascii_uppercase + digits, length)

    def url64(self, length: int) -> str:
        return self.of(URL64, length)

    def digits(self, length: int) -> str:
        """Draw digits, the first not a zero."""
        return self.of(digits[1:], 1) + self.of(digits, length - 1)

    def base64(self, size: int) -> str:
        """Encode so many random bytes, with padding."""
        return base64.b64encode(self.random.randbytes(size)).decode()

    def uuid(self) -> str:
        """Draw a UUID of version 4."""
        variant = self.random.choice("89ab")
        return f"{self.hex(8)}-{self.hex(4)}-4{self.hex(3)}-{variant}{self.hex(3)}-{self.hex(12)}"

    def choice(self, *items: T) -> T:
        return self.random.choice(items)

    def number(self, low: int, high: int) -> int:
        """Draw a number between both, which may be drawn too."""
        return self.random.randint(low, high)

    def password(self, length: int) -> str:
        """Draw what a password manager gives: all classes, beginning with a letter."""
        rest = [self.of(digits, 1), self.of(ascii_uppercase, 1), self.of("!#%*+-_=?^", 1)]
        rest += self.of(ascii_letters + digits + "!#%*+-_=?^", length - 4)
        self.random.shuffle(rest)
        return self.of(ascii_letters, 1) + "".join(rest)

    def invented(self) -> str:
        """Put together what people think is a password: a word or two, a number, a sign."""
        first, second = self.random.sample(_WORDS, 2)
        number = self.number(10, 2099)
        sign = self.of("!?#*", 1)
        return self.choice(
            f"{first.capitalize()}{second.capitalize()}{number}{sign}",
            f"{first.capitalize()}-{second}-{number}{sign}",
            f"{first}{sign}{second.capitalize()}{number}",
            f"{first.capitalize()}@{number}{sign}",
        )

    def passphrase(self, words: int, separator: str) -> str:
        return separator.join(self.random.sample(_WORDS, words))

    def jwt(self, size: int = _SHA256, claims: dict[str, Any] | None = None) -> str:
        """Make a JSON web token with a signature of so many random bytes."""
        head = (
            {"alg": "HS256", "typ": "JWT"} if size == _SHA256 else {"alg": "RS256", "typ": "JWT", "kid": self.hex(16)}
        )
        issued = self.number(1_600_000_000, 1_800_000_000)
        body = claims or {"sub": self.digits(10), "iat": issued, "exp": issued + 3600, "jti": self.uuid()}
        return ".".join((url_json(head), url_json(body), url_bytes(self.random.randbytes(size))))


def url_bytes(data: bytes) -> str:
    """Encode in base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def url_json(value: Any) -> str:
    """Encode compact JSON in base64url without padding."""
    return url_bytes(json.dumps(value, separators=(",", ":")).encode())


def crc_base62(text: str) -> str:
    """Give the six digits of base 62 of a text's CRC-32, which GitHub and npm put at the end of their tokens."""
    number = zlib.crc32(text.encode())
    found = ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        found = BASE62[digit] + found
    return found


_WORDS: Final = words(
    """abbey acorn alder almond amber anchor apricot arrow aspen atlas autumn badger bagel bamboo barley basil beacon
    beetle birch bishop bonfire bottle bramble breeze bridge bronze bucket butter button cabin cactus camel canyon
    carbon carrot castle cedar cellar chapel cherry chimney cinder citrus clover cobalt coffee comet copper coral
    cottage cricket crimson crystal cypress daisy dolphin domino dragon drummer eagle ember engine falcon feather
    fennel ferry fiddle flannel forest fossil galaxy garden garlic ginger glacier goblet granite gravel guitar hammer
    harbour hazel heather hermit heron hollow honey hornet icicle island ivory jacket jasmine jigsaw juniper kettle
    lagoon lantern lavender lemon lichen lilac lobster locket magnet mango maple marble meadow melon mercury mitten
    monsoon mosaic mustard nectar nettle nickel nutmeg oatmeal octopus olive onyx orbit orchard otter oyster paddle
    panther papaya parsley peanut pebble pelican pepper pepperoni pickle pigeon pilot pistachio planet plaster plum
    pocket poppy prairie puffin pumpkin quartz rabbit raccoon radish raven ribbon river rocket rooster rosemary saddle
    saffron salmon sandal sapphire satchel scarlet shadow shamrock shovel silver sparrow spinach spruce squirrel summer
    sunset teapot tempest thicket thimble thistle thunder tiger timber tomato topaz tornado tractor trumpet tulip
    tundra turnip turtle umbrella valley vanilla velvet violet violin walnut walrus weasel whisker willow window winter
    wizard wombat yarrow yellow zephyr zipper"""
)
