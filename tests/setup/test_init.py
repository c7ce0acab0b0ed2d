"""`egress-proxy init` without an opencode of its own: a small server says what one would say."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from egress_proxy.cli import cli
from egress_proxy.config import load
from egress_proxy.errors import EgressError
from egress_proxy.tokens import OPERATORS, Tokens
from tests.setup.conftest import PASSWORD, VALUE, Pretended


def init(opencode: Pretended, home: Path, *options: str, code: int = 0, typed: str | None = None) -> str:
    """Run it; nothing that it says has a value or the password in it."""
    arguments = ["init", "--opencode", opencode.url, *options]
    if typed is None:
        arguments += ["--non-interactive", "--directory", str(home.parent / "shop")]
    result = CliRunner().invoke(cli, arguments, input=typed, standalone_mode=False)
    told = result.output + str(result.exception or "")
    assert VALUE not in told
    assert PASSWORD not in told
    if code:
        assert isinstance(result.exception, EgressError), told
        assert result.exception.exit == code
    else:
        assert result.exception is None, told
    return told


def given(home: Path) -> tuple[str, str]:
    return "--pass-file", str(home.parent / "password")


def test_it_writes_what_is_needed_and_for_the_owner_alone(opencode: Pretended, home: Path) -> None:
    told = init(opencode, home, *given(home), "--units")
    config = load(home / ".config/egress-proxy/config.yaml")
    shop = home.parent / "shop"
    assert config.directories == (str(shop), f"{home}/.local/share/egress-proxy/verify/inside")
    assert config.models == (("local", "coder"),)
    assert [source.path for source in config.known_values][:2] == [str(shop / ".env"), str(shop / "api" / ".env.local")]
    assert "DB_PASSWORD" in told
    assert "EXAMPLE_NAME" not in told
    assert "MODULE_NAME" not in told
    folder = home / ".config/egress-proxy"
    assert (folder / "opencode-password").read_text() == PASSWORD + "\n"
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert Tokens(Path(config.state_dir)).authenticate((folder / "cloud-agent.token").read_text().strip()) is not None
    operator = Tokens(Path(config.state_dir), OPERATORS).authenticate((folder / "operator.token").read_text().strip())
    assert operator is not None
    assert operator.name == "ann"
    assert {path.name for path in (home / ".config/systemd/user").iterdir()} >= {
        "egress-proxy.service",
        "egress-proxy-verify.timer",
    }
    where = (home / ".config/systemd/user/opencode.service.d/where.conf").read_text()
    assert where.endswith(f"[Service]\nWorkingDirectory={shop}\nReadWritePaths={shop}\n")
    assert (home / ".local/share/opencode").is_dir()
    for name in ("cloud-agent.token", "operator.token"):
        assert (folder / name).read_text().strip() not in told


def test_a_dry_run_writes_nothing(opencode: Pretended, home: Path) -> None:
    told = init(opencode, home, *given(home), "--dry-run", "--units")
    assert "would write" in told
    for name in ("gates.yaml", "cloud-agent.token", "egress-proxy-verify.timer"):
        assert name in told
    assert list(home.rglob("*")) == []


def test_a_second_run_changes_nothing_and_adds_what_is_missing(opencode: Pretended, home: Path) -> None:
    init(opencode, home, *given(home))
    folder = home / ".config/egress-proxy"
    (folder / "gates.yaml").unlink()
    config = folder / "config.yaml"
    config.write_text(config.read_text().replace("local/coder", "local/other"))
    kept = {path.name: path.read_bytes() for path in folder.iterdir()}
    told = init(opencode, home, *given(home), "--model", "local/third")
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "gates.yaml"} == kept
    assert (folder / "gates.yaml").exists()
    assert told.count("  write ") == 1


def test_a_name_behind_a_reverse_proxy(opencode: Pretended, home: Path) -> None:
    told = init(opencode, home, *given(home), "--host", "proxy.example", "--host", "other.example")
    assert load(home / ".config/egress-proxy/config.yaml").network.hosts == ("proxy.example", "other.example")
    assert "OCODE_URL=https://proxy.example\n" in told


@pytest.mark.parametrize("name", ["https://proxy.example", "a b", "x: y\nlisten: 1", ""])
def test_a_host_is_a_name(opencode: Pretended, home: Path, name: str) -> None:
    assert "network" in init(opencode, home, *given(home), "--host", name, code=2)
    assert not [path for path in home.rglob("*") if path.is_file()]


def test_a_token_whose_file_is_gone_is_told(opencode: Pretended, home: Path) -> None:
    init(opencode, home, *given(home))
    (home / ".config/egress-proxy/cloud-agent.token").unlink()
    assert "its file is gone" in init(opencode, home, *given(home))


def test_what_it_asks_and_the_password_without_an_echo(opencode: Pretended, home: Path) -> None:
    answers = f"{PASSWORD}\n{home.parent}/shop\n\n\nn\ny\n"
    told = init(opencode, home, typed=answers)
    assert "Directory where clients may work" in told
    assert load(home / ".config/egress-proxy/config.yaml").models == (("local", "coder"),)
    assert not (home / ".config/systemd").exists()


def test_no_is_an_answer(opencode: Pretended, home: Path) -> None:
    arguments = ["init", "--opencode", opencode.url, *given(home)]
    result = CliRunner().invoke(cli, arguments, input=f"{home.parent}/shop\n\nn\n")
    assert result.exit_code == 1  # click.Abort, 130 in the program
    assert not (home / ".config").exists()


def test_without_a_terminal_what_is_not_found_is_an_error(opencode: Pretended, home: Path) -> None:
    assert "--pass-file" in init(opencode, home, code=2)
    (home.parent / "password").write_text("another\n")
    assert "refuses the password" in init(opencode, home, *given(home), code=4)
    (home.parent / "password").write_text(PASSWORD + "\n")
    (home.parent / "password").chmod(0o644)
    init(opencode, home, *given(home), code=2)
    (home.parent / "password").chmod(0o600)
    opencode.model = "opencode/big-pickle"
    assert "--model" in init(opencode, home, *given(home), code=2)
    opencode.version = "1.14.0"
    assert "not supported" in init(opencode, home, *given(home), code=1)
    assert list(home.rglob("*")) == []


def test_an_opencode_without_a_password_is_told_loudly(opencode: Pretended, home: Path) -> None:
    opencode.password = ""
    told = init(opencode, home, code=2)
    assert "NO PASSWORD" in told
    assert "--without-password" in told
    assert list(home.rglob("*")) == []
    init(opencode, home, "--without-password")
    assert load(home / ".config/egress-proxy/config.yaml").upstream.password_file is None


def test_a_directory_that_holds_what_binds_the_agent_is_refused_and_nothing_is_written(
    opencode: Pretended, home: Path
) -> None:
    told = init(opencode, home, *given(home), "--directory", str(home), code=2)
    assert "the configuration as it would be" in told
    assert list(home.rglob("*")) == []


@pytest.mark.parametrize(
    "line",
    [
        "",
        "ssh-ed25519 AAAA",
        "egress-evidence-aaaaaaaaaaaaaaaaaaaa\ny: 1",
        "egress-evidence-x",
        "EGRESS-EVIDENCE-SECRET-1",
    ],
)
def test_a_recipient_is_a_public_key(opencode: Pretended, home: Path, line: str) -> None:
    assert "--recipient" in init(opencode, home, "--recipient", line, code=2)


def test_nobody_answers(opencode: Pretended, home: Path) -> None:
    opencode.url = "http://127.0.0.1:9"
    assert "nobody answers" in init(opencode, home, code=4)
    opencode.url = "http://127.0.0.1:x"
    assert "--opencode" in init(opencode, home, code=2)


def test_the_line_for_another_machine_names_the_port_unless_it_is_the_one_that_is_tried(
    opencode: Pretended, home: Path
) -> None:
    told = init(opencode, home, *given(home), "--listen", "127.0.0.1:9642")
    assert "ocode login --url ssh://USER@THIS-MACHINE/127.0.0.1:9642\n" in told
