"""Without the kernel the same is found."""

from __future__ import annotations

import pytest

import egress_proxy.scan.derive.hints as hints_module
from egress_proxy import native
from egress_proxy.scan.derive import derive
from tests.scan.conftest import known
from tests.scan.derive.writers import WRITERS
from tests.scan.test_derive_table import VALUES, spans


@pytest.fixture(params=[False, True], ids=["kernel", "twin"])
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param:
        monkeypatch.setattr(hints_module, "KERNEL", None)
    elif native.KERNEL is None:
        pytest.skip("no compiled kernel here")


@pytest.mark.parametrize("name", WRITERS)
def test_every_spelling_is_seen_with_and_without_the_kernel(name: str, kernel: None) -> None:
    value = VALUES[1]
    text = f"Here it is, as you asked:\n{WRITERS[name](value)}\nThat is all of it."
    assert spans(known(value), text)


@pytest.mark.parametrize("text", ["", "x" * 40, "1. Read it.\n2. Change it.\n", "café “quotes” " * 10, "a b " * 100])
def test_ordinary_texts_give_nothing_with_and_without_the_kernel(text: str, kernel: None) -> None:
    assert derive(text).texts == ()
