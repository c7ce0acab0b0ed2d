from __future__ import annotations

import pytest

from egress_proxy.model import Secret
from egress_proxy.scan.engine import TextScanner, build_scanner
from egress_proxy.scan.known import KnownValues

KEY = bytes(range(32))


@pytest.fixture(scope="session")
def scanner() -> TextScanner:
    """All rules, no known values."""
    return build_scanner(KnownValues.none())


def known(*values: str, **named: str) -> KnownValues:
    """A snapshot of values, named V0, V1, … or as given."""
    entries = [(f"V{index}", Secret(value)) for index, value in enumerate(values)]
    return KnownValues.build([*entries, *((name, Secret(value)) for name, value in named.items())], KEY)
