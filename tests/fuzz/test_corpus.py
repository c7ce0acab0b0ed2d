"""The corpus, replayed without a fuzzer: what was found once stays found. And each target can fail."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest

from egress_proxy.gate_rules import Gate
from egress_proxy.gates import Decision
from egress_proxy.model import Admitted, Call, Place, Policy, Projected, Refused, Routed
from egress_proxy.scan import KnownValues, build_scanner
from egress_proxy.server.sse import FrameReader
from tests.fuzz import CORPUS, TARGETS

MOST = 100
"""Inputs of a target, and bytes of an input, that are kept: enough for what they reach, and quick to replay."""
LONGEST = 1000


def inputs(name: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]


def replay(name: str, found: list[bytes]) -> None:
    one: Callable[[bytes], None] = import_module(f"tests.fuzz.{name}").one
    for data in found:
        one(data)


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_of_the_corpus_breaks_an_invariant(name: str) -> None:
    found = inputs(name)
    assert 10 <= len(found) <= MOST
    assert max(map(len, found)) <= LONGEST
    replay(name, [b"", b"\x00", b"\xff" * 40, *found])


def test_the_corpus_is_of_the_targets_and_holds_nothing_like_a_secret() -> None:
    assert sorted(path.name for path in CORPUS.iterdir()) == sorted(TARGETS)
    scanner = build_scanner(KnownValues.none())
    texts = [data.decode("utf-8", "replace") for name in TARGETS for data in inputs(name)]
    assert not scanner.scan(texts).findings


class Torn(FrameReader):
    """Forgets what came before."""

    def feed(self, chunk: bytes) -> Any:
        self._pending.clear()
        return super().feed(chunk)


def elsewhere(routed: Routed, place: Place, policy: Policy, *, gated: object) -> Admitted | Refused:
    call = Call(routed.row.method, routed.row.template, (), "/etc", None)
    return Admitted(routed.row, routed.client, (call,) * max(1, len(place.directories)))


DEFECTS: dict[str, dict[str, Any]] = {
    "admission": {"admit": elsewhere},
    "frames": {"FrameReader": Torn},
    "gates": {"decide": lambda *_: Decision(Gate.SELF, "declared", "so", ())},
    "ledger": {"reading": SimpleNamespace(verify=lambda *_: SimpleNamespace(ok=True, unsigned=0))},
    "projection": {"project": lambda *_: Projected({"secret": "x"})},
    "scanning": {"judge": lambda texts, _: SimpleNamespace(texts=texts)},
}


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_sees_a_defect(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = import_module(f"tests.fuzz.{name}")
    for replaced, by in DEFECTS[name].items():
        monkeypatch.setattr(module, replaced, by)
    with pytest.raises(AssertionError):
        replay(name, inputs(name))
