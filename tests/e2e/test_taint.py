"""Values that no source declares and no rule knows: what a session's tools have shown, its replies do not repeat.

The file is an env file that the proxy's configuration does not name. Against bare opencode the same replies show its
values: the negative control.
"""

from __future__ import annotations

import base64
import gzip
import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Bare, Proxied
from tests.e2e.speech import tune_in
from tests.e2e.test_ocode import Ocode
from tests.kit.agent import Agent, poll
from tests.kit.client import Answer
from tests.kit.model import Model
from tests.kit.script import Calls, Text, call, marked
from tests.kit.world import World

pytestmark = pytest.mark.e2e

_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Planted:
    """The undeclared file and what it holds: a weak password, a phrase of words, a random token."""

    path: Path
    password: str
    phrase: str
    token: str

    def leaks(self, body: bytes | str) -> list[str]:
        """The names of the values that stand in `body` as they are."""
        text = body if isinstance(body, str) else body.decode()
        return [name for name in ("password", "phrase", "token") if getattr(self, name) in text]


def plant(world: World) -> Planted:
    dice = random.Random("undeclared")
    password = "hunter" + str(dice.randrange(2, 9))
    phrase = " ".join(dice.sample(("correct", "horse", "battery", "staple", "orbit"), 4))
    token = "".join(dice.choices(_LETTERS, k=20))
    path = world.project / ".env.local"
    path.write_text(
        f'DB_PASSWORD={password}\nVAULT_PASSPHRASE="{phrase}"\nSEED={token}\nPORT=8080\nAPP_ENV=development\n'
    )
    return Planted(path, password, phrase, token)


@pytest.fixture
def planted(bare: Bare) -> Iterator[Planted]:
    made = plant(bare.world)
    yield made
    made.path.unlink()


def cat(planted: Planted) -> Calls:
    return call("bash", command=f"cat {planted.path.name}", description="Read the settings")


def said(planted: Planted) -> str:
    return f"It says {planted.password}, then {planted.phrase}, and {planted.token}."


REDACTED = (
    "It says [redacted:TAINTED:DB_PASSWORD], then [redacted:TAINTED:VAULT_PASSPHRASE], and [redacted:TAINTED:SEED]."
)


def texts(answer: Answer) -> list[str]:
    """The texts of the agent's messages in an answer of one or many."""
    found = answer.json if isinstance(answer.json, list) else [answer.json]
    messages = [message for message in found if message["info"]["role"] == "assistant"]
    return [part["text"] for message in messages for part in message["parts"] if part["type"] == "text"]


def test_bare_opencode_repeats_it(bare: Bare, planted: Planted) -> None:
    agent, session = bare.agent(), bare.agent().session()
    reply = agent.prompt(session, bare.model.script("taint-bare", cat(planted), Text(said(planted))))
    assert texts(reply) == [said(planted)]
    assert planted.leaks(agent.messages(session).body) == ["password", "phrase", "token"]


def test_a_reply_does_not_repeat_what_a_command_printed(proxied: Proxied, planted: Planted) -> None:
    agent, session = proxied.agent(), proxied.agent().session()
    reply = agent.prompt(session, proxied.model.script("taint-reply", cat(planted), Text(said(planted))))
    assert (texts(reply), planted.leaks(reply.everything)) == ([REDACTED], [])
    listed = agent.messages(session)
    assert (texts(listed)[-1], planted.leaks(listed.everything)) == (REDACTED, [])
    record = next(record for record in proxied.proxy.audit_lines() if record["session"] == session)
    assert "tainted_value" in record["reasons"]
    tainted = {span["name"] for span in record["spans"] if span["detector"] == "tainted-value"}
    assert tainted == {"DB_PASSWORD", "VAULT_PASSPHRASE", "SEED"}


def test_a_message_that_is_read_alone_does_not_either(proxied: Proxied, planted: Planted) -> None:
    """No event stream is open, and of the session the proxy has seen nothing but an empty answer."""
    agent, session = proxied.agent(), proxied.agent().session()
    behind = proxied.bare.agent()
    agent.prompt_async(session, proxied.model.script("taint-alone", cat(planted), Text(said(planted))))
    last = poll(lambda: [one for one in behind.messages(session).json if one["info"].get("finish") == "stop"])
    reply = agent.client.get(f"/session/{session}/message/{last[-1]['info']['id']}")
    assert (texts(reply), planted.leaks(reply.everything)) == ([REDACTED], [])
    page = agent.client.get(f"/session/{session}/message", limit="1")
    assert (texts(page), planted.leaks(page.everything)) == ([REDACTED], [])


@pytest.mark.parametrize("path", ["/event", "/global/event"])
def test_events_do_not_either(proxied: Proxied, planted: Planted, path: str) -> None:
    agent = proxied.agent()
    with agent.client.events(path) as events:
        tune_in(events, agent)
        session = agent.session()
        agent.prompt(session, proxied.model.script("taint-events", cat(planted), Text(said(planted))))
        events.wait(lambda frame: "[redacted:TAINTED:DB_PASSWORD]" in str(frame))
        events.wait_type("session.idle", sessionID=session)
        assert planted.leaks(events.everything) == []


def test_a_stream_that_is_opened_late_does_not_either(proxied: Proxied, planted: Planted) -> None:
    """The tool's frames went by before the stream was opened."""
    agent, session = proxied.agent(), proxied.agent().session()
    slow = Text(["Let me see. ", *said(planted)], delay=0.05)
    agent.prompt_async(session, proxied.model.script("taint-late", cat(planted), slow))
    poll(lambda: [one for one in proxied.bare.agent().messages(session).json if "8080" in str(one)])
    with agent.client.events() as events:
        events.wait_type("session.idle", sessionID=session)
        assert planted.leaks(events.everything) == []
    assert "[redacted:TAINTED:DB_PASSWORD]" in str(events.frames)


def test_ocode_prints_none_of_it(proxied: Proxied, planted: Planted, tmp_path: Path) -> None:
    ocode = Ocode(proxied.proxy.url, proxied.proxy.token, str(proxied.world.project), tmp_path)
    session = ocode.new()
    proxied.model.script("taint-ocode", cat(planted), Text(said(planted)))
    printed = ocode("prompt", session, marked("taint-ocode", "go")).out, ocode("read", session, "--all").out
    assert printed[0] == f"{REDACTED}\n"
    assert [planted.leaks(text) for text in printed] == [[], []]


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def backwards(text: str) -> str:
    return text[::-1]


def in_hex(text: str) -> str:
    return text.encode().hex()


def hex_in_base64(text: str) -> str:
    return encoded(in_hex(text))


def gzip_in_base64(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode())).decode()


FORMS = (encoded, in_hex, backwards, hex_in_base64, gzip_in_base64)


def test_bare_opencode_repeats_other_forms(bare: Bare, planted: Planted) -> None:
    agent, session = bare.agent(), bare.agent().session()
    said = " ".join(form(planted.token) for form in FORMS)
    reply = agent.prompt(session, bare.model.script("taint-bare-forms", cat(planted), Text(said)))
    assert texts(reply) == [said]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["password", "phrase", "token"])
def test_in_another_form_it_is_withheld(
    proxied: Proxied, planted: Planted, name: str, form: Callable[[str], str]
) -> None:
    if (name, form) == ("password", backwards):
        pytest.skip("shorter than eight characters: as it is, and in its longer forms, only")
    agent, session = proxied.agent(), proxied.agent().session()
    before = proxied.proxy.series().get('egress_alerts_total{channel="message"}', 0)
    script = proxied.model.script("taint-form", cat(planted), Text(f"It is {form(getattr(planted, name))} here."))
    assert texts(agent.prompt(session, script)) == ["[withheld:known_value_encoded]"]
    assert proxied.proxy.series()['egress_alerts_total{channel="message"}'] == before + 1


def test_the_second_half_is_withheld(proxied: Proxied, planted: Planted) -> None:
    agent, session = proxied.agent(), proxied.agent().session()
    halves = [f"It starts with {planted.token[:10]}.", f"It goes on with {planted.token[10:]}."]
    replies = [
        texts(
            agent.prompt(session, proxied.model.script(f"taint-half-{number}", *([cat(planted)][number:]), Text(half)))
        )
        for number, half in enumerate(halves)
    ]
    assert replies == [[halves[0]], ["[withheld:known_value_encoded]"]]
    again = [text for text in texts(agent.messages(session)) if text]
    assert again == texts(agent.messages(session)) == [halves[0], "[withheld:known_value_encoded]"]


def test_halves_of_a_declared_value_are_recognised_too(proxied: Proxied) -> None:
    agent, session = proxied.agent(), proxied.agent().session()
    value = proxied.canaries["DATABASE_URL_PASSWORD"]
    halves = [f"First `{value[:7]}`.", f"Then `{value[7:]}`."]
    replies = [
        texts(agent.prompt(session, proxied.model.script(f"known-half-{number}", Text(half))))
        for number, half in enumerate(halves)
    ]
    assert replies == [[halves[0]], ["[withheld:known_value_encoded]"]]


def test_another_session_may_use_the_same_words(proxied: Proxied, planted: Planted) -> None:
    agent, session = proxied.agent(), proxied.agent().session()
    agent.prompt(session, proxied.model.script("taint-mine", cat(planted), Text("Read.")))
    other = agent.session()
    text = f"A phrase such as {planted.phrase} is no good."
    assert texts(agent.prompt(other, proxied.model.script("taint-other", Text(text)))) == [text]


def test_the_agent_can_still_say_what_it_did(proxied: Proxied, planted: Planted) -> None:
    text = (
        "I read `.env.local`: it sets DB_PASSWORD, VAULT_PASSPHRASE and SEED, and PORT=8080 on line 4, for development."
        " src/app.py uses `load_settings()`; see commit 3f1a9c2 and README.md. All 12 tests passed in 3.4s."
    )
    agent, session = proxied.agent(), proxied.agent().session()
    reply = agent.prompt(
        session,
        proxied.model.script(
            "taint-talk", cat(planted), call("bash", command="git log -3 && ls -la", description="Look"), Text(text)
        ),
    )
    assert texts(reply) == [text]


def test_what_a_sub_agent_read_its_parent_does_not_repeat(proxied: Proxied, planted: Planted) -> None:
    model = proxied.model
    agent, session = proxied.agent(), proxied.agent().session()
    inner = model.script("taint-inner", cat(planted), Text("I know it."))
    task = call("task", description="Ask a child", prompt=inner, subagent_type="general")
    reply = agent.prompt(session, model.script("taint-outer", task, Text(said(planted))))
    assert (texts(reply), planted.leaks(reply.everything)) == ([REDACTED], [])


def test_what_a_parent_read_its_sub_agent_does_not_repeat(proxied: Proxied, planted: Planted) -> None:
    """Neither in its reply nor in the title that its parent gives it."""
    model = proxied.model
    agent, session = proxied.agent(), proxied.agent().session()
    inner = model.script("taint-below", Text(said(planted)))
    task = call("task", description=f"Use {planted.password} now", prompt=inner, subagent_type="general")
    agent.prompt(session, model.script("taint-above", cat(planted), task, Text("Done.")))
    children = agent.client.get(f"/session/{session}/children")
    (child,) = children.json
    assert child["title"].startswith("Use [redacted:TAINTED:DB_PASSWORD] now")
    answers = [
        children,
        agent.messages(child["id"]),
        agent.client.get(f"/session/{child['id']}"),
        agent.client.get("/session"),
    ]
    assert [planted.leaks(answer.everything) for answer in answers] == [[]] * 4
    assert texts(answers[1])[-1] == REDACTED


def asks(agent: Agent, model: Model, planted: Planted) -> tuple[Answer, Answer]:
    """A pending permission and a pending question that name the value."""
    outside = planted.path.parents[2] / planted.password / "notes.txt"
    first, second = agent.session(), agent.session()
    agent.prompt_async(
        first, model.script("taint-ask", cat(planted), call("read", filePath=str(outside)), Text("Done."))
    )
    question = {
        "question": f"Is {planted.password} right?",
        "header": "Check",
        "options": [{"label": "Yes", "description": planted.phrase}],
    }
    agent.prompt_async(
        second, model.script("taint-question", cat(planted), call("question", questions=[question]), Text("Done."))
    )
    ask, asked = agent.ask(first), agent.question(second)
    found = agent.client.get("/permission"), agent.client.get("/question")
    agent.answer(ask, "reject")
    agent.client.post(f"/question/{asked['id']}/reject")
    agent.until_idle(first)
    agent.until_idle(second)
    return found


def test_an_ask_names_it_on_bare_opencode(bare: Bare, planted: Planted) -> None:
    permission, question = asks(bare.agent(), bare.model, planted)
    assert planted.leaks(permission.body) == ["password"]
    assert planted.leaks(question.body) == ["password", "phrase"]


def test_no_ask_names_it(proxied: Proxied, planted: Planted) -> None:
    permission, question = asks(proxied.agent(), proxied.model, planted)
    assert [planted.leaks(answer.everything) for answer in (permission, question)] == [[], []]
    assert b"[redacted:TAINTED:DB_PASSWORD]" in question.body


def test_neither_a_todo_nor_a_file_name_names_it(proxied: Proxied, planted: Planted) -> None:
    agent, session = proxied.agent(), proxied.agent().session()
    item = {"id": "1", "content": f"Rotate {planted.password}", "status": "pending", "priority": "low"}
    touch = call("bash", command=f"touch {planted.password}-{planted.token}.txt", description="Make a file")
    remove = call("bash", command=f"rm {planted.password}-{planted.token}.txt", description="Clean up")
    agent.prompt(
        session,
        proxied.model.script("taint-todo", cat(planted), call("todowrite", todos=[item]), touch, Text("Noted.")),
    )
    todo, files = agent.client.get(f"/session/{session}/todo"), agent.client.get("/file?path=")
    agent.prompt(session, proxied.model.script("taint-clean", remove, Text("Gone.")))
    assert planted.leaks(todo.everything + files.everything) == []
    assert b"[redacted:TAINTED:DB_PASSWORD]" in todo.body
    assert b"[redacted:" in files.body
