"""What was found by what stands around it is found where it stands again, and nothing else is."""

from __future__ import annotations

from egress_proxy.scan import echoes
from egress_proxy.scan.engine import TextScanner
from tests.kit.each import each

PASSWORD = "B4dg3r" + "Sunfl0w3r*"


def found(scanner: TextScanner, text: str) -> list[tuple[int, int]]:
    return sorted({(one.start, one.end) for one in scanner.scan([text]).findings})


def test_what_a_command_is_given_is_found_in_what_it_prints(scanner: TextScanner) -> None:
    text = f"$ sweep 10.1.2.3 -u bob -p '{PASSWORD}'\nFS1  [+] HOST\\bob:{PASSWORD} (own)\n"
    first, second = text.index(PASSWORD), text.rindex(PASSWORD)
    assert found(scanner, text) == [(at, at + len(PASSWORD)) for at in (first, second)]


@each("again", ["a{}", "{}a", "9{}", "{}9"])
def test_a_part_of_a_longer_word_is_another_word(scanner: TextScanner, again: str) -> None:
    password = "hunter2" + "Xy9zK"
    text = f"password: {password}\nsee " + again.format(password)
    assert found(scanner, text) == [(10, 10 + len(password))]


def test_words_that_a_text_has_for_other_reasons_are_none(scanner: TextScanner) -> None:
    assert len(found(scanner, "DB_PASSWORD=postgres\nthe postgres server\npostgres://host/db")) == 1


def test_what_is_judged_where_it_stands_is_judged_at_each_place(scanner: TextScanner) -> None:
    assert set(scanner.detectors) > echoes._JUDGED
    digest = "Qw7Zr2Lk9Xv4Tn8Bm3Hs" + "6Jd1Fp5Gc0YuKw2"
    text = f'note = "{digest}"\nsha256-{digest}='
    assert [start for start, _ in found(scanner, text)] == [text.index(digest)]


def test_what_stands_before_it_is_not_looked_for(scanner: TextScanner) -> None:
    """It may have been released by then: a stream of the text gives what the whole gives."""
    text = f"bob saw {PASSWORD} there\n$ sweep -u bob -p '{PASSWORD}'\n"
    assert found(scanner, text) == [(at := text.rindex(PASSWORD), at + len(PASSWORD))]


def test_each_text_is_looked_at_alone(scanner: TextScanner) -> None:
    scan = scanner.scan([f"$ sweep -u bob -p '{PASSWORD}'", f"bob saw {PASSWORD} there"])
    assert {one.text for one in scan.findings} == {0}


def test_so_many_values_and_no_more_are_looked_for(scanner: TextScanner) -> None:
    values = [f"hunter{number}Xy{number}zK" for number in range(echoes.MOST + 8)]
    text = (
        "".join(f"password: {value}\n" for value in values) + "\n" + "".join(f"saw {value} there\n" for value in values)
    )
    assert len(found(scanner, text)) == len(values) + echoes.MOST
