"""The console of a real proxy in front of a real opencode, without a browser: an ask in full, decided, on record."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from egress_proxy.config.schema import Audit
from egress_proxy.tokens import OPERATORS, Tokens
from tests.conftest import Proxied
from tests.e2e.test_queue import Operator, asking, noted, said
from tests.kit.agent import poll
from tests.kit.client import Answer, Client

pytestmark = pytest.mark.e2e

NAME = "grace"


class Pages:
    """Somebody at the console, who is logged in or tries to be."""

    def __init__(self, url: str) -> None:
        self._client = Client(url)
        self._origin = url
        self._cookie = {"Cookie": "none=1"}
        self.home = ""

    def login(self, token: str) -> Answer:
        answer = self.send("/console/", {"token": token})
        if answer.status == 303:
            self._cookie = {"Cookie": answer.header("Set-Cookie").partition(";")[0]}
            self.home = answer.header("Location")
        return answer

    def get(self, path: str) -> Answer:
        return self._client.call("GET", self.home + path, headers=self._cookie)

    def send(self, path: str, fields: dict[str, str]) -> Answer:
        headers = {**self._cookie, "Origin": self._origin, "Content-Type": "application/x-www-form-urlencoded"}
        return self._client.call("POST", path, urlencode(fields).encode(), headers=headers)

    @property
    def key(self) -> str:
        return self._cookie["Cookie"].partition("=")[2]


@pytest.fixture
def tokens(proxied: Proxied) -> Iterator[Tokens]:
    """The store of operators' tokens, where NAME has none afterwards."""
    store = Tokens(proxied.proxy.state, OPERATORS)
    yield store
    if any(entry.name == NAME for entry in store.list()):
        store.revoke(NAME)


def test_an_operator_sees_the_whole_ask_and_approves_it(proxied: Proxied, tokens: Tokens) -> None:
    agent, made = proxied.agent(), proxied.world.project / "made-from-the-console"
    secret = proxied.canaries["API_TOKEN"]
    token = tokens.create(NAME).reveal()
    pages = Pages(proxied.proxy.operator_url)
    assert pages.login(proxied.proxy.token).status == 403
    assert pages.login(token).status == 303
    command = f"touch {made.name} # {secret} <b>"
    session = asking(proxied, f"console-approve-{proxied.bare.version}", command)
    ask = Operator(proxied.proxy).ask(session)
    assert html.escape(command) in poll(lambda: pages.get("").text)
    shown = pages.get(f"asks/{ask['id']}").text
    assert html.escape(command) in shown
    assert "console-approve" in shown
    form = dict(re.findall(r'name="(csrf|digest)" value="([^"]*)"', shown))
    assert pages.send(f"{pages.home}asks/{ask['id']}/approve", {**form, "digest": "0" * 32}).status == 409
    assert pages.send(f"{pages.home}asks/{ask['id']}/approve", form).status == 303
    agent.until_idle(session)
    assert "Done." in said(agent, session)
    assert made.exists()
    made.unlink()
    assert pages.send(f"{pages.home}asks/{ask['id']}/approve", form).status == 409
    assert f">{ask['id']}<" in pages.get("decided").text
    assert noted(proxied, session) == [["approved", ask["id"], "", NAME]]
    tokens.revoke(NAME)
    assert pages.get("").status == 303
    traces = proxied.proxy.traces()
    assert not any(word.encode() in traces for word in (secret, token, pages.key, pages.home, form["csrf"]))


def test_the_security_team_sees_what_was_recorded(proxied: Proxied, tokens: Tokens) -> None:
    pages, secret = Pages(proxied.proxy.operator_url), proxied.canaries["API_TOKEN"]
    pages.login(tokens.create(NAME).reveal())
    refused = proxied.agent().client.get("/nonsense-for-the-console")
    audit_id = refused.json["data"]["auditID"]
    assert "operation_unknown" in poll(lambda: pages.get("feed").text)
    found = pages.get(f"records?id={audit_id}").text
    entry = re.search(r'id="record-(\d+)"', found)
    assert entry is not None
    signed = 2.0 * Audit().checkpoint_seconds  # the signature of what was recorded last may be as long in coming
    shown = poll(lambda: text if "Verified" in (text := pages.get(f"records/{entry[1]}").text) else "", signed)
    assert audit_id in shown
    assert audit_id in pages.get(f"records.jsonl?id={audit_id}").text
    values = pages.get("values").text
    assert re.search(r"API_TOKEN.*env_file", values)
    assert re.search(r"OPENCODE_SERVER_PASSWORD.*upstream\.password_file", values)
    assert proxied.bare.version in pages.get("routes").text
    for path in ("sessions", "charts", "routes"):
        assert pages.get(path).status == 200
    told = " ".join(pages.get(path).text for path in ("feed", "records", "sessions", "charts", "values", "routes"))
    assert not any(form in told for form in (secret, secret[:12], secret[::-1]))


def test_the_console_is_not_on_the_cloud_facing_socket(proxied: Proxied) -> None:
    for path in ("/console", "/console/static/console.css"):
        assert proxied.agent().client.get(path).status == 404
