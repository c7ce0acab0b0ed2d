"""Who decides an ask: hostile spellings of paths included, and what rules mean."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress_proxy.gate_rules import STRENGTH, Files, Gate, GateRule, Kind, Touch
from egress_proxy.gates import DEFAULTS, GatePolicy, Own, classify, decide
from egress_proxy.model import Ask
from tests.gates.commands import ROWS
from tests.gates.sample import AUTH, CLIENT, ENV_FILES, GENEROUS, POLICY, STATE, TREE, ask, shell

SELF, HUMAN, NEVER = Gate.SELF, Gate.HUMAN, Gate.NEVER


def classified(found: Ask, policy: GatePolicy = POLICY) -> Gate:
    return classify(found, CLIENT, policy)


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
    ("up-and-back", "../shop/.env", SELF),
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
    ("auth-directory", "/home/agent/.local/share/opencode", NEVER),
    ("auth-of-another-home", "/home/other/.local/share/opencode/auth.json", NEVER),
    ("auth-of-another-home-beside", "/home/other/.local/share/opencode/*", NEVER),
    ("mcp-auth-of-another-home", "/home/other/.local/share/opencode/mcp-auth.json", NEVER),
    ("not-auth-of-another-home", "/home/other/.local/share/opencode/log/x", HUMAN),
    ("all-of-another-directory", "/etc/*", HUMAN),
    ("all-above-auth", "/home/agent/*", HUMAN),
    ("auth-glob-in-path", AUTH + "*", NEVER),
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
    assert classified(found) is expected


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
    assert classified(ask(permission, *patterns)) is expected


@pytest.mark.parametrize(
    ("worktree", "pattern", "expected"),
    [
        (TREE, ".env", SELF),
        ("/", "srv/shop/.env", SELF),
        ("/", ".env", HUMAN),
        (f"{TREE}/", ".env", SELF),
        (f"{TREE}/app", ".env", HUMAN),
        (f"{TREE}/app", "../.env", SELF),
        ("/srv", "shop/.env", SELF),
        ("", ".env", HUMAN),
        ("srv/shop", ".env", HUMAN),
        ("", f"{TREE}/.env", SELF),
    ],
)
def test_relative_patterns_start_at_the_worktree(worktree: str, pattern: str, expected: Gate) -> None:
    assert classified(ask("read", pattern, worktree=worktree)) is expected


@pytest.mark.parametrize(
    ("directory", "expected"),
    [(TREE, SELF), ("/", SELF), ("/srv", SELF), (f"{TREE}/", SELF), (f"{TREE}/app", HUMAN), ("/srv/sho", HUMAN)],
)
def test_a_declared_file_of_another_directory_is_not_the_callers_to_approve(directory: str, expected: Gate) -> None:
    found = Ask("per_1", "ses_1", directory, "read", (".env",), TREE)
    assert classified(found) is expected


def test_an_empty_policy_leaves_everything_to_a_human() -> None:
    for found in (ask("read", ".env"), ask("read", AUTH), shell("git status"), ask("webfetch", "https://x.invalid/")):
        decision = decide(found, CLIENT, GatePolicy((), ENV_FILES, POLICY.own))
        assert (decision.gate, decision.rule) == (HUMAN, "")


def test_a_file_that_is_both_declared_and_forbidden_is_never_approved() -> None:
    policy = GatePolicy(DEFAULTS, ENV_FILES, Own((TREE,)))
    assert classified(ask("read", ".env"), policy) is NEVER


def rule(gate: Gate, **selectors: object) -> GateRule:
    return GateRule(id="mine", gate=gate, **selectors)  # type: ignore[arg-type]  # as a table gives them


WEB = ask("webfetch", "https://docs.example.org/a/b")


@pytest.mark.parametrize(
    ("mine", "found", "expected"),
    [
        (rule(SELF, permissions=("webfetch",), patterns=("https://docs.example.org/**",)), WEB, SELF),
        (rule(SELF, permissions=("webfetch",), patterns=("https://docs.example.org/*",)), WEB, HUMAN),
        (rule(SELF, permissions=("webfetch",), patterns=("https://docs.example.org",)), WEB, HUMAN),
        (rule(SELF, permissions=("read",), patterns=("https://docs.example.org/**",)), WEB, HUMAN),
        (rule(SELF, permissions=("webfetch",)), WEB, HUMAN),
        (rule(SELF, permissions=("read",), paths=(f"{TREE}/docs/*",)), ask("read", "docs/a"), SELF),
        (rule(SELF, permissions=("read",), paths=(f"{TREE}/docs/*",)), ask("read", "docs/../.env.x"), HUMAN),
        (rule(SELF, permissions=("read",), paths=(f"{TREE}/docs/*",)), ask("read", "docs/a/b"), HUMAN),
        (rule(SELF, permissions=("read",), paths=(f"{TREE}/docs/**",)), ask("read", "docs/a/b"), SELF),
        (rule(SELF, permissions=("read",), paths=("/**",)), ask("read", "docs/*"), HUMAN),
        (rule(SELF, permissions=("read",), paths=("/**",)), ask("read", AUTH), NEVER),
        (rule(SELF, permissions=("edit",), paths=("/**",)), ask("edit", "../x"), HUMAN),
        (rule(SELF, permissions=("edit",), paths=(f"{TREE}/**",)), ask("edit", "a"), SELF),
        (rule(SELF, permissions=("bash",), commands=("git push",)), shell("git push"), HUMAN),
        (rule(SELF, permissions=("bash",), commands=("ls",), clients=(CLIENT,)), shell("ls"), SELF),
        (rule(SELF, permissions=("bash",), commands=("ls",), clients=("other",)), shell("ls"), HUMAN),
        (rule(SELF, permissions=("bash",), commands=("ls",), directories=(TREE,)), shell("ls"), SELF),
        (rule(SELF, permissions=("bash",), commands=("ls",), directories=("/srv",)), shell("ls"), HUMAN),
        (rule(HUMAN, permissions=("read",)), ask("read", ".env"), HUMAN),
        (rule(NEVER, permissions=("read",)), ask("read", ".env"), NEVER),
        (rule(HUMAN, clients=(CLIENT,)), ask("read", ".env"), HUMAN),
        (rule(HUMAN, clients=("other",)), ask("read", ".env"), SELF),
        (rule(NEVER, paths=(f"{TREE}/.env",)), ask("read", ".env"), NEVER),
        (rule(NEVER, kinds=(Kind.GIT_PUSH,)), shell("ls; git push"), NEVER),
        (rule(NEVER, commands=("terraform apply",)), shell("sudo terraform -chdir=x apply"), NEVER),
        (rule(NEVER, commands=("terraform *",)), shell("/opt/bin/terraform plan"), NEVER),
        (rule(NEVER, commands=("terraform *",)), shell("terraformer plan"), HUMAN),
        (rule(HUMAN, touches=(Touch.PROXY_STATE,)), ask("read", STATE), NEVER),
        (rule(NEVER, paths=("/srv/vault/**",)), shell("ls; sudo cat ../vault/x"), NEVER),
        (rule(NEVER, paths=("/srv/vault/**",)), shell("cat <../vault/x"), NEVER),
        (rule(NEVER, paths=("/srv/vault/**",)), shell("tool --file=/srv/vault/x"), NEVER),
        (rule(NEVER, paths=("/srv/vault/**",)), shell("cat vault/x"), HUMAN),
        (rule(NEVER, kinds=(Kind.CREDENTIALS,)), ask("read", "/home/agent/.ssh/id_rsa"), NEVER),
        (rule(NEVER, kinds=(Kind.WRITE_OUTSIDE,)), ask("external_directory", "/etc/*"), NEVER),
        (rule(NEVER, kinds=(Kind.WRITE_OUTSIDE,)), ask("edit", "a"), HUMAN),
        (rule(SELF, permissions=("read",), files=Files.DECLARED, clients=("other",)), ask("read", ".env"), SELF),
    ],
    ids=range(36),
)
def test_rules(mine: GateRule, found: Ask, expected: Gate) -> None:
    policy = GatePolicy((*DEFAULTS, mine), ENV_FILES, POLICY.own)
    assert classified(found, policy) is expected
    assert classified(found, GatePolicy((mine, *DEFAULTS), ENV_FILES, POLICY.own)) is expected


def test_of_several_rules_the_first_of_the_strongest_is_named() -> None:
    assert decide(shell("git push --force"), CLIENT, POLICY).rule == "force-push"
    back = GatePolicy(tuple(reversed(DEFAULTS)), ENV_FILES, POLICY.own)
    assert decide(shell("git push --force"), CLIENT, back).rule == "git-push"


def test_neither_ruling_nor_decision_shows_what_it_is_about() -> None:
    found = decide(shell("echo hunter2"), CLIENT, POLICY)
    assert "hunter2" not in repr(found)
    assert "hunter2" not in repr(found.rulings)
    assert found.rulings[0].subject == "echo hunter2"


@given(st.sampled_from([row[0] for row in ROWS]), st.permutations(GENEROUS.rules), st.integers(0, 16))
@settings(max_examples=150)
def test_order_does_not_matter_and_fewer_self_rules_let_nothing_more_pass(
    command: str, rules: list[GateRule], count: int
) -> None:
    found = shell(command)
    gate = classified(found, GENEROUS)
    assert classified(found, GatePolicy(tuple(rules), ENV_FILES, GENEROUS.own)) is gate
    stronger = tuple(one for one in rules[:count] if one.gate is not SELF)
    assert classified(found, GatePolicy(stronger, ENV_FILES, GENEROUS.own)) is not SELF
    more = GatePolicy((*GENEROUS.rules, *stronger), ENV_FILES, GENEROUS.own)
    assert STRENGTH[classified(found, more)] >= STRENGTH[gate]


@given(st.sampled_from(["read", "bash", "edit", ""]) | st.text(), st.lists(st.text(), max_size=3), st.text())
@settings(max_examples=300)
def test_any_ask_has_a_gate_and_only_declared_paths_pass(permission: str, patterns: list[str], worktree: str) -> None:
    found = classified(Ask("per_1", "ses_1", TREE, permission, tuple(patterns), worktree))
    assert found in Gate
    if found is SELF:
        assert permission == "read"
        assert all(".env" in pattern for pattern in patterns)
