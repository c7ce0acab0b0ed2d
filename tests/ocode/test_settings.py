"""Where the proxy is, with which token, in which directory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from egress_proxy.ocode import settings
from egress_proxy.ocode.address import DEFAULT_URL, Address, Via
from egress_proxy.ocode.exits import Exit
from egress_proxy.ocode.faults import Fault
from tests.ocode.conftest import TOKEN

PLAIN = {"OCODE_ALLOW_PLAIN_HTTP": "1"}

ADDRESSES: dict[str, tuple[str, Mapping[str, str], Address, str]] = {
    "loopback": (
        "http://127.0.0.1:8642",
        {},
        Address("http", "127.0.0.1", 8642, ""),
        "http://127.0.0.1:8642",
    ),
    "slash": ("http://127.0.0.1:1/", {}, Address("http", "127.0.0.1", 1, ""), "http://127.0.0.1:1"),
    "other loopback": ("http://127.9.9.9:1", {}, Address("http", "127.9.9.9", 1, ""), "http://127.9.9.9:1"),
    "localhost": ("http://LOCALHOST", {}, Address("http", "localhost", 80, ""), "http://localhost:80"),
    "IPv6": ("http://[::1]:9", {}, Address("http", "::1", 9, ""), "http://[::1]:9"),
    "https": ("https://a.example", {}, Address("https", "a.example", 443, ""), "https://a.example:443"),
    "prefix": (
        "https://a.example:8/egress/v1/",
        {},
        Address("https", "a.example", 8, "/egress/v1"),
        "https://a.example:8",
    ),
    "Unix socket": (
        "unix:///run/egress/cloud.sock",
        {},
        Address("unix", "", 0, "", "/run/egress/cloud.sock"),
        "unix:///run/egress/cloud.sock",
    ),
    "ssh": (
        "ssh://me@box.example:2222/127.0.0.1:9000",
        {},
        Address("ssh", "127.0.0.1", 9000, "", via=Via("box.example", 2222, "me")),
        "ssh://me@box.example:2222/127.0.0.1:9000",
    ),
    "ssh by its name alone": (
        "ssh://box",
        {},
        Address("ssh", "127.0.0.1", 8642, "", via=Via("box", 0, "")),
        "ssh://box/127.0.0.1:8642",
    ),
    "ssh to IPv6": (
        "ssh://[fe80::1]:22/[::1]:9",
        {},
        Address("ssh", "::1", 9, "", via=Via("fe80::1", 22, "")),
        "ssh://[fe80::1]:22/[::1]:9",
    ),
    "ssh to a socket": (
        "ssh://me@box/run/egress/cloud.sock",
        {},
        Address("ssh", "", 0, "", "/run/egress/cloud.sock", Via("box", 0, "me")),
        "ssh://me@box/run/egress/cloud.sock",
    ),
    "trusted network": (
        "http://10.0.0.1:5",
        PLAIN,
        Address("http", "10.0.0.1", 5, ""),
        "http://10.0.0.1:5",
    ),
}


@pytest.mark.parametrize(("url", "environment", "address", "origin"), ADDRESSES.values(), ids=ADDRESSES.keys())
def test_addresses(url: str, environment: Mapping[str, str], address: Address, origin: str) -> None:
    found = settings.address(url, environment)
    assert found == address
    assert found.origin == origin


WRONG = {
    "no scheme": "127.0.0.1:8642",
    "other scheme": "ftp://127.0.0.1",
    "file": "file:///etc/passwd",
    "user": "http://me@127.0.0.1",
    "password": f"http://me:{TOKEN}@127.0.0.1",
    "empty user": "http://@127.0.0.1",
    "query": "http://127.0.0.1/?x=1",
    "fragment": "http://127.0.0.1/#x",
    "no host": "http:///path",
    "port only": "http://:80",
    "port 0": "http://127.0.0.1:0",
    "port too high": "http://127.0.0.1:65536",
    "port no number": "http://127.0.0.1:http",
    "space in host": "http://127.0.0.1 x",
    "host escape": "http://127.0.0.1%0d%0ax",
    "line end in path": "http://127.0.0.1/a b",
    "dot segments": "http://127.0.0.1/a/../b%2f",
    "double slash": "http://127.0.0.1//a",
    "bracket": "http://[::1",
    "plain to another machine": "http://proxy.example:8642",
    "plain to a private address": "http://192.168.0.1",
    "loopback in the name": "http://127.0.0.1.example",
    "localhost in the name": "http://localhost.example",
    "the token": TOKEN,
    "Unix socket with a host": "unix://host/run/x.sock",
    "Unix socket without a path": "unix://",
    "Unix socket by a relative path": "unix:run/x.sock",
    "Unix socket with dots": "unix:///run/../x.sock",
    "Unix socket with an escape": "unix:///run/%2e.sock",
    "Unix socket that is too long": "unix:///" + "a" * 101,
    "ssh with a password": f"ssh://me:{TOKEN}@box",
    "ssh without a host": "ssh:///127.0.0.1:1",
    "ssh to an option": "ssh://-oProxyCommand=x/127.0.0.1:1",
    "ssh as an option": "ssh://-lroot@box",
    "ssh as nobody": "ssh://@box",
    "ssh with a space": "ssh://box x",
    "ssh beyond the machine": "ssh://box/10.0.0.1:8642",
    "ssh to a name beyond": "ssh://box/proxy.example:8642",
    "ssh to a high port": "ssh://box/127.0.0.1:65536",
    "ssh to port 0": "ssh://box:0",
    "ssh with a query": "ssh://box?x",
    "ssh to dots": "ssh://box/run/../x",
}


@pytest.mark.parametrize("url", WRONG.values(), ids=WRONG.keys())
def test_wrong_addresses_are_refused_and_not_quoted(url: str) -> None:
    with pytest.raises(Fault) as raised:
        settings.address(url, {})
    assert raised.value.exit is Exit.USAGE
    assert url not in raised.value.message
    assert TOKEN not in raised.value.message


def test_the_flag_goes_before_the_variable_and_that_before_the_default() -> None:
    environment = {"OCODE_URL": "http://127.0.0.2"}
    assert settings.address("http://127.0.0.1", environment).host == "127.0.0.1"
    assert settings.address(None, environment).host == "127.0.0.2"
    assert settings.address(None, {"OCODE_URL": ""}).origin == DEFAULT_URL


# the token


def private(path: Path, content: bytes, mode: int = 0o600) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


def found(flag: str | None = None, **environment: str) -> str:
    return settings.token(flag, environment).reveal()


def test_the_order_of_the_sources(tmp_path: Path) -> None:
    """HOME is an empty directory here (conftest)."""
    default = private(tmp_path / ".config/ocode/token", b"from-default\n")
    variable, flag = private(tmp_path / "variable", b"from-variable\n"), private(tmp_path / "flag", b"from-flag\n")
    assert Path(settings.DEFAULT_TOKEN_FILE).expanduser() == Path(default)
    assert found() == "from-default"
    assert found(OCODE_TOKEN_FILE=variable) == "from-variable"
    assert found(OCODE_TOKEN_FILE=variable, OCODE_TOKEN="direct") == "direct"
    assert found(flag, OCODE_TOKEN_FILE=variable, OCODE_TOKEN="direct") == "from-flag"
    assert found(OCODE_TOKEN="", OCODE_TOKEN_FILE="") == "from-default"


@pytest.mark.parametrize("content", [b"tok", b"tok\n", b"  tok \r\n"], ids=["bare", "line", "spaces"])
def test_space_around_a_token_is_none_of_it(tmp_path: Path, content: bytes) -> None:
    assert found(private(tmp_path / "t", content)) == "tok"


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"a b", b"a\r\nX-Other: 1", b"a\x00b", b"\xff\xfe", "tök".encode(), b"x" * 5000],
    ids=["empty", "blank", "two words", "header", "nul", "bytes", "accent", "large"],
)
def test_what_is_no_token_is_not_sent(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Fault) as raised:
        found(private(tmp_path / "t", content))
    assert raised.value.exit is Exit.UNAUTHENTICATED


@pytest.mark.parametrize("value", ["a b", "a\nb", "tök", " "])
def test_a_variable_that_holds_no_token(value: str) -> None:
    with pytest.raises(Fault) as raised:
        found(OCODE_TOKEN=value)
    assert raised.value.exit is Exit.UNAUTHENTICATED
    assert "OCODE_TOKEN holds" in raised.value.message


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602, 0o610, 0o666])
def test_a_file_that_others_may_touch_is_not_used(tmp_path: Path, mode: int) -> None:
    with pytest.raises(Fault, match="chmod 600") as raised:
        found(private(tmp_path / "t", TOKEN.encode(), mode))
    assert raised.value.exit is Exit.UNAUTHENTICATED


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_private_file_is_used(tmp_path: Path, mode: int) -> None:
    assert found(private(tmp_path / "t", b"tok", mode)) == "tok"


def test_a_link_is_as_private_as_its_file(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(private(tmp_path / "t", b"tok", 0o644))
    with pytest.raises(Fault, match="chmod 600"):
        found(str(link))


def test_a_file_of_another_user_is_not_used(tmp_path: Path) -> None:
    path = private(tmp_path / "t", b"tok")
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(path, 12345, -1)
    with pytest.raises(Fault, match="others may read"):
        found(path)


def test_a_pipe_is_read(tmp_path: Path) -> None:
    """`--token-file <(pass show ocode)`."""
    reading, writing = os.pipe()
    os.write(writing, b"from-pipe\n")
    os.close(writing)
    try:
        assert found(f"/dev/fd/{reading}") == "from-pipe"
    finally:
        os.close(reading)


@pytest.mark.parametrize("path", ["{tmp}/none", "{tmp}", "/dev/null", "{tmp}/a\0b", "~nobody-has-this-name/t"])
def test_what_is_no_file_is_not_used(tmp_path: Path, path: str) -> None:
    spelling = path.replace("{tmp}", str(tmp_path))
    with pytest.raises(Fault) as raised:
        found(spelling)
    assert raised.value.exit is Exit.UNAUTHENTICATED
    assert spelling not in raised.value.message


def test_no_token_at_all_says_how_to_get_one() -> None:
    with pytest.raises(Fault, match="egress-proxy token create") as raised:
        found()
    assert raised.value.exit is Exit.UNAUTHENTICATED


# the directory


@pytest.mark.parametrize("spelling", ["relative", "./x", "~/x", "", "/a\nb", "/a\x00b", "/a\udcff", "C:\\x"])
def test_a_directory_is_absolute(spelling: str) -> None:
    with pytest.raises(Fault) as raised:
        settings.directory(spelling, {})
    assert raised.value.exit is Exit.USAGE


def test_the_directory_is_optional() -> None:
    assert settings.directory(None, {}) is None
    assert settings.directory(None, {"OCODE_DIRECTORY": ""}) is None
    assert settings.directory("/a", {"OCODE_DIRECTORY": "/b"}) == "/a"
    assert settings.directory(None, {"OCODE_DIRECTORY": "/b"}) == "/b"
