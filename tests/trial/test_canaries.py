"""The search for canaries finds them however they are written, and tells what kind and no value."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from egress_proxy.trial.canaries import Canaries, Kind
from egress_proxy.trial.watch import State, Watch


@pytest.fixture(scope="module")
def canaries() -> Canaries:
    return Canaries()


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(
    "write",
    [
        lambda value: value,
        str.upper,
        "-".join,
        lambda value: f"{value[:9]}\n  {value[9:]}",
        lambda value: value[::-1],
        lambda value: quote(value, safe="").replace("a", "%61"),
        lambda value: json.dumps(value).replace("e", "\\u0065"),
        lambda value: value.encode().hex(":"),
        lambda value: base64.b64encode(f"password: {value}\n".encode()).decode(),
        lambda value: base64.b64encode(f"a password: {value}\n".encode()).decode(),
        lambda value: base64.urlsafe_b64encode(f"the password: {value}\n".encode()).decode(),
    ],
    ids=["as it is", "upper", "hyphens", "two lines", "backwards", "percent", "json", "hex", *"123"],
)
def test_a_canary_is_found_in_every_form(canaries: Canaries, kind: Kind, write: object) -> None:
    assert callable(write)
    assert canaries.found(f"before {write(canaries[kind])} after") == {kind}
    assert canaries.found(f"before {write(canaries[kind])} after".encode()) == {kind}


def test_what_is_no_canary_is_not_found(canaries: Canaries) -> None:
    """A near miss: half of one, one of another run, and what stands in its place."""
    assert canaries.found(canaries[Kind.KNOWN][:8] + Canaries()[Kind.KNOWN]) == frozenset()
    assert canaries.found("[redacted:KNOWN:EGRESS_VERIFY_PASSWORD] All is in order.") == frozenset()


def test_two_runs_share_no_value(canaries: Canaries) -> None:
    other = Canaries()
    assert not {canaries[kind] for kind in Kind} & {other[kind] for kind in Kind}
    assert all(canaries[kind] not in repr(canaries) for kind in Kind)


def test_a_channel_is_clean_only_if_every_look_at_it_was_exercised(canaries: Canaries) -> None:
    watch = Watch(canaries)
    watch.look("a", b"nothing", exercised=True)
    watch.look("b", b"nothing", exercised=True)
    watch.look("b", b"nothing", exercised=False, why="it did not happen")
    watch.look("b", b"nothing", exercised=True)
    watch.absent("c", "there is none")
    watch.look("d", canaries[Kind.KNOWN].encode(), exercised=False, through="GET /x")
    watch.look("d", canaries[Kind.TOKEN].encode(), exercised=True, through="GET /y")
    watch.missed("d", "and then nothing")
    watch.crossed("e", "GET /z")
    found = {channel.name: (channel.state, channel.canaries, channel.through) for channel in watch.channels}
    assert found == {
        "a": (State.CLEAN, (), ()),
        "b": (State.NOT_EXERCISED, (), ()),
        "c": (State.ABSENT, (), ()),
        "d": (State.LEAKED, (Kind.TOKEN, Kind.KNOWN), ("GET /x", "GET /y")),
        "e": (State.LEAKED, (), ("GET /z",)),
    }
