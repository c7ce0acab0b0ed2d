"""The directory of a call is forced: every way round it that works on bare opencode is refused, or changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

import pytest

from tests.conftest import Bare, Proxied
from tests.e2e.answers import Refusal, exchange, refusal
from tests.e2e.speech import tune_in, wait_created
from tests.kit.client import Answer, bearer
from tests.kit.each import each
from tests.kit.script import Text, call
from tests.kit.world import World

pytestmark = pytest.mark.e2e

HEADER: Final = "x-opencode-directory"
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Spelling:
    """How a directory is named: a raw query, headers in order; what the proxy says; what bare opencode makes of it."""

    name: str
    query: Callable[[World], str]
    headers: Callable[[World], Pairs]
    refusal: Refusal
    means: Callable[[World], str] | None
    """The directory that bare opencode then works in, "" if it refuses; None where that shows nothing new."""


def _none(_: World) -> Pairs:
    return ()


def _empty(_: World) -> str:
    return ""


def _forbidden(world: World) -> str:
    return str(world.forbidden)


def _q(path: str) -> str:
    return urlencode({"directory": path}, quote_via=quote, safe="")


FORBIDDEN, SPELLING = (403, "directory_forbidden"), (400, "directory_spelling")

SPELLINGS: Final = (
    Spelling("query", lambda world: _q(_forbidden(world)), _none, FORBIDDEN, _forbidden),
    Spelling("/etc", lambda _: _q("/etc"), _none, FORBIDDEN, lambda _: "/etc"),
    Spelling("/", lambda _: _q("/"), _none, FORBIDDEN, None),
    Spelling("encoded twice", lambda world: _q(quote(_forbidden(world), safe="")), _none, SPELLING, _forbidden),
    Spelling("/etc encoded twice", lambda _: "directory=%252Fetc", _none, SPELLING, lambda _: "/etc"),
    Spelling("header", _empty, lambda world: [(HEADER, quote(_forbidden(world), safe=""))], FORBIDDEN, _forbidden),
    Spelling("raw header", _empty, lambda world: [(HEADER, _forbidden(world))], FORBIDDEN, _forbidden),
    Spelling(
        "two headers",
        _empty,
        lambda world: [(HEADER, str(world.project)), (HEADER, _forbidden(world))],
        (400, "header_duplicate"),
        _forbidden,
    ),
    Spelling(
        "two in the query",
        lambda world: f"{_q(str(world.project))}&{_q(_forbidden(world))}",
        _none,
        (400, "query_duplicate"),
        lambda _: "",
    ),
    Spelling(
        "query against header",
        lambda world: _q(_forbidden(world)),
        lambda world: [(HEADER, str(world.project))],
        (400, "directory_conflict"),
        _forbidden,
    ),
    Spelling(
        "header against query",
        lambda world: _q(str(world.project)),
        lambda world: [(HEADER, _forbidden(world))],
        (400, "directory_conflict"),
        lambda world: str(world.project),
    ),
    Spelling(
        "empty query falls through",
        lambda _: "directory=",
        lambda world: [(HEADER, _forbidden(world))],
        SPELLING,
        _forbidden,
    ),
    Spelling("relative", lambda _: _q("../forbidden"), _none, SPELLING, _forbidden),
    Spelling("relative header", _empty, lambda _: [(HEADER, "../forbidden")], SPELLING, _forbidden),
    Spelling("dots", lambda world: _q(f"{world.project}/../forbidden"), _none, SPELLING, _forbidden),
    Spelling(
        "dots in escapes", lambda world: f"{_q(str(world.project))}%2F%2e%2e%2Fforbidden", _none, SPELLING, _forbidden
    ),
    Spelling("slashes", lambda world: _q(f"/{world.forbidden}"), _none, SPELLING, _forbidden),
    Spelling("link", lambda world: _q(str(world.escape)), _none, FORBIDDEN, _forbidden),
    Spelling("tilde", lambda _: _q("~"), _none, SPELLING, lambda world: f"{world.project}/~"),
    Spelling("not there", lambda _: _q("/no/such/place"), _none, FORBIDDEN, lambda _: "/no/such/place"),
    Spelling("below a root", lambda world: _q(f"{world.project}/src"), _none, FORBIDDEN, None),
    Spelling("above a root", lambda world: _q(str(world.root)), _none, FORBIDDEN, None),
    Spelling("like a root", lambda world: _q(f"{world.project}x"), _none, FORBIDDEN, None),
    Spelling("NUL", lambda world: f"{_q(str(world.project))}%00", _none, SPELLING, None),
    Spelling("key in escapes", lambda world: "%64" + _q(_forbidden(world))[1:], _none, FORBIDDEN, _forbidden),
)


def _ask(port: int, login: str, world: World, spelling: Spelling, path: str = "/path") -> Answer:
    query = spelling.query(world)
    lines = [
        f"GET {path}{'?' if query else ''}{query} HTTP/1.1",
        "Host: localhost",
        f"Authorization: {login}",
        "Accept-Encoding: identity",
        "Connection: close",
        *(f"{name}: {value}" for name, value in spelling.headers(world)),
    ]
    _, (answer,) = exchange(port, ("\r\n".join(lines) + "\r\n\r\n").encode())
    return answer


def _named(spelling: Spelling) -> str:
    return spelling.name


@each("path", ["/path", "/file", "/session", "/event"])
@each("spelling", SPELLINGS, ids=_named)
def test_another_directory_is_refused(proxied: Proxied, spelling: Spelling, path: str) -> None:
    port = int(urlsplit(proxied.proxy.url).port or 0)
    answer = _ask(port, bearer(proxied.proxy.token), proxied.world, spelling, path)
    assert refusal(answer) == spelling.refusal
    assert b"secret.txt" not in answer.everything


@each("spelling", [found for found in SPELLINGS if found.means], ids=_named)
def test_without_the_proxy_it_decides_where_a_call_runs(bare: Bare, spelling: Spelling) -> None:
    assert spelling.means is not None
    means = spelling.means(bare.world)
    answer = _ask(bare.opencode.port, bare.opencode.authorization, bare.world, spelling)
    assert (answer.json.get("directory", "") if answer.status == 200 else "") in {means, _linked(bare.world, means)}


def _linked(world: World, directory: str) -> str:
    return str(world.escape) if directory == _forbidden(world) else directory


@each("method", ["query", "header"])
def test_a_session_in_another_directory_is_not_made(proxied: Proxied, method: str) -> None:
    """As the bare server shows: on it, the same request makes one there."""
    path, title = str(proxied.world.forbidden), f"made by {method}"

    def make(bare: bool) -> Answer:
        client = (proxied.bare.opencode if bare else proxied.proxy).client()
        if method == "query":
            return client.call("POST", "/session", {"title": title}, query={"directory": path})
        return client.call("POST", "/session", {"title": title}, headers={HEADER: quote(path, safe="")})

    def made() -> list[str]:
        found = proxied.bare.agent(proxied.world.forbidden).client.get("/session").json
        return [session["title"] for session in found if session["directory"] == path]

    assert refusal(make(bare=False)) == FORBIDDEN
    assert title not in made()
    assert make(bare=True).json["directory"] == path
    assert title in made()


ALLOWED: Final[Mapping[str, Callable[[World], tuple[str, Pairs]]]] = {
    "nothing": lambda _: ("", ()),
    "the query": lambda world: (_q(str(world.project)), ()),
    "a trailing slash": lambda world: (_q(f"{world.project}/"), ()),
    "the header": lambda world: ("", [(HEADER, quote(str(world.project), safe=""))]),
    "the raw header": lambda world: ("", [(HEADER, str(world.project))]),
    "both": lambda world: (_q(str(world.project)), [(HEADER, str(world.project))]),
}


@each("case", ALLOWED)
def test_the_default_root_and_its_spellings(proxied: Proxied, case: str) -> None:
    """The near misses. The Python client sends no directory at all."""
    query, headers = ALLOWED[case](proxied.world)
    spelling = Spelling("", lambda _: query, lambda _: headers, FORBIDDEN, None)
    answer = _ask(int(urlsplit(proxied.proxy.url).port or 0), bearer(proxied.proxy.token), proxied.world, spelling)
    assert answer.json["directory"] == str(proxied.world.project)


def test_a_client_without_a_directory_works_in_the_default_root(proxied: Proxied) -> None:
    client = proxied.proxy.client()
    made = client.post("/session", {"title": "of the default root"}).json
    assert made["directory"] == str(proxied.world.project)
    assert made["id"] in [found["id"] for found in client.get("/session").json]


def test_sessions_of_another_root_are_listed_there(proxied: Proxied) -> None:
    near, far = proxied.agent(), proxied.agent(proxied.world.plain)
    session = far.session(title="plain one")
    assert session in [found["id"] for found in far.client.get("/session").json]
    assert session not in [found["id"] for found in near.client.get("/session").json]


def test_a_session_runs_in_its_own_directory(proxied: Proxied, bare: Bare) -> None:
    """Both servers ignore the parameter on session routes, so it is the session that is checked."""
    session = proxied.agent(proxied.world.plain).session()
    found = proxied.agent().client.get(f"/session/{session}")
    assert found.json["directory"] == str(proxied.world.plain)
    elsewhere = proxied.agent(proxied.world.forbidden).client.get(f"/session/{session}")
    assert refusal(elsewhere) == FORBIDDEN
    assert bare.agent(bare.world.forbidden).client.get(f"/session/{session}").status == 200


def test_a_session_of_another_directory_is_unknown(proxied: Proxied, bare: Bare) -> None:
    session = bare.agent(bare.world.forbidden).session()
    assert bare.agent().client.get(f"/session/{session}").status == 200
    assert refusal(proxied.agent().client.get(f"/session/{session}")) == (404, "session_unknown")
    assert refusal(proxied.agent().messages(session)) == (404, "session_unknown")


CROSSING: Final[Mapping[str, Refusal]] = {
    "/session?path=..": (400, "query_invalid"),
    "/session?scope=global": (400, "query_invalid"),
    "/experimental/session": (403, "operation_denied"),
    "/api/session": (403, "operation_denied"),
    "/session?workspace=wrk_1": (403, "workspace_forbidden"),
    "/path?workspace=wrk_1": (403, "workspace_forbidden"),
    "/project": (403, "operation_denied"),
    "/experimental/worktree": (403, "operation_denied"),
}


@each("path", CROSSING)
def test_what_crosses_directories_is_refused(proxied: Proxied, path: str) -> None:
    assert refusal(proxied.agent().client.get(path)) == CROSSING[path]


@each("key", ["scope=project", "path=", "path=src"])
def test_a_wider_list_of_sessions_is_that_of_the_directory(proxied: Proxied, key: str) -> None:
    """The TUI asks for these; directories without git are all of one project."""
    near, far = proxied.agent().session(), proxied.agent(proxied.world.plain).session()
    anothers = proxied.bare.agent(proxied.world.forbidden).session()
    listed = proxied.agent(proxied.world.plain).client.get(f"/session?{key}").json
    ids = [found["id"] for found in listed]
    assert far in ids
    assert not {near, anothers} & set(ids)
    assert {found["directory"] for found in listed} == {str(proxied.world.plain)}


def test_without_the_proxy_sessions_of_other_directories_are_shown(bare: Bare) -> None:
    """Those of a project: directories without git are all of one, `global`. Without a directory: all."""
    session = bare.agent(bare.world.plain).session()
    project = bare.agent(bare.world.forbidden).client.get("/session?scope=project")
    assert session.encode() in project.body
    assert session.encode() in bare.opencode.client().get("/experimental/session").body


@each("name", ["x-opencode-workspace", "X-Opencode-Workspace-ID"])
def test_a_workspace_in_a_header_is_refused(proxied: Proxied, name: str) -> None:
    answer = proxied.agent().client.call("GET", "/path", headers={name: "wrk_1"})
    assert refusal(answer) == (403, "workspace_forbidden")


LISTED: Final = ("escape", "escape/", "../forbidden", "src/../../forbidden", "/etc", "src/..", "~", "%2e%2e", "..")


@each("path", LISTED)
def test_a_listing_does_not_leave_the_directory(proxied: Proxied, path: str) -> None:
    answer = proxied.agent().client.call("GET", "/file", query={"path": path})
    assert refusal(answer)[1] in {"query_invalid", "directory_forbidden"}
    assert b"secret.txt" not in answer.everything


def test_without_the_proxy_a_link_is_followed_by_the_oldest_release(bare: Bare) -> None:
    answer = bare.agent().client.call("GET", "/file", query={"path": "escape"})
    assert (b"secret.txt" in answer.body) == (bare.version == "1.15.13")


@each("path", ["", ".", "src", "src/"])
def test_a_listing_below_the_directory_crosses(proxied: Proxied, bare: Bare, path: str) -> None:
    found = proxied.agent().client.call("GET", "/file", query={"path": path}).json
    expected = bare.agent().client.call("GET", "/file", query={"path": path}).json
    assert {node["path"].removesuffix("/") for node in found} == {node["path"].removesuffix("/") for node in expected}
    assert found != []


def test_the_sweep_lists_an_ask_of_the_other_root(proxied: Proxied, bare: Bare) -> None:
    near, far = proxied.agent(), proxied.agent(proxied.world.plain)
    session = far.session()
    turn = call("read", filePath=str(proxied.world.plain / ".env"))
    far.prompt_async(session, proxied.model.script("sweep", turn, Text("Done.")))
    ask = near.ask(session)
    assert session not in [found["sessionID"] for found in bare.agent().client.get("/permission").json]
    assert near.status(session)["type"] == "busy"
    assert session not in bare.agent().client.get("/session/status").json
    assert near.answer(ask, "reject").json is True
    near.until_idle(session)


def test_the_sweep_lists_a_question_of_the_other_root(proxied: Proxied, bare: Bare) -> None:
    near, far = proxied.agent(), proxied.agent(proxied.world.plain)
    asked = {"question": "Which?", "header": "Pick", "options": [{"label": "A", "description": "a"}]}
    session = far.session()
    far.prompt_async(
        session, proxied.model.script("sweep-question", call("question", questions=[asked]), Text("Done."))
    )
    question = near.question(session)
    assert session not in [found["sessionID"] for found in bare.agent().client.get("/question").json]
    assert near.client.post(f"/question/{question['id']}/reject").json is True
    near.until_idle(session)


def test_the_streams_are_of_the_directories_that_the_client_may_use(proxied: Proxied, bare: Bare) -> None:
    """The client's own session of the other root is on the global stream alone; the forbidden root is on none."""
    with (
        proxied.agent().client.events() as near,
        proxied.agent().client.events("/global/event") as far,
        bare.agent().client.events("/global/event") as all_of_them,
    ):
        tune_in(far, proxied.agent())
        tune_in(all_of_them, bare.agent())
        foreign = bare.agent(bare.world.forbidden).session()
        other = proxied.agent(proxied.world.plain).session()
        own = proxied.agent().session()
        for events, session in ((near, own), (far, own), (far, other), (all_of_them, foreign)):
            wait_created(events, session)
    assert other.encode() not in near.everything
    assert foreign.encode() not in near.everything + far.everything
