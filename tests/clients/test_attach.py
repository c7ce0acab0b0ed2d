"""`opencode attach`, the TUI, unchanged, in a terminal: what works through the proxy, and what its user is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.clients.record import Outcome, Sheet
from tests.clients.tui import DIALOG, ENTER, ERASE_LINE, ESCAPE, RIGHT, Tui
from tests.conftest import Bare, Proxied
from tests.kit.agent import Agent
from tests.kit.gate import Gate
from tests.kit.script import Hang, Held, Text, Turn, call

pytestmark = pytest.mark.e2e

ENTRY = "in a terminal"
GIVEN_AWAY = "redacted:KNOWN:DB_PASSWORD"
"""1.15.13 takes a word in brackets for a link, and leaves the brackets out."""
SILENCE = "(nothing)"
DIALOG_END = "Reject"


@dataclass(frozen=True)
class Seat:
    """A user at the TUI, the proxy that it is attached to, and the sheet for what is seen."""

    tui: Tui
    proxied: Proxied
    sheet: Sheet

    @property
    def agent(self) -> Agent:
        """The same client, by the API."""
        return self.proxied.agent()

    def saw(self, action: str, outcome: Outcome, shown: str = "", reason: str = "") -> None:
        """Take down an action."""
        world = self.proxied.world.root
        self.sheet.seen(
            client="opencode attach",
            entry=ENTRY,
            version=self.proxied.bare.version,
            action=action,
            outcome=outcome,
            reason=reason,
            shown=shown,
            names={str(world): "WORLD"},
        )

    def refusals(self) -> list[tuple[str, str]]:
        """Give route and reason of all refusals so far."""
        lines = self.proxied.proxy.audit_lines()
        return [(line["route"], line["reasons"][0]) for line in lines if line["verdict"] == "refused"]

    def until_refused(self, route: str, reason: str, before: list[tuple[str, str]]) -> None:
        """Wait until one more request was refused, for this reason."""
        count = before.count((route, reason))
        self.tui.until_true(lambda: self.refusals().count((route, reason)) > count, f"{route} was not refused")

    def hear(self, name: str, said: str, *more: Turn) -> None:
        """Prompt in a new session, and have the reply come once the TUI has read that session. What ends while it
        reads, it forgets: its screen is then what the older answer said (seen on 1.15.13)."""
        read = 'egress_requests_total{class="scan",route="GET /session/{sessionID}/diff"'
        before = self._count(read)
        with Gate() as gate:
            self.tui.prompt(self.proxied.model.script(name, Held(gate, said), *more))
            self.tui.until_true(lambda: gate.reached and self._count(read) > before, "the session was not read")
            gate.open()
            self.tui.until(said[-12:])
        self.tui.until_idle()

    def _count(self, start: str) -> float:
        return sum(count for name, count in self.proxied.proxy.series().items() if name.startswith(start))

    def models(self, name: str) -> set[str]:
        """Give the models that were asked for a script, for its title too."""
        return {seen.model for seen in self.proxied.model.requests(name, titles=True)}


@pytest.fixture(scope="module")
def attached(proxied: Proxied, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tui]:
    """The TUI at the proxy, started once a release; nothing that it was ever sent holds a planted value."""
    root = tmp_path_factory.mktemp("tui")
    proxy, world = proxied.proxy, proxied.world
    with Tui(proxied.bare.version, proxy.url, proxy.token, world.project, root, proxied.canaries) as tui:
        yield tui
        assert tui.leaks() == []


@pytest.fixture
def seat(attached: Tui, proxied: Proxied, sheet: Sheet) -> Iterator[Seat]:
    attached.home()
    yield Seat(attached, proxied, sheet)
    assert attached.leaks() == []


def test_a_reply_is_shown_redacted(seat: Seat) -> None:
    say = f"The password is {seat.proxied.canaries['DB_PASSWORD']}, and that is all."
    seat.saw("start", "works", seat.tui.between("Build ·", "Small local"))
    seat.hear("tui-reply", say)
    seat.saw("prompt, and see the reply", "works", seat.tui.between("The password is", "and that is all."))
    assert GIVEN_AWAY in seat.tui.terminal.words
    assert seat.models("tui-reply") == {"small"}


def test_bare_opencode_shows_the_value(bare: Bare, tmp_path: object, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The control: the same prompt, and the value is among what the terminal received."""
    root = tmp_path_factory.mktemp("tui-bare")
    password, say = bare.opencode.password, f"The password is {bare.canaries['DB_PASSWORD']}, and that is all."
    with Tui(bare.version, bare.opencode.url, password, bare.world.project, root, bare.canaries) as tui:
        tui.home()
        tui.prompt(bare.model.script("tui-bare", Text([say[:20], say[20:]])))
        tui.until("and that is all.")
        assert tui.leaks() == ["DB_PASSWORD"]


def test_an_ask_of_its_own_is_allowed_once_and_never_always(seat: Seat) -> None:
    """Once only if it was expected, which is said by a call of the proxy's own: the TUI has no words for it."""
    read = call("read", filePath=str(seat.proxied.world.env_file))
    seat.tui.prompt(seat.proxied.model.script("tui-unexpected", read, Text("Not to be said.")))
    seat.tui.until(DIALOG)
    before, route = seat.refusals(), "POST /permission/{requestID}/reply"
    seat.tui.keys(ENTER)
    seat.until_refused(route, "ask_not_expected", before)
    (ask,) = seat.agent.client.get("/permission").json
    assert DIALOG in seat.tui.terminal.words
    seat.saw("allow it once, though it was not expected", "refused", f"{SILENCE}; the dialog stays", "ask_not_expected")
    seat.tui.keys(RIGHT, RIGHT, ENTER)
    seat.tui.until_gone(DIALOG)
    seat.agent.until_idle(ask["sessionID"])
    assert seat.agent.expect(ask["sessionID"], "read:.env").status == 200
    seat.tui.prompt(seat.proxied.model.script("tui-own", read, Text("It was read.")))
    seat.tui.until(DIALOG)
    seat.saw("see an ask for a declared env file", "differs", seat.tui.between(DIALOG, DIALOG_END))
    before = seat.refusals()
    seat.tui.keys(RIGHT, ENTER)
    seat.tui.until("Always allow")
    seat.tui.keys(ENTER)
    seat.until_refused(route, "always_forbidden", before)
    seat.tui.until(DIALOG)
    (ask,) = seat.agent.client.get("/permission").json
    seat.saw("allow it always", "refused", f"{SILENCE}; the dialog comes back", "always_forbidden")
    seat.tui.keys(ENTER)
    seat.tui.until("It was read.")
    seat.tui.until_idle()
    assert ask["id"] not in str(seat.agent.client.get("/permission").json)
    seat.saw("allow it once, as it was expected", "works", "It was read.")


def test_an_ask_of_a_human_is_not_allowed(seat: Seat) -> None:
    read = call("read", filePath=str(seat.proxied.world.forbidden / "secret.txt"))
    seat.tui.prompt(seat.proxied.model.script("tui-human", read, Text("Not to be said.")))
    seat.tui.until(DIALOG)
    dialog = seat.tui.between(DIALOG, DIALOG_END).replace("/ forbidden", "/forbidden")  # where a long path is wrapped
    seat.saw("see an ask that is a human's", "works", dialog)
    before, route = seat.refusals(), "POST /permission/{requestID}/reply"
    seat.tui.keys(ENTER)
    seat.until_refused(route, "ask_for_human", before)
    (ask,) = seat.agent.client.get("/permission").json
    assert DIALOG in seat.tui.terminal.words
    seat.saw("allow it once, as if it were its own", "refused", f"{SILENCE}; the dialog stays", "ask_for_human")
    seat.tui.keys(RIGHT, RIGHT, ENTER)
    seat.tui.until_gone(DIALOG)
    seat.agent.until_idle(ask["sessionID"])
    seat.saw("reject it", "works", "the dialog goes")
    assert len(seat.proxied.model.requests("tui-human")) == 1


def test_a_question_is_answered(seat: Seat) -> None:
    options = [{"label": "Red", "description": "warm"}, {"label": "Blue", "description": "cold"}]
    ask = call("question", questions=[{"question": "Which colour?", "header": "Colour", "options": options}])
    name = "tui-question"
    seat.tui.prompt(seat.proxied.model.script(name, ask, Text("So be it.")))
    seat.tui.until("Which colour?")
    seat.tui.until("enter submit")
    seat.saw("answer a question", "works", seat.tui.between("Which colour?", "enter submit"))
    seat.tui.keys(ENTER)
    seat.tui.until("So be it.")
    assert "Red" in seat.proxied.model.requests(name)[-1].tool_results[-1]


def test_only_permitted_models_are_offered_and_used(seat: Seat) -> None:
    seat.tui.slash("/models", "Switch model")
    seat.tui.until("Connect provider")
    offered = seat.tui.between("Select model", "Connect provider")
    assert "Large" in offered
    assert "Small" in offered
    assert "Foreign" not in offered
    seat.tui.keys("Foreign")
    seat.tui.until("Foreign Connect provider")
    seat.tui.keys(*["\x7f"] * len("Foreign"), "Large")
    seat.tui.until("Large local")
    seat.tui.keys(ENTER)
    seat.tui.until("Build · Large local")
    seat.hear("tui-large", "I am the large one.")
    assert {seen.model for seen in seat.proxied.model.requests("tui-large")} == {"large"}
    # Its words would be mixed with those that stand behind the dialog.
    seat.saw("switch to another permitted model", "works", ", ".join(re.findall("Large|Small|Foreign", offered)))


def test_a_turn_is_interrupted(seat: Seat) -> None:
    seat.tui.prompt(seat.proxied.model.script("tui-hang", Hang(text="Begun and then")))
    seat.tui.until("esc interrupt")
    seat.tui.until_true(lambda: seat.proxied.model.requests("tui-hang"), "the model was not asked")
    seat.tui.keys(ESCAPE)
    seat.tui.until("esc again to interrupt")
    seat.tui.keys(ESCAPE)
    seat.tui.until("interrupted")
    seat.tui.until_gone("interrupt ")
    seat.saw("interrupt a turn", "works", "interrupted")
    assert seat.agent.client.get("/session/status").json == {}


def test_sessions_are_listed_and_opened(seat: Seat) -> None:
    seat.agent.prompt(seat.agent.session(title="Harvest of apples"), seat.proxied.model.script("tui-a", Text("Reds.")))
    other = seat.proxied.agent(token=seat.proxied.proxy.create_token("tui-other"))
    other.session(title="Harvest of plums")
    seat.tui.slash("/sessions", "Switch session")
    seat.tui.keys("Harvest of")
    seat.tui.until("Harvest of apples")
    assert "plums" not in seat.tui.terminal.words
    seat.tui.keys(ENTER)
    seat.tui.until("Reds.")
    seat.saw("list the sessions, and open one", "works", "Harvest of apples")


def test_what_would_widen_is_refused(seat: Seat) -> None:
    """The TUI looks at no answer of these but that of `/share`, and shows what its own mistake is."""
    tui = seat.tui
    seat.hear("tui-refused", "First words.", Text("A summary."))
    before = seat.refusals()
    tui.slash("/undo", "Undo previous message")
    seat.until_refused("POST /session/{sessionID}/revert", "operation_denied", before)
    tui.keys(ERASE_LINE)
    seat.saw("/undo", "refused", f"{SILENCE}; the prompt is offered again", "operation_denied")
    tui.slash("/share", "Share session")
    tui.until("Are you sure")
    tui.keys(ENTER)
    seat.until_refused("POST /session/{sessionID}/share", "operation_denied", before)
    seat.saw("/share", "refused", tui.between("undefined is not", "share')"), "operation_denied")
    tui.until_gone("undefined is not")
    tui.keys("/init")
    tui.until("/init /copy")
    tui.keys(ENTER)
    tui.until_gone("/copy")
    tui.keys(ENTER)
    seat.until_refused("POST /session/{sessionID}/command", "operation_denied", before)
    seat.saw("/init, and all commands of the server", "refused", SILENCE, "operation_denied")
    tui.keys("!")
    tui.until("exit shell mode")
    tui.prompt("cat .env")
    seat.until_refused("POST /session/{sessionID}/shell", "operation_denied", before)
    seat.saw("a shell command with !", "refused", SILENCE, "operation_denied")
    tui.until_gone("exit shell mode")
    tui.slash("/compact", "Compact session")
    seat.saw("/compact", "works", tui.between("Compaction ·", "Small"))
    tui.until_idle()
    assert seat.models("tui-refused") == {"small"}


def test_an_ask_that_waits_is_shown_to_who_comes_later(seat: Seat) -> None:
    """The TUI never asks what waits: a stream begins with it, also if another reader has long been told."""
    session = seat.agent.session(title="Waits for an answer")
    read = call("read", filePath=str(seat.proxied.world.env_file))
    seat.agent.expect(session, "read:.env")
    seat.agent.prompt_async(session, seat.proxied.model.script("tui-late", read, Text("It was read later.")))
    seat.agent.ask(session)
    seat.tui.start("--session", session)
    seat.tui.until(DIALOG)
    seat.saw("see an ask that was there before it was attached", "works", seat.tui.between(DIALOG, DIALOG_END))
    seat.tui.keys(ENTER)
    seat.tui.until("It was read later.")
