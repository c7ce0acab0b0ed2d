"""What is kept is on the disk and as it was; what is shredded is in no file, and the rest is what it was named."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from egress_proxy.evidence import BEFORE, StoreError, unseal
from egress_proxy.evidence.checking import Named, Notes, State, check
from egress_proxy.evidence.store import Reader
from tests.evidence.kit import LEDGER, ONE, OTHER, on_disk, original, sealed, store


def test_what_is_kept_is_read_back_by_anybody_and_opened_by_the_holder(tmp_path: Path) -> None:
    blobs = [sealed(number, ONE, OTHER) for number in (1, 2, 3)]
    with closing(store(tmp_path)) as kept:
        kept.put(blobs[:1])
        kept.put(blobs[1:])
        assert (tmp_path / "evidence.db").stat().st_mode & 0o777 == 0o600
        assert all(file.stat().st_mode & 0o077 == 0 for file in tmp_path.iterdir())
        with closing(Reader(tmp_path / "evidence.db")) as reader:
            assert [one.record for one in reader.listed()] == ["egr_1", "egr_2", "egr_3"]
            assert [one.name for one in reader.listed("egr_2")] == [blobs[1].name]
            assert [one.record for one in reader.listed(blobs[2].name)] == ["egr_3"]
            assert [one.record for one in reader.listed(before="2026-01-02")] == ["egr_1"]
            assert len(list(reader.listed(recipient=OTHER.public.id))) == 3
            assert reader.load("none") is None
            loaded = reader.load(blobs[1].name)
            assert loaded is not None
            assert unseal(loaded, [OTHER]) == original(2)
    with closing(store(tmp_path)) as again:
        assert again.usage("").total == sum(blob.size for blob in blobs)
        assert again.usage("2026-01-03").since == blobs[2].size


def test_usage_follows_what_is_kept_and_shredded_here_and_elsewhere(tmp_path: Path) -> None:
    one, two, three = (sealed(number) for number in (1, 2, 3))
    with closing(store(tmp_path)) as kept:
        assert kept.usage("2026-01-02") == (0, 0)
        kept.put([one, two])
        assert kept.usage("2026-01-02") == (two.size, one.size + two.size)
        kept.shred([one.name], "now")
        assert kept.usage("2026-01-02") == (two.size, two.size)
        with closing(store(tmp_path)) as other:
            other.put([three])
            other.shred([two.name], "now")
        assert kept.usage("2026-01-02") == (three.size, three.size)


def test_both_or_none_are_kept(tmp_path: Path) -> None:
    with closing(store(tmp_path)) as kept:
        kept.put([sealed(1)])
        twice = sealed(2)
        with pytest.raises(StoreError, match="CONSTRAINT"):
            kept.put([twice, twice])
        kept.put([sealed(3)])
        assert [one.record for one in kept.listed()] == ["egr_1", "egr_3"]


@pytest.mark.parametrize("how", ["name", "age", "recipient"])
def test_what_is_shredded_leaves_no_byte_in_the_files(tmp_path: Path, how: str) -> None:
    gone, stays = [sealed(number) for number in range(1, 9)], sealed(20)
    with closing(store(tmp_path)) as kept:
        kept.put([*gone, stays])
        before = on_disk(tmp_path)
        assert all(chunk in before for chunk in chunks(gone[0]))
        if how == "age":
            assert kept.expire("2026-01-15", "now", 3) == 3
            assert kept.expire("2026-01-15", "now", 100) == 5
            assert kept.expire("2026-01-15", "now", 100) == 0
        else:
            kept.shred([one.name for one in gone], "now", ONE.public.id if how == "recipient" else "")
        assert any(chunk in on_disk(tmp_path) for chunk in chunks(gone[0]))
        assert kept.wipe(1)
        after = on_disk(tmp_path)
        for blob in gone:
            assert not any(chunk in after for chunk in chunks(blob))
            assert blob.manifest.encode()[:90] not in after
        assert all(chunk in after for chunk in chunks(stays))
        told = {one.what for one in kept.unnoted()}
        assert told == ({f"{BEFORE}2026-01-15"} if how == "age" else {blob.name for blob in gone})


def chunks(blob: object) -> list[bytes]:
    """Stretches of what is sealed, from all of its parts."""
    parts = [blob.payload, *blob.stanzas.values()]  # type: ignore[attr-defined]
    return [part[at : at + 24] for part in parts for at in range(0, len(part) - 24, 200)]


def test_shredded_for_one_recipient_it_opens_for_the_other(tmp_path: Path) -> None:
    blob = sealed(1, ONE, OTHER)
    with closing(store(tmp_path)) as kept:
        kept.put([blob])
        kept.shred([blob.name], "now", ONE.public.id)
        assert kept.wipe(1)
        assert not any(chunk in on_disk(tmp_path) for chunk in [blob.stanzas[ONE.public.id][:24]])
        loaded = kept.load(blob.name)
        assert loaded is not None
        assert unseal(loaded, [ONE, OTHER]) == original(1)
        assert kept.usage("").total == loaded.size < blob.size
        assert checked(kept, [(1, blob.name)]) == {"egr_1": State.KEPT}
        kept.shred([blob.name], "now", OTHER.public.id)
        assert list(kept.listed()) == []


def test_while_somebody_reads_the_log_cannot_be_cut_and_that_is_told(tmp_path: Path) -> None:
    with closing(store(tmp_path)) as kept, closing(Reader(tmp_path / "evidence.db")) as reader:
        kept.put([sealed(1), sealed(2)])
        with closing(reader.listed()) as reading:  # type: ignore[type-var]  # it is a generator
            next(reading)
            kept.shred([one.name for one in kept.listed()], "now")
            assert not kept.wipe(0.01)
        assert kept.wipe(0.01)
        assert (tmp_path / "evidence.db-wal").stat().st_size == 0


@pytest.mark.parametrize(
    "planted",
    [
        "CREATE TRIGGER t AFTER INSERT ON sealed BEGIN DELETE FROM sealed; END",
        "CREATE TABLE other (a)",
        "CREATE VIEW v AS SELECT * FROM sealed",
        "PRAGMA user_version = 7",
    ],
)
def test_a_database_that_somebody_planted_something_in_is_refused(tmp_path: Path, planted: str) -> None:
    kept = store(tmp_path)
    kept.put([sealed(1)])
    with closing(sqlite3.connect(tmp_path / "evidence.db")) as db, db:
        db.execute(planted)
    with pytest.raises(StoreError, match="not those"):
        kept.put([sealed(2)])
    kept.close()
    for opened in (store, lambda path: Reader(path / "evidence.db")):
        with pytest.raises(StoreError, match="not those"):
            opened(tmp_path)


def test_what_is_not_there_as_it_was_written_is_not_called_kept(tmp_path: Path) -> None:
    """Whatever made it so: here a trigger that no table of the file shows."""
    with closing(store(tmp_path)) as kept:
        kept._db.execute("CREATE TEMP TRIGGER t AFTER INSERT ON stanza BEGIN DELETE FROM stanza; END")
        with pytest.raises(StoreError, match="not what is there"):
            kept.put([sealed(1)])
        assert list(kept.listed()) == []


def test_files_that_were_taken_away_are_noticed(tmp_path: Path) -> None:
    with closing(store(tmp_path)) as kept:
        kept.put([sealed(1)])
        (tmp_path / "evidence.db").rename(tmp_path / "elsewhere")
        with pytest.raises(StoreError, match="removed or replaced"):
            kept.put([sealed(2)])
        with pytest.raises(StoreError):
            kept.reopen()
    (tmp_path / "evidence.db-wal").touch()
    with pytest.raises(StoreError, match="is gone"):
        store(tmp_path)


def test_after_an_error_it_begins_anew(tmp_path: Path) -> None:
    with closing(store(tmp_path)) as kept:
        kept._db.execute("PRAGMA query_only = 1")
        with pytest.raises(StoreError, match="READONLY"):
            kept.put([sealed(1)])
        kept.reopen()
        kept.put([sealed(1)])
        assert len(list(kept.listed())) == 1


def checked(
    kept: Reader, named: list[tuple[int, str]], notes: Notes | None = None, ledger: str = LEDGER
) -> dict[str, State]:
    rows = [Named(f"egr_{number}", original(number).time, name) for number, name in named]
    found = list(check(rows, ledger, notes or Notes(), kept))
    return {one.record: one.state for one in reversed(found)}


def test_what_records_name_is_compared_with_what_is_kept(tmp_path: Path) -> None:
    blobs = {number: sealed(number, ONE, OTHER) for number in range(1, 9)}
    named = [(number, blob.name) for number, blob in blobs.items() if number != 8]
    with closing(store(tmp_path)) as kept:
        kept.put(list(blobs.values()))
        assert set(checked(kept, named).values()) == {State.KEPT, State.UNNAMED}
        kept.shred([blobs[1].name], "now")
        changes = [
            ("DELETE FROM sealed WHERE record = 'egr_2'", ()),
            ("UPDATE sealed SET payload = x'00' WHERE record = 'egr_3'", ()),
            ("UPDATE sealed SET manifest = replace(manifest, 'egr_4', 'egr_9') WHERE record = 'egr_4'", ()),
            ("DELETE FROM stanza WHERE name = ? AND recipient = ?", (blobs[5].name, ONE.public.id)),
            ("UPDATE stanza SET wrapped = x'00' WHERE name = ?", (blobs[6].name,)),
        ]
        for statement, values in changes:
            kept._db.execute(statement, values)
        assert checked(kept, named) == {
            "egr_1": State.UNNOTED,
            "egr_2": State.MISSING,
            **{f"egr_{number}": State.CHANGED for number in (3, 4, 5, 6)},
            "egr_7": State.KEPT,
            "egr_8": State.UNNAMED,
        }
        assert checked(kept, [(7, blobs[7].name)], ledger="another")["egr_7"] is State.CHANGED
        assert checked(kept, [(6, blobs[7].name)])["egr_6"] is State.CHANGED


def test_the_ledgers_notes_say_what_was_shredded(tmp_path: Path) -> None:
    notes = Notes()
    notes.add_noted([f"{BEFORE}2026-01-03"], "2026-02-01")
    blob = sealed(5, ONE, OTHER)
    notes.add_noted([f"for {ONE.public.id}", blob.name], "2026-02-01")
    notes.add_noted(["a" * 64], "2026-02-01")
    with closing(store(tmp_path)) as kept:
        kept.put([blob])
        kept._db.execute("DELETE FROM stanza WHERE recipient = ?", (ONE.public.id,))
        found = checked(kept, [(2, "b" * 64), (3, "c" * 64), (4, "a" * 64), (5, blob.name), (6, blob.name)], notes)
    assert found["egr_2"] is found["egr_4"] is State.SHREDDED
    assert found["egr_3"] is State.MISSING
    assert found["egr_5"] is State.KEPT


def test_shredding_up_to_a_time_to_come_excuses_nothing_that_is_sealed_later(tmp_path: Path) -> None:
    old, ahead, later = sealed(1), sealed(9), sealed(12)
    now = "2026-01-05T00:00:00.000+00:00"
    with closing(store(tmp_path)) as kept:
        kept.put([old, ahead])
        assert kept.expire("2099-01-01", now, 100) == 2
        told = {one.what for one in kept.unnoted()}
        assert told == {f"{BEFORE}{now}", ahead.name}
        named = [(1, old.name), (9, ahead.name), (12, later.name)]
        gone = {"egr_1": State.UNNOTED, "egr_9": State.UNNOTED, "egr_12": State.MISSING}
        assert checked(kept, named) == gone
    notes = Notes()
    notes.add_noted([f"{BEFORE}2099-01-01"], now)  # somebody wrote that into the database, and the proxy noted it
    assert not notes.tells(later.name, original(12).time)
    assert notes.tells(old.name, original(1).time)


def test_after_an_error_the_log_is_copied_whole_or_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader is in the way: what a failed sync left in memory alone would be called kept."""
    monkeypatch.setattr("egress_proxy.evidence.store._BUSY_SECONDS", 0.01)
    with closing(store(tmp_path)) as kept, closing(Reader(tmp_path / "evidence.db")) as reader:
        kept.put([sealed(1), sealed(2)])
        with closing(reader.listed()) as reading:  # type: ignore[type-var]  # it is a generator
            next(reading)
            kept.put([sealed(3)])
            with pytest.raises(StoreError, match="somebody reads it"):
                kept.reopen()
        kept.reopen()
        assert (tmp_path / "evidence.db-wal").stat().st_size == 0
        kept.put([sealed(4)])
        assert len(list(kept.listed())) == 4
