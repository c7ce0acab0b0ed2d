"""The proxy that is measured: started from nothing, as an operator starts it, unless nobody looks at the figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from tests.kit.proxy import Proxy


class Measured(Proxy):
    """One proxy of the bench."""

    quick: ClassVar[bool] = False
    """Whether it is a quick run, to see that it works: then a process that is ready will do."""

    def __init__(self, root: Path, config: Mapping[str, Any]) -> None:
        super().__init__(root, config, from_nothing=not self.quick)
