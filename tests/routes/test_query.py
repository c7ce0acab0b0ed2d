"""Query keys and values: parsed once, none forwarded that is not named."""

from __future__ import annotations

import pytest

from egress_proxy.model import Routed
from egress_proxy.reasons import Reason
from egress_proxy.routes.matching import match
from tests.routes.sample import MSG, SES, reason, request

UNKNOWN, DUPLICATE, INVALID = Reason.QUERY_UNKNOWN, Reason.QUERY_DUPLICATE, Reason.QUERY_INVALID
WORKSPACE = Reason.WORKSPACE_FORBIDDEN
MESSAGES = f"/session/{SES}/message"
DIFF = f"/session/{SES}/diff"

ROWS = [
    ("none", "/session", None),
    ("empty", "/session?", None),
    ("permitted", "/session?limit=5&roots=true&start=0&search=fix+it", None),
    ("scope", "/session?scope=project", None),
    ("scope-other", "/session?scope=global", INVALID),
    ("scope-empty", "/session?scope=", INVALID),
    ("scope-twice", "/session?scope=project&%73cope=project", DUPLICATE),
    ("scope-of-another-route", "/session/status?scope=project", UNKNOWN),
    ("path-of-sessions", "/session?path=src", None),
    ("path-of-sessions-empty", "/session?path=&start=1", None),
    ("path-of-sessions-up", "/session?path=../other", INVALID),
    ("path-of-sessions-absolute", "/session?path=/etc", INVALID),
    ("workspace", "/session?workspace=wrk_1", WORKSPACE),
    ("workspace-empty", "/session?workspace=", WORKSPACE),
    ("workspace-bare", "/session?workspace", WORKSPACE),
    ("workspace-escaped", "/session?%77orkspace=wrk_1", WORKSPACE),
    ("workspace-on-health", "/global/health?workspace=wrk_1", WORKSPACE),
    ("workspace-capitals", "/session?Workspace=wrk_1", UNKNOWN),
    ("auth-token", "/session?auth_token=dTpw", UNKNOWN),
    ("auth-token-escaped", "/global/health?%61uth_token=dTpw", UNKNOWN),
    ("location", "/api/health?location[directory]=/etc", UNKNOWN),
    ("location-workspace", "/api/health?location%5Bworkspace%5D=w", UNKNOWN),
    ("nested-directory", "/session?directory[]=/etc", UNKNOWN),
    ("directory-capitals", "/session?Directory=/etc", UNKNOWN),
    ("directory-space", "/session?directory+=/etc", UNKNOWN),
    ("directory-nul", "/session?directory%00=/etc", UNKNOWN),
    ("of-another-route", "/session?messageID=msg_1", UNKNOWN),
    ("on-health", "/global/health?limit=1", UNKNOWN),
    ("duplicate", "/session?limit=5&limit=6", DUPLICATE),
    ("duplicate-same", "/session?limit=5&limit=5", DUPLICATE),
    ("duplicate-escaped", "/session?limit=5&%6cimit=6", DUPLICATE),
    ("duplicate-directory", "/session?directory=/srv/project&directory=/etc", DUPLICATE),
    ("duplicate-directory-escaped", "/session?directory=/srv/project&%64irectory=/etc", DUPLICATE),
    ("directory-escaped-key", "/session?%64irectory=/srv/project", None),
    ("semicolon-is-no-separator", "/session?limit=5;limit=6", INVALID),
    ("empty-pair", "/session?limit=5&&roots=true", INVALID),
    ("leading-ampersand", "/session?&limit=5", INVALID),
    ("empty-key", "/session?=5", INVALID),
    ("bare-key", "/session?limit", INVALID),
    ("too-many", "/session?" + "&".join(f"k{n}=1" for n in range(17)), INVALID),
    ("malformed-escape", "/session?search=100%", INVALID),
    ("malformed-escape-2", "/session?search=%2", INVALID),
    ("malformed-escape-3", "/session?search=%zz", INVALID),
    ("percent-sign", "/session?search=100%25", None),
    ("bad-utf8", "/session?search=%ff", INVALID),
    ("surrogate-utf8", "/session?search=%ed%a0%80", INVALID),
    ("overlong-utf8", "/session?search=%c0%af", INVALID),
    ("utf8", "/session?search=%C3%BC", None),
    ("control", "/session?search=a%0Ab", INVALID),
    ("nul", "/session?search=%00", INVALID),
    ("line-separator", "/session?search=%E2%80%A8", INVALID),
    ("search-empty", "/session?search=", None),
    ("search-long", "/session?search=" + "a" * 256, None),
    ("search-too-long", "/session?search=" + "a" * 257, INVALID),
    ("limit-zero", "/session?limit=0", INVALID),
    ("limit-one", "/session?limit=1", None),
    ("limit-most", "/session?limit=1000", None),
    ("limit-over", "/session?limit=1001", INVALID),
    ("limit-negative", "/session?limit=-1", INVALID),
    ("limit-float", "/session?limit=1.5", INVALID),
    ("limit-exponent", "/session?limit=1e3", INVALID),
    ("limit-hex", "/session?limit=0x10", INVALID),
    ("limit-leading-zero", "/session?limit=05", INVALID),
    ("limit-space", "/session?limit=+5", INVALID),
    ("limit-arabic", "/session?limit=%D9%A5", INVALID),
    ("limit-infinity", "/session?limit=Infinity", INVALID),
    ("limit-huge", "/session?limit=" + "9" * 5000, INVALID),
    ("roots-false", "/session?roots=false", None),
    ("roots-other", "/session?roots=1", INVALID),
    ("roots-capital", "/session?roots=True", INVALID),
    ("start", "/session?start=1795347809946", None),
    ("start-float", "/session?start=1.5", INVALID),
    ("start-negative", "/session?start=-1", INVALID),
    ("page", f"{MESSAGES}?limit=50&before=eyJpZCI6Im1zZ18yMDMxIiwidGltZSI6MX0", None),
    ("page-padded", f"{MESSAGES}?before=eyJpZCI6MX0%3D", None),
    ("page-other", f"{MESSAGES}?before=a/b", INVALID),
    ("page-empty", f"{MESSAGES}?before=", INVALID),
    ("page-long", f"{MESSAGES}?before=" + "a" * 257, INVALID),
    ("diff-message", f"{DIFF}?messageID={MSG}", None),
    ("diff-other-id", f"{DIFF}?messageID={SES}", INVALID),
    ("diff-newline", f"{DIFF}?messageID={MSG}%0A", INVALID),
    ("find", "/find/file?query=set&dirs=false&type=file&limit=200", None),
    ("find-limit-over", "/find/file?query=set&limit=201", INVALID),
    ("find-type", "/find/file?query=set&type=symlink", INVALID),
    ("find-dirs", "/find/file?query=set&dirs=yes", INVALID),
    ("list", "/file?path=src", None),
    ("list-root", "/file?path=", None),
    ("list-dot", "/file?path=.", None),
    ("list-trailing-slash", "/file?path=src/lib/", None),
    ("list-hidden", "/file?path=.github", None),
    ("list-absolute", "/file?path=/etc", INVALID),
    ("list-up", "/file?path=../other", INVALID),
    ("list-up-inside", "/file?path=src/../../other", INVALID),
    ("list-up-escaped", "/file?path=src/%2e%2e/%2e%2e", INVALID),
    ("list-up-double-escaped", "/file?path=src/%252e%252e", INVALID),
    ("list-dot-inside", "/file?path=src/./lib", INVALID),
    ("list-double-slash", "/file?path=src//lib", INVALID),
    ("list-slash", "/file?path=/", INVALID),
    ("list-backslash", "/file?path=..%5Cother", INVALID),
    ("list-home", "/file?path=~", INVALID),
    ("list-nul", "/file?path=src%00", INVALID),
]


@pytest.mark.parametrize(("target", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_queries(target: str, expected: Reason | None) -> None:
    assert reason(match(request("GET", target))) is expected


def test_values_are_decoded_once() -> None:
    found = match(request("GET", "/session?search=a+b%2Bc%2525"))
    assert isinstance(found, Routed)
    assert found.query == {"search": "a b+c%25"}


def test_what_is_ignored_goes_no_further() -> None:
    found = match(request("GET", "/session?scope=project&path=src&roots=true"))
    assert isinstance(found, Routed)
    assert found.query == {"roots": "true"}
