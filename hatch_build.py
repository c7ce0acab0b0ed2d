"""The build steps of the wheel: the pages that units and messages name, and the compiled kernel, C without any header
of Python's, so that one wheel serves every version.

A machine without a C compiler gets a package without the kernel; it does the same, slower (`egress_proxy/native`).
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path("egress_proxy/native")
LIBRARY = FOLDER / "_kernel.so"
PAGES = "egress_proxy/share/docs"
FLAGS = ("-std=c11", "-O3", "-fPIC", "-shared", "-fvisibility=hidden", "-Wall", "-Wextra")

_FIRST_OF_ARM = 11  # of the systems of macOS


class KernelBuildHook(BuildHookInterface[Any]):
    """Puts `docs/*.md` into the wheel, and compiles `egress_proxy/native/*.c` into one shared library beside them."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  the hook's signature
        root = Path(self.root)
        if self.target_name == "wheel":
            pages = sorted(root.glob("docs/*.md"))
            build_data["force_include"] |= {str(page): f"{PAGES}/{page.name}" for page in pages}
        if self.target_name != "wheel" or not _compiled(root):
            return
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform_tag(sysconfig.get_platform(), platform.machine())}"
        build_data["artifacts"].append(LIBRARY.as_posix())


def platform_tag(name: str, machine: str) -> str:
    """Give the tag of what was compiled, by the name that Python has for its platform and the processor at hand.

    On macOS that name is of the oldest system this Python runs on (`macosx-10.9-universal2`, `macosx-14-arm64`). No
    installer takes it as it is: there is no system older than 11 for arm64, from then on a version ends in 0, and a
    Python for two processors does not make the compiler write for both.
    """
    system, *rest = name.split("-")
    if system != "macosx":
        return name.replace("-", "_").replace(".", "_")
    major, _, minor = rest[0].partition(".")
    if int(major) < _FIRST_OF_ARM and machine == "arm64":
        major = str(_FIRST_OF_ARM)
    version = f"{major}_{minor}" if int(major) < _FIRST_OF_ARM else f"{major}_0"
    return f"{system}_{version}_{machine}"


def _compiled(root: Path) -> bool:
    """Compile, or say why not."""
    compiler = os.environ.get("CC") or next(filter(shutil.which, ("cc", "gcc", "clang")), None)
    (root / LIBRARY).unlink(missing_ok=True)
    if compiler is None:
        print("egress-proxy: no C compiler (cc, gcc, clang or $CC): installing without the kernel", file=sys.stderr)  # noqa: T201
        return False
    sources = sorted(str(path) for path in (root / FOLDER).glob("*.c"))
    flags = [*os.environ.get("CFLAGS", "").split(), *FLAGS]
    command = [*compiler.split(), *flags, "-o", str(root / LIBRARY), *sources]
    subprocess.run(command, check=True)  # noqa: S603  the operator's own compiler
    return True
