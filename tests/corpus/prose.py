"""Prose as a coding agent writes it: sentences from a grammar with a large vocabulary, none of them about a secret."""

from __future__ import annotations

from random import Random
from typing import Final

from tests.corpus.parts import words


def sentence(random: Random) -> str:
    """Write one sentence."""
    text = random.choice(_FRAMES).format_map(_Draw(random))
    return text[0].upper() + text[1:]


def paragraph(random: Random, sentences: int) -> str:
    """Write a paragraph."""
    return " ".join(sentence(random) for _ in range(sentences))


def prose(random: Random, size: int) -> str:
    """Write paragraphs, together at least so many characters."""
    parts: list[str] = []
    written = 0
    while written < size:
        parts.append(paragraph(random, random.randint(1, 6)))
        written += len(parts[-1]) + 2
    return "\n\n".join(parts)


class _Draw(dict[str, str]):
    """Fills a frame's places, each anew."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self.random = random

    def __missing__(self, key: str) -> str:
        found = self.random.choice(_PLACES[key])
        return found.format_map(self) if "{" in found else found


_FRAMES: Final = (
    "I {did} the {adjective} {thing} in `{file}`, because {reason}.",
    "The {thing} {does} before the {thing} {does}, so {consequence}.",
    "{consequence}, which is why {reason}.",
    "When the {thing} {does}, the {adjective} {thing} {does} {manner}.",
    "If you {want}, {advice}.",
    "There are {count} {things} in `{file}`; {count} of them are {adjective}.",
    "{advice}, and then {advice}.",
    "It looks as if the {thing} {does} {manner}; {reason}.",
    "Next I will {want} and {want}.",
    "The {adjective} {things} of {project} {do} {manner} since version {number}.{number}.{number}.",
    "According to the {document}, {consequence}.",
    "All {number} tests pass in {number} seconds; the slowest one {does} {manner}.",
    "`{function}` takes the {thing} and returns {count} {things}, but {reason}.",
    "Should I {want}, or would you rather {want}?",
    "Line {number} of `{file}` calls `{function}` {manner}, although {reason}.",
    "You were right about the {thing}: {consequence}.",
    "We need {count} {adjective} {things} for {purpose}.",
    "For {purpose}, {advice}.",
    "The password field of the form {does} {manner}; its label is {adjective}.",
    "A token of the lexer {does} {manner}, and the parser's key function is `{function}`.",
    "No secret is needed for {purpose}, only the {adjective} {thing}.",
    "The primary key of the table is {adjective}, and the {thing} {does} after each migration.",
)
_PLACES: Final[dict[str, tuple[str, ...]]] = {
    "adjective": words(
        """asynchronous brittle cached careful circular clumsy compact concurrent confusing dead deprecated duplicate
        elegant empty excellent expensive explicit fast faulty flaky fresh generic harmless hidden immutable implicit
        incomplete inner lazy legacy local long missing modest nested new noisy obsolete old optional outdated outer
        parallel partial plain portable private public quiet redundant remote safe sensible shallow short simple slow
        small stable stale strict subtle temporary typed unused upstream useful verbose vague wrong"""
    ),
    "thing": words(
        """adapter allocator assertion benchmark binding branch buffer build cache callback channel check client commit
        compiler component connection constant controller converter counter cursor database decorator dependency
        dispatcher document endpoint enum event exporter factory fallback fixture flag formatter function gateway
        generator guard handler hook importer index interface iterator job journal layout limit linter listener loader
        lock logger loop manifest mapping marker middleware migration mock model module monitor mutex node observer
        option package page parser patch path pipeline plugin pool port process profile prompt protocol proxy query
        queue reader record registry release renderer report request resolver response retry router rule runner sandbox
        schedule schema script serialiser server service session shell snapshot socket solver stack stage state store
        stream subscription suite table target task template test thread timeout timer trace transaction transformer
        tree type validator variable version view visitor watcher widget window worker wrapper writer"""
    ),
    "things": words(
        """adapters arguments assertions benchmarks branches callbacks checks clients columns commits conditions
        connections constants dependencies directories endpoints errors events exceptions fields files fixtures flags
        frames functions handlers headers imports indexes interfaces iterations jobs keys layers limits lines locks logs
        messages methods migrations modules nodes objects options packages pages parameters paths plugins processes
        queries records requests responses rows rules schemas scripts servers sessions settings snapshots steps streams
        strings suites tables tasks templates tests threads timers tokens traces types values variables versions views
        warnings workers"""
    ),
    "did": (
        "changed",
        "removed",
        "renamed",
        "moved",
        "split",
        "rewrote",
        "simplified",
        "added",
        "tested",
        "documented",
        "reverted",
        "inlined",
        "fixed",
        "replaced",
        "extended",
        "checked",
    ),
    "does": (
        "starts",
        "stops",
        "fails",
        "blocks",
        "returns early",
        "is closed",
        "is rebuilt",
        "runs twice",
        "waits",
        "gets stuck",
        "is read again",
        "drops a frame",
        "reports success",
        "raises",
        "times out",
        "is skipped",
        "loses its order",
        "reconnects",
        "is logged",
        "never ends",
        "reloads the {thing}",
        "copies the {things}",
        "depends on the {thing}",
        "writes `{file}`",
        "calls `{function}`",
        "hides the {adjective} {thing}",
    ),
    "do": (
        "start",
        "stop",
        "fail",
        "block",
        "are closed",
        "are rebuilt",
        "run twice",
        "wait",
        "are skipped",
        "reconnect",
        "depend on the {thing}",
        "use `{function}`",
        "ignore the {things}",
        "are loaded from `{file}`",
    ),
    "manner": (
        "at once",
        "in order",
        "too early",
        "on every change",
        "only on Windows",
        "under load",
        "without warning",
        "in the background",
        "once a minute",
        "for {number} milliseconds",
        "with Python 3.{number}",
        "by accident",
        "as the {document} says",
        "in {project}",
        "each time",
        "now and then",
        "on the main thread",
    ),
    "reason": (
        "the {thing} was {adjective}",
        "nothing else calls `{function}`",
        "the {things} are {adjective}",
        "two {things} shared one {thing}",
        "the {document} asks for it",
        "{project} has changed its defaults",
        "the {thing} cannot see the {things}",
        "it had {count} callers",
        "the types did not fit",
        "its name said something else",
        "I could not find a test for it",
        "the order of the {things} matters",
    ),
    "consequence": (
        "the {things} arrive in the wrong order",
        "the {thing} is never reached",
        "nothing is lost",
        "one {thing} is enough",
        "the {adjective} {thing} can go",
        "the error is reported twice",
        "memory grows by {number} KB an hour",
        "the {things} must be sorted first",
        "a restart is needed",
        "`{file}` is written only once",
        "each {thing} has its own {thing}",
        "the {thing} stays {adjective}",
    ),
    "want": (
        "run the tests again",
        "keep the {thing}",
        "add a {adjective} {thing}",
        "move `{function}` to `{file}`",
        "drop the {adjective} {things}",
        "upgrade {project}",
        "write a {thing} for the {things}",
        "measure the {thing} under load",
        "read the {document} first",
        "split the {thing} in two",
        "rename `{function}`",
        "open a pull request",
        "use {project} instead",
        "bisect the {things}",
    ),
    "advice": (
        "run `{command}` in the repository",
        "have a look at `{file}`",
        "set the limit to {number}",
        "wrap the {thing} in a {thing}",
        "leave the {things} as they are",
        "start with the {adjective} {thing}",
        "pass the {thing} as an argument",
        "delete `{file}`",
        "wait for the {thing}",
        "ask the {document}'s authors",
        "prefer {project} to a {thing} of your own",
        "restart the {thing} with `{command}`",
    ),
    "purpose": (
        "the release",
        "local development",
        "the nightly build",
        "the demo",
        "reading `{file}`",
        "the migration",
        "a first version",
        "debugging the {thing}",
        "testing on {project}",
        "the {adjective} {thing}",
    ),
    "project": (
        "Django",
        "FastAPI",
        "React",
        "Next.js",
        "PostgreSQL",
        "SQLite",
        "Redis",
        "Kafka",
        "nginx",
        "Terraform",
        "Kubernetes",
        "Docker",
        "GitHub Actions",
        "pytest",
        "Vite",
        "esbuild",
        "TypeScript",
        "tokio",
        "Axum",
        "Spring Boot",
        "Gradle",
        "Maven",
        "Rails",
        "Flask",
        "SQLAlchemy",
        "NumPy",
        "pandas",
        "Playwright",
        "Bazel",
    ),
    "document": (
        "README",
        "changelog",
        "specification",
        "comment above it",
        "style guide",
        "issue",
        "design document",
        "manual",
        "migration guide",
        "type checker",
        "error message",
        "log",
        "API reference",
        "last review",
    ),
    "command": (
        "make test",
        "npm run build",
        "git status",
        "cargo check",
        "go vet ./...",
        "pytest -x",
        "docker compose up",
        "npm ci",
        "ruff check .",
        "git log --oneline",
        "kubectl get pods",
        "tsc --noEmit",
        "pre-commit run -a",
    ),
    "function": (
        "parse_{thing}",
        "load{thing}",
        "{thing}_to_{thing}",
        "on_{thing}",
        "get{thing}By{thing}",
        "{thing}.close",
        "build_{adjective}_{thing}",
        "{thing}Factory.create",
        "is_{adjective}",
        "{thing}::new",
        "use{thing}",
        "_{thing}",
    ),
    "file": (
        "src/{thing}.py",
        "lib/{thing}/{thing}.ts",
        "{thing}.go",
        "internal/{thing}/{thing}_test.go",
        "tests/test_{thing}.py",
        "crates/{thing}/src/lib.rs",
        "package.json",
        "Makefile",
        "docs/{thing}.md",
        "app/{things}/page.tsx",
        "pyproject.toml",
        "src/main/java/org/acme/{thing}/Main.java",
        "config/{thing}.yaml",
        ".github/workflows/{thing}.yml",
        "{thing}.css",
    ),
    "count": ("two", "three", "four", "five", "six", "seven", "a dozen", "some twenty", "{number}", "several", "a few"),
    "number": tuple(
        str(number) for number in (*range(1, 40), 42, 48, 64, 80, 97, 100, 120, 128, 250, 256, 300, 512, 8080)
    ),
}
