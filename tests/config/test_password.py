"""The upstream's password is read from a file that only its owner can read, and never shown."""

from __future__ import annotations

import os

import pytest

from egress_proxy.config import Upstream, read_password
from egress_proxy.errors import ConfigError
from tests.config.conftest import Site

WORD = "hunt" + "er2"


def upstream(path: object) -> Upstream:
    return Upstream(url="http://127.0.0.1:4096", password_file=str(path))


@pytest.mark.parametrize(
    ("content", "password"),
    [
        pytest.param(f"{WORD}\n", WORD, id="line"),
        pytest.param(WORD, WORD, id="no-newline"),
        pytest.param(f"{WORD}\r\n", WORD, id="windows"),
        pytest.param(f" {WORD} \n", f" {WORD} ", id="spaces-belong-to-it"),
        pytest.param("pässwörd\n", "pässwörd", id="unicode"),
    ],
)
def test_the_one_line_is_the_password(site: Site, content: str, password: str) -> None:
    secret = read_password(upstream(site.secret("pw", content.encode())))
    assert secret is not None
    assert secret.reveal() == password
    assert password not in repr(secret)


def test_no_file_means_no_password() -> None:
    assert read_password(Upstream(url="http://127.0.0.1:4096")) is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o777], ids=oct)
def test_a_file_that_others_may_use_is_refused(site: Site, mode: int) -> None:
    with pytest.raises(ConfigError, match="chmod 600") as caught:
        read_password(upstream(site.secret("pw", WORD.encode(), mode)))
    assert WORD not in str(caught.value)


@pytest.mark.parametrize("mode", [0o600, 0o400], ids=oct)
def test_a_file_of_the_owner_alone_is_read(site: Site, mode: int) -> None:
    assert read_password(upstream(site.secret("pw", WORD.encode(), mode))) is not None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "one line", id="empty"),
        pytest.param(b"\n", "one line", id="blank"),
        pytest.param(f"{WORD}\nmore\n".encode(), "one line", id="two-lines"),
        pytest.param(f"{WORD}\n\n".encode(), "one line", id="blank-line-after"),
        pytest.param(f"{WORD}\0".encode(), "one line", id="nul"),
        pytest.param(f"{WORD}\xff".encode("latin-1"), "not text", id="not-utf-8"),
        pytest.param(WORD.encode() * 1000, "too long", id="long"),
    ],
)
def test_anything_but_one_line_is_refused(site: Site, content: bytes, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        read_password(upstream(site.secret("pw", content)))
    assert WORD not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_missing_file_is_named(site: Site) -> None:
    with pytest.raises(ConfigError, match="pw-missing"):
        read_password(upstream(site.root / "pw-missing"))


def test_a_fifo_is_refused_without_waiting(site: Site) -> None:
    os.mkfifo(site.root / "pw", 0o600)
    with pytest.raises(ConfigError, match="not a file"):
        read_password(upstream(site.root / "pw"))


def test_a_directory_is_refused(site: Site) -> None:
    with pytest.raises(ConfigError, match=r"upstream\.password_file"):
        read_password(upstream(site.root))


def test_a_link_to_a_safe_file_is_followed(site: Site) -> None:
    (site.root / "link").symlink_to(site.secret("pw", WORD.encode()))
    assert read_password(upstream(site.root / "link")) is not None
