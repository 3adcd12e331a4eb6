"""The audit log: appended only, and no row is changed or taken out unseen."""

import sqlite3
from pathlib import Path

import pytest

from modemgw.store import audit, meta
from modemgw.store.audit import Standing
from modemgw.store.writer import Connection
from tests.store.factory import NOW, database

TRIGGERS = ("audit_keeps_rows", "audit_keeps_all")


def fill(db: Connection, count: int) -> None:
    for number in range(count):
        audit.append(
            db,
            at=NOW + number,
            who="anna",
            key_id=None,
            address="10.0.0.7",
            action="key.create",
            object=f"k{number}",
            after="ab" * 32,
            detail='{"scopes":["admin"]}',
        )


def standing(db: sqlite3.Connection) -> Standing:
    first = audit.follow(audit.walk(db, limit=2), Standing())
    return audit.conclude(db, first)


def force(db: sqlite3.Connection, statement: str) -> None:
    """Do what only somebody with the file can: without the triggers."""
    for name in TRIGGERS:
        db.execute(f"DROP TRIGGER IF EXISTS {name}")
    db.execute(statement)


def test_a_chain_holds(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        assert standing(db) == Standing()
        fill(db, 5)
        found = standing(db)
        assert (found.rows, found.fault) == (5, None)
        assert found.head == audit.walk(db)[-1].hash


def test_rows_are_neither_changed_nor_deleted(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        fill(db, 2)
        for statement in ("UPDATE audit SET who = 'bob'", "DELETE FROM audit"):
            with pytest.raises(sqlite3.IntegrityError, match="only ever appended"):
                db.execute(statement)
        assert standing(db).fault is None


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE audit SET who = 'bob' WHERE id = 3", "row 3 was changed"),
        ("UPDATE audit SET at = at + 1 WHERE id = 1", "row 1 was changed"),
        ("UPDATE audit SET key = 'x' WHERE id = 2", "row 2 was changed"),
        ("UPDATE audit SET address = '::1' WHERE id = 5", "row 5 was changed"),
        ("UPDATE audit SET action = 'key.revoke' WHERE id = 2", "row 2 was changed"),
        ("UPDATE audit SET object = NULL WHERE id = 2", "row 2 was changed"),
        ("UPDATE audit SET before = 'x' WHERE id = 4", "row 4 was changed"),
        ("UPDATE audit SET after = NULL WHERE id = 4", "row 4 was changed"),
        ("UPDATE audit SET detail = '{}' WHERE id = 4", "row 4 was changed"),
        ("UPDATE audit SET hash = x'00' WHERE id = 2", "row 2 was changed"),
        ("DELETE FROM audit WHERE id = 1", "row 1 is missing"),
        ("DELETE FROM audit WHERE id = 3", "row 3 is missing"),
        ("DELETE FROM audit WHERE id = 5", "row 5 is missing"),
        ("DELETE FROM audit", "row 1 is missing"),
        ("DELETE FROM meta WHERE key = 'audit_head'", "the note of its end is missing"),
        (
            "UPDATE meta SET value = '5 00' WHERE key = 'audit_head'",
            "its end was changed",
        ),
    ],
)
def test_every_change_is_seen(tmp_path: Path, statement: str, fault: str) -> None:
    with database(tmp_path) as db:
        fill(db, 5)
        force(db, statement)
        assert standing(db).fault == fault


def test_a_row_that_was_slipped_in_is_seen(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        fill(db, 3)
        force(
            db,
            "INSERT INTO audit SELECT 4, at, who, key, address, action, object, before,"
            " after, detail, hash FROM audit WHERE id = 3",
        )
        assert standing(db).fault == "row 4 was changed"


def test_the_note_of_the_end_goes_with_the_row(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        fill(db, 3)
        noted = meta.get(db, audit.HEAD)
        assert noted == f"3 {audit.walk(db)[-1].hash.hex()}"


def test_rows_are_listed_by_what_they_say(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        fill(db, 3)

        def numbers(**wanted: object) -> list[int]:
            found = audit.Filter(**wanted)  # type: ignore[arg-type]
            return [row.id for row in audit.list_rows(db, found, limit=10)]

        assert numbers() == [3, 2, 1]
        assert numbers(action="key.*", since=NOW + 1) == [3, 2]
        assert numbers(object="k1") == [2]
        assert numbers(until=NOW + 1) == [1]
        assert numbers(action="message.*") == []
        below = audit.list_rows(db, audit.Filter(), limit=1, cursor=3)
        assert [row.id for row in below] == [2]
