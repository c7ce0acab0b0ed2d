"""The security team's pages: what they show of a ledger, what may be asked, and what a hostile one comes to."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from egress_proxy.audit.filters import Filters
from egress_proxy.audit.paging import page as page_of
from egress_proxy.audit.reading import opened
from egress_proxy.console.inventory import LATENCIES
from egress_proxy.console.telling import sealed
from egress_proxy.metrics import Metrics
from egress_proxy.model import RouteClass, Verdict
from egress_proxy.routes.catalogue import ROWS
from tests.audit.kit import tampered
from tests.console.ledger import Kept, afternoon, record, redacted
from tests.console.rig import FakeOperators, FakeQueue, Visitor, application, ask
from tests.console.test_desk import HOSTILE

PAGES = ("feed", "records", "records/3", "sessions", "sessions/ses_release", "charts", "values", "routes")


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    made = Kept(tmp_path / "state")
    yield made
    made.close()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def operators() -> FakeOperators:
    return FakeOperators()


@pytest.fixture
async def visitor(kept: Kept, metrics: Metrics, operators: FakeOperators) -> AsyncIterator[Visitor]:
    queue = FakeQueue()
    queue.add(ask(session="ses_release", root="ses_release"))
    server = TestServer(application(queue, operators, behind=kept.behind(), metrics=metrics))
    async with TestClient(server, cookie_jar=aiohttp.DummyCookieJar()) as client:
        made = Visitor(client)
        await made.login()
        yield made


async def page(visitor: Visitor, path: str, status: int = 200) -> str:
    """A page's text, as a reader would see it."""
    answer = await visitor.get(path)
    assert answer.status == status
    main = (await answer.text()).partition("<main")[2]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", main)))


def listed(text: str) -> list[int]:
    """The entries that a page lists."""
    return [int(one) for one in re.findall(r'id="record-(\d+)"', text)]


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_is_there_and_for_those_who_are_logged_in(visitor: Visitor, kept: Kept, path: str) -> None:
    kept.add(*afternoon())
    answer = await visitor.get(path)
    assert answer.status == 200
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Cache-Control"] == "no-store"
    visitor.cookie = ""
    answer = await visitor.get(f"{path}?client=x")
    assert (answer.status, answer.headers["Location"]) == (303, f"/console/{path}?client=x&over=1")
    entry = await visitor.get(answer.headers["Location"])
    assert f'name="to" value="{path}?client=x"' in await entry.text()


@pytest.mark.parametrize("path", [*PAGES[:2], "records.csv", "records.jsonl"])
async def test_without_a_ledger_a_page_says_so(visitor: Visitor, kept: Kept, path: str) -> None:
    (kept.state / "audit.db").rename(kept.state / "elsewhere")
    assert "there is no audit log" in await page(visitor, path, 503)


@pytest.mark.parametrize("path", PAGES[:7])
async def test_a_doctored_ledger_is_an_alarm_and_nothing_of_it_is_shown(
    visitor: Visitor, kept: Kept, path: str
) -> None:
    kept.add(*afternoon())
    tampered(kept.state, "CREATE INDEX planted ON entry (line) WHERE client = 'ci'")
    shown = await page(visitor, path, 503)
    assert "cannot be relied on" in shown
    assert "hides something" in shown
    assert "ses_release" not in shown


async def test_the_table_shows_records_newest_first_and_a_page_at_a_time(visitor: Visitor, kept: Kept) -> None:
    kept.add(*(record(number) for number in range(120)))
    seen: list[int] = []
    path = "records"
    while path:
        text = await (await visitor.get(path)).text()
        assert len(listed(text)) <= 50
        seen += listed(text)
        older = re.search(r'rel="next" href="([^"]*)"', text)
        path = f"records{html.unescape(older[1])}" if older else ""
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 120


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("verdict=withheld", {6}),
        ("client=ci", {3, 9, 10}),
        ("session=ses_deploy&verdict=redacted", {3, 9}),
        ("route=unknown", {7}),
        ("reason=operation_unknown", {7}),
        ("detector=aws-access-key", {3}),
        ("name=STRIPE_KEY", {5, 6}),
        ("since=2026-01-01T10:11&until=2026-01-01+10:12", {11}),
        ("since=2026-01-01T11:11%2B01:00", {11, 12}),
        ("id=egr_00000000000000000004", {4}),
        ("client=CI", set()),
        ("name=stripe", set()),
    ],
)
async def test_filters(visitor: Visitor, kept: Kept, query: str, found: set[int]) -> None:
    kept.add(*afternoon())
    answer = await (await visitor.get(f"records?{query}")).text()
    minutes = {int(minute) for minute in re.findall(r'datetime="2026-01-01T10:(\d\d):', answer)}
    assert minutes == found
    lines = (await (await visitor.get(f"records.jsonl?{query}")).text()).splitlines()
    assert [int(json.loads(line)["time"][14:16]) for line in lines] == sorted(found)
    rows = list(csv.DictReader(io.StringIO(await (await visitor.get(f"records.csv?{query}")).text())))
    assert [int(row["time"][14:16]) for row in rows] == sorted(found)


@pytest.mark.parametrize(
    "query",
    ["verdict=fine", "since=yesterday", "until=99999-01-01", "cleint=ci", "client=a&client=b", "below=x", "below=-1",
     "below=%C2%B2", "client=%00", "client=" + "x" * 301, "below=" + "9" * 40],
)  # fmt: skip
async def test_what_cannot_be_meant_finds_nothing_and_says_so(visitor: Visitor, kept: Kept, query: str) -> None:
    kept.add(*afternoon())
    answer = await visitor.get(f"records?{query}")
    assert answer.status == 400
    text = await answer.text()
    assert 'role="alert"' in text
    assert listed(text) == []
    assert (await visitor.get(f"records.csv?{query}")).status == 400


async def test_a_link_for_others_has_the_filters_and_not_the_place(visitor: Visitor, kept: Kept) -> None:
    kept.add(*afternoon())
    text = await (await visitor.get("records?client=ci&session=ses_deploy")).text()
    link = re.search(r'for others: <a href="([^"]*)"', text)
    assert link is not None
    path = html.unescape(link[1])
    assert path == "/console/records?client=ci&session=ses_deploy"
    assert f'value="{path.removeprefix("/console/").replace("&", "&amp;")}"' in await (await visitor.get(path)).text()
    answer = await visitor.login(to=path.removeprefix("/console/"))
    assert answer.headers["Location"] == f"{visitor.home}records?client=ci&session=ses_deploy"


async def test_a_download_is_whole_and_ends_where_the_ledger_ended(
    visitor: Visitor, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("egress_proxy.console.records._AT_ONCE", 7)
    kept.add(*(record(number, client="=cmd()") for number in range(40)))
    answer = await visitor.get("records.csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="records.csv"'
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(await answer.text())))
    assert len(rows) == 40
    assert {row["client"] for row in rows} == {"'=cmd()"}


async def test_a_download_that_fails_is_not_taken_for_whole(
    visitor: Visitor, kept: Kept, operators: FakeOperators, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("egress_proxy.console.records._AT_ONCE", 1)
    kept.add(*afternoon())
    asked = 0

    def revoked_meanwhile(operator: object) -> bool:
        nonlocal asked
        asked += 1
        return asked < 4

    monkeypatch.setattr(operators, "stands", revoked_meanwhile)
    with pytest.raises(aiohttp.ClientPayloadError):
        await (await visitor.get("records.jsonl")).read()


async def test_a_record_says_where_it_stands_and_what_proves_it(visitor: Visitor, kept: Kept) -> None:
    kept.add(*afternoon())
    lines = (await (await visitor.get("records.jsonl?name=STRIPE_KEY")).text()).splitlines()
    seq, prev = json.loads(lines[0])["seq"], json.loads(lines[0])["prev"]
    shown = await page(visitor, f"records/{seq}")
    assert "with a placeholder in the place of each secret" in shown
    assert re.search(r"54 74 known-value plain STRIPE_KEY", shown)
    assert prev in shown
    key = (kept.state / "audit.pub").read_text().strip()
    assert re.search(rf"Verified from entry \d+ to \d+, at [\d :-]+ UTC, with the key {key}", shown)
    assert "whoever controls that machine can make this page say anything" in shown


async def test_what_is_not_signed_yet_is_not_called_verified(visitor: Visitor, kept: Kept) -> None:
    kept.add(record(1))
    shown = await page(visitor, "records/3")
    assert "Not signed yet." in shown
    assert "no signature yet" in shown
    assert "Verified from" not in shown


async def test_a_record_that_was_changed_is_not_verified(visitor: Visitor, kept: Kept) -> None:
    for one in afternoon():
        kept.add(one)
    changed = """replace(line, '"client":"ci"', '"client":"cx"')"""
    tampered(kept.state, f"UPDATE entry SET line = {changed} WHERE client = 'ci' AND seq < 7")
    lines = (await (await visitor.get("records.jsonl?reason=operation_unknown")).text()).splitlines()
    assert "Verified from" in await page(visitor, f"records/{json.loads(lines[0])['seq']}")
    for number in range(3, 20):
        answer = await visitor.get(f"records/{number}")
        if ">cx<" in await answer.text():
            shown = await page(visitor, f"records/{number}")
            assert "The chain is broken here" in shown
            assert "Verified from" not in shown
            assert "is looked up by something else than it says" in shown
            return
    raise AssertionError("the changed record is nowhere")


async def test_a_line_that_is_no_record_is_told_and_not_shown(visitor: Visitor, kept: Kept) -> None:
    kept.add(*afternoon())
    tampered(kept.state, 'UPDATE entry SET line = \'{"kind":"record"}\' WHERE seq = 4')
    for path in ("records", "feed", "sessions/ses_release"):
        assert "entries cannot be read" in await page(visitor, path), path
    assert "no record that can be read" in await page(visitor, "records/4")


@pytest.mark.parametrize("path", ["records/999", "records/0", "records/x", "records/1e3", "sessions/a.b", "values/x"])
async def test_what_is_not_there_is_not_found(visitor: Visitor, path: str) -> None:
    assert (await visitor.get(path)).status == 404


async def test_an_entry_of_the_chain_itself(visitor: Visitor) -> None:
    assert "of the chain itself: genesis" in await page(visitor, "records/1")


async def test_too_many_entries_are_not_verified_for_a_page(
    visitor: Visitor, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("egress_proxy.audit.proving.prove.__kwdefaults__", {"most": 3})
    kept.add(*afternoon())
    assert "Not verified here" in await page(visitor, "records/5")


async def test_a_session_is_told_in_order(visitor: Visitor, kept: Kept) -> None:
    kept.add(*afternoon())
    shown = await page(visitor, "sessions/ses_release")
    order = [
        shown.index(text)
        for text in ("declared what it expects", "DB" if "DB" in shown else "redacted", "An ask was approved",
                     "withheld", "An ask was rejected", "An ask waits")
    ]  # fmt: skip
    assert order == sorted(order)
    assert "ses_deploy" not in shown
    shown = await page(visitor, "sessions")
    assert re.search(r"ses_release .*cloud-agent", shown)
    assert shown.index("ses_release") < shown.index("ses_deploy")


async def test_charts_say_the_same_as_their_tables(visitor: Visitor, kept: Kept, metrics: Metrics) -> None:
    kept.add(*afternoon())
    for seconds in (0.002, 0.002, 0.2, 4.0):
        metrics.observe_upstream("GET /session", seconds, 1)
    text = await (await visitor.get("charts")).text()
    drawing = re.search(r"<svg.*?</svg>", text, re.DOTALL)
    assert drawing is not None
    labels = re.findall(r"<text[^>]*>([^<]*)</text>", drawing[0])
    assert dict(zip(labels[::2], labels[1::2], strict=True)) == {
        "known-value": "5", "aws-access-key": "1", "private-key": "1",
    }  # fmt: skip
    assert re.search(r'<title id="detectors-title">Redactions by detector</title>\s*<desc', drawing[0])
    shown = await page(visitor, "charts")
    assert "Detector Count known-value 5" in shown
    assert "operation_unknown 1" in shown
    assert "half ≤ 2.5 ms 95 of 100 ≤ 5 s measured 4 times" in shown


@pytest.mark.parametrize("name", [*LATENCIES, "egress_requests_total"])
def test_the_metrics_that_are_charted_are_there(metrics: Metrics, name: str) -> None:
    metrics.count_exchange("unknown", RouteClass.DENY, Verdict.REFUSED)
    metrics.observe_upstream("unknown", 1, 1)
    assert list(metrics.read(name))


async def test_known_values_by_name_with_when_they_were_seen(visitor: Visitor, kept: Kept) -> None:
    kept.add(*afternoon(), redacted(13, "TAINTED_ONE"))
    shown = await page(visitor, "values")
    assert "DB_PASSWORD env_file 1 2026-01-01 10:11:00 3 0" in shown
    assert "STRIPE_KEY env_file, process 2 2026-01-01 10:06:00 2 1" in shown
    assert "github.token opencode_auth 1 never" in shown
    assert shown.index("TAINTED_ONE") > shown.index("Other names")


async def test_routes_with_their_class_their_reason_and_how_often(visitor: Visitor, metrics: Metrics) -> None:
    name = "GET /session/{sessionID}/message"
    metrics.count_exchange(name, RouteClass.SCAN, Verdict.CLEAN)
    metrics.count_exchange(name, RouteClass.SCAN, Verdict.REDACTED)
    metrics.count_exchange("unknown", RouteClass.DENY, Verdict.REFUSED)
    shown = await page(visitor, "routes")
    assert "2 operations of the running server are unknown, and denied POST /experimental/teleport" in shown
    row = next(row for row in ROWS if row.name == name)
    assert f"scan {name} {row.why} 2 redacted 1" in shown
    assert "calls of no row 1" in shown
    assert shown.count(" deny ") >= sum(one.route_class is RouteClass.DENY for one in ROWS)


async def test_the_feed_shows_what_is_not_clean_and_streams_how_much_comes(
    visitor: Visitor, kept: Kept, metrics: Metrics
) -> None:
    unmarked = [record(20 + number, verdict=Verdict.CLEAN, reasons=(), status=200) for number in range(3)]
    kept.add(*afternoon(), *unmarked)
    assert len(listed(await (await visitor.get("feed")).text())) == 12
    assert len(listed(await (await visitor.get("feed?clean=1")).text())) == 15
    metrics.count_exchange("GET /session", RouteClass.SCAN, Verdict.CLEAN)
    async with visitor.client.get(visitor.home + "feed/changes", headers={"Cookie": visitor.cookie}) as stream:
        assert (await stream.content.readuntil(b"\n\n")).startswith(b"retry")
        kept.add(*(record(number) for number in range(30, 330)), redacted(331, "DB_PASSWORD"))
        metrics.count_exchange("GET /session", RouteClass.SCAN, Verdict.CLEAN)
        records: Counter[str] = Counter()
        clean = 0
        while clean < 2:  # counted every half second
            told = (await stream.content.readuntil(b"\n\n")).decode()
            data = json.loads(told.partition("data: ")[2])
            assert set(data) == {"records", "clean"}
            records.update(data["records"])
            clean = data["clean"]
        assert records == {"redacted": 1, "refused": 300}
        # Whoever does not read is told no more than counts, and nobody waits for him.
        for number in range(400, 420):
            kept.add(record(number))
        kept.recorded.end()
        rest = await stream.content.read()
        assert rest.count(b"event: recorded") <= 2
    assert kept.recorded.listeners == 0


async def test_a_hostile_record_is_text_on_every_page(visitor: Visitor, kept: Kept) -> None:
    hostile = redacted(
        1, HOSTILE, detector=HOSTILE, client=HOSTILE, route=HOSTILE, directory=HOSTILE, session=HOSTILE, id=HOSTILE,
        noted=(HOSTILE, HOSTILE), channel=HOSTILE,
    )  # fmt: skip
    kept.add(hostile, redacted(2, HOSTILE, session="ses_release", client=HOSTILE, route=HOSTILE))
    for path in (*PAGES, f"records?client={'%22%3E%3Cscript%3E'}&name=%3Cb%3E%E2%80%AE"):
        text = await (await visitor.get(path)).text()
        assert text.count("<script") == 1, path
        assert "<img" not in text, path
        assert "<b>" not in text, path
        assert "\u202e" not in text.replace('value="&lt;b&gt;\u202e"', ""), path
        assert "\x00" not in text, path


async def test_evidence_is_said_to_be_and_never_opened(visitor: Visitor, kept: Kept) -> None:
    kept.add(*afternoon())
    for said, told in (
        ("0" * 64, "evidence export egr_00000000000000000002"),
        ("full", "no room"),
        ("failed", "not be sealed"),
    ):
        line = f"""replace(line, '"findings"', '"evidence":"{said}","findings"')"""
        tampered(kept.state, f"UPDATE entry SET line = {line} WHERE seq = 4")
        shown = await page(visitor, "records/4")
        assert told in shown
        assert said in shown or "SHA-256" not in shown
        tampered(kept.state, f"""UPDATE entry SET line = replace(line, '"evidence":"{said}",', '') WHERE seq = 4""")
    assert "Sealed evidence" not in await page(visitor, "records/4")


def test_a_command_that_is_pasted_has_nothing_of_an_id_that_is_none() -> None:
    for word in ("egr_1; rm -r .", "$(id)", "--all", "a\nb", ""):
        found = sealed({"id": word, "evidence": "0" * 64})
        assert found is not None
        assert (found.digest, found.commands) == ("0" * 64, ())


async def test_a_slow_ledger_is_asked_few_questions(
    visitor: Visitor, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("egress_proxy.console.archive._MOST", 0)
    assert (await visitor.get("records")).status == 503


async def test_a_filter_that_little_answers_to_is_looked_for_piece_by_piece(
    visitor: Visitor, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("egress_proxy.audit.paging.page.__kwdefaults__", {
        "below": 0, "above": 0, "oldest_first": False, "looked_at": 10,
    })  # fmt: skip
    kept.add(redacted(1, "RARE"), *(redacted(number, "COMMON") for number in range(2, 40)))
    path, pages = "records?name=RARE", 0
    while not listed(text := await (await visitor.get(path)).text()):
        pages += 1
        older = re.search(r'rel="next" href="([^"]*)"', text)
        assert older is not None
        assert "10 entries were looked at" in text
        path = f"records{html.unescape(older[1])}"
    assert pages == 3


@pytest.mark.parametrize("span", [1, 3, 7, 1000])
def test_pages_by_pieces_are_all_of_it(kept: Kept, span: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However little is looked at for a page: in both directions each record is found once, and it comes to an end."""
    monkeypatch.setattr("egress_proxy.audit.paging.SPAN", span)
    kept.add(*(record(number, client="rare" if number % 5 == 0 else "often") for number in range(30)))
    with closing(opened(kept.state)) as reader:
        for filters in (Filters(), Filters(client="rare"), Filters(client="nobody"), Filters(name="x", client="rare")):
            whole = [one.seq for one in page_of(reader, filters, 1000, looked_at=1000).found] if span == 1000 else None
            down, below = [], 0
            while (got := page_of(reader, filters, 4, below=below, looked_at=6)).last or got.found:
                down += [one.seq for one in got.found]
                if not (below := got.last):
                    break
            up, above = [], 0
            while (got := page_of(reader, filters, 4, above=above, below=200, oldest_first=True)).last or got.found:
                up += [one.seq for one in got.found]
                if not (above := got.last):
                    break
            assert up == sorted(down)
            assert len(down) == {(): 30, "rare": 6, "nobody": 0}[filters.client] * (not filters.name)
            assert whole is None or whole == down
