"""Files that known values are read from.

Every value is taken, whatever its name: which ones can be watched for is the policy's to say, aloud. Values leave here
only inside a `Secret`; an error names the file, and the line where there is one.
"""

from __future__ import annotations

import io
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from dotenv.parser import parse_stream

from egress_proxy.errors import ConfigError
from egress_proxy.model import Secret

Entry = tuple[str, Secret]
MAX_FILE_BYTES = 4_194_304


def read_env_file(path: Path, *, lenient: bool = False) -> tuple[Entry, ...]:
    """Every assignment of an env file, in order, duplicates too (an older value is a secret still).

    Quotes, `export`, comments, `=` in values, CRLF, a BOM, values over several lines. Nothing is interpolated: `${X}`
    stays as it is, and the process environment is not read. Raises `ConfigError` for what cannot be read or parsed.

    `lenient` is for a file that changes while it is watched: a line that is no assignment must not hide the others, and
    what stands in it after its first `=` is taken for a value.
    """
    found: list[Entry] = []
    for binding in parse_stream(io.StringIO(_text(path))):
        if binding.error and not lenient:
            raise ConfigError(f"{path}, line {binding.original.line}: not an assignment")
        if binding.error:
            found += _salvaged(binding.original.string, binding.original.line)
        if binding.key is not None and binding.value is not None:
            found.append((binding.key, Secret(binding.value)))
    return tuple(found)


def _salvaged(lines: str, number: int) -> Iterator[Entry]:
    for offset, line in enumerate(lines.splitlines()):
        _, sign, value = line.partition("=")
        if sign:
            yield f"line-{number + offset}", Secret(value.strip().strip("\"'"))


def read_json_file(path: Path) -> tuple[Entry, ...]:
    """Every string of a JSON file under its dotted path (`db.users.0.password`), duplicate keys too; whole numbers of
    eight digits and more as well. Raises `ConfigError` for what cannot be read or parsed."""
    try:
        value = decode(_text(path))
    except ValueError:
        raise ConfigError(f"{path}: not JSON") from None
    return tuple((name, Secret(text)) for name, text in leaves(value))


class Members(list[tuple[str, object]]):
    """An object's members in order, duplicates kept."""


def decode(text: str) -> object:
    """JSON with objects as `Members`. Raises ValueError (whose text may quote input), also if nested too deeply."""
    try:
        return json.loads(text, object_pairs_hook=Members)
    except RecursionError:
        raise ValueError("too deep") from None


def leaves(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Strings and long whole numbers below `value`, with their dotted paths; objects in arrays go by their `id`."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _LONG_NUMBER:
        yield name, str(value)
    elif isinstance(value, Members):
        for key, member in value:
            yield from leaves(member, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from leaves(member, f"{name}.{_label(member, index)}" if name else _label(member, index))


_LONG_NUMBER = 10_000_000


def _label(member: object, index: int) -> str:
    if isinstance(member, Members):
        for key, value in member:
            if key == "id" and isinstance(value, str):
                return value
    return str(index)


def _text(path: Path) -> str:
    try:
        # O_NONBLOCK: the local agent may put a FIFO in the file's place, and opening one waits for its writer.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ConfigError(f"{path}: not a regular file")
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or 'cannot be read'}") from None
    if len(data) > MAX_FILE_BYTES:
        raise ConfigError(f"{path}: larger than {MAX_FILE_BYTES} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8") from None
