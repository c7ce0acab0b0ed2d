"""The token store: what it keeps, whom it lets in, and that a file not to be believed lets nobody in."""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from egress_proxy.errors import ConfigError, EgressError, StartError
from egress_proxy.model import Client
from egress_proxy.tokens import OPERATOR_PREFIX, OPERATORS, PREFIX, TokenEntry, Tokens

ROOTS = ("/srv/a", "/srv/b")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def tokens(state: Path) -> Tokens:
    return Tokens(state)


def name_of(tokens: Tokens, presented: str) -> str | None:
    entry = tokens.authenticate(presented)
    return entry.name if entry else None


def test_a_token_is_known_by_its_name(tokens: Tokens) -> None:
    made = {name: tokens.create(name).reveal() for name in ("ann", "bob", "cy")}
    assert {name: name_of(tokens, token) for name, token in made.items()} == {name: name for name in made}


def test_a_token_has_256_random_bits(tokens: Tokens) -> None:
    made = [tokens.create(f"t{number}").reveal() for number in range(20)]
    assert len(set(made)) == len(made)
    assert all(token.startswith(PREFIX) and len(token) == len(PREFIX) + 43 for token in made)


def test_only_a_hash_is_kept(tokens: Tokens, state: Path) -> None:
    token = tokens.create("ann").reveal()
    content = "".join(path.read_text() for path in state.iterdir())
    assert token.removeprefix(PREFIX) not in content
    assert hashlib.sha256(token.encode()).hexdigest() in content


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda _: "", id="empty"),
        pytest.param(lambda token: token[:-1], id="shorter"),
        pytest.param(lambda token: token + "A", id="longer"),
        pytest.param(lambda token: token + " ", id="space-after"),
        pytest.param(lambda token: token + "\0", id="nul-after"),
        pytest.param(lambda token: token.swapcase(), id="other-case"),
        pytest.param(lambda token: token.removeprefix(PREFIX), id="no-prefix"),
        pytest.param(lambda token: hashlib.sha256(token.encode()).hexdigest(), id="its-hash"),
        pytest.param(lambda token: token.ljust(300, "A"), id="beyond-the-bound"),
        pytest.param(lambda token: "\udcff" + token, id="lone-surrogate"),
    ],
)
def test_anything_but_the_token_is_nobody(tokens: Tokens, spoil: Callable[[str], str]) -> None:
    token = tokens.create("ann").reveal()
    assert name_of(tokens, spoil(token)) is None
    assert name_of(tokens, token) == "ann"


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(), max_size=400))
def test_any_text_is_nobody_and_never_an_exception(state: Path, presented: str) -> None:
    store = Tokens(state)
    if not state.exists():
        store.create("ann")
    assert store.authenticate(presented) is None


def test_nobody_is_known_before_the_first_token(tokens: Tokens) -> None:
    assert tokens.authenticate("") is None
    assert tokens.list() == ()


def test_a_serving_store_notices_what_another_one_changes(tokens: Tokens, state: Path) -> None:
    other = Tokens(state)
    assert other.authenticate("x") is None
    ann = tokens.create("ann").reveal()
    assert name_of(other, ann) == "ann"
    bob = tokens.create("bob").reveal()
    assert name_of(other, bob) == "bob"
    tokens.revoke("ann")
    assert name_of(other, ann) is None
    assert name_of(other, bob) == "bob"
    (state / "tokens.json").unlink()
    assert name_of(other, bob) is None


def test_a_file_that_did_not_change_is_not_read_again(
    tokens: Tokens, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tokens.create("ann").reveal()
    assert name_of(tokens, token) == "ann"

    def opened(*_: object) -> None:
        raise AssertionError("opened")

    monkeypatch.setattr(os, "open", opened)
    assert name_of(tokens, token) == "ann"
    (state / "tokens.json").touch()
    with pytest.raises(AssertionError):
        tokens.authenticate(token)


@pytest.mark.parametrize("name", ["a", "A.b_c-9", "x" * 64], ids=["one", "all-kinds", "longest"])
def test_a_plain_name_is_taken(tokens: Tokens, name: str) -> None:
    tokens.create(name)
    assert [entry.name for entry in tokens.list()] == [name]


@pytest.mark.parametrize("name", ["", "x" * 65, "a b", "a/b", "ä", "a\n", "a\0", "{}"], ids=repr)
def test_any_other_name_is_refused(tokens: Tokens, name: str) -> None:
    with pytest.raises(ConfigError):
        tokens.create(name)
    assert tokens.list() == ()


def test_a_name_is_taken_once(tokens: Tokens) -> None:
    first = tokens.create("ann").reveal()
    with pytest.raises(EgressError, match="exists"):
        tokens.create("ann")
    assert name_of(tokens, first) == "ann"
    tokens.revoke("ann")
    second = tokens.create("ann").reveal()
    assert (name_of(tokens, first), name_of(tokens, second)) == (None, "ann")


def test_what_is_not_there_cannot_be_revoked(tokens: Tokens) -> None:
    with pytest.raises(EgressError, match="no token"):
        tokens.revoke("ann")


def test_many_writers_lose_nothing(state: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: Tokens(state).create(f"t{number}").reveal(), range(24)))
    store = Tokens(state)
    assert {name_of(store, token) for token in made} == {f"t{number}" for number in range(24)}


@pytest.mark.parametrize(
    ("wanted", "usable"),
    [
        pytest.param(None, ROOTS, id="not-limited"),
        pytest.param(("/srv/b",), ("/srv/b",), id="limited"),
        pytest.param(("/srv/b", "/srv/a"), ("/srv/b", "/srv/a"), id="own-default-first"),
        pytest.param(("/srv/gone", "/srv/b"), ("/srv/b",), id="one-no-longer-allowed"),
        pytest.param(("/srv/gone",), None, id="none-left-is-nobody-not-everybody"),
        pytest.param(("/srv",), None, id="a-parent-is-another-directory"),
    ],
)
def test_a_token_may_use_its_directories_among_the_allowed(
    tokens: Tokens, wanted: tuple[str, ...] | None, usable: tuple[str, ...] | None
) -> None:
    entry = tokens.authenticate(tokens.create("ann", wanted).reveal())
    assert entry is not None
    assert entry.client(ROOTS) == (Client("ann", usable) if usable else None)


def test_a_limit_to_nothing_is_refused(tokens: Tokens) -> None:
    with pytest.raises(ConfigError):
        tokens.create("ann", ())


def test_files_are_for_their_owner_alone(tokens: Tokens, state: Path) -> None:
    old = os.umask(0)
    try:
        tokens.create("ann")
    finally:
        os.umask(old)
    assert state.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in state.iterdir()} == {
        "tokens.json": 0o600,
        "tokens.lock": 0o600,
    }


def test_a_state_directory_where_others_may_write_is_refused(tokens: Tokens, state: Path) -> None:
    state.mkdir()
    state.chmod(0o770)
    with pytest.raises(StartError, match="chmod 700"):
        tokens.create("ann")


def test_a_state_directory_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match="cannot be written"):
        Tokens(tmp_path / "file" / "state").create("ann")


def test_what_a_killed_writer_left_is_replaced(tokens: Tokens, state: Path) -> None:
    state.mkdir(mode=0o700)
    (state / "tokens.new").write_text("half")
    (state / "tokens.new").chmod(0o666)
    token = tokens.create("ann").reveal()
    assert name_of(tokens, token) == "ann"
    assert (state / "tokens.json").stat().st_mode & 0o777 == 0o600


def entry(**changes: object) -> dict[str, object]:
    return {"name": "ann", "sha256": "0" * 64, "created": "2025-01-01T00:00:00+00:00", **changes}


def stored(*entries: object, **changes: object) -> str:
    return json.dumps({"version": 1, "tokens": entries, **changes})


DAMAGE = {
    "empty": "",
    "not-json": "{",
    "not-utf-8": b"\xff".decode("latin-1"),
    "list": "[]",
    "no-tokens": '{"version": 1}',
    "other-version": stored(version=2),
    "unknown-key": stored(more=1),
    "unknown-key-in-entry": stored(entry(more=1)),
    "duplicate-key": '{"version": 1, "tokens": [], "tokens": []}',
    "two-of-a-name": stored(entry(), entry(sha256="1" * 64)),
    "bad-name": stored(entry(name="a b")),
    "bad-hash": stored(entry(sha256="0" * 63 + "g")),
    "short-hash": stored(entry(sha256="")),
    "no-directories": stored(entry(directories=[])),
    "relative-directory": stored(entry(directories=["srv"])),
    "control-character-in-directory": stored(entry(directories=["/srv\x1b[2J"])),
    "control-character-in-time": stored(entry(created="\x1b[2J")),
    "number-for-text": stored(entry(name=1)),
    "deep": "[" * 100_000,
    "large": stored() + " " * 5_000_000,
}


@pytest.mark.parametrize("content", [pytest.param(content, id=name) for name, content in DAMAGE.items()])
def test_a_damaged_file_lets_nobody_in_and_is_never_overwritten(
    tokens: Tokens, state: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    token = tokens.create("good").reveal()
    assert name_of(tokens, token) == "good"
    file = state / "tokens.json"
    file.write_text(content)
    with caplog.at_level(logging.ERROR):
        assert tokens.authenticate(token) is None
        assert tokens.authenticate(token) is None
    assert len(caplog.records) == 1
    assert caplog.records[0].exc_info is None
    for act in (tokens.list, lambda: tokens.create("bob"), lambda: tokens.revoke("good")):
        with pytest.raises(ConfigError) as caught:
            act()
        assert str(file) in str(caught.value)
        assert caught.value.__cause__ is None
    assert file.read_text() == content


def test_a_file_with_a_known_hash_is_believed(tokens: Tokens, state: Path) -> None:
    tokens.create("first")
    (state / "tokens.json").write_text(stored(entry(sha256=hashlib.sha256(b"token").hexdigest())))
    assert name_of(tokens, "token") == "ann"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602], ids=oct)
def test_a_file_that_others_may_use_lets_nobody_in(tokens: Tokens, state: Path, mode: int) -> None:
    token = tokens.create("ann").reveal()
    assert name_of(tokens, token) == "ann"
    (state / "tokens.json").chmod(mode)
    assert name_of(tokens, token) is None
    (state / "tokens.json").chmod(0o600)
    assert name_of(tokens, token) == "ann"


@pytest.mark.parametrize("kind", ["link", "fifo", "directory"])
def test_what_is_no_file_lets_nobody_in(tokens: Tokens, state: Path, kind: str) -> None:
    token = tokens.create("ann").reveal()
    file = state / "tokens.json"
    moved = file.rename(state / "moved")
    makers: dict[str, Callable[[], Any]] = {
        "link": lambda: file.symlink_to(moved),
        "fifo": lambda: os.mkfifo(file, 0o600),
        "directory": lambda: file.mkdir(0o700),
    }
    makers[kind]()
    assert tokens.authenticate(token) is None


def test_an_entry_shows_no_token() -> None:
    assert "egx_" not in repr(TokenEntry("ann", "0" * 64, "2025-01-01T00:00:00+00:00"))


def test_a_file_that_could_not_be_read_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    token = Tokens(tmp_path).create("agent").reveal()
    serving = Tokens(tmp_path)

    def no_more(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", no_more)
        assert serving.authenticate(token) is None
    assert serving.authenticate(token) is not None


def test_operators_have_tokens_of_their_own(tmp_path: Path) -> None:
    client, operator = Tokens(tmp_path), Tokens(tmp_path, OPERATORS)
    token, own = client.create("ann").reveal(), operator.create("ann").reveal()
    assert (operator.authenticate(token), client.authenticate(own)) == (None, None)
    assert (own[:4], [entry.name for entry in operator.list()]) == (OPERATOR_PREFIX, ["ann"])
    client.revoke("ann")
    assert operator.authenticate(own) is not None


@pytest.mark.parametrize("name", sorted(OPERATORS.reserved))
def test_an_operator_is_not_named_like_something_else_that_decides(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="means something else"):
        Tokens(tmp_path, OPERATORS).create(name)
    Tokens(tmp_path).create(name)
