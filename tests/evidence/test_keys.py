"""A recipient's line is taken whole or not at all; a private key's file opens with its passphrase alone."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from egress_proxy.errors import ConfigError
from egress_proxy.evidence import BadKey, keys, recipient
from egress_proxy.evidence.keys import line_of
from tests.evidence.kit import ONE, OTHER

LINE = line_of(ONE.public)
WORDS = "correct horse battery"


def test_a_line_gives_the_key_that_it_is_of() -> None:
    assert recipient(LINE).raw == ONE.public.raw
    assert recipient(LINE).id == ONE.public.id != OTHER.public.id


def swapped(at: int) -> str:
    return LINE[:at] + ("B" if LINE[at] == "A" else "A") + LINE[at + 1 :]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "egress-evidence-",
        LINE[:-1],
        LINE[:-6],
        LINE + "A",
        LINE + "=",
        LINE.upper(),
        LINE.removeprefix("egress-"),
        f" {LINE}",
        LINE[:40] + "\n" + LINE[40:],
        LINE[:40] + "\u00e9" + LINE[41:],
        swapped(20),
        swapped(900),
        swapped(len(LINE) - 1),
        swapped(17),
    ],
)
def test_a_line_that_was_cut_or_changed_is_none(line: str) -> None:
    with pytest.raises(BadKey):
        recipient(line)


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("egress_proxy.evidence.keys.SCRYPT_COST", 10)


@pytest.mark.parametrize("passphrase", ["", WORDS, "\u00fc\ud800"])
def test_a_file_gives_the_key_back(tmp_path: Path, passphrase: str) -> None:
    file = tmp_path / "key"
    keys.write(file, ONE, "2026-01-01", passphrase)
    assert file.stat().st_mode & 0o777 == 0o600
    held = keys.read(file)
    assert held.locked == bool(passphrase)
    assert held.key(passphrase).reveal() == ONE.reveal()
    text = file.read_text("utf-8")
    assert json.loads(text)["public"] == LINE
    assert ("scrypt" in text and "salt" in text) == bool(passphrase)
    with pytest.raises(FileExistsError):
        keys.write(file, OTHER, "2026-01-01")


def test_a_file_with_a_passphrase_holds_no_byte_of_the_seed_and_opens_with_no_other(tmp_path: Path) -> None:
    file = tmp_path / "key"
    keys.write(file, ONE, "2026-01-01", WORDS)
    secret = base64.b64decode(json.loads(file.read_text())["secret"])
    assert not any(ONE.reveal()[at : at + 8] in secret for at in range(89))
    for wrong in ("", WORDS + " ", WORDS.upper()):
        with pytest.raises(ConfigError, match="passphrase is another one") as told:
            keys.read(file).key(wrong)
        assert "correct" not in str(told.value)


@pytest.mark.parametrize("change", [{"public": line_of(OTHER.public)}, {"secret": "AAAA"}])
def test_halves_of_two_keys_are_none(tmp_path: Path, change: dict[str, str]) -> None:
    file = tmp_path / "key"
    keys.write(file, ONE, "2026-01-01")
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(ConfigError, match=r"two halves|no private key"):
        keys.read(file).key()


def test_the_public_half_beside_an_encrypted_one_is_bound_to_it(tmp_path: Path) -> None:
    file = tmp_path / "key"
    keys.write(file, ONE, "2026-01-01", WORDS)
    file.write_text(json.dumps({**json.loads(file.read_text()), "public": line_of(OTHER.public)}))
    with pytest.raises(ConfigError, match="passphrase"):
        keys.read(file).key(WORDS)


MARK = "MARK-of-a-secret"


@pytest.mark.parametrize("content", ["", "{}", f'{{"kind": "{MARK}"}}', MARK, '{"kind":"egress-evidence-key"}'])
def test_what_is_no_key_is_told_without_quoting_it(tmp_path: Path, content: str) -> None:
    file = tmp_path / "key"
    file.touch(0o600)
    file.write_text(content)
    with pytest.raises(ConfigError, match="is no private key") as told:
        keys.read(file)
    assert MARK not in str(told.value)


def test_a_file_that_others_can_read_or_that_asks_for_endless_work_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key"
    keys.write(file, ONE, "2026-01-01", WORDS)
    content = json.loads(file.read_text())
    content["scrypt"]["cost"] = 40
    file.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match="more work"):
        keys.read(file)
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        keys.read(file)
    with pytest.raises(ConfigError, match="cannot be read"):
        keys.read(tmp_path / "none")


def test_what_a_file_says_is_not_shown() -> None:
    file = keys.KeyFile(about="", format=1, made="", public="p" * 9, secret=b"m4rk")
    assert "m4rk" not in f"{file} {file!r} {[file]}"
