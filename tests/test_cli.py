"""The `egress-proxy` command as a user or a script meets it: what is on stdout, what on stderr, and the exit code."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import click
import pytest
from click.testing import CliRunner

from egress_proxy import __version__
from egress_proxy.cli import EXIT_CODES, INTERRUPTED, cli, main
from egress_proxy.config import Config, settings
from egress_proxy.errors import Exit, StartError, UpstreamError
from egress_proxy.model import VERIFIER
from egress_proxy.tokens import OPERATORS, Tokens

MARK = "hunt" + "er2"
_NAMED = {"create", "operator", "revoke", "remove", "export", "import", "show", "approve", "reject", "draft", "support"}
"""Commands that take a name."""
_OF_EVIDENCE: dict[tuple[str, ...], list[str]] = {
    ("evidence", "keygen"): ["ann"],
    ("evidence", "open"): ["ann", "--key", "ann"],
    ("evidence", "export"): ["ann", "ann"],
    ("evidence", "shred"): ["ann"],
}
"""And those that take something else."""
Capture = pytest.CaptureFixture[str]
Run = Callable[..., int]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration with a password, in a directory of its own."""
    root = tmp_path.resolve()
    for name in ("shop", "site"):
        (root / name).mkdir()
    (root / "password").write_text(MARK)
    (root / "password").chmod(0o600)
    path = root / "config.yaml"
    path.write_text(
        f"upstream: {{url: 'http://127.0.0.1:4096', password_file: {root}/password}}\n"
        f"directories: [{root}/shop, {root}/site]\n"
        "models: [local/coder]\n"
        f"state_dir: {root}/state\n"
    )
    return path


@pytest.fixture
def run(file: Path) -> Run:
    return lambda *arguments: main([*arguments, "--config", str(file)])


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Stand in for the composition root, which the commands import when they need it."""
    module = ModuleType("egress_proxy.app")
    monkeypatch.setitem(sys.modules, "egress_proxy.app", module)
    monkeypatch.setattr("egress_proxy.app", module, raising=False)
    return module


def commands(group: click.Group = cli, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name, command in group.commands.items():
        words = (*prefix, name)
        found += commands(command, words) if isinstance(command, click.Group) else [words]
    return found


def test_the_commands_that_others_rely_on_are_there() -> None:
    assert {" ".join(words) for words in commands()} == {
        "serve",
        "check-config",
        "token create",
        "token operator",
        "token list",
        "token revoke",
        "routes",
        "catalogue diff",
        "catalogue draft",
        "catalogue shapes",
        "fingerprint add",
        "fingerprint list",
        "fingerprint remove",
        "fingerprint check",
        "fingerprint export",
        "fingerprint import",
        "fingerprint key export",
        "fingerprint key import",
        "fingerprint key id",
        "gates explain",
        "gates check",
        "gates list",
        "gates show",
        "gates approve",
        "gates reject",
        "gates watch",
        "audit head",
        "audit key",
        "audit rekey",
        "audit verify",
        "audit ledgers",
        "audit migrate",
        "audit list",
        "audit show",
        "audit export",
        "audit search",
        "audit stats",
        "audit explain",
        "evidence keygen",
        "evidence open",
        "evidence list",
        "evidence export",
        "evidence shred",
        "evidence recipients",
        "evidence check",
        "verify",
        "completion",
        "init",
        "doctor",
        "support",
        "reload",
        "tls init",
        "tls issue",
        "tls renew",
        "tls show",
    }


UNCONFIGURED = [("completion",)]
"""Commands that no configuration concerns."""


@pytest.mark.parametrize("words", [w for w in commands() if w not in UNCONFIGURED], ids=" ".join)
def test_every_command_takes_a_configuration_and_documents_its_exit_codes(
    words: tuple[str, ...], capsys: Capture
) -> None:
    assert main([*words, "--help"]) == Exit.OK
    told = capsys.readouterr().out
    assert "--config FILE" in told
    assert "~/.config/egress-proxy/config.yaml" in told
    for code, meaning in EXIT_CODES.items():
        assert f"{code:>3}  {meaning}" in told


def test_every_exit_code_has_a_meaning() -> None:
    assert set(EXIT_CODES) == {*Exit, INTERRUPTED}


def test_the_version_is_the_packages(capsys: Capture) -> None:
    assert main(["--version"]) == Exit.OK
    assert capsys.readouterr().out == f"egress-proxy {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["nope"],
        ["serve", "--nope"],
        ["serve", "x"],
        ["token"],
        ["token", "create"],
        [],
        ["--config"],
        ["token", "nope"],
    ],
    ids=" ".join,
)
def test_wrong_arguments_are_a_usage_error(arguments: list[str], capsys: Capture) -> None:
    assert main(arguments) == Exit.USAGE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Usage:" in captured.err


@pytest.mark.parametrize(
    "words", [w for w in commands() if w not in {("routes",), ("doctor",), *UNCONFIGURED}], ids=" ".join
)
def test_a_configuration_that_is_not_valid_is_one_line(
    words: tuple[str, ...], file: Path, run: Run, capsys: Capture
) -> None:
    file.write_text(file.read_text() + f"agents: {MARK}\n")
    name = ["ann"] if (words[-1] in _NAMED and words != ("tls", "show")) or words == ("audit", "explain") else []
    if words == ("tls", "issue"):
        name = ["ann", "--out", str(file.parent / "out")]
    assert run(*words, *_OF_EVIDENCE.get(words, name)) == Exit.USAGE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"egress-proxy: {file}:5: agents: must be a list\n"


def test_no_client_gets_the_name_of_the_verification(run: Run, capsys: Capture) -> None:
    """What is found of that one alerts nobody."""
    assert run("token", "create", VERIFIER) == Exit.USAGE
    assert capsys.readouterr().out == ""


def test_check_config_does_not_print_what_the_path_of_a_webhook_may_hold(file: Path, run: Run, capsys: Capture) -> None:
    file.write_text(file.read_text() + f"notify: {{webhook: 'https://hooks.example:1/{MARK}?k={MARK}'}}\n")
    assert run("check-config") == Exit.OK
    captured = capsys.readouterr()
    assert 'notify.webhook: "https://hooks.example:1/…"' in captured.out
    assert MARK not in captured.out + captured.err


def test_check_config_prints_every_setting_and_no_secret(run: Run, capsys: Capture) -> None:
    assert run("check-config") == Exit.OK
    captured = capsys.readouterr()
    assert [line.partition(":")[0] for line in captured.out.splitlines()] == [setting.name for setting in settings()]
    assert MARK not in captured.out + captured.err
    assert "warning: known_values" in captured.err


def test_check_config_as_json(run: Run, capsys: Capture) -> None:
    assert run("check-config", "--json") == Exit.OK
    told = json.loads(capsys.readouterr().out)
    assert set(told["config"]) == set(Config.__struct_fields__)
    assert told["config"]["listen"] == "127.0.0.1:8642"
    assert told["config"]["models"] == ["local/coder"]
    assert [warning.partition(":")[0] for warning in told["warnings"]] == ["known_values"]
    assert MARK not in json.dumps(told)


def test_check_config_reads_the_secret_of_single_sign_on(file: Path, run: Run, capsys: Capture) -> None:
    secret = file.with_name("sso")
    secret.write_text(MARK)
    secret.chmod(0o600)
    section = f"{{sso_origin: 'https://console.example', sso_secret_file: {secret}, sso_viewers: [ada]}}"
    file.write_text(f"{file.read_text()}console: {section}\n")
    assert run("check-config") == Exit.USAGE
    said = capsys.readouterr()
    assert "console.sso_secret_file" in said.err
    assert MARK not in said.out + said.err


def test_check_config_reads_the_password(file: Path, run: Run, capsys: Capture) -> None:
    (file.parent / "password").chmod(0o644)
    assert run("check-config") == Exit.USAGE
    captured = capsys.readouterr()
    assert "upstream.password_file" in captured.err
    assert MARK not in captured.out + captured.err


def test_token_create_prints_the_token_alone_and_once(file: Path, run: Run, capsys: Capture) -> None:
    assert run("token", "create", "ann") == Exit.OK
    captured = capsys.readouterr()
    token = captured.out.removesuffix("\n")
    assert token not in captured.err
    entry = Tokens(file.parent / "state").authenticate(token)
    assert entry is not None
    assert (entry.name, entry.directories) == ("ann", None)
    assert run("token", "create", "ann") == Exit.FAILED
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1


def test_a_token_may_be_limited_to_directories(file: Path, run: Run, capsys: Capture) -> None:
    root = file.parent
    (root / "link").symlink_to(root / "site")
    assert run("token", "create", "ann", "--directory", f"{root}/link", "--directory", f"{root}/shop") == Exit.OK
    entry = Tokens(root / "state").authenticate(capsys.readouterr().out.strip())
    assert entry is not None
    assert entry.directories == (f"{root}/site", f"{root}/shop")


@pytest.mark.parametrize("directory", ["", "/", "shop", "/nowhere", "{root}", "{root}/shop/inner"])
def test_a_token_is_not_limited_to_a_directory_that_is_not_allowed(
    file: Path, run: Run, capsys: Capture, directory: str
) -> None:
    assert run("token", "create", "ann", "--directory", directory.format(root=file.parent)) == Exit.USAGE
    assert capsys.readouterr().out == ""
    assert Tokens(file.parent / "state").list() == ()


def test_token_list_shows_names_and_no_hash(file: Path, run: Run, capsys: Capture) -> None:
    run("token", "create", "ann")
    run("token", "create", "bob", "--directory", f"{file.parent}/shop")
    capsys.readouterr()
    assert run("token", "list") == Exit.OK
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [(name, roots) for name, _, roots in lines] == [("ann", "(all directories)"), ("bob", f"{file.parent}/shop")]
    assert run("token", "list", "--json") == Exit.OK
    told = json.loads(capsys.readouterr().out)
    assert [(row["name"], row["directories"]) for row in told] == [("ann", None), ("bob", [f"{file.parent}/shop"])]
    assert all(set(row) == {"name", "created", "directories"} for row in told)


def test_token_revoke(file: Path, run: Run, capsys: Capture) -> None:
    run("token", "create", "ann")
    token = capsys.readouterr().out.strip()
    assert run("token", "revoke", "ann") == Exit.OK
    assert Tokens(file.parent / "state").authenticate(token) is None
    assert run("token", "revoke", "ann") == Exit.FAILED
    assert capsys.readouterr().out == ""


def test_tokens_of_operators_are_others(file: Path, run: Run, capsys: Capture) -> None:
    state = file.parent / "state"
    assert run("token", "operator", "ann") == Exit.OK
    captured = capsys.readouterr()
    token = captured.out.removesuffix("\n")
    assert token not in captured.err
    assert Tokens(state).authenticate(token) is None
    assert Tokens(state, OPERATORS).authenticate(token) is not None
    assert run("token", "list") == Exit.OK
    assert capsys.readouterr().out == ""
    assert run("token", "list", "--operators") == Exit.OK
    assert capsys.readouterr().out.startswith("ann\t")
    assert run("token", "revoke", "ann") == Exit.FAILED
    assert run("token", "revoke", "ann", "--operators") == Exit.OK
    assert Tokens(state, OPERATORS).authenticate(token) is None


def test_a_damaged_token_file_is_one_line(file: Path, run: Run, capsys: Capture) -> None:
    run("token", "create", "ann")
    (file.parent / "state" / "tokens.json").write_text(MARK)
    capsys.readouterr()
    assert run("token", "list") == Exit.USAGE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert MARK not in captured.err


def test_routes_lists_the_catalogue(capsys: Capture) -> None:
    assert main(["routes", "--json"]) == Exit.OK
    rows = json.loads(capsys.readouterr().out)
    assert all({"method", "route", "class", "reason"} <= set(row) for row in rows)
    assert main(["routes"]) == Exit.OK
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines] == [[row["class"], row["method"], row["route"]] for row in rows]
    assert all(line.endswith(row["reason"]) for line, row in zip(lines, rows, strict=True))


@pytest.mark.parametrize(("version", "count"), [("1.15.13", 131), ("1.18.33", 188)])
def test_routes_of_one_version(capsys: Capture, version: str, count: int) -> None:
    assert main(["routes", "--version", version, "--json"]) == Exit.OK
    assert len(json.loads(capsys.readouterr().out)) == count


def test_routes_of_a_version_that_is_not_known(capsys: Capture) -> None:
    assert main(["routes", "--version", "0.1"]) == Exit.FAILED
    assert capsys.readouterr().out == ""


def test_live_routes_come_from_the_running_server(app: ModuleType, run: Run, capsys: Capture) -> None:
    found = SimpleNamespace(version="1.18.33", unknown=("GET /new\x1b[2J",), missing=("GET /config",))
    app.live_routes = lambda _config: found  # type: ignore[attr-defined]
    assert run("routes", "--live", "--json") == Exit.OK
    rows = json.loads(capsys.readouterr().out)
    assert rows[-1] == {"method": "GET", "route": "/new?[2J", "class": "deny", "reason": "Not in the catalogue."}
    routes = [f"{row['method']} {row['route']}" for row in rows]
    assert len(routes) == 188
    assert "GET /config" not in routes
    assert run("routes", "--live", "--version", "1.15.13") == Exit.USAGE


def test_serve_runs_with_the_configuration(app: ModuleType, run: Run) -> None:
    """Which risks it takes is an event of the log: tests/e2e/test_logs.py."""
    seen: list[Config] = []

    def serve(config: Config, _again: object = None) -> int:
        seen.append(config)
        return 0

    app.serve = serve  # type: ignore[attr-defined]
    assert run("serve") == Exit.OK
    assert seen[0].models == (("local", "coder"),)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        pytest.param(StartError("address in use"), Exit.NOT_STARTED, "egress-proxy: address in use\n", id="start"),
        pytest.param(UpstreamError("not there"), Exit.UPSTREAM, "egress-proxy: not there\n", id="upstream"),
        pytest.param(KeyboardInterrupt(), INTERRUPTED, "\n", id="interrupt"),
        pytest.param(ValueError(MARK), Exit.FAILED, "egress-proxy: internal error: ValueError at cli.py:", id="bug"),
        pytest.param(OSError(5, MARK, MARK), Exit.FAILED, "egress-proxy: internal error: OSError at cli.py:", id="os"),
        pytest.param(SystemError(), Exit.FAILED, "egress-proxy: internal error: SystemError at cli.py:", id="system"),
    ],
)
def test_no_error_shows_a_stack_trace_or_a_value(
    app: ModuleType, run: Run, capsys: Capture, error: BaseException, code: int, said: str
) -> None:
    def serve(_config: Config, _again: object = None) -> int:
        raise error from RuntimeError(MARK)

    app.serve = serve  # type: ignore[attr-defined]
    assert run("serve") == code
    captured = capsys.readouterr()
    told = "".join(line for line in captured.err.splitlines(keepends=True) if "warning" not in line)
    assert told.startswith(said)
    assert told.count("\n") == 1
    assert MARK not in captured.out + captured.err


@pytest.mark.parametrize("module", ["egress_proxy", "egress_proxy.cli"])
def test_the_modules_run_as_commands(module: str, file: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, "token", "create", "ann", "--config", str(file)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert Tokens(file.parent / "state").authenticate(done.stdout.strip()) is not None


def test_a_reader_that_has_gone_is_no_stack_trace(file: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "egress_proxy", "check-config", "--config", str(file)],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert done.returncode == Exit.FAILED
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def test_an_interrupt_is_no_stack_trace(file: Path) -> None:
    code = (
        "import sys, types, time, os, signal\n"
        "app = types.ModuleType('egress_proxy.app')\n"
        "app.serve = lambda config, again: (os.kill(os.getpid(), signal.SIGINT), time.sleep(60))\n"
        "sys.modules['egress_proxy.app'] = app\n"
        "from egress_proxy.cli import main\n"
        "sys.exit(main(['serve', '--config', sys.argv[1]]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 128 + signal.SIGINT
    assert "Traceback" not in done.stderr


def test_making_a_token_does_not_load_the_server(file: Path) -> None:
    code = (
        "import sys\n"
        "from egress_proxy.cli import main\n"
        "main(['token', 'create', 'ann', '--config', sys.argv[1]])\n"
        "sys.exit(any(name in sys.modules for name in ('aiohttp', 'hyperscan', 'detect_secrets', 'numpy')))\n"
    )
    subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, check=True)


def lists(group: click.Group = cli, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Group]]:
    yield words, group
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from lists(command, (*words, name))


@pytest.mark.parametrize(("words", "group"), [pytest.param(*one, id=" ".join(one[0]) or "all") for one in lists()])
def test_the_help_of_a_group_lists_each_command_once_and_whole(words: tuple[str, ...], group: click.Group) -> None:
    told = CliRunner().invoke(cli, [*words, "--help"], terminal_width=80).output
    listed = re.findall(
        r"^  ([a-z-]+) {2,}(\S.*)$", told.partition("--help  ")[2].partition("Exit codes")[0], re.MULTILINE
    )
    assert sorted(name for name, _ in listed) == sorted(group.commands)
    assert not [name for name, summary in listed if summary.endswith("...")]


def test_what_a_newcomer_needs_comes_first() -> None:
    assert cli.list_commands(click.Context(cli))[:4] == ["init", "serve", "doctor", "verify"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([MARK], "there is no such command"),
        (["serv"], "Did you mean 'serve'?"),
        (["audit", MARK], "there is no such command"),
        (["serve", f"--{MARK}"], "there is no such option"),
        (["serve", "--confg"], "Did you mean '--config'?"),
        (["fingerprint", "add", MARK], "there are arguments that it does not take"),
        (["doctor", MARK, MARK], "there are arguments that it does not take"),
        (["completion", MARK], "choose from 'bash', 'zsh', 'fish'"),
        (["audit", "list", "--limit", MARK], "not a valid integer"),
        (["doctor", "--config"], "requires an argument"),
        (["support"], "Missing argument 'FILE'"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else None,
)
def test_what_was_typed_is_not_repeated(words: list[str], told: str, capsys: Capture) -> None:
    """It may be a token, or a value, and stderr is in a log."""
    assert main(words) == Exit.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err
    assert MARK not in err
    assert err.splitlines()[-1].startswith("See `egress-proxy")
