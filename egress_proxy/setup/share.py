"""Files that come with the program: units, the gate policy, pages. In a wheel they lie in `share`, else beside it."""

from __future__ import annotations

from pathlib import Path

from egress_proxy.errors import StartError

_PACKAGE = Path(__file__).resolve().parents[1]


def folder(name: str) -> Path:
    """Give `deploy`, `config` or `docs`. Raise `StartError` where it is not."""
    for place in (_PACKAGE / "share" / name, _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise StartError(f"the files in {name}/ are missing: install the wheel again")
