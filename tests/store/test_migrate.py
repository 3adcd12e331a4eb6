"""The chain of migrations ends in schema.sql, from wherever it begins."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from modemgw.errors import SchemaMismatch
from modemgw.store.connection import Connection, configure, connect
from modemgw.store.migrate import BASE_VERSION, SCHEMA, STEPS, Step, back_up, migrate

# One file per released schema, as it was then: released/<version>.sql. Until there
# is one, the chain begins in the schema of the package.
RELEASED = {
    int(path.stem): path for path in (Path(__file__).parent / "released").glob("*.sql")
} or {BASE_VERSION: SCHEMA}


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Connection]:
    with closing(connect(tmp_path / "modemgw.db")) as connection:
        configure(connection)
        yield connection


def schema(db: sqlite3.Connection) -> dict[str, Any]:
    """Describe tables by their columns and constraints, and all else by its text."""
    described: dict[str, Any] = {}
    rows = db.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE '%sqlite_%'"
    ).fetchall()
    for kind, name, text in rows:
        if kind != "table":
            described[name] = " ".join(text.split())
            continue
        columns = db.execute(f"PRAGMA table_xinfo({name})").fetchall()
        keys = db.execute(f"PRAGMA foreign_key_list({name})").fetchall()
        flags = [row[3:] for row in db.execute("PRAGMA table_list") if row[1] == name]
        described[name] = (sorted(row[1:] for row in columns), sorted(keys), flags)
    return described


def two_steps(db: Connection, path: Path) -> dict[int, Step]:
    """A chain of two steps behind a file of the base version with one card in it."""
    migrate(db, path)
    db.execute(
        "INSERT INTO sim (identity, name, first_seen_at, last_seen_at)"
        " VALUES ('8949', 'red', 1, 2)"
    )
    db.execute("INSERT INTO sim_usage VALUES (1, 1, 1)")

    def colour(database: Any) -> None:
        database["sim"].add_column("colour", str)

    def rename(database: Any) -> None:
        # transform() makes the table anew: rows that refer to it must survive.
        database["sim"].transform(rename={"colour": "tint"})

    return {BASE_VERSION + 1: colour, BASE_VERSION + 2: rename}


def version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def test_a_fresh_file_has_the_newest_schema(db: Connection, tmp_path: Path) -> None:
    assert migrate(db, tmp_path / "modemgw.db") is None
    assert version(db) == max([BASE_VERSION, *STEPS])
    assert migrate(db, tmp_path / "modemgw.db") is None
    assert list(tmp_path.glob("*.bak")) == []


@pytest.mark.parametrize("released", sorted(RELEASED))
def test_every_released_schema_becomes_the_newest(
    released: int, db: Connection, tmp_path: Path
) -> None:
    with closing(connect(tmp_path / "fresh.db")) as fresh:
        migrate(fresh, tmp_path / "fresh.db")
        text = RELEASED[released].read_text("utf-8")
        only: dict[int, Step] = {n: print for n in range(2, released + 1)}
        migrate(db, tmp_path / "modemgw.db", steps=only, schema=text)
        assert version(db) == released
        migrate(db, tmp_path / "modemgw.db")
        assert schema(db) == schema(fresh)


def test_steps_keep_the_rows_and_a_copy_of_the_old_file(
    db: Connection, tmp_path: Path
) -> None:
    path = tmp_path / "modemgw.db"
    copy = migrate(db, path, steps=two_steps(db, path))
    assert version(db) == BASE_VERSION + 2
    assert db.execute("SELECT name, tint FROM sim").fetchall() == [("red", None)]
    assert db.execute("SELECT count(*) FROM sim_usage").fetchone() == (1,)
    assert db.execute("PRAGMA foreign_keys").fetchone() == (1,)
    assert copy is not None
    assert copy.stat().st_mode & 0o777 == 0o640
    with closing(sqlite3.connect(copy)) as old:
        assert version(old) == BASE_VERSION
        assert old.execute("SELECT name FROM sim").fetchall() == [("red",)]


def test_a_step_that_fails_leaves_the_version_before_it(
    db: Connection, tmp_path: Path
) -> None:
    path = tmp_path / "modemgw.db"
    steps = two_steps(db, path)

    def broken(database: Any) -> None:
        database["sim"].transform(rename={"colour": "tint"})
        raise ValueError("power cut")

    with pytest.raises(ValueError, match="power cut"):
        migrate(db, path, steps={**steps, BASE_VERSION + 2: broken})
    assert version(db) == BASE_VERSION + 1
    assert db.execute("SELECT colour FROM sim").fetchall() == [(None,)]
    # The next start goes on from there.
    migrate(db, path, steps=steps)
    assert version(db) == BASE_VERSION + 2
    assert db.execute("SELECT tint FROM sim").fetchall() == [(None,)]


def test_a_step_that_orphans_rows_is_refused(db: Connection, tmp_path: Path) -> None:
    path = tmp_path / "modemgw.db"
    two_steps(db, path)

    def forget(database: Any) -> None:
        database.execute("DELETE FROM sim")

    with pytest.raises(SchemaMismatch, match="without its parent"):
        migrate(db, path, steps={BASE_VERSION + 1: forget})
    assert version(db) == BASE_VERSION
    assert db.execute("SELECT count(*) FROM sim").fetchone() == (1,)


def test_a_newer_file_is_refused_and_not_touched(
    db: Connection, tmp_path: Path
) -> None:
    path = tmp_path / "modemgw.db"
    migrate(db, path, steps=two_steps(db, path))
    with pytest.raises(SchemaMismatch, match="newer"):
        migrate(db, path)
    assert version(db) == BASE_VERSION + 2


def test_a_copy_replaces_an_older_copy(db: Connection, tmp_path: Path) -> None:
    migrate(db, tmp_path / "modemgw.db")
    target = tmp_path / "copy.db"
    target.write_bytes(b"old")
    back_up(db, target)
    with closing(sqlite3.connect(target)) as copy:
        assert schema(copy) == schema(db)
