"""Ways to write a value otherwise, gathered from what people and programs do, independent of the product's own list.

A form is `covered` where the product says that it recognises it. The others are measured and stand in the table with
the figure that they have: so does what is expected to be missed.
"""

from __future__ import annotations

from typing import Final

from tests.corpus.forms import code, encodings, letters, moved, nested, parts, rarer, separators
from tests.corpus.forms.form import Form

FORMS: Final[tuple[Form, ...]] = (
    *letters.PLAIN,
    *letters.FORMS,
    *separators.FORMS,
    *encodings.FORMS,
    *nested.FORMS,
    *code.FORMS,
    *moved.FORMS,
    *rarer.FORMS,
    *parts.FORMS,
)

__all__ = ["FORMS", "Form"]
