"""Real text: the standard library, and the code and pages of packages that are pinned, thus the same everywhere.

Left out is what has secrets of its own to show or to test with: detect_secrets, cryptography, all tests. So is what an
installation writes itself (RECORD). Files are chosen by a digest of their path, so that those of one package do not
stand together.
"""

from __future__ import annotations

import hashlib
import sysconfig
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Final

PACKAGES: Final = (
    "aiohttp", "attrs", "cffi", "charset-normalizer", "click", "hatchling", "hypothesis", "idna", "mypy", "msgspec",
    "numpy", "packaging", "pathspec", "pluggy", "prometheus-client", "pycparser", "pygments", "pytest", "python-dotenv",
    "pyyaml", "requests", "sortedcontainers", "tomlkit", "trove-classifiers", "urllib3", "yarl",
)  # fmt: skip
_MODULES: Final = {"attrs": "attr", "python-dotenv": "dotenv", "pyyaml": "yaml", "pytest": "_pytest"}
_LEFT_OUT: Final = frozenset({"test", "tests", "idlelib", "site-packages", "__pycache__"})
_SITE: Final = Path(sysconfig.get_paths()["purelib"])
_LIBRARY: Final = Path(sysconfig.get_paths()["stdlib"])
_DATA: Final = Path(__file__).resolve().parents[2] / "data" / "benign"
_LONGEST: Final = 16_000  # characters of a reply

# By sort: where to look, for which names.
SORTS: Final[dict[str, tuple[Path, tuple[str, ...]]]] = {
    "standard library": (_LIBRARY, (".py",)),
    "packages' code": (_SITE, (".py", ".pyi")),
    "packages' pages": (_SITE, ("METADATA", ".md", ".rst", ".txt")),
    "packages' data and scripts": (_SITE, (".json", ".js", ".css", ".html", ".toml", ".c", ".h", ".yaml")),
    "samples of the tests": (_DATA, ("",)),
}


def real(sort: str, size: int) -> list[str]:
    """Read replies of a sort, together about so many characters, or as many as there are."""
    root, endings = SORTS[sort]
    found: list[str] = []
    for text in chain.from_iterable(_read(path) for path in _chosen(root, endings)):
        if size <= 0:
            break
        found.append(text)
        size -= len(text)
    return found


def _chosen(root: Path, endings: tuple[str, ...]) -> list[Path]:
    found = chain.from_iterable(place.rglob("*") for place in (_places() if root == _SITE else (root,)))
    paths = (path.relative_to(root) for path in found if path.name.endswith(endings))
    kept = {path for path in paths if _LEFT_OUT.isdisjoint(path.parts)}
    return [root / path for path in sorted(kept, key=lambda path: hashlib.sha256(path.as_posix().encode()).digest())]


def _places() -> Iterator[Path]:
    for name in PACKAGES:
        module = _MODULES.get(name, name).replace("-", "_")
        yield from (_SITE / module, *_SITE.glob(f"{name.replace('-', '_')}-*.dist-info"))


def _read(path: Path) -> Iterator[str]:
    """Give a file in pieces of whole lines (a longer line is cut), or nothing if it is no text."""
    try:
        text = path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, IsADirectoryError):
        return
    while text:
        end = len(text) if len(text) <= _LONGEST else text.rfind("\n", 0, _LONGEST) + 1 or _LONGEST
        yield text[:end]
        text = text[end:]
