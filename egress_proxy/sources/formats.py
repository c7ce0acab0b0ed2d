"""The formats of files and outputs: one parser each, and what to do with a text that is none of its format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from egress_proxy.errors import ConfigError
from egress_proxy.sources.entries import Entry, FormatError, Found, Parser, entries
from egress_proxy.sources.env import parse_env, salvage_env
from egress_proxy.sources.ini import parse_ini, salvage
from egress_proxy.sources.keys import keys_in, parse_keys
from egress_proxy.sources.lines import parse_lines
from egress_proxy.sources.netrc import parse_netrc
from egress_proxy.sources.opencode_auth import parse_auth
from egress_proxy.sources.reading import read_bytes, text_of
from egress_proxy.sources.tree import parse_json, parse_toml, parse_yaml

FORMATS: Final[Mapping[str, Parser]] = {
    "env": parse_env,
    "json": parse_json,
    "yaml": parse_yaml,
    "toml": parse_toml,
    "ini": parse_ini,
    "key": parse_keys,
    "netrc": parse_netrc,
    "opencode_auth": parse_auth,
    "lines": parse_lines,
}
"""Format, as configuration and commands name it -> parser."""


def read_file(path: Path, form: str) -> tuple[Entry, ...]:
    """Every value of a file. Raises `ConfigError` for what cannot be read or parsed: file, line, and never content."""
    return parse(read_bytes(path), form, place=str(path), label=path.name)


def parse(data: bytes, form: str, *, place: str, label: str) -> tuple[Entry, ...]:
    """Every value of a file's or a command's bytes; `place` names it in a `ConfigError`, `label` in names."""
    text = text_of(data)
    if text is None:
        raise ConfigError(f"{place}: not UTF-8")
    try:
        return entries(_with_keys(FORMATS[form](text)), label)
    except FormatError as error:
        line = f", line {error.line}" if error.line else ""
        raise ConfigError(f"{place}{line}: {error.sentence}") from None


def salvaged(data: bytes, form: str, *, label: str) -> tuple[Entry, ...]:
    """What may be values in bytes that are not, or no longer, of their format. For a file that changes while it is
    watched: half a file, or a line that is broken on purpose, must not hide the values beside it."""
    text = text_of(data)
    if text is None:
        text = data.decode("latin-1")
    return entries(_with_keys(salvage_env(text) if form == "env" else salvage(text)), label)


def bare(value: str, name: str) -> tuple[Entry, ...]:
    """One value, and the private keys that stand in it."""
    return entries(_with_keys(iter([("", value)])), name)


def _with_keys(found: Found) -> Iterator[tuple[str, str]]:
    """What was found, and the keys that stand in it: a service account's JSON has one as a string."""
    for name, value in found:
        yield name, value
        for key in keys_in(value):
            if key != value:
                yield f"{name}.key", key
