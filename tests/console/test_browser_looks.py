"""Every page on a laptop and a phone, light and dark; and the pictures of the documentation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from egress_proxy.model import RouteClass, Verdict
from egress_proxy.server.queued import Said
from tests.audit.kit import tampered
from tests.console.browsing import Site, contrasts, fits, login, taken
from tests.console.ledger import START, afternoon
from tests.console.rig import FakeQueue, ask
from tests.kit.browser import LAPTOP, PHONE, Browser

SHOWN: Final = {"queue-laptop-light", "ask-laptop-light", "queue-phone-dark", "ask-phone-light", "decided-laptop-dark"}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_every_page_fits_and_can_be_read(browser: Browser, site: Site, size: tuple[int, int], dark: bool) -> None:
    shop(site)
    browser.sees(size, dark=dark)
    name = f"{'phone' if size == PHONE else 'laptop'}-{'dark' if dark else 'light'}"
    browser.go(f"{site.origin}/console/")
    browser.see("Operator token")
    assert fits(browser)
    assert contrasts(browser) == []
    login(browser, site)
    for page, text in (("queue", "Waiting asks"), ("ask", "Who asks"), ("decided", "Decided asks")):
        browser.see(text)
        browser.see("Live:", "#live")
        assert fits(browser), page
        assert contrasts(browser) == [], page
        if f"{page}-{name}" in SHOWN:
            taken(browser, f"{page}-{name}")
        browser.press({"queue": "#ask-per_push", "ask": 'nav a[href$="decided"]', "decided": "nav a"}[page])


LEDGER: Final = {
    "feed": "feed",
    "records": "records?verdict=redacted",
    "record": "records?name=STRIPE_KEY",
    "sessions": "sessions",
    "timeline": "sessions/ses_release",
    "charts": "charts",
    "values": "values",
    "routes": "routes",
    "alarm": "records",
}
LEDGER_SHOWN: Final = {
    "feed-laptop-light", "records-laptop-dark", "record-laptop-light", "timeline-laptop-light", "charts-laptop-light",
    "charts-laptop-dark", "values-laptop-light", "routes-laptop-dark", "feed-phone-dark",
}  # fmt: skip


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A console of its own, with metrics that nobody else counts in, and a ledger that has the same name each time."""
    monkeypatch.setattr("egress_proxy.audit.ledger.secrets.token_hex", lambda count: "5a" * count)
    with Site(tmp_path) as made:
        yield made


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_every_page_of_the_ledger_fits_and_can_be_read(
    browser: Browser, office: Site, size: tuple[int, int], dark: bool
) -> None:
    site = office
    site.now = START + 3600
    site.add(*afternoon())
    site.kept.ledger.tend()  # all is signed
    work(site)
    browser.sees(size, dark=dark)
    name = f"{'phone' if size == PHONE else 'laptop'}-{'dark' if dark else 'light'}"
    login(browser, site)
    place = browser.driver.current_url
    for page, path in LEDGER.items():
        if page == "alarm":
            tampered(site.kept.state, "CREATE INDEX planted ON entry (line)")
        browser.go(place + path)
        if page == "record":
            browser.press("table.log tbody a")
        if page == "feed":
            browser.see("Live:", "#live")
        assert fits(browser), page
        assert contrasts(browser) == [], page
        if f"{page}-{name}" in LEDGER_SHOWN:
            taken(browser, f"{page}-{name}", 1100)


def work(site: Site) -> None:
    """Metrics of a proxy that had something to do, the same each time."""
    metrics = site.metrics
    for number in range(400):
        long = 1 + (number * number % 97) / 12 + 40 * (number % 50 == 0)
        metrics.observe_upstream("GET /session", 0.004 * long**2, 1_000)
        metrics.observe_scan(0.0001 * long, 100)
        metrics.observe_audit(0.0021 * long, 1)
        metrics.observe_delta(0.02 * long)
    verdicts = [Verdict.CLEAN] * 41 + [Verdict.REDACTED] * 3 + [Verdict.WITHHELD]
    for verdict in verdicts:
        metrics.count_exchange("GET /session/{sessionID}/message", RouteClass.SCAN, verdict)
    metrics.count_exchange("unknown", RouteClass.DENY, Verdict.REFUSED)


def shop(site: Site) -> None:
    """Asks and decisions as there are."""
    site.queue.said = (
        Said("user", "Fill .env from the vault, run the tests, then publish the release branch."),
        Said("assistant", "The tests pass. I push the branch `release/1.4` now.\n\nThis needs your permission."),
    )

    def fill(queue: FakeQueue) -> None:
        push = "git push --force-with-lease origin release/1.4 && gh release create v1.4 --notes-file NOTES.md"
        queue.add(
            ask("per_read", permission="read", command=None, patterns=("/root/.ssh/id_ed25519",), gate="never",
                why="a place where credentials are kept", rule="credential-stores", title="Look around"),
            ask("per_push", command=push, patterns=("git push *", "gh release create *"), rule="force-push",
                why="it overwrites or deletes what others have pushed", session="ses_child"),
            ask("per_env", permission="read", command=None, patterns=(".env",), gate="self", expected=True,
                rule="declared-env-file", why="an env file that is declared as one", title="Environment of the shop"),
        )  # fmt: skip
        for number, outcome in enumerate(("approved", "rejected", "expired", "answered")):
            queue.add(ask(f"per_{number}"))
            by = {"expired": "expiry", "answered": "client"}.get(outcome, "ada")
            queue.answer(f"per_{number}", outcome, by, "Use the staging account." if outcome == "rejected" else "")

    site.do(fill)


def test_a_page_that_is_too_faint_or_too_wide_is_noticed(browser: Browser, site: Site) -> None:
    """The checks of the test above can fail."""
    login(browser, site)
    browser.see("Nothing waits.")
    browser.script("""
        document.querySelector("h1").style.color = "#bbb";
        document.querySelector("h1").style.width = "9000px";
    """)
    assert contrasts(browser) == ["Waiting asks"]
    assert not fits(browser)
