"""Every place of an answer or event that a string crosses in, and there each way to write a value: nothing that can be
read crosses.

The places are not listed: they are those in which a canary of an answer made from the servers' own documents is found
again after the projection (`tests.wire.sweep`). A field that a projection lets through is attacked from then on.
"""

from __future__ import annotations

import base64
import codecs
import json
import random
import string
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from egress_proxy.model import Projected, Refused, Resource, RouteClass, Scanner, Secret
from egress_proxy.routes.catalogue import ROWS
from egress_proxy.scan import KnownValues, Taint, TaintedScanner, build_scanner, judge
from egress_proxy.server.examination import examine
from egress_proxy.server.tree import Tree
from egress_proxy.wire import Dropped, project, project_event
from tests.corpus.forms.letters import full_width
from tests.wire import sweep
from tests.wire.views import DIRECTORY, SESSION, view

PLACED: Final = sweep.Placed(SESSION, DIRECTORY)
STREAMS: Final = (Resource.EVENT, Resource.GLOBAL_EVENT)
VALUE: Final = "".join(random.Random("crossing").choices(string.ascii_letters + string.digits, k=24))
READABLE: Final = 12  # characters in a row
LEAST_PLACES: Final = 100


class Place(NamedTuple):
    """Where a string crosses, an answer in which it does, and the canary that stands there."""

    resource: Resource
    path: str
    body: str
    canary: str

    def holding(self, written: str) -> bytes:
        """The answer with something else in place of the canary."""
        return self.body.replace(self.canary, json.dumps(written)[1:-1]).encode()


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _base32(text: str) -> str:
    return base64.b32encode(text.encode()).decode().rstrip("=")


FORMS: Final[dict[str, Callable[[str], str]]] = {
    "plain": str,
    "in other case": str.swapcase,
    "base64": _base64,
    "base64, a byte before": lambda value: _base64(f"x{value}"),
    "base64, two bytes before": lambda value: _base64(f"xy{value}"),
    "base64 twice": lambda value: _base64(_base64(value)),
    "base64 behind a word": lambda value: f"token{_base64(value)}",
    "base64 behind a name": lambda value: f"name_{_base64(value)}",
    "base64 behind a sign": lambda value: f"x={_base64(value)}",
    "base64 of rot13": lambda value: _base64(codecs.encode(value, "rot13")),
    "base64 of rot13, behind a word": lambda value: f"token{_base64(codecs.encode(value, 'rot13'))}",
    "base64 of reversed, behind a name": lambda value: f"name_{_base64(value[::-1])}",
    "base32": _base32,
    "base32 behind a word": lambda value: f"token{_base32(value)}",
    "base32 behind a name": lambda value: f"name_{_base32(value)}",
    "base32 behind a name, in small letters": lambda value: f"name_{_base32(value).lower()}",
    "hex": lambda value: value.encode().hex(),
    "hex behind a word": lambda value: f"key{value.encode().hex()}",
    "hex of base64, behind a word": lambda value: f"code{_base64(value).encode().hex()}",
    "hex of base64, behind a name": lambda value: f"name_{_base64(value).encode().hex()}",
    "reversed": lambda value: value[::-1],
    "reversed behind a name": lambda value: f"name_{value[::-1]}",
    "rot13": lambda value: codecs.encode(value, "rot13"),
    "rot13 behind a word": lambda value: f"token{codecs.encode(value, 'rot13')}",
    "rot13 behind a name": lambda value: f"name_{codecs.encode(value, 'rot13')}",
    "separated": "-".join,
    "separated by dots": ".".join,
    "spelt out": ", ".join,
    "on lines": "\n".join,
    "full-width": full_width,
    "percent-encoded": lambda value: "".join(f"%{byte:02X}" for byte in value.encode()),
    "percent-encoded in part": lambda value: quote(value[:8]) + "".join(f"%{byte:02x}" for byte in value[8:].encode()),
    "zero-width between": "\u200b".join,
    "escaped": lambda value: "".join(f"\\u{ord(char):04x}" for char in value),
    "codes": lambda value: " ".join(str(ord(char)) for char in value),
}


def _outcome(resource: Resource, body: bytes) -> Projected | Refused | Dropped:
    seen = view(patch_text=True)
    return project_event(resource, body, seen) if resource in STREAMS else project(resource, body, seen)


def _strings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Strings of a value, object keys included, and where they stand."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield f"{path}.*", key
            yield from _strings(item, f"{path}.{key}")
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _strings(item, f"{path}[]")


@cache
def places() -> tuple[Place, ...]:
    """Each place once: by resource, by type of an event, and by path."""
    found: dict[tuple[Resource, str, str], Place] = {}
    for row in ROWS:
        for version in row.versions if row.route_class is not RouteClass.DENY else ():
            for label, body in sweep.generate(version, row.name, PLACED):
                if label.startswith("twisted"):
                    break
                outcome = _outcome(row.response, body)
                if isinstance(outcome, Projected):
                    kind = outcome.value["type"] if row.response is Resource.EVENT else ""  # type: ignore[index]  # a frame is an object
                    for path, text in _strings(outcome.value):
                        canary = next(iter(sweep.canaries_in(text.encode())), None)
                        if canary and (row.response, kind, path) not in found:
                            found[row.response, kind, path] = Place(
                                row.response, f"{kind} {path}", body.decode(), canary
                            )
    return tuple(found.values())


def _readable(value: Any, written: str) -> bool:
    """Whether a run of what was written stands in a string of a value."""
    runs = {written[at : at + READABLE] for at in range(len(written) - READABLE + 1)}
    return any(run in text for _, text in _strings(value) for run in runs)


def _left(scanner: Scanner, forms: Iterable[str] = FORMS) -> list[str]:
    """The places and forms in which something crosses that can be read."""
    left = []
    for form in forms:
        written = FORMS[form](VALUE)
        projected = [(place, _outcome(place.resource, place.holding(written))) for place in places()]
        crossing = [(place, outcome.value) for place, outcome in projected if isinstance(outcome, Projected)]
        released = json.loads(examine(Projected([value for _, value in crossing]), scanner, judge).body)
        told = zip(crossing, released, strict=True)
        left += [f"{place.resource.value} {place.path}: {form}" for (place, _), one in told if _readable(one, written)]
    return left


def test_there_are_as_many_places_as_there_were() -> None:
    """Else the answers would prove nothing: an answer that no longer crosses cannot leak."""
    assert len(places()) >= LEAST_PLACES
    assert {place.resource for place in places()} >= {Resource.MESSAGES, Resource.TODOS, Resource.MCP, Resource.EVENT}


def test_without_a_value_that_is_watched_for_all_of_it_crosses() -> None:
    """The negative control: it is what is known of the value that withholds it."""
    assert len(_left(build_scanner(KnownValues.none()), ("hex",))) == len(places())


def test_no_known_value_crosses_anywhere_in_any_form() -> None:
    assert _left(build_scanner(KnownValues.build([("DB_PASSWORD", Secret(VALUE))], bytes(32)))) == []


def test_no_tainted_value_crosses_anywhere_in_any_form() -> None:
    tree = Tree(bytes(32))
    tree.remember((Taint("API_KEY", Secret(VALUE), sure=True),))
    assert _left(TaintedScanner(build_scanner(KnownValues.none()), (tree.values,))) == []
