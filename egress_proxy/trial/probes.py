"""Single requests: every operation that is denied, the spellings that bare opencode takes for others, and directories.

A trial must do no harm where the proxy fails. Ids in a path are of nothing that exists; what would change something
without one is sent only after all else was refused by the proxy, and never to bare opencode.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from egress_proxy.config.verify import VALUES_FILE
from egress_proxy.model import RouteClass, Row
from egress_proxy.routes.catalogue import ROWS
from egress_proxy.trial.client import DIRECTORY_HEADER, Answer, Client, NotReachedError
from egress_proxy.trial.field import LINK, OUTSIDE_FILE, TAINT_FILE, Field
from egress_proxy.trial.watch import Watch

READS: Final = (
    "/config",
    "/global/config",
    "/config/providers",
    "/provider",
    "/agent",
    "/mcp",
    f"/file/content?path={VALUES_FILE}",
    f"/file/content?path={TAINT_FILE}",
    "/find?pattern=PASSWORD",
    "/vcs/diff?mode=git",
    "/vcs/diff/raw",
    f"/api/fs/read/{VALUES_FILE}",
    "/api/provider",
    "/no/such/path",
)
"""What bare opencode answers with a canary, or might."""
SPELLINGS: Final = (
    "//config",
    "/config/",
    "/config//",
    "/%63onfig",
    "/CONFIG",
    "/config;x=1",
    "/config#f",
    "/global//config",
    "http://elsewhere.invalid/config",
    "/config;/../global/health",
    "/session/../config",
    "/session%2f..%2fconfig",
    "/%2563onfig",
    "/session\\..\\config",
    f"/file//content?path={VALUES_FILE}",
    f"/FILE/content?path={VALUES_FILE}",
    f"/file/content/?path={VALUES_FILE}",
    f"/file/%63ontent?path={VALUES_FILE}",
    f"/file/content;/../../global/health?path={VALUES_FILE}",
)
METHODS: Final = ("HEAD", "OPTIONS", "PUT", "TRACE")
_HEADERS: Final = ("X-HTTP-Method-Override", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix")
_NOBODY: Final = {"sessionID": "ses_00000000000000000000000000", "messageID": "msg_00000000000000000000000000"}
_PLACE: Final = re.compile(r"\{(\w+)\}")
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_BODIES: Final = {"POST /global/upgrade": {"target": "0.0.0"}}
SECONDS: Final = 30.0
"""For one request, which the proxy refuses at once."""


class Probes:
    """Sends them. `strict` is whether what must be refused has to be: bare opencode refuses nothing."""

    def __init__(self, client: Client, field: Field, watch: Watch, *, strict: bool) -> None:
        self._client = client
        self._field = field
        self._watch = watch
        self._strict = strict

    def run(self) -> None:
        """All of them."""
        for target in READS:
            self._each("reads", "GET", target)
        for target in SPELLINGS:
            self._each("spellings", "GET", target, refused=True)
        for header in _HEADERS:
            self._each("spellings", "GET", "/config", headers={header: "/global/config"}, shown=header)
        self._directories()
        if self._strict:
            self._denied()

    def _directories(self) -> None:
        outside, inside = str(self._field.outside), str(self._field.inside)
        once = quote(outside, safe="")
        spelt = {
            "in the query": once,
            "decoded twice": quote(once, safe=""),
            "by ..": quote(f"{inside}/../{self._field.outside.name}", safe=""),
            "by a link": quote(f"{inside}/{LINK}", safe=""),
        }
        for shown, directory in spelt.items():
            self._each("directories", "GET", f"/file?path=.&directory={directory}", refused=True, shown=shown)
            content = f"/file/content?path={OUTSIDE_FILE}&directory={directory}"
            self._each("directories", "GET", content, refused=True, shown=shown)
        header = {DIRECTORY_HEADER: once}
        self._each("directories", "GET", "/file?path=.", refused=True, headers=header, shown="in the header")
        for path in (LINK, f"../{self._field.outside.name}"):
            self._each("directories", "GET", f"/file?path={path}", refused=True, shown=f"path={path}")

    def _denied(self) -> None:
        rows = [row for row in ROWS if row.route_class is RouteClass.DENY]
        for row in filter(_harmless, rows):
            self._row(row)
        for method in METHODS:
            self._each("denied operations", method, "/config", refused=True, shown=f"{method} /config")
        if any(one.name == "denied operations" and one.state.value != "clean" for one in self._watch.channels):
            return  # what crosses there would do harm
        for row in rows:
            if not _harmless(row):
                self._row(row)

    def _row(self, row: Row) -> None:
        path = _PLACE.sub(lambda place: _NOBODY.get(place[1], "egress-verify"), row.template).replace("*", VALUES_FILE)
        body = None if row.method == "GET" else _BODIES.get(row.name, {})
        self._each("denied operations", row.method, path, body, refused=True, shown=row.name)

    def _each(
        self,
        channel: str,
        method: str,
        target: str,
        body: object = None,
        *,
        refused: bool = False,
        headers: dict[str, str] | None = None,
        shown: str = "",
    ) -> None:
        name = shown or f"{method} {target}"
        try:
            answer = self._client.call(method, target, body, headers=headers, seconds=SECONDS)
        except NotReachedError as error:
            self._watch.missed(channel, f"{name}: {error}")
            return
        self._watch.look(channel, answer.everything, exercised=True, through=name)
        if self._strict and refused and not _is_refusal(answer, method):
            self._watch.crossed(channel, name)


def _is_refusal(answer: Answer, method: str) -> bool:
    """Whether the proxy refused. An answer to HEAD has no body to say so."""
    return bool(answer.reason) or (method == "HEAD" and answer.status >= HTTPStatus.BAD_REQUEST)


def _harmless(row: Row) -> bool:
    """Whether it would change nothing, wherever it arrived."""
    return row.method in _READING or bool(_PLACE.search(row.template))
