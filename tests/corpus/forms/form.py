"""What a form is, and what the lists of forms share."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

Writer = Callable[[str], str]


class Form(Struct, frozen=True):
    """One way to write a value."""

    group: str
    name: str
    write: Writer
    covered: bool = True  # the product says that it recognises it
    core: bool = False  # writes only what is secret in a value, without what a header, a scheme or a host says
    of_words: bool | None = None  # only of passphrases, or only of other values; None: of all


def wrapped(text: str, width: int, end: str = "\n") -> str:
    """Break a text after so many characters."""
    return end.join(text[start : start + width] for start in range(0, len(text), width))


def each(template: str, separator: str = "") -> Writer:
    """Write every byte in a notation."""
    return lambda value: separator.join(template.format(byte) for byte in value.encode())


def every(count: int, change: Writer) -> Writer:
    """Change one character of so many, the first of them first."""
    return lambda value: "".join(change(char) if index % count == 0 else char for index, char in enumerate(value))
