"""The seam to decoded text, with a stub: what stands between `<` and `>` is reversed, and `~` is a quote."""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from egress_proxy.model import Finding, Form
from egress_proxy.scan.decoded import Derivation
from egress_proxy.scan.engine import Rules, TextScanner
from tests.scan.conftest import known

VALUE = "Zq8Kd03mXw7Tn2"
TOKEN = "AK" + "IA" + "Q7Z2L9X4T8B3H6J1"


@dataclass(frozen=True)
class Reversed:
    text: str
    start: int
    rules: bool = True
    kind: str = "reversed"

    def changed(self, start: int, end: int) -> bool:
        """All of it stood there the other way round."""
        return end > start

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The whole run, brackets included, whatever is asked for; the stub has no finer map."""
        assert 0 <= start < end <= len(self.text)
        return self.start, self.start + len(self.text) + 2


@dataclass(frozen=True)
class Everything:
    texts: tuple[Reversed, ...]
    undecided: bool
    cost: int = 0


class Stub:
    def derivations(
        self, texts: Sequence[str], joined: str, *, rearranged: bool, closed: object, hints: object = None
    ) -> Iterator[tuple[int, Derivation]]:
        assert joined == "\n".join(texts)
        for number, text in enumerate(texts):
            runs = re.finditer("<([^<>]*)>", text)
            derived = tuple(Reversed(run[1][::-1].replace("~", '"'), run.start()) for run in runs)
            if derived or "<!>" in text:
                yield number, Everything(derived, undecided="<!>" in text)


@pytest.fixture
def rules(scanner: TextScanner) -> Rules:
    """All rules, with nobody to say that there is nothing to decode: the kernel knows the writings of `derive` only."""
    unhinted = copy.copy(scanner._rules)
    unhinted._looking = None
    return unhinted


@pytest.fixture
def decoding(rules: Rules) -> TextScanner:
    return TextScanner(rules, known(DB=VALUE), Stub())


def hidden(value: str) -> str:
    return f"<{value[::-1]}>".replace('"', "~")


def test_a_known_value_in_decoded_text_is_encoded_over_its_run(decoding: TextScanner) -> None:
    scan = decoding.scan(["clean", f"see {hidden(f'x={VALUE}')} here"])
    assert Finding(1, 4, 8 + len(VALUE), "known-value", "DB", Form.ENCODED, known().mac(VALUE)) in scan.findings
    assert {found.text for found in scan.findings} == {1}


def test_a_token_in_decoded_text_covers_its_run(decoding: TextScanner) -> None:
    """The span says it in another writing, so the finding says which value it is."""
    found = Finding(0, 2, 24, "aws-access-key", value=known().mac(TOKEN))
    assert decoding.scan([f"a {hidden(TOKEN)}"]).findings == (found,)


@pytest.mark.parametrize(
    "weak",
    [
        "DB_TOKEN=pL5vN8rT2yC6wJ3hB9",
        'password="a1b2"',
        'token "4f9d8c2ab17e60354f9d8c2ab17e6035"',
        "the password is hunter2x",
        "| token | pL5vN8rT2yC6wJ3hB9 |",
    ],
)
def test_what_only_a_name_or_its_randomness_tells_does_not_count_in_decoded_text(
    decoding: TextScanner, scanner: TextScanner, weak: str
) -> None:
    assert scanner.scan([weak]).findings
    assert not decoding.scan([hidden(weak)]).findings


@pytest.mark.parametrize(
    "strong",
    [
        "DB_PASSWORD=hunter2x",
        'client_secret: "pL5vN8rT2yC6wJ3hB9"',
        "postgres://app:hunter2x@db",
        "-----BEGIN RSA PRIVATE" + " KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
        "AccountKey=" + "pL5vN8rT2yC6wJ3h" * 5 + "pL5vN8==",
    ],
)
def test_what_is_called_a_password_and_what_has_a_form_of_its_own_counts(decoding: TextScanner, strong: str) -> None:
    assert decoding.scan([hidden(strong)]).findings


def test_what_was_not_decoded_is_undecided(decoding: TextScanner) -> None:
    scan = decoding.scan(["clean", "<!>", hidden(TOKEN)])
    assert scan.undecided == (1,)
    assert [found.text for found in scan.findings] == [2]


def test_a_decoded_text_without_end_of_findings_is_undecided(decoding: TextScanner) -> None:
    assert decoding.scan(["x", hidden(f"{TOKEN} " * 5000)]).undecided == (1,)


def test_without_decoding_nothing_is_found(scanner: TextScanner) -> None:
    assert not scanner.scan([hidden(TOKEN)]).findings


def test_another_snapshot_still_decodes(decoding: TextScanner) -> None:
    assert decoding.with_known(known()).scan([hidden(TOKEN)]).findings


def test_what_nobody_could_write_is_not_decoded(scanner: TextScanner) -> None:
    value = "Qm7Tz2Lk" + "9Xw4Rb8Nc3"
    holder = scanner.with_known(known(value))
    encoded = base64.b64encode(value.encode().hex().encode()).decode()
    assert holder.scan([encoded]).findings
    assert holder.scan([encoded], {encoded}).findings == ()
    assert holder.scan([value], {value}).findings


class Rearranging(Stub):
    def derivations(
        self, texts: Sequence[str], joined: str, *, rearranged: bool, closed: object, hints: object = None
    ) -> Iterator[tuple[int, Derivation]]:
        if rearranged:
            yield from super().derivations(texts, joined, rearranged=True, closed=closed)


def test_what_was_clean_without_values_is_looked_into_for_those_of_a_session(rules: Rules) -> None:
    without = TextScanner(rules, known(), Rearranging())
    assert without.scan(["<short>"]).findings == ()
    assert [own.text for _, own in without.look(["<short>"])[1]] == ["trohs"]
