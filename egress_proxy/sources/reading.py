"""Reading a file of secrets: bounded, without waiting, and without a word of it in an error."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from egress_proxy.errors import ConfigError

MAX_FILE_BYTES: Final = 4_194_304


class TooLargeError(ConfigError):
    """A source has more than is read. What it holds beyond that is not known, so nobody may go on as if it were."""


_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


def read_bytes(path: Path, most: int = MAX_FILE_BYTES) -> bytes:
    """The content of a regular file of at most `most` bytes. Raises `ConfigError`."""
    try:
        # O_NONBLOCK: the local agent may put a FIFO in the file's place, and opening one waits for its writer.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ConfigError(f"{path}: not a regular file")
            data = file.read(most + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or 'cannot be read'}") from None
    if len(data) > most:
        raise TooLargeError(f"{path}: larger than {most} bytes")
    return data


def text_of(data: bytes) -> str | None:
    """The text that a file or an output holds: UTF-8, or UTF-16 with its mark. None for anything else."""
    try:
        return data.decode("utf-16") if data.startswith(_UTF_16) else data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
