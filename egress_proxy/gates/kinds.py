"""What a command does, of the kinds that rules may name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct

from egress_proxy.gate_rules import Kind
from egress_proxy.gates import git, paths, programs
from egress_proxy.gates.shell import GLOB, HOLE, Command, Context

_DEVICES: Final = re.compile(r"/dev/(?!null$|zero$|stdout$|stderr$|stdin$|tty$|fd/|urandom$|random$|full$)")
_RECURSIVE: Final = re.compile(r"-[A-Za-z]*[rR]|--recursive")
_OPTION_VALUE: Final = re.compile(r"--?[A-Za-z-]+=(.+)", re.DOTALL)
_ASSIGNED: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")


class Where(Struct, frozen=True):
    """Where a command runs: `start` is where relative paths begin, empty where that is not known."""

    directory: str
    start: str
    home: str = ""


def kinds_of(command: Command, where: Where) -> frozenset[Kind]:
    """Give what a command is. Never raises."""
    return frozenset(kind for kind, is_one in _TESTS.items() if is_one(command, where)) | git.kinds(command)


def kinds_of_path(path: str | None, permission: str, directory: str) -> frozenset[Kind]:
    """Give what it means to read or write a path; None is one that is not known."""
    found: set[Kind] = set()
    if permission in WRITING and (path is None or not paths.below(path, directory, itself=False)):
        found.add(Kind.WRITE_OUTSIDE)
    if path is not None and _in_store(path):
        found.add(Kind.CREDENTIALS)
    return frozenset(found)


WRITING: Final = frozenset({"edit", "write", "patch", "apply_patch", "multiedit", "external_directory"})
"""Permissions that write at a path, or open the way to one."""


def _outside(word: str, where: Where) -> bool:
    """Whether a word names something outside the directory, the directory itself, or what is not known."""
    path = paths.of_word(word, where.start, where.home)
    if path is None or f"{path}/".startswith(f"{where.directory.rstrip('/')}/.git/"):
        return True
    # `rm -rf *`, too, leaves nothing of it
    return not paths.below(path, where.directory, itself=False) or path == f"{where.directory.rstrip('/')}/{GLOB}"


def _arguments(command: Command) -> Iterator[str]:
    """Arguments that are no options, and the values of options written with `=`."""
    for word in command.words[1:]:
        value = _OPTION_VALUE.fullmatch(word)
        if value or not word.startswith("-"):
            yield value[1] if value else word


def _removes_outside(command: Command, where: Where) -> bool:
    words, program = command.words[1:], command.program
    if program == "rm":
        return any(_RECURSIVE.match(word) or HOLE in word for word in words) and _any_outside(command, where)
    if program in {"find", "fd"}:
        deletes = "-delete" in words or any(one.rpartition("/")[2] in {"rm", "shred", "unlink"} for one in words)
        return deletes and _any_outside(command, where)
    if program == "rsync":
        return any(word.startswith("--del") or word == "--remove-source-files" for word in words)
    return program in {"shred", "srm", "trash", "rimraf", "del-cli"} and _any_outside(command, where)


def _any_outside(command: Command, where: Where) -> bool:
    named = [word for word in command.words[1:] if not word.startswith(("-", "{"))]
    return not named or any(_outside(word, where) for word in named if word not in {";", "+", "rm"})


def _writes_outside(command: Command, where: Where) -> bool:
    if any(_target_outside(one.operator, one.target, where) for one in command.redirections):
        return True
    program = command.program
    if program in {"sed", "perl", "ruby"} and not any(word.startswith(("-i", "--in-place")) for word in command.words):
        return False
    if program in programs.WRITERS or program in {"sed", "perl", "ruby"}:
        return any(_outside(word, where) for word in _arguments(command) if not _is_remote(word))
    return any(word.startswith("of=") and _outside(word[3:], where) for word in command.words[1:])


def _target_outside(operator: str, target: str, where: Where) -> bool:
    if ">" not in operator or (operator in {">&", "<&"} and target.isdigit()) or target in {"-", "/dev/null"}:
        return False
    return target not in {"/dev/stdout", "/dev/stderr", "/dev/tty"} and _outside(target, where)


def _is_remote(word: str) -> bool:
    return "://" in word or ("@" in word and ":" in word)


def _publishes(command: Command, _: Where) -> bool:
    words = {word.lower() for word in command.words[1:]}
    if command.program in {"python", "python3"}:  # python -m twine upload
        return bool(words & {"twine", "flit", "build", "setup.py"}) and bool(words & {"upload", "publish", "register"})
    return bool(programs.PUBLISHERS.get(command.program, frozenset()) & words)


def _is_on_disks(command: Command, _: Where) -> bool:
    if command.program in programs.DISKS or command.program.startswith(("mkfs", "fsck.", "mke2fs", "newfs")):
        return True
    named = [one.target for one in command.redirections] + [
        word.partition("=")[2] or word for word in command.words[1:]
    ]
    return any(_DEVICES.match(word) for word in named)


def _runs_piped_code(command: Command, _: Where) -> bool:
    """An interpreter whose program comes from a pipe, a document or a substitution; `source` of what is not known."""
    if command.program in {"source", ".", "eval"}:
        return any(HOLE in word for word in command.words[1:])
    if command.program not in programs.INTERPRETERS:
        return False
    if any(HOLE in word for word in command.words[1:]):
        return True
    return bool(command.context & {Context.PIPED, Context.FED}) and not _has_script(command)


def _has_script(command: Command) -> bool:
    """Whether an interpreter's program is a file, so that its input is data."""
    named = [word for word in command.words[1:] if not word.startswith("-")]
    return bool(named) and command.program not in programs.SHELLS


def _is_indirect(command: Command, _: Where) -> bool:
    program, words = command.program, command.words
    if not words or HOLE in words[0] or GLOB in words[0] or program in programs.INDIRECT:
        return True
    if any(name.startswith(programs.RISKY_VARIABLES) for name in command.assignments):
        return True
    if program == "env" or program in programs.SHELLS:
        return True
    named = [found[1] for word in words[1:] if (found := _ASSIGNED.match(word))]
    if any(name.startswith(programs.RISKY_VARIABLES) for name in named):
        return True
    options = programs.CODE_OPTIONS.get(program, ())
    return any(word.startswith(options) for word in words[1:]) if options else False


def _reaches_credentials(command: Command, where: Where) -> bool:
    if command.program in programs.CREDENTIALS:
        return True
    if programs.SECRET_WORDS.get(command.program, frozenset()) & set(command.words[1:]):
        return True
    named = [*command.words[1:], *(one.target for one in command.redirections)]
    return any(_in_store(_best_path(word, where)) for word in named)


def _best_path(word: str, where: Where) -> str:
    """The path that a word names; where that is not known, what of it is."""
    word = word.partition("=")[2] or word
    return paths.of_word(word.lstrip("@"), where.start, where.home) or f"/{word}"


def _in_store(path: str) -> bool:
    whole = f"{path.lower().rstrip('/')}/"
    return whole.startswith(tuple(f"{place}/" for place in programs.SYSTEM_STORES)) or any(
        f"/{store}/" in whole for store in programs.STORES
    )


def _named(names: frozenset[str]) -> Callable[[Command, Where], bool]:
    return lambda command, _: command.program in names


_TESTS: Final[dict[Kind, Callable[[Command, Where], bool]]] = {
    Kind.REMOVAL_OUTSIDE: _removes_outside,
    Kind.WRITE_OUTSIDE: _writes_outside,
    Kind.CONTAINERS: _named(programs.CONTAINERS),
    Kind.SERVICES: _named(programs.SERVICES),
    Kind.PUBLISHING: _publishes,
    Kind.DISKS: _is_on_disks,
    Kind.PIPED_CODE: _runs_piped_code,
    Kind.INDIRECT: _is_indirect,
    Kind.CREDENTIALS: _reaches_credentials,
    Kind.PRIVILEGE: _named(programs.PRIVILEGE),
    Kind.NETWORK: _named(programs.NETWORK),
}
