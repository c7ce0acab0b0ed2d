"""The entries of `known_values`: which options each kind has, and what is said of one that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from egress_proxy.config import FILES, KnownSource, Source, load, warnings
from egress_proxy.config.schema import COMMAND_FORMATS
from egress_proxy.errors import ConfigError
from egress_proxy.sources import FORMATS
from tests.config.conftest import Site

MARK = "hunt" + "er2"


def read(site: Site, entry: str) -> KnownSource:
    (source,) = load(site.write(known_values=f"[{entry}]")).known_values
    return source


@pytest.mark.parametrize("kind", [*FILES, Source.FINGERPRINT_FILE])
def test_a_file_may_come_later_if_it_is_said_so(site: Site, kind: Source) -> None:
    there, none = site.secret("there", b"x"), site.root / "none" / "file"
    assert read(site, f"{{{kind}: {there}}}") == KnownSource(kind, str(there))
    assert read(site, f"{{{kind}: {none}, optional: true}}") == KnownSource(kind, str(none), optional=True)
    assert read(site, f"{{{kind}: {there}, optional: false}}").optional is False
    with pytest.raises(ConfigError, match="does not exist"):
        read(site, f"{{{kind}: {none}}}")
    with pytest.raises(ConfigError, match="is not a file"):
        read(site, f"{{{kind}: {site.root}, optional: true}}")


def test_every_format_has_a_parser() -> None:
    assert set(FILES.values()) == set(FORMATS)
    assert set(COMMAND_FORMATS) <= set(FORMATS)


def test_opencodes_logins_are_where_it_keeps_them(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(site.root))
    place = site.root / ".local/share/opencode/auth.json"
    with pytest.raises(ConfigError, match="does not exist"):
        read(site, "{opencode_auth: true}")
    assert read(site, "{opencode_auth: true, optional: true}").path == str(place)
    place.parent.mkdir(parents=True)
    place.touch()
    assert read(site, "{opencode_auth: true}").path == str(place)


def test_processes_commands_and_the_rest(site: Site) -> None:
    assert read(site, "{process: 4711}") == KnownSource(Source.PROCESS, "4711", refresh_seconds=60)
    assert read(site, "{process: /run/x.pid, refresh_seconds: 5}") == KnownSource(
        Source.PROCESS, "/run/x.pid", refresh_seconds=5
    )
    assert read(site, "{command: [/bin/echo, '$X', '-n']}") == KnownSource(
        Source.COMMAND, command=("/bin/echo", "$X", "-n"), format="env", timeout_seconds=10
    )
    assert read(site, "{command: [/bin/echo], format: lines, timeout_seconds: 1, refresh_seconds: 2}") == KnownSource(
        Source.COMMAND, command=("/bin/echo",), format="lines", timeout_seconds=1, refresh_seconds=2
    )
    assert read(site, "{environment: true}") == KnownSource(Source.ENVIRONMENT)
    assert read(site, "{upstream_config: true, refresh_seconds: 9}").refresh_seconds == 9


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{environment: false}", "environment: must be true"),
        ("{environment: true, optional: true}", "optional: unknown key; known are environment"),
        ("{optional: true}", "must have exactly one of the keys"),
        ("{environment: true, upstream_config: true}", "must have exactly one of the keys"),
        ("{env_file: /etc/hostname, format: env}", "format: unknown key"),
        ("{env_file: /etc/hostname, optional: yes}", "optional: must be true or false"),
        ("{env_file: true}", "must be a string"),
        ("{opencode_auth: false}", "opencode_auth: must be true"),
        ("{process: 0}", "process: must be a string"),
        ("{process: opencode}", "process: must be an absolute path"),
        ("{process: 1, refresh_seconds: -1}", "refresh_seconds: must be a whole number from 0 to 86400"),
        ("{command: /bin/echo}", "command: must be a list: an absolute path, and its arguments"),
        ("{command: []}", "command: must be a list"),
        ("{command: [echo]}", "command[0]: must be an absolute path"),
        ("{command: [/bin/nowhere]}", "command[0]: does not exist"),
        ("{command: [/etc/passwd]}", "command[0]: may not be run"),
        ("{command: [/bin/echo, 1]}", "command[1]: must be a string: put it in quotes"),
        ("{command: [/bin/echo, [a]]}", "command[1]: must be a string"),
        ("{command: [/bin/echo], format: xml}", "format: must be one of env, json, yaml, toml, ini, lines"),
        ("{command: [/bin/echo], timeout_seconds: 0}", "timeout_seconds: must be a whole number from 1"),
        (f"{{{MARK}: x}}", "unknown key"),
    ],
)
def test_a_wrong_entry_is_an_error_that_says_where(site: Site, entry: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(site, entry)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"{site.file}:4: known_values[0]")


@pytest.mark.parametrize("link", [False, True], ids=["file", "link"])
def test_the_local_agent_cannot_write_the_program_of_a_command(site: Site, link: bool) -> None:
    program = site.root / "shop" / "tool"
    if link:
        program.symlink_to("/bin/echo")
    else:
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    (site.root / "outside").symlink_to(program)
    for place in (program, site.root / "outside"):
        if link and place.name == "outside":
            continue  # it leads through the directory to a program outside, and is not looked at on the way
        with pytest.raises(ConfigError, match=r"known_values: \[0\]\.command: the local agent can write its program"):
            read(site, f"{{command: [{place}]}}")


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o640, False), (0o644, True), (0o604, True)])
def test_a_file_that_everybody_can_read_is_told(site: Site, mode: int, warned: bool) -> None:
    path = site.secret("values.env", b"A=b\n", mode)
    told = warnings(load(site.write(known_values=f"[{{env_file: {path}}}, {{environment: true}}]")))
    assert any("known_values[0].env_file: every user" in sentence for sentence in told) == warned


def test_a_file_that_is_not_there_is_not_told_of(site: Site) -> None:
    entry = f"{{env_file: {Path(site.root / 'none')}, optional: true}}"
    assert not [told for told in warnings(load(site.write(known_values=f"[{entry}]"))) if "every user" in told]
