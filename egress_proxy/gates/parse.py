"""A shell command becomes a `Script`, by the grammar of tree-sitter-bash: the one importer of it.

Every simple command is found, wherever it stands: in lists, pipes, substitutions, functions, conditions and loops. What
the calling agent could approve is narrower: plain commands and nothing else, which a second, simple reader has to read
alike. A grammar that takes a text for another than the shell does is then a human's, not a hole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from egress_proxy.gates.shell import (
    HOLE,
    MAX_CHARS,
    MAX_COMMANDS,
    MAX_DEPTH,
    MAX_NODES,
    Command,
    Context,
    Redirection,
    Script,
)
from egress_proxy.gates.words import text_of, word

_BASH: Final = Language(tree_sitter_bash.language())
# The grammar's scanner asks C's tables of characters about any code point, and ends the process where they end. Nothing
# but ASCII is shown to it; each other sign is a letter for it, and a doubt.
_UNKNOWN: Final = re.compile(r"[^\t\n -~]")
_LETTER: Final = "X"

TOO_LONG: Final = f"it has more than {MAX_CHARS} characters"
BEYOND_ASCII: Final = "it has signs beyond printable ASCII, which can look like others"
TOO_MUCH: Final = "it has too many commands, or nests them too deeply"
NO_SHELL: Final = "it is not a shell command that can be read as a whole"
NOT_PLAIN: Final = "it is not written plainly: a quote, a variable, a pattern or another sign of the shell is in it"
_DOUBTS: Final[dict[str, str]] = {
    "function_definition": "it defines a function, which can stand for any command",
    "variable_assignment": "it sets a variable, which can change what a command does",
    "variable_assignments": "it sets variables, which can change what a command does",
    "declaration_command": "it sets a variable, which can change what a command does",
    "command_substitution": "what a command in it prints becomes a part of it",
    "process_substitution": "it makes a file of what a command prints",
    "heredoc_redirect": "it has a here-document",
    "herestring_redirect": "it has a here-string",
}
# Plain: words of these characters, joined by these operators. No `#`, `!`, `~`, quotes, brackets, or any other sign.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_@%+=:,./ \t\n;&|>-]+")
_OPERATORS: Final = re.compile(r"\n|;|&&|\|\||\|")
_HARMLESS: Final = frozenset({"2>&1", ">/dev/null", "2>/dev/null"})
_REDIRECTIONS: Final = re.compile(r"\s(2?>)\s?/dev/null(?=[\s;&|]|$)")
_WITHIN: Final = {
    "command_substitution": frozenset({Context.SUBSTITUTED}),
    "process_substitution": frozenset({Context.SUBSTITUTED}),
    "function_definition": frozenset({Context.DEFINED}),
    "heredoc_redirect": frozenset({Context.PIPED}),  # the grammar puts the commands that follow in a pipe here
}
_BUILT_IN: Final = frozenset({"declaration_command", "unset_command", "test_command"})
_FEEDS: Final = frozenset({"heredoc_redirect", "herestring_redirect"})


def parse(text: str) -> Script:
    """Take a command apart. Never raises; what cannot be read leaves a doubt."""
    if len(text) > MAX_CHARS:
        return Script(doubts=(TOO_LONG,))
    known = _UNKNOWN.sub(_LETTER, text)
    source = known.encode("ascii")
    root = Parser(_BASH).parse(source).root_node
    if root.descendant_count > MAX_NODES:
        return Script(doubts=(TOO_MUCH,))
    reader = _Reader(source)
    if known != text:
        reader.doubts[BEYOND_ASCII] = None
    reader.read(root, frozenset(), 0)
    if root.has_error:
        reader.doubts[NO_SHELL] = None
    commands = tuple(reader.commands)
    if not reader.doubts and not _read_alike(text, commands):
        reader.doubts[NOT_PLAIN] = None
    return Script(commands[:MAX_COMMANDS], tuple(reader.doubts))


def _read_alike(text: str, commands: tuple[Command, ...]) -> bool:
    """Whether splitting at operators and blanks gives the same commands."""
    if not _PLAIN.fullmatch(text):
        return False
    pieces = [_REDIRECTIONS.sub(r" \1/dev/null", piece).split() for piece in _OPERATORS.split(_joined(text))]
    split = [tuple(piece for piece in some if piece not in _HARMLESS) for some in pieces]
    odd = any(
        not some or "=" in some[0] or any(set(one) & set("&>") or one[0] == "=" for one in some) for some in split
    )
    return not odd and split == [command.words for command in commands]


def _joined(text: str) -> str:
    """The lines of a text that are not blank; a `;` may end it."""
    return "\n".join(line for line in text.split("\n") if line.strip(" \t")).rstrip(" \t").removesuffix(";")


class _Reader:
    """Walks the tree once."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self.commands: list[Command] = []
        self.doubts: dict[str, None] = {}  # in the order of their finding

    def read(self, node: Node, context: frozenset[Context], depth: int) -> None:
        if depth > MAX_DEPTH or len(self.commands) >= MAX_COMMANDS:
            self.doubts[TOO_MUCH] = None
            return
        if node.type in _DOUBTS:
            self.doubts[_DOUBTS[node.type]] = None
        match node.type:
            case "redirected_statement":
                self._redirected(node, context, depth)
            case "pipeline":
                self._piped(node, context, depth)
            case _:
                self._command(node, context)
                inner = context | _WITHIN.get(node.type, frozenset())
                for child in node.named_children:
                    self.read(child, inner, depth + 1)

    def _piped(self, node: Node, context: frozenset[Context], depth: int) -> None:
        for index, child in enumerate(node.named_children):
            self.read(child, context | {Context.PIPED} if index else context, depth + 1)

    def _command(self, node: Node, context: frozenset[Context]) -> None:
        """Add the command that a node is, if it is one."""
        if node.type in _BUILT_IN:
            self.commands.append(Command((node.type.removesuffix("_command"),), ("",), (), context))
        if node.type != "command":
            return
        names = [child for child in node.children if child.type == "variable_assignment"]
        words = [
            word(child, self._source)
            for child in node.children
            if child.type not in {"variable_assignment", *_FEEDS, "file_redirect"}
        ]
        made = Command(
            tuple(words),
            tuple(text_of(child, self._source).partition("=")[0] for child in names),
            tuple(self._redirections(node)),
            context,
            tuple(self._documents(node)),
        )
        self.commands.append(_fed(made))

    def _redirected(self, node: Node, context: frozenset[Context], depth: int) -> None:
        """A statement with redirections: they are those of each command in it."""
        start = len(self.commands)
        body = node.child_by_field_name("body")
        if body is not None:
            self.read(body, context, depth + 1)
        else:
            self.commands.append(Command((), (), (), context))
        redirections, documents = tuple(self._redirections(node)), tuple(self._documents(node))
        # `git > /dev/null push`: to the grammar the last word is a second target.
        extra = tuple(word(target, self._source) for target in self._more_targets(node))
        for index in range(start, len(self.commands)):
            inner = self.commands[index]
            words = inner.words + (extra if index == start else ())
            more = (*inner.redirections, *redirections)
            self.commands[index] = _fed(
                Command(words, inner.assignments, more, inner.context, inner.documents + documents)
            )
        for child in node.named_children:
            if child != body:
                self.read(child, context, depth + 1)

    def _redirections(self, node: Node) -> Iterator[Redirection]:
        for redirect in _redirects(node):
            operator = next((child.type for child in redirect.children if not child.is_named), "")
            for target in redirect.children_by_field_name("destination"):
                yield Redirection(operator, word(target, self._source))

    def _more_targets(self, node: Node) -> Iterator[Node]:
        for redirect in _redirects(node):
            yield from redirect.children_by_field_name("destination")[1:]
            if redirect.parent is not None and redirect.parent.type == "heredoc_redirect":
                continue
        for redirect in node.named_children:
            if redirect.type == "heredoc_redirect":
                yield from redirect.children_by_field_name("argument")

    def _documents(self, node: Node) -> Iterator[str]:
        for redirect in node.named_children:
            if redirect.type == "heredoc_redirect":
                bodies = [child for child in redirect.named_children if child.type == "heredoc_body"]
                yield "".join(text_of(body, self._source) for body in bodies)
            elif redirect.type == "herestring_redirect":
                yield "".join(word(child, self._source) for child in redirect.named_children) or HOLE


def _redirects(node: Node) -> Iterator[Node]:
    """The file redirections of a command or statement, those after a here-document's mark too."""
    for child in node.named_children:
        if child.type == "file_redirect":
            yield child
        elif child.type == "heredoc_redirect":
            yield from (inner for inner in child.named_children if inner.type == "file_redirect")


def _fed(command: Command) -> Command:
    """Note whether a command's input is a document or a file."""
    fed = bool(command.documents) or any(one.operator.startswith("<") for one in command.redirections)
    context = command.context | {Context.FED} if fed else command.context
    return Command(command.words, command.assignments, command.redirections, context, command.documents)
