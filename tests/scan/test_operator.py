"""Rules of an operator: found like built-in ones, tried before they are used, refused with a reason."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress_proxy.config import OperatorRule, read_rules
from egress_proxy.errors import ConfigError, StartError
from egress_proxy.scan import KnownValues, build_scanner, judge, operator_rules
from egress_proxy.scan.engine import TextScanner
from egress_proxy.scan.loosen import LooseningError, loosen
from egress_proxy.scan.prefilter import Prefilter
from egress_proxy.scan.projection import projection
from egress_proxy.scan.rule import Rule, TooMuchError

EXAMPLE = Path(__file__).parents[2] / "config" / "rules.example.yaml"


def rule(
    pattern: str,
    match: str = "acme-12345678",
    near: str = "nothing",
    *,
    group: int = 0,
    caseless: bool = False,
    keywords: tuple[str, ...] = (),
    min_entropy: float = 0.0,
    name: str = "house-token",
) -> OperatorRule:
    return OperatorRule(
        id=name,
        pattern=pattern,
        group=group,
        caseless=caseless,
        keywords=keywords,
        min_entropy=min_entropy,
        matches=(match,),
        ignores=(near,),
    )


def built(*rules: OperatorRule) -> TextScanner:
    extra, canaries = operator_rules(rules)
    return build_scanner(KnownValues.none(), extra, canaries=canaries)


def test_the_example_is_found_and_passes_the_self_test() -> None:
    scanner = built(*read_rules(EXAMPLE))
    scanner.self_test()
    text = "Badge 482-91705-3, as acme_live_0123456789abcdefABCDEFgh says; phone\n482-91705-3"
    released = judge([text], scanner.scan([text])).texts
    assert released == ("Badge [redacted:badge-number], as [redacted:acme-token] says; phone\n482-91705-3",)


def test_a_rule_that_no_longer_finds_its_example_stops_the_start() -> None:
    extra, _ = operator_rules([rule(r"acme-\d{8}")])
    _, canaries = operator_rules([rule(r"acme-\d{4}", "acme-1234")])
    with pytest.raises(StartError, match="house-token"):
        build_scanner(KnownValues.none(), extra, canaries=canaries).self_test()


SPANS: dict[str, tuple[OperatorRule, str, list[str]]] = {
    made.id: (made, text, secrets)
    for made, text, secrets in [
        (rule(r"acme-(\d{8})", group=1, name="group"), "é acme-12345678", ["12345678"]),
        (rule(r"acme-\d{8}", caseless=True, name="caseless"), "ACME-12345678", ["ACME-12345678"]),
        (
            rule(r"[^ ]{8}", "acme 12345678", keywords=("acme",), name="keywords"),
            "Acme: äöüäöüäöü x",
            ["äöüäöüäö"],
        ),
        (
            rule(r"\b\d{8}\b", "acme 12345678", "acme 11111111", keywords=("acme",), min_entropy=2, name="entropy"),
            "acme 11111111",
            [],
        ),
        (rule(r"[^a]{6}z", "123456z", name="negated"), "éééééézé", ["éééééézé"[:7]]),
        (rule(r"^x\W{3}$", "x---", name="anchors"), "x€€€", ["x€€€"]),
        (rule(r"(?P<first>q+)(?:w|e){2}.", "qwe1", name="surrogate"), "qqwe\ud800", ["qqwe\ud800"]),
        (rule(r"k\w{3}s", "kabcs", caseless=True, name="folds"), "\u212aabc\u017f", ["\u212aabc\u017f"]),
    ]
}


@pytest.fixture(scope="module")
def with_spans() -> TextScanner:
    """All of them in one scanner, which takes over a second to compile."""
    made = built(*(rule for rule, _, _ in SPANS.values()))
    made.self_test()  # each finds its own example: one that finds nothing below could
    return made


@pytest.mark.parametrize("name", SPANS)
def test_spans(with_spans: TextScanner, name: str) -> None:
    _, text, secrets = SPANS[name]
    found = [item for item in with_spans.scan(["first line", text]).findings if item.detector == name]
    assert [text[item.start : item.end] for item in found] == secrets
    assert {item.text for item in found} <= {1}


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (rule(r"acme-(\d{8}"), "the pattern is not valid"),
        (rule(r"(?<=acme-)\d{8}"), "look-around"),
        (rule(r"(\d)\1"), "not valid"),
        (rule(r"(?:\d{500}){500}"), "not valid"),
        (rule(r"\d*"), "matches an empty text"),
        (rule(r"acme-\d{8}", group=1), "group: the pattern has 0 groups"),
        (rule(r"acme-\d{9}"), r"matches\[0\] is not found"),
        (rule(r"acme-\d{8}", near="acme-12345678"), r"ignores\[0\] is found"),
        (rule(r"acmé-\d{8}"), "only ASCII"),
        (rule(r"\pL+-\d{8}"), r"\\p"),
        (rule(r"(?i)acme-\d{8}"), "flags"),
        (rule(r"acme-\d{8}", name="github-token"), "taken"),
        (rule(r"acme-\d{8}", name="known-value"), "taken"),
        (rule(r"acme-\d{8}", name="random-token"), "taken"),
    ],
)
def test_what_is_refused(made: OperatorRule, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as refused:
        operator_rules([made])
    assert f"rule {made.id}: " in str(refused.value)
    assert "12345678" not in str(refused.value)


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match="taken"):
        operator_rules([rule(r"acme-\d{8}"), rule(r"acme-\d{8}")])


def test_no_rules_are_none() -> None:
    assert operator_rules(()) == ((), ())


PIECES = [
    "a",
    "é",
    "[^a]",
    "[a-f]",
    r"\W",
    r"\w",
    ".",
    r"\d{2}",
    "(?:x|y)",
    "(z)",
    r"\bq",
    "[^\\]x]",
    r"\.",
    r"[\W_]",
    "b+",
]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from([piece for piece in PIECES if piece.isascii()]), min_size=1, max_size=5).map("".join),
    st.lists(st.sampled_from(list("aéxyzqb.1_ ٣ſ-\ud800")), max_size=12).map("".join),
)
def test_the_prefilter_names_every_line_in_which_a_rule_matches(pattern: str, text: str) -> None:
    import re2  # noqa: PLC0415  the oracle

    match = re2.search(pattern, text.replace("\ud800", "\ufffd"))
    made = Rule("x", loosen(pattern), lambda _line: iter(()))
    places = list(Prefilter([(0, made)]).places(text, projection(text).projected)) if text else []
    assert not (match and match[0]) or places


@pytest.mark.parametrize("pattern", ["é", r"\Qa.b\E", r"\p{Greek}", r"\x{41}", "(?s:.)", "(?i)a", "[a"])
def test_what_cannot_be_loosened(pattern: str) -> None:
    with pytest.raises(LooseningError):
        loosen(pattern)


def test_a_pattern_that_reads_to_the_end_each_time_gives_up() -> None:
    extra, _ = operator_rules([rule(r"a(?:.*z)?", "xaz")])
    started = time.process_time()
    with pytest.raises(TooMuchError):
        list(extra[0].find("a" * 100_000))
    assert time.process_time() - started < 60
