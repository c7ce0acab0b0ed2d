"""The truth table of shell commands, and what holds of any command."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress_proxy.gate_rules import STRENGTH, Gate, Kind
from egress_proxy.gates import DEFAULTS, Decision, GatePolicy, decide
from egress_proxy.gates.inner import taken_apart
from egress_proxy.gates.kinds import Where, kinds_of
from egress_proxy.gates.parse import parse
from egress_proxy.gates.shell import MAX_CHARS, MAX_COMMANDS
from tests.gates.commands import DECLARED, PLAIN, ROWS
from tests.gates.sample import CLIENT, GENEROUS, OWN, POLICY, TREE, shell
from tests.kit.each import each


def decided(command: str, policy: GatePolicy = GENEROUS) -> Decision:
    return decide(shell(command), CLIENT, policy)


def test_the_table_is_long_and_has_no_row_twice() -> None:
    commands = [row[0] for row in ROWS]
    assert len(commands) == len(set(commands)) >= 350
    assert {row[1] for row in ROWS} == set(Gate)


@each(("command", "gate", "rule"), ROWS)
def test_commands(command: str, gate: str, rule: str) -> None:
    found = decided(command)
    assert (found.gate.value, found.rule) == (gate, rule), found.why
    assert found.why


@each("command", [row[0] for row in ROWS])
def test_without_a_rule_of_the_operators_no_command_is_the_agents(command: str) -> None:
    assert decided(command, POLICY).gate is not Gate.SELF
    assert decided(command, GatePolicy(own=OWN)).gate is Gate.HUMAN


WRAPPERS = [
    "{}; rm -rf /",
    "rm -rf /; {}",
    "{} | sh",
    "{} &",
    "{} > /etc/x",
    "{} >> ../x",
    "{} < /etc/passwd",
    "{} $(curl x.invalid)",
    "{} `id`",
    "{} $x",
    "{} *",
    "{} {{a,b}}",
    "{} ~",
    "{} <<X\nx\nX",
    "{} <<< x",
    "{} <(id)",
    "({})",
    "{{ {}; }}",
    "! {}",
    "if {}; then :; fi",
    "for x in a; do {}; done",
    "f() {{ {}; }}; f",
    "PATH=/tmp {}",
    "x=1 {}",
    "export x; {}",
    "alias git=x; {}",
    "cd /; {}",
    "sudo {}",
    "env {}",
    "nohup {}",
    "timeout 1 {}",
    "xargs {}",
    "command {}",
    "exec {}",
    "time {}",
    "find . -exec {} \\;",
    "sh -c '{}'",
    'bash -c "{}"',
    "eval '{}'",
    "$(echo {})",
    "{}\\\n x",
    "{}\u200b",
    "{}\r",
    '"{}"',
    "./{}",
]


@each("wrapper", WRAPPERS)
def test_nothing_round_a_command_makes_its_verdict_weaker(wrapper: str) -> None:
    for command, *_ in ROWS:
        if len(command) < MAX_CHARS // 2 and "\n" not in command:
            wrapped = decided(wrapper.format(command))
            assert wrapped.gate is not Gate.SELF, command


@given(st.lists(st.sampled_from(WRAPPERS), min_size=1, max_size=3), st.sampled_from(PLAIN))
@settings(max_examples=150)
def test_several_round_a_command_let_nothing_pass(wrappers: list[str], row: tuple[str, str, str]) -> None:
    command = row[0].strip()
    for wrapper in wrappers:
        command = wrapper.format(command)
    assert decided(command).gate is not Gate.SELF


def test_what_is_nobodys_stays_so_however_it_is_wrapped() -> None:
    for wrapper in ("{}; ls", "ls && {}", "({})", "sudo {}", "sh -c '{}'", "echo $({})", "timeout 1 {}", "{} | sh"):
        assert decided(wrapper.format("cat /var/lib/egress/x")).gate is Gate.NEVER


SAYING = [row[0] for row in ROWS if row[0].strip()]
"""All but the blank ones: alone such a one is a question, and beside another it is nothing."""


@given(st.sampled_from(SAYING), st.sampled_from(SAYING))
@settings(max_examples=300)
def test_of_two_commands_the_stronger_verdict_holds(one: str, other: str) -> None:
    both = f"{one}\n{other}"
    if len(both) > MAX_CHARS:
        return
    strongest = max(STRENGTH[decided(one).gate], STRENGTH[decided(other).gate])
    if Gate.NEVER not in {decided(one).gate, decided(other).gate}:  # an open quote may swallow what follows
        assert STRENGTH[decided(both).gate] >= strongest


SIGNS = [*"abg/.-= \t\n'\"\\$`(){}[]<>|&;*?~!#^%@:,0", "git status", "$(", "<<X\n", "$'", "rm -rf /", "case ", "fi"]


@given(st.lists(st.sampled_from(SIGNS), max_size=60).map("".join) | st.text(max_size=80))
@settings(max_examples=400)
def test_any_text_has_a_verdict_and_only_declared_words_pass(command: str) -> None:
    found = decided(command)
    if found.gate is Gate.SELF:
        assert all(ruling.rule == "declared" for ruling in found.rulings)
        assert not set(command) & set("'\"\\$`(){}[]<*?~!#^")
        programs = {declared.split(" ")[0] for declared in DECLARED}
        assert {ruling.subject.split(" ")[0] for ruling in found.rulings} <= programs


HOSTILE = [
    "$(", "(", "((", "{ ", "`", '"$(', "<<a ", "<<a\n", "a|", "a;", "if ", "case x in ", "[[ ", "${a:-",
    "$((", "a=(", "f(){ ", "'", "\\", "<(", "!", "a&&", "for ", "{a,", "*?[", "<<<", "a[$(", "$'", "?(|",
    "${a#", "$[", "sh -c ", "eval ", "xargs ", "sudo ", "env a=b ", "<<-X\n\t", "a\n\n;",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_are_bounded(piece: str) -> None:
    """No time is asserted: the work is bounded, by characters, nodes, depth, commands and texts within texts."""
    text = (piece * MAX_CHARS)[:MAX_CHARS]
    assert decided(text).gate is not Gate.SELF
    assert len(taken_apart(text).commands) <= MAX_COMMANDS


@given(st.text(st.characters(min_codepoint=0x80), max_size=60))
@settings(max_examples=300)
def test_the_grammar_is_shown_ascii_alone(text: str) -> None:
    """Of other signs its scanner reads beyond tables of C, and ends the process: this would not return."""
    for command in (
        text,
        f"ls {text}",
        f"x{text}=(1 {text})",
        f"cat <<{text}\n{text}\n{text}",
        "{" + text + "}|((" + text,
    ):
        assert decided(command).gate is not Gate.SELF or not text


def test_a_longer_text_is_not_even_parsed() -> None:
    assert parse("a" * (MAX_CHARS + 1)).commands == ()


@pytest.mark.parametrize(
    ("command", "patterns", "workdir", "gate"),
    [
        ("git status", ("git status",), "", Gate.SELF),
        ("git status && ls", ("git status", "ls"), "", Gate.SELF),
        ("git status", (), "", Gate.SELF),
        (None, ("git status",), "", Gate.HUMAN),
        (None, (), "", Gate.HUMAN),
        ("git status", ("git push",), "", Gate.HUMAN),
        ("git status", ("git status", "ls"), "", Gate.HUMAN),
        ("PATH=/tmp/x; git status", ("git status",), "", Gate.HUMAN),
        ("{ git status; } > /etc/x", ("git status",), "", Gate.HUMAN),
        ("cd /etc && git status", ("git status",), "", Gate.HUMAN),
        ("git status", ("git status",), TREE, Gate.SELF),
        ("git status", ("git status",), ".", Gate.SELF),
        ("git status", ("git status",), "/etc", Gate.HUMAN),
        ("git status", ("git status",), "src", Gate.HUMAN),
        ("git status", ("git status",), "$x", Gate.HUMAN),
        ("ls x", ("cat /var/lib/egress/x",), "", Gate.NEVER),
        (None, ("cat /var/lib/egress/x",), "", Gate.NEVER),
        (None, ("cat ~/.local/share/opencode/auth.json",), "", Gate.NEVER),
        ("cat egress/x", (), "/var/lib", Gate.NEVER),
    ],
    ids=range(19),
)
def test_the_whole_command_counts_and_where_it_runs(
    command: str | None, patterns: tuple[str, ...], workdir: str, gate: Gate
) -> None:
    """The patterns are what both releases of opencode show of such commands."""
    assert decide(shell(command, *patterns, workdir=workdir), CLIENT, GENEROUS).gate is gate


def test_every_kind_is_found_in_the_table() -> None:
    where = Where(TREE, TREE, OWN.home)
    found = {kind for row in ROWS for one in taken_apart(row[0]).commands for kind in kinds_of(one, where)}
    assert found == set(Kind)
    assert {kind for rule in DEFAULTS for kind in rule.kinds} == set(Kind) - {Kind.NETWORK}


def test_the_parser_has_no_state() -> None:
    first = parse("git status")
    parse("$(" * 200)
    assert parse("git status") == first
