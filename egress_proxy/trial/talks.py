"""Conversations: what opencode hands out of sessions, of messages and events, asks, errors and history.

Each step drives one session and looks at every answer that a client gets of it. A step that cannot be driven to where a
canary would come out says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

from egress_proxy.config.verify import VALUES_FILE
from egress_proxy.trial.client import Answer, Client, NotReachedError, Stream, until
from egress_proxy.trial.field import MADE, OUTSIDE_FILE, Field
from egress_proxy.trial.scripts import HARMLESS, TITLE
from egress_proxy.trial.speaker import Speaker, marked
from egress_proxy.trial.watch import Watch

STREAMS: Final = {"events": "/event", "global events": "/global/event"}
_SILENT: Final = "the local model was not asked: another configuration of opencode overrides that of the directory"
_UNREAD: Final = "no tool of the local agent has read the planted file"
_HINTS: Final = {
    "directory_forbidden": "; the proxy has not read verify.directory: restart it",
    "unauthenticated": "; the proxy has another state_dir, or is another",
}
_TRIES: Final = 6
_EVENT_SECONDS: Final = 5.0


class Talks:
    """Drives the sessions. `seconds` is the patience with one step; `own` whether the proxy's own operations exist."""

    def __init__(
        self, client: Client, speaker: Speaker, field: Field, watch: Watch, *, own: bool, seconds: float
    ) -> None:
        self._client = client
        self._speaker = speaker
        self._field = field
        self._watch = watch
        self._own = own
        self._seconds = seconds

    def run(self) -> None:
        """All steps, in the order in which one builds on another. Raise `NotReachedError` if there is no session."""
        with (
            self._client.stream(STREAMS["events"]) as events,
            self._client.stream(STREAMS["global events"]) as worldwide,
        ):
            streams = {"events": events, "global events": worldwide}
            session = self._heard_session(streams)
            self._try(("replies", "messages", "titles", "todo"), lambda: self._plain(session))
            self._try(("encoded replies",), lambda: self._encoded(session))
            self._try(("diffs",), lambda: self._diff(session))
            self._try(("history",), lambda: self._fork(session))
            self._try(("attached files",), lambda: self._attached(session))
            self._try(("shell",), lambda: self._shell(session))
            self._try(("asks",), self._ask)
            self._try(("questions",), self._question)
            self._try(("errors",), self._error)
            self._try(("status",), self._retry)
            self._try(("sub-agents",), self._child)
            self._try(("file names",), self._names)
            for name, stream in streams.items():
                self._stream(name, stream, session)

    def _try(self, channels: tuple[str, ...], step: Callable[[], None]) -> None:
        try:
            step()
        except NotReachedError as error:
            for channel in channels:
                self._watch.missed(channel, str(error))

    def session(self) -> str:
        """Make a session. Raise `NotReachedError`."""
        answer = self._client.post("/session", {})
        made = answer.json
        if answer.status != HTTPStatus.OK or not isinstance(made, dict):
            hint = _HINTS.get(answer.reason, "")
            raise NotReachedError(f"a session cannot be made: {answer.reason or f'status {answer.status}'}{hint}")
        return str(made["id"])

    def _heard_session(self, streams: Mapping[str, Stream]) -> str:
        """Make a session that both streams tell of: opencode has just read its configuration anew, and whoever listens
        to it connects again."""
        session = self.session()
        for _ in range(_TRIES):
            if all(stream.heard("session.created", session, seconds=_EVENT_SECONDS) for stream in streams.values()):
                break
            session = self.session()
        return session

    def prompt(self, session: str, script: str, *parts: Mapping[str, str]) -> Answer:
        """Send a prompt and wait for its reply."""
        text = {"type": "text", "text": marked(script)}
        return self._client.post(f"/session/{session}/message", {"parts": [text, *parts]})

    def _begin(self, script: str) -> str:
        """Send a prompt in a session of its own, and do not wait."""
        session = self.session()
        text = {"type": "text", "text": marked(script)}
        self._client.post(f"/session/{session}/prompt_async", {"parts": [text]})
        return session

    def _spoken(self, script: str, *, shown: bool = False) -> str:
        """Why a script was not played, or nothing."""
        if script not in self._speaker.spoken:
            return _SILENT
        return _UNREAD if shown and script not in self._speaker.shown else ""

    def _plain(self, session: str) -> None:
        reply = self.prompt(session, "plain")
        why = self._spoken("plain", shown=True) or _through(reply)
        self._watch.look("replies", reply.everything, exercised=not why, why=why)
        alone = self.prompt(session, "tainted")
        why = self._spoken("tainted") or _through(alone)
        self._watch.look("replies", alone.everything, exercised=not why, why=why)
        self._messages("messages", session, why)
        todo = self._client.get(f"/session/{session}/todo")
        self._watch.look("todo", todo.everything, exercised=bool(todo.json), why="the list of things to do is empty")
        self._title(session)

    def _messages(self, channel: str, session: str, why: str) -> None:
        """All messages of a session, each alone, and a page of them."""
        listed = self._client.get(f"/session/{session}/message")
        why = why or _through(listed)
        self._watch.look(channel, listed.everything, exercised=not why, why=why)
        for message in _ids(listed):
            one = self._client.get(f"/session/{session}/message/{message}")
            self._watch.look(channel, one.everything, exercised=one.status == HTTPStatus.OK, why=_refused(one))
        page = self._client.get(f"/session/{session}/message", limit="1")
        self._watch.look(channel, page.everything, exercised=page.status == HTTPStatus.OK, why=_refused(page))

    def _title(self, session: str) -> None:
        answers: list[Answer] = []

        def titled() -> bool:
            answers[:] = [self._client.get(f"/session/{session}"), self._client.get("/session")]
            return f'"{TITLE}'.encode() in answers[0].body

        came = until(titled, self._seconds)
        for answer in answers:
            self._watch.look("titles", answer.everything, exercised=came, why="the session did not get its title")

    def _encoded(self, session: str) -> None:
        reply = self.prompt(session, "encoded")
        listed = self._client.get(f"/session/{session}/message")
        why = self._spoken("encoded") or _refused(reply) or _refused(listed)
        self._watch.look("encoded replies", reply.everything + listed.everything, exercised=not why, why=why)

    def _diff(self, session: str) -> None:
        if not self._field.git:
            self._watch.absent("diffs", "there is no git: opencode has no diffs")
            return
        messages = _ids(self._client.get(f"/session/{session}/message"))
        answers: list[Answer] = []

        def told() -> bool:
            found = [self._client.get(f"/session/{session}/diff", messageID=one) for one in messages[:1]]
            answers[:] = [self._client.get(f"/session/{session}/diff"), *found]
            return any(MADE.encode() in answer.body for answer in answers)

        came = until(told, self._seconds)
        for answer in answers:
            self._watch.look("diffs", answer.everything, exercised=came, why="no diff of the file that was written")

    def _fork(self, session: str) -> None:
        forked = self._client.post(f"/session/{session}/fork", {})
        made = forked.json.get("id") if isinstance(forked.json, dict) else None
        if not made:
            self._watch.missed("history", f"a session cannot be forked: {_refused(forked)}")
            return
        self._watch.look("history", forked.everything, exercised=True)
        self._messages("history", str(made), "")

    def _attached(self, session: str) -> None:
        """Files of the host that a prompt names. The proxy takes none, and says so."""
        for place in (self._field.inside / VALUES_FILE, self._field.outside / OUTSIDE_FILE):
            part = {"type": "file", "mime": "text/plain", "filename": place.name, "url": place.as_uri()}
            reply = self.prompt(session, "thanks", part)
            listed = self._client.get(f"/session/{session}/message")
            why = _refused(listed) if reply.reason else self._spoken("thanks")
            self._watch.look("attached files", reply.everything + listed.everything, exercised=not why, why=why)

    def _shell(self, session: str) -> None:
        """What runs a command without a model. It reads a file of the trial's own."""
        shell = {"agent": "build", "command": f"cat {VALUES_FILE}"}
        command = {"command": "init", "arguments": f"!`cat {VALUES_FILE}`"}
        for path, body in (("shell", shell), ("command", command)):
            answer = self._client.post(f"/session/{session}/{path}", body)
            if self._own and not answer.reason:
                self._watch.crossed("shell", path)
            self._watch.look("shell", answer.everything, exercised=True, through=path)

    def _ask(self) -> None:
        session = self._begin("ask")
        ask = self._waiting("asks", "/permission", session)
        if ask:
            self._state("asks", session)
            answer = self._client.post(f"/permission/{ask}/reply", {"reply": "reject"})
            self._watch.look("asks", answer.everything, exercised=True)
            self._at_rest(session)

    def _question(self) -> None:
        session = self._begin("question")
        question = self._waiting("questions", "/question", session)
        if question:
            self._state("questions", session)
            answer = self._client.post(f"/question/{question}/reject", {})
            self._watch.look("questions", answer.everything, exercised=True)
            self._at_rest(session)

    def _waiting(self, channel: str, path: str, session: str) -> str:
        """Wait for what a session asks, look at it, and give its id, or nothing."""
        answers: list[Answer] = []
        found: list[str] = []

        def asked() -> bool:
            answers[:] = [self._client.get(path)]
            told = answers[0].json
            asks = told if isinstance(told, list) else []
            found[:] = [str(one["id"]) for one in asks if isinstance(one, dict) and one.get("sessionID") == session]
            return bool(found)

        came = until(asked, self._seconds)
        why = self._spoken("ask" if path == "/permission" else "question") or "the local agent did not ask"
        for answer in answers:
            self._watch.look(channel, answer.everything, exercised=came, why=why)
        return found[0] if found else ""

    def _state(self, channel: str, session: str) -> None:
        """What the proxy itself says of sessions and asks."""
        for path in ("/_egress/asks", f"/_egress/session/{session}/state") if self._own else ():
            answer = self._client.get(path)
            self._watch.look(channel, answer.everything, exercised=answer.status == HTTPStatus.OK, why=_refused(answer))

    def _error(self) -> None:
        session = self.session()
        reply = self.prompt(session, "error")
        listed = self._client.get(f"/session/{session}/message")
        why = self._spoken("error") or _refused(listed)
        self._watch.look("errors", reply.everything + listed.everything, exercised=not why, why=why)
        self._state("errors", session)

    def _retry(self) -> None:
        session = self._begin("retry")
        answers: list[Answer] = []

        def retrying() -> bool:
            answers[:] = [self._client.get("/session/status")]
            told = answers[0].json
            state = told.get(session) if isinstance(told, dict) else None
            return isinstance(state, dict) and state.get("type") == "retry"

        came = until(retrying, self._seconds)
        for answer in answers:
            self._watch.look("status", answer.everything, exercised=came, why="opencode did not try again")
        self._state("status", session)
        self._client.post(f"/session/{session}/abort", {})

    def _child(self) -> None:
        session = self.session()
        self.prompt(session, "child")
        listed = self._client.get(f"/session/{session}/children")
        children = listed.json if isinstance(listed.json, list) else []
        why = self._spoken("inner", shown=True) or ("" if children else "there is no sub-agent's session")
        self._watch.look("sub-agents", listed.everything, exercised=not why, why=why)
        for child in children:
            self._messages("sub-agents", str(child["id"]), why)
        self._messages("sub-agents", session, why)

    def _names(self) -> None:
        for path, query in (("/file", {"path": "."}), ("/find/file", {"query": "notes"}), ("/file/status", {})):
            answer = self._client.get(path, **query)
            why = _refused(answer)
            self._watch.look("file names", answer.everything, exercised=not why, why=why)

    def _stream(self, name: str, stream: Stream, session: str) -> None:
        ended = stream.heard("session.idle", session, seconds=_EVENT_SECONDS)
        why = "" if ended else "the stream told nothing of the session"
        self._watch.look(name, stream.everything, exercised=ended, why=why)
        pieces = f"{name} in pieces"
        self._watch.look(pieces, stream.told.encode(), exercised=HARMLESS in stream.told, why="no text came in pieces")

    def _at_rest(self, session: str) -> None:
        """Wait until a session does nothing."""
        until(lambda: session not in (self._client.get("/session/status").json or {}), self._seconds)


def _through(answer: Answer) -> str:
    """Why an answer is no evidence: without the harmless sentence nothing of the reply came through."""
    return "" if HARMLESS.encode() in answer.body else _refused(answer) or "not even its harmless part came through"


def _refused(answer: Answer) -> str:
    return "" if answer.status == HTTPStatus.OK else f"status {answer.status} {answer.reason}".rstrip()


def _ids(listed: Answer) -> list[str]:
    messages = listed.json if isinstance(listed.json, list) else []
    return [str(message["info"]["id"]) for message in messages]
