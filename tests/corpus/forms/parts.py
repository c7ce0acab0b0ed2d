"""Only some of the value: of what is secret in it, since everybody knows how a URL or a token of a provider begins."""

from __future__ import annotations

from typing import Final

from tests.corpus.forms.form import Form, Writer

_MASK: Final = "…"


def _piece(length: int, where: str) -> Writer:
    def write(core: str) -> str:
        start = {"start": 0, "middle": (len(core) - length) // 2, "end": len(core) - length}[where]
        return core[max(start, 0) :][:length]

    return write


def _masked(shown: int, mask: str) -> Writer:
    return lambda core: core[:shown] + mask + core[-shown:]


def _halves(between: str) -> Writer:
    return lambda core: core[: len(core) // 2] + between + core[len(core) // 2 :]


def _of_each(name: str, write: Writer) -> tuple[Form, Form]:
    """What is promised of values that are no words, and not of passphrases: one word or two stand in any sentence."""
    return (
        Form("parts", name, write, core=True, of_words=False),
        Form("parts", f"{name}, of a passphrase", write, covered=False, core=True, of_words=True),
    )


FORMS: Final = (
    *(
        form
        for length in (12, 16)
        for where in ("start", "middle", "end")
        for form in _of_each(f"{length} characters from the {where}", _piece(length, where))
    ),
    *(
        Form("parts", f"20 characters from the {where}", _piece(20, where), core=True)
        for where in ("start", "middle", "end")
    ),
    *_of_each("first 12, last 12", _masked(12, _MASK)),
    Form("parts", "first 8, last 8", _masked(8, _MASK), core=True, covered=False),
    Form("parts", "first 4, last 4", _masked(4, "****"), core=True, covered=False),
    Form("parts", "halves, words between", _halves(" and then, after the second prompt, "), core=True, covered=False),
    Form("parts", "halves on lines", _halves("\nThe rest of it:\n"), core=True, covered=False),
    Form(
        "parts",
        "halves, swapped",
        lambda core: f"…{core[len(core) // 2 :]} comes after {core[: len(core) // 2]}…",
        core=True,
        covered=False,
    ),
)
