"""A real browser: chromium without a window, driven through the driver that Debian ships with it.

It takes `chromium` and `chromedriver` (Debian: `apt install chromium chromium-driver`). The profile is empty and ends
with the browser. What pages break of their own policy is collected by a script that the browser runs before theirs.
"""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self

from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver import ActionChains, Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from tests.kit.agent import poll

_SWITCHES: Final = (
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--disable-lcd-text",
    "--metrics-recording-only",
)
_COLLECT: Final = """
    window.broken = [];
    document.addEventListener("securitypolicyviolation", (event) =>
        window.broken.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
    window.alert = (text) => window.broken.push(`ran ${text}`);
"""
LAPTOP: Final = (1280, 860)
PHONE: Final = (360, 740)


class MissingBrowser(Exception):
    """There is no chromium, or no driver; the message says how to get them."""


def required() -> tuple[str, str]:
    """Give the paths of browser and driver. Raise `MissingBrowser`."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        raise MissingBrowser("no chromium with its driver: `apt install chromium chromium-driver`")
    return browser, driver


def _is_gone(error: WebDriverException) -> bool:
    """Whether an element's page is no longer there; amid the change the driver says so in words of its own."""
    return isinstance(error, StaleElementReferenceException) or "does not belong to the document" in str(error.msg)


class Browser:
    """One browser with one window; `with Browser(directory) as browser`. It finds nothing but 127.0.0.1 and
    `names`, each at an address of its own, and takes whatever certificates those show."""

    def __init__(self, root: Path, names: Mapping[str, str] = MappingProxyType({})) -> None:
        browser, driver = required()
        options = ChromeOptions()
        options.binary_location = browser
        found = [f"MAP {name} {address}" for name, address in names.items()]
        rules = " , ".join([*found, "MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1"])
        for switch in (*_SWITCHES, f"--user-data-dir={root / 'profile'}", f"--host-resolver-rules={rules}"):
            options.add_argument(switch)
        if os.geteuid() == 0:
            options.add_argument("--no-sandbox")  # it refuses to be root's
        options.accept_insecure_certs = bool(names)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = Chrome(options, Service(driver))
        self.command("Page.addScriptToEvaluateOnNewDocument", source=_COLLECT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.driver.quit()

    def fresh(self) -> None:
        """Forget cookies and what pages stored, and be a light laptop with scripts on."""
        self.driver.get("about:blank")
        self.command("Network.clearBrowserCookies")
        self.command("Storage.clearDataForOrigin", origin="*", storageTypes="all")
        self.sees()
        self.scripts(on=True)
        self.driver.get_log("browser")  # type: ignore[no-untyped-call]  # it has no types

    def sees(self, size: tuple[int, int] = LAPTOP, *, dark: bool = False) -> None:
        """Have a screen of a size in CSS pixels, and a colour scheme."""
        width, height = size
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=size == PHONE,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", features=[scheme])

    def scripts(self, *, on: bool) -> None:
        """Turn the scripts of pages on or off."""
        self.command("Emulation.setScriptExecutionDisabled", value=not on)

    def command(self, name: str, **values: Any) -> Any:
        """Call the DevTools protocol."""
        return self.driver.execute_cdp_cmd(name, values)

    def go(self, url: str) -> None:
        self.driver.get(url)

    def one(self, css: str) -> WebElement:
        """Wait for an element. Raise `TimeoutError`."""
        return poll(lambda: next(iter(self.all(css)), None))

    def press(self, css: str) -> None:
        """Click on what leads to another page, also if this one replaces it just now. Raise `TimeoutError`."""

        def pressed() -> bool:
            try:
                self.one(css).click()
            except WebDriverException as error:
                if not _is_gone(error):
                    raise
                return False
            return True

        self.leads(lambda: poll(pressed))

    def leads(self, act: Callable[[], object]) -> None:
        """Do what leads to another page, and wait until that is loaded. Raise `TimeoutError`.

        Without it, what comes next may still find the page that was there before, or half of the new one.
        """
        before = self.one("html")

        def arrived() -> bool:
            try:
                return not before.tag_name
            except WebDriverException as error:
                if not _is_gone(error):
                    raise
                return str(self.script("return document.readyState")) == "complete"

        act()
        poll(arrived)

    def focused(self, css: str) -> None:
        """Wait until an element has the focus: a page gives it some time after it is loaded. Raise `TimeoutError`."""
        poll(lambda: self.script("return document.activeElement?.matches(arguments[0])", css))

    def all(self, css: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def see(self, text: str, css: str = "body") -> None:
        """Wait until an element shows a text. Raise `TimeoutError`."""
        poll(lambda: text in self.text(css))

    def text(self, css: str = "body") -> str:
        """What the first such element says, as the page is now; empty where there is none."""
        found = self.script("return document.querySelector(arguments[0])?.innerText ?? ''", css)
        return str(found)

    def keys(self, *keys: str) -> None:
        """Press keys, at whatever has the focus then."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def script(self, source: str, *arguments: Any) -> Any:
        """Run a script in the page, as the test's, which no policy of the page is about."""
        return self.driver.execute_script(source, *arguments)

    def broken(self) -> list[str]:
        """What the page tried against its policy or ran of somebody else's, and what the browser logged of it."""
        logged = [str(entry["message"]) for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]
        about = [message for message in logged if "Security Policy" in message or "Trusted" in message]
        return [str(one) for one in self.script("return window.broken")] + about

    def picture(self, file: Path, most: int = 4000) -> None:
        """Write the whole page as a picture: as wide as the screen, and as high as what is on it, up to `most`."""
        width, height = self.script(
            "const end = document.body.lastElementChild.getBoundingClientRect().bottom + scrollY;"
            "return [innerWidth, Math.ceil(end)]"
        )
        clip = {"x": 0, "y": 0, "width": width, "height": min(height, most), "scale": 1}
        taken = self.command("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(taken["data"]))


TAB: Final = Keys.TAB
ENTER: Final = Keys.ENTER
