"""Fingerprints at rest: believed only under their key and whole, read only if private, and nothing to read in them."""

from __future__ import annotations

import base64
import codecs
import os
import pickle
from pathlib import Path

import msgspec
import pytest

from egress_proxy.errors import ConfigError, EgressError, StartError
from egress_proxy.fingerprints import FingerprintStore, Key, decode_fingerprints
from egress_proxy.model import Secret
from egress_proxy.scan import KnownValues

FIRST, SECOND = "velvet" + "Anchor" + "58", "copper" + "Lantern" + "73"
URL = f"postgres://app:{SECOND}@db.internal/app"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path.resolve() / "state"


@pytest.fixture
def store(state: Path) -> FingerprintStore:
    return FingerprintStore(state)


def add(store: FingerprintStore, **values: str) -> tuple[str, ...]:
    return store.add([(name, Secret(value)) for name, value in values.items()]).taken


def catches(store: FingerprintStore, text: str) -> bool:
    key = store.key()
    stored = decode_fingerprints(store.file.read_bytes(), key, store.file)
    return bool(KnownValues.build((), key.values, stored=stored).find([text]).findings)


def test_what_is_added_is_caught_by_whoever_loads_it(store: FingerprintStore) -> None:
    assert add(store, DB=FIRST, URL=URL) == ("DB", "URL", "URL.password")
    assert [one.name for one in FingerprintStore(store.file.parent).list()] == ["DB", "URL", "URL.password"]
    for text in (f"it is {FIRST}.", base64.b64encode(SECOND.encode()).decode(), "-".join(FIRST)):
        assert catches(store, text)
    assert not catches(store, "nothing of note")


def test_a_value_is_stored_once_and_what_is_refused_is_named(store: FingerprintStore) -> None:
    add(store, DB=FIRST)
    added = store.add([("AGAIN", Secret(FIRST)), ("PORT", Secret("3000")), ("NEW", Secret(SECOND))])
    assert (added.taken, added.known) == (("NEW",), ("DB",))
    assert [(one.name, one.why.value) for one in added.refused] == [("PORT", "number")]
    assert [one.name for one in store.list()] == ["DB", "NEW"]


def test_removing_takes_all_of_a_name_or_nothing(store: FingerprintStore) -> None:
    add(store, DB=FIRST)
    add(store, DB=SECOND)
    add(store, OTHER="marble" + "Willow" + "91")
    with pytest.raises(EgressError, match="nothing is removed"):
        store.remove(["DB", "NONE"])
    assert len(store.list()) == 3
    assert store.remove(["DB"]) == ("DB", "DB")
    assert [one.name for one in store.list()] == ["OTHER"]
    assert not catches(store, FIRST)
    with pytest.raises(EgressError):
        FingerprintStore(store.file.parent / "none").remove(["DB"])


def _spellings(value: str) -> list[bytes]:
    raw = value.encode()
    texts = [
        value,
        value[::-1],
        value.upper(),
        value.lower(),
        raw.hex(),
        raw.hex().upper(),
        codecs.encode(value, "rot13"),
    ]
    texts += [base64.b64encode(b"\0" * shift + raw)[4 * (shift > 0) : -4].decode() for shift in range(3)]
    texts += [base64.b32encode(raw).decode().rstrip("="), base64.b85encode(raw).decode()]
    wide = [value.encode(f"utf-16-{end}e") for end in "lb"] + [value.encode(f"utf-32-{end}e") for end in "lb"]
    return [
        *(text.encode() for text in texts),
        *wide,
        raw[:6],
        raw[-6:],
        *(raw[at : at + 8] for at in range(min(7, len(raw) - 7))),
    ]


def test_no_byte_of_a_value_is_in_the_state_directory(store: FingerprintStore, state: Path) -> None:
    values = {"DB": FIRST, "URL": URL, FIRST: FIRST, f"X_{SECOND}": SECOND, "PIN": "93" + "75" + "10" + "28"}
    store.add([(name, Secret(value)) for name, value in values.items()])
    files = [path for path in state.rglob("*") if path.is_file()]
    assert {path.name for path in files} == {"fingerprints", "fingerprint.key", "fingerprints.lock"}
    found = b"\n".join(path.read_bytes() for path in files)
    for value in (FIRST, SECOND, values["PIN"]):
        assert [spelt for spelt in _spellings(value) if spelt in found] == []
    assert b"URL.password" in found  # names are there


def test_a_name_that_tells_a_value_is_replaced(store: FingerprintStore) -> None:
    assert FIRST not in "".join(add(store, **{FIRST: FIRST, "DB": SECOND}))
    add(store, **{f"X_{'marble' + 'Willow' + '91'}": "harbor" + "Walnut" + "64"})
    add(store, LATER="marble" + "Willow" + "91")
    assert "Willow" not in "".join(one.name for one in store.list())


@pytest.mark.parametrize("name", ["fingerprint.key", "fingerprints"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610, 0o666], ids=oct)
def test_a_file_that_others_may_use_is_refused(store: FingerprintStore, state: Path, name: str, mode: int) -> None:
    add(store, DB=FIRST)
    (state / name).chmod(mode)
    for use in (store.list, lambda: add(store, NEW=SECOND), lambda: store.remove(["DB"])):
        with pytest.raises(ConfigError, match="chmod 600"):
            use()


@pytest.mark.parametrize("name", ["fingerprint.key", "fingerprints"])
def test_a_link_or_a_fifo_in_the_place_of_a_file_is_refused(store: FingerprintStore, state: Path, name: str) -> None:
    add(store, DB=FIRST)
    (state / name).rename(state / "moved")
    (state / name).symlink_to(state / "moved")
    with pytest.raises(ConfigError, match="cannot be read"):
        store.list()
    (state / name).unlink()
    os.mkfifo(state / name, 0o600)
    with pytest.raises(ConfigError, match="is not a file"):
        store.list()


def test_files_are_private_whatever_the_umask(store: FingerprintStore, state: Path, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        add(store, DB=FIRST)
        store.export(tmp_path / "out")
        store.export_key(tmp_path / "key")
    finally:
        os.umask(before)
    for path in (*state.iterdir(), tmp_path / "out", tmp_path / "key"):
        assert path.stat().st_mode & 0o077 == 0, path
    assert state.stat().st_mode & 0o077 == 0


def test_a_state_directory_that_others_may_write_is_refused(store: FingerprintStore, state: Path) -> None:
    state.mkdir()
    state.chmod(0o777)
    with pytest.raises(StartError, match="chmod 700"):
        add(store, DB=FIRST)


@pytest.mark.parametrize("content", [b"", b"egk_", b"egk_AAAA\n", b"x" * 48, b"egk_" + b"!" * 43, b"\xff" * 48])
def test_a_key_that_is_none_is_refused(store: FingerprintStore, state: Path, content: bytes) -> None:
    add(store, DB=FIRST)
    (state / "fingerprint.key").write_bytes(content)
    with pytest.raises(ConfigError, match="is no key of fingerprints"):
        store.list()


def test_fingerprints_without_their_key_are_no_new_beginning(store: FingerprintStore, state: Path) -> None:
    add(store, DB=FIRST)
    (state / "fingerprint.key").unlink()
    for use in (store.key, lambda: add(store, NEW=SECOND)):
        with pytest.raises(ConfigError, match="is missing"):
            use()
    assert not (state / "fingerprint.key").exists()


def test_every_change_of_a_file_is_noticed(store: FingerprintStore) -> None:
    add(store, DB=FIRST)
    key, content = store.key(), store.file.read_bytes()
    for at in range(0, len(content), 7):
        changed = bytearray(content)
        changed[at] ^= 1
        with pytest.raises(ConfigError):
            decode_fingerprints(bytes(changed), key, store.file)
    for cut in (content[:-1], content[:50], b"", content + b"\0"):
        with pytest.raises(ConfigError):
            decode_fingerprints(cut, key, store.file)
    assert decode_fingerprints(content, key, store.file)


def test_a_file_of_another_version_is_said_to_be_one(store: FingerprintStore) -> None:
    add(store, DB=FIRST)
    key, content = store.key(), store.file.read_bytes()
    body = content[: content.index(b"\n") + 9] + msgspec.msgpack.encode({"version": 2})
    with pytest.raises(ConfigError, match="another version"):
        decode_fingerprints(body + key.mac(body), key, store.file)


# another machine


def test_a_file_is_good_on_another_machine_with_the_same_key(store: FingerprintStore, tmp_path: Path) -> None:
    add(store, DB=FIRST, OTHER=SECOND)
    assert store.export(tmp_path / "out") == 2
    elsewhere = FingerprintStore(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match=rf"was made under the key {store.key().id}; the key here is [0-9a-f]{{16}}$"):
        elsewhere.import_(tmp_path / "out")
    assert elsewhere.import_key(_exported_key(store, tmp_path)).id == store.key().id
    add(elsewhere, MINE=SECOND)
    added = elsewhere.import_(tmp_path / "out")
    assert (added.taken, added.known) == (("DB",), ("MINE",))
    assert catches(elsewhere, FIRST)


def _exported_key(store: FingerprintStore, directory: Path) -> Path:
    file = directory / "carried.key"
    store.export_key(file)
    return file


def test_a_key_is_not_replaced_while_there_are_fingerprints_under_it(store: FingerprintStore, tmp_path: Path) -> None:
    carried = _exported_key(store, tmp_path)
    elsewhere = FingerprintStore(tmp_path / "elsewhere")
    add(elsewhere, DB=FIRST)
    with pytest.raises(EgressError, match="remove them first"):
        elsewhere.import_key(carried)
    elsewhere.remove(["DB"])
    assert elsewhere.import_key(carried).id == store.key().id
    assert elsewhere.list() == ()
    assert elsewhere.import_key(carried).id == store.key().id


def test_nothing_is_overwritten(store: FingerprintStore, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")
    with pytest.raises(EgressError, match="no fingerprints to export"):
        store.export(taken)
    add(store, DB=FIRST)
    for write in (store.export, store.export_key):
        with pytest.raises(EgressError, match="exists already"):
            write(taken)
        with pytest.raises(EgressError, match="cannot be written"):
            write(tmp_path / "none" / "file")
    assert taken.read_text() == "mine"


def test_a_key_shows_nothing() -> None:
    key = Key(b"k" * 32)
    assert key.id in repr(key)
    assert "kkkk" not in repr(key)
    assert base64.b64encode(b"k" * 32)[:8].decode() not in repr(key)
    with pytest.raises(TypeError):
        pickle.dumps(key)
    assert len({key.id, key.values.hex(), key.mac(b"").hex()}) == 3
    assert b"k" * 8 not in key.values
