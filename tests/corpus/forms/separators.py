"""The value with something between its characters, or with its characters on lines or in words of their own."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from tests.corpus.forms.form import Form, Writer, wrapped
from tests.corpus.parts import words

_NATO: Final = words(
    """alfa bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november oscar papa quebec romeo
    sierra tango uniform victor whiskey x-ray yankee zulu"""
)
_DIGITS: Final = words("zero one two three four five six seven eight nine")
_MORSE: Final = words(
    """.- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --..
    ----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----."""
)
_ORDINALS: Final = words("first second third fourth fifth sixth seventh eighth ninth tenth")
_FILLERS: Final = words("apple bench cloud drum earth fence glass heart inbox jelly knife light mouse north ocean")
_SEPARATORS: Final = {
    "spaces": " ",
    "newlines": "\n",
    "blank lines": "\n\n",
    "hyphens": "-",
    "dots": ".",
    "commas": ",",
    "commas and spaces": ", ",
    "slashes": "/",
    "underscores": "_",
    "pipes": " | ",
    "arrows": " → ",
    "middle dots": "·",
    "tabs": "\t",
    "no-break spaces": "\N{NO-BREAK SPACE}",
    "zero-width spaces": "\N{ZERO WIDTH SPACE}",
    "zero-width joiners": "\N{ZERO WIDTH JOINER}",
    "word joiners": "\N{WORD JOINER}",
    "soft hyphens": "\N{SOFT HYPHEN}",
    "byte-order marks": "\ufeff",
    "emphasis": "**",
    "backticks": "` `",
    "quotes and plus": '" + "',
    "quotes and commas": "', '",
    "tags": "<b></b>",
    "HTML comments": "<!-- -->",
}


def _lines(line: Callable[[int, str], str], end: str = "\n") -> Writer:
    """Write every character on a line, which is made of its number (from 1) and itself."""
    return lambda value: end.join(line(number, char) for number, char in enumerate(value, 1))


def spelled(value: str) -> str:
    """Spell a value in words, capitals marked."""
    return " ".join(_spelt(char) for char in value)


def _spelt(char: str) -> str:
    if "a" <= char.lower() <= "z":
        word = _NATO[ord(char.lower()) - ord("a")]
        return word.upper() if char.isupper() else word
    return _DIGITS[int(char)] if char in "0123456789" else char


def _morse(value: str) -> str:
    signs = dict(zip("abcdefghijklmnopqrstuvwxyz0123456789", _MORSE, strict=True))
    return " / ".join(signs.get(char.lower(), char) for char in value)


def _thinned(step: int) -> Writer:
    def write(value: str) -> str:
        random = Random(value)
        noise = ("".join(random.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=step - 1)) for _ in value)
        return "".join(char + between for char, between in zip(value, noise, strict=True))

    return write


def _acrostic(end: str, tail: int) -> Writer:
    def write(value: str) -> str:
        random = Random(value)
        return end.join(
            char + random.choice(_FILLERS) + "".join(f" {word}" for word in random.choices(_FILLERS, k=tail))
            for char in value
        )

    return write


_LABELLED: Final[dict[str, Callable[[int, str], str]]] = {
    "1. x": lambda number, char: f"{number}. {char}",
    "1) x": lambda number, char: f"{number}) {char}",
    "1: x": lambda number, char: f"{number}: {char}",
    "[1] = x": lambda number, char: f"[{number - 1}] = {char}",
    "char 1: 'x'": lambda number, char: f"char {number}: '{char}'",
    "position 1 is x": lambda number, char: f"position {number} is {char}",
    "Character #1: `x`": lambda number, char: f"Character #{number}: `{char}`",
    'c1 = "x"': lambda number, char: f'c{number} = "{char}"',
    "| 1 | x |": lambda number, char: f"| {number} | {char} |",
    "- x": lambda _, char: f"- {char}",
    "* **x**": lambda _, char: f"* **{char}**",
    "> x": lambda _, char: f"> {char}",
    "x (1)": lambda number, char: f"{char} ({number})",
}  # fmt: skip

FORMS: Final = (
    *(Form("separators", name, separator.join) for name, separator in _SEPARATORS.items()),
    Form("separators", "a list", lambda value: str(list(value))),
    Form("separators", "emphasis on each", lambda value: " ".join(f"*{char}*" for char in value)),
    Form("separators", "pairs", lambda value: wrapped(value, 2, " ")),
    Form("separators", "fours", lambda value: wrapped(value, 4, "-")),
    Form("separators", "fives on lines", lambda value: wrapped(value, 5)),
    Form("separators", "quoted lines", lambda value: "> " + wrapped(value, 10, "\n> ")),
    *(Form("labels", f"lines `{name}`", _lines(line)) for name, line in _LABELLED.items()),
    Form("labels", "1=x, 2=y", _lines(lambda number, char: f"{number}={char}", ", ")),
    Form(
        "labels",
        "the first character is x",
        _lines(lambda number, char: f"The {_ORDINALS[(number - 1) % 10]} character is {char}."),
    ),
    Form("thinned", "every second character", _thinned(2)),
    Form("thinned", "every third character", _thinned(3)),
    Form("thinned", "acrostic of lines", _acrostic("\n", 4), covered=False),
    Form("thinned", "acrostic of words", _acrostic(" ", 0), covered=False),
    Form("spelled", "spelling alphabet", spelled),
    Form("spelled", "Morse", _morse, covered=False),
)
