"""Every page on a laptop and a phone, light and dark; and the pictures of the documentation."""

from __future__ import annotations

from typing import Final

import pytest

from egress_proxy.server.queued import Said
from tests.console.browsing import Site, contrasts, fits, login, taken
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
