"""The rules against their oracles: the plugins' own patterns, and detect-secrets itself as it scans a file."""

from __future__ import annotations

import json
import random
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from detect_secrets.core.scan import scan_file
from detect_secrets.plugins.high_entropy_strings import Base64HighEntropyString
from detect_secrets.settings import default_settings
from hypothesis import given, settings
from msgspec.structs import replace

from egress_proxy.native import KERNEL
from egress_proxy.scan import tally
from egress_proxy.scan.canaries import CANARIES
from egress_proxy.scan.engine import Rules
from egress_proxy.scan.prefilter import MAX_ENDS
from egress_proxy.scan.quoted import Quoted, QuotedStrings
from egress_proxy.scan.rule import Rule
from tests.bench.history import prose as replies
from tests.scan.conftest import matched
from tests.scan.fragments import ALPHABETS, fragments, texts
from tests.scan.oracle import check, check_entropy, check_keywords, check_plain, check_tokens, lines

BENIGN = Path(__file__).parents[1] / "data" / "benign"
CODE = sorted(Path(json.__file__).parent.glob("*.py"))


@settings(max_examples=200, deadline=None)
@given(texts())
@pytest.mark.parametrize("property_", [check_plain, check_keywords, check_entropy, check_tokens])
def test_spans_are_those_of_the_patterns(matches: Rules, property_: Callable[[Rules, str], None], text: str) -> None:
    property_(matches, text)


@settings(max_examples=200, deadline=None)
@given(texts())
def test_the_kernel_and_the_fallback_find_the_same(matches: Rules, without_kernel: Rules, text: str) -> None:
    assert matched(matches, text) == matched(without_kernel, text)


@pytest.fixture(scope="module")
def without_kernel(matches: Rules) -> Rules:
    return Rules(matches.all, kernel=None)


def logs(dice: random.Random, count: int) -> str:
    """Dense JSON lines: quoted ids, numbers of tokens, addresses."""
    return "\n".join(
        json.dumps(
            {
                "level": dice.choice(["info", "debug"]),
                "request_id": f"{dice.getrandbits(128):032x}",
                "trace": f"{dice.getrandbits(64):x}",
                "user_id": str(uuid.UUID(int=dice.getrandbits(128))),
                "tokens": {"input": dice.randrange(9999)},
                "token": dice.randrange(99),
                "etag": "".join(dice.choices(ALPHABETS["base62"], k=dice.randrange(16, 40))),
                "url": f"https://api.example/v1/{dice.randrange(99)}?page=1",
            }
        )
        for _ in range(count)
    )


def planted(dice: random.Random, plain: list[str], count: int) -> str:
    """Lines with canaries between and in them."""
    picked = [line + dice.choice(["", " ", dice.choice(CANARIES).text]) for line in plain]
    picked += [dice.choice(CANARIES).text for _ in range(count)]
    dice.shuffle(picked)
    return "\n".join(picked)


def corpora() -> dict[str, str]:
    """Texts of some 4 KB."""
    dice = random.Random(7)
    files = [path.read_text(encoding="utf-8") for path in sorted(BENIGN.iterdir())]
    code = "\n".join(path.read_text(encoding="utf-8") for path in CODE).split("\n")
    made = {f"benign {index}": planted(dice, text.split("\n"), 10) for index, text in enumerate(files)}
    for index in range(4):
        made[f"prose {index}"] = planted(dice, replies(dice, 4096).split("\n"), 10)
        made[f"code {index}"] = planted(dice, dice.sample(code, 100), 10)
        made[f"logs {index}"] = planted(dice, logs(dice, 12).split("\n"), 4)
        made[f"fragments {index}"] = "\n".join("".join(dice.choices(fragments(), k=8)) for _ in range(60))
    return made


CORPORA = corpora()


@pytest.mark.parametrize("name", CORPORA)
def test_parity_on_corpora_with_planted_canaries(matches: Rules, without_kernel: Rules, name: str) -> None:
    check(matches, CORPORA[name])
    assert matched(matches, CORPORA[name]) == matched(without_kernel, CORPORA[name])


def test_parity_where_the_text_is_dense(matches: Rules, monkeypatch: pytest.MonkeyPatch) -> None:
    """All corpora as one text, which the prefilter reads in blocks; a reply so full of secrets is given up."""
    monkeypatch.setattr(tally, "MAX_FINDINGS", 1 << 20)
    monkeypatch.setattr(tally, "CHARACTERS_EACH", 1 << 10)
    text = "\n".join(CORPORA.values())
    apart, base = set(), 0
    for part in CORPORA.values():
        apart |= {(base + found.start, base + found.end, found.detector) for found in matched(matches, part)}
        base += len(part) + 1
    whole = {(found.start, found.end, found.detector) for found in matched(matches, text)}
    assert sum(map(len, matches.ends(text).values())) > MAX_ENDS
    assert {found for found in apart - whole if found[2] != "private-key"} == set()
    # A private key without end, and what says that a manifest is a secret, go on into the next of them.
    assert {detector for _, _, detector in whole ^ apart} <= {"private-key", "kubernetes-secret"}


def test_what_detect_secrets_reports_we_report(matches: Rules, tmp_path: Path) -> None:
    """Its whole engine, filters and all, reports nothing that does not stand in one of our findings of that line, but
    for ids of opencode, which are random and no secrets."""
    file = tmp_path / "reply.md"
    reported = 0
    with default_settings():
        for text in CORPORA.values():
            file.write_text(text, encoding="utf-8", errors="replace")
            read = file.read_text(encoding="utf-8")
            ours = matched(matches, read)
            spans = [(base, base + len(line)) for base, line in lines(read)]
            for secret in scan_file(str(file)):
                value, detector = str(secret.secret_value), re.sub(r"[^a-z0-9]+", "-", secret.type.lower())
                start, end = spans[secret.line_number - 1]
                near = [
                    found for found in ours if found.detector == detector and start < found.end and found.start < end
                ]
                # What it calls the value may be a key's header, or the `ghp` of a token.
                held = [whole for found in near if value in (whole := read[found.start : found.end]) or whole in value]
                assert held or OPENCODE_ID.fullmatch(value), detector
                reported += 1
    assert reported > 100


OPENCODE_ID = re.compile(r"[a-z]{3}_[0-9a-f]{12}[0-9A-Za-z]{14}")


def changed(matches: Rules, detector: str, **changes: Any) -> Rules:
    return Rules([replace(rule, **changes) if rule.detector == detector else rule for rule in matches.all])


def wants(matches: Rules, detector: str) -> Quoted:
    wanted = next(rule.quoted for rule in matches.all if rule.detector == detector)
    assert wanted
    return wanted


def shifted(rule: Rule) -> Rule:
    return replace(rule, find=lambda text: ((start, end - 1) for start, end in rule.find(text)))


DEFECTS: dict[str, Callable[[Rules], Rules]] = {
    "a rule less": lambda rules: Rules([rule for rule in rules.all if rule.detector != "sendgrid-api-key"]),
    "a prefilter too narrow": lambda rules: changed(rules, "aws-access-key", prefilter="AKIA[A-Z]{16}"),
    "a span too short": lambda rules: Rules(
        [shifted(rule) if rule.detector == "telegram-bot-token" else rule for rule in rules.all]
    ),
    "a keyword's form less": lambda rules: changed(rules, "secret-keyword", named=()),
    "a limit too high": lambda rules: changed(
        rules,
        "base64-high-entropy-string",
        quoted=replace(wants(rules, "base64-high-entropy-string"), limit=4.6),
    ),
    "an entropy too low": lambda rules: changed(
        rules,
        "hex-high-entropy-string",
        quoted=replace(wants(rules, "hex-high-entropy-string"), digits=0.0),
    ),
    "a token's check too strict": lambda rules: changed(rules, "json-web-token", find=lambda _text: iter(())),
}


@pytest.mark.parametrize("defect", DEFECTS)
@pytest.mark.skipif(KERNEL is None, reason="some of the defects are of what the kernel is given")
def test_parity_sees_a_defect(matches: Rules, defect: str) -> None:
    """A negative control: the corpora and fragments show each of these. The first that does is enough, so those come
    first that are read soonest."""
    broken = DEFECTS[defect](matches)
    dice = random.Random(13)
    number = "'" + "".join(str(index * 7 % 10) for index in range(12)) + "'"
    near = f'"{"".join(ALPHABETS["base62"][index % 23] for index in range(24))}"'
    shown = [number, near, *("".join(dice.choices(fragments(), k=10)) for _ in range(300)), *CORPORA.values()]
    with pytest.raises(AssertionError):
        check_all(broken, shown)


def check_all(matches: Rules, shown: list[str]) -> None:
    for text in shown:
        check(matches, text)


@pytest.mark.parametrize(
    "value",
    [
        "01234567",
        "0011223344556677",
        "0123456789",
        "01234567890123456789012",
        "0" * 639 + "a",
        "0123456789" * 64,
        "0123456789abcdef" * 40,
        "abcdefghijklmnopqrstuvw",
        "abcdefghijklmnopqrstuvwx" * 2,
        "0123456789" * 431,
    ],
    ids=len,
)
def test_entropy_near_the_limit_and_of_long_values(matches: Rules, without_kernel: Rules, value: str) -> None:
    for text in (f'"{value}"', f"x '{value}' é", f"'{value}\"{value}'", f'é"{value}"{value}"'):
        check_entropy(matches, text)
        check_entropy(without_kernel, text)


def test_more_candidates_than_one_call_takes(matches: Rules, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "MAX_FINDINGS", 2_000)
    dice = random.Random(3)
    text = ",".join(f"'{dice.getrandbits(80):020x}'" for _ in range(1500))
    check_entropy(matches, text)
    assert len(matched(matches, text)) > 1400


def test_a_charset_with_a_quote_is_refused() -> None:
    plugin = Base64HighEntropyString()
    wanted = Quoted("ab'", 1.0, 0.0, plugin.calculate_shannon_entropy, lambda _value: False)
    if KERNEL is not None:
        with pytest.raises(ValueError, match="quote"):
            QuotedStrings([(0, wanted)], KERNEL)


@pytest.mark.parametrize("name", ["prose", "code"])
def test_ordinary_text_seldom_makes_a_rule_run(matches: Rules, name: str) -> None:
    """What the prefilter costs is the ends that it reports: fewer than one a kilobyte of a reply or of code."""
    dice = random.Random(17)
    code = "\n".join(path.read_text(encoding="utf-8") for path in CODE)
    text = replies(dice, 200_000) if name == "prose" else code
    ends = matches.ends(text)
    assert sum(map(len, ends.values())) < len(text) / 1024, {
        matches.all[rule].detector: len(found) for rule, found in ends.items()
    }
