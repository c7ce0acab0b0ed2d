"""Ways to write a value that known values alone do not see through: each takes a value and gives a text."""

from __future__ import annotations

import base64
import binascii
import bz2
import gzip
import html
import json
import lzma
import quopri
import random
import string
import zlib
from collections.abc import Callable
from typing import Literal
from urllib.parse import quote

Writer = Callable[[str], str]

# fmt: off
ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
    "twentieth", "twenty-first", "twenty-second", "twenty-third", "twenty-fourth",
)
NAMES = (
    "alfa", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett", "kilo", "lima", "mike",
    "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango", "uniform", "victor", "whiskey", "xray", "yankee",
    "zulu", "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
)
# fmt: on
NATO = dict(zip("abcdefghijklmnopqrstuvwxyz0123456789", NAMES, strict=True))
MORSE_CODE = (
    "a.- b-... c-.-. d-.. e. f..-. g--. h.... i.. j.--- k-.- l.-.. m-- n-. o--- p.--. q--.- r.-. s... t- "
    "u..- v...- w.-- x-..- y-.-- z--.. 0----- 1.---- 2..--- 3...-- 4....- 5..... 6-.... 7--... 8---.. "
    "9----."
)
MORSE = {word[0]: word[1:] for word in MORSE_CODE.split()}
LOOKS = str.maketrans(
    "ABCEHIJKMOPSTXYaceijopsxy",
    "".join(map(chr, (0x410, 0x412, 0x421, 0x415, 0x41D, 0x406, 0x408, 0x41A, 0x41C, 0x41E, 0x420, 0x405, 0x422)))
    + "".join(map(chr, (0x425, 0x4AE, 0x430, 0x441, 0x435, 0x456, 0x458, 0x43E, 0x440, 0x455, 0x445, 0x443))),
)
SMALL_CAPITALS = str.maketrans(
    "abcdefghijklmnopqrstuvwyz",
    "".join(map(chr, (0x1D00, 0x299, 0x1D04, 0x1D05, 0x1D07, 0xA730, 0x262, 0x29C, 0x26A, 0x1D0A, 0x1D0B, 0x29F)))
    + "".join(map(chr, (0x1D0D, 0x274, 0x1D0F, 0x1D18, 0x1EB, 0x280, 0xA731, 0x1D1B, 0x1D1C, 0x1D20, 0x1D21)))
    + "".join(map(chr, (0x28F, 0x1D22))),
)


def data(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def b64(text: str | bytes) -> str:
    return base64.b64encode(data(text)).decode()


def hexed(text: str | bytes) -> str:
    return data(text).hex()


def deflated(text: str) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(text.encode()) + packer.flush()


def wrapped(text: str, width: int, before: str = "", after: str = "\n") -> str:
    return after.join(before + text[start : start + width] for start in range(0, len(text), width))


def some(template: Callable[[str], str], every: int = 3) -> Writer:
    """Most characters in a notation, the others as they are."""
    return lambda value: "".join(char if at % every == 0 else template(char) for at, char in enumerate(value))


def rows(template: str, separator: str = "\n", first: int = 1) -> Writer:
    return lambda value: separator.join(
        template.format(number=number, char=char, code=ord(char)) for number, char in enumerate(value, first)
    )


def parts(template: str, separator: str = "\n", size: int = 5) -> Writer:
    return lambda value: separator.join(
        template.format(number=number, piece=value[at : at + size])
        for number, at in enumerate(range(0, len(value), size), start=1)
    )


def shuffled(template: str) -> Writer:
    def write(value: str) -> str:
        lines = rows(template)(value).split("\n")
        random.Random(7).shuffle(lines)
        return "\n".join(lines)

    return write


def shuffled_pairs(value: str) -> str:
    pairs = rows('{number}: "{char}"')(value).split("\n")
    random.Random(11).shuffle(pairs)
    return "{" + ", ".join(pairs) + "}"


def inlaid(*inlays: str) -> Writer:
    """Pieces of the value with these between them, in turn."""

    def write(value: str) -> str:
        pieces = wrapped(value, 3, "", " ").split()
        return "".join(piece + inlays[at % len(inlays)] for at, piece in enumerate(pieces[:-1])) + pieces[-1]

    return write


def styled(value: str) -> str:
    r"""As style sheets have it, in two lengths: `\41 \000042`."""
    return "".join(f"\\{ord(char):06x}" if at % 3 else f"\\{ord(char):x} " for at, char in enumerate(value))


def filled(step: int, fill: str) -> Writer:
    def write(value: str) -> str:
        dice = random.Random(len(value) * step)
        return "".join(char + "".join(dice.choice(fill) for _ in range(step - 1)) for char in value)

    return write


def spelled(value: str) -> str:
    words = []
    for char in value:
        name = NATO.get(char.lower(), char)
        words.append(f"capital {name}" if char.isupper() else name)
    return " ".join(words)


def moved(by: int) -> Writer:
    def move(char: str) -> str:
        if not char.isalpha():
            return char
        base = ord("a") if char.islower() else ord("A")
        return chr((ord(char) - base + by) % 26 + base)

    return lambda value: "".join(map(move, value))


def columns(value: str) -> str:
    height = (len(value) + 1) // 2
    filled_up = value.ljust(2 * height, "x")
    return "\n".join(filled_up[row] + filled_up[height + row] for row in range(height))


def selectors(value: str) -> str:
    return "".join(chr(0xFE00 + byte if byte < 16 else 0xE0100 + byte - 16) for byte in value.encode())


def wide(row: bytes, size: int, order: Literal["big", "little"]) -> str:
    """A row in words of so many bytes, filled up with zeros."""
    words = [row[at : at + size].ljust(size, b"\0") for at in range(0, len(row), size)]
    return " ".join((word if order == "big" else word[::-1]).hex() for word in words)


def dump(place: str, show: Callable[[bytes], str]) -> Callable[[str | bytes], str]:
    """Rows of sixteen bytes, each with its place."""

    def write(value: str | bytes) -> str:
        content = data(value) + b"\n"
        rows = [f"{format(at, place)}{show(content[at : at + 16])}" for at in range(0, len(content), 16)]
        return "\n".join([*rows, format(len(content), place)])

    return write


def shown(row: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)


def uuencoded(value: str) -> str:
    content = value.encode()
    rows = [binascii.b2a_uu(content[at : at + 45]).decode() for at in range(0, len(content), 45)]
    return "begin 644 secret.txt\n" + "".join(rows) + "`\nend"


LETTERS = string.ascii_lowercase + string.ascii_uppercase
BASE32 = string.ascii_uppercase + "234567"
BASE64 = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "QWERTYUIOP", "ASDFGHJKL", "ZXCVBNM", "1234567890")
_CELLS = "⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵"
BRAILLE = dict(zip(LETTERS, _CELLS, strict=False)) | {
    digit: "⠼" + cell for digit, cell in zip("1234567890", _CELLS, strict=False)
}


def in_letters(written: bytes, alphabet: str, other: str) -> str:
    return written.decode().rstrip("=").translate(str.maketrans(alphabet, other))


def base58(value: str) -> str:
    number, digits = int.from_bytes(value.encode()), ""
    while number:
        number, digit = divmod(number, 58)
        digits = BASE58[digit] + digits
    return digits


def described(char: str) -> str:
    if char.isdigit():
        return f"the digit {NAMES[26 + int(char)]}"
    return f"{'capital' if char.isupper() else 'small'} {char}"


WRITERS: dict[str, Writer] = {
    # layers
    "base64-of-hex": lambda value: b64(hexed(value)),
    "hex-of-base64": lambda value: hexed(b64(value)),
    "hex-of-hex": lambda value: hexed(hexed(value)),
    "base64-three-times": lambda value: b64(b64(b64(value))),
    "base64-four-times": lambda value: b64(b64(b64(b64(value)))),
    "base64-of-reversed": lambda value: b64(value[::-1]),
    "reversed-base64": lambda value: b64(value)[::-1],
    "rot13-of-base64": lambda value: moved(13)(b64(value)),
    "base64url-of-base64url": lambda value: base64.urlsafe_b64encode(base64.urlsafe_b64encode(value.encode())).decode(),
    "base32-of-base64": lambda value: base64.b32encode(b64(value).encode()).decode(),
    "base64-of-base32": lambda value: b64(base64.b32encode(value.encode())),
    "base85-of-base64": lambda value: base64.b85encode(b64(value).encode()).decode(),
    "ascii85-of-hex": lambda value: base64.a85encode(hexed(value).encode(), adobe=True).decode(),
    "base64-of-base85": lambda value: b64(base64.b85encode(b64(value).encode())),
    "percent-of-base64": lambda value: "".join(f"%{byte:02x}" for byte in b64(value).encode()),
    "base64-of-utf-16": lambda value: b64(value.encode("utf-16")),
    "base64-of-utf-16-be": lambda value: b64(value.encode("utf-16-be")),
    "json-in-json-of-base64": lambda value: json.dumps(json.dumps({"a": json.dumps({"k": b64(b64(value))})})),
    "base64-of-percent": lambda value: b64("".join(f"%{byte:02X}" for byte in value.encode())),
    # wrapped
    "wrapped": lambda value: "\n" + wrapped(b64(hexed(value)), 16),
    "wrapped-quoted": lambda value: "\n" + wrapped(b64(hexed(value)), 20, "> "),
    "wrapped-table": lambda value: "\n" + wrapped(b64(hexed(value)), 20, "| ", " |\n"),
    "wrapped-backslashes": lambda value: wrapped(b64(hexed(value)), 24, "    ", " \\\n"),
    "wrapped-literals": lambda value: '"' + wrapped(b64(hexed(value)), 12, "", '" +\n  "') + '"',
    "wrapped-narrow": lambda value: "\n" + wrapped(b64(hexed(value)), 8, "  "),
    "wrapped-in-json": lambda value: json.dumps(wrapped(b64(hexed(value)), 20, "    > ")),
    "wrapped-in-a-diff": lambda value: "\n" + wrapped(b64(gzip.compress(value.encode(), mtime=0)), 40, "+"),
    # other digits
    "base32hex": lambda value: base64.b32hexencode(value.encode()).decode(),
    "base32hex-of-base64": lambda value: base64.b32hexencode(b64(value).encode()).decode().lower().rstrip("="),
    "integer": lambda value: str(int.from_bytes(value.encode())),
    "uuencode": uuencoded,
    "uuencode-indented": lambda value: "\n    " + uuencoded(value).replace("\n", "\n    "),
    "uuencode-in-json": lambda value: json.dumps(uuencoded(value)),
    # dumps
    "xxd": dump("08x", lambda row: f": {wide(row, 2, 'big'):<39}  {shown(row)}"),
    "xxd-in-bytes": dump("08x", lambda row: f": {row.hex(' '):<47}  {shown(row)}"),
    "xxd-in-json": lambda value: json.dumps(WRITERS["xxd"](value)),
    "xxd-in-a-diff": lambda value: "+" + WRITERS["xxd"](value).replace("\n", "\n+"),
    "xxd-of-gzip": lambda value: dump("08x", lambda row: f": {wide(row, 2, 'big'):<39}  {shown(row)}")(
        gzip.compress(value.encode(), mtime=0)
    ),
    "hexdump": dump("07x", lambda row: f" {wide(row, 2, 'little')}"),
    "hexdump-c": dump("08x", lambda row: f"  {row[:8].hex(' ')}  {row[8:].hex(' '):<23}  |{shown(row)}|"),
    "od": dump(
        "07o", lambda row: "".join(f" {row[at] + 256 * sum(row[at + 1 : at + 2]):06o}" for at in range(0, len(row), 2))
    ),
    "od-bytes": dump("07o", lambda row: "".join(f" {byte:03o}" for byte in row)),
    "od-decimal": dump("07o", lambda row: "".join(f" {byte:3}" for byte in row)),
    "od-characters": dump("07o", lambda row: "".join("  \\n" if byte == 10 else f"   {byte:c}" for byte in row)),
    # compressed
    "gzip-base85-assigned": lambda value: (
        f"`value={base64.b85encode(gzip.compress(value.encode(), mtime=0)).decode()}`"
    ),
    "gzip-base64": lambda value: b64(gzip.compress(value.encode(), mtime=0)),
    "gzip-base64url": lambda value: base64.urlsafe_b64encode(gzip.compress(value.encode(), mtime=0)).decode(),
    "gzip-hex": lambda value: hexed(gzip.compress(value.encode(), mtime=0)),
    "gzip-base85": lambda value: base64.b85encode(gzip.compress(value.encode(), mtime=0)).decode(),
    "gzip-base32": lambda value: base64.b32encode(gzip.compress(value.encode(), mtime=0)).decode(),
    "zlib-base64": lambda value: b64(zlib.compress(value.encode())),
    "zlib-hex-of-a-file": lambda value: hexed(zlib.compress(f"# settings\nPASSWORD={value}\nDEBUG=1\n".encode() * 3)),
    "deflate-base64": lambda value: b64(deflated(value)),
    "bz2-base64": lambda value: b64(bz2.compress(value.encode())),
    "xz-base64": lambda value: b64(lzma.compress(b64(value).encode())),
    "gzip-of-gzip": lambda value: b64(gzip.compress(b64(gzip.compress(value.encode(), mtime=0)).encode(), mtime=0)),
    # escapes here and there
    "some-percent": some(lambda char: f"%{ord(char):02X}"),
    "some-percent-twice": some(lambda char: f"%25{ord(char):02x}"),
    "some-unicode-escapes": some(lambda char: f"\\u{ord(char):04x}"),
    "some-braced-escapes": some(lambda char: f"\\u{{{ord(char):x}}}"),
    "some-backslash-x": some(lambda char: f"\\x{ord(char):02x}"),
    "some-octal": some(lambda char: f"\\{ord(char):03o}"),
    "some-entities": some(lambda char: f"&#{ord(char)};"),
    "some-hex-entities": some(lambda char: f"&#x{ord(char):x};", 2),
    "some-quoted-printable": some(lambda char: f"={ord(char):02X}"),
    "quoted-printable-lines": lambda value: quopri.encodestring(
        wrapped("=".join(value), 20, "", "=\n").encode()
    ).decode(),
    "mixed-escapes": lambda value: "".join(
        (f"%{ord(char):02x}", f"\\u{ord(char):04x}", f"&#{ord(char)};", char)[at % 4] for at, char in enumerate(value)
    ),
    "escaped-quotation": lambda value: json.dumps(wrapped(value, 10, "> ")),
    "escaped-lines-of-five": lambda value: json.dumps(wrapped(" ".join(wrapped(value, 6).split()), 5)),
    # the same between characters
    "tags-between": "<b></b>".join,
    "cells": lambda value: f"<tr><td>{'</td><td>'.join(value)}</td></tr>",
    "words-between": " and ".join,
    "tags-between-escaped": lambda value: html.escape("<b></b>".join(value)),
    # numbered
    "lines-numbered": rows("{number}. {char}"),
    "lines-from-zero": rows("{number}: {char}", first=0),
    "brackets": rows("[{number}] {char}", ", ", 0),
    "equals": rows("char {number} = {char}"),
    "in-parentheses": rows("- {char} ({number})"),
    "positions": rows("{char} -> position {number}"),
    "table": lambda value: "| # | char |\n|---|---|\n" + rows("| {number} | {char} |")(value),
    "index": rows("s[{number}] = '{char}'", "; ", 0),
    "object": rows('"{number}": "{char}"', ", ", 0),
    "shuffled": shuffled("char {number} = {char}"),
    "shuffled-sentences": shuffled("The character at position {number} is {char}."),
    "object-shuffled": shuffled_pairs,
    "object-behind-a-number": lambda value: f"page=2&q={shuffled_pairs(value)}",
    "ordinals": lambda value: ", ".join(
        f"the {word} character is {char}" for word, char in zip(ORDINALS, value, strict=False)
    ),
    "names-counted": rows('c{number} = "{char}"'),
    "escaped-lines": lambda value: json.dumps(rows("{number}. {char}")(value)),
    "escaped-names": lambda value: json.dumps(rows('c{number} = "{char}"')(value)),
    "in-markup": rows("<li id=n{number}><b>{char}</b></li>", ""),
    "ordinals-again": lambda value: "\n".join(
        f"The {ORDINALS[at % 10]} character is {char}." for at, char in enumerate(value)
    ),
    "lettered": lambda value: "\n".join(f"{chr(97 + at)}) {char}" for at, char in enumerate(value[:24])),
    "spelled": spelled,
    "morse": lambda value: " / ".join(MORSE[char.lower()] for char in value),
    "morse-in-blanks": lambda value: "  ".join(MORSE[char.lower()] for char in value),
    "morse-on-lines": lambda value: "\n".join("^" * char.isupper() + MORSE[char.lower()] for char in value),
    "small-capitals-apart": lambda value: " ".join(value.translate(SMALL_CAPITALS)),
    "cells-of-braille": lambda value: "".join(chr(0x2800 + ord(char)) for char in value),
    "styled": styled,
    "tags-in-words": inlaid("<b>", "</b>"),
    "long-tags-in-words": inlaid('<span class="hljs-string">', "</span><wbr>"),
    "comments-in-words": inlaid("/* checked */", "/* see the docs */"),
    # code
    "chr": lambda value: "+".join(f"chr({ord(char)})" for char in value),
    "chr-hex": lambda value: " . ".join(f"chr(0x{ord(char):x})" for char in value),
    "appended": lambda value: 'value = ""\nvalue += "' + wrapped(value, 5, "", '"\nvalue += "') + '"',
    "appended-in-a-diff": lambda value: '+s = ""\n+s .= \'' + wrapped(value, 5, "", "';\n+s .= '") + "'",
    "appended-in-json": lambda value: json.dumps(
        'value = ""\nvalue += "' + wrapped(value, 5, "", '"\nvalue += "') + '"'
    ),
    "assigned-anew": lambda value: "let v = '" + wrapped(value, 6, "", "';\nv = v + '") + "';",
    "string-builder": lambda value: 'new StringBuilder().append("' + wrapped(value, 6, "", '").append("') + '")',
    "builder-in-lines": lambda value: 'b.WriteString("' + wrapped(value, 6, "", '")\n\tb.WriteString("') + '")',
    "joined-in-json": lambda value: json.dumps("const v = '" + wrapped(value, 7, "", "' +\n  '") + "';"),
    "adjacent": lambda value: 'V="' + wrapped(value, 6, "", '""') + '"',
    "bars": lambda value: "SELECT '" + wrapped(value, 6, "", "' || '") + "'",
    "listed": lambda value: 'concat!("' + wrapped(value, 6, "", '", "') + '")',
    "listed-in-json": lambda value: json.dumps('concat!("' + wrapped(value, 6, "", '", "') + '")'),
    "continued": lambda value: wrapped(value, 8, "", "\\\n"),
    "continued-in-a-diff": lambda value: wrapped(value, 8, "", "\\\n+"),
    "continued-in-json": lambda value: json.dumps(wrapped(value, 8, "", "\\\n")),
    "quoted-for-a-shell": lambda value: "'" + wrapped(value, 6, "", "'\\''.'\\''") + "'",
    # pieces in rows
    "pieces-assigned": parts("PART_{number}={piece}"),
    "pieces-in-a-list": parts("- chunk {number}: `{piece}`"),
    "pieces-in-marks-of-print": parts("{number}. “{piece}”,"),
    "pieces-in-a-table": parts("| {number} | `{piece}` |"),
    "pieces-in-comments": parts("x = {number}  # {piece}"),
    "pieces-in-file-names": parts("src/{number:02d}_{piece}.txt"),
    "pieces-in-sentences": parts("Number {number} of them is {piece}, got it."),
    "pieces-in-a-url": lambda value: "https://x.example/?" + parts("p{number}={piece}", "&")(value),
    "pieces-from-the-end": lambda value: " ".join(wrapped(value, 5).split()[::-1]),
    "pieces-in-base64": lambda value: parts("- chunk {number}: `{piece}`")(b64(value)),
    "codes-in-sentences": rows("Character {number} has ASCII code {code}."),
    # other alphabets
    "base58": base58,
    "base58-in-backticks": lambda value: f"In base58: `{base58(value)}`.",
    "crockford": lambda value: in_letters(base64.b32encode(value.encode()), BASE32, CROCKFORD),
    "bcrypt": lambda value: in_letters(
        base64.b64encode(value.encode()), BASE64, "./" + string.ascii_uppercase + string.ascii_lowercase + string.digits
    ),
    "atbash": lambda value: in_letters(value.encode(), LETTERS, LETTERS[25::-1] + LETTERS[:25:-1]),
    "keys-beside": lambda value: in_letters(value.encode(), "".join(KEYS), "".join(row[1:] + row[0] for row in KEYS)),
    "braille": lambda value: "".join(BRAILLE[char.lower()] for char in value),
    "flags": lambda value: " ".join(
        chr(0x1F1E6 + ord(char.lower()) - 97) if char.isalpha() else char + "\ufe0f\u20e3" for char in value
    ),
    "described": lambda value: "It starts with " + ", then ".join(map(described, value)) + ".",
    # numbers
    "style-sheet": lambda value: 'content: "' + "".join(f"\\{ord(char):06x}" for char in value) + '"',
    "octal-of-four": lambda value: "printf '%b' '" + "".join(f"\\0{ord(char):o}" for char in value) + "'",
    "wide-characters": lambda value: "t = " + " & ".join(f"ChrW({ord(char)})" for char in value),
    "typed-bytes": lambda value: "&[" + ", ".join(f"0x{ord(char):02X}u8" for char in value) + "]",
    "cast-bytes": lambda value: "{" + ", ".join(f"(byte)0x{ord(char):02x}" for char in value) + "}",
    "bits-prefixed": lambda value: ", ".join(f"0b{ord(char):08b}" for char in value),
    "machine-words": lambda value: " ".join(
        f"0x{int.from_bytes(value[at : at + 4].encode(), 'little'):08x}" for at in range(0, len(value), 4)
    ),
    # other places
    "evens-then-odds": lambda value: value[::2] + value[1::2],
    "rail-fence": lambda value: value[::4] + value[1::2] + value[2::4],
    "halves-in-turn": lambda value: f"evens: {value[::2]}\nodds: {value[1::2]}",
    "every-second": filled(2, "x"),
    "every-second-random": filled(2, "abcdefXYZ0123456789"),
    "every-third": filled(3, "abcdefXYZ0123456789"),
    "every-fourth": filled(4, "abcdefXYZ0123456789"),
    "every-second-of-many": lambda value: wrapped(filled(2, "abcdefXYZ0123456789+/")(value * 20), 76),
    "every-third-of-much": lambda value: filled(3, "abcdefXYZ0123456789")("0aB1" * 60 + value),
    "every-second-in-a-url": lambda value: f"https://a.example/?q={quote(filled(2, 'abXY09+/')(value), safe='')}",
    "every-second-in-words": lambda value: filled(2, "abcdefghijklmnop0123456789")(
        " ".join(wrapped(value.lower(), 5).split())
    ),
    "pairs-swapped": lambda value: "".join(value[at : at + 2][::-1] for at in range(0, len(value), 2)),
    "caesar": moved(5),
    "next-character": lambda value: "".join(chr(ord(char) + 1) for char in value),
    "acrostic-lines": lambda value: "\n".join(f"{char}in went there, and then some more" for char in value),
    "last-of-lines": lambda value: "\n".join(f"there went and then there was a {char}" for char in value),
    "acrostic-words": lambda value: " ".join(char if char.isdigit() else f"{char}elt" for char in value),
    "columns": lambda value: "\n" + columns(value),
    # other alphabets
    "look-alikes": lambda value: value.translate(LOOKS),
    # as terminals show it
    "in-colours": lambda value: "".join(f"\x1b[3{at % 8}m{char}" for at, char in enumerate(value)),
    "highlighted": lambda value: f"\x1b[01;31m\x1b[K{value[:9]}\x1b[m\x1b[K{value[9:18]}\x1b[0;1m{value[18:]}",
    "written-over": lambda value: "".join(f"{'ab1'[at % 3]}\b{char}" for at, char in enumerate(value)),
    "in-colours-escaped": lambda value: json.dumps("".join(f"\x1b[{at}G{char}" for at, char in enumerate(value))),
    "base64-in-colours": lambda value: f"{b64(value)[:9]}\x1b[1;32m{b64(value)[9:]}",
    "small-capitals": lambda value: value.lower().translate(SMALL_CAPITALS),
    "tags": lambda value: "".join(chr(0xE0000 + ord(char)) for char in value),
    "variation-selectors": selectors,
    "zero-width-bits": lambda value: "".join(
        "\u200b" if bit == "0" else "\u200c" for byte in value.encode() for bit in f"{byte:08b}"
    ),
    "html-of-percent": lambda value: html.escape("".join(f"%{byte:02x}" for byte in b64(value).encode())),
}
