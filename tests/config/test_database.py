"""Where the audit log's database is: no password in the file, and no other machine without TLS."""

from __future__ import annotations

import json

import pytest

from egress_proxy.cli import main
from egress_proxy.config import load, read_database_password
from egress_proxy.errors import ConfigError, Exit
from tests.config.conftest import Site

WORD = "hunt" + "er2"
SURE = "sslmode=verify-full&sslrootcert=system"


def audit(url: str, more: str = "ledger: build-box") -> str:
    return f"{{database: '{url}', {more}}}"


@pytest.mark.parametrize(
    ("url", "understood"),
    [
        ("postgresql://proxy@127.0.0.1/audit", ""),
        ("postgresql://localhost:5433/audit", ""),
        ("postgresql://proxy@[::1]:5432/audit", ""),
        ("postgresql://proxy@%2Frun%2Fpostgresql/audit", ""),
        ("postgresql:///audit?host=/run/postgresql", ""),
        ("postgresql://proxy@127.0.0.1/audit?sslmode=disable", ""),
        ("postgresql://proxy@db.example/audit?sslmode=require", ""),
        ("postgresql://proxy@db.example/audit", f"postgresql://proxy@db.example/audit?{SURE}"),
        (
            "postgresql://proxy@db.example:5432/audit?sslrootcert=/etc/ca.pem",
            "postgresql://proxy@db.example:5432/audit?sslrootcert=/etc/ca.pem&sslmode=verify-full",
        ),
        (
            "postgresql://a@127.0.0.1:1,db.example:2/x?target_session_attrs=read-write",
            f"postgresql://a@127.0.0.1:1,db.example:2/x?target_session_attrs=read-write&{SURE}",
        ),
        ("postgresql://127.0.0.1.example/x", f"postgresql://127.0.0.1.example/x?{SURE}"),
        ("postgresql:///x?host=db.example", f"postgresql:///x?host=db.example&{SURE}"),
    ],
)
def test_another_machine_has_to_prove_its_name(site: Site, url: str, understood: str) -> None:
    assert load(site.write(audit=audit(url))).audit.database == (understood or url)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://proxy:{WORD}@db.example/audit",
        f"postgresql://db.example/audit?password={WORD}",
        f"postgresql://proxy@db.example/audit?passfile=/{WORD}",
        f"postgresql://proxy@db.example/audit?options=-c%20fsync%3D{WORD}",
        f"postgresql://proxy@db.example/audit?host=127.0.0.1&host={WORD}",
        f"postgresql://proxy@db.example/audit?sslmode={WORD}",
        f"postgresql://proxy@db.example/audit?service={WORD}",
        f"postgresql://proxy@db.example/audit#{WORD}",
        f"postgresql://proxy@db.example:{WORD}/audit",
        f"postgresql://proxy@[::1/{WORD}",
        f"https://db.example/{WORD}",
        f"postgresql://proxy@db.example/{WORD}/more",
        f"host=db.example password={WORD}",
        f"postgresql://proxy@db.example/{WORD}?sslmode=disable",
        f"postgresql://proxy@db.example/{WORD}?sslmode=prefer",
        f"postgresql://proxy@127.0.0.1,db.example/{WORD}?sslmode=allow",
        f"postgresql://proxy@127.0.0.1.example/{WORD}?sslmode=disable",
        f"postgresql:///{WORD}?host=db.example&sslmode=disable",
        f"postgresql://proxy@127.0.0.1/{WORD}?host=db.example&sslmode=disable",
    ],
)
def test_a_url_that_could_tell_too_much_is_refused(site: Site, url: str) -> None:
    with pytest.raises(ConfigError, match=r"audit\.database") as told:
        load(site.write(audit=audit(url)))
    assert WORD not in str(told.value)


@pytest.mark.parametrize(
    "given",
    [
        "{database: 'postgresql://localhost/x'}",
        "{ledger: box}",
        "{database_password_file: /srv/password}",
        audit("postgresql://localhost/x", "ledger: all"),
        audit("postgresql://localhost/x", "ledger: 'Build Box'"),
    ],
)
def test_a_database_and_a_name_go_together(site: Site, given: str) -> None:
    with pytest.raises(ConfigError, match="audit"):
        load(site.write(audit=given))


def test_the_password_has_a_file_for_its_owner_alone(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    file = site.secret("database-password", f"{WORD}\n".encode())
    written = site.write(
        audit=audit("postgresql://proxy@localhost/x", f"ledger: box, database_password_file: '{file}'")
    )
    password = read_database_password(load(written).audit)
    assert password is not None
    assert (password.reveal(), WORD in repr(password)) == (WORD, False)
    assert main(["check-config", "--json", "--config", str(written)]) == Exit.OK
    shown = capsys.readouterr()
    assert WORD not in shown.out + shown.err
    assert json.loads(shown.out)["config"]["audit"]["ledger"] == "box"
    file.chmod(0o644)
    assert main(["check-config", "--config", str(written)]) == Exit.USAGE
    shown = capsys.readouterr()
    assert "audit.database_password_file" in shown.err
    assert WORD not in shown.out + shown.err


def test_the_local_agent_cannot_write_the_password(site: Site) -> None:
    inside = site.project("shop") / "password"
    more = f"ledger: box, database_password_file: '{inside}'"
    with pytest.raises(ConfigError, match=r"audit\.database_password_file"):
        load(site.write(audit=audit("postgresql://proxy@localhost/x", more)))


def test_without_a_database_there_is_none(site: Site) -> None:
    config = load(site.write())
    assert (config.audit.database, read_database_password(config.audit)) == (None, None)
