"""What is not this machine: another sort of processor, and macOS. Neither is at hand, so what can be told here is."""

from __future__ import annotations

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.tags import mac_platforms

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "egress_proxy"
SYSTEM = ("fcntl", "os", "resource", "select", "signal", "socket", "time")  # modules that differ from system to system


def built_by() -> object:
    """`hatch_build.py`, which is no module of the package."""
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("name", "machine", "tag"),
    [
        ("linux-x86_64", "x86_64", "linux_x86_64"),
        ("linux-aarch64", "aarch64", "linux_aarch64"),
        ("macosx-10.9-universal2", "arm64", "macosx_11_0_arm64"),
        ("macosx-10.13-universal2", "x86_64", "macosx_10_13_x86_64"),
        ("macosx-11.0-arm64", "arm64", "macosx_11_0_arm64"),
        ("macosx-14-arm64", "arm64", "macosx_14_0_arm64"),
        ("macosx-14.4-x86_64", "x86_64", "macosx_14_0_x86_64"),
    ],
)
def test_a_wheel_has_a_tag_that_installers_take(name: str, machine: str, tag: str) -> None:
    assert built_by().platform_tag(name, machine) == tag  # type: ignore[attr-defined]
    assert not name.startswith("macosx") or tag in mac_platforms((15, 0), machine)


@cache
def on_macos(module: str) -> frozenset[str]:
    """The names that a module of the standard library has on macOS, as mypy knows them."""
    spec = importlib.util.find_spec("mypy")
    assert spec is not None
    assert spec.origin is not None
    stubs = Path(spec.origin).parent / "typeshed" / "stdlib"
    file = next(place for place in (stubs / f"{module}.pyi", stubs / module / "__init__.pyi") if place.exists())
    return frozenset(names(ast.parse(file.read_text(encoding="utf-8")).body))


def names(statements: Iterable[ast.stmt]) -> Iterator[str]:
    macos = SimpleNamespace(platform="darwin", version_info=(3, 11))
    for one in statements:
        match one:
            case ast.If(test=test, body=body, orelse=orelse):
                yield from names(body if eval(ast.unparse(test), {"sys": macos}) else orelse)
            case ast.ImportFrom(names=imported) | ast.Import(names=imported):
                yield from (alias.asname or alias.name for alias in imported)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case _:
                pass


def used(source: str) -> Iterator[tuple[str, str]]:
    """Modules of the system in a source, each with a name that it is asked for."""
    nodes = list(ast.walk(ast.parse(source)))
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names} & set(SYSTEM)
    for node in nodes:
        match node:
            case ast.Attribute(value=ast.Name(id=module), attr=name) if module in imported:
                yield module, name
            case ast.ImportFrom(module=str(module), names=aliases) if module in SYSTEM:
                yield from ((module, alias.name) for alias in aliases)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("socket", "SOCK_NONBLOCK"),
        ("socket", "SOCK_CLOEXEC"),
        ("time", "CLOCK_BOOTTIME"),
        ("os", "memfd_create"),
        ("select", "epoll"),
    ],
)
def test_what_only_linux_has_is_told(module: str, name: str) -> None:
    assert name not in on_macos(module)


def test_nothing_is_asked_for_that_macos_has_not() -> None:
    """What a system may lack is asked for by `getattr`, with something else to do."""
    found = {(file, *asked) for file in sorted(PACKAGE.rglob("*.py")) for asked in used(file.read_text("utf-8"))}
    assert len(found) > 50
    assert [(file.name, module, name) for file, module, name in found if name not in on_macos(module)] == []


TWICE = """
import ctypes, sys
import egress_proxy.native as native
native.KERNEL = ctypes.CDLL(sys.argv[1])
import pytest
sys.exit(pytest.main(sys.argv[2:]))
"""
COMPARED = (
    "tests/scan/test_look.py",
    "tests/scan/test_kernel.py::test_they_agree_on_much",
    "tests/scan/test_kernel.py::test_places_are_the_same_wherever_a_value_stands",
    "tests/scan/test_kernel_build.py::test_all_that_is_built_is_the_same",
    "tests/scan/derive/test_twin.py::test_every_spelling_is_seen_with_and_without_the_kernel",
    "tests/scan/test_solid.py::test_the_kernel_copies_the_lines_that_hold_long_words",
)


def test_the_kernel_is_the_same_without_instructions_of_this_processor(tmp_path: Path) -> None:
    """As on arm64: none of x86, and a `char` without a sign. Tests that compare it with Python run again on it."""
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("there is no compiler")
    library, sources = tmp_path / "portable.so", sorted(map(str, (PACKAGE / "native").glob("*.c")))
    flags = ["-std=c11", "-O1", "-fPIC", "-shared", "-fvisibility=hidden", "-funsigned-char", "-DPORTABLE", "-DCLONES="]
    subprocess.run([compiler, *flags, "-o", str(library), *sources], check=True, capture_output=True)
    command = [sys.executable, "-c", TWICE, str(library), "-q", "-x", "-n0", "-p", "no:cacheprovider", *COMPARED]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False, capture_output=True, timeout=280
    )
    assert done.returncode == 0, done.stdout.decode()[-2000:]
    assert b"passed" in done.stdout
