"""Captures what a real server says, as small JSON files for the tests of the typed decoders.

    python -m tests.kit.samples            # writes tests/data/samples/<version>/*.json

Planted values are replaced by `<NAME>` and the world's path by `/world`; the capture refuses to write what still leaks.
Long lists, maps and texts are cut. Samples show shapes; what may cross is decided against the running server, never
against them.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.kit import binaries
from tests.kit.agent import Agent, file_part, poll, text_part
from tests.kit.canaries import Canaries
from tests.kit.client import Answer, Client, properties_of
from tests.kit.model import Model
from tests.kit.opencode import ASK_FOR_BASH, MODELS, PROVIDER, OpenCode
from tests.kit.script import Calls, Error, Hang, Reasoning, Text, call
from tests.kit.trimming import cut, events_by_type, masked, parts_by_kind
from tests.kit.world import World, plant

OUTPUT = Path(__file__).resolve().parents[1] / "data" / "samples"
_FIRST_FRAMES = 8
_UNKNOWN = "doesnotexist00000000000000"
_STREAMS_TRAIL_S = 1.0

CATALOGUE: Final[Mapping[str, str]] = {
    "global_health": "/global/health",
    "config": "/config",
    "global_config": "/global/config",
    "config_providers": "/config/providers",
    "provider": "/provider",
    "provider_auth": "/provider/auth",
    "agent": "/agent",
    "project": "/project",
    "project_current": "/project/current",
    "path": "/path",
    "vcs": "/vcs",
    "vcs_status": "/vcs/status",
    "vcs_diff": "/vcs/diff?mode=git",
    "command": "/command",
    "skill": "/skill",
    "mcp": "/mcp",
    "lsp": "/lsp",
    "formatter": "/formatter",
    "tool_ids": "/experimental/tool/ids",
    "file_list": "/file?path=.",
    "file_status": "/file/status",
    "file_content": "/file/content?path=.env",
    "file_content_readme": "/file/content?path=README.md",
    "find": "/find?pattern=TOKEN",
    "find_file": "/find/file?query=settings",
    "find_symbol": "/find/symbol?query=main",
    "session_list_empty": "/session",
    "session_status_empty": "/session/status",
    "permission_empty": "/permission",
    "question_empty": "/question",
}
"""The resources that need no session."""


@dataclass
class Capture:
    """One version's running server and the samples taken from it so far."""

    opencode: OpenCode
    model: Model
    world: World
    samples: dict[str, Any] = field(default_factory=dict, repr=False)
    text_session: str = ""

    @property
    def client(self) -> Client:
        """A client of the git project."""
        return self.opencode.client(self.world.project)

    @property
    def agent(self) -> Agent:
        """A user of the git project."""
        return Agent(self.client)

    def keep(self, name: str, answer: Answer) -> Any:
        """Keep an answer under a name: the body alone when it is a 200 with JSON, else the status, type and body."""
        body = _decoded(answer)
        kind = answer.header("content-type")
        plain = answer.status == 200 and "json" in kind
        self.samples[name] = body if plain else {"status": answer.status, "content_type": kind, "body": body}
        return body

    def keep_get(self, name: str, path: str, **query: str) -> Any:
        """Keep the answer to a GET."""
        return self.keep(name, self.client.get(path, **query))

    def keep_parts(self, name: str, session: str) -> None:
        """Keep one of each kind of part in a session's messages."""
        self.samples[name] = parts_by_kind(self.agent.messages(session).json)


def _decoded(answer: Answer) -> Any:
    try:
        return answer.json
    except ValueError:
        return answer.text


def catalogue(capture: Capture) -> None:
    for name, path in CATALOGUE.items():
        capture.keep_get(name, path)
    plain = capture.opencode.client(capture.world.plain)
    for name in ("project_current", "path", "vcs"):
        capture.keep(f"{name}_without_git", plain.get(CATALOGUE[name]))


def errors(capture: Capture) -> None:
    """Bodies of refusals, all of which the proxy must replace."""
    client = capture.client
    capture.keep_get("error_404_session", f"/session/ses_{_UNKNOWN}")
    capture.keep("error_404_permission", client.post(f"/permission/per_{_UNKNOWN}/reply", {"reply": "once"}))
    capture.keep("error_404_question", client.post(f"/question/que_{_UNKNOWN}/reply", {"answers": [["x"]]}))
    capture.keep_get("error_400_session_id", "/session/not-an-id")
    capture.keep("error_400_body", client.post("/session", {"title": 5}))
    capture.keep("error_400_json", client.call("POST", "/session", b"{"))
    capture.keep_get("error_400_directory", "/session?directory=/a")
    session = capture.agent.session()
    capture.keep("error_400_parts", client.post(f"/session/{session}/message", {"parts": [{"type": "text"}]}))
    capture.keep_get("error_404_message", f"/session/{session}/message/msg_{_UNKNOWN}")
    capture.keep("error_unknown_agent", capture.agent.prompt(session, "x", agent="nobody"))
    # 1.18.33 puts the whole text of an opencode.json that does not parse, references resolved, into its error.
    capture.keep("error_broken_configuration", capture.opencode.client(capture.world.broken).get("/agent"))
    capture.samples["unknown_path"] = _bare(client.get("/no/such/path"))
    capture.samples["error_401"] = _bare(Client(capture.opencode.url).get("/config"))


def _bare(answer: Answer) -> dict[str, Any]:
    headers = {name: value for name, value in answer.headers.items() if name != "Date"}
    return {"status": answer.status, "headers": headers, "body": answer.text[:80]}


def text_reply(capture: Capture) -> None:
    """A prompt answered with a text, and the session's own resources."""
    title = "A scripted title"
    capture.keep("session_create", capture.client.post("/session", {"title": "Given title"}))
    session = capture.text_session = capture.agent.session()
    marker = capture.model.script("text", Reasoning("Let me think.", ["Hel", "lo ", "there."]), title=title)
    capture.keep("message_post_text", capture.agent.prompt(session, marker))
    poll(lambda: capture.client.get(f"/session/{session}").json["title"] == title)
    capture.keep_get("session_get", f"/session/{session}")
    capture.keep_get("session_list", "/session")
    capture.keep("session_patch", capture.client.patch(f"/session/{session}", {"title": "Renamed"}))
    capture.keep("session_fork", capture.client.post(f"/session/{session}/fork", {}))
    capture.keep_get("session_diff_empty", f"/session/{session}/diff")
    capture.keep("session_delete", capture.client.delete(f"/session/{session}"))


def tools(capture: Capture) -> None:
    """Tool calls that run unasked: read, search, write, edit, todo and a failing one."""
    project = capture.world.project
    todo = {"id": "1", "content": "Look around", "status": "in_progress", "priority": "high"}
    turns = (
        call("read", "Reading.", filePath=str(project / "README.md")),
        call("grep", pattern="TOKEN", path=str(project)),
        call("write", filePath=str(project / "made.txt"), content="one\n"),
        call("edit", filePath=str(project / "README.md"), oldString="A small service.", newString="A service."),
        call("todowrite", todos=[todo]),
        call("read", filePath=str(project / "missing.txt")),
        Text(lambda seen: f"I saw {len(seen.tool_results)} results."),
    )
    session = capture.agent.session()
    reply = capture.keep("message_post_tool", capture.agent.prompt(session, capture.model.script("tools", *turns)))
    messages = capture.keep_get("messages", f"/session/{session}/message")
    capture.keep_parts("parts", session)
    capture.keep_get("message_get", f"/session/{session}/message/{reply['info']['id']}")
    capture.keep_get("messages_page", f"/session/{session}/message", limit="1")
    capture.keep_get("todo", f"/session/{session}/todo")
    capture.keep_get("session_diff", f"/session/{session}/diff")
    capture.keep_get("session_diff_of_message", f"/session/{session}/diff", messageID=messages[0]["info"]["id"])
    capture.keep_get("session_get_after_edit", f"/session/{session}")


def attachment(capture: Capture) -> None:
    """A file:// attachment, which the server expands into a synthetic text part without asking."""
    session = capture.agent.session()
    marker = capture.model.script("attachment", Text("Thank you."))
    capture.agent.prompt(session, marker, file_part(capture.world.env_file))
    capture.keep_get("messages_attachment", f"/session/{session}/message")
    capture.keep_parts("parts_attachment", session)


def asks(capture: Capture) -> None:
    """Permission asks for a read of .env, for shell commands and for a file outside, and the replies to them."""
    command = "printenv HOME && cat .env | head -1"
    _ask(capture, "permission_read_env", call("read", filePath=str(capture.world.env_file)), "once")
    _ask(capture, "permission_bash", call("bash", command=command, description="Look at it"), "reject")
    _ask(capture, "permission_bash_once", call("bash", command="cat .env", description="Read it"), "once")
    _ask(capture, "permission_external", call("read", filePath=str(capture.world.forbidden / "secret.txt")), "reject")


def _ask(capture: Capture, name: str, turn: Calls, reply: str) -> None:
    session = capture.agent.session()
    marker = capture.model.script(name, turn, Text(lambda seen: f"Got {len(seen.tool_results)}."))
    capture.agent.prompt_async(session, marker)
    ask = capture.agent.ask(session)
    capture.keep_get(name, "/permission")
    capture.keep_get(f"session_status_blocked_on_{name}", "/session/status")
    capture.keep(f"{name}_reply", capture.agent.answer(ask, reply))
    capture.agent.until_idle(session)
    capture.keep_parts(f"parts_{name}", session)


def question(capture: Capture) -> None:
    """A question of the model's, and the answer to it."""
    options = [{"label": "Red", "description": "Like a rose"}, {"label": "Blue", "description": "Like the sky"}]
    asked = call("question", questions=[{"question": "Which colour?", "header": "Colour", "options": options}])
    session = capture.agent.session()
    marker = capture.model.script("question", asked, Text("Fine."))
    capture.keep("prompt_async", capture.agent.prompt_async(session, marker))
    found = capture.agent.question(session)
    capture.keep_get("question", "/question")
    capture.keep_get("session_status_blocked_on_question", "/session/status")
    capture.keep("question_reply", capture.client.post(f"/question/{found['id']}/reply", {"answers": [["Red"]]}))
    capture.agent.until_idle(session)
    capture.keep_parts("parts_question", session)


def children(capture: Capture) -> None:
    """A sub-agent, which works in a child session of its own."""
    child = capture.model.script("child", Text("The child's answer."))
    task = call("task", description="Ask a child", prompt=f"{child} do it", subagent_type="general")
    session = capture.agent.session()
    capture.agent.prompt(session, capture.model.script("parent", task, Text("The child has answered.")))
    capture.keep_get("session_children", f"/session/{session}/children")
    capture.keep_parts("parts_task", session)


def failures(capture: Capture) -> None:
    """A model that refuses, one that is overloaded (retry), and one that hangs until it is aborted."""
    session = capture.agent.session()
    refused = capture.model.script("refused", Error(400, "context of the refusal"))
    capture.keep("message_post_error", capture.agent.prompt(session, refused))
    capture.keep_get("messages_error", f"/session/{session}/message")
    retried = _until(capture, "retry", capture.model.script("overloaded", Error(503, "context of the overload")))
    capture.keep_get("session_status_retry", "/session/status")
    capture.keep("session_abort", capture.client.post(f"/session/{retried}/abort"))
    with capture.client.events() as events:
        hung = _until(capture, "busy", capture.model.script("hang", Hang(text="Wait")))
        capture.keep_get("session_status_busy", "/session/status")
        events.wait_type("message.part.delta", sessionID=hung)
    capture.client.post(f"/session/{hung}/abort")
    capture.agent.until_idle(hung)
    capture.keep_get("messages_aborted", f"/session/{hung}/message")


def _until(capture: Capture, status: str, marker: str) -> str:
    session = capture.agent.session()
    capture.agent.prompt_async(session, marker)
    poll(lambda: capture.agent.status(session).get("type") == status)
    return session


def compaction(capture: Capture) -> None:
    """A summarised session."""
    session = capture.agent.session()
    capture.agent.prompt(session, capture.model.script("long", Text("A long story.")))
    body = {"providerID": PROVIDER, "modelID": MODELS[0]}
    capture.keep("session_summarize", capture.client.post(f"/session/{session}/summarize", body))
    capture.keep_get("messages_compacted", f"/session/{session}/message")
    capture.keep_parts("parts_compacted", session)


def synthetic_parts(capture: Capture) -> None:
    """What noReply does: a user message that no model answers."""
    session = capture.agent.session()
    body = {"noReply": True, "parts": [text_part("For the record.")]}
    capture.keep("message_post_no_reply", capture.client.post(f"/session/{session}/message", body))


SCENARIOS = (
    catalogue,
    errors,
    text_reply,
    tools,
    attachment,
    asks,
    question,
    children,
    failures,
    compaction,
    synthetic_parts,
)


def run(capture: Capture) -> None:
    """Run every scenario while both event streams are read, and keep their frames too."""
    with capture.client.events("/event") as events, capture.opencode.client().events("/global/event") as everywhere:
        for scenario in SCENARIOS:
            scenario(capture)
        time.sleep(_STREAMS_TRAIL_S)
    of_text = [frame for frame in events.frames if properties_of(frame).get("sessionID") == capture.text_session]
    capture.samples["events_first"] = {"frames": events.frames[:_FIRST_FRAMES]}
    capture.samples["events_of_a_text_reply"] = {"frames": of_text}
    capture.samples["events"] = events_by_type(events.frames)
    capture.samples["global_events"] = events_by_type(everywhere.frames)


def write(capture: Capture, folder: Path) -> None:
    """Write every sample. Raise `RuntimeError` with the names of the planted values that masking has missed."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    for name, sample in capture.samples.items():
        text = masked(json.dumps(cut(sample), ensure_ascii=False), capture.world, capture.opencode)
        if leaks := capture.world.canaries.leaks(text):
            raise RuntimeError(f"{name} still leaks {', '.join(leaks)}")
        pretty = json.dumps(json.loads(text), indent=1, ensure_ascii=False)
        (folder / f"{name}.json").write_text(pretty + "\n", encoding="utf-8")


def capture_version(version: str, root: Path, folder: Path) -> None:
    """Capture one version's samples, with its state and the planted world below `root`, into `folder`."""
    canaries = Canaries.planted()
    world = plant(root / "world", canaries)
    with Model() as model:
        opencode = OpenCode(
            version,
            root / "state",
            world.project,
            model.url,
            canaries,
            permission=ASK_FOR_BASH,
            all_models=True,
            snapshots=True,
        )
        with opencode:
            capture = Capture(opencode, model, world)
            run(capture)
            write(capture, folder)


def main() -> None:
    """Capture every version."""
    for version in binaries.VERSIONS:
        with tempfile.TemporaryDirectory() as root:
            capture_version(version, Path(root).resolve(), OUTPUT / version)


if __name__ == "__main__":
    main()
