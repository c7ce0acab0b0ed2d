from __future__ import annotations

import pytest
from msgspec.structs import replace

from egress_proxy.model import Finding, Scan, Secret
from egress_proxy.scan.canaries import CANARIES
from egress_proxy.scan.engine import Rules, TextScanner, build_scanner
from egress_proxy.scan.joined import JoinedTexts
from egress_proxy.scan.known import KnownValues
from egress_proxy.scan.tally import Tally

KEY = bytes(range(32))


@pytest.fixture(scope="session")
def scanner() -> TextScanner:
    """All rules, no known values."""
    return build_scanner(KnownValues.none())


@pytest.fixture(scope="session")
def matches(scanner: TextScanner) -> Rules:
    """The same rules, asked for what matches and not for whether it is innocent."""
    return Rules([replace(rule, innocent=None) for rule in scanner._rules.all], CANARIES)


def matched(rules: Rules, text: str) -> set[Finding]:
    """What rules find in one pass: `scan` finds more once these are masked."""
    tally = Tally([text], set())
    rules.run(JoinedTexts([text]), tally)
    return tally.findings


def known(*values: str, **named: str) -> KnownValues:
    """A snapshot of values, named V0, V1, … or as given."""
    entries = [(f"V{index}", Secret(value)) for index, value in enumerate(values)]
    return KnownValues.build([*entries, *((name, Secret(value)) for name, value in named.items())], KEY)


def is_clean(scan: Scan) -> bool:
    """Whether nothing was found, and all was decided."""
    return not scan.findings and not scan.undecided
