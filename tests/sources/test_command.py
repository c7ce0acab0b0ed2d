"""A command runs without a shell, within bounds, and leaves nothing behind; its errors quote nothing."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from egress_proxy.errors import ConfigError
from egress_proxy.sources import MAX_FILE_BYTES, command_output

MARK = "Zq8K" + "d03mX1"


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def values(command: tuple[str, ...], form: str = "lines", seconds: float = 20) -> list[tuple[str, str]]:
    return [(name, secret.reveal()) for name, secret in command_output(command, form, seconds)]


@pytest.mark.parametrize(
    ("said", "form", "expected"),
    [
        ("A=b\\nC=d", "env", [("A", "b"), ("C", "d")]),
        ('{"a": "b"}', "json", [("a", "b")]),
        ("a: b", "yaml", [("a", "b")]),
        ("one\\n\\ntwo\\n", "lines", [("sh", "one"), ("sh.2", "two")]),
        ("", "lines", []),
    ],
)
def test_the_output_is_read_in_its_format(said: str, form: str, expected: list[tuple[str, str]]) -> None:
    assert values(("/bin/sh", "-c", f"printf '{said}'"), form) == expected


def test_arguments_are_not_read_by_a_shell() -> None:
    assert [value for _, value in values(("/bin/echo", "$HOME; ls", "*"))] == ["$HOME; ls *"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (f"import sys; print('{MARK}'); sys.stderr.write('{MARK}'); sys.exit(3)", "failed (exit 3)"),
        ("import os; os.kill(os.getpid(), 9)", "failed (exit -9)"),
        (f"print('x' * {MAX_FILE_BYTES + 1})", "its output is larger than"),
        (f"print('A={MARK}'); print('{MARK} x')", "its output, line 2: not an assignment"),
        ("import sys; sys.stdout.buffer.write(b'\\xff')", "its output: not UTF-8"),
    ],
    ids=["exit", "signal", "large", "format", "not-utf-8"],
)
def test_a_command_that_fails_is_an_error_without_its_words(
    code: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        values(python(code), "env")
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"command {Path(sys.executable).name}: ")
    told = capfd.readouterr()
    assert MARK not in str(caught.value) + told.out + told.err


@pytest.mark.parametrize("command", [("/nowhere/at/all",), ("/dev/null",), ("/bin/echo", "a\0b")])
def test_what_cannot_be_run_is_an_error(command: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="cannot be run"):
        values(command)


@pytest.mark.parametrize(
    "code",
    [
        "import time; time.sleep(600)",
        "import os, time; os.close(1); time.sleep(600)",
        "import time\nwhile True: print('x', flush=True); time.sleep(0.01)",
        "import subprocess; subprocess.Popen(['/bin/sleep', '600']).wait()",
    ],
    ids=["silent", "closed", "talking", "child"],
)
def test_one_that_does_not_end_is_ended(code: str, tmp_path: Path) -> None:
    tell = f"import os; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n"
    with pytest.raises(ConfigError, match=r"did not end within 0\.5 seconds"):
        values(python(tell + code), "lines", 0.5)
    if (tmp_path / "pid").exists():  # else it was ended before it could say so
        pid = (tmp_path / "pid").read_text()
        assert not pid or not _runs(pid)


def test_what_it_has_started_is_ended_with_it(tmp_path: Path) -> None:
    script = f"/bin/sleep 600 & echo $! > {tmp_path}/pid; wait"
    with pytest.raises(ConfigError, match="did not end"):
        values(("/bin/sh", "-c", script), "lines", 2)
    assert not _runs((tmp_path / "pid").read_text().strip())


def _runs(pid: str) -> bool:
    status = Path(f"/proc/{pid}/stat")
    for _ in range(100):
        if not status.exists():
            return False
        time.sleep(0.05)
    return True


def test_it_reads_nothing_of_ours() -> None:
    assert values(python("import os, sys; print(repr(sys.stdin.read()), os.getcwd())"))[0][1] == "'' /"
