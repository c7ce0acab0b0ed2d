"""What a running opencode says of itself: its version, and which model it would use."""

from __future__ import annotations

import base64
from http import HTTPStatus
from typing import Any, Final

from msgspec import Struct

from egress_proxy.errors import EgressError, UpstreamError
from egress_proxy.model import Secret
from egress_proxy.routes.catalogue import supported
from egress_proxy.trial.client import Client, NotReachedError, Target

_SECONDS: Final = 15.0
_CLOUD: Final = "opencode"


class Told(Struct, frozen=True):
    """`model` is `provider/model`, or nothing where it would be a cloud service's, or there is none."""

    version: str
    supported: bool
    model: str
    directory: str
    protected: bool  # whether it refuses without a password


def look(url: str, password: Secret | None, directory: str) -> Told:
    """Ask it. Raise `UpstreamError`, without a word of its answer."""
    client = Client(Target(url, Secret(_login(password))), directory, _SECONDS)
    try:
        health = client.get("/global/health")
        if health.status == HTTPStatus.UNAUTHORIZED:
            raise UpstreamError("opencode wants a password" if password is None else "opencode refuses the password")
        version = health.json.get("version") if isinstance(health.json, dict) else None
        if health.status != HTTPStatus.OK or not isinstance(version, str):
            raise UpstreamError(f"{url}: what listens there is not opencode")
        protected = Client(Target(url, Secret("")), directory, _SECONDS).get("/global/health").status != HTTPStatus.OK
        place = _object(client.get("/path").json).get("directory")
        return Told(version, supported(version), _model(client), place if isinstance(place, str) else "", protected)
    except NotReachedError:
        raise UpstreamError(f"{url}: nobody answers") from None


def needs_password(url: str) -> bool:
    """Whether it refuses without one. Raise `UpstreamError` where nobody answers."""
    try:
        return Client(Target(url, Secret("")), "/", _SECONDS).get("/global/health").status == HTTPStatus.UNAUTHORIZED
    except EgressError:
        raise UpstreamError(f"{url}: nobody answers") from None


def configuration(url: str, password: Secret | None, directory: str) -> dict[str, Any]:
    """Its configuration in a directory, keys and all: nothing of it may be shown. Raise `UpstreamError`."""
    try:
        answer = Client(Target(url, Secret(_login(password))), directory, _SECONDS).get("/config")
    except NotReachedError:
        raise UpstreamError("upstream: opencode does not answer at upstream.url: is it running?") from None
    if answer.status == HTTPStatus.UNAUTHORIZED:
        raise UpstreamError("upstream: opencode refuses the password")
    if answer.status != HTTPStatus.OK or not isinstance(answer.json, dict):
        raise UpstreamError("upstream: its configuration cannot be read: its opencode.json may be broken")
    return answer.json


def _login(password: Secret | None) -> str:
    return "" if password is None else "Basic " + base64.b64encode(f"opencode:{password.reveal()}".encode()).decode()


def _model(client: Client) -> str:
    """The model of its configuration, else the default of its only provider."""
    configured = _object(client.get("/config").json).get("model")
    if isinstance(configured, str) and "/" in configured:
        return "" if configured.startswith(f"{_CLOUD}/") else configured
    defaults = _object(_object(client.get("/config/providers").json).get("default"))
    own = [f"{provider}/{model}" for provider, model in defaults.items() if provider != _CLOUD]
    return own[0] if len(own) == 1 else ""


def _object(value: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON of whoever answers
    return value if isinstance(value, dict) else {}
