"""Keeps the databases that Hyperscan has compiled, so that processes of the tests do not compile the same ones again.

That is most of what a process of the product computes at its start, and the same each time: like bytecode it is kept
on disk, by what was compiled and with which release. What is read is what Hyperscan itself has written, and the product
knows nothing of it. Python runs this at its start where `FOLDER` is in PYTHONPATH; pytest's own processes import it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec

FOLDER: Final = Path(__file__).resolve().parent
KEPT: Final = FOLDER.parents[2] / ".databases"
WORTH_S: Final = 0.05
"""What compiles sooner is not kept: properties make patterns without end."""
LONG: Final = 4_000
"""Expressions of so many characters take long: of processes that begin at once, one compiles them."""
_OLD_S: Final = 3 * 86_400
_NAME: Final = "hyperscan"


def begin() -> None:
    """Keep databases from now on, in this process and in those that it starts."""
    found = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if str(FOLDER) not in found:
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(FOLDER), *found]))
    if str(FOLDER) not in sys.path:  # of which some starters make a path for others
        sys.path.append(str(FOLDER))
    if _NAME in sys.modules:
        keep(sys.modules[_NAME])
    elif not any(isinstance(one, _Finder) for one in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def forget_old() -> None:
    """Delete what was not read for days: of rules that have been changed since. What is left others may read."""
    with contextlib.suppress(OSError):
        KEPT.chmod(0o755)
    for file in KEPT.glob("*"):
        with contextlib.suppress(FileNotFoundError):  # another run does so too
            if file.stat().st_mtime < time.time() - _OLD_S:
                file.unlink()


class _Finder:
    """Waits for Hyperscan to be imported: most processes never do."""

    def find_spec(self, name: str, _path: Sequence[str] | None, _target: object = None) -> ModuleSpec | None:
        if name != _NAME:
            return None
        from importlib.machinery import PathFinder  # noqa: PLC0415

        spec = PathFinder.find_spec(name)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def exec_module(module: Any) -> None:
                run(module)
                keep(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def keep(hyperscan: Any, kept: Path = KEPT) -> None:
    """Have the databases of this module kept in a folder; once a process."""
    make, scratch = hyperscan.Database, hyperscan.Scratch
    if hasattr(make, "own"):
        return

    class Database:
        """One of Hyperscan's: compiled, or read."""

        own: Any = None

        def __init__(self, *arguments: Any, **named: Any) -> None:
            self.own = make(*arguments, **named)

        def compile(self, *plain: Any, **given: Any) -> None:
            import hashlib  # noqa: PLC0415

            said = repr((hyperscan.__version__, plain, sorted(given.items())))
            file = kept / hashlib.sha256(said.encode()).hexdigest()
            if self._read(file):
                return
            with _alone(file) if len(said) > LONG else contextlib.nullcontext(False) as others_may_have:
                if others_may_have and self._read(file):
                    return
                began = time.process_time()
                self.own.compile(*plain, **given)
                if time.process_time() - began > WORTH_S:
                    _write(file, hyperscan.dumpb(self.own))

        def _read(self, file: Path) -> bool:
            try:
                self.own = hyperscan.loadb(file.read_bytes(), hyperscan.HS_MODE_BLOCK)
            except (OSError, hyperscan.HyperscanError):  # there is none, or it is another machine's
                return False
            with contextlib.suppress(OSError):  # it is another user's
                os.utime(file)
            return True

        def __getattr__(self, name: str) -> Any:
            return getattr(self.own, name)

    hyperscan.Database = Database
    hyperscan.Scratch = lambda given: scratch(given.own)


@contextlib.contextmanager
def _alone(file: Path) -> Iterator[bool]:
    """Wait for whoever compiles this one. Says whether it is worth looking again: not where nothing can be kept."""
    import fcntl  # noqa: PLC0415

    try:
        file.parent.mkdir(mode=0o755, exist_ok=True)
        lock = file.with_name(f".{file.name}.lock").open("wb")
    except OSError:
        yield False
        return
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield True


def _write(file: Path, content: bytes) -> None:
    """Write it whole or not at all. A process that may not, as one of another user, keeps nothing."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(mode=0o755, exist_ok=True)
        made = file.with_name(f".{file.name}.{os.getpid()}")
        made.write_bytes(content)
        made.replace(file)


begin()
