"""The bench still runs, and what it measures is what it says. No time is asserted."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from egress_proxy.model import Projected, Resource
from egress_proxy.wire import View, project
from tests.bench import __main__ as bench
from tests.bench import corpora, load, page_traffic, upstream
from tests.bench.histories import Histories, Peak
from tests.bench.history import MODEL, SESSION, SHARE, history
from tests.bench.hostile import hostile
from tests.bench.oracle import Scanner, scanners
from tests.bench.page import PARTS, machine, page, parts_measured
from tests.bench.planted import KINDS, planted
from tests.bench.rounds import Table, in_turns
from tests.bench.rules import agreement
from tests.bench.stand import DIRECT, PASSTHROUGH, PROXY, Arm, known_values

DIRECTORY = "/world/project"
VIEW = View(
    owns=SESSION.__eq__,
    directories=frozenset({DIRECTORY}),
    models=(MODEL,),
    agents=("build",),
    patch_text=False,
)
SAMPLES = Path(__file__).parents[1] / "data" / "samples" / "1.18.33"


def encoded(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def parts_of(messages: Any) -> list[Any]:
    return [part for message in messages for part in message["parts"]]


def text_of(message: Any) -> str:
    (text,) = (part["text"] for part in message["parts"] if part["type"] == "text")
    assert isinstance(text, str)
    return text


def shape(value: Any) -> Any:
    """Give keys and kinds of values, all the way down."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    return [shape(item) for item in value[:1]] if isinstance(value, list) else type(value)


@pytest.mark.parametrize("size", [1_000_000, 3_000_000])
def test_a_history_has_its_size_and_its_share_of_tool_output(size: int) -> None:
    body = history(DIRECTORY, size)
    assert len(body) == pytest.approx(size, rel=0.01)
    states = sum(encoded(part["state"]) for part in parts_of(json.loads(body)) if part["type"] == "tool")
    assert states / len(body) == pytest.approx(SHARE, abs=0.005)


def test_a_history_is_laid_out_as_it_was_recorded() -> None:
    messages = json.loads(history(DIRECTORY, 300_000))
    recorded = json.loads((SAMPLES / "messages.json").read_bytes())
    by_type = {part["type"]: part for part in parts_of(recorded)} | {
        "bash": json.loads((SAMPLES / "parts_permission_bash_once.json").read_bytes())["tool:bash:completed"]
    }
    seen = set()
    for part in parts_of(messages):
        like = by_type["bash" if part.get("tool") == "bash" else part["type"]]
        seen.add(part.get("tool") or part["type"])
        assert shape(part) == shape(like | {key: part[key] for key in part if key == "time"})
    assert seen == {"text", "step-start", "step-finish", "read", "bash"}
    assert shape(messages[1]["info"]) == shape(recorded[1]["info"])


def test_a_history_is_the_same_at_each_run_and_its_texts_are_not() -> None:
    body = history(DIRECTORY, 300_000)
    assert body == history(DIRECTORY, 300_000)
    texts = [part["text"] for part in parts_of(json.loads(body)) if part["type"] == "text"]
    assert len(set(texts)) == len(texts) > 4


def test_a_history_crosses_whole_without_its_tool_output() -> None:
    body = history(DIRECTORY, 1_000_000)
    projected = project(Resource.MESSAGES, body, VIEW)
    assert isinstance(projected, Projected)
    given, crossed = parts_of(json.loads(body)), parts_of(projected.value)
    assert [part["id"] for part in crossed] == [part["id"] for part in given]
    texts = [[part["text"] for part in parts if part["type"] == "text"] for parts in (given, crossed)]
    assert texts[0] == texts[1]
    assert encoded(projected.value) < len(body) / 10


def test_a_reply_has_its_length_and_is_followed_by_another() -> None:
    answers = upstream.replies(DIRECTORY, 1_024)
    found = [text_of(json.loads(next(answers))) for _ in range(5)]
    assert {len(text) for text in found} == {1_024}
    assert len(set(found)) == 5


def test_known_values_are_distinct() -> None:
    assert len({value for _, value in known_values(500)}) == len(dict(known_values(500))) == 500


@pytest.mark.parametrize("sort", corpora.SORTS)
def test_texts_are_the_same_at_each_run_and_no_two_are(sort: str) -> None:
    found = corpora.texts(sort, 2_000, 5, seed=1)
    assert found == corpora.texts(sort, 2_000, 5, seed=1)
    assert len({*found, *corpora.texts(sort, 2_000, 5, seed=2)}) == 10
    assert {len(text) for text in found} == {2_000}


def test_hostile_texts_have_names_and_lengths() -> None:
    values = [value for _, value in known_values(10)]
    found = list(hostile(5_000, values))
    assert len(dict(found)) == len(found) > 60
    short = {name for name, text in found if len(text) != 5_000}
    assert not short, short


def test_arms_take_turns_at_being_first() -> None:
    order: list[str] = []
    arms = [Arm(name, 0, None, {}) for name in (DIRECT, PASSTHROUGH, PROXY)]

    def one(arm: Arm) -> dict[str, float]:
        order.append(arm.name)
        return {"seconds": float(len(order))}

    table = in_turns("nothing", arms, 3, one)
    assert [order[0], order[3], order[6]] == [DIRECT, PASSTHROUGH, PROXY]
    assert sorted(found[DIRECT]["seconds"] for found in table.rounds) == [1.0, 6.0, 8.0]
    assert table.median(DIRECT, "seconds") == 6.0


def test_a_ratio_is_the_median_of_the_rounds_own() -> None:
    rounds = [(1.0, 2.0), (100.0, 50.0), (3.0, 3.0)]
    table = Table([{PASSTHROUGH: {"x": one}, PROXY: {"x": other}} for one, other in rounds])
    assert table.ratio(PROXY, PASSTHROUGH, "x") == 1.0


def test_the_page_says_what_the_figures_say() -> None:
    def table(**figures: tuple[float, float]) -> Table:
        low, high = ({name: pair[index] for name, pair in figures.items()} for index in (0, 1))
        return Table([{DIRECT: low, PASSTHROUGH: low, PROXY: high}])

    histories = Histories(
        1_000_000,
        table(received=(1.0, 0.5), decoded=(1.0, 3.0), bytes=(1e6, 5e4), messages=(9, 9), processor=(0.1, 0.2)),
        table(slowest=(0.1, 0.1)),
        {PASSTHROUGH: Peak(10_000_000, 4_000_000), PROXY: Peak(90_000_000, 1_000_000)},
    )
    replied = table(per_second=(1000, 250), p50=(0.001, 0.003), p99=(0.002, 0.006), processor=(0.0005, 0.002))
    text = page_traffic.replies([(1, replied), (16, replied)]) + page_traffic.histories([histories])
    assert "0.25 times as many requests" in text
    assert "1.50 ms more of processor time" in text
    assert "2.00 ms longer" in text
    assert "1 MB: what crosses is 1/20" in text
    assert "2.0 times sooner" in text
    assert "3.0 times later" in text
    assert "0.25 times the memory" in text
    assert "passthrough 10 MB, egress-proxy 90 MB" in text


def test_a_part_that_is_not_measured_keeps_its_figures() -> None:
    first = page({"rules": "rules of old\n", "values": "values of old\n"})
    assert first.count("Not measured.") == len(PARTS) - 2
    again = page({**parts_measured(first), "values": "newer\n"})
    assert parts_measured(again) == {"rules": "rules of old\n", "values": "newer\n"}
    assert page(parts_measured(again)) == again


@pytest.mark.parametrize("part", PARTS)
def test_a_quick_run_works_and_leaves_the_page_alone(part: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = bench.PAGE.read_bytes() if bench.PAGE.exists() else None
    assert bench.main(["--quick", "--only", part]) == 0
    printed = capsys.readouterr().out
    assert list(parts_measured(printed)) == [part]
    assert machine("2026-01-01", 0.0).splitlines()[1].split(". ")[0] in printed
    rows = [line for line in printed.splitlines() if line.startswith("|")]
    assert len(rows) >= 3
    assert sum(line.startswith("| --- ") for line in rows) >= 1
    assert (bench.PAGE.read_bytes() if bench.PAGE.exists() else None) == before


@pytest.mark.parametrize("sort", [corpora.PROSE, corpora.LOGS])
def test_both_scanners_find_what_there_is_to_find(sort: str) -> None:
    """What finds nothing, ever, is quick."""
    with scanners() as both:
        for text in planted(sort, 3_000, 2, seed=4):
            ours, theirs = (scanner.lines(text) for scanner in both)
            assert len({line for _, line in theirs}) == len(KINDS)
            assert theirs <= ours


def test_a_missed_secret_is_counted() -> None:
    with scanners() as (ours, theirs):
        blind = Scanner("blind", lambda _: None, lambda _: {("secret-keyword", 1)})
        text = 'password: "Zx81kQw9vb"\nAK' + "IA2E0A8F3B244C9986"
        assert agreement("x", [text], ours, theirs, with_secrets=True).missed == 0
        counted = agreement("x", [text], blind, theirs, with_secrets=True)
        assert (counted.theirs, counted.same, counted.missed) == (2, 1, 1)


async def test_a_warm_up_lasts_as_long_as_its_answers_take() -> None:
    """The first one waits for a whole history to be looked at: a length in seconds would end before it came."""
    asked: list[bytes] = []
    serving: list[asyncio.Task[object] | None] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.current_task())
        while data := await reader.read(1000):
            if not asked:
                await asyncio.sleep(0.3)
            asked.append(data)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        await load.warm_up(port, b"GET / HTTP/1.1\r\n\r\n", 3)
        await asyncio.gather(*filter(None, serving))
    assert len(asked) == 3
