"""From a routed request and its place to upstream calls."""

from __future__ import annotations

import json

import pytest

from egress_proxy.model import Admitted, Ask, Call, Client, Place, Refused, RouteClass, Routed, Scope
from egress_proxy.reasons import Reason
from egress_proxy.routes import admit
from egress_proxy.routes.catalogue import ROWS
from egress_proxy.routes.matching import match
from tests.routes.sample import (
    CLIENT,
    JSON,
    MSG,
    OTHER_ROOT,
    PER,
    POLICY,
    QUE,
    ROOT,
    SES,
    reason,
    request,
    routed,
)
from tests.routes.test_matching import example

HERE = Place((ROOT,))
READ = Ask(PER, SES, ROOT, "read", (".env",), ROOT)
QUESTION = Ask(QUE, SES, ROOT, "", ())
FORBIDDEN, ASK = Reason.DIRECTORY_FORBIDDEN, Reason.ASK_UNKNOWN


def admitted(found: Routed, place: Place = HERE, *, gated: Reason | None = Reason.ASK_FOR_HUMAN) -> Admitted | Refused:
    return admit(found, place, POLICY, gated=gated)


def calls(outcome: Admitted | Refused) -> tuple[Call, ...]:
    assert isinstance(outcome, Admitted), outcome
    return outcome.calls


def test_the_call_is_rebuilt_from_the_template_and_typed_values() -> None:
    found = routed("GET", f"/session/{SES}/message?before=abc&%6cimit=5&directory=%2Fsrv%2Fproject%2F")
    assert calls(admitted(found)) == (
        Call("GET", f"/session/{SES}/message", (("limit", "5"), ("before", "abc")), ROOT, None),
    )


def test_every_parameter_is_filled_in() -> None:
    found = routed("GET", f"/session/{SES}/message/{MSG}")
    assert calls(admitted(found))[0].path == f"/session/{SES}/message/{MSG}"
    for row in ROWS:
        if row.route_class is not RouteClass.DENY:
            found_row = match(request(row.method, example(row)))
            assert isinstance(found_row, Routed)
            asked = QUESTION if row.template.startswith("/question/") else READ
            outcome = admit(found_row, Place((ROOT,), asked, ROOT), POLICY, gated=None)
            if isinstance(outcome, Admitted):
                assert outcome.calls[0].path == example(row)


def test_the_body_is_rebuilt() -> None:
    found = routed("POST", f"/session/{SES}/message", body={"parts": [{"type": "text", "text": "hi"}]})
    (call,) = calls(admitted(found))
    assert json.loads(call.body or b"") == {
        "agent": "build",
        "model": {"providerID": "local", "modelID": "small"},
        "parts": [{"type": "text", "text": "hi"}],
    }


def test_a_refused_body_refuses_and_names_the_operation() -> None:
    found = routed("POST", f"/session/{SES}/message", body={"parts": [], "system": "x"})
    outcome = admitted(found)
    assert isinstance(outcome, Refused)
    assert outcome.reason is Reason.SYSTEM_FORBIDDEN
    assert outcome.row is found.row


def test_a_sweep_makes_one_call_a_directory() -> None:
    found = routed("GET", "/permission")
    assert [call.directory for call in calls(admitted(found, Place((ROOT, OTHER_ROOT))))] == [ROOT, OTHER_ROOT]
    assert [call.directory for call in calls(admitted(found, Place((OTHER_ROOT,))))] == [OTHER_ROOT]


@pytest.mark.parametrize("target", ["/global/health", "/api/health", "/global/event"])
def test_a_call_without_a_directory_sends_none(target: str) -> None:
    found = routed("GET", f"{target}?directory=/srv/project")
    assert calls(admitted(found, Place())) == (Call("GET", target, (), None, None),)
    assert calls(admitted(found, Place(("/etc",)))) == (Call("GET", target, (), None, None),)


@pytest.mark.parametrize(
    ("target", "directories"),
    [
        ("/config", ()),
        ("/config", ("/etc",)),
        ("/config", (ROOT, OTHER_ROOT)),
        ("/config", (ROOT + "/",)),
        ("/config", (ROOT + "/src",)),
        ("/event", ()),
        ("/event", (ROOT, OTHER_ROOT)),
        (f"/session/{SES}", ()),
        (f"/session/{SES}", ("/etc",)),
        ("/permission", ()),
        ("/permission", (ROOT, "/etc")),
        ("/session/status", ("/etc",)),
    ],
)
def test_a_place_that_is_not_the_clients_is_refused(target: str, directories: tuple[str, ...]) -> None:
    assert reason(admitted(routed("GET", target), Place(directories))) is FORBIDDEN


def test_a_client_without_directories_gets_nothing() -> None:
    found = routed("GET", "/config")
    nobody = Routed(found.row, Client("nobody", ()), {}, {}, None, b"")
    assert reason(admitted(nobody, HERE)) is FORBIDDEN
    assert reason(admitted(nobody, Place())) is FORBIDDEN


@pytest.mark.parametrize(
    ("path", "listed", "expected"),
    [
        ("", None, ""),
        (".", None, ""),
        ("src", f"{ROOT}/src", "src"),
        ("src/", f"{ROOT}/src", "src"),
        ("link", f"{ROOT}/src/lib", "src/lib"),
        ("back", ROOT, ""),
        ("src", None, FORBIDDEN),
        ("escape", "/srv/forbidden", FORBIDDEN),
        ("escape", f"{ROOT}-other", FORBIDDEN),
        ("escape", "/srv", FORBIDDEN),
        ("escape", "/", FORBIDDEN),
        ("escape", "", FORBIDDEN),
        ("src", f"{ROOT}/../etc", FORBIDDEN),
        ("src", f"{ROOT}//etc", FORBIDDEN),
        ("src", f"{ROOT}/", ""),
    ],
)
def test_what_is_listed_is_the_real_path_below_the_directory(
    path: str, listed: str | None, expected: str | Reason
) -> None:
    outcome = admitted(routed("GET", f"/file?path={path}"), Place((ROOT,), listed=listed))
    found = reason(outcome) or calls(outcome)[0].query
    assert found == (expected if isinstance(expected, Reason) else (("path", expected),))


def test_the_root_of_the_file_system_lists_what_is_below_it() -> None:
    found = routed("GET", "/file?path=etc")
    of_root = Routed(found.row, Client("all", ("/",)), {}, found.query, None, b"")
    assert calls(admitted(of_root, Place(("/",), listed="/etc")))[0].query == (("path", "etc"),)


REPLY, RESPONSE = f"/permission/{PER}/reply", f"/session/{SES}/permissions/{PER}"
OTHER = "ses_other"
HUMAN = Reason.ASK_FOR_HUMAN


@pytest.mark.parametrize(
    ("target", "body", "ask", "gated", "expected"),
    [
        (REPLY, {"reply": "once"}, READ, None, None),
        (REPLY, {"reply": "once"}, READ, HUMAN, Reason.ASK_FOR_HUMAN),
        (REPLY, {"reply": "once"}, READ, Reason.ASK_NEVER, Reason.ASK_NEVER),
        (REPLY, {"reply": "reject"}, READ, HUMAN, None),
        (REPLY, {"reply": "reject"}, READ, Reason.ASK_NEVER, None),
        (REPLY, {"reply": "always"}, READ, None, Reason.ALWAYS_FORBIDDEN),
        (REPLY, {"reply": "once"}, None, None, ASK),
        (REPLY, {"reply": "reject"}, None, None, ASK),
        (REPLY, {"reply": "once"}, Ask("per_other", SES, ROOT, "read", ()), None, ASK),
        (REPLY, {"reply": "once"}, Ask(PER, SES, OTHER_ROOT, "read", ()), None, ASK),
        (REPLY, {"reply": "once"}, Ask(PER, SES, ROOT, "", ()), None, ASK),
        (REPLY, {"reply": "once"}, Ask(PER, OTHER, ROOT, "read", ()), None, None),
        (RESPONSE, {"response": "once"}, READ, None, None),
        (RESPONSE, {"response": "once"}, READ, HUMAN, Reason.ASK_FOR_HUMAN),
        (RESPONSE, {"response": "reject"}, READ, HUMAN, None),
        (RESPONSE, {"response": "always"}, READ, None, Reason.ALWAYS_FORBIDDEN),
        (RESPONSE, {"response": "once"}, Ask(PER, OTHER, ROOT, "read", ()), None, ASK),
        (f"/question/{QUE}/reply", {"answers": [["Yes"]]}, QUESTION, HUMAN, None),
        (f"/question/{QUE}/reply", {"answers": [["Yes"]]}, None, HUMAN, ASK),
        (f"/question/{QUE}/reply", {"answers": []}, Ask(QUE, SES, ROOT, "read", ()), None, ASK),
        (f"/question/{QUE}/reject", None, QUESTION, HUMAN, None),
        (f"/question/{QUE}/reject", None, None, HUMAN, ASK),
    ],
    ids=range(22),
)
def test_answers_to_asks(
    target: str, body: object, ask: Ask | None, gated: Reason | None, expected: Reason | None
) -> None:
    outcome = admitted(routed("POST", target, body=body), Place((ROOT,), ask), gated=gated)
    assert reason(outcome) is expected


def test_the_parent_is_handed_back() -> None:
    outcome = admitted(routed("POST", "/session", body={"parentID": SES}))
    assert isinstance(outcome, Admitted)
    assert outcome.parent == SES
    assert outcome.session_id == ""


def test_a_body_where_none_is_taken_is_refused() -> None:
    found = match(request("POST", f"/session/{SES}/abort", JSON, body=b'{"x":1}'))
    assert isinstance(found, Routed)
    assert reason(admitted(found)) is Reason.BODY_UNEXPECTED


def test_the_client_and_session_go_along() -> None:
    outcome = admitted(routed("DELETE", f"/session/{SES}"))
    assert isinstance(outcome, Admitted)
    assert outcome.client is CLIENT
    assert outcome.session_id == SES
    assert outcome.row.scope is Scope.SESSION
