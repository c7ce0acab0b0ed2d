"""The tables of ledgers in PostgreSQL: how they are made and brought up to date, and whether they are only these.

What somebody plants in a database runs in whoever writes to it: a trigger can drop a row that is called written, a rule
or a policy can hide one, a table that is not logged loses all with the next crash. The whole of what hangs on the table
is read from the catalogue, by its indexes, and compared with what is made here; that takes less than a millisecond, so
each write does it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from psycopg import Connection

from egress_proxy.audit.store import StoreError

_ENTRY: Final = (
    'CREATE TABLE proxy_audit.entry (ledger text COLLATE "C" NOT NULL, seq bigint NOT NULL,'
    ' kind text COLLATE "C" NOT NULL, time text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL,'
    ' client text COLLATE "C" NOT NULL, route text COLLATE "C" NOT NULL, session text COLLATE "C" NOT NULL,'
    ' verdict text COLLATE "C" NOT NULL, line text COLLATE "C" NOT NULL, PRIMARY KEY (ledger, seq))'
)
_APPLIED: Final = "INSERT INTO proxy_audit.migration VALUES (%s)"
MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        "CREATE TABLE proxy_audit.migration (version integer PRIMARY KEY)",
        _ENTRY,
        "CREATE INDEX entry_signed ON proxy_audit.entry (ledger, seq) WHERE kind <> 'record'",
        "CREATE INDEX entry_time ON proxy_audit.entry (ledger, time)",
        "CREATE INDEX entry_times ON proxy_audit.entry (time)",
        "CREATE INDEX entry_id ON proxy_audit.entry USING hash (id)",
        "CREATE INDEX entry_session ON proxy_audit.entry USING hash (session)",
    ),
)
"""What makes version 1 of nothing, version 2 of version 1, and so on. What stands here is never changed.

What others chose is looked up by hashes: a text of any length fits into those, and one that did not would fail the
write.
"""

_LOCK: Final = 0x65677265_73730001
"""The advisory lock under which a database is migrated: `egress`, and a number of ours."""
_TEXTS: Final = ("kind", "time", "id", "client", "route", "session", "verdict", "line")
_SIGNED: Final = "CREATE INDEX entry_signed ON proxy_audit.entry USING btree (ledger, seq)"
_MADE: Final = frozenset(
    {
        "relation entry r p heap f f f f 0",
        "relation migration r p heap f f f f 0",
        "index entry_pkey t t t CREATE UNIQUE INDEX entry_pkey ON proxy_audit.entry USING btree (ledger, seq)",
        f"index entry_signed t t t {_SIGNED} WHERE (kind <> 'record'::text)",
        'index entry_time t t t CREATE INDEX entry_time ON proxy_audit.entry USING btree (ledger, "time")',
        'index entry_times t t t CREATE INDEX entry_times ON proxy_audit.entry USING btree ("time")',
        "index entry_id t t t CREATE INDEX entry_id ON proxy_audit.entry USING hash (id)",
        "index entry_session t t t CREATE INDEX entry_session ON proxy_audit.entry USING hash (session)",
        "index migration_pkey t t t CREATE UNIQUE INDEX migration_pkey ON proxy_audit.migration USING btree (version)",
        "constraint entry entry_pkey PRIMARY KEY (ledger, seq)",
        "constraint migration migration_pkey PRIMARY KEY (version)",
        "column migration 1 version integer t f",
        "column entry 1 ledger text t f C",
        "column entry 2 seq bigint t f",
        *(f"column entry {number} {name} text t f C" for number, name in enumerate(_TEXTS, 3)),
        "object pg_class entry",
        "object pg_class migration",
    }
)
LOOK: Final = """
WITH own AS (
  SELECT c.relname AS name, c.* FROM pg_class c WHERE c.oid IN
    (to_regclass('proxy_audit.entry'), to_regclass('proxy_audit.migration')))
SELECT concat_ws(' ', 'relation', name, relkind, relpersistence, coalesce(am.amname, '-'), relrowsecurity,
    relforcerowsecurity, relispartition, relhassubclass AND EXISTS
      (SELECT FROM pg_inherits h WHERE h.inhparent = own.oid OR h.inhrelid = own.oid), relchecks)
  FROM own LEFT JOIN pg_am am ON am.oid = relam
UNION ALL
SELECT concat_ws(' ', 'index', i.relname, x.indisvalid, x.indisready, x.indislive, pg_get_indexdef(x.indexrelid))
  FROM own JOIN pg_index x ON x.indrelid = own.oid JOIN pg_class i ON i.oid = x.indexrelid
UNION ALL
SELECT concat_ws(' ', 'constraint', name, conname, pg_get_constraintdef(k.oid))
  FROM own JOIN pg_constraint k ON k.conrelid = own.oid WHERE k.contype <> 'n'
UNION ALL
SELECT concat_ws(' ', 'column', name, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
    a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> '', l.collname)
  FROM own JOIN pg_attribute a ON a.attrelid = own.oid LEFT JOIN pg_collation l ON l.oid = a.attcollation
  WHERE a.attnum > 0
UNION ALL SELECT concat_ws(' ', 'trigger', name, t.tgname) FROM own JOIN pg_trigger t ON t.tgrelid = own.oid
UNION ALL SELECT concat_ws(' ', 'rule', name, r.rulename) FROM own JOIN pg_rewrite r ON r.ev_class = own.oid
UNION ALL SELECT concat_ws(' ', 'policy', name, p.polname) FROM own JOIN pg_policy p ON p.polrelid = own.oid
UNION ALL
SELECT concat_ws(' ', 'object', d.classid::regclass, coalesce(c.relname, d.objid::text))
  FROM pg_depend d LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
  WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = to_regnamespace('proxy_audit')
"""


_STRANGE: Final = """
SELECT EXISTS (SELECT FROM pg_class WHERE relkind <> 'r' AND oid IN
  (to_regclass('proxy_audit.entry'), to_regclass('proxy_audit.migration')))
"""


def foreign() -> StoreError:
    """What is told of tables that are not those of `is_own`."""
    return StoreError("its tables, indexes or triggers are not those that this program makes")


def look(db: Connection[Any]) -> Iterator[str]:
    """What there is in the schema, a line for each thing. Raises `psycopg.Error`."""
    return (line for (line,) in db.execute(LOOK))


def is_own(found: Iterator[str]) -> bool:
    """Whether this is what is made here, and nothing else."""
    lines = list(found)
    return len(lines) == len(_MADE) and set(lines) == _MADE


def version(db: Connection[Any]) -> int:
    """Which version of the tables there is; 0 if none. Raises `psycopg.Error`; `StoreError` for what is no table.

    Whoever reads a view runs what its maker wrote, with rights of his own. So this comes before anything is read.
    """
    (strange,) = db.execute(_STRANGE).fetchone() or (True,)
    if strange:
        raise foreign()
    (there,) = db.execute("SELECT to_regclass('proxy_audit.migration') IS NOT NULL").fetchone() or (False,)
    if not there:
        return 0
    (number,) = db.execute("SELECT max(version) FROM proxy_audit.migration").fetchone() or (0,)
    return int(number or 0)


def refuse_newer(number: int) -> None:
    """Raise `StoreError` for tables of a version that this program does not know."""
    if number > len(MIGRATIONS):
        raise StoreError("the database is of a newer version of this program")


def migrate(db: Connection[Any]) -> int:
    """Bring the tables up to date, as one, and give the version that they were of; 0 if there were none.

    Raises `psycopg.Error`; `StoreError` if they are of a newer version of this program.
    """
    before = version(db)
    refuse_newer(before)
    if before == len(MIGRATIONS):
        return before
    with db.transaction():
        db.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        before = version(db)  # another one may have been quicker
        refuse_newer(before)
        (there,) = db.execute("SELECT to_regnamespace('proxy_audit') IS NOT NULL").fetchone() or (False,)
        if not there:
            db.execute("CREATE SCHEMA proxy_audit")
        for number, statements in enumerate(MIGRATIONS[before:], before + 1):
            for statement in statements:
                db.execute(statement.encode())
            db.execute(_APPLIED, (number,))
    return before


def as_sql() -> str:
    """All that makes the tables, for whoever would rather have them made by somebody else."""
    lines = ["BEGIN;", "CREATE SCHEMA IF NOT EXISTS proxy_audit;"]
    for number, statements in enumerate(MIGRATIONS, 1):
        lines += [f"{statement};" for statement in (*statements, _APPLIED.replace("%s", str(number)))]
    return "\n".join([*lines, "COMMIT;"])
