"""Where secrets come out of opencode: the requests and scenarios that every leak test runs.

They are run twice. Against bare opencode each must leak (`test_bare_controls.py`): that proves that the test can see a
leak. Against the proxy none may. A scenario gives its surfaces, the bytes a client could read, by name.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tests.kit.agent import Agent, file_part
from tests.kit.client import Answer
from tests.kit.model import Model
from tests.kit.script import Calls, Error, Reasoning, Seen, Text, call
from tests.kit.world import World

Surfaces = Mapping[str, bytes]
Scenario = Callable[[Agent, Model, World], Surfaces]

_CONFIGURED = ("PROVIDER_API_KEY", "PROVIDER_HEADER", "MODEL_HEADER", "OTHER_API_KEY")
_MCP = ("MCP_ENVIRONMENT", "MCP_HEADER")
_ENV = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "DB_PASSWORD",
    "DATABASE_URL_PASSWORD",
    "API_TOKEN",
)


@dataclass(frozen=True)
class Read:
    """A GET and the planted values that bare opencode answers it with. `versions` is empty for all."""

    path: str
    leaks: tuple[str, ...]
    versions: tuple[str, ...] = ()


READS: Final = (
    Read("/config", (*_CONFIGURED, *_MCP)),
    Read("/global/config", (*_CONFIGURED, *_MCP)),
    Read("/config/providers", _CONFIGURED),
    Read("/provider", _CONFIGURED),
    Read("/file/content?path=.env", _ENV),
    Read("/file/content?path=src/app.py", ("COMMITTED_TOKEN",)),
    Read("/find?pattern=TOKEN", ("COMMITTED_TOKEN", "MODIFIED_TOKEN")),
    Read("/vcs/diff?mode=git", ("MODIFIED_TOKEN",)),
    Read("/vcs/diff/raw", ("MODIFIED_TOKEN",)),
    Read("/api/fs/read/.env", _ENV, ("1.18.33",)),
)
"""In the git project, without a session, without any permission asked."""


def messages(agent: Agent, session: str, reply: Answer | None = None) -> dict[str, bytes]:
    """Give the surfaces of a session's messages, and of a prompt's reply if there is one."""
    listed = agent.messages(session)
    found = {"messages": listed.body}
    if reply is not None:
        found["reply"] = reply.body
    for message in listed.json if listed.status == 200 else ():
        single = agent.client.get(f"/session/{session}/message/{message['info']['id']}")
        found["each message"] = found.get("each message", b"") + single.body
    return found


def tool_output(agent: Agent, model: Model, _: World) -> Surfaces:
    """A shell command prints .env: the tool part holds its output and its preview, though the reply is harmless."""
    session = agent.session()
    agent.prompt(session, model.script("tool-output", _cat_env(), Text("I have read it.")))
    return messages(agent, session)


def plain_echo(agent: Agent, model: Model, _: World) -> Surfaces:
    """The model repeats what it read."""
    return _echo(agent, model, "plain-echo", lambda text: [text])


def base64_echo(agent: Agent, model: Model, _: World) -> Surfaces:
    """The model repeats what it read, encoded."""
    return _echo(agent, model, "base64-echo", lambda text: [base64.b64encode(text.encode()).decode()])


def split_echo(agent: Agent, model: Model, _: World) -> Surfaces:
    """The model repeats what it read, a few characters a delta, so that no event holds a whole value."""
    return _echo(agent, model, "split-echo", lambda text: [text[i : i + 5] for i in range(0, len(text), 5)])


def spelt_echo(agent: Agent, model: Model, _: World) -> Surfaces:
    """The model spells out what it read."""
    return _echo(agent, model, "spelt-echo", lambda text: ["-".join(text)])


def reasoning(agent: Agent, model: Model, _: World) -> Surfaces:
    """The model thinks about what it read, and says nothing."""
    session = agent.session()
    turn = Reasoning(lambda seen: seen.tool_results[-1], "All is well.")
    reply = agent.prompt(session, model.script("reasoning", _cat_env(), turn))
    return messages(agent, session, reply)


def attachment(agent: Agent, model: Model, world: World) -> Surfaces:
    """A file:// part is expanded into synthetic text parts with the whole file, without asking."""
    session = agent.session()
    agent.prompt(session, model.script("attachment", Text("Thank you.")), file_part(world.env_file))
    return {"messages": agent.messages(session).body}


def todo(agent: Agent, model: Model, world: World) -> Surfaces:
    """The model writes a value into its list of things to do."""
    item = {"id": "1", "content": world.canaries["API_TOKEN"], "status": "pending", "priority": "low"}
    session = agent.session()
    agent.prompt(session, model.script("todo", call("todowrite", todos=[item]), Text("Noted.")))
    return {"todo": agent.client.get(f"/session/{session}/todo").body}


def model_error(agent: Agent, model: Model, world: World) -> Surfaces:
    """The inference server quotes the prompt in its error."""
    session = agent.session()
    reply = agent.prompt(
        session, model.script("model-error", Error(400, f"bad input: {world.canaries['DB_PASSWORD']}"))
    )
    return messages(agent, session, reply)


def child(agent: Agent, model: Model, _: World) -> Surfaces:
    """A sub-agent reads .env in a session of its own, and its parent hears of it."""
    inner = model.script("child-inner", _cat_env(), Text(_last_result))
    task = call("task", description="Ask a child", prompt=inner, subagent_type="general")
    session = agent.session()
    agent.prompt(session, model.script("child", task, Text("The child has answered.")))
    children = agent.client.get(f"/session/{session}/children").json
    inside = b"".join(agent.messages(str(found["id"])).body for found in children)
    return {"messages": agent.messages(session).body, "the child's messages": inside}


SCENARIOS: Final[tuple[Scenario, ...]] = (
    tool_output,
    plain_echo,
    base64_echo,
    split_echo,
    spelt_echo,
    reasoning,
    attachment,
    todo,
    model_error,
    child,
)
"""Those that end by themselves. On a server with default permissions none of them asks."""


def title(agent: Agent, model: Model, world: World) -> str:
    """Start a session whose title the model writes a value into, and give its id. The title comes after the reply."""
    session = agent.session()
    agent.prompt(session, model.script("title", Text("Hello."), title=f"About {world.canaries['API_TOKEN']}"))
    return session


def permission(agent: Agent, model: Model, world: World) -> str:
    """Start a session that stops at an ask whose patterns name a value, and give its id."""
    outside = world.root / world.canaries["API_TOKEN"] / "notes.txt"
    session = agent.session()
    agent.prompt_async(session, model.script("permission", call("read", filePath=str(outside)), Text("Done.")))
    return session


def question(agent: Agent, model: Model, world: World) -> str:
    """Start a session that stops at a question which names a value in its text and its options, and give its id."""
    value = world.canaries["API_TOKEN"]
    options = [{"label": f"Use {value}"[:40], "description": value}, {"label": "No", "description": "Another"}]
    asked = {"question": f"Is {value} right?", "header": "Check", "options": options}
    session = agent.session()
    agent.prompt_async(session, model.script("question", call("question", questions=[asked]), Text("Done.")))
    return session


def retry(agent: Agent, model: Model, world: World) -> str:
    """Start a session that waits to retry after an overload whose text names a value, and give its id."""
    session = agent.session()
    agent.prompt_async(session, model.script("retry", Error(503, f"busy with {world.canaries['API_TOKEN']}")))
    return session


def _cat_env() -> Calls:
    return call("bash", command="cat .env", description="Read the settings")


def _last_result(seen: Seen) -> str:
    return seen.tool_results[-1]


def _echo(agent: Agent, model: Model, name: str, encode: Callable[[str], list[str]]) -> Surfaces:
    session = agent.session()
    turn = Text(lambda seen: encode(seen.tool_results[-1]))
    reply = agent.prompt(session, model.script(name, _cat_env(), turn))
    return messages(agent, session, reply)
