"""Which socket is asked with which token, and what is said where nobody answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from egress_proxy.errors import Exit
from tests.desk.conftest import TOKEN, Box
from tests.kit.client import free_port
from tests.ocode.peer import RawPeer, Says


def test_a_proxy_that_does_not_run(box: Box) -> None:
    box.configure(f"127.0.0.1:{free_port()}")
    ran = box.run("list", "--json")
    assert (ran.code, ran.json["error"]["reason"]) == (Exit.UNREACHABLE, "not_reached")
    assert "Is the proxy running" in ran.err


def test_a_proxy_that_never_ran(box: Box) -> None:
    box.token.unlink()
    ran = box.run("list", "--json")
    assert (ran.code, ran.json["error"]["reason"]) == (Exit.UNREACHABLE, "token")
    assert "is the proxy running" in ran.err


def test_a_proxy_that_is_too_old(box: Box) -> None:
    box.peer.answers["GET /gates"] = Says(b"404: Not Found", 404, type="text/plain")
    ran = box.run("list", "--json")
    assert (ran.code, ran.json["error"]["reason"]) == (Exit.UNREACHABLE, "too_old")
    assert "older than this command" in ran.err


def test_a_token_that_is_not_taken(box: Box) -> None:
    box.peer.answers["GET /gates"] = Says({"error": "unauthenticated", "message": "x"}, 401)
    assert box.run("list", "--json").json["error"]["reason"] == "token"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_token_that_others_may_read_is_not_sent(box: Box, mode: int) -> None:
    box.write_token(TOKEN, mode)
    ran = box.run("list")
    assert ran.code == Exit.UNREACHABLE
    assert "chmod 600" in ran.err
    assert box.peer.got == []


@pytest.mark.parametrize("content", ["", "a b", "a\nb", "\u00e9", "x" * 300])
def test_what_is_no_token_is_not_sent(box: Box, content: str) -> None:
    box.write_token(content)
    assert box.run("list").code == Exit.UNREACHABLE
    assert box.peer.got == []


def test_the_token_of_this_machine_is_not_sent_elsewhere(box: Box) -> None:
    assert box.run("list", "--url", box.peer.url).code == Exit.USAGE
    assert box.peer.got == []


def test_elsewhere_takes_no_configuration(box: Box, tmp_path: Path) -> None:
    token = tmp_path / "theirs"
    token.write_text("ano" + "ther")
    token.chmod(0o600)
    ran = box.run("list", "--url", box.peer.url, "--token-file", str(token), configured=False)
    assert ran.code == Exit.OK
    assert box.peer.got[0].headers["Authorization"] == "Bearer ano" + "ther"


@pytest.mark.parametrize(
    "url", ["x", "ftp://h", "http://proxy.example:1", "http://u:hunter@127.0.0.1:1", "ssh://box", "http://127.0.0.1?a"]
)
def test_an_address_that_is_none_is_not_repeated(box: Box, url: str) -> None:
    ran = box.run("list", "--url", url, "--token-file", str(box.token), "--json")
    assert (ran.code, ran.json["error"]["reason"]) == (Exit.USAGE, "usage")
    assert "hunter" not in ran.err + ran.out
    assert box.peer.got == []


def test_a_configuration_that_is_not_valid(box: Box) -> None:
    box.config.write_text("upstream: x\n")
    ran = box.run("list", "--json")
    assert (ran.code, ran.json["error"]["reason"]) == (Exit.USAGE, "configuration")


def test_a_port_that_nobody_knows(box: Box) -> None:
    box.configure("127.0.0.1:0")
    assert box.run("list").code == Exit.USAGE


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"])
def test_what_is_no_proxy_at_all(box: Box, answer: bytes) -> None:
    with RawPeer(answer) as peer:
        box.configure(peer.url.removeprefix("http://"))
        ran = box.run("list", "--json")
    assert (ran.code, ran.json["error"]["reason"]) == (Exit.UNREACHABLE, "not_reached")
