"""Whoever may make a schema in the database has nothing run by those who look into a ledger, nor by those who make one.

A view runs what its maker wrote with the rights of who reads it, who may be the owner of the whole database.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from egress_proxy.audit import postgres as driver
from egress_proxy.audit.places import PostgresPlace
from egress_proxy.audit.postgres import PostgresReader
from egress_proxy.audit.store import StoreError
from egress_proxy.errors import EgressError, StartError
from tests.audit.kit import tampered, verdict
from tests.kit.postgres import OWNER
from tests.kit.stores import PLACES, Ledger, run

_TRAP = (
    "CREATE TABLE public.caught (who text); GRANT INSERT ON public.caught TO PUBLIC;"
    "CREATE FUNCTION public.trap() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN"
    " INSERT INTO public.caught VALUES (current_user); RETURN true; END $$;"
)
_VIEW = (
    _TRAP + "ALTER TABLE {0} RENAME TO {0}_before;"
    "CREATE VIEW {0} AS SELECT * FROM {0}_before WHERE public.trap(); GRANT ALL ON {0}, {0}_before TO PUBLIC"
)


@pytest.mark.parametrize("table", ["migration", "entry"])
def test_a_view_in_place_of_a_table_runs_nothing(place: PostgresPlace, tmp_path: Path, table: str) -> None:
    Ledger(tmp_path).close()
    tampered(tmp_path, _VIEW.format(table))
    _, cluster, database = PLACES[tmp_path]
    as_owner = cluster.place(tmp_path, database=database, role=OWNER)
    try:
        with pytest.raises(StartError, match="not those that this program makes"):
            Ledger(tmp_path)
        with pytest.raises(StoreError, match="not those that this program makes"):
            driver.migrate(as_owner.database)
        with pytest.raises(StoreError, match="not those that this program makes"):
            as_owner.ledgers()
        with pytest.raises(EgressError, match="not those that this program makes"):
            verdict(tmp_path)
        assert run(tmp_path, "SELECT who FROM public.caught") == []
    finally:
        tampered(tmp_path, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")


def test_a_reader_of_tables_sees_their_ledgers(place: PostgresPlace, tmp_path: Path) -> None:
    Ledger(tmp_path).close()
    with closing(PostgresReader(place.database, None)) as reader:
        assert reader.ledgers() == ["box"]
