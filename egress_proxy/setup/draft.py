"""The configuration that `egress-proxy init` writes, and what it was made of."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from msgspec import Struct

from egress_proxy.setup.values import Found

LISTEN: Final = "127.0.0.1:8642"
OPERATOR: Final = "127.0.0.1:8643"
_TRIES: Final = 50


class Draft(Struct, frozen=True, kw_only=True):
    """Every answer that a new configuration needs."""

    url: str
    password_file: str | None
    directories: tuple[str, ...]
    models: tuple[str, ...]
    known: tuple[Found, ...]
    gates_file: str
    state_dir: str
    verify: str | None
    recipients: tuple[str, ...]
    listen: str
    operator: str
    hosts: tuple[str, ...] = ()


def text(draft: Draft) -> str:
    """Give the file. Strings are in quotes, which say the same in YAML as in JSON."""
    return "\n".join(_lines(draft)) + "\n"


def _lines(draft: Draft) -> Iterator[str]:
    yield "# Written by `egress-proxy init`, which leaves it alone from now on."
    yield "# Edit it: config.example.yaml explains every setting, and"
    yield "# `egress-proxy check-config` says what this file means."
    if draft.listen != LISTEN:
        yield f"listen: {draft.listen}"
    if draft.operator != OPERATOR:
        yield f"operator: {draft.operator}"
    yield from ("", "upstream:", f"  url: {_quoted(draft.url)}")
    if draft.password_file is not None:
        yield f"  password_file: {_quoted(draft.password_file)}"
    yield from _list("directories", draft.directories)
    yield from _list("models", draft.models)
    yield from ("", "# What must never cross, in any form: docs/known-values.md.", "known_values:")
    for found in draft.known:
        yield from (f"  - {found.kind}: {_quoted(found.path)}", "    optional: true")
    yield "  - upstream_config: true"
    yield from ("", f"gates_file: {_quoted(draft.gates_file)}", f"state_dir: {_quoted(draft.state_dir)}")
    if draft.verify is not None:
        yield from ("", "verify:", f"  directory: {_quoted(draft.verify)}")
    if draft.hosts:
        yield from (
            "",
            "# Names by which clients call, through a reverse proxy that passes `Host` on: docs/network.md.",
        )
        yield from ("network:", "  hosts:", *(f"    - {_quoted(name)}" for name in draft.hosts))
    if draft.recipients:
        yield from ("", "# Originals of what is withheld are sealed to these.", "evidence:", "  recipients:")
        yield from (f"    - {_quoted(line)}" for line in draft.recipients)


def _list(name: str, values: tuple[str, ...]) -> Iterator[str]:
    yield from ("", f"{name}:", *(f"  - {_quoted(value)}" for value in values))


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def free(address: str, taken: str = "") -> str:
    """Give a loopback address that nobody listens at: this one, or one with a higher port."""
    host, _, port = address.rpartition(":")
    for number in range(int(port), int(port) + _TRIES):
        found = f"{host}:{number}"
        if found != taken and _free(host, number):
            return found
    return address


def _free(host: str, port: int) -> bool:
    with closing(socket.socket()) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


OPENCODE_KEEPS: Final = (".local/share/opencode", ".local/state/opencode", ".cache/opencode")
"""What opencode writes for itself, below the home."""
OPENCODE_SETTINGS: Final = (".config/opencode", ".opencode")
"""Where opencode's settings are, below the home. Its unit cannot write there, and it does not work where a
`.gitignore` is missing that it would write."""
IGNORED: Final = "node_modules\npackage.json\npackage-lock.json\nbun.lock\n.gitignore\n"
WHERE: Final = "opencode.service.d/where.conf"


class Upstream(Struct, frozen=True):
    """What units have to know of opencode (its program, if it is on the path, port) and of the sockets."""

    program: str | None
    port: int | None
    listen: str
    operator: str


def unit_files(source: Path) -> list[Path]:
    """Give the units that come with the program."""
    return sorted(one for one in source.iterdir() if one.suffix in {".service", ".timer", ".socket"})


def where(source: Path, directories: tuple[str, ...]) -> str:
    """Give the drop-in that lets the local agent write in its directories; it begins in the first."""
    told = (source / WHERE).read_text("utf-8").partition("[Service]")[0]
    lines = [f"WorkingDirectory={directories[0].replace('%', '%%')}"]
    lines += [f"ReadWritePaths={_word(one)}" for one in directories]
    return f"{told}[Service]\n" + "\n".join(lines) + "\n"


def units(
    source: Path,
    program: str,
    config: str | None,
    state_dir: str,
    verify: str | None,
    upstream: Upstream | None = None,
    *,
    pages: Path | None = None,
) -> Iterator[tuple[str, str]]:
    """Give (name, content) of the units that come with the program, for this program and this configuration.

    `config` is None where it is the default one. `pages` is where the documentation is.
    """
    here = Path.home()
    swaps = {
        "%h/.local/share/egress-proxy/venv/bin/egress-proxy": _word(program),
        "%h/.local/state/egress-proxy": _word(state_dir),
        "%h/.local/share/egress-proxy/verify": _word(verify or f"-{here}/.local/share/egress-proxy/verify"),
    }
    if pages is not None:
        swaps["file:%h/.local/share/egress-proxy/docs"] = pages.as_uri().replace("%", "%%")
    if config is not None:  # its folder has the password, and the tokens that the local agent must not read
        folder = str(Path(config).parent)
        swaps["opencode-password:%h/.config/egress-proxy"] = f"opencode-password:{folder.replace('%', '%%')}"
        swaps["%h/.config/egress-proxy"] = _word(folder)
    swaps |= _of_upstream(upstream) if upstream else {}
    for path in unit_files(source):
        content = path.read_text("utf-8")
        for before, after in swaps.items():
            content = content.replace(before, after)
        lines = (_configured(line, config) for line in content.splitlines())
        yield path.name, "\n".join(lines) + "\n"


def _of_upstream(found: Upstream) -> dict[str, str]:
    """Give what changes for the opencode that was found."""
    swaps = {
        "ListenStream=127.0.0.1:8642": f"ListenStream={found.listen.removeprefix('unix:')}",
        "ListenStream=127.0.0.1:8643": f"ListenStream={found.operator}",
    }
    if found.port is not None:
        swaps["--port 4096"] = f"--port {found.port}"
    if found.program is not None:
        swaps["Environment=OPENCODE=%h/.opencode/bin/opencode"] = f"Environment={_word('OPENCODE=' + found.program)}"
    return swaps


def _configured(line: str, config: str | None) -> str:
    return f"{line} --config {_word(config)}" if config and line.startswith("Exec") and "egress-proxy" in line else line


def _word(path: str) -> str:
    """A path as systemd reads it: `%`, blanks and quotes mean something there."""
    escaped = path.replace("\\", "\\\\").replace("%", "%%").replace('"', '\\"')
    return f'"{escaped}"' if any(sign.isspace() or sign in "\"'" for sign in path) else escaped
