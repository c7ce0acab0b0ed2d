"""Admission: any request has a verdict; what is admitted is an operation of the catalogue, rebuilt and inside."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from egress_proxy.model import Admitted, Ask, Call, Place, Policy, Refused, Request, RouteClass, Routed, Scope
from egress_proxy.reasons import Reason
from egress_proxy.routes import OWN, admit, match
from egress_proxy.routes.catalogue import ROWS
from tests.fuzz.given import Given
from tests.routes.sample import CLIENT, MSG, OTHER_ROOT, PER, POLICY, PRT, QUE, ROOT, SES
from tests.routes.test_matching import example
from tests.routes.test_properties import assert_narrow

_ALL: Final = (*ROWS, *OWN)
_TARGETS: Final = tuple(example(row) for row in _ALL)
_METHODS: Final = ("GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS", "get", "")
_PIECES: Final = (
    *("/", "//", ";", "?", "&", "=", "#", "\\", "*", " ", "..", ".", "%2e", "%2f", "%25", "%00", "http://x", "\n", "+"),
    *("config", "session", "global", "event", "message", "directory", "workspace", "limit", "path", "before", "roots"),
    *("directory=%2Fsrv%2Fproject", "directory=/srv/project", "path=.env", "path=../x", "limit=1", SES, MSG, PRT, PER),
)
_HEADERS: Final = (
    *("x-opencode-directory", "content-type", "content-encoding", "connection", "upgrade", "content-length"),
    *("transfer-encoding", "authorization", "x-http-method-override", "sec-websocket-key", "http2-settings", "expect"),
)
_VALUES: Final = (
    *(ROOT, "%2Fsrv%2Fproject", OTHER_ROOT, "application/json", "application/json; charset=utf-8", "text/plain"),
    *("gzip", "identity", "upgrade", "websocket", "h2c", "keep-alive", "/srv/project/../other", "/etc"),
)
_KEYS: Final = (
    *("title", "parentID", "agent", "model", "providerID", "modelID", "id", "permission", "pattern", "action", "parts"),
    *("type", "text", "url", "mime", "filename", "tools", "variant", "messageID", "noReply", "system", "format"),
    *("reply", "response", "message", "answers", "auto", "expect", "metadata", "synthetic", "__proto__"),
)
_LEAVES: Final = (
    *("text", "file", "local", "small", "large", "build", "plan", "deny", "allow", "*", "bash", "once", "always"),
    *("reject", "read:.env", SES, MSG, "data:text/plain,x", "file:///etc/passwd", True, False, None, 0, 1.5, ""),
)
_PLACES: Final = ((ROOT,), (OTHER_ROOT,), (ROOT, OTHER_ROOT), (), ("/etc",))
_LISTED: Final = (None, ROOT, f"{ROOT}/src", "/srv/project2/x", "/etc/passwd", f"{ROOT}/../x")
_SEGMENT: Final = re.compile(r"[A-Za-z0-9_-]+")


def one(data: bytes) -> None:
    """Judge one request."""
    given = Given(data)
    request = _request(given)
    found = match(request)
    if isinstance(found, Refused):
        assert isinstance(found.reason, Reason)
        return
    _check_routed(request, found)
    place = _place(given, found)
    policy = Policy(models=POLICY.models, agents=POLICY.agents, file_parts=given.chance())
    gated = given.pick((None, Reason.ASK_FOR_HUMAN))
    made = admit(found, place, policy, gated=gated)
    if isinstance(made, Refused):
        assert isinstance(made.reason, Reason)
        return
    assert gated is None or not made.approves or found.row.scope is not Scope.ASK
    assert len(made.calls) == (len(place.directories) if found.row.scope is Scope.SWEEP else 1)
    for call in made.calls:
        _check_call(made, call, found)


def _request(given: Given) -> Request:
    method = given.pick(_METHODS)
    if given.number(4):  # mostly an operation, so that what comes after its name is looked at too
        row = given.pick(_ALL)
        method, target = row.method, example(row)
        target += given.pick(("", "?", "/", "?directory=%2Fsrv%2Fproject&", "?x")) if given.chance() else ""
        target += given.pieces(_PIECES, 4) if given.number(4) == 1 else ""
    else:
        target = given.pieces(_PIECES, 12)
    headers = [("content-type", "application/json")] if given.chance() else []
    for _ in range(given.number(4)):
        name = given.pick(_HEADERS)
        headers.append((name, given.pick(_VALUES) if given.number(4) else given.text(30)))
    if given.chance():
        return Request(method, target, tuple(headers), given.rest(), CLIENT)
    body = json.dumps(given.json(_KEYS, _LEAVES)).encode("utf-8", "surrogatepass")
    return Request(method, target, tuple(headers), body, CLIENT)


def _place(given: Given, found: Routed) -> Place:
    named = found.params.get("requestID") or found.params.get("permissionID") or PER
    directories = given.pick(_PLACES)
    kind = given.pick(("read", "", "bash"))
    ask = Ask(given.pick((named, QUE)), given.pick((SES, "ses_x")), given.pick((ROOT, OTHER_ROOT)), kind, ())
    return Place(directories, given.pick((ask, None)), given.pick(_LISTED))


def _check_routed(request: Request, found: Routed) -> None:
    assert found.row in _ALL
    assert found.row.route_class is not RouteClass.DENY
    assert found.row.method == request.method
    assert set(found.query) <= set(found.row.query)
    assert request.target.partition("?")[0] == _filled(found)
    assert all(_SEGMENT.fullmatch(value) for value in found.params.values())
    spelt = found.directory_spelling
    assert spelt is None or (spelt.startswith("/") and {"..", "."}.isdisjoint(spelt.split("/")) and "\0" not in spelt)


def _filled(found: Routed) -> str:
    path = found.row.template
    for name, value in found.params.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def _check_call(made: Admitted, call: Call, found: Routed) -> None:
    assert (call.method, call.path) == (found.row.method, _filled(found))
    assert {key for key, _ in call.query} <= set(found.row.query)
    assert call.directory is None or call.directory in made.client.directories
    listed = dict(call.query).get("path", "")
    assert not listed.startswith("/")
    assert ".." not in listed.split("/")
    if call.body is not None:
        sent: Any = json.loads(call.body)
        assert isinstance(sent, dict)
        assert_narrow(sent)
