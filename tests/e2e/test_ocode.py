"""`ocode` as a process, through the proxy, in front of a real opencode.

What it prints against bare opencode is the negative control: the same commands show the planted value there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from egress_proxy.ocode.exits import Exit
from tests.conftest import Bare, Launch, Proxied
from tests.kit.agent import poll
from tests.kit.client import free_port
from tests.kit.model import Model
from tests.kit.ready import OCODE, Piped
from tests.kit.script import Error, Hang, Text, call, marked

pytestmark = pytest.mark.e2e

NO_PASSWORD = {"OPENCODE_SERVER_PASSWORD": ""}
"""Bare opencode takes no bearer token, so for the negative controls it asks for none."""


@dataclass(frozen=True)
class Ran:
    """What a run left."""

    code: int
    out: str = field(repr=False)
    err: str = field(repr=False)

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def everything(self) -> str:
        return self.out + self.err


@dataclass(frozen=True)
class Running:
    """A command that has not ended."""

    process: Piped

    def ended(self, stdin: str = "") -> Ran:
        """Wait for its end."""
        code, out, err = self.process.ended(stdin.encode())
        return Ran(code, out.decode(), err.decode())


@dataclass(frozen=True)
class Ocode:
    """The command with one address, token and directory."""

    url: str
    token: str = field(repr=False)
    directory: str
    home: Path

    def __call__(self, *arguments: str, stdin: str = "") -> Ran:
        return self.begun(*arguments).ended(stdin)

    def begun(self, *arguments: str) -> Running:
        """Start a command and go on."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "OCODE_URL": self.url,
            "OCODE_TOKEN": self.token,
            "OCODE_DIRECTORY": self.directory,
        }
        return Running(Piped(OCODE, arguments, {name: value for name, value in environment.items() if value}))

    def new(self, title: str = "A task") -> str:
        """Make a session."""
        ran = self("new", "--title", title)
        assert (ran.code, ran.err) == (0, "")
        return ran.out.strip()


def ocode_of(proxied: Proxied, home: Path) -> Ocode:
    """The command of the default client, in the git project."""
    return Ocode(proxied.proxy.url, proxied.proxy.token, str(proxied.world.project), home)


@pytest.fixture
def ocode(proxied: Proxied, tmp_path: Path) -> Ocode:
    """The command in front of the shared server."""
    return ocode_of(proxied, tmp_path)


def bare_ocode(bare: Bare, home: Path) -> Ocode:
    return Ocode(bare.opencode.url, "unused", str(bare.world.project), home)


def test_a_session_from_new_to_rm(ocode: Ocode, model: Model) -> None:
    model.script("ocode-life", Text("first reply"))
    model.script("ocode-life-2", Text(["second ", "reply"]))
    session = ocode.new("Life of a session")
    assert ocode("read", session).err == "ocode: no reply to the last prompt yet\n"
    assert ocode("prompt", session, marked("ocode-life", "hello")).out == "first reply\n"
    assert ocode("prompt", session, "-", stdin=marked("ocode-life-2", "again")).out == "second reply\n"
    read = ocode("read", session)
    assert (read.code, read.out, read.err) == (0, "second reply\n", "")
    everything = ocode("read", session, "--full", "--json").json["messages"]
    assert [(found["role"], found["text"]) for found in everything if found["text"]] == [
        ("user", marked("ocode-life", "hello")),
        ("assistant", "first reply"),
        ("user", marked("ocode-life-2", "again")),
        ("assistant", "second reply"),
    ]
    assert [found["text"] for found in ocode("read", session, "1", "--json").json["messages"]] == ["second reply"]
    listed = {found["id"]: found for found in ocode("sessions", "--json").json["sessions"]}
    assert (listed[session]["title"], listed[session]["directory"]) == ("Life of a session", ocode.directory)
    assert ocode("rm", session).everything == ""
    assert ocode("read", session).code == Exit.NOT_FOUND
    assert session not in ocode("sessions").out


def give_away(bare: Bare) -> str:
    """Script a reply that repeats the password of .env; give the prompt."""
    password = bare.canaries["DB_PASSWORD"]
    bare.model.script(
        "ocode-leak", Text(["The password is ", password[:5], password[5:] + "."]), title=f"It is {password}"
    )
    return marked("ocode-leak", "which password?")


def outputs(ocode: Ocode, prompt: str) -> dict[str, str]:
    """Run every verb that prints a text of the local agent's, in both forms."""
    session = ocode.new()
    return {
        "prompt": ocode("prompt", session, prompt).everything,
        "prompt --json": ocode("prompt", session, prompt, "--json").everything,
        **{
            " ".join(verb): ocode(*verb, *form).everything
            for verb in (("read", session), ("read", session, "--full"), ("read", session, "3"), ("sessions",))
            for form in ((), ("--json",))
        },
    }


def test_no_verb_prints_a_known_value(ocode: Ocode, proxied: Proxied) -> None:
    printed = outputs(ocode, give_away(proxied.bare))
    assert {verb: proxied.canaries.leaks(text) for verb, text in printed.items()} == {verb: [] for verb in printed}
    assert "[redacted:" in printed["prompt"]
    assert "ocode: redacted places: 1." in printed["prompt"]
    assert json.loads(printed["prompt --json"].splitlines()[0])["reply"]["redacted"] == 1


def test_bare_opencode_gives_it_away(opencode_version: str, launch: Launch, tmp_path: Path) -> None:
    bare = launch(opencode_version, environment=NO_PASSWORD)
    ocode = bare_ocode(bare, tmp_path)
    session = ocode.new()
    assert ocode("send", session, give_away(bare)).everything == ""
    poll(lambda: bare.canaries.leaks(ocode("read", session).everything) == ["DB_PASSWORD"])


@pytest.fixture
def files(watching: Proxied) -> Iterator[tuple[Path, Path]]:
    """Two files that are not there yet, and will not be there for the next test."""
    made = watching.world.project / "ocode-made.txt", watching.world.project / "src" / "ocode-made.txt"
    yield made
    for path in made:
        path.unlink(missing_ok=True)


def write_files(model: Model, first: Path, second: Path) -> tuple[str, str]:
    """Script two turns, one that makes a file and one that changes it and makes another; give their prompts."""
    make = model.script("ocode-write-1", call("write", filePath=str(first), content="1\n2\n3\n"), Text("made"))
    change = model.script(
        "ocode-write-2",
        call("write", filePath=str(first), content="1\n2\n3\n4\n"),
        call("write", filePath=str(second), content="a\nb\n"),
        Text("changed"),
    )
    return make, change


def changed(ocode: Ocode, *arguments: str) -> dict[str, tuple[str, int, int]]:
    ran = ocode("diff", *arguments, "--json")
    assert ran.code == 0
    return {file["file"]: (file["status"], file["additions"], file["deletions"]) for file in ran.json["files"]}


def test_diff_of_a_session_and_of_a_turn(
    watching: Proxied, model: Model, files: tuple[Path, Path], tmp_path: Path
) -> None:
    ocode = ocode_of(watching, tmp_path)
    make, change = write_files(model, *files)
    session = ocode.new()
    assert changed(ocode, session) == {}
    assert ocode("prompt", session, make).out == "made\n"
    reply = ocode("prompt", session, change, "--json").json["reply"]
    assert reply["text"] == "changed"
    whole = {"ocode-made.txt": ("added", 4, 0), "src/ocode-made.txt": ("added", 2, 0)}
    # The server takes its snapshot when the turn has ended already.
    poll(lambda: changed(ocode, session) == whole or None)
    assert ocode("diff", session).out.splitlines() == [
        "added     +4 -0  ocode-made.txt",
        "added     +2 -0  src/ocode-made.txt",
    ]
    ran = ocode("diff", session, "--message", reply["id"], "--json")
    if ran.json["message"] is None:  # 1.15.13 knows no turns, and ocode says so
        assert changed(ocode, session, "--message", reply["id"]) == whole
        assert "the whole session" in ran.err
    else:
        assert ran.json["message"] == reply["parent"]
        assert changed(ocode, session, "--message", reply["id"]) == {**whole, "ocode-made.txt": ("modified", 1, 0)}


def test_a_directory_without_git_has_no_diff(proxied: Proxied, ocode: Ocode, model: Model) -> None:
    model.script("ocode-plain", Text("ok"))
    plain = Ocode(ocode.url, ocode.token, str(proxied.world.plain), ocode.home)
    session = plain.new()
    assert plain("prompt", session, marked("ocode-plain", "hi")).code == 0
    ran = ocode("diff", session, "--json")
    assert (ran.code, ran.json["error"]["reason"]) == (Exit.NO_DIFF, "diff_unavailable")


def test_a_turn_that_fails(ocode: Ocode, proxied: Proxied) -> None:
    secret = proxied.canaries["API_TOKEN"]
    proxied.model.script("ocode-error", Error(400, f"bad key {secret}"))
    session = ocode.new()
    ran = ocode("prompt", session, marked("ocode-error", "x"), "--json")
    assert (ran.code, ran.json["reply"]["error"]["name"]) == (Exit.TURN_FAILED, "APIError")
    assert proxied.canaries.leaks(ran.everything + ocode("read", session).everything) == []
    assert ocode("read", session).code == Exit.TURN_FAILED


def test_a_turn_outlasts_the_wait(ocode: Ocode, proxied: Proxied) -> None:
    session = ocode.new()
    ran = ocode("prompt", session, proxied.model.script("ocode-slow", Hang(text="half")), "--timeout", "3")
    assert (ran.code, ran.out) == (Exit.TIMEOUT, "")
    assert f"`ocode wait {session}`" in ran.err
    poll(lambda: "still running" in ocode("read", session).err)
    assert proxied.agent().client.post(f"/session/{session}/abort").json is True
    ended = poll(lambda: found if (found := ocode("read", session)).code else None)
    assert (ended.code, "MessageAbortedError" in ended.err) == (Exit.TURN_FAILED, True)


def test_refusals(ocode: Ocode, proxied: Proxied, tmp_path: Path) -> None:
    session = ocode.new()
    foreign = Ocode(ocode.url, proxied.proxy.create_token("ocode-other"), ocode.directory, tmp_path)
    wrong = Ocode(ocode.url, ocode.token[:-1] + ("A" if ocode.token[-1] != "A" else "B"), ocode.directory, tmp_path)
    nobody = Ocode(f"http://127.0.0.1:{free_port()}", ocode.token, ocode.directory, tmp_path)
    outcomes = [
        (ocode("new", "--dir", str(proxied.world.forbidden), "--json"), Exit.REFUSED, "directory_forbidden"),
        (ocode("new", "--dir", str(proxied.world.escape), "--json"), Exit.REFUSED, "directory_forbidden"),
        (ocode("read", "ses_" + "0" * 26, "--json"), Exit.NOT_FOUND, "session_unknown"),
        (foreign("read", session, "--json"), Exit.NOT_FOUND, "session_unknown"),
        (foreign("prompt", session, "hi", "--json"), Exit.NOT_FOUND, "session_unknown"),
        (foreign("rm", session, "--json"), Exit.NOT_FOUND, "session_unknown"),
        (wrong("sessions", "--json"), Exit.UNAUTHENTICATED, "unauthenticated"),
        (nobody("sessions", "--json"), Exit.UNREACHABLE, "ocode_unreachable"),
    ]
    for ran, code, reason in outcomes:
        assert (ran.code, ran.json["error"]["reason"]) == (code, reason)
        assert ocode.token not in ran.everything
    assert session not in foreign("sessions").out
    assert session in ocode("sessions").out


def test_text_crosses_as_it_is_but_for_control_characters(ocode: Ocode, model: Model) -> None:
    text = "ünïcode 🎉 \u202e \x1b[2J tab\t“quotes” \\ end"
    model.script("ocode-text", Text(text))
    session = ocode.new()
    assert ocode("prompt", session, marked("ocode-text", text), "--json").json["reply"]["text"] == text
    assert ocode("read", session).out == text.replace("\u202e", "\\u202e").replace("\x1b", "\\x1b") + "\n"
    sent = ocode("read", session, "--full", "--json").json["messages"][0]["text"]
    assert sent == marked("ocode-text", text)


def ask_of(ran: Ran, kind: str = "permissions") -> Any:
    """The one ask that a command ended with."""
    (found,) = ran.json[kind]
    return found


def prompted(ocode: Ocode, session: str, prompt: str) -> Ran:
    """Prompt, saying that `.env` will be read."""
    return ocode("prompt", session, prompt, "--expect", "read:.env", "--json")


def test_an_ask_is_answered_and_the_turn_goes_on(ocode: Ocode, proxied: Proxied) -> None:
    """An own ask, one of a sub-agent, and a question; every byte of it without a value."""
    read = call("read", filePath=str(proxied.world.env_file))
    tell = Text(lambda seen: f"It is {proxied.canaries['DB_PASSWORD']}. {len(seen.tool_results[-1]) > 100}")
    inner = proxied.model.script("ocode-ask-inner", read, Text("Looked."))
    below = call("task", description="Look", prompt=inner, subagent_type="general")
    choose = call("question", questions=[{"question": "Which?", "header": "db", "options": OPTIONS, "multiple": False}])
    prompt = proxied.model.script("ocode-ask", read, below, choose, tell)
    session = ocode.new()
    printed = [ran := prompted(ocode, session, prompt)]
    assert (ran.code, ran.json["reply"], ran.json["state"]) == (Exit.BLOCKED, None, "blocked")
    own = ask_of(ran)
    assert (own["permission"], own["session"], own["answerer"]) == ("read", session, "self")
    assert ocode("status", session[:24]).out == "blocked\n"
    printed += [ran := ocode("perms", session)]
    assert (own["id"] in ran.out, "    .env\n" in ran.out) == (True, True)
    assert ocode("allow", own["id"], "always").code == Exit.REFUSED
    printed += [ocode("allow", own["id"], "once"), ran := ocode("wait", session, "--json")]
    assert (printed[-2].everything, ran.code) == ("", Exit.BLOCKED)
    child = ask_of(ran)
    assert (child["root"], child["session"] != session) == (session, True)
    assert ocode("allow", child["id"], "reject").code == 0
    printed += [ran := ocode("wait", session, "--json")]
    question = ask_of(ran, "questions")
    assert [option["label"] for option in question["questions"][0]["options"]] == ["Postgres", "SQLite"]
    assert ocode("answer", question["id"], "Mongo").code == Exit.USAGE
    printed += [ocode("answer", question["id"], "sqlite"), ocode("wait", session), ran := ocode("read", session)]
    assert (printed[-2].code, ran.out) == (0, "It is [redacted:KNOWN:DB_PASSWORD]. True\n")
    assert ocode("status", session).out == "idle\n"
    assert ocode("allow", own["id"], "once").code == Exit.NOT_FOUND
    assert [proxied.canaries.leaks(ran.everything) for ran in printed] == [[]] * len(printed)


OPTIONS = [{"label": "Postgres", "description": "the elephant"}, {"label": "SQLite", "description": "a file"}]


def test_what_a_human_decides_is_waited_for(ocode: Ocode, proxied: Proxied) -> None:
    session, operator = ocode.new(), proxied.bare.agent()
    rule = {"permission": "bash", "pattern": "*", "action": "ask"}
    operator.client.patch(f"/session/{session}", {"permission": [rule]})
    made = proxied.world.project / "ocode-by-human"
    run = call("bash", command=f"sudo -n true; touch {made.name}", description="Make it")
    prompt = proxied.model.script("ocode-human", run, Text("Made."))
    assert ocode("send", session, prompt).everything == ""
    ran = ocode("wait", session, "--json")
    assert (ran.code, ran.json["state"], ask_of(ran)["answerer"]) == (Exit.HUMAN, "human", "human")
    assert ocode("allow", ask_of(ran)["id"], "once").code == Exit.HUMAN
    waiting = ocode.begun("wait", session, "--human")
    operator.answer(operator.ask(session), "once")
    assert waiting.ended().code == 0
    assert (ocode("read", session).out, made.exists()) == ("Made.\n", True)
    made.unlink()


def test_events_of_a_session(ocode: Ocode, proxied: Proxied) -> None:
    """From before a turn to the session's end; the value that the turn tells is in none of them."""
    secret = proxied.canaries["API_TOKEN"]
    session = ocode.new()
    tail = ocode.begun("tail", session, "--json")
    poll(lambda: proxied.proxy.series().get("egress_event_streams"))
    ocode("prompt", session, proxied.model.script("ocode-tail", Text(["It is ", secret[:9], secret[9:], " there."])))
    assert ocode("rm", session).code == 0
    ran = tail.ended()
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.code == 0
    assert {line["session"] for line in lines if line["type"] != "egress.stream"} == {session}
    assert {"message.part.updated", "session.idle", "session.deleted"} <= {line["type"] for line in lines}
    assert "[redacted:KNOWN:API_TOKEN]" in ran.out
    assert proxied.canaries.leaks(ran.everything) == []


def test_what_was_stored_is_enough(ocode: Ocode, proxied: Proxied) -> None:
    """After `login` no verb but `new` is told anything but its session."""
    stored = Ocode("", "", "", ocode.home)
    assert stored("login", "--url", ocode.url, stdin=ocode.token).code == 0
    assert stored("login", "--url", ocode.url, stdin=ocode.token[:-1]).code == Exit.UNAUTHENTICATED
    session = stored("new", "--dir", str(proxied.world.plain), "--agent", "plan", "--json").json
    assert (session["directory"], session["agent"]) == (str(proxied.world.plain), "plan")
    assert session["id"] in stored("sessions").out
    prompt = proxied.model.script("ocode-plan", Text(lambda seen: f"Plan: {'plan' in str(seen.body).lower()}"))
    assert stored("prompt", session["id"][:-1], "--file", str(written(ocode.home, prompt))).out == "Plan: True\n"
    ran = stored("doctor", "--json")
    found = {one["name"]: one["told"] for one in ran.json["findings"]}
    assert (ran.code, ran.json["ok"]) == (0, True)
    assert found["versions"].endswith(f"opencode {proxied.bare.version}")
    assert (found["agents"], found["directory"]) == ("build, plan", str(proxied.world.project))


def written(home: Path, text: str) -> Path:
    made = home / "brief.md"
    made.write_text(text, encoding="utf-8")
    return made
