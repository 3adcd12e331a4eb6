"""The queue as it lies on the disk: what waits, and what it takes to send it.

Only reads. The queue in memory is filled from here.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from modemgw.store.sql import sql

JsonDict = dict[str, object]


@dataclass(frozen=True, slots=True)
class WaitingPart:
    """One row of the queue: a part and what routing needs of its message."""

    part_id: int
    seq: int
    part_state: str
    sim_id: int | None
    attempts: int
    not_before: int
    message_id: int
    public_id: str
    to: str
    state: str
    klass: str
    priority: int
    segments: int
    encoding: str
    expires_at: int | None
    options: JsonDict
    created_at: int


def _waiting(rows: Iterable[sqlite3.Row]) -> list[WaitingPart]:
    return [
        WaitingPart(
            part_id=row["part_id"],
            seq=row["seq"],
            part_state=row["part_state"],
            sim_id=row["sim_id"],
            attempts=row["attempts"],
            not_before=row["not_before"],
            message_id=row["message_id"],
            public_id=row["public_id"],
            to=row["peer"],
            state=row["state"],
            klass=row["class"],
            priority=row["priority"],
            segments=row["segments"],
            encoding=row["encoding"],
            expires_at=row["expires_at"],
            options=json.loads(row["options"]),
            created_at=row["created_at"],
        )
        for row in rows
    ]


def waiting(
    db: sqlite3.Connection, limit: int, known: Callable[[int], bool]
) -> tuple[list[WaitingPart], bool]:
    """Return the best `limit` parts that wait, best first, and whether there are more.

    Those of messages that are `known` already are left out of what is returned.
    """
    rows = rows_of(db, "outbound.waiting", {"limit": limit})
    fresh = [row for row in rows if not known(row["message_id"])]
    return _waiting(fresh), len(rows) == limit


def waiting_of(db: sqlite3.Connection, message_id: int) -> list[WaitingPart]:
    """Return the parts of one message that wait to be sent, in order."""
    return _waiting(rows_of(db, "outbound.waiting_of", {"message_id": message_id}))


def accepted_sim(db: sqlite3.Connection, message_id: int) -> int | None:
    """Return the SIM to which this message is pinned by a part that left."""
    row = db.execute(
        sql("outbound.accepted_sim"), {"message_id": message_id}
    ).fetchone()
    return None if row is None else int(row[0])


def contents(
    db: sqlite3.Connection, message_ids: Iterable[int]
) -> dict[int, tuple[str | None, bytes | None]]:
    """Return (text, data) of each message that still has its body."""
    found: dict[int, tuple[str | None, bytes | None]] = {}
    for message_id in message_ids:
        row = db.execute(sql("outbound.content"), {"message_id": message_id}).fetchone()
        if row is not None:
            found[message_id] = (row[0], row[1])
    return found


def count_open(db: sqlite3.Connection) -> int:
    """Return how many messages wait to leave."""
    return int(db.execute(sql("outbound.count_open")).fetchone()[0])


def rows_of(
    db: sqlite3.Connection, name: str, values: dict[str, object]
) -> list[sqlite3.Row]:
    """Run a statement and return its rows by column name."""
    cursor = db.cursor()
    cursor.row_factory = sqlite3.Row
    return cursor.execute(sql(name), values).fetchall()
