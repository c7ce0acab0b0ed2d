"""The body by which a client says which asks are the point of its next prompt."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from egress_proxy.model import Policy, Refused
from egress_proxy.reasons import Reason
from egress_proxy.routes import forms
from egress_proxy.routes.reading import Object, read_typed

MAX_EXPECTATIONS: Final = 32
MAX_CHARS: Final = 1024
Expectation = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_]{0,63}:[^\x00]+\Z", max_length=MAX_CHARS)]


class Expectations(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /_egress/session/{sessionID}/expect`: each is `permission:what`; one for each time. None withdraws all."""

    expect: Annotated[tuple[Expectation, ...], Meta(max_length=MAX_EXPECTATIONS)]


def read_expectations(value: Object, _: Policy) -> Expectations | Refused:
    """Give what is expected."""
    typed = read_typed(value, Expectations)
    if isinstance(typed, Expectations) and not all(forms.is_plain(one, MAX_CHARS) for one in typed.expect):
        return Refused(Reason.BODY_INVALID)
    return typed
