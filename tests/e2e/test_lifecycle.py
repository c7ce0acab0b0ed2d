"""The proxy as the operator runs it: start, login, trouble behind it and under it, stop."""

from __future__ import annotations

import base64
import json
import resource
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest

from egress_proxy.server.starting import Step
from tests.conftest import Bare, Proxied
from tests.e2e import powers
from tests.e2e.answers import Recorder, refusal
from tests.e2e.powers import Place
from tests.e2e.test_streams import ask_of_a_sub_agent, state, until
from tests.kit.agent import Agent, poll
from tests.kit.canaries import Canaries
from tests.kit.client import Answer, Client, basic, bearer
from tests.kit.proxy import Proxy, configuration
from tests.kit.script import Text, call

pytestmark = pytest.mark.e2e

HEALTH: Final = "/_egress/health"
FAILURES: Final = 5
"""Failed logins a minute, in front of the spare server."""


class Systemd:
    """The receiving end of sd_notify, at an abstract address."""

    def __init__(self) -> None:
        self.name = f"egress-test-{uuid4().hex}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{self.name}")
        self._socket.settimeout(10)
        self.statuses: list[str] = []

    def heard(self) -> str:
        """Give the next datagram that is not about what it does. Raise `TimeoutError`."""
        while (told := self._socket.recv(4096).decode()).startswith("STATUS="):
            self.statuses.append(told.removeprefix("STATUS="))
        return told

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(scope="module")
def systemd() -> Iterator[Systemd]:
    made = Systemd()
    yield made
    made.close()


@pytest.fixture(scope="module")
def spare(
    stoppable: Bare, canaries: Canaries, systemd: Systemd, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxied]:
    """A server and proxy that may be stopped, with the features on that are off by default."""
    root = tmp_path_factory.mktemp(f"spare-{stoppable.version}")
    config = configuration(
        stoppable.opencode,
        stoppable.world,
        root / "state",
        limits={"login_failures_per_minute": FAILURES},
        features={"file_parts": True, "patch_text": True},
    )
    with Proxy(root, config, {"NOTIFY_SOCKET": f"@{systemd.name}"}) as proxy:
        assert systemd.heard() == "READY=1"
        serving = f"{proxy.config['listen']}, operator on {proxy.config['operator']}"
        assert systemd.statuses[-len(Step) - 1 :] == [*(f"starting: {step}" for step in Step), f"serving on {serving}"]
        yield Proxied(proxy, stoppable)
        assert canaries.leaks(proxy.traces()) == []
    assert systemd.heard() == "STOPPING=1"


# health and login


def test_health_says_nothing_but_that_it_is(proxied: Proxied) -> None:
    answer = Client(proxied.proxy.url).get(HEALTH)
    assert (answer.status, answer.json) == (200, {"healthy": True})
    assert answer.body == b'{"healthy":true}'
    assert "link" not in map(str.lower, answer.headers)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", HEALTH), ("GET", f"{HEALTH}?a=1"), ("GET", f"{HEALTH}/"), ("GET", "/_egress/"), ("GET", "/metrics")],
)
def test_nothing_else_is_without_a_token(proxied: Proxied, method: str, path: str) -> None:
    assert refusal(Client(proxied.proxy.url).call(method, path)) == (401, "unauthenticated")
    assert refusal(proxied.agent().client.call(method, path))[0] in {400, 404}


def _logins(proxied: Proxied) -> Mapping[str, str | None]:
    token = proxied.proxy.token
    return {
        "none": None,
        "empty": "",
        "a scheme alone": "Bearer",
        "an empty token": "Bearer ",
        "another token": bearer("egx_" + "A" * 43),
        "a token cut short": bearer(token[:-1]),
        "a token with more": bearer(token + "A"),
        "other case": bearer(token.swapcase()),
        "another scheme": f"Token {token}",
        "no scheme": token,
        "the token as user": basic(token, ""),
        "upstream's password": proxied.bare.opencode.authorization,
        "upstream's password as a token": bearer(proxied.bare.opencode.password),
        "broken base64": "Basic !!!!",
        "no colon": "Basic " + base64.b64encode(token.encode()).decode(),
        "a hash": bearer("0" * 64),
        "a long one": bearer("A" * 4000),
        "not ASCII": bearer("\xff\xfe"),
    }


@pytest.mark.parametrize("case", range(18))
def test_whoever_shows_no_token_is_refused(proxied: Proxied, case: int) -> None:
    name, login = list(_logins(proxied).items())[case]
    answer = Client(proxied.proxy.url, login).get("/config")
    assert refusal(answer) == (401, "unauthenticated"), name
    assert answer.header("www-authenticate").startswith("Bearer ")


@pytest.mark.parametrize("user", ["opencode", "anybody", "", "with space", "ü"])
def test_basic_with_any_user_and_the_token_is_a_login(proxied: Proxied, user: str) -> None:
    assert Client(proxied.proxy.url, basic(user, proxied.proxy.token)).get("/config").status == 200


def test_failed_logins_are_limited_and_a_valid_token_goes_on_working(spare: Proxied) -> None:
    nobody = Client(spare.proxy.url, bearer("egx_" + "B" * 43))
    found = [refusal(nobody.get("/config")) for _ in range(FAILURES + 2)]
    assert found == [(401, "unauthenticated")] * FAILURES + [(429, "rate_limited")] * 2
    assert spare.agent().client.get("/config").status == 200
    assert Client(spare.proxy.url).get(HEALTH).status == 200
    assert spare.proxy.series()["egress_login_failures_total"] == FAILURES + 2
    recorded = [line["reasons"] for line in spare.proxy.audit_lines()]
    assert recorded.count(["unauthenticated"]) == FAILURES


# what the features let through


@pytest.mark.parametrize(
    "power",
    [powers.file_url, powers.file_url_in_capitals, powers.file_url_with_one_slash, powers.file_url_with_dots],
    ids=lambda power: power.__name__,
)
def test_a_file_part_that_names_a_file_is_refused(spare: Proxied, power: powers.Power) -> None:
    client = Recorder(spare.proxy.url, bearer(spare.proxy.token), str(spare.world.project))
    assert not power(Place(Agent(client), spare.model, spare.world, "spare"))
    assert client.reasons() == ["file_url_forbidden"]


def test_a_file_part_that_carries_itself_reaches_the_model(spare: Proxied) -> None:
    content = base64.b64encode(b"carried by itself").decode()
    part = {"type": "file", "mime": "text/plain", "filename": "note.txt", "url": f"data:text/plain;base64,{content}"}
    agent, name = spare.agent(), "carried"
    reply = agent.prompt(agent.session(), spare.model.script(name, Text("Thank you.")), part)
    assert reply.status == 200
    assert "carried by itself" in str(spare.model.requests(name)[-1].body["messages"])


def test_the_text_of_a_patch_is_scanned(spare: Proxied) -> None:
    agent, session = spare.agent(), spare.agent().session()
    files = {"notes.txt": f"first\n{spare.canaries['API_TOKEN']}\n", ".env.local": "MODE=patched\n"}
    turns = [call("write", filePath=str(spare.world.project / name), content=text) for name, text in files.items()]
    agent.prompt(session, spare.model.script("patches", *turns, Text("Written.")))
    message = agent.messages(session).json[0]["info"]["id"]

    def diff() -> Answer | None:
        found = agent.client.get(f"/session/{session}/diff", messageID=message)
        return found if len(found.json) == len(files) else None

    found = poll(diff)
    patches = {file["file"]: file.get("patch", "") for file in found.json}
    assert "+first\n+[redacted:KNOWN:API_TOKEN]\n" in patches["notes.txt"]
    assert "patched" not in patches[".env.local"]
    assert spare.canaries.leaks(found.everything) == []


# known values


def test_a_value_written_after_the_start_is_known(spare: Proxied) -> None:
    """And the one that it replaces still is."""
    agent, session = spare.agent(), spare.agent().session()
    old, new = spare.canaries["DB_PASSWORD"], "velvet" + "Anchor" + "58"
    text = spare.world.env_file.read_text("utf-8").replace(old, new)
    said = f"It was {old} and is {new} now."
    before = agent.prompt(session, spare.model.script("rotation", Text(said)))
    assert new in before.text
    packed = base64.b64encode(text.encode()).decode()
    write = call("bash", command=f"printf %s '{packed}' | base64 -d > .env", description="Rotate")
    after = agent.prompt(session, spare.model.script("rotated", write, Text(said)))
    assert spare.world.env_file.read_text("utf-8") == text
    (told,) = [part["text"] for part in after.json["parts"] if part["type"] == "text"]
    assert told == "It was [redacted:KNOWN:DB_PASSWORD] and is [redacted:KNOWN:DB_PASSWORD] now."
    assert new.encode() not in spare.proxy.traces()


# trouble


@contextmanager
def _no_more_files(pid: int) -> Iterator[None]:
    """The process can write to no file: as with a full disk, but of one process and for a while."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


def test_what_cannot_be_recorded_is_withheld(spare: Proxied) -> None:
    agent, session, other = spare.agent(), spare.agent().session(), spare.agent().session()
    secret = spare.canaries["API_TOKEN"]
    tell = spare.model.script("unrecorded", Text(f"It is {secret}."))
    lines = len(spare.proxy.audit_lines())
    with agent.client.events() as events:
        with _no_more_files(spare.proxy.pid):
            clean = agent.prompt(other, spare.model.script("clean", Text("Nothing of note.")))
            told = agent.prompt(session, tell)
            listed = agent.messages(session)
            denied = agent.client.get("/file/content", directory=str(spare.world.project))
            health = Client(spare.proxy.operator_url).get("/health")
            writable = spare.proxy.series()["egress_audit_writable"]
        assert events.wait_type("session.idle", sessionID=session)
        assert "[redacted:" not in events.everything.decode()
    assert clean.status == 200
    assert "Nothing of note." in clean.text
    assert [refusal(answer) for answer in (told, listed)] == [(503, "audit_unavailable")] * 2
    assert refusal(denied) == (403, "operation_denied")
    assert spare.canaries.leaks(told.everything + listed.everything + events.everything) == []
    assert "[redacted:KNOWN:API_TOKEN]" in agent.messages(session).text
    assert len(spare.proxy.audit_lines()) == lines + 1
    assert (health.status, health.json["healthy"], writable) == (503, False, 0.0)
    assert "cannot be written" in health.json["audit"]
    assert Client(spare.proxy.operator_url).get("/health").json["audit"] == "written"
    assert _verified(spare) == 0


def _verified(spare: Proxied) -> int:
    """The exit code of `audit verify`."""
    return spare.proxy.command("audit", "verify", "--config", str(spare.proxy.config_file)).returncode


def test_a_session_that_cannot_be_written_down_is_not_handed_out(spare: Proxied) -> None:
    """Else it would be nobody's after a restart."""
    agent = spare.agent()
    before = {found["id"] for found in agent.client.get("/session").json}
    with _no_more_files(spare.proxy.pid):
        answer = agent.client.post("/session", {})
    assert refusal(answer)[0] == 500
    assert {found["id"] for found in agent.client.get("/session").json} == before
    assert agent.session() not in before


def test_without_opencode_every_call_says_so_and_recovers(spare: Proxied) -> None:
    agent, session = spare.agent(), spare.agent().session()
    with agent.client.events() as events:
        events.wait_type("server.connected")
        spare.bare.opencode.stop()
        calls = [agent.client.get("/path"), agent.prompt(session, "hello"), agent.client.get("/permission")]
        stream = agent.client.get("/event")
        assert {refusal(answer) for answer in calls} == {(502, "upstream_unreachable")}
        assert refusal(stream) in {(502, "upstream_unreachable"), (502, "upstream_lost")}
        assert Client(spare.proxy.url).get(HEALTH).status == 200
        assert not events.ended
        spare.bare.opencode.restart()
        assert events.wait_type("egress.stream")["properties"]["reason"] == "upstream_lost"
        assert agent.prompt(session, spare.model.script("recovered", Text("Back."))).status == 200
        events.wait_type("session.idle", sessionID=session)


# stop and start


def test_sigterm_lets_a_reply_finish(spare: Proxied, systemd: Systemd) -> None:
    agent, session = spare.agent(), spare.agent().session()
    slow = spare.model.script("slow", Text(["The reply ", "is late."], delay=1.5))
    replies: list[Answer] = []
    codes: list[int | None] = []
    prompt = threading.Thread(target=lambda: replies.append(agent.prompt(session, slow)))
    with agent.client.events() as events:
        prompt.start()
        poll(lambda: agent.status(session) or None)
        stop = threading.Thread(target=lambda: codes.append(spare.proxy.stop()))
        stop.start()
        poll(lambda: events.ended or None)
        assert refusal(agent.client.get("/path")) == (503, "shutting_down")
        prompt.join(90)
        stop.join(90)
    assert codes == [0]
    assert "The reply is late." in replies[0].text
    assert systemd.heard() == "STOPPING=1"
    spare.proxy.start()
    assert systemd.heard() == "READY=1"
    assert agent.client.get(f"/session/{session}").status == 200


def test_what_a_sub_agent_waits_for_is_known_after_a_restart(spare: Proxied, systemd: Systemd) -> None:
    agent, session, ask = ask_of_a_sub_agent(spare)
    spare.proxy.kill()
    spare.proxy.start()
    assert systemd.heard() == "READY=1"
    assert state(agent, session)["permissions"] == [ask]
    (told,) = agent.client.get("/_egress/asks").json["permissions"]
    assert told == {**ask, "rootID": session}
    agent.answer(ask, "reject")
    until(agent, session, "idle")


def test_every_redacted_answer_that_was_received_is_on_record_after_a_crash(spare: Proxied, systemd: Systemd) -> None:
    agent, session = spare.agent(), spare.agent().session()
    agent.prompt(session, spare.model.script("on-record", Text(f"It is {spare.canaries['API_TOKEN']}.")))
    before, received = len(_redacted(spare, session)), list[str]()

    def read() -> None:
        with suppress(OSError, HTTPException):
            while True:
                received.append(agent.messages(session).text)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    poll(lambda: len(received) > 20)
    spare.proxy.kill()
    for reader in readers:
        reader.join()
    assert all("[redacted:KNOWN:API_TOKEN]" in text for text in received)
    assert len(_redacted(spare, session)) - before >= len(received) > 20
    assert _verified(spare) == 0
    spare.proxy.start()
    assert systemd.heard() == "READY=1"
    assert _verified(spare) == 0


def _redacted(spare: Proxied, session: str) -> list[Any]:
    return [one for one in spare.proxy.audit_lines() if (one["session"], one["verdict"]) == (session, "redacted")]


def test_a_session_stays_its_owners_over_a_crash(spare: Proxied, systemd: Systemd) -> None:
    other = spare.agent(token=spare.proxy.create_token("after-a-crash"))
    session, others = spare.agent().session(), other.session()
    child = spare.agent().client.post("/session", {"parentID": session}).json["id"]
    spare.proxy.kill()
    spare.proxy.start()
    assert systemd.heard() == "READY=1"
    for known in (session, child):
        assert spare.agent().client.get(f"/session/{known}").status == 200
        assert refusal(other.client.get(f"/session/{known}")) == (404, "session_unknown")
    assert [found["id"] for found in other.client.get("/session").json] == [others]


def _refused_start(bare: Bare, root: Path, **changes: Any) -> tuple[int, str]:
    """Try to serve; give the exit code and the last line."""
    proxy = Proxy(root, configuration(bare.opencode, bare.world, root / "state", **changes))
    taken = {"listen": "127.0.0.1:0", "operator": "127.0.0.1:0"}
    proxy.config_file.write_text(json.dumps({**taken, **proxy.config}), encoding="utf-8")
    done = proxy.command("serve", "--config", str(proxy.config_file))
    printed = (done.stdout + done.stderr).decode()
    assert bare.canaries.leaks(printed) == []
    assert "Traceback" not in printed
    return done.returncode, printed.strip().splitlines()[-1]


def test_a_port_in_use_is_not_shared(proxied: Proxied, tmp_path: Path) -> None:
    listen = proxied.proxy.config["listen"]
    code, said = _refused_start(proxied.bare, tmp_path, listen=listen)
    assert (code, listen in said) == (3, True)
    assert Client(proxied.proxy.url).get(HEALTH).status == 200


def test_a_wrong_password_is_no_start(bare: Bare, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong-password"
    wrong.write_text("wrong\n", encoding="utf-8")
    wrong.chmod(0o600)
    upstream = {"url": bare.opencode.url, "password_file": str(wrong)}
    code, said = _refused_start(bare, tmp_path, upstream=upstream)
    assert (code, "password" in said) == (4, True)


@pytest.mark.parametrize("version", ["1.15.12", "2.0.0"])
def test_an_unsupported_version_is_no_start(bare: Bare, tmp_path: Path, version: str) -> None:
    with _old_server(version) as url:
        code, said = _refused_start(bare, tmp_path, upstream={"url": url})
    assert (code, "version" in said) == (3, True)


@contextmanager
def _old_server(version: str) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"healthy": True, "version": version}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_an_allowed_root_with_a_broken_configuration_gives_nothing_away(bare: Bare, tmp_path: Path) -> None:
    """1.18.33 answers with the whole expanded configuration there (`test_bare_controls.py`)."""
    roots = [str(bare.world.project), str(bare.world.broken)]
    code, _ = _refused_start(bare, tmp_path / "harvested", directories=roots)
    assert code == 4
    known = [{"env_file": str(bare.world.env_file)}]
    root = tmp_path / "proxy"
    with Proxy(
        root, configuration(bare.opencode, bare.world, root / "state", directories=roots, known_values=known)
    ) as p:
        broken, whole = p.client(bare.world.broken), p.client(bare.world.project)
        for path in ("/agent", "/config", "/config/providers", "/session", "/event", "/permission"):
            answer = broken.get(path)
            assert bare.canaries.leaks(answer.everything) == []
            assert refusal(answer)[1] in {"upstream_rejected", "upstream_error", "asks_unreadable"}
        made = broken.post("/session", {})
        assert bare.canaries.leaks(made.everything) == []
        assert whole.get("/agent").status == 200
        assert bare.canaries.leaks(p.traces()) == []
