"""What a git command does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from egress_proxy.gate_rules import Kind
from egress_proxy.gates.shell import HOLE, Command


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WITH_VALUE: Final = _names(
    "-C -c --git-dir --work-tree --namespace --exec-path --super-prefix --config-env --attr-source --list-cmds"
)
_HIDING: Final = (
    "-c",
    "--exec-path",
    "--config-env",
    "--git-dir",
    "--work-tree",
    "--upload-pack",
    "--receive-pack",
    "--exec",
)
_FORCING: Final = ("--force", "--mirror", "--delete", "--prune")
_REWRITING: Final = _names("rebase filter-branch filter-repo update-ref replace fast-import prune")
_REWRITING_WITH: Final[dict[str, tuple[str, ...]]] = {
    "commit": ("--amend", "--fixup", "--squash"),
    "reset": ("--hard", "--merge", "--keep"),
    "reflog": ("expire", "delete"),
    "gc": ("--prune",),
    "branch": ("-D", "-d", "-f", "-M", "--delete", "--force"),
    "tag": ("-d", "-f", "--delete", "--force"),
    "checkout": ("-B", "-f", "--force", "--", "."),
    "switch": ("-C", "-f", "--discard-changes", "--force-create"),
    "restore": ("",),
    "stash": ("drop", "clear"),
    "clean": ("",),
    "worktree": ("remove", "prune"),
    "remote": ("remove", "rm", "set-url", "prune"),
}
"""Subcommands that rewrite or discard with one of these words; the empty one: always."""
_NETWORK: Final = _names("push fetch pull clone ls-remote send-email request-pull submodule svn p4")


def kinds(command: Command) -> frozenset[Kind]:
    """Give what of these a command is; none if it is not git's."""
    if command.program not in {"git", "hub"}:
        return frozenset()
    words = command.words[1:]
    found: set[Kind] = set()
    if any(word.startswith(_HIDING) for word in words):
        found.add(Kind.INDIRECT)
    name, rest = _subcommand(words)
    if name in _NETWORK:
        found.add(Kind.NETWORK)
    if name in {"push", "send-pack"}:
        found.add(Kind.GIT_PUSH)
        if any(_forces(word) for word in rest):
            found.add(Kind.FORCE_PUSH)
    with_words = _REWRITING_WITH.get(name, ())
    if name in _REWRITING or any(word == one or (one and word.startswith(one)) for one in with_words for word in rest):
        found.add(Kind.HISTORY_REWRITING)
    if "" in with_words:
        found.add(Kind.HISTORY_REWRITING)
    if name in {"bisect", "submodule", "difftool", "mergetool", "config", "alias", "hook"}:
        found.add(Kind.INDIRECT)
    return frozenset(found)


def _subcommand(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    index = 0
    while index < len(words) and words[index].startswith("-"):
        index += 2 if words[index] in _WITH_VALUE else 1
    return (words[index].lower(), words[index + 1 :]) if index < len(words) else ("", ())


def _forces(word: str) -> bool:
    """An option that forces or deletes, a refspec that does (`+main`, `:main`), or a word that is not known."""
    if word.startswith("--"):
        return any(word.startswith(option) or option.startswith(word) for option in _FORCING)  # git takes `--fo` too
    if word.startswith("-"):
        return "f" in word or "d" in word
    return word.startswith(("+", ":")) or HOLE in word
