"""`login`: where the address and the token go, and who can read them; and what is taken from there."""

from __future__ import annotations

import getpass
import json
import os
import stat
from pathlib import Path

import pytest

from egress_proxy.ocode import memory
from egress_proxy.ocode.exits import Exit
from egress_proxy.reasons import Reason
from tests.ocode.conftest import TOKEN, Run
from tests.ocode.peer import Peer, Says, refusal, session

PLACE = {"directory": "/srv/project", "worktree": "/", "home": "", "state": "", "config": ""}


@pytest.fixture
def home() -> Path:
    """The empty one of conftest."""
    return Path(os.environ["HOME"]) / ".config" / "ocode"


def test_a_token_from_standard_input_is_tried_and_stored(peer: Peer, run: Run, home: Path) -> None:
    peer.answers["GET /path"] = Says(PLACE)
    ran = run("login", "--url", peer.url, stdin=TOKEN.encode() + b"\n", OCODE_URL="", OCODE_TOKEN="")
    assert (ran.code, ran.out) == (0, "")
    assert f"stored for {peer.url}, and accepted" in ran.err
    assert (home / "token").read_text("ascii") == TOKEN + "\n"
    assert stat.S_IMODE((home / "token").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert sorted(path.name for path in home.iterdir()) == [".lock", "token", "url"]
    peer.answers["GET /session"] = Says([session()])
    assert run("sessions", OCODE_URL="", OCODE_TOKEN="").code == 0
    assert peer.got[-1].headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_token_is_typed_without_being_shown(
    peer: Peer, run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer.answers["GET /path"] = Says(PLACE)
    monkeypatch.setattr(getpass, "getpass", lambda prompt, stream: TOKEN if "not shown" in prompt and stream else "")
    assert run("login", OCODE_TOKEN="").code == 0
    assert (home / "token").read_text("ascii") == TOKEN + "\n"


@pytest.mark.parametrize("typed", [EOFError(), OSError()])
def test_nothing_typed(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch, typed: Exception) -> None:
    def raising(prompt: str, stream: object) -> str:
        raise typed

    monkeypatch.setattr(getpass, "getpass", raising)
    assert (run("login").code, home.exists()) == (Exit.UNAUTHENTICATED, False)


def test_a_token_that_is_not_accepted_is_not_stored(peer: Peer, run: Run, home: Path) -> None:
    peer.answers["GET /path"] = refusal(Reason.UNAUTHENTICATED)
    assert run("login", stdin=TOKEN.encode()).code == Exit.UNAUTHENTICATED
    assert not home.exists()
    assert run("login", "--no-check", "--json", stdin=TOKEN.encode()).json == {
        "url": peer.url,
        "stored": True,
        "checked": False,
    }
    assert (home / "token").exists()


@pytest.mark.parametrize("content", [b"", b"two words", b"a\nb", "tök".encode()])
def test_what_is_no_token_is_not_sent(peer: Peer, run: Run, home: Path, content: bytes) -> None:
    assert run("login", stdin=content).code == Exit.UNAUTHENTICATED
    assert (peer.got, home.exists()) == ([], False)


def test_variables_go_before_what_was_stored_and_it_says_so(peer: Peer, run: Run) -> None:
    peer.answers["GET /path"] = Says(PLACE)
    ran = run("login", stdin=TOKEN.encode())
    assert "OCODE_TOKEN is set, and goes before what was stored" in ran.err


def test_what_cannot_be_stored_is_told(peer: Peer, run: Run, home: Path) -> None:
    peer.answers["GET /path"] = Says(PLACE)
    home.parent.mkdir()
    home.write_text("a file")
    ran = run("login", stdin=TOKEN.encode())
    assert (ran.code, "cannot be written" in ran.err) == (Exit.USAGE, True)


# what `new` remembers


def test_sessions_of_all_directories_are_found(peer: Peer, run: Run) -> None:
    """And so are shortened ids of theirs, though lists are of one directory each."""
    other = session(7, directory="/srv/other", id="ses_other7")
    peer.answers["POST /session"] = Says(other)
    assert run("new", "--dir", "/srv/other").code == 0

    peer.answers["GET /session"] = lambda got: Says(
        [other] if got.headers.get("x-opencode-directory") == "/srv/other" else [session(1)]
    )
    peer.answers["DELETE /session/ses_other7"] = Says(body=True)
    listed = run("sessions", "--json").json["sessions"]
    assert {found["id"] for found in listed} == {"ses_other7", session(1)["id"]}
    assert [found["id"] for found in run("sessions", "--dir", "/srv/x", "--json").json["sessions"]] == [
        session(1)["id"]
    ]
    assert run("rm", "ses_oth").code == 0
    kept = Path(memory.FILE).expanduser()
    assert json.loads(kept.read_text("utf-8")) == {peer.url: ["/srv/other"]}
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_directory_that_is_no_longer_permitted_is_passed_over(peer: Peer, run: Run) -> None:
    memory.remember(peer.url, "/srv/gone")
    peer.answers["GET /session"] = [Says([session(1)]), refusal(Reason.DIRECTORY_FORBIDDEN)]
    assert len(run("sessions", "--json").json["sessions"]) == 1
    peer.answers["GET /session"] = [Says([session(1)]), refusal(Reason.UPSTREAM_UNREACHABLE)]
    assert run("sessions").code == Exit.UNAVAILABLE


def test_memory_is_bounded_and_never_in_the_way() -> None:
    for number in range(memory.MOST + 5):
        memory.remember("http://a", f"/{number}")
    memory.remember("http://b", "/b")
    found = memory.remembered("http://a")
    assert (len(found), found[0], memory.remembered("http://b")) == (memory.MOST, f"/{memory.MOST + 4}", ("/b",))
    file = Path(memory.FILE).expanduser()
    file.write_text("{", "utf-8")
    assert memory.remembered("http://a") == ()
    file.unlink()
    file.mkdir()
    memory.remember("http://a", "/a")
    assert memory.remembered("http://a") == ()


@pytest.mark.parametrize("given", ["ses_0", "ses_0123456789abc"])
def test_a_shortened_session_that_is_none_or_several(peer: Peer, run: Run, given: str) -> None:
    peer.answers["GET /session"] = Says([session(1), session(2)])
    ran = run("status", given)
    assert ran.code == Exit.USAGE
    assert f"{session(1)['id']}, {session(2)['id']}" in ran.err
    assert run("status", "ses_9").code == Exit.NOT_FOUND
