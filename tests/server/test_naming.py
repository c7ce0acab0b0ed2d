"""Known values named by fingerprints, for operators who prefer that."""

from __future__ import annotations

import re

from egress_proxy.model import Secret
from egress_proxy.scan import KnownValues, TextScanner, build_scanner, judge
from egress_proxy.server.naming import ByFingerprint

PASSWORD = "maple" + "wagon" + "47"


def scanner(name: str = "DB_PASSWORD") -> TextScanner:
    return build_scanner(KnownValues.build([(name, Secret(PASSWORD))], bytes(32)))


async def replaced(current: TextScanner | None) -> str:
    async def now() -> TextScanner | None:
        return current

    renamed = ByFingerprint(now)
    made = await renamed.scanner()
    assert made is not None
    assert made is await renamed.scanner()  # renamed once
    judgement = judge((PASSWORD,), made.scan([PASSWORD]))
    assert all(found.name.startswith("fp-") for found in judgement.findings)
    return judgement.texts[0]


async def test_the_placeholder_has_a_fingerprint_and_no_name() -> None:
    text = await replaced(scanner())
    assert re.fullmatch(r"\[redacted:KNOWN:fp-[0-9a-f]{8}\]", text)


async def test_it_is_the_values_whatever_its_name() -> None:
    assert await replaced(scanner()) == await replaced(scanner("OTHER"))


async def test_without_a_scanner_there_is_none() -> None:
    async def none() -> TextScanner | None:
        return None

    assert await ByFingerprint(none).scanner() is None
