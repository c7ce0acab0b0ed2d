"""The security team's pages in a real browser: with scripts and without, by keyboard, and with hostile records."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from egress_proxy.audit import Record
from egress_proxy.model import Verdict
from tests.audit.kit import tampered
from tests.console.browsing import HOSTILE, SCRIPT, Site, fits, login, walk
from tests.console.ledger import afternoon, record, redacted
from tests.kit.agent import poll
from tests.kit.browser import ENTER, LAPTOP, PHONE, TAB, Browser

BIDI = "ses\u202egnihton\u202c\u200b\x1b[31m\x07\u2066"
PAGES = ("feed", "records", "records/3", "sessions", "sessions/ses_release", "charts", "values", "routes")


def at(browser: Browser, path: str) -> None:
    """Go to another page of the session that the browser has."""
    place = browser.driver.current_url.split("/console/")[1].split("/")[0]
    origin = browser.driver.current_url.split("/console/")[0]
    browser.go(f"{origin}/console/{place}/{path}")


def test_records_show_in_the_feed_as_they_come(browser: Browser, site: Site) -> None:
    site.add(redacted(1, "DB_PASSWORD"))
    login(browser, site, "/console/feed")
    browser.see("Live: changes show at once.")
    assert len(browser.all("#feed tbody tr")) == 1
    browser.script("document.querySelector('#feed a').focus()")
    focused = browser.script("return document.activeElement.id")
    site.add(redacted(2, "STRIPE_KEY"), record(3))
    poll(lambda: len(browser.all("#feed tbody tr")) == 3)
    browser.see("New: 1 redacted, 1 refused.", "#news")
    assert browser.script("return document.getElementById('news').getAttribute('role')") == "status"
    assert browser.script("return document.activeElement.id") == focused
    assert browser.broken() == []


def test_a_paused_feed_stands_still_and_goes_on(browser: Browser, site: Site) -> None:
    login(browser, site, "/console/feed")
    browser.see("Live: changes show at once.")
    browser.one("#pause").click()
    browser.see("Paused: nothing moves.", "#live")
    site.add(record(1), record(2))
    browser.see("Since the pause: 2 refused.", "#news")
    assert browser.all("#feed tbody tr") == []
    assert browser.one("#pause").get_attribute("aria-pressed") == "true"
    browser.one("#pause").click()
    poll(lambda: len(browser.all("#feed tbody tr")) == 2)
    browser.see("Live:", "#live")


def test_a_flood_is_told_by_its_number_and_the_page_stays_small(browser: Browser, site: Site) -> None:
    login(browser, site, "/console/feed")
    browser.see("Live:", "#live")
    site.add(*(record(number) for number in range(500)))
    browser.see("New: 500 refused.", "#news")
    poll(lambda: browser.all("#feed tbody tr"))
    assert len(browser.all("#feed tbody tr")) == 40


def test_from_the_table_to_a_record_and_its_session(browser: Browser, site: Site) -> None:
    site.add(*afternoon())
    login(browser, site)
    browser.press('nav a[href$="records"]')
    browser.one("#by-name").send_keys("STRIPE_KEY")
    browser.leads(lambda: browser.one("#by-name").send_keys(ENTER))
    assert "name=STRIPE_KEY" in browser.driver.current_url
    assert len(browser.all("table.log tbody tr")) == 2
    browser.press("table.log tbody a")
    browser.see("Verified from entry", "#verified")
    browser.see("not as it is written" if "not as it is written" in browser.text() else "withheld")
    browser.press('dd a[href*="/sessions/"]')
    browser.see("An ask was approved")
    assert browser.broken() == []


def test_a_link_with_filters_leads_on_after_the_login_and_back_to_it(browser: Browser, site: Site) -> None:
    site.add(*afternoon())
    login(browser, site, "/console/records?client=ci&verdict=redacted")
    browser.see("Records")
    assert len(browser.all("table.log tbody tr")) == 2
    link = browser.one(".share a").get_attribute("href")
    assert link == f"{site.origin}/console/records?client=ci&verdict=redacted"
    home = browser.driver.current_url
    at(browser, "")  # the page that remembers the place
    browser.see("Waiting asks")
    browser.go(str(link))
    poll(lambda: browser.driver.current_url == home)


def test_without_scripts_nothing_is_missing_but_what_lives(browser: Browser, site: Site) -> None:
    site.add(*afternoon())
    browser.scripts(on=False)
    login(browser, site, "/console/feed")
    assert len(browser.all("#feed tbody tr")) == 12
    assert not browser.one("#pause").is_displayed()
    browser.press('nav a[href$="records"]')
    browser.one("#by-client").send_keys("ci")
    browser.leads(lambda: browser.one("#by-client").send_keys(ENTER))
    assert len(browser.all("table.log tbody tr")) == 3
    browser.press("table.log tbody a")
    assert "Its place in the chain" in browser.one("main").text
    for page, told in (("charts", "known-value"), ("values", "STRIPE_KEY"), ("routes", "teleport"), ("sessions", "ci")):
        browser.press(f'header nav a[href$="{page}"]')
        assert told in browser.one("main").text, page
    browser.press('header nav a[href$="charts"]')
    browser.one("summary").click()
    assert browser.one("details[open] table").is_displayed()


def test_by_keyboard_from_the_login_to_a_record(browser: Browser, site: Site) -> None:
    """Each stop has an outline, and the filters are in their order."""
    site.add(*afternoon())
    login(browser, site, "/console/records")
    stops = walk(browser, "input#by-since")
    assert stops[0] == "a.skip"
    browser.keys(*(TAB,) * 7)
    browser.focused("#by-detector")
    browser.keys(TAB, "DB_PASSWORD")
    browser.leads(lambda: browser.keys(ENTER))
    assert "name=DB_PASSWORD" in browser.driver.current_url
    first = browser.one("table.log tbody a").get_attribute("id")
    walk(browser, f"a#{first}")
    browser.leads(lambda: browser.keys(ENTER))
    browser.see("Its place in the chain")


@pytest.mark.parametrize("text", [HOSTILE, BIDI], ids=["markup", "writing"])
def test_a_hostile_record_is_text_everywhere(browser: Browser, site: Site, text: str) -> None:
    hostile = redacted(
        1, text, detector=text, client=text, route=text, directory=text, session=text, id=text, channel=text,
        noted=(text, text), verdict=Verdict.WITHHELD,
    )  # fmt: skip
    site.add(hostile, redacted(2, text, session="ses_release", client=text, route=text))
    login(browser, site)
    asks = "&".join(f"{name}={quote(text[:300])}" for name in ("client", "name", "route", "session"))
    for path in (*PAGES, f"records?{asks}", f"charts?since={quote(text[:200])}"):
        at(browser, path)
        browser.see("egress-proxy", "header")
        elements = (
            "script:not([src='/console/static/console.js']), img, iframe, style, base, main a[href^=java], main svg svg"
        )
        assert browser.all(elements) == [], path
        # Where something is typed it stays what it was; everywhere else the tricks of writing are escapes.
        assert not set(browser.text("main")) & set("\u202e\u200b\u2066\x1b\x07"), path
        assert browser.broken() == [], path
        assert fits(browser), path
    if text is HOSTILE:
        browser.see(SCRIPT[:8])
    assert browser.driver.current_url.startswith(site.origin)


def test_a_planted_index_is_an_alarm(browser: Browser, site: Site) -> None:
    site.add(*afternoon())
    tampered(site.kept.state, "CREATE INDEX planted ON entry (line) WHERE client = 'ci'")
    login(browser, site, "/console/records")
    browser.see("The audit log cannot be relied on", "[role=alert]")
    assert browser.all("table") == []


def wide(number: int) -> Record:
    """A record whose words have no place to break a line."""
    word = "x" * 400
    return redacted(
        number, word, detector=word, client=word, route=word, directory=word, session="s" * 120, noted=(word,)
    )  # fmt: skip


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_long_words_widen_no_page(browser: Browser, site: Site, size: tuple[int, int]) -> None:
    browser.sees(size)
    site.add(wide(1), wide(2))
    login(browser, site)
    for path in (*PAGES[:4], f"sessions/{'s' * 120}", *PAGES[5:], f"records?client={'x' * 300}&below={'9' * 15}"):
        at(browser, path)
        browser.see("egress-proxy", "header")
        assert fits(browser), path
