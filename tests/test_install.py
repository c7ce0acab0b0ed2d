"""The wheel: built as a user's tool would, installed into an environment of its own, run without any network."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from egress_proxy import __version__

ROOT = Path(__file__).parents[1]
COMPILERS = ("cc", "gcc", "clang")
SOURCES = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "egress_proxy", "deploy", "config", "docs")
NO_NETWORK = """
import sys

def refuse(event, arguments):
    if event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        raise RuntimeError("no network")
    if event in {"socket.connect", "socket.sendto"} and isinstance(arguments[1], tuple):
        raise RuntimeError("no network")

sys.addaudithook(refuse)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: the build compiles the kernel anew, which others use meanwhile. The compiler is the machine's
    own, told last of all not to take its time; what it makes when it does is what all other tests run."""
    root = tmp_path_factory.mktemp("build")
    for name in SOURCES:
        place = ROOT / name
        if place.is_dir():
            shutil.copytree(place, root / name, ignore=shutil.ignore_patterns("__pycache__", "_kernel.so"))
        else:
            shutil.copy(place, root)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(root / "dist")]
    compiler, own = next(filter(None, map(shutil.which, COMPILERS)), None), {"PYTHONPATH": ""}
    if compiler is not None:
        quick = root / "quick"
        quick.write_text(f'#!/bin/sh\nexec {compiler} "$@" -O0 -Wno-error\n')
        quick.chmod(0o700)
        own["CC"] = str(quick)
    subprocess.run(command, cwd=root, check=True, capture_output=True, env={**os.environ, **own})
    (found,) = (root / "dist").iterdir()
    return found


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and what it depends on, from which no address can be reached. Gives its `bin`."""
    root = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(root / "bin" / "python")]
    install = [*pip, "install", "--quiet", "--no-deps", "--no-index", "--no-compile", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(root), "platbase": str(root)}))
    # Dependencies are those of this environment. A `.pth` there, that of this checkout above all, is not followed.
    (packages / "shared.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    (packages / "sitecustomize.py").write_text(NO_NETWORK)
    return root / "bin"


def run(command: Path | str, *arguments: str, home: Path, **extra: str) -> str:
    """Run a command as a user with an empty home would; give its stdout."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **extra}
    done = subprocess.run(
        [str(command), *arguments], env=environment, cwd=home, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_says_for_which_machines_it_is(wheel: Path) -> None:
    """The kernel is no extension of a Python's own, so one wheel serves all; without it, it serves every machine."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        tags = archive.read(next(name for name in names if name.endswith(".dist-info/WHEEL"))).decode()
    compiled = "egress_proxy/native/_kernel.so" in names
    assert compiled == any(map(shutil.which, COMPILERS))
    system = f"{platform.system().lower().replace('darwin', 'macosx')}_"
    tag = wheel.stem.rpartition("-")[2]
    assert wheel.name == f"egress_proxy-{__version__}-py3-none-{tag}.whl"
    assert (tag.startswith(system) and tag.endswith(platform.machine())) if compiled else tag == "any"
    assert f"Tag: py3-none-{tag}\n" in tags
    assert f"Root-Is-Purelib: {'false' if compiled else 'true'}\n" in tags
    assert {"egress_proxy/share/deploy/egress-proxy.service", "egress_proxy/share/config/gates.yaml"} <= names
    pages = {f"egress_proxy/share/docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}
    assert pages | {"egress_proxy/share/deploy/opencode.service.d/where.conf"} <= names
    assert not any(name.startswith(("tests/", "docs/")) or "__pycache__" in name for name in names)


def test_both_commands_run_without_a_network(environment: Path, tmp_path: Path) -> None:
    proxy, ocode = environment / "egress-proxy", environment / "ocode"
    assert run(proxy, "--version", home=tmp_path) == f"egress-proxy {__version__}\n"
    assert __version__ in run(ocode, "--version", home=tmp_path)
    where = run(environment / "python", "-c", "import egress_proxy.native as n; print(n.__file__)", home=tmp_path)
    assert where.startswith(str(environment.parent))
    assert len(run(proxy, "routes", home=tmp_path).splitlines()) == 188
    (tmp_path / "shop").mkdir()
    config = tmp_path / "config.yaml"
    config.write_text(
        f"upstream: {{url: 'http://127.0.0.1:9'}}\ndirectories: [{tmp_path}/shop]\nmodels: [local/coder]\n"
        f"known_values: [{{env_file: {tmp_path}/values}}]\nstate_dir: {tmp_path}/state\n"
    )
    value = "bodukira" + "melo47"
    (tmp_path / "values").write_text(f"DB_PASSWORD={value}\n")
    assert run(proxy, "token", "create", "ann", "--config", str(config), home=tmp_path).startswith("egx_")
    (tmp_path / "text").write_text(f"It is {value}.")
    told = run(proxy, "fingerprint", "check", "--config", str(config), str(tmp_path / "text"), home=tmp_path)
    assert "DB_PASSWORD" in told
    assert value not in told


UNITS = """
from egress_proxy.setup import draft, share
source, pages = share.folder("deploy"), share.folder("docs")
for name, content in draft.units(source, "/opt/egress-proxy", None, "/state", None, pages=pages):
    for line in content.splitlines():
        if line.startswith("Documentation="):
            print(name, line.removeprefix("Documentation=file://").replace("%%", "%"))
"""


def test_the_pages_that_units_name_are_on_the_machine(environment: Path, tmp_path: Path) -> None:
    told = dict(line.split(" ") for line in run(environment / "python", "-c", UNITS, home=tmp_path).splitlines())
    assert set(told) >= {"egress-proxy.service", "egress-proxy-verify.service", "opencode.service"}
    for page in told.values():
        assert Path(page).is_relative_to(environment.parent)
        assert Path(page).read_text("utf-8").startswith("# ")


def test_nothing_but_the_network_is_refused_there(environment: Path, tmp_path: Path) -> None:
    """The near miss: the refusal is in force."""
    code = (
        "import socket\ntry:\n    socket.create_connection(('127.0.0.1', 9))\nexcept RuntimeError as e:\n    print(e)"
    )
    assert run(environment / "python", "-c", code, home=tmp_path) == "no network\n"


def test_uv_takes_it_as_a_tool_with_all_that_it_needs(wheel: Path, tmp_path: Path) -> None:
    """With the pinned dependencies from the index, of which only wheels are taken; then it runs."""
    pins = ROOT / "requirements" / "run.txt"
    options = ["--constraints", str(pins), "--no-build", "--python", sys.executable, str(wheel)]
    place = {"UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin")}
    done = subprocess.run(
        [str(Path(sys.executable).with_name("uv")), "tool", "install", "--quiet", "--no-config", *options],
        env={**os.environ, **place},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and ("error sending request" in done.stderr or "dns error" in done.stderr):
        pytest.skip("the index of packages cannot be reached")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "bin").iterdir()) == ["egress-proxy", "ocode"]
    assert run(tmp_path / "bin" / "egress-proxy", "--version", home=tmp_path) == f"egress-proxy {__version__}\n"


COMPLETE = """
set -u
eval "$({command} completion bash)"
COMP_WORDS=({words}) COMP_CWORD={count} COMP_LINE="{words}" COMP_POINT={point} COMP_TYPE=9
function=$(complete -p {name} | sed 's/.* -F \\([^ ]*\\) .*/\\1/')
compopt() {{ :; }}
$function {name} "{last}" "{before}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("egress-proxy ver", ["verify"]),
        ("egress-proxy token ", ["create", "list", "operator", "revoke"]),
        ("egress-proxy completion z", ["zsh"]),
        ("egress-proxy verify --ba", ["--bare"]),
        ("ocode doc", ["doctor"]),
        ("ocode completion fi", ["fish"]),
    ],
)
def test_bash_completes_both_commands(environment: Path, tmp_path: Path, line: str, found: list[str]) -> None:
    name, last = line.split(" ", maxsplit=1)[0], line.rsplit(" ", maxsplit=1)[-1]
    words = line.split(" ")
    script = COMPLETE.format(
        command=environment / name,
        words=line,
        count=len(words) - 1,
        point=len(line),
        name=name,
        last=last,
        before=words[-2],
    )
    path = f"{environment}{os.pathsep}{os.environ['PATH']}"
    told = run("bash", "--norc", "-c", script, home=tmp_path, PATH=path)
    assert sorted(word.strip() for word in told.split("\n") if word.strip()) == found


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_a_script_of_their_own(environment: Path, tmp_path: Path, shell: str) -> None:
    script = run(environment / "egress-proxy", "completion", shell, home=tmp_path)
    assert "_EGRESS_PROXY_COMPLETE" in script
    if program := shutil.which(shell):
        (tmp_path / "script").write_text(script)
        run(program, "-n", str(tmp_path / "script"), home=tmp_path)
