"""Who decides an ask: hostile spellings of paths included."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress_proxy.gates import Gate, GatePolicy, classify, may_approve
from egress_proxy.model import Ask

TREE = "/srv/project"
AUTH, STATE = "/home/agent/.local/share/opencode/auth.json", "/var/lib/egress"
POLICY = GatePolicy(frozenset({f"{TREE}/.env", f"{TREE}/app/.env.local"}), (AUTH, STATE))
SELF, HUMAN, NEVER = Gate.SELF, Gate.HUMAN, Gate.NEVER


def ask(permission: str, *patterns: str, worktree: str = TREE) -> Ask:
    return Ask("per_1", "ses_1", TREE, permission, patterns, worktree)


READS = [
    ("declared", ".env", SELF),
    ("declared-below", "app/.env.local", SELF),
    ("declared-absolute", f"{TREE}/.env", SELF),
    ("declared-dot", "./.env", SELF),
    ("declared-double-slash", "app//.env.local", SELF),
    ("declared-through-up", "src/../.env", SELF),
    ("declared-two-leading-slashes", f"/{TREE}/.env", SELF),
    ("not-declared", ".env.production", HUMAN),
    ("below-declared", ".env/x", HUMAN),
    ("trailing-slash", ".env/", SELF),
    ("other-directory", "../other/.env", HUMAN),
    ("up-and-back", "../project/.env", SELF),
    ("absolute-other", "/etc/passwd", HUMAN),
    ("capitals", ".ENV", HUMAN),
    ("all", "*", HUMAN),
    ("all-deep", "**", HUMAN),
    ("glob", ".env*", HUMAN),
    ("glob-one", ".en?", HUMAN),
    ("glob-class", ".en[v]", HUMAN),
    ("glob-braces", "{.env,/etc/passwd}", HUMAN),
    ("glob-not", "!.env", HUMAN),
    ("backslash", ".\\env", HUMAN),
    ("escaped", "%2eenv", HUMAN),
    ("home", "~/.env", HUMAN),
    ("variable", "$HOME/.env", HUMAN),
    ("substitution", "`x`/.env", HUMAN),
    ("newline", ".env\n/etc/passwd", HUMAN),
    ("trailing-newline", ".env\n", HUMAN),
    ("nul", ".env\x00.txt", HUMAN),
    ("leading-space", " .env", HUMAN),
    ("trailing-space", ".env ", HUMAN),
    ("two-in-one", ".env /etc/passwd", HUMAN),
    ("zero-width", ".e\u200bnv", HUMAN),
    ("fullwidth", "．env", HUMAN),
    ("bidi", ".env\u202e", HUMAN),
    ("lone-surrogate", ".env\udc80", HUMAN),
    ("empty", "", HUMAN),
    ("dot", ".", HUMAN),
    ("up", "..", HUMAN),
    ("longest", "./" * 2046 + ".env", SELF),
    ("too-long", "./" * 2046 + "/.env", HUMAN),
    ("auth", AUTH, NEVER),
    ("auth-relative", "../../home/agent/.local/share/opencode/auth.json", NEVER),
    ("auth-through-up", "/home/agent/x/../.local/share/opencode/auth.json", NEVER),
    ("auth-capitals", AUTH.upper(), NEVER),
    ("auth-trailing-slash", AUTH + "/", NEVER),
    ("auth-beside", "/home/agent/.local/share/opencode/*", NEVER),
    ("auth-directory", "/home/agent/.local/share/opencode", HUMAN),
    ("all-of-another-directory", "/etc/*", HUMAN),
    ("all-above-auth", "/home/agent/*", HUMAN),
    ("auth-glob-in-path", AUTH + "*", HUMAN),
    ("not-auth", AUTH + ".example", HUMAN),
    ("state", STATE, NEVER),
    ("state-below", f"{STATE}/audit/log.jsonl", NEVER),
    ("state-all", f"{STATE}/*", NEVER),
    ("state-deep", f"{STATE}/**/x", NEVER),
    ("not-state", f"{STATE}-other/x", HUMAN),
]


@pytest.mark.parametrize(("pattern", "expected"), [row[1:] for row in READS], ids=[row[0] for row in READS])
def test_reads(pattern: str, expected: Gate) -> None:
    found = ask("read", pattern)
    assert classify(found, POLICY) is expected
    assert may_approve(found, POLICY) is (expected is SELF)


@pytest.mark.parametrize(
    ("permission", "patterns", "expected"),
    [
        ("read", (), HUMAN),
        ("read", (".env", "app/.env.local"), SELF),
        ("read", (".env", "src/main.py"), HUMAN),
        ("read", (".env", "*"), HUMAN),
        ("read", (".env", AUTH), NEVER),
        ("read", (".env",) * 16, SELF),
        ("read", (".env",) * 17, HUMAN),
        ("read", (".env",) * 17 + (AUTH,), NEVER),
        ("Read", (".env",), HUMAN),
        ("read ", (".env",), HUMAN),
        ("", (".env",), HUMAN),
        ("edit", (".env",), HUMAN),
        ("write", (".env",), HUMAN),
        ("list", (".env",), HUMAN),
        ("external_directory", (f"{TREE}/.env",), HUMAN),
        ("external_directory", ("/home/agent/.local/share/opencode/*",), NEVER),
        ("bash", ("cat .env",), HUMAN),
        ("bash", (".env",), HUMAN),
        ("bash", (f"cat {AUTH}",), NEVER),
        ("bash", (f"cat '{AUTH}' | base64",), NEVER),
        ("bash", (f"ls {STATE}/audit; true",), NEVER),
        ("webfetch", ("https://example.invalid/.env",), HUMAN),
        ("task", ("build",), HUMAN),
    ],
    ids=range(23),
)
def test_permissions_and_several_patterns(permission: str, patterns: tuple[str, ...], expected: Gate) -> None:
    assert classify(ask(permission, *patterns), POLICY) is expected


@pytest.mark.parametrize(
    ("worktree", "pattern", "expected"),
    [
        (TREE, ".env", SELF),
        ("/", "srv/project/.env", SELF),
        ("/", ".env", HUMAN),
        (f"{TREE}/", ".env", SELF),
        (f"{TREE}/app", ".env", HUMAN),
        (f"{TREE}/app", "../.env", SELF),
        ("/srv", "project/.env", SELF),
        ("", ".env", HUMAN),
        ("srv/project", ".env", HUMAN),
        ("", f"{TREE}/.env", SELF),
    ],
)
def test_relative_patterns_start_at_the_worktree(worktree: str, pattern: str, expected: Gate) -> None:
    assert classify(ask("read", pattern, worktree=worktree), POLICY) is expected


@pytest.mark.parametrize(
    ("directory", "expected"),
    [(TREE, SELF), ("/", SELF), ("/srv", SELF), (f"{TREE}/", SELF), (f"{TREE}/app", HUMAN), ("/srv/proj", HUMAN)],
)
def test_a_declared_file_of_another_directory_is_not_the_callers_to_approve(directory: str, expected: Gate) -> None:
    found = Ask("per_1", "ses_1", directory, "read", (".env",), TREE)
    assert classify(found, POLICY) is expected


def test_an_empty_policy_lets_nothing_pass() -> None:
    assert classify(ask("read", ".env"), GatePolicy()) is HUMAN
    assert classify(ask("read", ".env"), GatePolicy(forbidden=("",))) is NEVER


def test_a_file_that_is_both_declared_and_forbidden_is_never_approved() -> None:
    assert classify(ask("read", ".env"), GatePolicy(frozenset({f"{TREE}/.env"}), (TREE,))) is NEVER


@given(st.sampled_from(["read", "bash", "edit", ""]) | st.text(), st.lists(st.text(), max_size=3), st.text())
@settings(max_examples=300)
def test_any_ask_has_a_gate_and_only_declared_paths_pass(permission: str, patterns: list[str], worktree: str) -> None:
    found = classify(Ask("per_1", "ses_1", TREE, permission, tuple(patterns), worktree), POLICY)
    assert found in Gate
    if found is SELF:
        assert permission == "read"
        assert all(".env" in pattern for pattern in patterns)
