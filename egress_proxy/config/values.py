"""Readers of values: each takes a node and gives a typed value, or raises the node's `NodeError`.

A reader says what it wants, never what it got. A string may stand without quotes only where YAML 1.1 takes it for a
string too (`no` is a boolean there and `1.10` a number); numbers are plain decimals and booleans `true` or `false`.
"""

from __future__ import annotations

import grp
import ipaddress
import re
from collections.abc import Callable
from enum import StrEnum
from posixpath import normpath
from typing import Final, TypeVar

from egress_proxy.config.nodes import AnyNode, Fields, Items, Scalar
from egress_proxy.config.schema import Address

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,17}")
_ADDRESS: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[0-9.]+):(0|[1-9][0-9]{0,4})")
_ORIGIN: Final = r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)(?::([1-9][0-9]{0,4}))?"
_URL: Final = re.compile(_ORIGIN + "/?")
_WEBHOOK: Final = re.compile(_ORIGIN + r"(?:/[!$&-;=?-Z_a-z~%]*)?")
_PAGE: Final = re.compile(_ORIGIN + r"(?:/[A-Za-z0-9._~/-]*)?")
_MODEL: Final = re.compile(r"([A-Za-z0-9._-]{1,100})/([A-Za-z0-9._:@+/-]{1,200})")
_IDENTIFIER: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST_IDENTIFIER: Final = 60
_AGENT: Final = re.compile(r"[A-Za-z0-9._/-]{1,100}")
_HEADER: Final = re.compile(r"(?:X|Remote)-[A-Za-z0-9]{1,32}(?:-[A-Za-z0-9]{1,32}){0,4}")
_PERSON: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}")
_LEAST_WORDS, _MOST_WORDS = 2, 24  # of a phrase
_MAX_PORT: Final = 65_535
_MAX_SOCKET_PATH: Final = 100  # the system's own limit is 107, some systems' 103


def string(node: AnyNode) -> str:
    """Read one line of printable text."""
    if not isinstance(node, Scalar):
        raise node.problem("must be a string")
    if not node.string:
        raise node.problem("must be a string: put it in quotes, YAML takes it for something else")
    if not node.text or not node.text.isprintable():
        raise node.problem("must be one line of text, without control characters")
    return node.text


def bounded(longest: int) -> Callable[[AnyNode], str]:
    """Make a reader of one line of printable text, of at most so many characters."""

    def read(node: AnyNode) -> str:
        text = string(node)
        if len(text) > longest:
            raise node.problem(f"must have at most {longest} characters")
        return text

    return read


def identifier(example: str) -> Callable[[AnyNode], str]:
    """Make a reader of words with hyphens between, of which `example` is one."""

    def read(node: AnyNode) -> str:
        text = string(node)
        if _IDENTIFIER.fullmatch(text) is None or len(text) > _LONGEST_IDENTIFIER:
            raise node.problem(f"must be lower-case words and digits with hyphens between, such as {example}")
        return text

    return read


def boolean(node: AnyNode) -> bool:
    if isinstance(node, Scalar) and node.plain and node.text in {"true", "false"}:
        return node.text == "true"
    raise node.problem("must be true or false")


def integer(low: int, high: int) -> Callable[[AnyNode], int]:
    """Make a reader of decimal numbers between `low` and `high`, both included."""

    def read(node: AnyNode) -> int:
        if isinstance(node, Scalar) and node.plain and _DECIMAL.fullmatch(node.text):
            number = int(node.text)
            if low <= number <= high:
                return number
        raise node.problem(f"must be a whole number from {low} to {high}")

    return read


def optional(read: Callable[[AnyNode], T]) -> Callable[[AnyNode], T | None]:
    """Make a reader that takes the word `none` for None."""

    def read_or_none(node: AnyNode) -> T | None:
        return None if isinstance(node, Scalar) and node.plain and node.text == "none" else read(node)

    return read_or_none


def one_of(kind: type[E]) -> Callable[[AnyNode], E]:
    """Make a reader of the words of an enum."""

    def read(node: AnyNode) -> E:
        text = string(node)
        if text not in tuple(kind):
            raise node.problem(f"must be one of {', '.join(kind)}")
        return kind(text)

    return read


def phrase(node: AnyNode) -> str:
    """Read two words or more, stars among them, but not only those."""
    words = string(node).split()
    if not _LEAST_WORDS <= len(words) <= _MOST_WORDS or {words[0], words[-1]} & {"*"}:
        raise node.problem(f"must be {_LEAST_WORDS} to {_MOST_WORDS} words, the first and the last no `*`")
    return " ".join(words)


def several(read: Callable[[AnyNode], T], *, least: int = 1) -> Callable[[AnyNode], tuple[T, ...]]:
    """Make a reader of lists of distinct values, `least` or more of them."""

    def read_all(node: AnyNode) -> tuple[T, ...]:
        if not isinstance(node, Items):
            raise node.problem("must be a list")
        if len(node.items) < least:
            raise node.problem("must name at least one")
        found: list[T] = []
        for item in node.items:
            value = read(item)
            if value in found:
                raise item.problem("is in the list already")
            found.append(value)
        return tuple(found)

    return read_all


def mapping(node: AnyNode, known: tuple[str, ...], required: tuple[str, ...] = ()) -> dict[str, AnyNode]:
    """Read a mapping whose keys are all known and which has the required ones."""
    if not isinstance(node, Fields):
        raise node.problem(f"must be a mapping with the keys {', '.join(known)}")
    for key, value in node.fields.items():
        if key not in known:
            raise value.problem(f"unknown key; known are {', '.join(known)}")
    for key in required:
        if key not in node.fields:
            raise node.problem(f"the key {key} is missing")
    return node.fields


def address(node: AnyNode) -> Address:
    """Read `host:port`, the host an IP address."""
    found = _ADDRESS.fullmatch(string(node))
    host = _ip(found[1].strip("[]")) if found else None
    if found is None or host is None or int(found[2]) > _MAX_PORT:
        raise node.problem("must be an IP address and a port, such as 127.0.0.1:8642 or '[::1]:8642'")
    return Address(host, int(found[2]))


def listening(node: AnyNode) -> Address:
    """Read `host:port`, or `unix:` and the absolute path of a socket."""
    text = string(node)
    if not text.startswith("unix:"):
        return address(node)
    path = text.removeprefix("unix:")
    if not path.startswith("/") or normpath(path) != path or len(path.encode()) > _MAX_SOCKET_PATH:
        raise node.problem(f"must be unix: and an absolute path without . and .., of at most {_MAX_SOCKET_PATH} bytes")
    return Address("", 0, path)


def group(node: AnyNode) -> str:
    """Read the name of a group of this machine."""
    text = string(node)
    try:
        grp.getgrnam(text)
    except KeyError:
        raise node.problem("must be the name of a group of this machine") from None
    return text


def url(node: AnyNode) -> str:
    """Read an HTTP origin, and give it without a slash at its end."""
    text = string(node)
    found = _URL.fullmatch(text)
    host = found[2] if found else ""
    bad_ip = host.startswith("[") and _ip(host.strip("[]")) is None
    if found is None or bad_ip or int(found[3] or 0) > _MAX_PORT:
        raise node.problem("must be http:// or https:// with a lower-case host and a port: no user, path or query")
    return text.removesuffix("/")


def webhook(node: AnyNode) -> str:
    """Read the URL of a webhook: https, or http of this machine. Its path and query may be secret."""
    text = string(node)
    found = _WEBHOOK.fullmatch(text)
    host = found[2].strip("[]") if found else ""
    if found is None or int(found[3] or 0) > _MAX_PORT or ("[" in found[2] and _ip(host) is None):
        raise node.problem("must be https:// with a lower-case host: no user, no fragment, no blank")
    if found[1] == "http" and not _is_loopback(host):
        raise node.problem("must be https://: http:// is for a receiver on this machine only")
    return text


def origin(node: AnyNode) -> str:
    """Read where people reach a page: https, or http of this machine; scheme, host and perhaps a port."""
    text = url(node)
    found = _URL.fullmatch(text)
    if found is None or (found[1] == "http" and not _is_loopback(found[2].strip("[]"))):
        raise node.problem("must be https://: http:// is for this machine only")
    return text


def header(node: AnyNode) -> str:
    """Read the name of a header that is nobody's else."""
    text = string(node)
    if _HEADER.fullmatch(text) is None:
        raise node.problem("must be the name of a header that begins with X- or Remote-, such as X-Forwarded-User")
    return text


def person(node: AnyNode) -> str:
    """Read a person's name as a reverse proxy gives it."""
    text = string(node)
    if _PERSON.fullmatch(text) is None:
        raise node.problem("must be 1 to 128 letters, digits, and . _ @ + -, and begin with one of the first two")
    return text


def page(node: AnyNode) -> str:
    """Read where a page is: an origin, and a path perhaps; give it without a slash at its end."""
    text = string(node)
    if _PAGE.fullmatch(text) is None:
        raise node.problem("must be http:// or https:// with a lower-case host, and a path if need be")
    return text.rstrip("/")


def model(node: AnyNode) -> tuple[str, str]:
    """Read `provider/model`. The model may have slashes."""
    found = _MODEL.fullmatch(string(node))
    if found is None:
        raise node.problem("must be provider/model")
    return found[1], found[2]


def agent(node: AnyNode) -> str:
    text = string(node)
    if _AGENT.fullmatch(text) is None:
        raise node.problem("must be the name of an agent")
    return text


def _is_loopback(host: str) -> bool:
    return host == "localhost" or ((found := _ip(host)) is not None and ipaddress.ip_address(found).is_loopback)


def _ip(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
