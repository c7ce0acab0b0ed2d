"""Looking for a value takes as long as the records are, whatever somebody had written into them."""

from __future__ import annotations

import json
from typing import Any

from egress_proxy.audit import Span
from egress_proxy.audit.appearing import Looked, appearances
from egress_proxy.audit.entries import line_of, record_entry
from egress_proxy.audit.explaining import explain
from tests.audit.kit import record


class Counted(dict[str, Any]):
    """A finding that counts how often it is looked at."""

    looks = 0

    def __getitem__(self, name: str) -> Any:
        Counted.looks += 1
        return super().__getitem__(name)


def told(number: int, **span: Any) -> dict[str, Any]:
    """A record with so many findings, which overlap."""
    spans = tuple(Span(one % 3, one, one + 9, "known-value", "A", "plain", "f" * 32) for one in range(number))
    found: dict[str, Any] = json.loads(line_of(record_entry(record(1, spans=spans, findings=number), 2, "0" * 64)))
    Counted.looks = 0
    return {**found, "spans": [Counted({**one, **span}) for one in found["spans"]]}


def test_a_value_that_is_in_a_text_a_thousand_times_is_found_in_one_pass() -> None:
    (found,) = appearances([told(1_000)], {"f" * 32: ""}, 9, Looked())
    assert (len(found.places), {one.done for one in found.places}) == (1_000, {"redacted"})
    assert Counted.looks < 30_000
    (found,) = appearances([told(10, form="encoded")], {"f" * 32: ""}, 9, Looked())
    assert {one.done for one in found.places} == {"withheld"}


def test_a_record_with_more_findings_than_there_can_be_is_explained() -> None:
    few = told(1_000)
    explain(few)
    looks = Counted.looks
    explain(told(4_000))
    assert Counted.looks < 2 * looks
