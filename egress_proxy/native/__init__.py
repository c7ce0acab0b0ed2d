"""The compiled kernel: the few loops over every character that numpy is too slow for.

`KERNEL` is the library that the build step made of the C files here (`hatch_build.py`), or None where there was no
compiler. Whoever uses one of its functions has the same in Python beside it, and a test that both agree. Calls release
the interpreter's lock. `EGRESS_PROXY_KERNEL=off` in the environment does without it, for tests and to compare.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Final

_LIBRARY: Final = Path(__file__).with_name("_kernel.so")


def _load() -> ctypes.CDLL | None:
    if os.environ.get("EGRESS_PROXY_KERNEL") == "off":
        return None
    try:
        return ctypes.CDLL(str(_LIBRARY))
    except OSError:
        return None


KERNEL: Final[ctypes.CDLL | None] = _load()
