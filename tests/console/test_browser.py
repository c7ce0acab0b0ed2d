"""The console in a real browser: what a person does with it."""

from __future__ import annotations

import re

import pytest

from tests.console.browsing import Site, login, walk
from tests.console.rig import TOKEN, ask
from tests.kit.agent import poll
from tests.kit.browser import ENTER, Browser


def test_a_wrong_token_and_then_the_right_one(browser: Browser, site: Site) -> None:
    login(browser, site, token="wrong")
    browser.see("This is not the token of an operator.")
    browser.focused("#token")
    browser.leads(lambda: browser.keys(TOKEN, ENTER))
    browser.see("Nothing waits.")
    assert browser.script("return document.cookie") == ""
    assert browser.broken() == []


def test_an_ask_is_approved(browser: Browser, site: Site) -> None:
    site.do(lambda queue: queue.add(ask()))
    login(browser, site)
    browser.press("#ask-per_1")
    browser.see("git push origin main")
    browser.press("button.approve")
    browser.see("approved per_1 by ada")
    assert [one.outcome for one in site.queue.decisions] == ["approved"]


def test_an_ask_is_rejected_with_a_note(browser: Browser, site: Site) -> None:
    site.do(lambda queue: queue.add(ask()))
    login(browser, site, "/console/asks/per_1")
    browser.one("#note").send_keys("Not on <b>Fridays</b>.")
    browser.press("button.reject")
    browser.see("rejected per_1 by ada")
    assert [(one.outcome, one.note) for one in site.queue.decisions] == [("rejected", "Not on <b>Fridays</b>.")]
    browser.press('nav a[href$="decided"]')
    browser.see("Not on <b>Fridays</b>.")


def test_the_countdown_runs(browser: Browser, site: Site) -> None:
    site.do(lambda queue: queue.add(ask()))
    login(browser, site)
    first = poll(lambda: browser.text("time"))
    poll(lambda: browser.text("time") != first)
    assert re.fullmatch(r"(4\d|50) min \d\d s", browser.text("time"))


def test_asks_come_and_go_while_the_page_is_open(browser: Browser, site: Site) -> None:
    login(browser, site)
    browser.see("Live: changes show at once.")
    site.do(lambda queue: queue.add(ask(), ask("per_2", command="make publish")))
    browser.see("make publish")
    browser.see("2", "#count")
    assert browser.driver.title.startswith("(2) ")
    browser.script("document.getElementById('ask-per_2').focus()")
    site.do(lambda queue: queue.answer("per_1", "answered", "client"))
    poll(lambda: "git push" not in browser.text())
    assert browser.script("return document.activeElement.id") == "ask-per_2"
    assert browser.broken() == []


def test_what_was_typed_stays_while_its_ask_does(browser: Browser, site: Site) -> None:
    site.do(lambda queue: queue.add(ask()))
    login(browser, site, "/console/asks/per_1")
    browser.see("Live: changes show at once.")
    browser.one("#note").send_keys("half a sent")
    site.do(lambda queue: queue.add(ask("per_2")))
    browser.see("2", "#count")
    assert browser.one("#note").get_attribute("value") == "half a sent"
    site.do(lambda queue: queue.answer("per_1", "expired", "expiry"))
    browser.see("This ask was decided")
    assert browser.all("button.approve") == []


@pytest.mark.parametrize(
    ("path", "told"), [("asks/per_1", "Not live while nobody looks."), ("", "Live: changes show at once.")]
)
def test_only_the_queue_holds_a_connection_while_nobody_looks(
    browser: Browser, site: Site, path: str, told: str
) -> None:
    """Browsers have six for a host: a seventh tab would wait for ever."""
    site.do(lambda queue: queue.add(ask()))
    login(browser, site, f"/console/{path}")
    browser.see("Live:", "#live")
    hides = """
        Object.defineProperty(document, "hidden", {get: () => arguments[0], configurable: true});
        document.dispatchEvent(new Event("visibilitychange"));
    """
    browser.script(hides, True)
    browser.see(told, "#live")
    browser.script(hides, False)
    browser.see("Live:", "#live")
    site.do(lambda queue: queue.add(ask("per_2")))
    browser.see("2", "#count")


def test_a_stale_form_decides_nothing(browser: Browser, site: Site) -> None:
    """Without scripts, the page does not know that its ask has changed."""
    site.do(lambda queue: queue.add(ask()))
    browser.scripts(on=False)
    login(browser, site, "/console/asks/per_1")
    site.do(lambda queue: queue.add(ask(command="git push --force", digest="d2" * 16)))
    browser.press("button.approve")
    poll(lambda: "Nothing was decided." in browser.one(".problem").text)
    assert "git push --force" in browser.one("pre.exact").text
    assert site.queue.decisions == []
    browser.press("button.approve")
    poll(lambda: site.queue.decisions)


def test_a_click_that_was_on_its_way_when_the_ask_changed_approves_nothing(browser: Browser, site: Site) -> None:
    """The form names the new ask, which nobody has read yet. The button is pressed in the moment of the change."""
    site.do(lambda queue: queue.add(ask()))
    login(browser, site, "/console/asks/per_1")
    browser.see("Live:", "#live")
    assert browser.one("button.approve").is_enabled()
    browser.script("""
        window.seen = [];
        const look = () => {
            const button = document.querySelector("button.approve");
            window.seen.push([button.disabled, document.querySelector("#ask > [role=alert]")?.innerText]);
            button.click();
        };
        new MutationObserver(look).observe(document.querySelector("main"), {childList: true});
    """)
    site.do(lambda queue: queue.add(ask(command="git push --force", digest="d2" * 16)))
    browser.see("git push --force", "pre.exact")
    assert browser.script("return window.seen") == [[True, "The ask has changed. Look at it as it is now."]]
    poll(lambda: browser.one("button.approve").is_enabled())
    assert site.queue.decisions == []
    assert browser.broken() == []
    browser.press("button.approve")
    browser.see("approved per_1 by ada")


def test_all_of_it_works_without_scripts(browser: Browser, site: Site) -> None:
    site.do(lambda queue: queue.add(ask(), ask("per_2")))
    browser.scripts(on=False)
    login(browser, site)
    browser.press("#ask-per_1")
    assert "min" in browser.one("time").text
    browser.press("button.reject")
    assert "rejected per_1" in browser.one(".done").text
    assert len(browser.all("li.ask")) == 1
    browser.press("form.out button")
    assert "You are logged out." in browser.one("#problem").text


def test_all_of_it_works_by_keyboard(browser: Browser, site: Site) -> None:
    """From the first key to the decision, seeing where one is: each stop has an outline."""
    site.do(lambda queue: queue.add(ask()))
    browser.go(f"{site.origin}/console/")
    browser.focused("#token")
    browser.leads(lambda: browser.keys(TOKEN, ENTER))
    browser.see("git push origin main")
    stops = walk(browser, "a#ask-per_1")
    assert stops[0] == "a.skip"
    browser.leads(lambda: browser.keys(ENTER))
    browser.see("Who asks")
    stops = walk(browser, "button.approve")
    assert stops[-3:] == ["textarea#note", "button.reject", "button.approve"]
    browser.leads(lambda: browser.keys(ENTER))
    browser.see("approved per_1")


def test_the_entry_leads_back_to_the_session_and_not_after_logging_out(browser: Browser, site: Site) -> None:
    site.do(lambda queue: queue.add(ask()))
    login(browser, site)
    browser.see("git push")
    home = browser.driver.current_url
    browser.go(f"{site.origin}/console/asks/per_1")
    browser.see("Who asks")
    assert browser.driver.current_url == f"{home}asks/per_1"
    browser.press("form.out button")
    browser.see("You are logged out.")
    assert browser.script("return localStorage.length") == 0
    browser.go(home)
    browser.see("You are logged out.")
    assert "git push" not in browser.text()


def test_a_page_whose_session_is_over_says_so(browser: Browser, site: Site) -> None:
    login(browser, site)
    browser.see("Live: changes show at once.")
    site.operators.revoked = True
    site.do(lambda queue: queue.add(ask()))
    browser.see("You are logged out.")
    assert "git push" not in browser.text()
