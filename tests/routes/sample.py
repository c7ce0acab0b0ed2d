"""Values that the tests of routes share."""

from __future__ import annotations

import json

from egress_proxy.model import Client, Policy, Refused, Request, Routed
from egress_proxy.reasons import Reason
from egress_proxy.routes.bodies import Rebuilt
from egress_proxy.routes.matching import match

ROOT, OTHER_ROOT = "/srv/project", "/srv/other"
CLIENT = Client("cloud", (ROOT, OTHER_ROOT))
POLICY = Policy(models=(("local", "small"), ("local", "large")), agents=("build", "plan"))
SES, MSG, PRT = "ses_dfcea941dffeAD1f2HFfQm7ytA", "msg_203156c750018QSQO6AGh9MCyo", "prt_203156c79001dYTBcjFlMBU10G"
PER, QUE = "per_20315b4460017vPhHrKhxXNULV", "que_20315b4460017vPhHrKhxXNULV"
JSON = ("content-type", "application/json")


def request(method: str, target: str, *headers: tuple[str, str], body: bytes = b"") -> Request:
    return Request(method, target, tuple(headers), body, CLIENT)


def routed(method: str, target: str, *headers: tuple[str, str], body: object = None) -> Routed:
    """Give the routed request of one that must be permitted."""
    data = b"" if body is None else json.dumps(body).encode()
    found = match(request(method, target, *headers, *([JSON] if data else []), body=data))
    assert isinstance(found, Routed), found
    return found


def reason(outcome: object) -> Reason | None:
    """Give the reason of a refusal, None for anything else."""
    return outcome.reason if isinstance(outcome, Refused) else None


def sent(outcome: Rebuilt | Refused) -> object:
    """Give what is sent upstream, decoded."""
    assert isinstance(outcome, Rebuilt), outcome
    assert outcome.body is not None
    return json.loads(outcome.body)
