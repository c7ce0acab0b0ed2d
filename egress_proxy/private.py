"""Files for their owner alone: read only if nobody else could, replaced as a whole, made under a lock."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_NEW_OR_OLD: Final = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


class NotPrivateError(Exception):
    """A file that is not to be believed. The text says why and quotes nothing."""


def read_private(file: Path, most: int) -> bytes:
    """Read a regular file of at most `most` bytes that only its owner can use, and that is our own or root's.

    Raises `NotPrivateError`, and `OSError` as it comes. A link is not followed (`ELOOP`), a FIFO not waited for.
    """
    with os.fdopen(os.open(file, _READ), "rb") as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > most:
            raise NotPrivateError(f"is not a file of at most {most} bytes")
        if status.st_mode & _OTHERS or status.st_uid not in {0, os.geteuid()}:
            raise NotPrivateError("others may read or write it: `chmod 600` it, and it must be your own")
        return stream.read(most)


def create(file: Path, content: bytes) -> None:
    """Make a file that must not exist yet (`FileExistsError`), durably. Raises `OSError` as it comes."""
    with os.fdopen(os.open(file, _NEW, 0o600), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    sync(file.parent)


def replace(new: Path, file: Path, content: bytes) -> None:
    """Put `content` in the place of `file`, durably: either the old or the new is there, whole.

    `new` is beside it, and nobody else's: the caller holds a lock. Raises `OSError` as it comes.
    """
    new.unlink(missing_ok=True)  # of a writer that was killed
    create(new, content)
    new.replace(file)
    sync(file.parent)


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold the lock that `file` stands for, against other processes. Raises `OSError` as it comes."""
    lock = os.open(file, _NEW_OR_OLD, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
