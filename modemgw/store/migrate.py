"""Bringing a database file to the schema of this version.

`PRAGMA user_version` says which schema a file has: 0 is an empty file, the
number of the newest step is ours. A fresh file gets schema.sql; an older one is
copied beside itself first and then goes through the steps it lacks, each in a
transaction of its own. Steps are never changed once released, and schema.sql
always says what they end in.
"""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Any

from modemgw.errors import SchemaMismatch

BASE_VERSION = 1  # the schema of the first release, where the chain begins
APPLICATION_ID = 0x6D6D6777  # "mmgw": tells our files from other people's

# From version n - 1 to n. A step gets a sqlite_utils.Database, so that it can use
# Table.transform for what ALTER TABLE cannot do.
Step = Callable[[Any], None]
STEPS: Mapping[int, Step] = MappingProxyType({})

SCHEMA = Path(__file__).parent / "schema.sql"


def migrate(
    db: sqlite3.Connection,
    path: Path,
    *,
    steps: Mapping[int, Step] = STEPS,
    schema: str | None = None,
) -> Path | None:
    """Bring `db` to the newest schema; return the copy of the old file, if any.

    Raises SchemaMismatch for a file made by a newer modemgw or by another
    program, before anything is written to it. A step that fails leaves the
    version before it and the copy.
    """
    newest = max([BASE_VERSION, *steps])
    version = recognise(db, path, newest)
    if version == 0:
        _create(db, newest, schema or SCHEMA.read_text("utf-8"))
    if version in (0, newest):
        return None
    copy = path.with_name(f"{path.name}.schema-{version}.bak")
    back_up(db, copy)
    _run_steps(db, {n: steps[n] for n in range(version + 1, newest + 1)})
    return copy


def recognise(db: sqlite3.Connection, path: Path, newest: int | None = None) -> int:
    """Return the schema version of a file, 0 where it is empty; only reads.

    Raises SchemaMismatch for a file made by a newer modemgw or by another program.
    """
    newest = newest or max([BASE_VERSION, *STEPS])
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (objects,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application != (APPLICATION_ID if objects else 0):
        raise SchemaMismatch(f"{str(path)!r} is not a modemgw database")
    if version > newest:
        raise SchemaMismatch(
            f"{str(path)!r} has schema {version}, this modemgw knows up to {newest}:"
            " it was made by a newer version"
        )
    return version


def back_up(db: sqlite3.Connection, target: Path) -> None:
    """Copy the whole database to `target` (mode 0640), replacing what was there."""
    target.unlink(missing_ok=True)
    target.touch(mode=0o640)
    with closing(sqlite3.connect(target)) as copy:
        db.backup(copy)


def _create(db: sqlite3.Connection, version: int, schema: str) -> None:
    # Both pragmas take numbers only as text; these are our own constants.
    db.executescript(
        "BEGIN IMMEDIATE;\n"
        f"{schema}\n"
        f"PRAGMA application_id = {APPLICATION_ID};\n"
        f"PRAGMA user_version = {version};\n"
        "COMMIT;"
    )


def _run_steps(db: sqlite3.Connection, steps: Mapping[int, Step]) -> None:
    # Imported here: it costs start-up time and most starts migrate nothing.
    from sqlite_utils import Database  # noqa: PLC0415
    from sqlite_utils.migrations import Migrations  # noqa: PLC0415

    migrations = Migrations("modemgw")
    for number, step in sorted(steps.items()):
        migrations(name=f"schema-{number}")(_numbered(number, step))
    # Tables are rebuilt by some steps, which foreign keys would turn into deletes;
    # the setting cannot change inside a transaction.
    db.execute("PRAGMA foreign_keys=OFF")
    try:
        migrations.apply(Database(db, execute_plugins=False))
    finally:
        db.execute("PRAGMA foreign_keys=ON")


def _numbered(number: int, step: Step) -> Step:
    def run(db: Any) -> None:  # a sqlite_utils.Database, untyped by its absence
        step(db)
        orphan = db.execute("PRAGMA foreign_key_check").fetchone()
        if orphan is not None:
            raise SchemaMismatch(
                f"step {number} left a row without its parent: {orphan}"
            )
        db.execute(f"PRAGMA user_version = {number}")

    return run
